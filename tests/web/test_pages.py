"""The generated pages: login, rights, lists, forms with their errors, both languages. No page knows an object."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from werkzeug.datastructures import MultiDict

from runtime.store import people, provisioning
from runtime.web import texts
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs, person, sound, without_ids

SUPERSTORE = Path(__file__).parents[1] / "cases" / "good" / "superstore"
PAGES = Path(texts.__file__).parent


@pytest.fixture
def store(shop: Shop) -> Shop:
    """The superstore with one customer, one product and one order of one line."""
    shop.publish_folder(SUPERSTORE)
    return shop


def make(shop: Shop, name: str, /, **values: Any) -> str:
    made = shop.ask("POST", f"/records/{name}", json=values)
    assert made.status_code == 201, made.get_data(as_text=True)
    return str(made.json["id"])


def filled(shop: Shop) -> dict[str, str]:
    customer = make(shop, "customer", code="CG-1", name="王小明", segment="corporate")
    product = make(shop, "product", code="P-1", name="Desk", category="furniture")
    order = make(
        shop, "order", number="CA-1", customer=customer, order_date="2026-11-01", region="west", ship_mode="same_day"
    )
    line = make(
        shop, "order_line", row_id="1", order=order, product=product, quantity=2, discount=0.25, sales=30, profit=777.5
    )
    return {"customer": customer, "product": product, "order": order, "line": line}


def sentences(page: str) -> str:
    """What the page says in its alert."""
    found = re.search(r'<div class="alert" role="alert".*?</div>', page, re.DOTALL)
    return found[0] if found else ""


def put(sent: MultiDict[str, Any], values: dict[str, Any]) -> None:
    """Fill in inputs."""
    for name, value in values.items():
        sent[name] = value


def present(page: str) -> str:
    """The page of a record without its history."""
    return page.partition('class="card timeline"')[0]


# -- who is there ---------------------------------------------------------------------------------------


def test_nobody_is_led_to_the_login(shop: Shop) -> None:
    found = Browser(shop).get("/o/order?view=x")
    assert found.status_code == 303
    assert found.headers["Location"] == "/login?next=%2Fo%2Forder%3Fview%3Dx"


def test_login_logout_and_revoking(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    assert "Hello, li" in li.text("/")
    cookie = li.client.get_cookie("session")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    assert li.post("/logout", {"_csrf": li.token("/")}).headers["Location"] == "/login"
    li.client.set_cookie("session", cookie.value)
    assert li.get("/").status_code == 303, "the token lives on after the logout"


def test_disabling_a_user_ends_his_session_at_once(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    found = shop.ask("GET", "/admin/users").json["data"]
    user = next(one["id"] for one in found if one["name"] == "li")
    assert shop.ask("PATCH", f"/admin/users/{user}", json={"active": False}).status_code == 200
    assert li.get("/").status_code == 303


def test_login_makes_a_new_session(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    before = li.client.get_cookie("session")
    assert before is not None
    li.post("/login", {"username": "li", "password": PASSWORD, "_csrf": li.token("/me")})
    other = Browser(shop)
    other.client.set_cookie("session", before.value)
    assert other.get("/").status_code == 303


def test_a_hash_of_other_costs_is_made_anew_at_the_login(shop: Shop) -> None:
    user = shop.user("li", password=PASSWORD)
    old = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    people.set_user(shop.database, shop.workspace.schema, user, {"password_hash": old})
    assert Browser(shop).login("li", "wrong password").status_code == 401
    people.hash_anew(shop.database, shop.workspace.schema, user, "another", "x")
    found = people.user_by_id(shop.database, shop.workspace.schema, user)
    assert found is not None and found.password_hash == old
    for _ in range(2):
        assert Browser(shop).login("li").status_code == 303
        found = people.user_by_id(shop.database, shop.workspace.schema, user)
        assert found is not None and found.password_hash != old and "m=19456" in str(found.password_hash)


def test_the_same_answer_for_unknown_and_known_users(shop: Shop) -> None:
    shop.user("li", password=PASSWORD)
    pages = []
    for name in ("li", "nobody"):
        found = Browser(shop).login(name, "wrong password")
        assert found.status_code == 401
        pages.append(re.sub(r'value="[^"]*"', "", found.get_data(as_text=True)))
    assert pages[0] == pages[1]


def test_only_local_paths_after_the_login(shop: Shop) -> None:
    shop.user("li", password=PASSWORD)
    for wanted in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil"):
        assert Browser(shop).login("li", next=wanted).headers["Location"] == "/", wanted
    assert Browser(shop).login("li", next="/o/order?q=1").headers["Location"] == "/o/order?q=1"


def test_the_workspace_is_asked_when_there_are_several(shop: Shop) -> None:
    assert 'name="workspace"' not in Browser(shop).text("/login")
    provisioning.create(shop.database, "other")
    assert 'name="workspace"' in Browser(shop).text("/login")
    shop.user("li", password=PASSWORD)
    assert Browser(shop).login("li", workspace="other").status_code == 401
    assert Browser(shop).login("li", workspace="main").status_code == 303


def test_unsafe_requests_need_the_token_of_the_page(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    paths = ("/login", "/logout", "/language", "/me", "/o/order/new", "/import/order",
             f"/o/order/{made['order']}/edit", f"/o/order/{made['order']}/delete")  # fmt: skip
    for path in paths:
        for token in ("", "forged"):
            assert li.post(path, {"number": "X", "_csrf": token}).status_code == 400, path
    assert store.ask("GET", "/records/order").json["data"][0]["number"] == "CA-1"


def test_the_cookie_alone_does_not_open_the_api(store: Shop) -> None:
    li = person(store, "li", "admin")
    for method in ("GET", "POST"):
        found = li.client.open("/api/v1/records/customer", method=method, json={"code": "A", "name": "B"})
        assert found.status_code == 401
        assert found.content_type == "application/problem+json"


def test_passwords(shop: Shop) -> None:
    li = person(shop, "li")
    other = Browser(shop)
    assert other.login("li").status_code == 303
    wrong = {"old_password": "wrong", "new_password": "another long one", "again": "another long one"}
    found = li.fill("/me", wrong, drop=("theme",))
    assert found.status_code == 422 and "the present password is wrong" in found.get_data(as_text=True)
    found = li.fill("/me", {**wrong, "old_password": PASSWORD, "again": "else"}, drop=("theme",))
    assert found.status_code == 422 and "differ" in found.get_data(as_text=True)
    assert li.fill("/me", {**wrong, "old_password": PASSWORD}, drop=("theme",)).status_code == 303
    assert li.get("/").status_code == 200, "his own session goes on"
    assert other.get("/").status_code == 303, "every other one has ended"
    assert Browser(shop).login("li").status_code == 401
    assert Browser(shop).login("li", "another long one").status_code == 303


# -- lists ----------------------------------------------------------------------------------------------


def test_list_view_filter_sort_and_search(store: Shop) -> None:
    made = filled(store)
    make(store, "order", number="CA-2", customer=made["customer"], order_date="2026-11-05", region="east")
    li = person(store, "li", "admin")
    page = li.text("/o/order?view=order_recent")
    assert page.index("CA-2") < page.index("CA-1") and "Recent orders" in page and "$30.00" in page
    page = li.text("/o/order?sort=order_date")
    assert page.index("CA-1") < page.index("CA-2") and 'aria-sort="ascending"' in page
    page = li.text("/o/order?filter=region+%3D%3D+'east'")
    assert "CA-2" in page and "CA-1" not in page
    page = li.text("/o/customer?q=wxm")
    assert "王小明" in page
    assert "Nothing matches" in li.text("/o/customer?q=nothing")
    assert "CA-1" in li.text("/o/order?view=order_by_mode"), "a view that has no page of its own yet is a list"


def test_next_page_by_cursor(store: Shop) -> None:
    for number in range(60):
        make(store, "customer", code=f"C{number:02d}", name=f"Name {number:02d}")
    li = person(store, "li", "admin")
    page = li.text("/o/customer?sort=code")
    assert "C49" in page and "C50" not in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    page = li.text(following[1].replace("&amp;", "&"))
    assert "C50" in page and "C49" not in page and 'rel="next"' not in page


def test_what_is_asked_wrongly_is_told_on_the_page(store: Shop) -> None:
    li = person(store, "li", "admin")
    found = li.get("/o/order?filter=nothing+%3E+1")
    assert found.status_code == 422 and 'role="alert"' in found.get_data(as_text=True)
    assert li.get("/o/order?view=nothing").status_code == 404
    assert li.get("/o/order?cursor=nothing").status_code == 400
    assert li.get("/o/nothing").status_code == 404


def test_paths_through_links_are_columns(shop: Shop) -> None:
    shop.publish(
        "object: customer\ntitle: name\nfields:\n  name: {type: text}\n  grade: {type: text}\n",
        "object: deal\nfields:\n  name: {type: text}\n  customer: {type: link, to: customer, reverse: deals}\n",
        "view: deals\nobject: deal\ntype: list\ncolumns: [name, customer.grade, customer, owner, created_at]\n",
    )
    customer = make(shop, "customer", name="Acme", grade="grade-A")
    make(shop, "deal", name="One", customer=customer)
    make(shop, "deal", name="Two")
    page = person(shop, "li", "admin").text("/o/deal?view=deals")
    assert "grade-A" in page and f'href="/o/customer/{customer}"' in page


# -- rights ---------------------------------------------------------------------------------------------


def test_what_may_not_be_read_is_not_in_the_html(store: Shop) -> None:
    made = filled(store)
    hidden = make(store, "customer", code="CG-2", name="Secret Person", segment="consumer")
    lu = person(store, "lu", "viewer")
    for path in (
        "/",
        "/o/order",
        f"/o/order/{made['order']}",
        f"/o/customer/{made['customer']}",
        "/o/customer",
        "/docs",
    ):
        page = lu.text(path)
        assert "rofit" not in page and "777.5" not in page and "Ordered" not in page, path
        assert "Secret" not in page and "CG-1<" not in page, path
    assert "****" in lu.text(f"/o/customer/{made['customer']}")
    assert lu.get(f"/o/customer/{hidden}").status_code == 404
    page = lu.text(f"/o/order/{made['order']}")
    assert "/edit" not in page and "/delete" not in page
    for path in ("/o/order/new", "/import/order", "/o/order/export", f"/o/order/{made['order']}/edit",
                 f"/o/order/{made['order']}/delete"):  # fmt: skip
        assert lu.get(path).status_code == 403, path


def test_read_only_fields_are_text_and_cannot_be_sent(shop: Shop) -> None:
    shop.publish(
        "object: note\ntitle: name\nfields:\n  name: {type: text}\n  price: {type: number}\n  cost: {type: number}\n",
        "role: seller\nobjects: {note: {read: all, create: true, update: all, fields: {price: read, cost: hidden}}}\n",
    )
    note = make(shop, "note", name="A", price=5, cost=3)
    li = person(shop, "li", "seller")
    page = li.text(f"/o/note/{note}/edit")
    assert "name" in Inputs(page).names and not {"price", "cost"} & Inputs(page).names
    assert "Price" in page and "Cost" not in page
    sent = Inputs(page).values
    put(sent, {"name": "B", "price": "6", "cost": "7"})
    assert li.post(f"/o/note/{note}/edit", sent).status_code == 303
    found = shop.ask("GET", f"/records/note/{note}").json
    assert (found["name"], found["price"], found["cost"]) == ("B", 5, 3)


def test_who_may_only_create(shop: Shop) -> None:
    shop.publish(
        "object: report\nlabel: Report\ntitle: name\nfields:\n  name: {type: text}\n",
        "role: finder\nobjects: {report: {create: true}}\n",
    )
    li = person(shop, "li", "finder")
    assert 'href="/o/report/new"' in li.text("/") and 'href="/o/report"' not in li.text("/")
    done = li.fill("/o/report/new", {"name": "A"})
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert li.get("/o/report").status_code == 403


# -- forms ----------------------------------------------------------------------------------------------


def test_create_with_lines_and_edit(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    values = {
        "number": "CA-9", "customer": made["customer"], "order_date": "2026-11-02", "lines-0-row_id": "9",
        "lines-0-product": made["product"], "lines-0-quantity": "3", "lines-0-sales": "1,200.5",
    }  # fmt: skip
    done = li.fill("/o/order/new", values)
    assert done.status_code == 303
    page = li.text(done.headers["Location"])
    assert "$1,200.50" in page and "Saved." in page
    path = done.headers["Location"] + "/edit"
    form = Inputs(li.text(path)).values
    assert form["lines-0-quantity"] == "3" and form["lines-0-discount"] == "0"
    done = li.fill(path, {"lines-0-quantity": "4", "lines-1-row_id": "10", "lines-1-product": made["product"]})
    assert done.status_code == 303
    order = done.headers["Location"].rsplit("/", 1)[1]
    lines = store.ask("GET", f"/records/order_line?filter=order%3D%3D'{order}'&sort=id").json["data"]
    assert [(one["row_id"], one["quantity"]) for one in lines] == [("9", 4), ("10", 1)]
    li.fill(path, {"lines-0-delete": "1"})
    lines = store.ask("GET", f"/records/order_line?filter=order%3D%3D'{order}'").json["data"]
    assert [one["row_id"] for one in lines] == ["10"]
    history = store.ask("GET", f"/records/order_line/{lines[0]['id']}/history").json["data"]
    assert history[0]["channel"] == "form"


def test_errors_stand_at_their_fields(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    found = li.fill("/o/order/new", {"number": "CA-1", "order_date": "soon"})
    page = found.get_data(as_text=True)
    assert found.status_code == 422
    assert '<a href="#customer">Customer</a>: must be filled in' in sentences(page)
    assert 'id="order_date-error"' in page and 'value="soon"' in page, "what was typed is kept"
    ready = {"customer": made["customer"], "order_date": "2026-11-02", "number": "CA-1"}
    found = li.fill("/o/order/new", ready)
    assert found.status_code == 409 and "another record has this value" in found.get_data(as_text=True)
    found = li.fill("/o/order/new", {**ready, "number": "CA-3", "ship_date": "2026-11-01"})
    assert "cannot be shipped before" in sentences(found.get_data(as_text=True))
    found = li.fill("/o/order/new", {**ready, "number": "CA-3", "lines-0-quantity": "0"})
    page = found.get_data(as_text=True)
    assert found.status_code == 422 and "must be at least 1" in page
    both = {**ready, "number": "CA-1", "customer": "", "lines-0-quantity": "0"}
    page = sentences(li.fill("/o/order/new", both).get_data(as_text=True))
    assert '#customer">Customer</a>: must be filled in' in page and "Quantity, line 1" in page
    assert store.ask("GET", "/records/order?count=exact").json["count"] == 1, "lines found wrong stop all of it"


def test_a_line_that_is_refused_leaves_nothing_behind(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    values = {
        "number": "CA-7", "customer": made["customer"], "order_date": "2026-11-02", "lines-0-row_id": "1",
        "lines-0-product": made["product"],
    }  # fmt: skip
    found = li.fill("/o/order/new", values)
    page = found.get_data(as_text=True)
    assert found.status_code == 422 and "already" in sentences(page)
    assert store.ask("GET", "/records/order?count=exact").json["count"] == 1, "the record waits for its lines"
    sent = Inputs(page).values
    sent["lines-0-row_id"] = "77"
    assert li.post("/o/order/new", sent).status_code == 303
    assert store.ask("GET", "/records/order?count=exact").json["count"] == 2


def test_the_same_form_twice_makes_one_record(store: Shop) -> None:
    li = person(store, "li", "admin")
    sent = Inputs(li.text("/o/customer/new")).values
    put(sent, {"code": "C", "name": "Once"})
    first, second = li.post("/o/customer/new", sent), li.post("/o/customer/new", sent)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]


def test_two_editors(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    path = f"/o/order/{made['order']}/edit"
    sent = Inputs(li.text(path)).values
    store.ask("PATCH", f"/records/order/{made['order']}", json={"city": "Seattle"})
    sent["city"] = "Portland"
    found = li.post(path, sent)
    page = found.get_data(as_text=True)
    assert found.status_code == 412
    assert 'value="Portland"' in page and "Stored now: Seattle" in page
    assert li.post(path, Inputs(page).values).status_code == 303
    assert store.ask("GET", f"/records/order/{made['order']}").json["city"] == "Portland"


def test_many_linked_records_are_searched(store: Shop) -> None:
    ids = [make(store, "customer", code=f"C{number}", name=f"Person{number:03d}") for number in range(55)]
    li = person(store, "li", "admin")
    page = li.text("/o/order/new")
    assert 'name="customer-search"' in page and page.count("Person") == 50
    sent = Inputs(page).values
    put(sent, {"number": "N1", "order_date": "2026-11-02", "customer-search": "Person054"})
    found = li.post("/o/order/new", {**sent, "_search": "customer"})
    page = found.get_data(as_text=True)
    assert found.status_code == 200 and "Person054" in page and "Person001" not in page and 'value="N1"' in page
    done = li.post("/o/order/new", sent)
    assert done.status_code == 303, "one record found is taken"
    order = store.ask("GET", f"/records/order/{done.headers['Location'].rsplit('/', 1)[1]}").json
    assert order["customer"] == ids[54]


def test_every_kind_of_input_keeps_what_is_stored(shop: Shop) -> None:
    shop.publish(
        """
object: all
title: name
fields:
  name: {type: text}
  text: {type: long_text}
  flag: {type: checkbox}
  many: {type: multiselect, options: {a: {en: A, zh: 甲}, b: {en: B, zh: 乙}}}
  at: {type: datetime}
  amount: {type: money}
  who: {type: user}
  others: {type: links, to: all}
  place: {type: address}
  markup: {type: rich_text}
  tags: {type: tags}
  span: {type: duration}
  file: {type: file}
  data: {type: text}
  validate: {type: text}
  stars: {type: rating}
"""
    )
    li = person(shop, "li", "admin")
    first = make(shop, "all", name="first")
    me = shop.ask("GET", "/admin/users").json["data"][0]["id"]
    raw = {
        "name": "全部", "text": "two\nlines", "flag": True, "many": ["a", "b"], "at": "2026-11-21T04:05:06.000Z",
        "amount": 12.5, "who": me, "others": [first], "place": {"province": "广东省", "city": "深圳市"},
        "markup": "<p>a <b>b</b></p>", "tags": ["x", "y"], "span": 5400, "data": "d", "validate": "v", "stars": 4,
    }  # fmt: skip
    record = make(shop, "all", **raw)
    before = shop.ask("GET", f"/records/all/{record}").json
    assert li.fill(f"/o/all/{record}/edit", {}).status_code == 303
    assert shop.ask("GET", f"/records/all/{record}").json == before, "saving without a change changes nothing"
    assert li.fill(f"/o/all/{record}/edit", {"flag": "", "many": ["", "b"], "data": ""}).status_code == 303
    after = shop.ask("GET", f"/records/all/{record}").json
    assert (after["flag"], after["many"], after["data"]) == (False, ["b"], None)
    page = li.text(f"/o/all/{record}")
    assert "★★★★☆" in page and "first" in page


def test_files(shop: Shop) -> None:
    shop.publish("object: paper\ntitle: name\nfields:\n  name: {type: text}\n  scan: {type: file}\n")
    li = person(shop, "li", "admin")
    sent = Inputs(li.text("/o/paper/new")).values
    upload = {**sent.to_dict(), "name": "A", "scan-file": (io.BytesIO(b"signed"), "a 合同.txt")}
    done = li.client.post("/o/paper/new", data=upload, headers=li.headers)
    assert done.status_code == 303
    page = li.text(done.headers["Location"])
    link = re.search(r'href="(/files/[^"]+)"', page)
    assert link and "a 合同.txt" in page
    found = li.get(link[1])
    assert found.data == b"signed" and "attachment" in found.headers["Content-Disposition"]
    assert Browser(shop).get(link[1]).status_code == 303
    assert li.fill(done.headers["Location"] + "/edit", {"scan": ""}).status_code == 303
    assert "/files/" not in present(li.text(done.headers["Location"]))


def test_conditions_of_a_form(shop: Shop) -> None:
    shop.publish(
        "object: deal\ntitle: name\nfields:\n  name: {type: text}\n"
        "  state: {type: select, options: {new: New, done: Done}}\n"
        "  reason: {type: text}\n  amount: {type: number}\n",
        "form: deal\nobject: deal\nlayout:\n  - section: Deal\n    items:\n      - name\n      - state\n"
        "      - {field: reason, visible: state == 'done', required: state == 'done'}\n"
        "      - {field: amount, readonly: state == 'done'}\n",
    )
    li = person(shop, "li", "admin")
    deal = make(shop, "deal", name="A", state="new", reason="hidden one", amount=1)
    assert "hidden one" not in present(li.text(f"/o/deal/{deal}"))
    found = li.fill(f"/o/deal/{deal}/edit", {"state": "done", "reason": ""})
    assert found.status_code == 422 and "must be filled in" in sentences(found.get_data(as_text=True))
    assert li.fill(f"/o/deal/{deal}/edit", {"state": "done", "reason": "because"}).status_code == 303
    assert "because" in present(li.text(f"/o/deal/{deal}"))
    page = li.text(f"/o/deal/{deal}/edit")
    assert "amount" not in Inputs(page).names and 'name="amount"' in page

    def sent(**values: Any) -> float:
        inputs = Inputs(li.text(f"/o/deal/{deal}/edit")).values
        inputs.update(values)
        assert li.post(f"/o/deal/{deal}/edit", inputs).status_code == 303
        return float(shop.ask("GET", f"/records/deal/{deal}").get_json()["amount"])

    assert sent(amount="7") == 1, "a value for an input that is switched off is not looked at"
    assert sent(amount="7", state="new") == 7


def test_delete_asks_first(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    path = f"/o/order/{made['order']}/delete"
    assert "CA-1" in li.text(path)
    found = li.fill(f"/o/customer/{made['customer']}/delete", {})
    assert found.status_code == 409
    assert li.fill(path, {}).headers["Location"] == "/o/order"
    assert li.get(f"/o/order/{made['order']}").status_code == 404


def test_record_page_has_relations_and_history(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    store.ask("PATCH", f"/records/customer/{made['customer']}", json={"name": "王大明"})
    page = li.text(f"/o/customer/{made['customer']}")
    assert "CA-1" in page and f'href="/o/order/new?customer={made["customer"]}"' in page
    assert "<del>王小明</del>" in page and "over the API" in page
    assert made["customer"] in Inputs(li.text(f"/o/order/new?customer={made['customer']}")).values["customer"]


def test_export_and_import(store: Shop) -> None:
    filled(store)
    li = person(store, "li", "admin")
    found = li.get("/o/customer/export?format=csv&filter=code+%3D%3D+'CG-1'")
    assert found.status_code == 200 and "王小明" in found.get_data(as_text=True)
    sent = Inputs(li.text("/import/customer")).values.to_dict()
    rows = b"code,name\nCG-7,Seven\nCG-8,\n"
    for extra, count in (({"try": "1"}, 1), ({}, 2)):
        data = {**sent, **extra, "file": (io.BytesIO(rows), "rows.csv")}
        page = li.client.post("/import/customer", data=data, headers=li.headers).get_data(as_text=True)
        assert "must be filled in" in page
        assert store.ask("GET", "/records/customer?count=exact").json["count"] == count


# -- languages, look, errors ----------------------------------------------------------------------------


def test_both_languages(store: Shop) -> None:
    assert "登录" in Browser(store, "zh-CN,zh;q=0.9").text("/login")
    assert "Log in" in Browser(store, "en").text("/login")
    assert "Log in" in Browser(store, "fr").text("/login")
    made = filled(store)
    li = person(store, "li", "admin")
    page = li.text(f"/o/order/{made['order']}")
    assert 'lang="en"' in page and "Same Day" in page and "Ship mode" in page
    done = li.post("/language", {"_csrf": li.token("/"), "language": "zh", "next": "/o/order"})
    assert done.headers["Location"] == "/o/order"
    page = li.text(f"/o/order/{made['order']}")
    assert 'lang="zh-CN"' in page and "当日" in page and "发货方式" in page and "时间线" in page
    found = li.fill("/o/order/new", {})
    assert "必填" in sentences(found.get_data(as_text=True))


def test_every_text_is_translated() -> None:
    """Every text of pages and modules stands in both catalogues, and the Chinese one has words for it."""
    methods = [("**.py", "python"), ("pages/**.html", "jinja2")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(
        PAGES, methods, {"pages/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}, keywords
    )
    wanted = {one[2][0] if isinstance(one[2], tuple) else one[2] for one in found}
    assert len(wanted) > 100
    for language in texts.LANGUAGES:
        with (texts.FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        there = {one.id[0] if isinstance(one.id, tuple) else one.id: one for one in catalogue if one.id}
        assert wanted == set(there), language
        for text, one in there.items():
            words = one.string if isinstance(one.string, (list, tuple)) else [one.string]
            assert all(words), text
            if language == "zh":
                assert re.search("[\u4e00-\u9fff]", words[0]), text
                assert sorted(re.findall(r"%\(\w+\)s", words[0])) == sorted(
                    re.findall(r"%\(\w+\)s", one.id if isinstance(one.id, str) else one.id[1])
                ), text


def test_pages_are_strict(store: Shop) -> None:
    """No inline script or style, nothing from elsewhere, one heading, every input with a label, unique ids."""
    made = filled(store)
    li = person(store, "li", "admin")
    paths = ("/", "/me", "/docs", "/o/order", "/o/order/new", "/import/order", f"/o/order/{made['order']}",
             f"/o/order/{made['order']}/edit", f"/o/order/{made['order']}/delete", "/nothing")  # fmt: skip
    for browser, path in [*((li, path) for path in paths), (Browser(store), "/login"), (Browser(store), "/docs")]:
        found = browser.get(path)
        page = found.get_data(as_text=True)
        assert "script-src 'self'" in found.headers["Content-Security-Policy"]
        sound(page, path)


def test_values_are_never_markup(shop: Shop) -> None:
    shop.publish(
        "object: note\ntitle: name\nfields:\n  name: {type: text}\n  link: {type: url}\n  text: {type: long_text}\n"
    )
    bad = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    note = make(shop, "note", name=bad, text=bad)
    li = person(shop, "li", "admin")
    for path in ("/", "/o/note", f"/o/note/{note}", f"/o/note/{note}/edit", f"/o/note/{note}/delete"):
        page = li.text(path)
        assert "<img src=x" not in page and "49" not in without_ids(page), path


def test_errors_are_pages_for_people_and_data_for_programs(store: Shop) -> None:
    li = person(store, "li", "admin")
    found = li.get("/nothing")
    assert found.status_code == 404 and found.content_type.startswith("text/html")
    found = li.client.get("/nothing", headers={"Accept": "application/json"})
    assert found.status_code == 404 and found.content_type == "application/problem+json"
    found = li.get("/api/v1/nothing")
    assert found.content_type == "application/problem+json"
    assert li.get("/o/order/not-an-id").status_code == 404
    assert li.get("/o/order/0190f3c2-7a1b-7c00-8000-000000000001").status_code == 404


def test_docs(store: Shop) -> None:
    page = Browser(store).text("/docs")
    assert "/api/v1/login" in page and "/api/v1/records" not in page
    li = person(store, "li", "admin")
    page = li.text("/docs")
    assert "/api/v1/records/order/{id}" in page and "curl" in page and "ship_mode" in page
    lu = person(store, "lu", "viewer", language="zh")
    page = lu.text("/docs")
    assert "列表: 订单" in page and "新建: 订单" not in page and "profit" not in page
