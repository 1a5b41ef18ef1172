"""Stand-ins of both modes over the API: both have the task, one decides; boxes, counts, notices, bad requests, cost."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.errors import Conflict
from runtime.base.sqltext import Sql
from runtime.engine import notices, taskboxes
from runtime.engine.flows import Flows
from runtime.store import standins as store
from runtime.store import taskboxes as boxes
from runtime.store.database import run
from tests.conftest import Shop
from tests.engine.test_flows import check_folds, decide, mine, office, quote, start

__all__ = ["office"]


def wanted(**more: Any) -> dict[str, Any]:
    return {"stand_in": "feng", "until": (datetime.now(UTC) + timedelta(days=3)).isoformat(), **more}


def arrange(shop: Shop, mode: str = "share", user: str = "boss") -> str:
    found = shop.ask("POST", "/stand-ins", user, json=wanted(mode=mode))
    assert found.status_code == 201, found.text
    return str(found.get_json()["id"])


def events(shop: Shop, instance: str, name: str) -> list[dict[str, Any]]:
    history = shop.ask("GET", f"/workflows/instances/{instance}", "li").get_json()["history"]
    return [one["data"] for one in history if one["type"] == "command" and one["data"]["name"] == name]


def test_both_have_it_and_one_decides(office: Shop) -> None:
    arrange(office)
    people = {name: str(office.session(name).user_id) for name in ("boss", "feng")}
    for actor, other, behalf in (("boss", "feng", None), ("feng", "boss", people["boss"])):
        instance = start(office, quote(office))["instance"]
        (task,), (same,) = mine(office, "boss"), mine(office, "feng")
        assert task["id"] == same["id"] and (task["assignee"], task["principal"]) == (people["feng"], people["boss"])
        assert task["shared"] is True
        assert [taskboxes.counts(office.session(name))[0] for name in ("boss", "feng")] == [1, 1]
        offered = office.ask("GET", f"/tasks/{task['id']}", "boss").get_json()["actions"]
        assert {"agree", "reject", "take_over"} <= set(offered)
        assert "take_over" not in office.ask("GET", f"/tasks/{task['id']}", "feng").get_json()["actions"]
        assert office.ask("POST", f"/tasks/{task['id']}/agree", "fang", json={}).status_code in (403, 404)
        assert (
            office.ask("POST", f"/tasks/{task['id']}/agree", actor, json={"values": {"terms": "x"}}).status_code == 200
        )
        late = office.ask("POST", f"/tasks/{task['id']}/reject", other, json={})
        assert late.status_code == 409, late.text
        (said,) = events(office, instance, "agree")
        assert (said["actor"], said["on_behalf"]) == (people[actor], behalf)
        assert mine(office, "boss") == mine(office, "feng") == []
        assert [taskboxes.counts(office.session(name))[0] for name in ("boss", "feng")] == [0, 0]
        done = office.ask("GET", "/tasks?box=done", actor).get_json()["data"]
        assert done[0]["instance"] == instance and done[0]["decided_by"] == people[actor]
        check_folds(office, instance)


def test_the_other_is_told_who_did_what(office: Shop) -> None:
    arrange(office)
    start(office, quote(office, amount=500))
    task = mine(office, "boss")[0]["id"]
    assert office.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    late = office.ask("POST", f"/tasks/{task}/agree", "feng", json={})
    told = late.get_json()
    assert (late.status_code, told["type"]) == (409, "urn:dougong:task_agreed")
    assert told["by"] == office.session("boss").user_id, told


def test_both_at_the_same_moment(office: Shop) -> None:
    """Two connections, two people, one task: one decides, the other gets a 409, every time."""
    arrange(office)
    people = [office.session("boss"), office.session("feng")]
    for number in range(15):
        instance = start(office, quote(office))["instance"]
        barrier, outcomes = threading.Barrier(2), []

        def one(session: Any, word: str, instance: str = instance, barrier: Any = barrier,
                outcomes: Any = outcomes) -> None:  # fmt: skip
            barrier.wait()
            try:
                outcomes.append(Flows(session).act(instance, word, 1, {})["state"])
            except Conflict as error:
                outcomes.append(error.status)

        threads = [threading.Thread(target=one, args=pair) for pair in zip(people, ("agree", "reject"), strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 409 in outcomes and {"approved", "rejected"} & set(outcomes), (number, outcomes)
        assert len(events(office, instance, "agree") + events(office, instance, "reject")) == 1
        check_folds(office, instance)


def test_the_mode_is_that_of_the_moment_when_the_task_was_opened(office: Shop) -> None:
    end = arrange(office)
    first = start(office, quote(office))["instance"]
    assert office.ask("DELETE", f"/stand-ins/{end}", "boss").status_code == 204
    assert [one["instance"] for one in mine(office, "boss")] == [first], "it stays shared"
    assert office.ask("DELETE", f"/stand-ins/{end}", "boss").status_code == 404
    arrange(office, "take_over")
    second = start(office, quote(office))["instance"]
    assert [one["instance"] for one in mine(office, "boss")] == [first]
    assert [one["instance"] for one in mine(office, "feng")] == [second, first]
    assert [one["shared"] for one in mine(office, "feng")] == [False, True]
    session = office.session()
    session.database.rows(Sql(f"UPDATE {session.layout.system('s_delegation')} SET mode = 'share'"))
    assert [one["instance"] for one in mine(office, "boss")] == [first]
    task = mine(office, "feng")[0]["id"]
    assert office.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 403


def test_both_get_the_notice_and_decide_several_at_once(office: Shop) -> None:
    arrange(office)
    for _ in range(3):
        start(office, quote(office))
    for user in ("boss", "feng"):
        told = notices.listing(office.session(user))["data"]
        assert [one["type"] for one in told] == ["task"] * 3
    ids = [one["id"] for one in mine(office, "boss")]
    for user, some in (("boss", ids[:2]), ("feng", ids)):
        found = office.ask("POST", "/tasks/batch", user, json={"action": "agree", "tasks": some}).get_json()["data"]
        assert [one["status"] for one in found] == ([200, 200] if user == "boss" else [409, 409, 200])


def test_take_over_pages_and_filters(office: Shop) -> None:
    arrange(office)
    made = [start(office, quote(office, name=f"N{number}"))["instance"] for number in range(5)]
    decide(office, "boss", "take_over")
    assert [one["instance"] for one in mine(office, "feng")] == made[:4][::-1]
    assert {one["instance"] for one in mine(office, "boss")} == set(made)
    seen, cursor = [], ""
    while True:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = office.ask("GET", "/tasks", "boss", query_string=asked).get_json()
        seen += [one["instance"] for one in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert sorted(seen) == sorted(made)
    named = office.ask("GET", "/tasks?q=n3", "boss").get_json()["data"]
    assert [one["instance"] for one in named] == [made[3]]
    assert len(office.ask("GET", "/tasks?workflow=quote_approval", "boss").get_json()["data"]) == 5


def test_stand_ins_over_the_api(office: Shop) -> None:
    made = arrange(office)
    (one,) = office.ask("GET", "/stand-ins", "boss").get_json()["data"]
    people = {name: str(office.session(name).user_id) for name in ("boss", "feng")}
    assert (one["id"], one["user"], one["stand_in"], one["mode"]) == (made, people["boss"], people["feng"], "share")
    assert office.ask("GET", "/stand-ins", "feng").get_json()["data"] == [one]
    assert office.ask("GET", "/stand-ins", "fang").get_json()["data"] == []
    assert office.ask("DELETE", f"/stand-ins/{made}", "feng").status_code == 404
    assert office.ask("DELETE", "/stand-ins/x", "boss").status_code == 404
    usual = office.ask("POST", "/stand-ins", "fang", json=wanted(workflows=["quote_approval"])).get_json()["id"]
    (own,) = office.ask("GET", "/stand-ins", "fang").get_json()["data"]
    assert (own["id"], own["mode"], own["workflows"]) == (usual, "take_over", ["quote_approval"])


@pytest.mark.parametrize(("more", "field"), [
    ({"mode": "both"}, "mode"), ({"mode": ""}, "mode"), ({"mode": None}, "mode"), ({"mode": ["share"]}, "mode"),
    ({"mode": "x" * 100_000}, "mode"), ({"mode": "SHARE"}, "mode"), ({"until": None}, "until"), ({"until": 5}, "until"),
    ({"until": "2099-01-01"}, "until"), ({"from": "yesterday"}, "from"), ({"until": "9999-12-31T23:59:59-14:00"}, "until"),
    ({"workflows": "quote_approval"}, "workflows"), ({"workflows": [1]}, "workflows"), ({"stand_in": 7}, "stand_in"),
    ({"stand_in": "nobody"}, "stand_in"), ({"stand_in": "boss"}, "stand_in"), ({"user": "li"}, "user"),
])  # fmt: skip
def test_what_is_no_stand_in(office: Shop, more: dict[str, Any], field: str) -> None:
    found = office.ask("POST", "/stand-ins", "boss", json=wanted(**more))
    assert found.status_code == 422 and found.get_json()["errors"][0]["field"] == field, found.text
    if field == "mode":
        assert "take_over, share" in found.text and len(found.text) < 2000
    assert office.ask("GET", "/stand-ins", "boss").get_json()["data"] == []


def test_the_database_knows_no_other_mode(office: Shop) -> None:
    session = office.session("boss")
    other, now = str(office.session("feng").user_id), datetime.now(UTC)
    with pytest.raises(Exception, match="s_delegation_mode"):
        store.add(session.database, session.workspace.schema, str(session.user_id), other, [], now, now, "both")


def test_the_description_of_the_api(office: Shop) -> None:
    paths = office.ask("GET", "/openapi.json", "boss").get_json()["paths"]
    body = paths["/api/v1/stand-ins"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["mode"]["enum"] == ["take_over", "share"]
    assert set(paths["/api/v1/stand-ins/{id}"]) == {"parameters", "delete"}


def test_what_others_share_costs_nothing(office: Shop) -> None:
    """100,000 open tasks that others share with their stand-ins, some of them with the caller's own: by index still."""
    arrange(office)
    instance = start(office, quote(office))["instance"]
    session = office.session("boss")
    schema, boss, table = session.workspace.schema, str(session.user_id), session.layout.system("s_task")
    someone = "('00000000-0000-7000-8000-' || lpad(((n + {}) %% 50)::text, 12, '0'))::uuid"
    session.database.rows(Sql(
        f"INSERT INTO {table} (id, instance, number, node, kind, assignee, principal, shared, state, opened_at) "
        f"SELECT gen_random_uuid(), %s::uuid, n + 100, 'boss', 'task', {someone.format(0)}, {someone.format(7)}, "
        "n %% 2 = 0, 'open', now() FROM generate_series(1, 100000) n", (instance,)))  # fmt: skip
    session.database.rows(Sql(f"VACUUM ANALYZE {table}"))
    for said in (
        Sql(f"SELECT {boxes.TASK} FROM (") + boxes.own(schema, "*", boss)
        + Sql(f") t JOIN {session.layout.system('s_instance')} i ON i.id = t.instance ORDER BY t.id DESC LIMIT 51"),
        boxes.counting(schema, boss, 100).statement,
        boxes.counting(schema, "00000000-0000-7000-8000-000000000001", 100).statement,
    ):  # fmt: skip
        with session.database.connection() as connection:
            told = run(connection, Sql("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + said)[0][0]
        plan = told if not isinstance(told, (str, bytes)) else json.loads(told)
        top = plan[0]["Plan"]
        assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 130, json.dumps(plan)
    busy = boxes.todo(session.database, schema, "00000000-0000-7000-8000-000000000001", boxes.Wanted(limit=51))
    assert len(busy) == 51 and [one[0] for one in busy] == sorted((one[0] for one in busy), reverse=True)
    assert len(boxes.todo(session.database, schema, boss, boxes.Wanted(limit=51))) == 1
