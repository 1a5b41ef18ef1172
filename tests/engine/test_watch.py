"""Workers know when there is something to do: called at once, timers on time, and next to nothing where nothing happens."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts, bulk, dispatch, flows, imports, worker
from runtime.engine.watch import AGAIN, EVENTS, IMPORTS, MAIL, TIMERS, WORK, Ear, Watch
from runtime.store import agenda, outbox, provisioning, workspaces
from runtime.store.database import Database
from tests.conftest import Shop
from tests.engine.test_dispatch import flow, instances, left_over, order, publish

NEVER = 10_000.0
#: At once, on a machine that others keep busy.
SOON = 5.0


def until(condition: Callable[[], Any], seconds: float = 60) -> float:
    """Seconds until it is so."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.005)
    raise AssertionError("it does not come")


@contextmanager
def working(shop: Shop, back_off: float, count: int = 1) -> Iterator[Watch]:
    """A worker in threads."""
    ended = threading.Event()
    watch = Watch(shop.services.workspaces, ended.is_set, back_off)
    threads = [threading.Thread(target=worker.work, args=(shop.services.workspaces, watch.ear(*WORK)))
               for _ in range(count)]  # fmt: skip
    threads.append(threading.Thread(target=watch.run))
    for one in threads:
        one.start()
    try:
        until(lambda: watch.bell.connection is not None and not watch.missed and all(watch.next.values()))
        yield watch
    finally:
        ended.set()
        for one in threads:
            one.join()


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are asked outside of transactions."""
    asked: list[str] = []
    real = Database.rows

    def rows(self: Database, statement: Sql, *, prepare: bool = False) -> Any:
        asked.append(statement.text)
        return real(self, statement, prepare=prepare)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "rows", rows)
        yield asked


def test_an_idle_workspace_costs_one_statement_in_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        provisioning.create(shop.database, f"more{number}")
    with working(shop, 1.0), counted(monkeypatch) as asked:
        time.sleep(4)
    looks = [one for one in asked if "s_outbox" in one]
    assert 10 * 3 <= len(looks) <= 10 * 6, "each about once a second here"
    others = [one for one in asked if one not in looks and '"worker"' not in one]
    assert len(others) <= 5 and all("workspace" in one for one in others), "and the list of them"


def test_an_event_is_taken_up_at_once(shop: Shop) -> None:
    publish(shop, flow("check", "{trigger: on_create}"))
    with working(shop, NEVER):
        took = []
        for count in range(1, 6):
            order(shop)
            took.append(until(lambda count=count: len(instances(shop)) == count))  # type: ignore[misc]
        assert min(took) < 0.5 and max(took) < SOON, "at once, as far as the machine lets it"
        until(lambda: left_over(shop) == {})


def test_a_timer_that_a_decision_sets_fires_on_time(shop: Shop) -> None:
    publish(shop, flow("hold", "{trigger: manual}", "[{wait: {for: 1h}}]"))
    record, table = order(shop), ident(shop.workspace.schema, "s_timer")
    with working(shop, NEVER):
        flows.start(shop.session("li"), "hold", "order", record)
        shop.database.rows(Sql(f"UPDATE {table} SET fire_at = now() + interval '1.5 s' RETURNING 1"))
        outbox.wake(shop.database, shop.workspace.schema)  # As for one that was set so by a command.
        took = until(lambda: instances(shop)[0][1] == "approved")
    assert 1.2 < took < 1.5 + SOON


def test_a_decision_calls_with_what_follows_from_it(shop: Shop) -> None:
    first = "[{approve: boss, who: {user: boss}}, {action: a, do: [{update: {amount: 5}}]}]"
    publish(
        shop,
        flow("first", "{trigger: manual}", first),
        flow("second", "{trigger: on_change, on_change: {fields: [amount]}}"),
    )
    record = order(shop, amount=1)
    dispatch.drain(shop.workspace)
    made = flows.start(shop.session("li"), "first", "order", record)
    with working(shop, NEVER):
        flows.act(shop.session("boss"), made["instance"], "agree", made["open_tasks"][0]["number"], {})
        assert until(lambda: len(instances(shop)) == 2) < SOON


def test_what_nobody_called_for_is_found_within_the_back_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(shop, flow("check", "{trigger: on_create}"))
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "wake", lambda *_: None)
        order(shop)
        with working(shop, 1.0):
            assert until(lambda: len(instances(shop)) == 1) < SOON, "a worker that begins looks at everything"
            order(shop)
            assert until(lambda: len(instances(shop)) == 2) < 1.0 + SOON


def test_a_connection_that_breaks_is_made_anew_and_everything_looked_at(shop: Shop) -> None:
    publish(shop, flow("check", "{trigger: on_create}"))
    with working(shop, NEVER):
        shop.database.rows(Sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' "
            "AND datname = current_database()"))  # fmt: skip
        order(shop)  # Nobody may hear it.
        assert until(lambda: len(instances(shop)) == 1) < 2 * SOON
        order(shop)
        assert until(lambda: len(instances(shop)) == 2) < SOON


def test_a_new_workspace_is_met_when_it_calls(shop: Shop) -> None:
    with working(shop, NEVER) as watch:
        provisioning.create(shop.database, "later")
        outbox.wake(shop.database, workspaces.find(shop.database, "later").schema)
        until(lambda: "later" in watch.next)


def test_what_cannot_be_done_now_is_not_looked_for_all_the_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(shop, flow("check", "{trigger: on_create}"))
    record = order(shop)
    table = ident(shop.workspace.schema, "s_outbox")
    lease = "SET state = 'running', locked_until = now() + interval '1 h'"
    shop.database.rows(Sql(f"UPDATE {table} {lease} RETURNING 1"))
    shop.database.rows(Sql(
        f"INSERT INTO {table} (partition, type, payload) SELECT partition, type, payload FROM {table} RETURNING 1"
    ))  # fmt: skip
    with working(shop, 30.0), counted(monkeypatch) as asked:
        time.sleep(4)
    claims = [one for one in asked if "SET state = 'running'" in one]
    assert 1 <= len(claims) <= 4, "after 1, 2, 4 seconds"
    assert record and instances(shop) == []


def test_two_ears_hear_of_their_own_kinds_only(shop: Shop) -> None:
    watch = Watch(shop.services.workspaces, lambda: False, NEVER)
    work, mail = watch.ear(*WORK), watch.ear(MAIL)
    for ear in (work, mail):
        ear.told("main", {EVENTS: 0.0, MAIL: -1.0, TIMERS: 60.0, IMPORTS: 0.0}, called=True)
    assert work.wait(0) == {"main": frozenset({EVENTS})}
    assert mail.wait(0) == {"main": frozenset({MAIL})}
    assert work.wait(0) == {} and mail.wait(0) == {}


def test_in_vain_then_later_then_called(shop: Shop) -> None:
    watch = Watch(shop.services.workspaces, lambda: False, NEVER)
    watch.look = lambda *_, **__: None  # type: ignore[method-assign]
    ear = Ear(watch, [EVENTS, TIMERS])
    ear.told("main", {EVENTS: 0.0}, called=False)
    assert ear.wait(0)
    ear.did("main", {EVENTS: 0})
    ear.told("main", {EVENTS: 0.0, TIMERS: 0.0}, called=False)
    assert ear.wait(0) == {"main": frozenset({TIMERS})}, "one that is in vain hides no other"
    assert ear.wait(0) == {}
    ear.told("main", {EVENTS: 0.0}, called=True)
    assert ear.wait(0) == {"main": frozenset({EVENTS})}
    ear.did("main", {EVENTS: 0})
    ear.told("main", {EVENTS: 0.0}, called=False)
    assert ear.wait(AGAIN + 0.5) == {"main": frozenset({EVENTS})}
    ear.forget(["main"])
    assert ear.wait(0) == {}


def test_the_agenda_of_a_workspace(shop: Shop) -> None:
    publish(shop, flow("hold", "{trigger: on_create}", "[{wait: {for: 1h}}, {approve: boss, who: {user: boss}}]"))
    schema = shop.workspace.schema
    assert agenda.look(shop.database, schema) == {}
    order(shop)
    assert agenda.look(shop.database, schema) == {EVENTS: 0.0}
    dispatch.drain(shop.workspace)
    found = agenda.look(shop.database, schema)
    assert found.keys() == {TIMERS} and 3500 < found[TIMERS] <= 3600
    table = ident(schema, "s_timer")
    shop.database.rows(Sql(f"UPDATE {table} SET fire_at = now() - interval '1 s' RETURNING 1"))
    assert worker.fire_due(shop.workspace) == 1
    assert agenda.look(shop.database, schema) == {MAIL: 0.0}, "a notice of the task"


def test_an_import_calls_once_a_batch(shop: Shop) -> None:
    publish(shop, flow("check", "{trigger: on_create, when: amount > 100000}"))
    shop.user("root", "admin")
    bell = outbox.Bell(shop.database)
    assert bell.wait(1) is None
    text = "name,amount\n" + "".join(f"row {number},{number}\n" for number in range(2500))
    done = imports.run(shop.session("root"), "order", io.BytesIO(text.encode()), imports.Options(name="rows.csv"))
    assert done.created == 2500
    assert bell.connection is not None
    calls = len(list(bell.connection.notifies(timeout=0.5)))
    assert calls == 2500 / bulk.BATCH
    bell.close()


@pytest.mark.parametrize("way", ["delete", "restore", "bulk", "leave"])
def test_every_way_calls(shop: Shop, way: str) -> None:
    publish(shop, flow("check", "{trigger: manual}"))
    record = order(shop)
    shop.user("zhao", "staff")
    if way == "restore":
        assert shop.ask("DELETE", f"/records/order/{record}", "li").status_code == 204
    bell = outbox.Bell(shop.database)
    assert bell.wait(1) is None
    if way == "delete":
        assert shop.ask("DELETE", f"/records/order/{record}", "li").status_code == 204
    elif way == "restore":
        assert shop.ask("POST", f"/records/order/{record}/restore", "admin").status_code == 200
    elif way == "bulk":
        sent = {"mode": "create", "records": [{"name": "one"}]}
        assert shop.ask("POST", "/records/order/bulk", "admin", json=sent).status_code < 300
    else:
        accounts.change_user(shop.session("admin"), shop._users["zhao"][0], {"active": False})
    assert bell.wait(2) == {shop.workspace.schema}
    bell.close()
