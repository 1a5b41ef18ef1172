"""Lists: views, the filter builder, columns, own views, selections, cells edited in place. No page knows an object."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from runtime.web.shown import Link, Shown
from tests.conftest import Shop
from tests.web.browser import Browser, Inputs, person, without_ids
from tests.web.test_pages import filled, make, store

__all__ = ["store"]
PART = {"HX-Request": "true"}


@pytest.fixture
def li(store: Shop) -> Browser:
    """An administrator over one customer, one product and one order."""
    filled(store)
    return person(store, "li", "admin")


def test_views_are_tabs_and_color_their_rows(store: Shop, li: Browser) -> None:
    page = li.text("/o/order?view=order_west_slow")
    assert 'aria-current="page">Slow orders of the West</a>' in page
    store.ask("PATCH", f"/records/order/{first(store, 'order')}", json={"ship_date": "2026-11-12"})
    assert "tint-red" in li.text("/o/order?view=order_west_slow")
    assert li.get("/o/order?view=nothing").status_code == 404


def first(shop: Shop, name: str) -> str:
    return str(shop.ask("GET", f"/records/{name}").json["data"][0]["id"])


def test_a_filter_is_built_step_by_step_without_javascript(li: Browser) -> None:
    page = li.text("/o/order/filter?add=region")
    inputs = Inputs(page)
    assert inputs.values["f-0"] == "region" and "v-0" in inputs.names
    found = li.get(
        "/o/order/filter?f-0=region&op-0=eq&v-0=west&f-1=order_date&op-1=between&v-1=2026-01-01&w-1=2026-12-31"
    )
    assert found.status_code == 303
    asked = parse_qs(urlsplit(found.headers["Location"]).query)
    assert asked["filter"] == ["region == 'west' and BETWEEN(order_date, DATE(2026, 1, 1), DATE(2026, 12, 31))"]
    page = li.text(found.headers["Location"])
    assert "CA-1" in page
    values = Inputs(page).values
    assert values["v-0"] == "west" and values["v-1"] == "2026-01-01" and values["w-1"] == "2026-12-31"


def test_a_row_goes_and_a_wrong_value_is_told(li: Browser) -> None:
    found = li.get("/o/order/filter?f-0=region&op-0=eq&v-0=west&f-1=order_date&op-1=eq&v-1=soon")
    assert found.status_code == 200 and 'class="condition wrong"' in found.get_data(as_text=True)
    found = li.get("/o/order/filter?f-0=region&op-0=eq&v-0=west&f-1=order_date&op-1=eq&v-1=soon&drop=1")
    assert parse_qs(urlsplit(found.headers["Location"]).query)["filter"] == ["region == 'west'"]


def test_a_formula_that_says_more_stays_a_text(li: Browser) -> None:
    page = li.text("/o/order?filter=LEN(number)+%3E+3")
    assert "says more than rows" in page and "LEN(number) &gt; 3" in page


def test_what_one_may_not_read_is_no_filter_and_no_column(store: Shop) -> None:
    filled(store)
    lu = person(store, "lu", "viewer")
    page = lu.text("/o/customer")
    assert "ordered_total" not in page
    builder = page[page.index('id="filter-add"') :]
    assert 'value="code"' not in builder[: builder.index("</select>")]
    found = lu.get("/o/customer/filter?f-0=code&op-0=eq&v-0=CG-1")
    assert "filter" not in parse_qs(urlsplit(found.headers["Location"]).query)
    found = lu.get("/o/customer/columns?column=ordered_total&column=name")
    assert parse_qs(urlsplit(found.headers["Location"]).query)["columns"] == ["name"]
    assert "777" not in without_ids(lu.text("/o/order?columns=number,profit"))
    assert lu.get("/o/order?sort=profit").status_code == 422


def test_columns_are_chosen(li: Browser) -> None:
    found = li.get("/o/order/columns?column=city&column=owner&column=created_at")
    page = li.text(found.headers["Location"])
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page, re.DOTALL)
    assert [re.sub("<[^>]+>", "", one).strip() for one in heads if "data-all" not in one] == [
        "City",
        "Owner",
        "Created",
    ]


def test_a_view_of_ones_own(store: Shop, li: Browser) -> None:
    token = li.token("/o/order")
    asked = {"_csrf": token, "filter": "region == 'west'", "columns": "number,city", "sort": "-number"}
    made = li.post("/o/order/views", {**asked, "name": "Mine"})
    page = li.text(made.headers["Location"])
    assert "★" in page and "<h1>Mine</h1>" in page and "CA-1" in page
    assert "alert" in li.text(li.post("/o/order/views", {**asked, "name": "Mine"}).headers["Location"])
    own = parse_qs(urlsplit(made.headers["Location"]).query)["saved"][0]
    other = person(store, "wang", "sales")
    assert "Mine" not in other.text("/o/order")
    token = other.token("/o/order")
    assert other.post(f"/o/order/views/{own}", {"_csrf": token, "drop": "1"}).status_code == 404
    li.post(f"/o/order/views/{own}", {"_csrf": li.token("/o/order"), "saved": own, "filter": "region == 'east'"})
    assert "CA-1" not in li.text(
        re.search(r'href="([^"]+)" class="look-list">.*?Mine', li.text("/o/order"))[1].replace("&amp;", "&")
    )  # type: ignore[index]
    li.post(f"/o/order/views/{own}", {"_csrf": li.token("/o/order"), "drop": "1"})
    assert "Mine" not in li.text("/o/customer") + li.text("/o/order").partition("tabbar")[2]


def test_counts_and_totals_cost_only_when_asked(store: Shop, li: Browser) -> None:
    for number in range(60):
        make(store, "product", code=f"X{number}", name="Thing", category="furniture")
    page = li.text("/o/product")
    assert "Count and totals" in page and "Next page" in page
    found = li.client.get("/o/product/summary", headers={**li.headers, **PART})
    text = found.get_data(as_text=True)
    assert "Records: 61" in text and "<html" not in text
    assert "Records: 61" in li.text("/o/product/summary")


def test_a_cell_is_changed_where_it_stands(store: Shop, li: Browser) -> None:
    identity = first(store, "customer")
    assert f"/o/customer/{identity}/cell/name" in li.text("/o/customer")
    path = f"/o/customer/{identity}/cell/name"
    sent = Inputs(li.text(path)).values
    assert sent["name"] == "王小明"
    sent["name"] = "王大明"
    found = li.post(path, sent)
    assert found.status_code == 200 and "王大明" in found.get_data(as_text=True)
    assert found.headers["X-Record-Version"] == "2"
    stale = li.post(path, {**sent, "name": "third"})
    assert stale.status_code == 412 and "王大明" in stale.get_data(as_text=True)
    empty = li.post(path, {**Inputs(li.text(path)).values, "name": ""})
    assert empty.status_code == 422 and "must be filled in" in empty.get_data(as_text=True)
    assert li.get(f"/o/customer/{identity}/cell/orders_count").status_code == 404
    lu = person(store, "lu", "viewer")
    assert lu.get(path).status_code == 403


def test_several_records_at_once(store: Shop, li: Browser) -> None:
    ids = [make(store, "customer", code=f"C{number}", name="A") for number in range(3)]
    token = li.token("/o/customer")
    common = MultiDict([("_csrf", token), *(("id", one) for one in ids)])

    def sent(**more: str) -> MultiDict[str, str]:
        found = MultiDict(common)
        for name, value in more.items():
            found[name] = value
        return found

    assert "Which field" in li.post("/o/customer/selected", sent(action="edit")).get_data(as_text=True)
    page = li.post("/o/customer/selected", sent(action="edit", field="segment")).get_data(as_text=True)
    assert 'name="segment"' in page and all(one in page for one in ids)
    done = li.post("/o/customer/selected", sent(action="edit", field="segment", segment="corporate", sure="1"))
    assert done.status_code == 303
    found = store.ask("GET", "/records/customer?filter=segment=='corporate'").json["data"]
    assert {one["id"] for one in found} >= set(ids)
    refused = li.post("/o/customer/selected", sent(action="edit", field="name", name="", sure="1"))
    assert refused.status_code == 422 and "must be filled in" in refused.get_data(as_text=True)
    export = li.post("/o/customer/selected", sent(action="export"))
    assert export.status_code == 200 and export.data[:2] == b"PK"
    asks = li.post("/o/customer/selected", sent(action="delete")).get_data(as_text=True)
    assert "Delete 3 records?" in asks and store.ask("GET", f"/records/customer/{ids[0]}").status_code == 200
    assert li.post("/o/customer/selected", sent(action="delete", sure="1")).status_code == 303
    assert store.ask("GET", f"/records/customer/{ids[0]}").status_code == 404
    all_of_them = {"_csrf": token, "all": "1", "filter": "code == 'CG-1'", "action": "delete"}
    assert "Delete 1 record?" in li.post("/o/customer/selected", all_of_them).get_data(as_text=True)


def test_selections_need_the_rights(store: Shop) -> None:
    made = filled(store)
    lu = person(store, "lu", "viewer")
    page = lu.text("/o/customer")
    assert 'form="selection"' not in page and "data-cell" not in page
    for action in ("edit", "delete", "export"):
        sent = {
            "_csrf": lu.token("/o/customer"),
            "id": made["customer"],
            "action": action,
            "sure": "1",
            "field": "name",
            "name": "x",
        }
        assert lu.post("/o/customer/selected", sent).status_code == 403, action
    assert store.ask("GET", f"/records/customer/{made['customer']}").json["name"] == "王小明"


def test_rows_in_groups_with_totals(shop: Shop) -> None:
    shop.publish(
        "object: deal\ntitle: name\nfields:\n  name: {type: text}\n  amount: {type: money}\n"
        "  kind: {type: select, options: {a: {en: Alpha, zh: 甲, color: green}, b: {en: Beta, zh: 乙}}}\n",
        "view: deals\nobject: deal\ntype: list\ncolumns: [name, kind, amount]\ngroup: kind\ntotals: {amount: sum}\n",
    )
    for name, kind, amount in (("one", "b", 1), ("two", "a", 2), ("three", "a", 3)):
        make(shop, "deal", name=name, kind=kind, amount=amount)
    li = person(shop, "li", "admin")
    page = li.text("/o/deal?view=deals")
    assert [*re.findall(r'class="group".*?chip[^>]*>(\w+)', page)] == ["Alpha", "Beta"]
    assert "tone-green" in page and re.search(r"<tfoot>.*6\.00", page, re.DOTALL)


def test_empty_lists_say_what_to_do(shop: Shop) -> None:
    shop.publish("object: thing\nfields:\n  name: {type: text}\n", "role: looker\nobjects: {thing: {read: all}}\n")
    li = person(shop, "li", "admin")
    page = li.text("/o/thing")
    assert "There is nothing here yet" in page and 'href="/import/thing"' in page
    assert "/import/thing" not in person(shop, "lu", "looker").text("/o/thing")
    assert "Nothing matches" in li.text("/o/thing?q=nobody")


def test_what_is_short_stays_in_one_line() -> None:
    for text in ("钟梦洁", "2026-11-18", "2026-11-17 10:30", "L2026-00084", ""):
        assert Shown(text).brief, text
    for text in ("东莞明溪医疗器械有限公司", "a text that may well be broken somewhere"):
        assert not Shown(text).brief and not Shown(links=[Link(text, "/")]).brief, text
