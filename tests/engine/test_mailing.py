"""Mail of notices through a real SMTP server on this machine: once each, in the reader's language, tried again."""

from __future__ import annotations

import email
import email.policy
import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts, mailing, own, records
from runtime.kinds.channel import Letter
from runtime.kinds.channels.mail import Mail, Smtp
from runtime.store import deliveries, people
from tests.conftest import Shop
from tests.engine.test_dispatch import ORDER, OTHER, STAFF, flow
from tests.web.browser import HTML, PASSWORD, Browser, Inputs


class Box:
    """Keeps what it gets; refuses as ``answers`` says."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return "250 OK"


@pytest.fixture
def box() -> Iterator[Box]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Box()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    found.url = f"smtp://127.0.0.1:{port}?starttls=never"  # type: ignore[attr-defined]
    yield found
    controller.stop()


@pytest.fixture
def firm(shop: Shop) -> Shop:
    shop.publish(ORDER, OTHER, STAFF, flow("check", "{trigger: manual}", title="name"))
    shop.user("li", "staff", email="li@example.com", language="en", full_name="Li")
    shop.user("boss", "staff", email="boss@example.com", full_name="Boss\r\nBcc: x@evil.example")
    return shop


def post(shop: Shop, box: Box, **more: str) -> mailing.Post:
    known = shop.services.workspaces
    return mailing.Post(known, {"DOUGONG_SMTP_URL": box.url, "DOUGONG_MAIL_FROM": "CRM <crm@example.com>",  # type: ignore[attr-defined]
                                "DOUGONG_BASE_URL": "https://crm.example.com/", **more})  # fmt: skip


def begin(shop: Shop, name: str = "Pumps") -> str:
    record = records.create(shop.session("li"), "order", {"name": name}).id
    asked = {"object": "order", "record": record}
    return str(shop.ask("POST", "/workflows/check/start", "li", json=asked).get_json()["instance"])


def again(shop: Shop) -> None:
    shop.database.rows(Sql(f"UPDATE {ident(shop.workspace.schema, 's_delivery')} SET run_at = now()"))


def states(shop: Shop) -> dict[str, int]:
    return deliveries.counts(shop.database, shop.workspace.schema)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_task_in_the_language_of_who_has_it(firm: Shop, box: Box) -> None:
    begin(firm, "Pumps & <b>pipes</b>\r\nBcc: y@evil.example")
    sent = post(firm, box)
    assert sent.round() == 1
    assert sent.round() == 0 and len(box.got) == 1, "once"
    message = box.got[0]
    task = firm.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert message["Subject"] == "待办：Pumps & <b>pipes</b> Bcc: y@evil.example"
    assert message["To"] == '"Boss Bcc: x@evil.example" <boss@example.com>' and message["Bcc"] is None
    assert message["From"] == "CRM <crm@example.com>"
    assert f"https://crm.example.com/tasks/{task}" in body(message, "plain")
    assert f'href="https://crm.example.com/tasks/{task}"' in body(message, "html")
    assert "&lt;b&gt;pipes" in body(message, "html") and "<b>pipes" not in body(message, "html")
    firm.ask("POST", f"/tasks/{task}/agree", "boss", json={})
    sent.round()
    assert box.got[1]["Subject"].startswith("Approved: Pumps") and box.got[1]["To"] == "Li <li@example.com>"
    assert re.search(r"https://crm\.example\.com/tasks/flows/[0-9a-f-]{36}", body(box.got[1], "plain"))


def test_the_link_leads_to_the_task_after_the_login(firm: Shop) -> None:
    begin(firm)
    task = firm.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    accounts.change_user(firm.session("admin"), firm._users["boss"][0], {"password": PASSWORD})
    browser = Browser(firm)
    shown = browser.client.get(f"/tasks/{task}", headers=HTML, follow_redirects=True)
    asked = Inputs(shown.text).values
    assert f"/tasks/{task}" in asked.getlist("next"), "beside that of the form for the language"
    asked["next"] = f"/tasks/{task}"
    asked["username"], asked["password"] = "boss", PASSWORD
    entered = browser.post("/login", asked)
    assert entered.headers["Location"] == f"/tasks/{task}"
    assert browser.get(f"/tasks/{task}").status_code == 200


def test_who_wants_none_who_has_left_what_is_done_what_is_read(firm: Shop, box: Box) -> None:
    users = ident(firm.workspace.schema, "s_user")
    for change in ("mail = false", "active = false", "email = NULL", "email = 'no address'"):
        firm.database.rows(
            Sql(f"UPDATE {users} SET mail = true, active = true, email = 'b@example.com' WHERE name = 'boss'")
        )
        begin(firm)
        firm.database.rows(Sql(f"UPDATE {users} SET {change} WHERE name = 'boss'"))
        assert post(firm, box).round() == 1
    firm.database.rows(
        Sql(f"UPDATE {users} SET mail = true, active = true, email = 'b@example.com' WHERE name = 'boss'")
    )
    begin(firm)
    firm.database.rows(Sql(f"UPDATE {ident(firm.workspace.schema, 's_notice')} SET read_at = now()"))
    done = begin(firm)
    firm.ask("POST", f"/workflows/instances/{done}/withdraw", "li", json={})
    post(firm, box).round()
    assert [one["To"] for one in box.got] == ["Li <li@example.com>"], "only that it was withdrawn"


def test_the_switch_under_ones_name(firm: Shop) -> None:
    own.set_profile(firm.session("boss"), {"mail": "0"})
    row = people.user_by_name(firm.database, firm.workspace.schema, "boss")
    assert row is not None and row.mail is False and row.email == "boss@example.com"
    own.set_profile(firm.session("boss"), {"mail": "1"})
    row = people.user_by_name(firm.database, firm.workspace.schema, "boss")
    assert row is not None and row.mail is True


def test_again_later_and_given_up(firm: Shop, box: Box) -> None:
    begin(firm)
    box.answers = ["451 later", "550 never"]
    sent = post(firm, box)
    sent.round()
    assert states(firm) == {"ready": 1} and sent.round() == 0, "not at once"
    again(firm)
    sent.round()
    assert states(firm) == {"failed": 1}
    again(firm)
    assert sent.round() == 0 and box.got == []
    begin(firm)
    box.answers = ["451 later"] * len(mailing.WAITS)
    for _ in mailing.WAITS:
        sent.round()
        again(firm)
    assert states(firm) == {"failed": 1, "ready": 1}
    sent.round()
    assert states(firm) == {"failed": 1, "sent": 1}


def test_a_server_that_is_away(firm: Shop, box: Box) -> None:
    begin(firm)
    nobody = post(firm, box, DOUGONG_SMTP_URL="smtp://127.0.0.1:1")
    assert nobody.round() == 1 and states(firm) == {"ready": 1}
    again(firm)
    post(firm, box).round()
    assert len(box.got) == 1 and states(firm) == {"sent": 1}


def test_two_workers_send_each_once(firm: Shop, box: Box) -> None:
    for number in range(25):
        begin(firm, f"N{number}")
    threads = [threading.Thread(target=post(firm, box).round) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(str(one["Subject"]) for one in box.got) == sorted(f"待办：N{number}" for number in range(25))
    assert len({one["Message-ID"] for one in box.got}) == 25


def test_nobody_gets_the_mail_of_last_week(firm: Shop, box: Box) -> None:
    begin(firm)
    mailing.Post(firm.services.workspaces, {}).round()
    assert states(firm) == {}, "there is no way out"
    post(firm, box).round()
    begin(firm)
    table = ident(firm.workspace.schema, "s_notice")
    firm.database.rows(Sql(f"UPDATE {table} SET created_at = now() - interval '2 days'"))
    post(firm, box).round()
    assert box.got == [] and states(firm) == {}
    firm.database.rows(Sql(f"UPDATE {table} SET pending = true, created_at = now()"))
    post(firm, box).round()
    assert len(box.got) == 2
    firm.database.rows(
        Sql(f"UPDATE {ident(firm.workspace.schema, 's_delivery')} SET run_at = now() - interval '40 days'")
    )
    assert deliveries.forget(firm.database, firm.workspace.schema, timedelta(days=30)) == 2


@pytest.mark.parametrize("url", ["host:25", "http://host", "smtp://", "smtp://host?starttls=perhaps"])
def test_settings_that_cannot_be_understood(firm: Shop, url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="DOUGONG_SMTP_URL"):
        Smtp(url, "a@b.example")
    with pytest.raises(ValueError, match="DOUGONG_MAIL_FROM"):
        Smtp("smtp://host", "nobody")
    assert mailing.post_of(firm.services.workspaces, {"DOUGONG_SMTP_URL": url}).carriers == {}
    assert "mail is off" in caplog.text


def test_addresses_and_headers() -> None:
    assert Mail.address("a@b.example") == "a@b.example"
    for wrong in (None, "", "a", "a@b\r\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>"):
        assert Mail.address(wrong) is None
    letter = Letter("1", "a@b.example", "x\ny", "s\r\nBcc: c@d.example\x00", "t", "<p>t</p>", "en")
    made = Smtp("smtp://host", "CRM <crm@b.example>").message(letter)
    assert made["Bcc"] is None and made["Subject"] == "s Bcc: c@d.example"
