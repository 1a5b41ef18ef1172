"""Deletion by force: what a workflow holds goes all the same, with its end, a reason, and word to who had tasks."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import audit, dispatch, notices
from runtime.store import flows
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, FLOW, QUOTE, SALES, check_folds, decide, mine, quote, start
from tests.engine.test_scenarios import NEW, one
from tests.web.browser import person

INNER = """
workflow: inner
label: {en: Inner, zh: 内}
object: quote
lock: none
start: {trigger: api}
nodes: [{approve: check, who: {role: finance}, mode: all}]
"""
OUTER = FLOW.replace("nodes:\n", "nodes:\n  - subflow: {workflow: inner}\n", 1)
CHANGES = """
workflow: amounts
label: {en: Amounts, zh: 金额}
object: quote
start: {on_change: {fields: [amount], mode: proposal}}
nodes: [{approve: boss, who: {manager: {of: initiator}}}]
"""
GUARDED = CHANGES.replace("fields: [amount]", "delete: true")


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, FLOW.replace("after:", "after:\n  terminated: [{update: {terms: ended}}]"), SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    for name in ("fang", "feng"):
        shop.user(name, "finance")
    return shop


def remove(shop: Shop, record: str, user: str = "root", headers: Any = None, **args: str) -> Any:
    return shop.ask("DELETE", f"/records/quote/{record}?{urlencode(args)}", user, headers=headers)


def forced(shop: Shop, record: str, **args: str) -> Any:
    return remove(shop, record, force="true", reason="made twice", **args)


def state(shop: Shop, instance: str) -> str:
    found = flows.read(shop.database, shop.workspace.schema, instance)
    assert found is not None
    return found.state


def told(shop: Shop, user: str) -> list[tuple[str, str]]:
    rows = notices.listing(shop.session(user))["data"]
    return [(row["type"], row["text"]) for row in rows if row["type"] != "task"]


def test_it_ends_the_workflow_with_its_reason(office: Shop) -> None:
    record = quote(office)
    instance = start(office, record)["instance"]
    assert remove(office, record).status_code == 423
    assert forced(office, record).status_code == 204
    assert office.ask("GET", f"/records/quote/{record}", "root").status_code == 404
    ended = check_folds(office, instance)
    assert (ended.state, state(office, instance)) == ("terminated", "terminated")
    assert not ended.pending() and mine(office, "boss") == []
    events = flows.events(office.database, office.workspace.schema, instance)
    command = [data for _, _, type, data in events if type == "command"][-1]
    assert (command["reason"], command["actor"]) == ("made twice", office._users["root"][0])
    assert told(office, "boss") == [("dropped", "made twice")] == told(office, "li")
    entries = [entry for entry in audit.entries(office.workspace, 9) if entry[3] == "deleted_by_force"]
    assert len(entries) == 1 and "made twice" in str(entries[0][4])
    dispatch.drain(office.workspace)
    assert state(office, instance) == "terminated"
    restored = office.ask("POST", f"/records/quote/{record}/restore", "root")
    assert (restored.status_code, restored.get_json()["terms"]) == (200, "ended"), "what its end does is done"
    assert start(office, record)["state"] == "running", "free again"


def test_it_is_for_administrators_and_wants_a_reason(office: Shop) -> None:
    office.publish(QUOTE, FLOW, SALES.replace("update: own", "update: own, delete: own"), FINANCE)
    record = quote(office)
    instance = start(office, record)["instance"]
    assert remove(office, record, "li").status_code == 423
    assert remove(office, record, "li", force="true", reason="x").status_code == 403
    for reason in ("", "  ", "x" * 2001, "a\0b"):
        found = remove(office, record, force="true", reason=reason)
        assert found.status_code == 422 and found.get_json()["errors"][0]["field"] == "reason"
    assert remove(office, record, force="perhaps", reason="x").status_code == 400
    assert remove(office, record, reason="x").status_code == 423, "a reason alone is no force"
    assert remove(office, record, force="true", reason="x", headers={"If-Match": '"7"'}).status_code == 412
    assert state(office, instance) == "running" and len(mine(office, "boss")) == 1
    task = mine(office, "boss")[0]["id"]
    for path in (f"/tasks/{task}/drop", f"/workflows/instances/{instance}/drop"):
        assert office.ask("POST", path, "root", json={"reason": "x"}).status_code == 404, "by no other way"


def test_sub_workflows_end_with_it_and_their_people_are_told(shop: Shop) -> None:
    shop.publish(QUOTE, OUTER, INNER, SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    shop.user("fang", "finance")
    record = quote(shop)
    outer = start(shop, record)["instance"]
    inner = mine(shop, "fang")[0]["instance"]
    assert forced(shop, record).status_code == 204
    assert (state(shop, outer), state(shop, inner)) == ("terminated", "terminated")
    assert told(shop, "fang") == [("dropped", "made twice")]
    check_folds(shop, outer)
    check_folds(shop, inner)


def test_a_change_that_waits_is_given_up(shop: Shop) -> None:
    shop.publish(QUOTE, CHANGES, SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    record = quote(shop)
    assert shop.ask("PATCH", f"/records/quote/{record}", "li", json={"amount": 99}).status_code == 202
    assert remove(shop, record).status_code == 423
    assert forced(shop, record).status_code == 204
    table = ident(shop.workspace.schema, "s_proposal")
    assert shop.database.rows(Sql(f"SELECT state FROM {table}")) == [("terminated",)]
    assert shop.ask("POST", f"/records/quote/{record}/restore", "root").get_json()["amount"] == 10


def test_a_new_record_that_waits_goes_to_the_recycle_bin(shop: Shop) -> None:
    waiting = CHANGES.replace("on_change: {fields: [amount], mode: proposal}", "on_create: {mode: pending}")
    shop.publish(QUOTE, waiting, SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    made = shop.ask("POST", "/records/quote", "li", json={"name": "N", "amount": 1})
    record, instance = made.get_json()["record"]["id"], made.get_json()["pending"]["instance"]
    assert (made.status_code, remove(shop, record).status_code) == (202, 423)
    assert remove(shop, record, "boss", force="true", reason="x").status_code in (403, 404)
    assert state(shop, instance) == "running"
    assert "End the workflow and delete" in person(shop, "chief", "admin").text(f"/o/quote/{record}/delete")
    assert forced(shop, record).status_code == 204
    assert state(shop, instance) == "terminated" and told(shop, "boss") == [("dropped", "made twice")]
    assert shop.ask("GET", f"/records/quote/{record}", "root").status_code == 404
    deleted = shop.ask("GET", "/records/quote?deleted=true", "root").get_json()["data"]
    assert [one["id"] for one in deleted] == [record]
    assert forced(shop, record).status_code == 404, "once"


def test_force_is_no_approval(shop: Shop) -> None:
    shop.publish(QUOTE, GUARDED, SALES.replace("update: own", "update: own, delete: own"), FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    record = quote(shop)
    assert remove(shop, record, "li").status_code == 202
    found = forced(shop, record)
    assert (found.status_code, found.get_json()["errors"][0]["code"]) == (409, "needs_approval")
    assert len(mine(shop, "boss")) == 1


def test_an_approval_that_keeps_the_record(shop: Shop) -> None:
    shop.publish(QUOTE, FLOW.replace("object: quote\n", "object: quote\nlock_after: true\n"), SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    record = quote(shop)
    instance = start(shop, record)["instance"]
    assert decide(shop, "boss", "agree").status_code == 200
    assert remove(shop, record).status_code == 423
    assert forced(shop, record).status_code == 204
    assert state(shop, instance) == "approved", "an end stays an end"


def test_what_refuses_the_deletion_ends_nothing(shop: Shop) -> None:
    line = "\n".join((
        "object: note", "label: {en: Note, zh: 备注}", "title: text", "fields:",
        "  text: {type: text, label: {en: T, zh: 文}}",
        "  quote: {type: link, label: {en: Q, zh: 报价}, to: quote, on_delete: restrict}",
    ))  # fmt: skip
    shop.publish(QUOTE, line, FLOW, SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    record = quote(shop)
    instance = start(shop, record)["instance"]
    assert shop.ask("POST", "/records/note", "root", json={"text": "t", "quote": record}).status_code == 201
    assert forced(shop, record).status_code == 409
    assert state(shop, instance) == "running" and told(shop, "boss") == []
    assert [entry for entry in audit.entries(shop.workspace, 9) if entry[3] == "deleted_by_force"] == []


def test_a_decision_at_the_same_moment(office: Shop) -> None:
    """Either the decision was first, or it is told what has happened; nothing is stuck and nothing half done."""
    for _ in range(6):
        record = quote(office)
        instance = start(office, record)["instance"]
        task = mine(office, "boss")[0]["id"]
        found: dict[str, int] = {}

        def agree(task: str = task, found: dict[str, int] = found) -> None:
            found["agree"] = office.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code

        other = threading.Thread(target=agree)
        other.start()
        gone = forced(office, record).status_code
        other.join()
        first = (found["agree"], state(office, instance))
        assert first in ((200, "approved"), (409, "terminated"), (404, "terminated")), (first, gone)
        assert gone == (204 if first[1] == "terminated" else gone) and gone in (204, 412)
        check_folds(office, instance)


def test_the_page_says_what_ends(office: Shop) -> None:
    record = quote(office)
    start(office, record)
    root = person(office, "chief", "admin")
    path = f"/o/quote/{record}"
    assert f'href="{path}/delete"' in root.text(path)
    shown = root.text(f"{path}/delete")
    assert "Quote approval" in shown and "boss" in shown and "End the workflow and delete" in shown
    assert "recycle bin, with everything" not in shown
    assert root.fill(f"{path}/delete", {"reason": " "}).status_code == 422
    assert root.fill(f"{path}/delete", {"reason": "made <b>twice</b>"}).status_code == 303
    assert "made &lt;b&gt;twice" in person(office, "zhou", "admin").text("/admin/audit")
    boss = person(office, "boss2", "sales")
    assert boss.get(f"{path}/delete").status_code in (403, 404)


def test_a_scenario_can_do_it(shop: Shop) -> None:
    done = one(
        shop, NEW, "{as: li, delete: a, force: true, reason: r, refused: forbidden}",
        "{as: admin, delete: a, force: true, refused: invalid}",
        "{as: admin, delete: a, force: true, reason: made twice}",
        "expect: {gone: [a], state: terminated, notified: [wang, li]}",
    )  # fmt: skip
    assert done.ok, [each.problem.show() for each in done.failures]
