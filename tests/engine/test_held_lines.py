"""S35: while a workflow holds a record, nobody changes its lines; what is computed over other records goes on."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine import records
from tests.conftest import Shop
from tests.engine.test_dispatch import STAFF

OBJECTS = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  total: {type: rollup, value: SUM(parts.price), stored: true, label: {en: Total, zh: 合计}}
  calls: {type: rollup, value: COUNT(notes), stored: true, label: {en: Calls, zh: 来电}}
---
object: part
label: {en: Part, zh: 明细}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  price: {type: number, label: {en: Price, zh: 价格}}
  order: {type: link, to: order, owned: true, required: true, reverse: parts, label: {en: Order, zh: 订单}}
---
object: plain
label: {en: Plain, zh: 普通}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  order: {type: link, to: order, reverse: notes, label: {en: Order, zh: 订单}}
---
workflow: check
label: {en: Check, zh: 审批}
object: order
nodes: [{approve: boss, who: {user: boss}}]
"""


@pytest.fixture
def firm(shop: Shop) -> Shop:
    shop.publish(OBJECTS, STAFF)
    shop.user("li", "staff")
    shop.user("boss", "staff")
    return shop


def test_lines_of_a_held_record_and_its_sums(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    line = records.create(firm.session(), "part", {"name": "a", "price": 5, "order": order}).id
    begun = firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": order})
    assert begun.status_code == 201

    def asked(method: str, path: str, **more: Any) -> int:
        return firm.ask(method, path, **more).status_code

    assert asked("PATCH", f"/records/part/{line}", json={"price": 6}) == 423
    assert asked("POST", "/records/part", json={"name": "b", "price": 1, "order": order}) == 423
    assert asked("DELETE", f"/records/part/{line}") == 423
    other = records.create(firm.session("li"), "order", {"name": "B"}).id
    loose = records.create(firm.session(), "part", {"name": "c", "price": 1, "order": other}).id
    assert asked("PATCH", f"/records/part/{loose}", json={"order": order}) == 423, "nor moved to it"
    assert asked("POST", "/records/plain", json={"name": "a call", "order": order}) == 201
    found = firm.ask("GET", f"/records/order/{order}").get_json()
    assert (found["total"], found["calls"]) == (5, 1), "what is computed goes on"
    task = firm.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert asked("POST", f"/tasks/{task}/agree", user="boss", json={}) == 200
    assert asked("PATCH", f"/records/part/{line}", json={"price": 6}) == 200
