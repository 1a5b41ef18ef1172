"""Steps that wait for a condition: looked at when anything changes that it depends on, hardly ever without that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import calendars, dispatch, firing, records, recounting, scenarios, worker
from runtime.engine.waits import waits_of
from runtime.meta import load
from runtime.store import outbox
from tests.conftest import Shop
from tests.engine.test_recounting import WEEK

DOCUMENTS = """
object: customer
label: {en: Customer, zh: 客户}
title: name
fields:
  name: {type: text}
  level: {type: text}
  area: {type: link, to: area}
---
object: area
title: name
fields:
  name: {type: text}
  open: {type: checkbox}
---
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text}
  amount: {type: number}
  ready: {type: checkbox}
  customer: {type: link, to: customer, reverse: orders}
  rank: {type: formula, value: customer.level, result: text}
---
role: staff
objects:
  order: {create: true, read: all, update: all, delete: all}
  customer: {create: true, read: all, update: all, delete: all}
  area: {create: true, read: all, update: all, delete: all}
"""


def flow(until: str, object_name: str = "order") -> str:
    return (
        f"workflow: hold\nlabel: {{en: Hold, zh: 等}}\nobject: {object_name}\nlock: none\nstart: {{trigger: on_create}}\n"
        f'nodes: [{{wait: {{until: "{until}"}}}}]\n'
    )


class Town:
    """An installation with one workflow that waits."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def publish(self, until: str, object_name: str = "order") -> None:
        self.shop.publish(*DOCUMENTS.split("---\n"), flow(until, object_name))
        if "li" not in self.shop._users:
            self.shop.user("li", "staff")

    def make(self, name: str, **values: Any) -> str:
        made = records.create(self.shop.session("li"), name, {"name": name, **values}).id
        dispatch.drain(self.shop.workspace)
        return made

    def change(self, where: str, record: str, **values: Any) -> None:
        records.update(self.shop.session("li"), where, record, values)
        dispatch.drain(self.shop.workspace)

    def states(self) -> list[str]:
        table = ident(self.shop.workspace.schema, "s_instance")
        return [row[0] for row in self.shop.database.rows(Sql(f"SELECT state FROM {table} ORDER BY id"))]

    def events(self) -> int:
        table = ident(self.shop.workspace.schema, "s_flow_event")
        return int(self.shop.database.rows(Sql(f"SELECT count(*) FROM {table}"))[0][0])

    def timer(self) -> datetime:
        table = ident(self.shop.workspace.schema, "s_timer")
        found: datetime = self.shop.database.rows(Sql(f"SELECT fire_at FROM {table} WHERE state = 'scheduled'"))[0][0]
        return found


@pytest.fixture
def town(shop: Shop) -> Town:
    return Town(shop)


def test_a_record_that_it_is_linked_with(town: Town) -> None:
    town.publish("customer.level == 'A' and ready")
    one, other = town.make("customer", level="B"), town.make("customer", level="B")
    town.make("order", customer=one, ready=True)
    town.make("order", customer=other, ready=True)
    before = town.events()
    town.change("customer", one, name="new name")
    town.change("customer", one, level="C")
    assert town.states() == ["running", "running"] and town.events() == before, "nothing is noted of looks in vain"
    town.change("customer", one, level="A")
    assert town.states() == ["approved", "running"]


def test_two_links_away_and_through_a_computed_field(town: Town) -> None:
    town.publish("customer.area.open or rank == 'A'")
    area = town.make("area")
    one, other = town.make("customer", area=area), town.make("customer", level="B")
    town.make("order", customer=one)
    town.make("order", customer=other)
    town.change("area", area, open=True)
    assert town.states() == ["approved", "running"]
    town.change("customer", other, level="A")
    assert town.states() == ["approved", "approved"]


def test_records_that_lead_to_it(town: Town) -> None:
    town.publish("SUM(orders.amount) > 100", "customer")
    one, other = town.make("customer"), town.make("customer")
    town.make("order", customer=one, amount=60)
    second = town.make("order", customer=one, amount=30)
    assert town.states() == ["running", "running"]
    town.change("order", second, amount=50)
    assert town.states() == ["approved", "running"]
    town.change("order", second, customer=other, amount=500)
    assert town.states() == ["approved", "approved"]


def test_one_that_has_gone_away(town: Town) -> None:
    town.publish("COUNT(orders) < 2", "customer")
    one = records.create(town.shop.session("li"), "customer", {"name": "one"}).id
    other = records.create(town.shop.session("li"), "customer", {"name": "other"}).id
    orders = [records.create(town.shop.session("li"), "order", {"name": "o", "customer": link}).id
              for link in (one, one, other, other)]  # fmt: skip
    dispatch.drain(town.shop.workspace)
    assert town.states() == ["running", "running"]
    records.delete(town.shop.session("li"), "order", orders[0])
    dispatch.drain(town.shop.workspace)
    assert town.states() == ["approved", "running"]
    town.change("order", orders[2], customer=one)
    assert town.states() == ["approved", "approved"], "it was looked at where it had led to"


def test_a_change_of_what_it_depends_on_calls_the_workers(town: Town) -> None:
    town.publish("customer.level == 'A'")
    bell = outbox.Bell(town.shop.database)
    one = town.make("customer")
    assert bell.wait(1) is None
    town.change("customer", one, level="B")
    assert bell.wait(2) == {town.shop.workspace.schema}
    bell.close()
    assert [edge.member for edges in waits_of(town.shop.session()).by_source.values() for edge in edges]


def test_looks_in_vain_are_few_and_leave_nothing(town: Town) -> None:
    town.publish("ready")
    town.make("order")
    begun, before = datetime.now(UTC), town.events()
    assert timedelta(0) < town.timer() - begun <= timedelta(minutes=1), "once soon, for what was on its way"
    worker.fire_due(town.shop.workspace, begun + timedelta(minutes=2))
    assert town.timer() == begun + timedelta(minutes=2) + timedelta(days=1)
    assert town.events() == before and town.states() == ["running"]
    table = ident(town.shop.workspace.schema, "s_instance")
    assert town.shop.database.rows(Sql(f"SELECT count(*) FROM {table}"))[0][0] == 1


def test_what_depends_on_the_day_is_looked_at_when_it_begins(town: Town) -> None:
    town.publish("ready and TODAY() > DATE(2020, 1, 1)")
    record = town.make("order")
    now = datetime.now(UTC) + timedelta(minutes=2)
    worker.fire_due(town.shop.workspace, now)
    local = town.timer().astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.hour, local.minute) == (0, 0) and timedelta(0) < town.timer() - now <= timedelta(days=1)
    town.change("order", record, ready=True)
    assert town.states() == ["approved"]


def test_what_depends_on_the_moment_is_looked_at_every_hour(town: Town) -> None:
    town.publish("ready and NOW() > created_at")
    town.make("order")
    now = datetime.now(UTC) + timedelta(minutes=2)
    worker.fire_due(town.shop.workspace, now)
    assert town.timer() == now + timedelta(hours=1)


SCENARIO = """
scenario: long
label: {en: Long, zh: 长}
people: {li: {roles: [staff]}}
steps:
  - {as: li, create: order, set: {name: one}, call: one}
  - {clock: 90d}
  - {expect: {state: running}}
  - {as: li, update: one, set: {ready: true}}
  - {expect: {state: approved}}
"""


def test_a_scenario_that_waits_for_months_takes_few_looks(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []
    real = firing.fire

    def counting(*args: Any) -> bool:
        looks.append(real(*args))
        return looks[-1]

    monkeypatch.setattr("runtime.engine.staging.fire", counting)
    texts = [("app.yaml", "app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n")]
    parts = [*DOCUMENTS.split("---\n"), flow("ready"), SCENARIO]
    texts += [(f"documents/{number}.yaml", text) for number, text in enumerate(parts)]
    loaded = load.from_texts(texts, "shop")
    outcomes = scenarios.rehearse(town.shop.workspace, loaded, list(loaded.of("scenario")))
    assert [one.failures for one in outcomes] == [[]]
    assert len(looks) <= 91 and not any(looks)


@pytest.mark.parametrize("until", ["NETWORKDAYS(DATE(2030,1,7), DATE(2030,1,11)) == 4", "span == 4"])
def test_a_kept_calendar_that_changes(town: Town, until: str) -> None:
    """Working days in the condition, or in a computed field that it uses; a condition without them stays as it is."""
    shop = town.shop
    computed = "  span: {type: formula, value: 'NETWORKDAYS(DATE(2030,1,7), DATE(2030,1,11))', result: number}\n"
    documents = DOCUMENTS.replace("  rank:", f"{computed}  rank:")
    other = flow("level == 'A'", "customer").replace("workflow: hold", "workflow: other")
    shop.publish(*documents.split("---\n"), flow(until), other)
    shop.user("li", "staff")
    shop.user("root", "admin")
    calendars.save(shop.session("root"), "default", WEEK)
    while recounting.go_on(shop.workspace):
        pass
    town.make("order")
    town.make("customer", level="B")
    noted = town.events()
    assert town.states() == ["running", "running"]
    calendars.save(shop.session("root"), "default", {**WEEK, "holidays": "2030-02-01"})
    look_again(shop)
    assert town.states() == ["running", "running"] and town.events() == noted, "looked at in vain: nothing is noted"
    calendars.save(shop.session("root"), "default", {**WEEK, "holidays": "2030-01-09"})
    assert town.states() == ["running", "running"]
    look_again(shop)
    assert town.states() == ["approved", "running"] and town.events() > noted


def look_again(shop: Shop) -> None:
    """What workers do after a calendar has been changed."""
    while recounting.go_on(shop.workspace):
        pass
    worker.fire_due(shop.workspace)
