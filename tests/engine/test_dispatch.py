"""Events of records: workflows that begin by them, waits, loops, retries, and that the outbox does not grow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts, dispatch, leaving, records
from runtime.store import beats, outbox
from tests.conftest import Shop

ORDER = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  note: {type: text, label: {en: Note, zh: 备注}}
  ready: {type: checkbox, label: {en: Ready, zh: 就绪}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, ok: {en: O, zh: 过}}, default: draft}
"""
OTHER = """
object: plain
label: {en: Plain, zh: 普通}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
"""
STAFF = """
role: staff
label: {en: Staff, zh: 员工}
objects:
  order: {create: true, read: all, update: all, delete: all}
  plain: {create: true, read: all, update: all}
"""


def flow(name: str, start: str, nodes: str = "[{approve: boss, who: {user: boss}}]", **more: str) -> str:
    rest = "".join(f"\n{key}: {value}" for key, value in more.items())
    return (
        f"workflow: {name}\nlabel: {{en: W, zh: 流}}\nobject: order\nlock: none\nstart: {start}\nnodes: {nodes}{rest}\n"
    )


@pytest.fixture
def firm(shop: Shop) -> Shop:
    return shop


def publish(shop: Shop, *flows: str) -> None:
    shop.publish(ORDER, OTHER, STAFF, *flows)
    if "li" not in shop._users:
        shop.user("li", "staff")
        shop.user("boss", "staff")


def order(shop: Shop, **values: Any) -> str:
    return records.create(shop.session("li"), "order", {"name": "O", **values}).id


def change(shop: Shop, record: str, **values: Any) -> None:
    records.update(shop.session("li"), "order", record, values)


def instances(shop: Shop) -> list[tuple[str, str, str | None]]:
    table = ident(shop.workspace.schema, "s_instance")
    return shop.database.rows(Sql(f"SELECT workflow, state, initiator::text FROM {table} ORDER BY id"))  # type: ignore[return-value]


def left_over(shop: Shop) -> dict[str, int]:
    return outbox.counts(shop.database, shop.workspace.schema)


def test_a_new_record_begins_a_workflow_as_who_made_it(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create, when: amount > 10}"))
    order(firm, amount=5)
    order(firm, amount=50)
    assert dispatch.drain(firm.workspace) > 0
    assert instances(firm) == [("check", "running", firm._users["li"][0])]
    assert left_over(firm) == {}
    assert dispatch.drain(firm.workspace) == 0 and len(instances(firm)) == 1


def test_the_first_that_fits_by_priority_then_name(firm: Shop) -> None:
    publish(
        firm,
        flow("b_second", "{trigger: on_create}"),
        flow("a_late", "{trigger: on_create, priority: 200}"),
        flow("z_first", "{trigger: on_create, priority: 1, when: amount > 100}"),
        flow("y_closed", "{trigger: on_create, priority: 2, who: {roles: [nobody]}}"),
        "role: nobody\nlabel: {en: N, zh: 无}\n",
    )
    order(firm, amount=500)
    order(firm, amount=5)
    dispatch.drain(firm.workspace)
    assert [one[0] for one in instances(firm)] == ["z_first", "b_second"]


def test_changes_of_fields_with_what_was_before(firm: Shop) -> None:
    publish(firm, flow("raise", "{trigger: on_change, on_change: {fields: [amount]}, when: amount > OLD(amount) * 2}"))
    record = order(firm, amount=10)
    change(firm, record, note="x")
    change(firm, record, amount=15)
    dispatch.drain(firm.workspace)
    assert instances(firm) == []
    change(firm, record, amount=40)
    dispatch.drain(firm.workspace)
    assert [one[:2] for one in instances(firm)] == [("raise", "running")]
    change(firm, record, amount=400)
    dispatch.drain(firm.workspace)
    assert len(instances(firm)) == 1, "it is in a workflow already"
    assert left_over(firm) == {}


def test_proposals_are_not_begun_by_events(firm: Shop) -> None:
    publish(firm, flow("guard", "{trigger: on_change, on_change: {fields: [amount], mode: proposal}}"))
    record = order(firm, amount=10)
    change(firm, record, amount=40)
    begun = instances(firm)
    dispatch.drain(firm.workspace)
    assert instances(firm) == begun and len(begun) == 1, "by the save itself, once"
    assert left_over(firm) == {}


def test_events_nobody_waits_for_go_away_many_at_once(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: manual}"))
    for number in range(30):
        records.create(firm.session("li"), "plain", {"name": str(number)})
    record = order(firm)
    change(firm, record, note="y")
    assert left_over(firm) == {"ready": 32}
    assert dispatch.drain(firm.workspace) == 32
    assert left_over(firm) == {}


def test_a_wait_goes_on_when_the_record_says_so(firm: Shop) -> None:
    publish(firm, flow("hold", "{trigger: on_create}", "[{wait: {until: ready}}, {approve: boss, who: {user: boss}}]"))
    record = order(firm)
    dispatch.drain(firm.workspace)
    events = Sql(f"SELECT count(*) FROM {ident(firm.workspace.schema, 's_flow_event')}")
    before = firm.database.rows(events)
    change(firm, record, note="not yet")
    dispatch.drain(firm.workspace)
    assert firm.database.rows(events) == before, "nothing is noted while nothing has come"
    change(firm, record, ready=True)
    dispatch.drain(firm.workspace)
    assert len(firm.ask("GET", "/tasks", "boss").get_json()["data"]) == 1


def test_a_deleted_record_ends_its_workflow(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    record = order(firm)
    dispatch.drain(firm.workspace)
    records.delete(firm.session("li"), "order", record)
    dispatch.drain(firm.workspace)
    assert [one[:2] for one in instances(firm)] == [("check", "terminated")]


def test_workflows_that_set_each_other_off_come_to_an_end(firm: Shop) -> None:
    bump = "[{action: a, do: [{update: {amount: '=amount + 1'}}]}]"
    mark = "[{action: a, do: [{update: {note: '=note & 1'}}]}]"
    publish(
        firm,
        flow("one", "{trigger: [on_create, on_change], on_change: {fields: [note, amount]}}", bump),
        flow("two", "{trigger: on_change, on_change: {fields: [amount]}}", mark),
    )
    order(firm, amount=1)
    for _ in range(10):
        dispatch.drain(firm.workspace)
    assert [one[:2] for one in instances(firm)] == [("one", "approved"), ("two", "approved")]
    assert left_over(firm) == {}


def test_what_an_approver_fills_in_does_not_begin_it_again(firm: Shop) -> None:
    nodes = "[{approve: boss, who: {user: boss}, fields: {editable: [amount]}}]"
    publish(firm, flow("check", "{trigger: [on_create, on_change], on_change: {fields: [amount]}}", nodes))
    order(firm, amount=1)
    dispatch.drain(firm.workspace)
    task = firm.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    found = firm.ask("POST", f"/tasks/{task}/agree", "boss", json={"values": {"amount": 2}})
    assert found.get_json()["state"] == "approved"
    dispatch.drain(firm.workspace)
    assert len(instances(firm)) == 1 and left_over(firm) == {}


def test_one_that_always_fails_is_given_up_and_holds_up_nobody(firm: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    bad, good = order(firm, name="bad"), order(firm, name="good")
    change(firm, bad, note="later")
    real = dispatch.work

    def work(session: Any, connection: Any, one: Any, now: Any) -> None:
        real(session, connection, one, now)
        if one.record == bad and one.told.type == "record_created":
            raise RuntimeError("broken")

    monkeypatch.setattr(dispatch, "work", work)
    due = Sql(f"UPDATE {ident(firm.workspace.schema, 's_outbox')} SET run_at = now()")
    for attempt in range(dispatch.ATTEMPTS):
        dispatch.drain(firm.workspace)
        waiting = {"dead": 1} if attempt == dispatch.ATTEMPTS - 1 else {"ready": 2}
        assert left_over(firm) == waiting, "the later change waits for the earlier one, the other record does not"
        firm.database.rows(due)
        assert len(instances(firm)) == 1, good
    assert "broken" in outbox.given_up(firm.database, firm.workspace.schema, 10)[0]


def test_two_workers_at_once_and_an_order(firm: Shop) -> None:
    publish(
        firm, flow("check", "{trigger: on_create}"), flow("again", "{trigger: on_change, on_change: {fields: [note]}}")
    )
    for number in range(40):
        record = order(firm, name=str(number))
        change(firm, record, note="n")
    threads = [threading.Thread(target=dispatch.drain, args=(firm.workspace,)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = instances(firm)
    assert len(found) == 40 and {one[0] for one in found} == {"check"}, "created before changed, each once"
    assert left_over(firm) == {}


def test_a_lease_that_is_over_is_taken_up_by_another(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    order(firm)
    dispatch.drop(firm.session())
    lost = outbox.claim(firm.database, firm.workspace.schema, 10, timedelta(milliseconds=1))
    assert len(lost) == 1
    time.sleep(0.01)
    dispatch.drain(firm.workspace)
    assert len(instances(firm)) == 1
    with firm.database.transaction() as connection:
        assert outbox.done(connection, firm.workspace.schema, lost) == 0, "it is not ours any more"


def test_somebody_who_leaves_hands_his_tasks_over(firm: Shop) -> None:
    upper = firm.user("upper")
    nodes = "[{approve: boss, who: {users: [mid, boss]}, mode: sequential}]"
    publish(firm, flow("check", "{trigger: on_create}", nodes))
    middle = firm.user("mid", manager=upper)
    order(firm)
    dispatch.drain(firm.workspace)
    accounts.change_user(firm.session("admin"), middle, {"active": False})
    tasks = firm.ask("GET", "/tasks", "upper").get_json()["data"]
    assert len(tasks) == 1, "at once, by who follows him"
    accounts.change_user(firm.session("admin"), firm._users["boss"][0], {"active": False})
    assert firm.ask("POST", f"/tasks/{tasks[0]['id']}/agree", "upper", json={}).status_code == 200
    assert len(firm.ask("GET", "/tasks", "admin").get_json()["data"]) == 1, "one whose turn had not come either"


def test_a_task_on_its_way_to_somebody_who_leaves_is_found_later(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    order(firm)
    dispatch.drain(firm.workspace)
    people = ident(firm.workspace.schema, "s_user")
    firm.database.rows(Sql(f"UPDATE {people} SET active = false WHERE name = 'boss'"))
    firm.database.rows(Sql(f"UPDATE {ident(firm.workspace.schema, 's_live')} SET stamp = stamp + 1"))
    assert leaving.sweep(firm.workspace) == 1
    assert leaving.sweep(firm.workspace) == 0
    assert len(firm.ask("GET", "/tasks", "admin").get_json()["data"]) == 1


# -- real processes ---------------------------------------------------------------------------------------------


@pytest.fixture
def workers(firm: Shop) -> Iterator[Any]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        program = "from runtime.cli import main; main()"
        environment = {**os.environ, "DOUGONG_DATABASE_URL": firm.settings.dsn}
        command = [sys.executable, "-c", program, "worker", "--data", str(firm.settings.data)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for one in started:
        one.kill()
        one.wait()


def until(condition: Any, seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing_and_do_nothing_twice(firm: Shop, workers: Any) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    for number in range(60):
        order(firm, name=str(number))
    first, second = workers(), workers()
    assert until(lambda: len(instances(firm)) >= 3)
    first.send_signal(signal.SIGKILL)
    assert until(lambda: len(instances(firm)) >= 10)
    second.send_signal(signal.SIGKILL)
    first.wait(), second.wait()
    for number in range(20):
        order(firm, name=f"more {number}")
    # What was claimed by the dead comes back when its lease is over; the test does not wait for a minute.
    table = ident(firm.workspace.schema, "s_outbox")
    firm.database.rows(Sql(f"UPDATE {table} SET locked_until = now() WHERE state = 'running'"))
    workers()
    assert until(lambda: left_over(firm) == {})
    assert len(instances(firm)) == 80
    assert (
        len(
            {
                row[0]
                for row in firm.database.rows(
                    Sql(f"SELECT record_id FROM {ident(firm.workspace.schema, 's_instance')}")
                )
            }
        )
        == 80
    )


@pytest.mark.slow
def test_a_worker_wakes_up_at_once_and_shows_that_it_is_there(firm: Shop, workers: Any) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    assert beats.there(firm.database) == 0
    process = workers()
    assert until(lambda: beats.there(firm.database) == 1)
    assert firm.app.test_client().get("/readyz").get_json() == {"status": "ok", "workers": 1}
    order(firm)
    assert until(lambda: len(instances(firm)) == 1)
    process.terminate()
    assert process.wait(timeout=15) == 0
    assert beats.there(firm.database) == 0


def test_the_bell_is_heard(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create}"))
    bell = outbox.Bell(firm.database)
    assert bell.wait(5) is None, "it listens from now on"
    records.create(firm.session("li"), "plain", {"name": "nobody cares"})
    assert bell.wait(0.2) == set()
    order(firm)
    assert bell.wait(5) == {firm.workspace.schema}
    bell.close()
