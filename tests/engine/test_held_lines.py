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


NAMED = OBJECTS.replace(
    "nodes: [",
    """nodes:
  - approve: first
    label: {en: First look, zh: 初审}
    who: {user: boss}
  - approve: second
    label: {en: Last word, zh: 终审}
    who: {user: boss}
#""",
)


@pytest.mark.parametrize(("language", "name"), [("en", "(Check)"), ("zh", "（审批）")])
def test_what_holds_it_is_named_as_people_call_it(firm: Shop, language: str, name: str) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    line = records.create(firm.session(), "part", {"name": "a", "price": 5, "order": order}).id
    answer = firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": order})
    instance = answer.get_json()["instance"]
    firm.user("reader", "staff", language=language)
    row = {"records": [{"id": line, "price": 7}]}
    for method, path, body in (
        ("PATCH", f"/records/part/{line}", {"price": 6}),
        ("DELETE", f"/records/part/{line}", None),
        ("PATCH", f"/records/order/{order}", {"name": "B"}),
        ("DELETE", f"/records/order/{order}", None),
        ("POST", "/records/part", {"name": "b", "price": 1, "order": order}),
    ):
        found = firm.ask(method, path, "reader", json=body)
        told = found.get_json()
        assert found.status_code == 423 and told["workflow_instance"] == instance and instance in told["link"]
        said = [told["detail"], *(one["message"] for one in told.get("errors") or ())]
        assert all(name in one and instance not in one for one in said), said
    firm.user("chief", "admin", language=language)
    many = firm.ask("POST", "/records/part/bulk", "chief", json={"mode": "update", **row})
    assert name in many.text and instance not in many.text


def test_steps_are_named_as_people_call_them(firm: Shop) -> None:
    firm.publish(NAMED, STAFF)
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    wrong = firm.ask("POST", "/workflows/check/start", "li", json={"object": "part", "record": order})
    assert wrong.status_code == 422 and "流程“审批”针对“订单”" in wrong.text
    assert (
        firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": order}).status_code == 201
    )

    def task() -> str:
        return str(firm.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"])

    assert firm.ask("POST", f"/tasks/{task()}/agree", "boss", json={}).status_code == 200
    back = firm.ask("POST", f"/tasks/{task()}/return", "boss", json={"to": "second"})
    said = "不能退回到终审（second）；可退回：提交（start）、初审（first）"
    assert back.status_code == 422 and back.get_json()["errors"][0]["message"] == said


def test_a_record_that_is_not_there_is_told_with_the_label(firm: Shop) -> None:
    found = firm.ask("GET", f"/records/part/{'0' * 8}-0000-7000-8000-{'0' * 12}", "li")
    assert found.status_code == 404 and found.get_json()["detail"] == "“明细”中没有该记录"


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
