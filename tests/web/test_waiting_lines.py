"""Deletions and changes of lines that wait, on pages: asked for, shown on the record and the task, by the reader's rights."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runtime.engine import compound
from runtime.engine.compound import Lines
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs

DOCUMENTS = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  note: {type: text, label: {en: Note, zh: 备注}}
  total: {type: rollup, value: SUM(lines.price), result: number, label: {en: Total, zh: 合计}}
---
object: line
label: {en: Line, zh: 明细}
title: product
fields:
  order: {type: link, to: order, reverse: lines, owned: true, required: true, label: {en: Order, zh: 订单}}
  product: {type: text, label: {en: Product, zh: 产品}, required: true}
  price: {type: number, label: {en: Price, zh: 单价}}
  cost: {type: number, label: {en: Cost, zh: 成本}}
---
form: order
object: order
layout:
  - section: {en: Basics, zh: 基本}
    items: [name, note, total]
  - lines: lines
    columns: [product, price, cost]
---
workflow: order_changes
label: {en: Order changes, zh: 订单变更}
object: order
start: {on_change: {lines: [lines], delete: true, mode: proposal}, when: note != 'draft', allow: {withdraw: any_time}}
nodes:
  - {approve: boss, who: {user: boss}, fields: {editable: [note], required: [note]}}
---
role: sales
label: {en: Sales, zh: 销售}
objects:
  order: {create: true, read: all, update: all, delete: all, bulk: true}
---
role: looker
label: {en: Looker, zh: 查看}
objects:
  order: {read: all}
  line: {fields: {cost: hidden}}
"""


@pytest.fixture
def page(shop: Shop) -> tuple[Shop, Browser, str]:
    shop.publish(*DOCUMENTS.split("---\n"))
    for name, role in (("li", "sales"), ("boss", "sales"), ("lo", "looker")):
        shop.user(name, role, password=PASSWORD)
    return shop, entered(shop, "li"), order(shop, "O-1")


def entered(shop: Shop, user: str) -> Browser:
    browser = Browser(shop)
    assert browser.login(user).status_code == 303
    return browser


def order(shop: Shop, name: str) -> str:
    lines = [Lines("lines", creates=[{"product": "box", "price": 10, "cost": 4321}, {"product": "lid", "price": 1}])]
    return compound.save(shop.session("li"), "order", None, {"name": name}, lines).id


def lines_of(shop: Shop, record: str) -> dict[str, Any]:
    found = shop.ask("GET", f"/records/line?filter=order=='{record}'").get_json()["data"]
    return {one["product"]: one for one in found}


def flat(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def task_page(shop: Shop, browser: Browser, user: str = "boss") -> str:
    task = shop.ask("GET", "/tasks", user).get_json()["data"][0]["id"]
    return browser.text(f"/tasks/{task}")


def test_asking_for_a_deletion(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = f"/o/order/{record}"
    asking = browser.text(f"{path}/delete")
    assert "This needs an approval" in asking and "Ask for the deletion" in asking
    assert browser.post(f"{path}/delete", {"_csrf": Inputs(asking).values["_csrf"]}).status_code == 303
    text = browser.text(path)
    assert "The deletion waits for approval" in text and "Deletion asked for" in text
    assert f'href="{path}/edit"' not in text and f'href="{path}/delete"' not in text
    assert "li has asked for its deletion" in text
    again = browser.post(f"{path}/delete", {"_csrf": Inputs(asking).values["_csrf"]})
    assert again.status_code == 423 and "li has asked for its deletion" in again.text
    assert browser.client.get(f"{path}/edit", headers=browser.headers).status_code == 303
    told = task_page(shop, entered(shop, "boss"))
    assert "The deletion of this record is asked for" in told
    assert "To be filled in here" not in told, "nothing is filled in in a record that goes"
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert shop.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    assert browser.client.get(path, headers=browser.headers).status_code == 404
    assert "You may not read the record itself" in entered(shop, "boss").text(f"/tasks/{task}"), "the story stays"
    assert "Deletion" not in browser.text("/o/order")


def test_several_from_a_list(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    draft = shop.ask("POST", "/records/order", json={"name": "O-2", "note": "draft"}).get_json()["id"]
    token = Inputs(browser.text("/o/order")).values["_csrf"]
    body = {"_csrf": token, "id": [record, draft], "sure": "1", "do": "delete", "action": "delete"}
    done = browser.client.post("/o/order/selected", data=body, headers=browser.headers)
    assert done.status_code == 303, done.text
    text = browser.text("/o/order")
    assert "1 deletion waits for approval" in text and "Deleted. 1 record." in text
    assert shop.ask("GET", f"/records/order/{record}").status_code == 200


def test_lines_in_the_form(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = f"/o/order/{record}"
    sent = Inputs(browser.text(f"{path}/edit")).values
    sent |= {"lines-0-price": "15", "lines-1-delete": "1", "lines-2-product": "new", "lines-2-price": "7"}
    assert browser.post(f"{path}/edit", sent).status_code == 303
    assert lines_of(shop, record)["box"]["price"] == 10
    for text in (browser.text(path), task_page(shop, entered(shop, "boss"))):
        said = flat(text)
        assert "changed box Price 10 → 15" in said, said
        assert "removed lid" in said and "added new" in said
    assert "Pending change" in browser.text(path)
    again = browser.post(f"{path}/edit", sent | {"version": ""})
    assert again.status_code == 422 and "an earlier change of this line waits for approval" in again.text
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    done = shop.ask("POST", f"/tasks/{task}/agree", "boss", json={"values": {"note": "seen"}})
    assert done.status_code == 200, done.text
    assert {name: one["price"] for name, one in lines_of(shop, record).items()} == {"box": 15, "new": 7}
    assert shop.ask("GET", f"/records/order/{record}").get_json()["note"] == "seen", "entered at the step, in one go"


def test_what_one_may_not_read_is_on_no_page(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path, line = f"/o/order/{record}", lines_of(shop, record)["box"]["id"]
    done = compound.save(shop.session("li"), "order", record, {},
                         [Lines("lines", updates=[{"id": line, "cost": 98765, "price": 11}])])  # fmt: skip
    assert done.pending is not None
    assert "98,765" in browser.text(path)
    looker = entered(shop, "lo")
    text = looker.text(path)
    assert "98,765" not in text and "4,321" not in text and "changed box Price 10 → 11" in flat(text)
    flow = looker.text(f"/tasks/flows/{done.pending.instance}")
    assert "98,765" not in flow and "4,321" not in flow and "changed box Price 10 → 11" in flat(flow)


def test_a_new_line_by_itself_leads_to_its_request(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    sent = Inputs(browser.text(f"/o/line/new?order={record}")).values
    answer = browser.post("/o/line/new", sent | {"product": "late", "order": record})
    assert answer.status_code == 303, answer.text
    assert "/tasks/flows/" in answer.headers["Location"]
    assert "added late" in flat(browser.text(answer.headers["Location"]))
    assert "late" not in lines_of(shop, record)
