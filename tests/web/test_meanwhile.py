"""Every command takes what its caller has seen, and is refused with who did what when that does not stand any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.engine import records, standins
from runtime.engine.flow.commands import COMMANDS, INTERNAL
from tests.conftest import Shop
from tests.web.browser import PASSWORD
from tests.web.test_tasks import at, command, send, task_of

DOCUMENTS = """
object: deal
label: {en: Deal, zh: 合同}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  price: {type: number, label: {en: Price, zh: 价格}}
  secret: {type: text, label: {en: Secret, zh: 机密}}
---
workflow: review
label: {en: Review, zh: 评审}
object: deal
title: name
lock: none
start: {trigger: manual, allow: {withdraw: any_time, revoke_days: 5, urge_every: 1m}}
nodes:
  - approve: boss
    who: {user: boss}
    mode: all
    actions: {agree: {}, reject: {}, return: {to: [start]}, transfer: {}, add_sign: {kinds: [before, after, parallel]}}
---
role: sales
objects:
  deal: {create: true, read: all, update: all}
---
role: chief
objects:
  deal: {read: all, fields: {secret: hidden}}
"""
PEOPLE = {"li": "Li Lei", "boss": "Ben Boss", "fang": "Fang Fang", "zhao": "Zhao Yun"}
Prepare = Callable[["Case"], None]


class Case:
    """One instance, and the way to ask something of it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.record = records.create(shop.session("li"), "deal", {"name": "D", "price": 1}).id
        self.instance = str(self.ask("li", "/workflows/review/start", object="deal", record=self.record)["instance"])

    def ask(self, who: str, path: str, **body: Any) -> Mapping[str, Any]:
        found = self.shop.ask("POST", path, who, json=body)
        assert found.status_code < 300, found.text
        return dict(found.json)

    def act(self, who: str, task: str | None, action: str, **body: Any) -> Any:
        """``task``: whose task it is about, None for the whole instance."""
        path = f"/tasks/{task_of(self.shop, task)}" if task else f"/workflows/instances/{self.instance}"
        return self.shop.ask("POST", f"{path}/{action}", who, json=body)

    def done(self, who: str, task: str | None, action: str, **body: Any) -> None:
        found = self.act(who, task, action, **body)
        assert found.status_code == 200, found.text

    @property
    def version(self) -> int:
        return int(self.shop.ask("GET", f"/records/deal/{self.record}", "li").json["version"])

    @property
    def state(self) -> Mapping[str, Any]:
        return dict(self.shop.ask("GET", f"/workflows/instances/{self.instance}", "root").json)


def code_of(answer: Any) -> str:
    """What was refused, '' where nothing was."""
    return str(answer.json.get("type", "")).rpartition(":")[2]


def person(shop: Shop, name: str) -> str:
    return str(shop.session(name).user_id)


def number_of_added(case: Case) -> dict[str, Any]:
    opened = case.ask("li", f"/workflows/instances/{case.instance}/copy", people=["li"])["open_tasks"]
    return {"added": next(one["number"] for one in opened if one["number"] != 1)}


NOTHING: Prepare = lambda case: None  # noqa: E731
STAND_IN: Prepare = lambda case: None  # noqa: E731
#: Command: who gives it, whose task, what comes with it, what happens before, what becomes of it when nothing has moved.
TABLE: dict[str, tuple[str, str | None, Any, Prepare, int]] = {
    "agree": ("boss", "boss", {}, NOTHING, 200),
    "reject": ("boss", "boss", {}, NOTHING, 200),
    "return": ("boss", "boss", {"to": "start"}, NOTHING, 200),
    "transfer": ("boss", "boss", {"to": "fang"}, NOTHING, 200),
    "add_sign": ("boss", "boss", {"people": ["fang"], "kind": "before"}, NOTHING, 200),
    "submit": ("li", "li", {}, lambda case: case.done("boss", "boss", "return", to="start"), 200),
    "take_over": ("boss", "fang", {}, STAND_IN, 200),
    "remove_signer": (
        "boss", None, number_of_added,
        lambda case: case.done("boss", "boss", "add_sign", people=["fang"], kind="parallel"), 200,
    ),
    "rebase": ("boss", "boss", {}, NOTHING, 422),
    "discard": ("boss", "boss", {}, NOTHING, 422),
    "withdraw": ("li", None, {}, NOTHING, 200),
    "retrieve": (
        "boss", None, {},
        lambda case: (case.done("boss", "boss", "add_sign", people=["fang"], kind="parallel"),
                      case.done("boss", "boss", "agree"))[0], 200,
    ),
    "urge": ("li", None, {}, NOTHING, 200),
    "comment": ("li", None, {"comment": "x"}, NOTHING, 200),
    "copy": ("li", None, {"people": ["fang"]}, NOTHING, 200),
    "revoke": ("li", None, {}, lambda case: case.done("boss", "boss", "agree"), 200),
    "reassign": ("root", "boss", {"to": "fang", "reason": "ill"}, NOTHING, 200),
    "skip": ("root", "boss", {"reason": "ill"}, NOTHING, 200),
    "retry": ("root", "boss", {"reason": "ill"}, NOTHING, 200),
    "jump": ("root", None, {"to": "boss", "reason": "wrong"}, NOTHING, 200),
    "terminate": ("root", None, {"reason": "wrong"}, NOTHING, 200),
}  # fmt: skip


@pytest.fixture(scope="module")
def office(shared_shop: Shop) -> Shop:
    shop = shared_shop
    shop.publish(DOCUMENTS)
    for name, role in (("li", "sales"), ("zhao", "sales"), ("boss", "chief"), ("fang", "chief")):
        shop.user(name, role, full_name=PEOPLE[name], password=PASSWORD, language="en")
    shop.user("root", "admin", password=PASSWORD, language="en")
    return shop


def test_the_table_is_whole() -> None:
    assert set(TABLE) == (set(COMMANDS) | {"revoke"}) - set(INTERNAL) - {"start"}


@pytest.mark.parametrize("name", list(TABLE))
def test_a_command_after_somebody_else(office: Shop, name: str) -> None:
    who, task, body, prepare, wanted = TABLE[name]
    stand_in = None
    if prepare is STAND_IN:
        now = datetime.now(UTC)
        stand_in = standins.add(office.session("boss"), person(office, "fang"), now, now + timedelta(days=1))
    try:
        case = Case(office)
        prepare(case)
        given = body(case) if callable(body) else body
        seen, rev = case.version, case.state["rev"]
        records.update(office.session("zhao"), "deal", case.record, {"price": 2, "secret": "s"})
        before = case.state
        answer = case.act(who, task, name, **given, version=seen)
        assert answer.status_code == 409 and code_of(answer) == "changed", answer.text
        assert answer.json["version"] == seen + 1
        told = answer.json["happened"]
        assert [(one["name"], one["action"]) for one in told] == [("Zhao Yun", "updated")]
        assert told[0]["fields"] == (["price"] if who == "boss" else ["price", "secret"]), "what he may see"
        assert "Zhao Yun: Price" in answer.json["detail"]
        if before["state"] == "running":
            case.done("li", None, "comment", comment="meanwhile")
            answer = case.act(who, task, name, **given, version=seen + 1, rev=rev)
            assert answer.status_code == 409 and code_of(answer) == "moved", answer.text
            assert [(one["name"], one["action"]) for one in answer.json["happened"]] == [("Li Lei", "comment")]
            assert "Li Lei: commented" in answer.json["detail"]
        now = case.state
        assert now["tasks"] == before["tasks"] and now["state"] == before["state"], "nothing has happened"
        answer = case.act(who, task, name, **given, version=seen + 1, rev=now["rev"])
        assert answer.status_code == wanted and code_of(answer) not in ("changed", "moved"), answer.text
        if wanted == 200 and name != "revoke":
            assert answer.json["rev"] > now["rev"]
    finally:
        if stand_in:
            standins.end(office.session("boss"), stand_in)
        for one in office.ask("GET", "/tasks?limit=200", "boss").json["data"]:
            ended = f"/workflows/instances/{one['instance']}/terminate"
            assert office.ask("POST", ended, "root", json={"reason": "tidy"}).status_code in (200, 409)


def test_what_one_has_changed_oneself(office: Shop) -> None:
    case = Case(office)
    case.done("boss", "boss", "return", to="start")
    seen = case.version
    for price in (5, 6):
        records.update(office.session("li"), "deal", case.record, {"price": price})
    assert case.act("li", "li", "submit", version=seen + 3).status_code == 409, "that is no version that there was"
    case.done("li", "li", "submit", version=seen)
    records.update(office.session("li"), "deal", case.record, {"price": 7})
    records.update(office.session("zhao"), "deal", case.record, {"price": 8})
    answer = case.act("li", None, "withdraw", version=seen + 2)
    assert answer.status_code == 409 and [one["name"] for one in answer.json["happened"]] == ["Zhao Yun"]
    case.done("li", None, "withdraw", version=seen + 4)


def test_starting_what_has_changed(office: Shop) -> None:
    record = records.create(office.session("li"), "deal", {"name": "S", "price": 1}).id
    records.update(office.session("zhao"), "deal", record, {"price": 3})
    body = {"object": "deal", "record": record, "version": 1}
    answer = office.ask("POST", "/workflows/review/start", "li", json=body)
    assert answer.status_code == 409 and code_of(answer) == "changed" and "Zhao Yun: Price" in answer.json["detail"]
    li = at(office, "li")
    page = li.text(f"/o/deal/{record}")
    records.update(office.session("zhao"), "deal", record, {"price": 4})
    form = next(one for one in page.split("<form")[1:] if "/tasks/start/review" in one)
    address = form.split('action="')[1].split('"')[0]
    sent = {"_csrf": li.token("/"), "version": form.split('name="version" value="')[1].split('"')[0]}
    answer = li.post(address, sent)
    assert answer.status_code == 409 and "Zhao Yun: Price" in answer.text and 'name="version" value="3"' in answer.text
    assert li.post(address, {**sent, "version": "3"}).status_code == 303
    for broken in (True, "1", -1, 2**40, [1]):
        answer = office.ask("POST", "/workflows/review/start", "li", json={**body, "version": broken})
        assert answer.status_code == 400, answer.text


def test_what_has_been_decided_is_told_rather(office: Shop) -> None:
    case = Case(office)
    seen, task = case.state["rev"], task_of(office, "boss")
    case.done("boss", "boss", "agree")
    answer = office.ask("POST", f"/tasks/{task}/agree", "boss", json={"rev": seen, "version": 99})
    assert answer.status_code == 409 and code_of(answer) == "already_ended"
    assert [(one["name"], one["action"]) for one in answer.json["happened"]] == [("Ben Boss", "agree")]
    assert "Ben Boss: agreed" in answer.json["detail"]
    answer = case.act("li", None, "comment", comment="late", rev=seen)
    assert code_of(answer) == "moved", "a comment is possible after the end, and looks at it too"


def test_the_same_key_is_answered_as_before(office: Shop) -> None:
    case = Case(office)
    body, headers = {"version": case.version, "rev": case.state["rev"]}, {"Idempotency-Key": f"once {case.instance}"}
    path = f"/tasks/{task_of(office, 'boss')}/agree"
    first = office.ask("POST", path, "boss", json=body, headers=headers)
    records.update(office.session("zhao"), "deal", case.record, {"price": 9})
    again = office.ask("POST", path, "boss", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200) and first.json == again.json


def test_many_at_once_each_as_it_was_seen(office: Shop) -> None:
    one, other = Case(office), Case(office)
    ids = {row["instance"]: row["id"] for row in office.ask("GET", "/tasks", "boss").json["data"]}
    records.update(office.session("zhao"), "deal", other.record, {"price": 9})
    wanted = [{"id": ids[case.instance], "version": 1} for case in (one, other)]
    found = office.ask("POST", "/tasks/batch", "boss", json={"action": "agree", "tasks": [*wanted, {"id": 7}]})
    rows = found.json["data"]
    assert [row["status"] for row in rows] == [200, 409, 404]
    assert rows[1]["code"] == "changed" and "Zhao Yun" in rows[1]["detail"]
    other.done("boss", "boss", "agree")


def test_pages_send_it_with_every_command(office: Shop) -> None:
    case = Case(office)
    boss = at(office, "boss")
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    records.update(office.session("zhao"), "deal", case.record, {"price": 9})
    for action, values in (("comment", {"comment": "kept"}), ("transfer", {"to": "x"}), ("return", {"to": "start"})):
        assert command(page, action)["version"] == "1"
        answer = send(boss, page, action, **values)
        assert answer.status_code == 409 and "Zhao Yun: Price" in answer.text, action
        assert action != "comment" or ">kept</textarea>" in answer.text
    assert send(boss, answer.text, "agree").status_code == 303
