"""A forgotten password: a link from an administrator, once, for a day, for its person only."""

from __future__ import annotations

import html
import re
import time

import pytest

from runtime.engine import resetting
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, person, sound


def link_of(shop: Shop, boss: Browser, name: str) -> str:
    user = next(one["id"] for one in shop.ask("GET", "/admin/users").get_json()["data"] if one["name"] == name)
    path = f"/admin/users/{user}"
    page = boss.post(path, {"_csrf": boss.token(path), "reset": "1"}).get_data(as_text=True)
    found = re.search(r'id="link" value="http://localhost(/reset\?token=[^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def use(browser: Browser, link: str, password: str, again: str | None = None) -> int:
    sent = {"_csrf": browser.token(link), "token": link.partition("token=")[2], "password": password}
    return browser.post("/reset", {**sent, "again": password if again is None else again}).status_code


def test_once_and_for_everything(shop: Shop) -> None:
    boss, wang = person(shop, "boss", "admin"), person(shop, "wang")
    link = link_of(shop, boss, "wang")
    at_home = Browser(shop)
    sound(at_home.text(link), link)
    assert "wang" in at_home.text(link) and wang.get("/").status_code == 200
    assert use(at_home, link, "short") == 422 and use(at_home, link, "another long one", "other") == 422
    assert use(at_home, link, "another long one") == 303
    assert wang.get("/").status_code == 303, "every session has ended"
    assert Browser(shop).login("wang").status_code == 401
    assert at_home.login("wang", "another long one").status_code == 303
    assert at_home.get(link).status_code == 401, "used"
    events = shop.ask("GET", "/admin/users").status_code
    assert (
        events == 200
        and "reset_link_made" in boss.text("/admin/audit")
        and "password_reset" in boss.text("/admin/audit")
    )


def test_a_newer_password_ends_it_and_so_does_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    boss, _ = person(shop, "boss", "admin"), person(shop, "wang")
    first, second = link_of(shop, boss, "wang"), link_of(shop, boss, "wang")
    anyone = Browser(shop)
    assert anyone.get(first).status_code == anyone.get(second).status_code == 200
    assert use(anyone, second, "another long one") == 303
    assert anyone.get(first).status_code == 401
    third = link_of(shop, boss, "wang")
    late = time.time() + resetting.HOURS * 3600 + 1
    monkeypatch.setattr(resetting.time, "time", lambda: late)
    assert anyone.get(third).status_code == 401


def test_nobody_elses_and_no_nonsense(shop: Shop) -> None:
    boss, wang, keeper = person(shop, "boss", "admin"), person(shop, "wang"), Browser(shop)
    link = link_of(shop, boss, "wang")
    token = link.partition("token=")[2]
    for wrong in ("", "x", "a.b.c.d", token[:-1], token + "0", token.replace(".", "", 1), "\0" * 5, "é" * 50, "." * 400,
                  re.sub(r"\.\d{10}\.", ".9999999999.", token)):  # fmt: skip
        found = keeper.client.get("/reset", query_string={"token": wrong}, headers=keeper.headers)
        assert found.status_code in (401, 429), wrong
    user = next(one["id"] for one in shop.ask("GET", "/admin/users").get_json()["data"] if one["name"] == "boss")
    assert wang.post(f"/admin/users/{user}", {"_csrf": wang.token("/"), "reset": "1"}).status_code == 403
    assert Browser(shop).login("boss", PASSWORD).status_code == 303


def test_who_only_administers_resets_no_administrator(shop: Shop) -> None:
    shop.publish("role: keeper\nadminister: true\n")
    keeper, _ = person(shop, "keeper", "keeper"), person(shop, "boss", "admin")
    user = next(one["id"] for one in shop.ask("GET", "/admin/users").get_json()["data"] if one["name"] == "boss")
    path = f"/admin/users/{user}"
    assert keeper.post(path, {"_csrf": keeper.token(path), "reset": "1"}).status_code == 403
