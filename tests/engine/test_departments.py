"""Working calendars of departments: whose counts for a deadline, and that what runs follows every change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.errors import Conflict
from runtime.base.sqltext import Sql, ident
from runtime.engine import calendars, recounting
from runtime.engine.flow.moments import moment_of
from runtime.engine.flows import Flows
from runtime.store import recounts
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, QUOTE, SALES, check_folds, quote
from tests.web.browser import person
from tests.web.test_administration import identity
from tests.web.test_pages import store

__all__ = ["store"]
FLOW = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
CALENDAR
nodes:
  - approve: boss
    who: {user: boss}
    due: {in: 2wd, steps: [{at: -4wh, do: remind}, {at: 0, do: auto_agree}]}
  - wait: {for: 2wd}
"""
#: A Friday, at nine in Shanghai: two working days later is Tuesday, or Sunday where weekends are worked on.
FRIDAY = datetime(2027, 7, 2, 1, 0, tzinfo=UTC)
TUESDAY, SUNDAY = FRIDAY + timedelta(days=4), FRIDAY + timedelta(days=2)
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:30-18:00")
ALWAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "09:00-12:00, 13:30-18:00")


@pytest.fixture
def plant(shop: Shop) -> Shop:
    """li in sales; boss in line, under works. The calendar `factory` works on weekends too."""
    shop.publish(QUOTE, FLOW.replace("CALENDAR\n", ""), SALES, FINANCE)
    shop.user("root", "admin")
    calendars.save(shop.session("root"), "factory", ALWAYS, new=True)
    for name, parent in (("works", None), ("line", "works"), ("sales", None)):
        department(shop, name, parent=ids(shop)[parent] if parent else None)
    shop.user("li", "sales", department=ids(shop)["sales"])
    shop.user("boss", "sales", department=ids(shop)["line"])
    shop.user("sun", "sales", department=ids(shop)["sales"])
    recounting.go_on(shop.workspace)
    return shop


def department(shop: Shop, name: str, **values: Any) -> Any:
    found = ids(shop).get(name)
    if found is None:
        return shop.ask("POST", "/admin/departments", "root", json={"name": name, **values})
    return shop.ask("PATCH", f"/admin/departments/{found}", "root", json=values)


def ids(shop: Shop) -> dict[str, str]:
    return {one["name"]: one["id"] for one in shop.ask("GET", "/admin/departments", "root").get_json()["data"]}


def begin(shop: Shop, now: datetime = FRIDAY) -> str:
    record = quote(shop)
    return str(Flows(shop.session("li"), now).start("quote_approval", "quote", record)["instance"])


def due(shop: Shop, instance: str) -> datetime:
    state = check_folds(shop, instance)
    at = [one.due for one in state.tasks.values() if one.state == "open"][-1]
    assert at is not None
    rows = shop.database.rows(Sql(
        f"SELECT due_at FROM {ident(shop.workspace.schema, 's_task')} WHERE instance = %s::uuid AND state = 'open'",
        (instance,)))  # fmt: skip
    assert rows == [(moment_of(at),)]
    return moment_of(at)


def recount(shop: Shop, now: datetime = FRIDAY) -> int:
    done = recounting.go_on(shop.workspace, now)
    assert recounts.waiting(shop.database, shop.workspace.schema) == 0
    return done


def test_it_is_that_of_who_has_the_task_inherited_downwards(plant: Shop) -> None:
    assert due(plant, begin(plant)) == TUESDAY
    assert department(plant, "works", calendar="factory").get_json()["calendar"] == "factory"
    recount(plant)
    assert due(plant, begin(plant)) == SUNDAY
    department(plant, "line", calendar="default")
    recount(plant)
    assert due(plant, begin(plant)) == TUESDAY, "the nearest"
    department(plant, "line", calendar=None)
    department(plant, "works", calendar=None)
    department(plant, "sales", calendar="factory")
    recount(plant)
    assert due(plant, begin(plant)) == TUESDAY, "not that of who has started it"


def test_the_workflow_goes_before_the_department(plant: Shop) -> None:
    department(plant, "works", calendar="factory")
    plant.publish(QUOTE, FLOW.replace("CALENDAR", "calendar: default"), SALES, FINANCE)
    assert due(plant, begin(plant)) == TUESDAY
    plant.publish(QUOTE, FLOW.replace("CALENDAR", "calendar: nobody_keeps_it"), SALES, FINANCE)
    assert due(plant, begin(plant)) == TUESDAY, "the usual one then, as told at publish"


def test_what_runs_follows_every_change(plant: Shop) -> None:
    instance = begin(plant)
    department(plant, "works", calendar="factory")
    assert due(plant, instance) == TUESDAY, "not in the request of the administrator"
    assert recount(plant) == 1 and due(plant, instance) == SUNDAY
    timers = check_folds(plant, instance).timers
    assert {moment_of(one.fire_at) for one in timers.values()} == {SUNDAY, SUNDAY - timedelta(hours=19)}
    department(plant, "line", parent=ids(plant)["sales"])
    assert recount(plant) == 1 and due(plant, instance) == TUESDAY, "the department has moved"
    boss = f"/admin/users/{plant._users['boss'][0]}"
    assert plant.ask("PATCH", boss, "root", json={"department": ids(plant)["works"]}).status_code == 200
    assert recount(plant) == 1 and due(plant, instance) == SUNDAY, "he has moved"
    calendars.save(plant.session("root"), "factory", WEEK)
    assert recount(plant) == 1 and due(plant, instance) == TUESDAY, "the calendar itself has changed"


def test_nothing_is_counted_where_nothing_changes(plant: Shop) -> None:
    begin(plant)
    department(plant, "works", calendar="factory")
    recount(plant)
    for change in ({"calendar": "factory"}, {"head": plant._users["boss"][0]}):
        department(plant, "works", **change)
    boss = f"/admin/users/{plant._users['boss'][0]}"
    plant.ask("PATCH", boss, "root", json={"department": ids(plant)["works"]})
    assert recounts.waiting(plant.database, plant.workspace.schema) == 0
    department(plant, "sales", calendar="factory")
    assert recounts.waiting(plant.database, plant.workspace.schema) == 1


def test_only_those_whose_calendar_is_another_are_looked_at(plant: Shop) -> None:
    department(plant, "works", calendar="factory")
    recount(plant)
    begin(plant)
    plant.publish(QUOTE, FLOW.replace("CALENDAR", "calendar: default"), SALES, FINANCE)
    begin(plant)
    department(plant, "works", calendar=None)
    with plant.database.transaction() as connection:
        change = recounts.take(connection, plant.workspace.schema)
        assert change is not None and set(change.people or ()) == {plant._users["boss"][0]}
        assert len(recounts.instances(connection, plant.workspace.schema, change, "default", 9)) == 1


def test_a_task_that_is_passed_on_keeps_its_deadline(plant: Shop) -> None:
    department(plant, "works", calendar="factory")
    recount(plant)
    instance = begin(plant)
    Flows(plant.session("boss"), FRIDAY).act(instance, "transfer", 1, {"to": plant._users["sun"][0]})
    assert due(plant, instance) == SUNDAY
    calendars.save(plant.session("root"), "factory", WEEK)
    recount(plant)
    assert due(plant, instance) == TUESDAY, "counted by the calendar that it was counted by"


def test_a_wait_counts_by_the_calendar_of_who_has_started_it(plant: Shop) -> None:
    department(plant, "sales", calendar="factory")
    recount(plant)
    instance = begin(plant)
    Flows(plant.session("boss"), FRIDAY).act(instance, "agree", 1, {})
    timers = [one for one in check_folds(plant, instance).timers.values() if one.state == "scheduled"]
    assert [moment_of(one.fire_at) for one in timers] == [SUNDAY]
    department(plant, "sales", calendar=None)
    recount(plant)
    timers = [one for one in check_folds(plant, instance).timers.values() if one.state == "scheduled"]
    assert [moment_of(one.fire_at) for one in timers] == [TUESDAY]


@pytest.mark.parametrize("value", ["factry", "", 7, [], "x" * 9999, "a\0b"])
def test_what_is_no_calendar(plant: Shop, value: Any) -> None:
    found = department(plant, "works", calendar=value)
    assert found.status_code == 422 and found.get_json()["errors"][0]["field"] == "calendar"
    assert plant.ask("GET", f"/admin/departments/{ids(plant)['works']}", "root").get_json()["calendar"] is None


def test_a_calendar_that_a_department_names_stays(plant: Shop) -> None:
    department(plant, "works", calendar="factory")
    with pytest.raises(Conflict, match="works"):
        calendars.drop(plant.session("root"), "factory")
    department(plant, "works", calendar="default")
    calendars.drop(plant.session("root"), "factory")


def test_departments_in_a_circle_are_bounded(plant: Shop) -> None:
    table = ident(plant.workspace.schema, "s_department")
    plant.database.rows(Sql(f"UPDATE {table} SET parent_id = %s::uuid WHERE name = 'works'", (ids(plant)["line"],)))
    assert due(plant, begin(plant)) == TUESDAY


def test_the_page_of_departments_sets_it(store: Shop) -> None:
    root = person(store, "root", "admin")
    calendars.save(store.session("root"), "factory", ALWAYS, new=True)
    token = root.token("/admin/departments")
    assert root.post("/admin/departments", {"_csrf": token, "name": "Works", "calendar": "factory"}).status_code == 303
    assert '<option value="factory" selected>' in root.text("/admin/departments")
    assert root.post("/admin/departments", {"_csrf": token, "name": "W2", "calendar": "nothing"}).status_code == 422
    assert identity(store, "root")
