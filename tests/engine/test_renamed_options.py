"""Options and stages renamed by ``was``, and what was written under a field's storage key of once."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine import publish
from runtime.store import proposals
from tests.conftest import Shop
from tests.engine.test_proposals import CLIENT, FINANCE, FLOW, SALES, SITE, client

DEAL = """
object: deal
label: {en: Deal, zh: 商机}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  status: {type: select, indexed: true, label: {en: Status, zh: 状态}, options: {new: New, old: Vintage, gone: Gone}}
  tags: {type: multiselect, label: {en: Tags, zh: 标签}, options: {a: A, b: B, c: C}}
  stage:
    type: stage
    label: {en: Stage, zh: 阶段}
    stages: {one: {en: One, probability: 10}, two: {en: Two, end: won}, three: {en: Three, end: lost}}
"""
RENAMED = (
    DEAL.replace("old: Vintage", "ancient: {en: Antique, was: old}")
    .replace("a: A, b: B, c: C", "a: A, bb: {en: BB, was: b}, c: C")
    .replace("two: {en: Two,", "zwei: {en: Zwei, was: two,")
)
VIEW = """
view: deals
object: deal
type: list
label: {en: Deals, zh: 商机}
filter: status == 'old' and 'b' in tags and stage in ['two']
columns: [name]
"""


@pytest.fixture
def deals(shop: Shop) -> Shop:
    shop.publish(DEAL, VIEW)
    for number, (status, tags, stage) in enumerate(
        (("old", ["a", "b"], "two"), ("new", ["c"], "one"), ("gone", None, "three"))
    ):
        body = {"name": str(number), "status": status, "tags": tags, "stage": stage}
        assert shop.ask("POST", "/records/deal", json=body).status_code == 201
    return shop


def values(shop: Shop) -> list[tuple[Any, ...]]:
    found = shop.ask("GET", "/records/deal?sort=name").get_json()["data"]
    return [(one["status"], one["tags"], one["stage"]) for one in found]


def names(shop: Shop, filter_text: str) -> list[str]:
    answer = shop.ask("GET", "/records/deal", query_string={"filter": filter_text})
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.get_json()["data"]]


def test_records_follow_renamed_options_and_a_rollback_brings_the_old_ones_back(deals: Shop) -> None:
    before = values(deals)
    plan = deals.publish(RENAMED, VIEW)
    assert [(one.code, one.field, one.count) for one in plan.effects] == [
        ("options_renamed", "status", 1), ("options_renamed", "tags", 1), ("options_renamed", "stage", 1),
    ]  # fmt: skip
    assert values(deals) == [("ancient", ["a", "bb"], "zwei"), before[1], before[2]]
    for text in ("status == 'ancient'", "status in ['ancient']", "'bb' in tags", "stage == 'zwei'"):
        assert names(deals, text) == ["0"], text
    assert publish.inconsistent(deals.workspace) == []
    deals.publish(RENAMED.replace("Gone", "Left"), VIEW)
    assert values(deals)[0] == ("ancient", ["a", "bb"], "zwei"), "what follows is no rename any more"
    publish.rollback(deals.workspace, 1)
    assert values(deals) == before and names(deals, "status == 'old'") == ["0"]
    _, plan = publish.rollback(deals.workspace, 2)
    assert {one.code for one in plan.effects} == {"options_renamed"}
    assert values(deals)[0] == ("ancient", ["a", "bb"], "zwei")


def test_formulas_know_a_former_key_as_they_know_a_former_name(deals: Shop) -> None:
    plan = deals.publish(RENAMED, VIEW)
    assert not plan.problems, "the filter of the view says the former keys"
    for text in ("status == 'old'", "status in ['old', 'nothing']", "'b' in tags", "stage == 'two'"):
        assert names(deals, text) == ["0"], text


def test_an_option_that_goes_beside_a_renamed_one_keeps_its_values(deals: Shop) -> None:
    plan = deals.publish(RENAMED.replace(", gone: Gone", ""), VIEW)
    told = [(one.code, one.field, one.count) for one in plan.effects if one.field == "status"]
    assert told == [("options_renamed", "status", 1), ("now_invalid", "status", 1)]
    assert [one[0] for one in values(deals)] == ["ancient", "new", "gone"]


def test_the_history_of_a_field_outlives_another_type_and_other_options(deals: Shop) -> None:
    one = deals.ask("GET", "/records/deal?sort=name").get_json()["data"][0]["id"]

    def told() -> list[Any]:
        found = deals.ask("GET", f"/records/deal/{one}/history").get_json()["data"]
        return [entry["changes"].get("status") for entry in found]

    assert told() == [{"old": None, "new": "old"}]
    deals.publish(RENAMED, VIEW)
    assert told() == [{"old": None, "new": "ancient"}]
    deals.publish(DEAL.replace("type: select, indexed: true,", "type: text,").replace(
        ", options: {new: New, old: Vintage, gone: Gone}", "").replace("old: V", "ancient: V"))  # fmt: skip
    assert told() == [{"old": None, "new": "Antique"}]
    deals.ask("PATCH", f"/records/deal/{one}", json={"status": "x"})
    publish.rollback(deals.workspace, 1)
    assert told() == [None, {"old": None, "new": "old"}], "x is no option: blank"
    deals.publish(DEAL.replace("status:", "other:"))
    assert told() == [None, None]


def test_a_change_that_waits_follows_another_type_of_its_field(shop: Shop) -> None:
    shop.publish(CLIENT, SITE, FLOW, SALES, FINANCE)
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    fits, other = client(shop), client(shop, name="Other")
    for one, change in ((fits, {"credit": 500}), (other, {"tax": "not a number"})):
        assert shop.ask("PATCH", f"/records/client/{one}", "li", json=change).status_code == 202
    changed = CLIENT.replace("credit: {type: number,", "credit: {type: percent,").replace(", min: 0}", "}", 1)
    changed = changed.replace("tax: {type: text,", "tax: {type: number,")
    shop.publish(changed, SITE, FLOW, SALES, FINANCE)
    tasks = {one["title"]: one["id"] for one in shop.ask("GET", "/tasks", "boss").get_json()["data"]}
    told = shop.ask("GET", f"/tasks/{tasks['Ada']}", "boss").get_json()["changes"]
    assert told == [{"field": "credit", "old": 100, "new": 500}]
    for one in tasks.values():
        shop.ask("POST", f"/tasks/{one}/agree", "boss", json={})
    assert shop.ask("GET", f"/records/client/{fits}", "boss").get_json()["credit"] == 500
    assert shop.ask("GET", f"/records/client/{other}", "boss").get_json()["tax"] is None
    with shop.database.transaction() as inside:
        waiting = proposals.waiting(inside, shop.workspace.schema)
    assert [(one.record_id, one.state, dict(one.patch)) for one in waiting] == [
        (other, "conflict", {"tax": "not a number"})
    ], "what does not fit is said to be gone, and blanks nothing"
