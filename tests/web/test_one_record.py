"""The page of a record and the start page: steps, tabs, timeline, copies, pins, owners, shares, consequences, search."""

from __future__ import annotations

import io
import re

import pytest

from tests.conftest import Shop
from tests.web.browser import Browser, Inputs, person
from tests.web.test_pages import filled, make, store

__all__ = ["store"]
PART = {"HX-Request": "true"}
DEAL = """object: deal
label: {en: Deal, zh: 交易}
title: name
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  stage: {type: stage, label: {en: Stage, zh: 阶段}, stages: {a: {en: First, zh: 一}, b: {en: Second, zh: 二}, c: {en: Won, zh: 赢, end: won}}}
  begins: {type: date}
  photo: {type: image}
---
object: line
title: name
fields:
  deal: {type: link, to: deal, reverse: lines, owned: true, required: true}
  name: {type: text}
---
object: note
title: text
fields:
  text: {type: text}
  deal: {type: link, to: deal, reverse: notes, on_delete: cascade}
---
object: memo
title: text
fields:
  text: {type: text}
  deal: {type: link, to: deal, reverse: memos, on_delete: restrict}
---
form: deal
object: deal
layout:
  - section: {en: Deal, zh: 交易}
    items: [name, stage]
  - tabs:
      - {tab: {en: Dates, zh: 日期}, items: [begins]}
      - {tab: {en: Codes, zh: 编码}, items: [code, photo]}
  - {lines: lines}
---
view: deal_days
object: deal
type: calendar
label: {en: Days, zh: 日子}
start: begins
---
view: deal_mine
object: deal
type: list
label: {en: My deals, zh: 我的交易}
filter: owner == USER.id
columns: [name]
---
role: seller
objects:
  deal: {create: true, read: own, update: own}
"""


@pytest.fixture
def deals(shop: Shop) -> Shop:
    shop.publish(DEAL)
    return shop


def test_steps_tabs_and_timeline(deals: Shop) -> None:
    deal = make(deals, "deal", name="one", stage="a")
    make(deals, "note", text="a note", deal=deal)
    li = person(deals, "li", "admin")
    page = li.text(f"/o/deal/{deal}")
    assert re.search(r'class="now" aria-current="step"><span>First', page) and 'name="to" value="b"' in page
    assert page.count('class="tabpanel"') == 2 and "Codes" in page
    timeline = page[page.index("timeline") :]
    assert "New note:" in timeline and ">a note<" in timeline and "created" in timeline
    sent = {"_csrf": li.token(f"/o/deal/{deal}"), "version": "1", "to": "c", "next": f"/o/deal/{deal}"}
    assert li.post(f"/o/deal/{deal}/set/stage", sent).headers["Location"] == f"/o/deal/{deal}"
    assert 'class="won" aria-current="step"' in li.text(f"/o/deal/{deal}")
    assert "Somebody else" in li.text(li.post(f"/o/deal/{deal}/set/stage", sent).headers["Location"])
    assert li.post(f"/o/deal/{deal}/set/nothing", sent).status_code == 404


def test_an_error_opens_its_tab(deals: Shop) -> None:
    make(deals, "deal", name="one", code="x")
    li = person(deals, "li", "admin")
    found = li.fill("/o/deal/new", {"name": "two", "code": "x"}).get_data(as_text=True)
    assert re.search(r'id="tabs-1-2" form="nowhere" checked', found) and "tablabel wrong" in found


def test_a_copy_takes_over_what_need_not_be_unique(deals: Shop) -> None:
    deal = make(deals, "deal", name="one", code="x", begins="2026-11-05", stage="b")
    make(deals, "line", deal=deal, name="first line")
    li = person(deals, "li", "admin")
    values = Inputs(li.text(f"/o/deal/new?copy={deal}")).values
    assert (values["name"], values["code"], values["begins"]) == ("one", "", "2026-11-05")
    assert values["lines-0-name"] == "first line" and values["lines-0-id"] == ""
    assert li.post("/o/deal/new", values).status_code == 303
    assert len(deals.ask("GET", "/records/line").json["data"]) == 2
    other = person(deals, "lu", "seller")
    assert other.get(f"/o/deal/new?copy={deal}").status_code == 404


def test_deletion_names_what_follows_and_can_be_undone(deals: Shop) -> None:
    deal = make(deals, "deal", name="one")
    make(deals, "note", text="goes too", deal=deal)
    li = person(deals, "li", "admin")
    page = li.text(f"/o/deal/{deal}/delete")
    assert "These go with it:" in page and "Note: 1" in page
    memo = make(deals, "memo", text="stays", deal=deal)
    page = li.text(f"/o/deal/{deal}/delete")
    assert "cannot be deleted" in page and 'class="danger"' not in page
    deals.ask("DELETE", f"/records/memo/{memo}")
    gone = li.fill(f"/o/deal/{deal}/delete", {})
    page = li.text(gone.headers["Location"])
    assert "Deleted: one" in page and f'action="/o/deal/{deal}/restore"' in page
    back = li.post(f"/o/deal/{deal}/restore", {"_csrf": li.token("/")})
    assert back.headers["Location"] == f"/o/deal/{deal}" and ">goes too<" in li.text(back.headers["Location"])


def test_pins_and_what_was_looked_at(deals: Shop) -> None:
    deal = make(deals, "deal", name="one")
    li = person(deals, "li", "admin")
    assert "Pinned" not in li.text("/")
    li.text(f"/o/deal/{deal}")
    li.post(f"/o/deal/{deal}/pin", {"_csrf": li.token("/"), "on": "1"})
    page = li.text("/")
    assert page.count(f'href="/o/deal/{deal}"') >= 3 and "Looked at last" in page and "<h2>Pinned</h2>" in page
    other = person(deals, "lu", "seller")
    assert deal not in other.text("/")
    assert other.post(f"/o/deal/{deal}/pin", {"_csrf": other.token("/"), "on": "1"}).status_code == 404
    deals.ask("DELETE", f"/records/deal/{deal}")
    assert deal not in li.text("/")


def test_the_start_page_says_what_is_mine(deals: Shop) -> None:
    lu = person(deals, "lu", "seller")
    token = deals.token("lu")
    for name, day in (("soon", "TODAY"), ("far", "2099-01-01")):
        begins = deals.ask(
            "POST",
            "/formula/check",
            json={"object": "deal", "source": "TODAY()", "context": "virtual", "evaluate": True},
        ).json["value"]
        made = deals.ask(
            "POST", "/records/deal", "lu", json={"name": name, "begins": begins if day == "TODAY" else day}
        )
        assert made.status_code == 201 and token
    make(deals, "deal", name="not mine")
    page = lu.text("/")
    due = page[page.index("Mine in the next") : page.index("Looked at last")]
    assert ">soon<" in due and ">far<" not in due and "Today" in due
    assert re.search(r'My deals</span> <strong class="big">2<', page)
    assert 'href="/o/deal/new"' in page and 'href="/o/note/new"' not in page and "not mine" not in page


def test_another_owner(deals: Shop) -> None:
    deal = make(deals, "deal", name="one")
    lu = deals.user("lu", "seller", password="a long enough one")
    li = person(deals, "li", "admin")
    assert "lu" in li.text(f"/o/deal/{deal}/owner")
    sent = {"_csrf": li.token("/"), "owner": lu}
    assert li.post(f"/o/deal/{deal}/owner", sent).status_code == 303
    other = Browser(deals)
    other.login("lu")
    assert "one" in other.text(f"/o/deal/{deal}")
    assert other.get(f"/o/deal/{deal}/owner").status_code == 403


def test_sharing(deals: Shop) -> None:
    deal = make(deals, "deal", name="one")
    lu = person(deals, "lu", "seller")
    identity = next(one["id"] for one in deals.ask("GET", "/admin/users").json["data"] if one["name"] == "lu")
    li = person(deals, "li", "admin")
    assert lu.get(f"/o/deal/{deal}").status_code == 404
    page = f"/o/deal/{deal}/share"
    assert f'value="user:{identity}"' in li.text(page)
    li.post(page, {"_csrf": li.token("/"), "with": f"user:{identity}", "level": "read"})
    assert lu.get(f"/o/deal/{deal}").status_code == 200 and "may read" in li.text(page)
    assert li.post(page, {"_csrf": li.token("/"), "with": "", "level": "read"}).status_code == 422
    li.post(page, {"_csrf": li.token("/"), "with": f"user:{identity}", "level": "none"})
    assert lu.get(f"/o/deal/{deal}").status_code == 404
    assert lu.get(page).status_code == 403


def test_quick_view_and_offers(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    quick = li.text(f"/o/customer/{made['customer']}/quick")
    assert "<html" not in quick and "王小明" in quick and f"/o/customer/{made['customer']}/edit" in quick
    found = li.get("/o/order/offers/customer?q=wxm").get_json()["data"]
    assert found == [{"id": made["customer"], "title": "王小明"}]
    assert li.get("/o/order/offers/customer?q=zzz").get_json()["data"] == []
    assert li.get("/o/order/offers/city").status_code == 404
    lu = person(store, "lu", "viewer")
    assert lu.get("/o/order_line/offers/profit").status_code == 404
    assert len(lu.get("/o/order/offers/customer").get_json()["data"]) == 1
    store.ask("PATCH", f"/records/customer/{made['customer']}", json={"segment": "consumer"})
    assert lu.get("/o/order/offers/customer").get_json()["data"] == []


def test_a_linked_record_is_made_in_a_panel(store: Shop) -> None:
    li = person(store, "li", "admin")
    headers = {**li.headers, **PART}
    panel = li.client.get("/o/customer/new", headers=headers).get_data(as_text=True)
    assert "<html" not in panel and 'name="code"' in panel
    sent = Inputs(panel).values
    wrong = li.client.post("/o/customer/new", data=sent, headers=headers)
    assert wrong.status_code == 422 and "<html" not in wrong.get_data(as_text=True)
    sent["code"], sent["name"] = "N", "New one"
    done = li.client.post("/o/customer/new", data=sent, headers=headers)
    assert done.is_json and done.get_json()["title"] == "New one"
    assert 'data-creates="/o/customer/new"' in li.text("/o/order/new")


def test_uploads_ahead_of_the_form(deals: Shop) -> None:
    li = person(deals, "li", "admin")
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    data = {"_csrf": li.token("/"), "file": (io.BytesIO(picture), "a.png")}
    made = li.client.post("/files", data=data, headers=li.headers)
    assert made.status_code == 201
    assert (
        li.client.post("/files", data={"file": (io.BytesIO(picture), "a.png")}, headers=li.headers).status_code == 400
    )
    page = li.text("/o/deal/new")
    assert 'accept="image/png,image/jpeg,image/webp,image/gif"' in page
    sent = Inputs(page).values
    sent["name"] = "with a picture"
    sent.add("photo", made.get_json()["id"])
    assert li.post("/o/deal/new", sent).status_code == 303
    assert deals.ask("GET", "/records/deal").json["data"][0]["photo"]["name"] == "a.png"


def test_search_over_everything(store: Shop) -> None:
    filled(store)
    li = person(store, "li", "admin")
    page = li.text("/search?q=wxm")
    assert ">王小明<" in page and "Customer" in page
    assert "Nothing matches" in li.text("/search?q=nobody") and "<h1>Search</h1>" in li.text("/search")
    assert "/o/customer/" not in person(store, "lu", "viewer").text("/search?q=wxm"), "who may not read all of it"


def test_keys_and_faults_are_pages(store: Shop) -> None:
    li = person(store, "li", "admin")
    assert "<kbd>" in li.text("/keys")
    assert "<html" not in li.client.get("/keys", headers={**li.headers, **PART}).get_data(as_text=True)
    found = li.get("/o/nothing")
    assert found.status_code == 404 and "Perhaps it was deleted" in found.get_data(as_text=True)
