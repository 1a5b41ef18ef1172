"""A changed calendar reaches running deadlines through the worker: bit by bit, once, whoever dies on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import administration, calendars, publish, recounting, worker
from runtime.engine.flow import worktime
from runtime.engine.flows import Flows
from runtime.meta import load
from runtime.store import flows, recounts
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, QUOTE, SALES, check_folds, quote, start
from tests.web.browser import person

FLOW = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
CALENDAR
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    due: {in: 20wd, steps: [{at: -1wd, do: remind}, {at: 0, do: auto_agree}]}
"""
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:30-18:00")


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, FLOW.replace("CALENDAR\n", ""), SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    return shop


def test_a_plan_says_when_nobody_keeps_the_calendar_of_a_workflow(shop: Shop) -> None:
    shop.user("root", "admin")
    documents = "---\n".join((QUOTE, FLOW.replace("CALENDAR", "calendar: offices"), SALES, FINANCE))

    def told() -> list[tuple[str, str, str, int]]:
        found = publish.plan(shop.workspace, load.from_texts([("app.yaml", documents)], "app")).problems
        return [(one.code, one.severity, one.message.en, one.line or 0) for one in found if one.code == "calendar"]

    line = documents.splitlines().index("calendar: offices") + 1
    first = "nobody keeps a working calendar 'offices' here; the usual one counts until somebody does"
    assert told() == [("calendar", "warning", first, line)]
    calendars.save(shop.session("root"), "office", WEEK, new=True)
    assert told() == [("calendar", "warning", f"{first} (did you mean 'office'?)", line)]
    calendars.save(shop.session("root"), "offices", WEEK, new=True)
    assert told() == []


def timers(shop: Shop) -> list[tuple[str, int, datetime, str]]:
    table = ident(shop.workspace.schema, "s_timer")
    return shop.database.rows(Sql(f"SELECT instance::text, number, fire_at, state FROM {table} ORDER BY 1, 2"))  # type: ignore[return-value]


def events(shop: Shop) -> list[str]:
    table = ident(shop.workspace.schema, "s_flow_event")
    return [row[0] for row in shop.database.rows(
        Sql(f"SELECT instance::text FROM {table} WHERE type = 'recounted' ORDER BY 1"))]  # fmt: skip


def days_off(shop: Shop) -> list[str]:
    """The next three days that people work on by the calendar as it is."""
    found, day = [], datetime.now(UTC).date()
    calendar = calendars.one(shop.session("root"), "default")
    while len(found) < 3:
        day += timedelta(days=1)
        if calendar.working(day):
            found.append(day.isoformat())
    return found


def keep(shop: Shop, name: str = "default", **values: str) -> None:
    calendars.save(shop.session("root"), name, {**WEEK, "country": "CN", **values}, new=name == "other")


def test_holidays_and_make_up_workdays(office: Shop) -> None:
    instance = start(office, quote(office))["instance"]
    before = timers(office)
    keep(office, holidays="\n".join(days_off(office)))
    assert timers(office) == before, "not in the request of the administrator"
    assert recounts.waiting(office.database, office.workspace.schema) == 1
    assert recounting.go_on(office.workspace) == 1
    later = timers(office)
    assert [one[2] > old[2] for one, old in zip(later, before, strict=True)] == [True, True]
    state = check_folds(office, instance)
    due = office.database.rows(Sql(f"SELECT due_at FROM {ident(office.workspace.schema, 's_task')}"))[0][0]
    assert due == later[1][2] and state.tasks[1].due == f"{due.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    assert recounts.waiting(office.database, office.workspace.schema) == 0
    assert recounting.go_on(office.workspace) == 0 and len(events(office)) == 1
    keep(office, holidays="\n".join(days_off(office)[:0]))
    assert recounting.go_on(office.workspace) == 1 and timers(office) == before, "and back"
    saturday = next(
        day for number in range(1, 15) if (day := datetime.now(UTC).date() + timedelta(days=number)).weekday() == 5
        and not worktime.Calendar().working(day)
    )  # fmt: skip
    keep(office, workdays=saturday.isoformat())
    recounting.go_on(office.workspace)
    assert [one[2] < old[2] for one, old in zip(timers(office), before, strict=True)] == [True, True]
    told = office.ask("GET", "/tasks", "boss").get_json()["data"][0]
    assert told["due_at"][:16] == f"{timers(office)[1][2].astimezone(UTC):%Y-%m-%dT%H:%M}"


def test_the_same_calendar_saved_again_asks_for_nothing(office: Shop) -> None:
    keep(office)
    keep(office)
    assert recounts.waiting(office.database, office.workspace.schema) == 1
    calendars.drop(office.session("root"), "default")
    assert recounts.waiting(office.database, office.workspace.schema) == 2
    while recounting.go_on(office.workspace):
        pass
    assert recounts.waiting(office.database, office.workspace.schema) == 0 and events(office) == []


def test_only_what_follows_the_calendar(office: Shop) -> None:
    keep(office, "other")
    recounting.go_on(office.workspace)
    start(office, quote(office))
    office.publish(QUOTE, FLOW.replace("CALENDAR", "calendar: other"), SALES, FINANCE)
    second = start(office, quote(office))["instance"]
    off = "\n".join(days_off(office))
    calendars.save(office.session("root"), "other", {**WEEK, "country": "CN", "holidays": off})
    recounting.go_on(office.workspace)
    assert events(office) == [second]


def test_a_name_that_nobody_keeps_follows_the_usual_calendar(office: Shop) -> None:
    office.publish(QUOTE, FLOW.replace("CALENDAR", "calendar: other"), SALES, FINANCE)
    start(office, quote(office))
    before = timers(office)
    keep(office, holidays="\n".join(days_off(office)))
    assert recounting.go_on(office.workspace) == 1
    later = timers(office)
    assert [one[2] > old[2] for one, old in zip(later, before, strict=True)] == [True, True]
    keep(office, "other")
    assert recounting.go_on(office.workspace) == 1, "now somebody keeps it"
    assert timers(office) == before


def test_another_time_zone_of_the_workspace(office: Shop) -> None:
    instance = start(office, quote(office))["instance"]
    keep(office, country="")
    recounting.go_on(office.workspace)
    before, told = timers(office), len(events(office))
    administration.change(office.session("root"), {"name_en": "Shop"})
    assert recounting.go_on(office.workspace) == 0
    administration.change(office.session("root"), {"time_zone": "America/New_York"})
    assert recounting.go_on(office.workspace) == 1
    check_folds(office, instance)
    assert len(events(office)) == told + (timers(office) != before)


def test_nobody_is_told_of_a_new_task(office: Shop) -> None:
    start(office, quote(office))
    table = ident(office.workspace.schema, "s_notice")
    before = office.database.rows(Sql(f"SELECT count(*) FROM {table}"))
    keep(office, holidays="\n".join(days_off(office)))
    recounting.go_on(office.workspace)
    assert office.database.rows(Sql(f"SELECT count(*) FROM {table}")) == before


def test_the_story_tells_it_in_both_languages(office: Shop) -> None:
    instance = start(office, quote(office))["instance"]
    keep(office, holidays="\n".join(days_off(office)))
    recounting.go_on(office.workspace)
    path = f"/tasks/flows/{instance}"
    assert "The working calendar has changed: due " in person(office, "ada", "admin", language="en").text(path)
    assert "工作日历已变更，截止时间改为" in person(office, "gao", "admin", language="zh").text(path)


def test_one_that_was_on_its_way_when_the_calendar_changed_is_not_left_out(office: Shop) -> None:
    record, off = quote(office), "\n".join(days_off(office))
    work = Flows(office.session("li"))
    with office.database.transaction() as connection:
        instance = work.begin(connection, "quote_approval", "quote", record, {})  # By the calendar as it is now.
        keep(office, holidays=off)
        assert recounting.go_on(office.workspace) == 0, "it waits for who may have counted by the old one"
    before = timers(office)
    assert recounting.go_on(office.workspace) == 1 and events(office) == [instance]
    assert timers(office)[1][2] > before[1][2]


def test_one_that_cannot_be_counted_holds_up_nobody(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (start(office, quote(office))["instance"] for _ in range(2))
    keep(office, holidays="\n".join(days_off(office)))
    real = recounting.recount

    def sometimes(machine: Any) -> bool:
        done = real(machine)
        if len(machine.state.tasks) and machine.env.record_id == bad:
            raise ValueError("broken")
        return done

    row = flows.read(office.database, office.workspace.schema, first)
    assert row is not None
    bad = row.record_id
    monkeypatch.setattr(recounting, "recount", sometimes)
    assert recounting.go_on(office.workspace) == 1
    assert events(office) == [second] and recounts.waiting(office.database, office.workspace.schema) == 0


PROGRAM = """
import sys, time
from runtime.engine import recounting
from runtime.engine.workspace import Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.config import bundled_plugins
from runtime.store.database import Database
recounting.BATCH, one = 3, recounting.one
def slow(*args):
    one(*args)
    print("one", flush=True)
    time.sleep(0.02)
recounting.one = slow
known = Workspaces(Database(sys.argv[1], pool_size=2), load_catalog(bundled_plugins()))
while recounting.go_on(known.named("main")):
    pass
print("end", flush=True)
"""


@pytest.mark.slow
def test_workers_that_are_killed_on_the_way(office: Shop) -> None:
    made = [start(office, quote(office))["instance"] for _ in range(20)]
    before = timers(office)
    keep(office, holidays="\n".join(days_off(office)))
    for kill_after in (2, 4, 5, 7):
        command = [sys.executable, "-c", PROGRAM, office.settings.dsn]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(kill_after):
            assert process.stdout.readline() == "one\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert 0 < len(events(office)) < 20 and recounts.waiting(office.database, office.workspace.schema) == 1
    threads = [threading.Thread(target=recounting.go_on, args=(office.workspace,)) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    while recounting.go_on(office.workspace):
        pass
    assert events(office) == sorted(made), "each once"
    assert all(one[2] > old[2] for one, old in zip(timers(office), before, strict=True))
    for instance in made:
        check_folds(office, instance)
    assert worker.fire_due(office.workspace) == 0
