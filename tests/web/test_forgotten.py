"""A forgotten password, by mail: through a real SMTP server, once, for an hour, and nobody learns who there is."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from runtime.app import create_app
from runtime.base.sqltext import Sql, ident
from runtime.engine import audit, mailing, resetting
from runtime.store import deliveries
from runtime.web.limits import Limits
from tests.conftest import Shop
from tests.engine.test_mailing import Box, body
from tests.engine.test_mailing import box as box  # A fixture.
from tests.web.browser import Browser, person, sound

NEW = "another long one"


@pytest.fixture
def firm(shop: Shop) -> Iterator[Shop]:
    """An installation that sends mail, with somebody who has an address and somebody who has none."""
    shop.services = dataclasses.replace(shop.services, letters=True)
    shop.app = create_app(shop.settings, shop.services)
    yield shop


def post(shop: Shop, box: Box, **more: str) -> mailing.Post:
    known = shop.services.workspaces
    settings = {"DOUGONG_SMTP_URL": box.url, "DOUGONG_MAIL_FROM": "CRM <crm@example.com>",  # type: ignore[attr-defined]
                "DOUGONG_BASE_URL": "https://crm.example.com/", **more}  # fmt: skip
    return mailing.Post(known, settings, shop.settings.secret)


def ask(browser: Browser, who: str, **more: str) -> Any:
    return browser.post("/forgotten", {"_csrf": browser.token("/forgotten"), "who": who, **more})


def link(box: Box, number: int = -1) -> str:
    found = re.search(r"https://crm\.example\.com(/reset\?token=\S+)", body(box.got[number], "plain"))
    assert found
    return found[1]


def later(shop: Shop, minutes: int) -> None:
    """So much time goes by for the notices."""
    for name, column in (("s_notice", "created_at"), ("s_delivery", "run_at")):
        table = ident(shop.workspace.schema, name)
        shop.database.rows(Sql(f"UPDATE {table} SET {column} = {column} - %s", (timedelta(minutes=minutes),)))


def events(shop: Shop) -> list[tuple[str, Any]]:
    return [(one[3], one[4]) for one in audit.entries(shop.workspace, 100)]


def test_from_the_login_to_a_new_password(firm: Shop, box: Box) -> None:
    wang = person(firm, "wang", email="Wang@Example.com", full_name="Wang <b>")
    away = Browser(firm)
    assert '<a href="/forgotten">' in away.text("/login")
    sound(away.text("/forgotten"), "/forgotten")
    answer = ask(away, "  wang@example.com ")
    assert answer.status_code == 303 and answer.headers["Location"] == "/forgotten?sent=1"
    sound(away.text("/forgotten?sent=1"), "/forgotten?sent=1")
    assert post(firm, box).round() == 1 and post(firm, box).round() == 0
    message = box.got[0]
    assert message["To"] == '"Wang <b>" <Wang@example.com>' and message["Subject"].startswith("A new password for ")
    assert "wang" in body(message, "plain") and 'href="https://crm.example.com/reset?token=' in body(message, "html")
    assert "asked for" in wang.text("/notifications") and "token" not in wang.text("/notifications")
    path = link(box)
    sent = {"_csrf": away.token(path), "token": path.partition("token=")[2], "password": NEW, "again": NEW}
    assert away.post("/reset", sent).status_code == 303
    assert wang.get("/").status_code == 303, "every session has ended"
    assert Browser(firm).login("wang", NEW).status_code == 303
    assert away.get(path).status_code == 401 and "/forgotten" in away.get(path).text, "once"
    said = [name for name, _ in events(firm)]
    assert [one for one in said if "reset" in one] == ["password_reset", "reset_link_sent", "reset_asked"]
    assert audit.broken(firm.workspace) == []


def test_the_same_answer_for_everybody(firm: Shop, box: Box) -> None:
    person(firm, "wang", email="wang@example.com")
    person(firm, "bare")
    firm.user("none", email="none@example.com")  # He has no password: the first one comes from an administrator.
    firm.user("gone", email="gone@example.com", active=False, password=NEW)
    answers = []
    for who in (
        "wang",
        "bare",
        "none",
        "gone",
        "gone@example.com",
        "nobody",
        "x" * 500,
        "%",
        "' OR 1=1 --",
        "é\x00"[:1],
    ):
        found = ask(Browser(firm), who)
        answers.append((found.status_code, found.headers["Location"], found.get_data(as_text=True)))
    assert len(set(answers)) == 1
    assert ask(Browser(firm), "wang", workspace="elsewhere").headers["Location"] == "/forgotten?sent=1"
    post(firm, box).round()
    assert [one["To"] for one in box.got] == ["wang <wang@example.com>"]
    assert len([one for one in events(firm) if one[0] == "reset_asked"]) == 10


def test_an_hour_and_no_longer(firm: Shop, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    person(firm, "wang", email="wang@example.com", language="zh")
    ask(Browser(firm), "WANG")
    box.answers = ["451 later"]
    post(firm, box).round()
    later(firm, 50)
    assert post(firm, box).round() == 1 and box.got[0]["Subject"].startswith("重置")
    path, anyone = link(box), Browser(firm)
    assert anyone.get(path).status_code == 200
    now = resetting.time.time()
    monkeypatch.setattr(resetting.time, "time", lambda: now + 11 * 60)
    assert anyone.get(path).status_code == 401
    later(firm, 60)
    ask(anyone, "wang")
    later(firm, 61)
    assert post(firm, box).round() == 1 and len(box.got) == 1, "too old to be sent at all"


def test_one_letter_however_often_it_is_asked_for(firm: Shop, box: Box) -> None:
    person(firm, "wang", email="wang@example.com")
    for name in range(7):
        person(firm, f"one{name}", email="shared@example.com")
    threads = [threading.Thread(target=resetting.ask, args=(firm.workspace, "wang")) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    post(firm, box).round()
    assert len(box.got) == 1
    later(firm, 6)
    ask(Browser(firm), "wang")
    post(firm, box).round()
    assert len(box.got) == 2
    ask(Browser(firm), "SHARED@example.com")
    post(firm, box).round()
    assert len(box.got) == 2 + resetting.MOST, "not without end for one address"


def test_so_often_a_minute(firm: Shop) -> None:
    services = dataclasses.replace(firm.services, limits=Limits(4))
    firm.app = create_app(firm.settings, services)
    browser = Browser(firm)
    said = [ask(browser, f"n{number}").status_code for number in range(5)]
    assert said == [303] * 4 + [429]
    refused = ask(browser, "wang")
    assert refused.headers["Retry-After"] == "60" and 'role="alert"' in refused.get_data(as_text=True)


def test_mail_that_is_off_for_notices_still_opens_the_door(firm: Shop, box: Box) -> None:
    person(firm, "wang", email="wang@example.com", mail=False)
    ask(Browser(firm), "wang")
    post(firm, box).round()
    assert len(box.got) == 1


def test_only_where_links_can_be_sent(shop: Shop, box: Box) -> None:
    person(shop, "wang", email="wang@example.com")
    browser = Browser(shop)
    assert browser.get("/forgotten").status_code == 404
    assert "/forgotten" not in browser.text("/login") and "administrator can give you" in browser.text("/login")
    assert post(shop, box).opens
    assert not post(shop, box, DOUGONG_BASE_URL="").opens and not post(shop, box, DOUGONG_SMTP_URL="").opens
    assert not mailing.Post(shop.services.workspaces, {"DOUGONG_SMTP_URL": box.url, "DOUGONG_MAIL_FROM": "a@b.example",  # type: ignore[attr-defined]
                                                       "DOUGONG_BASE_URL": "https://x.example"}).opens  # fmt: skip
    resetting.ask(shop.workspace, "wang")
    assert post(shop, box, DOUGONG_BASE_URL="").round() == 1 and box.got == [], "never without the configured address"
    assert deliveries.counts(shop.database, shop.workspace.schema) == {"skipped": 1}
