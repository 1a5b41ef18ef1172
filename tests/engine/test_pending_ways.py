"""Records that wait for the approval of their coming: at the same moment, in scenarios, conversions, other workflows."""

from __future__ import annotations

import io
import random
import threading
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import publish, scenarios
from runtime.engine.dispatch import drain
from runtime.meta import load
from tests.conftest import Shop
from tests.engine import test_pending as base
from tests.engine.test_pending import DOCUMENTS, ask, decide, firm, listed, make

office = pytest.fixture(base.office.__wrapped__)  # type: ignore[attr-defined]

APP = "app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n"
SCENARIO = """
scenario: coming
now: 2026-03-02T10:00:00
people:
  li: {roles: [sales], manager: boss}
  boss: {roles: [sales]}
  chief: {roles: [sales]}
steps:
  - {as: li, create: firm, set: {name: F}, call: f}
  - {as: li, create: order, set: {name: A, firm: f}, lines: {lines: {add: [{product: p, price: 70}, {product: q, price: 50}]}}, call: a}
  - expect: {pending: [a], tasks: {boss: boss}, a: {total: 120}, f: {orders_total: 0}}
  - {as: li, update: a, set: {note: x}, refused: locked}
  - {as: boss, decide: agree}
  - expect: {pending: [a], tasks: {chief: chief}, f: {orders_total: 0}}
  - {as: chief, decide: agree}
  - expect: {state: approved, a: {total: 120}, f: {orders_total: 120}}
  - {as: li, create: order, set: {name: B}, call: b}
  - {as: boss, decide: reject}
  - expect: {gone: [b], state: {b: rejected}}
"""


def played(shop: Shop, text: str) -> Any:
    documents = [(f"{number}.yaml", one) for number, one in enumerate((APP, *DOCUMENTS, text))]
    plan = publish.plan(shop.workspace, load.from_texts(documents))
    assert not plan.errors, plan.errors
    return scenarios.rehearse(shop.workspace, plan.loaded, list(plan.loaded.of("scenario")), None)[0]


def test_a_scenario_tells_it(office: Shop) -> None:
    text = SCENARIO.replace("who: {user: chief}", "who: {role: chief}")
    found = played(office, text)
    assert found.ok, [one.problem.show() for one in found.failures]
    wrong = played(office, SCENARIO.replace("state: approved, a:", "pending: [a], a:"))
    assert [one.problem.show() for one in wrong.failures if "in force" in one.problem.show()]


def test_the_same_value_at_the_same_moment_is_one_record(office: Shop) -> None:
    for number in range(6):
        answers: list[int] = []
        status = ("live", "draft") if number % 2 else ("live", "live")

        def save(user: str, state: str, name: str = f"N{number}", into: list[int] = answers) -> None:
            body = {"name": name, "status": state}
            into.append(office.ask("POST", "/records/order", user, json=body).status_code)

        threads = [
            threading.Thread(target=save, args=(user, state)) for user, state in zip(("li", "wu"), status, strict=True)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(answers)[1] == 409, answers
        assert sorted(answers)[0] in (201, 202), answers


def test_two_decide_at_the_same_moment(office: Shop) -> None:
    record = make(office)
    task = ask(office, "boss", "/tasks")["data"][0]["id"]
    answers: list[int] = []

    def act(action: str) -> None:
        answers.append(office.ask("POST", f"/tasks/{task}/{action}", "boss", json={}).status_code)

    threads = [threading.Thread(target=act, args=(one,)) for one in ("agree", "reject")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == [200, 409]
    story = ask(office, "root", f"/records/order/{record}/history")["data"]
    actions = {one["action"] for one in story}
    assert ("approved" in actions) != ("deleted" in actions)


def test_other_workflows_begin_when_it_is_in_force(office: Shop) -> None:
    other = """
workflow: greet
label: {en: Greet, zh: 问候}
object: order
start: {trigger: on_create}
nodes:
  - {approve: chief, who: {user: chief}}
"""
    office.publish(other, app="more")
    make(office)
    drain(office.workspace)
    assert ask(office, "chief", "/tasks")["data"] == []
    decide(office, "boss", "agree")
    drain(office.workspace)
    assert [one["workflow"] for one in ask(office, "chief", "/tasks")["data"]] == ["greet"]


def test_a_conversion_into_one_is_refused_with_the_way_out(office: Shop) -> None:
    lead = """
object: lead
label: {en: Lead, zh: 线索}
title: name
fields:
  name: {type: text, required: true}
  order: {type: link, to: order, reverse: leads}
conversions:
  convert:
    label: {en: Convert, zh: 转化}
    into: [{link: order, set: {name: =name}}]
"""
    role = "role: leads\nlabel: {en: L, zh: 线索}\nobjects: {lead: {create: true, read: all, update: all}, order: {create: true, read: all, update: all}}\n"
    office.publish(lead, role, app="more")
    boss = office.user("head", "sales")
    office.user("eve", "leads", manager=boss)
    record = office.ask("POST", "/records/lead", "eve", json={"name": "X"}).get_json()["id"]
    refused = office.ask("POST", f"/records/lead/{record}/convert/convert", "eve", json={})
    assert refused.status_code == 409, refused.text
    assert "须经审批" in refused.text
    assert listed(office, "root", "?state=pending") == []
    assert ask(office, "head", "/tasks")["data"] == []


def test_kept_values_after_any_course_of_events(office: Shop) -> None:
    chance = random.Random(7)
    customers = [firm(office), firm(office)]
    orders: list[str] = []
    for number in range(40):
        what = chance.choice(["new", "new", "agree", "reject", "return", "submit", "delete", "restore"])
        if what == "new":
            done = base.with_lines(
                office, chance.randint(1, 200), user=chance.choice(["li", "wu"]), name=f"N{number}",
                firm=chance.choice(customers), status=chance.choice(["live", "live", "draft"]),
            )  # fmt: skip
            orders.append(done.id)
        elif what in ("agree", "reject", "return", "submit"):
            user = chance.choice(["li", "wu"] if what == "submit" else ["boss", "chief"])
            tasks = ask(office, user, "/tasks")["data"]
            body = {"to": "start"} if what == "return" else {}
            if tasks:
                office.ask("POST", f"/tasks/{chance.choice(tasks)['id']}/{what}", user, json=body)
        elif orders:
            path = f"/records/order/{chance.choice(orders)}"
            method, path = ("DELETE", path) if what == "delete" else ("POST", f"{path}/restore")
            assert office.ask(method, path, "li").status_code < 500
        live = ask(office, "root", "/records/order?limit=200")["data"]
        for customer in customers:
            found = ask(office, "root", f"/records/firm/{customer}")
            mine = [one["total"] for one in live if one["firm"] == customer]
            assert (found["orders_total"], found["orders_now"]) == (sum(mine), len(mine)), what
    schema = office.workspace.schema
    rows = office.workspace.database.rows(Sql(
        f"SELECT p.state, count(*) FROM {schema}.s_proposal p JOIN {schema}.s_instance i ON i.id = p.instance "
        "WHERE (p.state IN ('open', 'conflict')) <> (i.state IN ('running', 'returned')) GROUP BY 1"))  # fmt: skip
    assert rows == []
    waiting = len(ask(office, "root", "/records/order?state=pending&limit=200")["data"])
    held = office.workspace.database.rows(
        Sql(f"SELECT count(*) FROM {schema}.s_proposal WHERE state IN ('open', 'conflict')")
    )
    assert held[0][0] == waiting


def test_a_sub_workflow_writes_to_the_record_that_waits(office: Shop) -> None:
    inner = """
workflow: credit_check
label: {en: Credit, zh: 信用}
object: order
start: {trigger: api}
nodes:
  - {action: mark, do: [{update: {note: checked}}]}
  - branch:
      - when: total > 50
        nodes: [{approve: chief, who: {user: chief}}]
      - else: []
"""
    flow = base.FLOW.replace("nodes:\n", "nodes:\n  - subflow: {workflow: credit_check}\n", 1)
    office.publish(*(one for one in DOCUMENTS if one is not base.FLOW), flow, inner)
    done = base.with_lines(office, 60)
    assert ask(office, "li", f"/records/order/{done.id}")["note"] == "checked"
    assert listed(office) == []
    decide(office, "chief", "agree")
    assert listed(office) == [], "the inner one approves nothing"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert listed(office) == ["A"]


def test_its_files_are_read_by_who_may_read_it(office: Shop) -> None:
    data = {"file": (io.BytesIO(b"scan"), "scan.txt")}
    made = office.ask("POST", "/files", "li", data=data).get_json()["id"]
    record = make(office, scan=[made])
    status = {user: office.ask("GET", f"/files/{made}", user).status_code for user in ("li", "boss", "wu")}
    assert status == {"li": 200, "boss": 200, "wu": 404}
    decide(office, "boss", "agree")
    assert office.ask("GET", f"/files/{made}", "wu").status_code == 200
    assert ask(office, "wu", f"/records/order/{record}")["scan"]
