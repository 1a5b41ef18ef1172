"""Changes that wait for an approval, on pages: what is said after a save, and the badge of the record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs

DOCUMENTS = """
object: client
label: {en: Client, zh: 客户}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  credit: {type: number, label: {en: Credit, zh: 额度}}
  secret: {type: text, label: {en: Secret, zh: 机密}}
  note: {type: text, label: {en: Note, zh: 备注}}
  half: {type: formula, label: {en: Half, zh: 一半}, value: credit / 2, result: number}
  stage: {type: stage, label: {en: Stage, zh: 阶段}, default: new, stages: {new: {en: New, zh: 新}, won: {en: Won, zh: 赢, end: won}}}
---
workflow: key_fields
label: {en: Key fields, zh: 关键字段变更}
object: client
start: {on_change: {fields: [credit, secret, stage, owner], mode: proposal}}
nodes:
  - {approve: boss, who: {user: admin}}
---
view: board
object: client
type: kanban
label: {en: Board, zh: 看板}
by: stage
card: {title: name}
---
role: sales
label: {en: Sales, zh: 销售}
objects:
  client: {create: true, read: all, update: all, assign: all, bulk: true, fields: {secret: hidden}}
"""
WAITS = "The change waits for approval"


@pytest.fixture
def page(shop: Shop) -> tuple[Shop, Browser, str]:
    shop.publish(*DOCUMENTS.split("---\n"))
    shop.user("li", "sales", password=PASSWORD)
    made = shop.ask("POST", "/records/client", "li", json={"name": "Ada", "credit": 100}).get_json()["id"]
    browser = Browser(shop)
    assert browser.login("li").status_code == 303
    return shop, browser, str(made)


def value(shop: Shop, record: str, name: str) -> Any:
    return shop.ask("GET", f"/records/client/{record}").get_json()[name]


def test_form_and_badge(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = f"/o/client/{record}"
    assert "Pending change" not in browser.text(path)
    sent = Inputs(browser.text(f"{path}/edit")).values
    sent["credit"] = "500"
    assert browser.post(f"{path}/edit", sent).status_code == 303
    text = browser.text(path)
    assert WAITS in text
    assert "Pending change" in text
    assert "<del>100</del> → 500" in " ".join(text.split())
    assert "What follows from it" in text
    assert "<dt>Half</dt><dd><del>50</del> → 250" in " ".join(text.split())
    flow = shop.ask("GET", "/tasks").get_json()["data"][0]["instance"]
    assert "<dt>Half</dt><dd><del>50</del> → 250" in " ".join(browser.text(f"/tasks/flows/{flow}").split())
    assert value(shop, record, "credit") == 100
    sent = Inputs(browser.text(f"{path}/edit")).values
    sent["credit"] = "600"
    refused = browser.post(f"{path}/edit", sent)
    assert refused.status_code == 422
    assert "an earlier change of this field waits for approval" in refused.text
    sent["credit"], sent["note"] = "100", "else"
    assert browser.post(f"{path}/edit", sent).status_code == 303, "what does not wait is saved"
    assert value(shop, record, "note") == "else"
    assert WAITS not in browser.text(path)


def test_a_field_that_he_may_not_see_is_in_no_badge(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    assert shop.ask("PATCH", f"/records/client/{record}", json={"secret": "whisper"}).status_code == 202
    text = browser.text(f"/o/client/{record}")
    assert "whisper" not in text
    assert "Pending change" not in text


def test_board_cell_owner_and_selection(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    part = {**browser.headers, "HX-Request": "true"}
    listed = browser.text("/o/client?view=board")
    token = Inputs(listed).values["_csrf"]
    moved = browser.client.post(
        f"/o/client/{record}/move", data={"_csrf": token, "view": "board", "to": "won"}, headers=part
    )
    assert (moved.status_code, WAITS in moved.text) == (202, True)
    assert value(shop, record, "stage") == "new"
    second = shop.ask("POST", "/records/client", "li", json={"name": "B", "credit": 1}).get_json()["id"]
    cell = browser.client.post(f"/o/client/{second}/cell/credit", data={"_csrf": token, "credit": "7"}, headers=part)
    assert cell.status_code == 202
    assert "X-Waits" in cell.headers
    assert ">1<" in cell.text
    again = browser.client.post(f"/o/client/{second}/cell/credit", data={"_csrf": token, "credit": "8"}, headers=part)
    assert again.status_code == 423
    third = shop.ask("POST", "/records/client", "li", json={"name": "C", "credit": 1}).get_json()["id"]
    browser.client.post(f"/o/client/{third}/owner", data={"_csrf": token, "owner": ""}, headers=browser.headers)
    assert WAITS in browser.text("/o/client")
    assert value(shop, third, "owner") is not None
    fourth = shop.ask("POST", "/records/client", "li", json={"name": "D", "credit": 1}).get_json()["id"]
    body = {"_csrf": token, "id": fourth, "field": "credit", "credit": "9", "sure": "1", "do": "edit"}
    done = browser.client.post("/o/client/selected", data=body, headers=browser.headers)
    assert done.status_code == 303, done.text
    assert "1 change waits for approval" in browser.text("/o/client")
    assert value(shop, fourth, "credit") == 1
