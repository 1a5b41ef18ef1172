"""Records that wait for the approval of their coming, on pages: form, record, list, task, panel, recycle bin."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs, sound

DOCUMENTS = """
object: client
label: {en: Client, zh: 客户}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  credit: {type: number, label: {en: Credit, zh: 额度}}
  upper: {type: link, label: {en: Upper, zh: 上级}, to: client, reverse: lower}
  stage: {type: stage, label: {en: Stage, zh: 阶段}, default: new, stages: {new: {en: New, zh: 新}, won: {en: Won, zh: 赢, end: won}}}
  total: {type: rollup, label: {en: Total, zh: 合计}, value: SUM(sites.beds)}
---
object: site
label: {en: Site, zh: 地点}
title: city
fields:
  client: {type: link, to: client, reverse: sites, owned: true, required: true}
  city: {type: text, label: {en: City, zh: 城市}}
  beds: {type: number, label: {en: Beds, zh: 床位}}
---
form: client
object: client
label: {en: Client, zh: 客户}
layout:
  - section: {en: Main, zh: 主要}
    items: [name, credit, upper, stage, total]
  - lines: sites
    columns: [city, beds]
---
workflow: new_clients
label: {en: New clients, zh: 新客户}
object: client
start: {on_create: {mode: pending}}
nodes:
  - {approve: boss, who: {user: boss}}
---
role: sales
label: {en: Sales, zh: 销售}
objects:
  client: {create: true, read: all, update: all, delete: all, bulk: true, export: true}
"""
WAITS = "The new record waits for approval."


@pytest.fixture
def page(shop: Shop) -> tuple[Shop, Browser, Browser]:
    shop.publish(*DOCUMENTS.split("---\n"))
    shop.user("boss", "sales", password=PASSWORD)
    shop.user("li", "sales", password=PASSWORD)
    shop.user("wu", "sales", password=PASSWORD)
    found = []
    for name in ("li", "boss"):
        browser = Browser(shop)
        assert browser.login(name).status_code == 303
        found.append(browser)
    return shop, found[0], found[1]


def made(browser: Browser, name: str = "Ada") -> str:
    inputs = Inputs(browser.text("/o/client/new"))
    sent = inputs.values
    sent["name"] = name
    sent["sites-0-city"], sent["sites-0-beds"] = "Bonn", "7"
    answer = browser.post("/o/client/new", sent)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def flat(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_form_record_and_list(page: tuple[Shop, Browser, Browser]) -> None:
    shop, browser, _ = page
    path = made(browser)
    text = browser.text(path)
    sound(text, path)
    said = flat(text)
    assert WAITS in said
    assert "This new record waits for approval" in said
    assert "See the request" in said
    assert "Bonn" in said, "its lines are shown with it"
    assert f'{path}/edit"' not in text and f'{path}/delete"' not in text and "/pin" not in text
    assert "Ada" not in browser.text("/o/client").split("<main", 1)[-1].replace("Ada</title>", "")
    listed = browser.text("/o/client?state=pending")
    sound(listed, "/o/client?state=pending")
    assert "Ada" in listed
    assert re.search(r'<a href="/o/client\?state=pending"[^>]*aria-current="page">Waiting for approval</a>', listed)
    assert "data-selection" not in listed
    assert browser.get(f"{path}/edit").status_code == 303, "held: back to the record"
    other = Browser(shop)
    assert other.login("wu").status_code == 303
    assert other.get(path).status_code == 404
    assert "Ada" not in other.text("/o/client?state=pending")


def test_task_returned_mended_and_approved(page: tuple[Shop, Browser, Browser]) -> None:
    shop, browser, boss = page
    path = made(browser)
    task = "/tasks/" + shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    text = boss.text(task)
    sound(text, task)
    assert "This new record waits for approval" in flat(text) and "Bonn" in text
    assert shop.ask("POST", f"{task}/return", "boss", json={"to": "start"}).status_code == 200
    mine = "/tasks/" + shop.ask("GET", "/tasks", "li").get_json()["data"][0]["id"]
    text = browser.text(mine)
    assert f'href="{path}/edit"' in text
    inputs = Inputs(browser.text(f"{path}/edit"))
    sent = inputs.values
    sent["credit"], sent["sites-0-beds"] = "5", "9"
    assert browser.post(f"{path}/edit", sent).status_code == 303
    said = flat(browser.text(path))
    assert "Saved." in said and "9" in said
    assert "Ada" not in flat(browser.text("/o/client")).partition("Views")[2]
    sent = Inputs(browser.text(mine)).values
    sent["action"] = "submit"
    assert browser.post(mine, sent).status_code == 303
    task = "/tasks/" + shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    sent = Inputs(boss.text(task)).values
    sent["action"] = "agree"
    assert boss.post(task, sent).status_code == 303
    text = browser.text(path)
    assert "waits for approval" not in text and "put into force" in text
    assert "Ada" in browser.text("/o/client")


def test_a_panel_says_that_it_cannot_be_chosen_yet(page: tuple[Shop, Browser, Browser]) -> None:
    _, browser, _ = page
    part = {**browser.headers, "HX-Request": "true"}
    sent = Inputs(browser.text("/o/client/new")).values
    sent["name"] = "Panel"
    answer = browser.client.post("/o/client/new", data=sent, headers=part)
    assert answer.status_code == 202
    assert WAITS in answer.text and "X-Waits" in answer.headers


def test_rejected_and_restored_it_waits_again(page: tuple[Shop, Browser, Browser]) -> None:
    shop, browser, _ = page
    path = made(browser)
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert shop.ask("POST", f"/tasks/{task}/reject", "boss", json={"comment": "no"}).status_code == 200
    assert browser.get(path).status_code == 404
    flow = shop.ask("GET", f"/tasks/{task}", "boss").get_json()["instance"]
    assert "Rejected" in flat(browser.text(f"/tasks/flows/{flow}"))
    assert "Nothing waits for approval" in browser.text("/o/client?state=pending")
    token = browser.token("/o/client")
    assert browser.post(f"{path}/restore", {"_csrf": token}).headers["Location"] == path
    said = flat(browser.text(path))
    assert WAITS in said and "This new record waits for approval" in said
    assert len(shop.ask("GET", "/tasks", "boss").get_json()["data"]) == 1


def test_in_chinese(page: tuple[Shop, Browser, Browser]) -> None:
    shop, browser, _ = page
    path = made(browser)
    shop.user("root", "admin", password=PASSWORD, language="zh")
    other = Browser(shop, "zh")
    assert other.login("root").status_code == 303
    assert "该新建记录待审批" in other.text(path)
    assert "等待审批" in other.text("/o/client?state=pending")
