"""Workflows in the database: over the API with rights, in races, with idempotency keys, actions, sub-workflows."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.errors import Conflict
from runtime.base.sqltext import Sql
from runtime.engine import records, worker
from runtime.engine.flow import state as states
from runtime.engine.flow.state import Event
from runtime.engine.flows import Flows
from runtime.store import flows
from tests.conftest import Shop

QUOTE = """
object: quote
label: {en: Quote, zh: 报价}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  double: {type: formula, label: {en: Double, zh: 双倍}, value: amount * 2, result: number}
  terms: {type: text, label: {en: Terms, zh: 条款}}
  secret: {type: text, label: {en: Secret, zh: 机密}}
  approver: {type: user, label: {en: Approver, zh: 审批人}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, ok: {en: O, zh: 过}, bad: {en: B, zh: 否}}, default: draft}
  done_at: {type: datetime, label: {en: Done, zh: 完成}}
"""
FLOW = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
title: "'Quote ' & name"
start: {trigger: manual, when: "status == 'draft'", allow: {revoke_days: 5}}
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    fields: {editable: [terms], hidden: [secret]}
  - branch:
      - when: double > 200
        nodes:
          - approve: both
            who: {role: finance}
            mode: all
      - else: []
after:
  approved: [{update: {status: ok, done_at: "=NOW()"}}]
  rejected: [{update: {status: bad}}]
  revoked: [{update: {status: draft}}]
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  quote: {create: true, read: own, update: own}
"""
FINANCE = """
role: finance
label: {en: Finance, zh: 财务}
objects:
  quote: {read: all, fields: {secret: hidden}}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, FLOW, SALES, FINANCE)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("fang", "finance")
    shop.user("feng", "finance")
    return shop


def quote(shop: Shop, user: str = "li", **values: Any) -> str:
    return records.create(shop.session(user), "quote", {"name": "Q", "amount": 10, **values}).id


def start(shop: Shop, record: str, user: str = "li") -> dict[str, Any]:
    found = shop.ask("POST", "/workflows/quote_approval/start", user, json={"object": "quote", "record": record})
    assert found.status_code == 201, found.text
    return dict(found.get_json())


def mine(shop: Shop, user: str) -> list[dict[str, Any]]:
    return list(shop.ask("GET", "/tasks", user).get_json()["data"])


def decide(shop: Shop, user: str, action: str, **body: Any) -> Any:
    return shop.ask("POST", f"/tasks/{mine(shop, user)[0]['id']}/{action}", user, json=body)


def value(shop: Shop, record: str, name: str) -> Any:
    return shop.ask("GET", f"/records/quote/{record}", "root").get_json()[name]


def check_folds(shop: Shop, instance: str) -> states.Instance:
    """Folding the stored events gives the stored state (I8)."""
    session = shop.session()
    row = flows.read(session.database, session.workspace.schema, instance)
    assert row is not None
    told = [
        Event(type, data) for _, _, type, data in flows.events(session.database, session.workspace.schema, instance)
    ]
    assert states.dump(states.fold(told)) == states.dump(states.load(row.data))
    assert [row.seq] == [len(told)]
    return states.load(row.data)


def test_small_quote(office: Shop) -> None:
    record = quote(office)
    made = start(office, record)
    task = mine(office, "boss")[0]
    assert (task["title"], task["object"], task["record"]) == ("Quote Q", "quote", record)
    one = office.ask("GET", f"/tasks/{task['id']}", "boss").get_json()
    assert set(one["actions"]) >= {"agree", "reject", "return", "transfer", "add_sign"}
    assert office.ask("GET", f"/tasks/{task['id']}", "feng").status_code == 200, "who may read the record sees it"
    assert decide(office, "boss", "agree", values={"terms": "30 days"}).get_json()["state"] == "approved"
    assert (value(office, record, "status"), value(office, record, "terms")) == ("ok", "30 days")
    check_folds(office, made["instance"])
    story = office.ask("GET", f"/workflows/instances/{made['instance']}", "li").get_json()
    assert [one["data"]["name"] for one in story["history"] if one["type"] == "command"] == ["start", "agree"]
    assert mine(office, "boss") == []
    assert len(office.ask("GET", "/tasks?box=done", "boss").get_json()["data"]) == 1
    assert len(office.ask("GET", "/tasks?box=started", "li").get_json()["data"]) == 1


def test_large_quote_needs_both(office: Shop) -> None:
    record = quote(office, amount=500)
    made = start(office, record)
    decide(office, "boss", "agree")
    decide(office, "fang", "agree")
    found = decide(office, "feng", "reject", comment="too cheap")
    assert found.get_json()["state"] == "rejected"
    assert value(office, record, "status") == "bad"
    check_folds(office, made["instance"])


def test_rights_and_refusals(office: Shop) -> None:
    record = quote(office, secret="margin")
    task = mine_after(office, record)
    assert office.ask("POST", f"/tasks/{task}/agree", "fang", json={}).status_code == 403
    assert office.ask("GET", f"/tasks/{task}", "fang").get_json()["record_values"].get("secret") is None
    other = quote(office, user="boss")
    assert (
        office.ask(
            "POST", "/workflows/quote_approval/start", "li", json={"object": "quote", "record": other}
        ).status_code
        == 404
    )
    assert (
        office.ask(
            "POST", "/workflows/quote_approval/start", "fang", json={"object": "quote", "record": other}
        ).status_code
        == 403
    )
    assert (
        office.ask("POST", "/workflows/nothing/start", "li", json={"object": "quote", "record": record}).status_code
        == 404
    )
    again = office.ask("POST", "/workflows/quote_approval/start", "li", json={"object": "quote", "record": record})
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:dougong:already_running")
    assert office.ask("POST", f"/tasks/{task}/fire", "root", json={}).status_code == 404
    assert office.ask("GET", "/tasks/00000000-0000-7000-8000-000000000000", "root").status_code == 404
    wrong = decide(office, "boss", "agree", values={"amount": 1})
    assert wrong.status_code == 422 and value(office, record, "amount") == 10
    office.user("stranger")
    assert office.ask("GET", f"/tasks/{task}", "stranger").status_code == 404


def mine_after(shop: Shop, record: str) -> str:
    start(shop, record)
    return str(mine(shop, "boss")[0]["id"])


def test_the_same_key_is_done_once(office: Shop) -> None:
    task = mine_after(office, quote(office, amount=500))
    key = {"Idempotency-Key": "k1"}
    first = office.ask("POST", f"/tasks/{task}/agree", "boss", json={}, headers=key)
    second = office.ask("POST", f"/tasks/{task}/agree", "boss", json={}, headers=key)
    assert (first.status_code, second.status_code) == (200, 200) and first.data == second.data
    assert office.ask("POST", f"/tasks/{task}/reject", "boss", json={}, headers=key).status_code == 422
    third = office.ask("POST", f"/tasks/{task}/agree", "boss", json={})
    assert (third.status_code, third.get_json()["type"]) == (409, "urn:dougong:task_agreed")


RULE = """validations:
  terms_first:
    valid: status != 'ok' or NOT(ISBLANK(terms))
    message: {en: Terms are missing, zh: 缺少条款}
"""


def test_a_failing_end_leaves_nothing_half_done(office: Shop) -> None:
    office.publish(QUOTE + RULE, FLOW, SALES, FINANCE)
    record = quote(office)
    made = start(office, record)
    found = decide(office, "boss", "agree")
    assert (found.status_code, found.get_json()["type"]) == (409, "urn:dougong:after_failed")
    assert "缺少条款" in found.get_json()["detail"]
    assert len(mine(office, "boss")) == 1, "the decision went back"
    check_folds(office, made["instance"])
    assert decide(office, "boss", "agree", values={"terms": "x"}).get_json()["state"] == "approved"


def test_revoke(office: Shop) -> None:
    record = quote(office)
    made = start(office, record)
    decide(office, "boss", "agree")
    found = office.ask("POST", f"/workflows/instances/{made['instance']}/revoke", "li", json={})
    assert found.status_code == 200, found.text
    decide(office, "boss", "agree")
    assert value(office, record, "status") == "draft"
    assert office.ask("GET", f"/workflows/instances/{made['instance']}", "li").get_json()["state"] == "approved"


def test_running_ones_stay_on_their_version(office: Shop) -> None:
    record = quote(office, amount=500)
    start(office, record)
    office.publish(
        QUOTE, FLOW.replace("mode: all", "mode: any").replace("double > 200", "double > 9000"), SALES, FINANCE
    )
    assert decide(office, "boss", "agree").get_json()["state"] == "running"
    decide(office, "fang", "agree")
    assert len(mine(office, "feng")) == 1, "all, as it was when it began"


def test_sub_workflow(office: Shop) -> None:
    outer = """
workflow: outer
label: {en: Outer, zh: 外}
object: quote
nodes:
  - subflow: {workflow: quote_approval}
  - approve: last
    who: {role: finance}
"""
    office.publish(QUOTE, FLOW, outer, SALES, FINANCE)
    record = quote(office)
    found = office.ask("POST", "/workflows/outer/start", "li", json={"object": "quote", "record": record}).get_json()
    decide(office, "boss", "agree")
    assert len(mine(office, "fang")) == 1
    decide(office, "fang", "agree")
    assert office.ask("GET", f"/workflows/instances/{found['instance']}", "li").get_json()["state"] == "approved"
    check_folds(office, found["instance"])


def test_the_end_of_a_sub_workflow_is_that_of_its_step(office: Shop) -> None:
    """S39: what is rejected inside rejects outside; what is withdrawn outside ends inside."""
    outer = """
workflow: outer
label: {en: Outer, zh: 外}
object: quote
nodes: [{subflow: {workflow: quote_approval, on_reject: reject}}]
"""
    office.publish(QUOTE, FLOW, outer, SALES, FINANCE)

    def begin() -> str:
        body = {"object": "quote", "record": quote(office)}
        return str(office.ask("POST", "/workflows/outer/start", "li", json=body).get_json()["instance"])

    def state(instance: str) -> str:
        return str(check_folds(office, instance).state)

    first = begin()
    child = str(mine(office, "boss")[0]["instance"])
    decide(office, "boss", "reject", comment="no")
    assert (state(child), state(first)) == ("rejected", "rejected")
    second = begin()
    child = str(mine(office, "boss")[0]["instance"])
    assert office.ask("POST", f"/workflows/instances/{second}/withdraw", "li", json={}).status_code == 200
    assert (state(child), state(second)) == ("terminated", "withdrawn") and mine(office, "boss") == []


def test_two_decide_at_once(office: Shop) -> None:
    """Two connections, two people: every pair is one order; `any` advances once, the loser gets a 409."""
    people = [office.session("fang"), office.session("feng")]
    flow = FLOW.replace("mode: all", "mode: any").replace("double > 200", "double > 0")
    office.publish(QUOTE, flow, SALES, FINANCE)
    for number in range(30):
        instance = start(office, quote(office))["instance"]
        decide(office, "boss", "agree")
        barrier = threading.Barrier(2)
        outcomes: list[Any] = []

        def one(
            session: Any, task: int, instance: str = instance, barrier: Any = barrier, outcomes: Any = outcomes
        ) -> None:
            barrier.wait()
            try:
                outcomes.append(Flows(session).act(instance, "agree", task, {})["state"])
            except Conflict as error:
                outcomes.append(error.status)

        threads = [
            threading.Thread(target=one, args=(person, task)) for person, task in zip(people, (2, 3), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes)) == ["409", "approved"], number
        check_folds(office, instance)


def test_stands_in(office: Shop) -> None:
    session = office.session()
    ids = {name: office.session(name).user_id for name in ("boss", "root")}
    now = datetime.now(UTC)
    session.database.rows(Sql(
        f"INSERT INTO {session.layout.system('s_delegation')} (id, user_id, to_id, from_at, until_at) VALUES "
        "(gen_random_uuid(), %s, %s, %s, %s)", (ids["boss"], ids["root"], now - timedelta(hours=1), now + timedelta(days=1))))  # fmt: skip
    start(office, quote(office))
    assert mine(office, "boss") == [] and mine(office, "root")[0]["principal"] == ids["boss"]


def test_notices(office: Shop) -> None:
    start(office, quote(office))
    session = office.session()
    rows = session.database.rows(Sql(f"SELECT user_id::text, type FROM {session.layout.system('s_notice')}"))
    assert rows == [(office.session("boss").user_id, "task")]


def test_the_record_is_held(office: Shop) -> None:
    record = quote(office)
    start(office, record)
    held = office.ask("PATCH", f"/records/quote/{record}", "li", json={"amount": 5})
    assert (held.status_code, held.get_json()["type"]) == (423, "urn:dougong:locked"), held.text
    assert office.ask("DELETE", f"/records/quote/{record}", "root").status_code == 423
    body = {"mode": "update", "records": [{"id": record, "amount": 5}]}
    many = office.ask("POST", "/records/quote/bulk", "root", json=body).get_json()
    assert (many["failed"], many["results"][0]["errors"][0]["code"]) == (1, "locked")
    decide(office, "boss", "agree")
    assert office.ask("PATCH", f"/records/quote/{record}", "li", json={"amount": 5}).status_code == 200


TIMED = FLOW.replace("fields: {editable", "due: {in: 1h, steps: [{at: 0, do: auto_agree}]}\n    fields: {editable")


def test_timers_fire_once_with_two_workers(office: Shop) -> None:
    office.publish(QUOTE, TIMED, SALES, FINANCE)
    made = [start(office, quote(office))["instance"] for _ in range(20)]
    now = datetime.now(UTC)
    assert worker.fire_due(office.workspace, now) == 0, "none early"
    later = now + timedelta(hours=2)
    threads = [threading.Thread(target=worker.fire_due, args=(office.workspace, later)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.fire_due(office.workspace, later)
    for instance in made:
        assert check_folds(office, instance).state == "approved"
    session = office.session()
    rows = session.database.rows(Sql(
        f"SELECT count(*) FROM {session.layout.system('s_flow_event')} WHERE type = 'timer_closed' "
        "AND data->>'state' = 'fired'"))  # fmt: skip
    assert rows == [(20,)]
