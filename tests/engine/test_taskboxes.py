"""Lists of tasks: filters, paging in every box, what they cost, many decided at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import taskboxes
from runtime.store import taskboxes as store
from runtime.store.database import run
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, FLOW, QUOTE, SALES, decide, mine, office, quote, start

__all__ = ["office"]
SECOND = """
workflow: second_look
label: {en: Second look, zh: 复核}
object: quote
title: "'Look ' & name"
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    fields: {required: [terms]}
    due: {in: 1m, steps: [{at: 0, do: remind}]}
"""


def listed(shop: Shop, user: str, **asked: Any) -> list[dict[str, Any]]:
    found = shop.ask("GET", "/tasks", user, query_string=asked)
    assert found.status_code == 200, found.text
    return list(found.get_json()["data"])


def pages(shop: Shop, user: str, box: str, limit: int) -> list[str]:
    ids: list[str] = []
    cursor = None
    while True:
        asked = {"box": box, "limit": limit, **({"cursor": cursor} if cursor else {})}
        found = shop.ask("GET", "/tasks", user, query_string=asked).get_json()
        ids += [one["id"] for one in found["data"]]
        cursor = found["next_cursor"]
        if cursor is None:
            return ids


def test_every_box_in_pages(office: Shop) -> None:
    boss = office.session("boss").user_id
    made = [start(office, quote(office, name=f"Q{number}"))["instance"] for number in range(5)]
    for one in made:
        copy = office.ask("POST", f"/workflows/instances/{one}/copy", "li", json={"people": [boss]})
        assert copy.status_code == 200
    assert pages(office, "li", "started", 2) == made[::-1]
    assert pages(office, "boss", "copied", 2) == made[::-1]
    todo = pages(office, "boss", "todo", 2)
    assert len(set(todo)) == 5 and [one["instance"] for one in listed(office, "boss")] == made[::-1]
    for task in (todo[3], todo[0], todo[1]):
        assert office.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    assert pages(office, "boss", "done", 1) == [todo[1], todo[0], todo[3]], "the last decision comes first"
    assert len(pages(office, "boss", "todo", 1)) == 2
    assert pages(office, "feng", "todo", 10) == [] and pages(office, "feng", "done", 10) == []


def test_filters(office: Shop) -> None:
    office.publish(QUOTE, FLOW, SALES, FINANCE, SECOND)
    first = start(office, quote(office, name="Pumps 50%"))["instance"]
    other = quote(office, name="Valves")
    second = office.ask("POST", "/workflows/second_look/start", "li", json={"object": "quote", "record": other}).json
    assert [one["instance"] for one in listed(office, "boss", workflow="second_look")] == [second["instance"]]
    assert [one["instance"] for one in listed(office, "boss", q="pUMPS 50%")] == [first]
    assert listed(office, "boss", q="%") and not listed(office, "boss", q="Pump_")
    assert not listed(office, "boss", overdue="true")
    session = office.session()
    late = f"UPDATE {session.layout.system('s_task')} SET due_at = now() - interval '1 hour' WHERE instance = %s::uuid"
    session.database.rows(Sql(late, (second["instance"],)))
    found = listed(office, "boss", overdue="true")
    assert [(one["instance"], one["overdue"]) for one in found] == [(second["instance"], True)]
    assert [one["title"] for one in listed(office, "li", box="started", q="look")] == ["Look Valves"]


@pytest.mark.parametrize(("asked", "status"), [
    ({"box": "nothing"}, 422), ({"cursor": "x"}, 422), ({"cursor": "' OR 1=1"}, 422), ({"limit": "many"}, 400),
    ({"limit": "0"}, 200), ({"limit": "100000"}, 200), ({"overdue": "perhaps"}, 400), ({"q": "\0"}, 400),
    ({"q": "x" * 5000}, 200), ({"workflow": "x" * 5000}, 200),
])  # fmt: skip
def test_bad_questions(office: Shop, asked: dict[str, str], status: int) -> None:
    start(office, quote(office))
    assert office.ask("GET", "/tasks", "boss", query_string=asked).status_code == status


def test_fifty_at_once_with_two_stale(office: Shop) -> None:
    """S40: 48 are decided, 2 are reported, and each by itself."""
    for number in range(50):
        start(office, quote(office, name=f"Q{number}"))
    ids = pages(office, "boss", "todo", 200)
    for one in (ids[7], ids[31]):
        assert office.ask("POST", f"/tasks/{one}/reject", "boss", json={}).status_code == 200
    body = {"action": "agree", "tasks": ids, "comment": "fine"}
    found = office.ask("POST", "/tasks/batch", "boss", json=body, headers={"Idempotency-Key": "once"}).get_json()[
        "data"
    ]
    assert [one["id"] for one in found] == ids
    assert [one["id"] for one in found if one["status"] != 200] == [ids[7], ids[31]]
    assert {one["code"] for one in found if one["status"] != 200} == {"already_ended"}
    assert {one["state"] for one in found if one["status"] == 200} == {"approved"}
    again = office.ask("POST", "/tasks/batch", "boss", json=body, headers={"Idempotency-Key": "once"}).get_json()[
        "data"
    ]
    assert [one["status"] for one in again] == [one["status"] for one in found], "the same key gives the same answer"
    assert pages(office, "boss", "todo", 200) == []


def test_what_must_be_filled_in_is_not_decided_together(office: Shop) -> None:
    office.publish(QUOTE, FLOW, SALES, FINANCE, SECOND)
    record = quote(office)
    assert (
        office.ask("POST", "/workflows/second_look/start", "li", json={"object": "quote", "record": record}).status_code
        == 201
    )
    start(office, quote(office))
    ids = pages(office, "boss", "todo", 10)
    found = office.ask(
        "POST", "/tasks/batch", "boss", json={"action": "agree", "tasks": [*ids, ids[0], "x"]}
    ).get_json()["data"]
    assert [(one["status"], one.get("code")) for one in found] == [(200, None), (409, "open_it"), (404, "notfound")]
    foreign = office.ask("POST", "/tasks/batch", "fang", json={"action": "agree", "tasks": [ids[1]]}).get_json()["data"]
    assert foreign[0]["status"] == 409 and len(mine(office, "boss")) == 1


@pytest.mark.parametrize("body", [
    {}, {"action": "agree"}, {"action": "agree", "tasks": []}, {"action": "agree", "tasks": "x"},
    {"action": "terminate", "tasks": ["x"]}, {"action": "agree", "tasks": ["x"] * 101},
    {"action": "agree", "tasks": ["x"], "comment": 7},
])  # fmt: skip
def test_bad_batches(office: Shop, body: dict[str, Any]) -> None:
    assert office.ask("POST", "/tasks/batch", "boss", json=body).status_code in (400, 422)


def test_a_batch_that_holds_anything(office: Shop) -> None:
    start(office, quote(office))
    found = office.ask("POST", "/tasks/batch", "boss", json={"action": "agree", "tasks": [None, {"a": 1}, 7, "\0"]})
    assert [one["status"] for one in found.get_json()["data"]] == [404] * 4


def test_what_others_have_to_do_costs_nothing(office: Shop) -> None:
    """The first page of every box and the counts go by index: with 100,000 open tasks of others no more is read."""
    instance = start(office, quote(office))["instance"]
    decide(office, "boss", "agree")
    last = start(office, quote(office))["instance"]
    session = office.session("boss")
    schema, boss = session.workspace.schema, str(session.user_id)
    table, copies = session.layout.system("s_task"), session.layout.system("s_copy")
    session.database.rows(Sql(
        f"INSERT INTO {table} (id, instance, number, node, kind, assignee, state, opened_at, decided_by, decided_at) "
        "SELECT gen_random_uuid(), %s::uuid, n + 100, 'boss', 'task', "
        "('00000000-0000-7000-8000-' || lpad((n %% 50)::text, 12, '0'))::uuid, 'open', now(), "
        "('00000000-0000-7000-8000-' || lpad((n %% 50)::text, 12, '0'))::uuid, now() "
        "FROM generate_series(1, 100000) n", (instance,)))  # fmt: skip
    session.database.rows(Sql(f"INSERT INTO {copies} (instance, user_id) VALUES (%s::uuid, %s::uuid)", (last, boss)))
    session.database.rows(Sql(f"VACUUM ANALYZE {table}"))
    plans = []

    class Explaining:
        """A database that tells how a statement is carried out in its place."""

        def rows(self, statement: Sql, *, prepare: bool = False) -> list[tuple[Any, ...]]:
            with session.database.connection() as connection:
                told = run(connection, Sql("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + statement)
            plans.append(told[0][0] if not isinstance(told[0][0], (str, bytes)) else json.loads(told[0][0]))
            return []

        def row(self, statement: Sql, *, prepare: bool = False) -> None:
            self.rows(statement)

        def ask(self, question: Any) -> list[tuple[Any, ...]]:
            self.rows(question.statement)
            return [(0, 0)]

    database: Any = Explaining()
    wanted = store.Wanted(limit=51)
    for box in taskboxes.BOXES.values():
        box(database, schema, boss, wanted)
    store.counts(database, schema, boss, 100)
    task = pages(office, "boss", "done", 5)[0]
    store.done(database, schema, boss, store.Wanted(limit=51, after=task))
    for plan in plans:
        top = plan[0]["Plan"]
        assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 40, json.dumps(plan)
    assert taskboxes.counts(session) == (1, 2)
