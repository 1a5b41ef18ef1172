"""Whatever is asked for, decided and changed in between, in any order: nothing is in force before it is approved (I13)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.base.sqltext import Sql
from runtime.engine import compound, records
from runtime.engine.compound import Lines
from runtime.engine.saving import Options
from runtime.engine.workspace import Session
from tests.conftest import Shop
from tests.engine.test_proposals_lines import DOCUMENTS, FLOW, now, of, order

STEPS = ("form", "add", "set", "drop", "delete", "bulk", "edit", "agree", "agree", "reject", "withdraw", "rebase",
         "discard", "underhand")  # fmt: skip
ENDED = {"applied", "rejected", "withdrawn", "terminated"}


@pytest.fixture
def office(shop: Shop) -> Shop:
    flow = FLOW.replace("lines: [lines]", "lines: [lines], delete: true")
    shop.publish(*(flow if one is FLOW else one for one in DOCUMENTS))
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("chief", "sales")
    shop.user("li", "sales", manager=boss)
    return shop


def rows(shop: Shop, record: str) -> list[tuple[Any, ...]]:
    schema = shop.workspace.schema
    return shop.database.rows(Sql(
        f'SELECT p.instance::text, p.kind, p.state, i.state FROM "{schema}".s_proposal p JOIN "{schema}".s_instance i '
        "ON i.id = p.instance WHERE p.record_id = %s::uuid ORDER BY p.created_at", (record,)))  # fmt: skip


def picture(shop: Shop, record: str) -> Any:
    if shop.ask("GET", f"/records/order/{record}", "root").status_code == 404:
        return None
    found = now(shop, record)
    return (
        found["name"],
        found["discount"],
        found["total"],
        {name: one["price"] for name, one in of(shop, record).items()},
    )


def take(shop: Shop, record: str, step: str, number: int) -> int:
    """The status that a step has led to."""
    lines = of(shop, record)
    line = next(iter(lines.values()), None)
    if step == "form":
        changes: Any = {"creates": [{"product": f"f{number}", "price": number}]}
        if line:
            changes["updates"] = [{"id": line["id"], "price": number + 1}]
        try:
            done = compound.save(shop.session("li"), "order", record, {"discount": number % 50},
                                 [Lines("lines", **changes)])  # fmt: skip
        except Exception as error:
            return int(getattr(error, "status", 500))
        return 202 if done.pending else 200
    if step == "add":
        body = {"order": record, "product": f"a{number}", "price": number}
        return shop.ask("POST", "/records/line", "li", json=body).status_code
    if step in ("set", "drop") and line:
        path = f"/records/line/{line['id']}"
        method, body = ("PATCH", {"price": number + 7}) if step == "set" else ("DELETE", None)
        return shop.ask(method, path, "li", json=body).status_code
    if step == "bulk" and lines:
        body = {"mode": "delete", "records": [{"id": one["id"]} for one in lines.values()]}
        return max(one["status"] for one in shop.ask("POST", "/records/line/bulk", "li", json=body).json["results"])
    if step == "delete":
        return shop.ask("DELETE", f"/records/order/{record}", "li").status_code
    if step == "edit":
        return shop.ask("PATCH", f"/records/order/{record}", "li", json={"name": f"n{number}"}).status_code
    if step == "underhand" and line:
        session = Session(shop.workspace, user_id=None, channel="workflow")
        session.applying = "underhand"
        records.update(session, "line", line["id"], {"price": number + 3}, Options(trusted=True))
        return 200
    if step == "withdraw":
        open_one = next((one[0] for one in rows(shop, record) if one[2] not in ENDED), None)
        if open_one:
            return shop.ask("POST", f"/workflows/instances/{open_one}/withdraw", "li", json={}).status_code
    for user in ("boss", "chief", "li") if step in ("agree", "reject", "rebase", "discard") else ():
        for task in shop.ask("GET", "/tasks", user).json["data"]:
            actions = shop.ask("GET", f"/tasks/{task['id']}", user).json["actions"]
            if step in actions:
                return shop.ask("POST", f"/tasks/{task['id']}/{step}", user, json={"comment": "x"}).status_code
    return 0


@settings(max_examples=12, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 60)), min_size=4, max_size=14))
def test_nothing_is_in_force_before_it_is_approved(office: Shop, steps: list[tuple[str, int]]) -> None:
    record = order(office, 10, 20)
    for step, number in steps:
        before, known = picture(office, record), {one[0]: one[2] for one in rows(office, record)}
        status = take(office, record, step, number)
        after, found = picture(office, record), rows(office, record)
        assert status < 500, (step, status)
        assert len([one for one in found if one[2] not in ENDED]) <= 1, "one request a record"
        for instance, _, state, flow in found:
            assert (state in ENDED) == (flow not in ("running", "returned")), "a request ends with its workflow"
            assert (state == "applied") == (flow == "approved"), "in force only when approved"
            assert known.get(instance) not in ENDED or known[instance] == state, "and once"
        applied = [one for one in found if one[2] == "applied" and known.get(one[0]) != "applied"]
        assert len(applied) <= 1
        if applied:
            assert step == "agree" and (after is None) == (applied[0][1] == "delete")
        elif step in ("edit", "underhand"):
            assert (after != before) <= (status == 200)
        else:
            assert after == before, (step, status)
        if after is None:
            return
    for _ in range(8):  # Nothing is stuck: somebody can always end it.
        if not [one for one in rows(office, record) if one[2] not in ENDED]:
            return
        if not take(office, record, "reject", 1):
            take(office, record, "discard", 1)
    raise AssertionError(rows(office, record))
