"""S33: a new version is published while instances of the old one run; they stay, go on after it, or say why they cannot."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine import migrating
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, QUOTE, SALES, check_folds, decide, mine, quote, start

ONE = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    due: {in: 3d, steps: [{at: 0, do: remind}, {at: 1d, do: escalate}]}
  - parallel:
      join: all
      branches:
        - nodes: [{approve: fang, who: {user: fang}}]
        - nodes: [{approve: feng, who: {user: feng}}]
"""
TWO = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
nodes:
  - cc: all_know
    who: {role: finance}
  - approve: boss
    who: {manager: {of: initiator}}
    due: {in: 5d, steps: [{at: 0, do: remind}]}
  - branch:
      - when: amount > 0
        nodes:
          - parallel:
              join: all
              branches:
                - nodes: [{approve: fang, who: {user: fang}}, {approve: last, who: {user: boss}}]
                - nodes: [{approve: feng, who: {user: feng}}]
      - else: []
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, ONE, SALES, FINANCE)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("fang", "finance")
    shop.user("feng", "finance")
    return shop


def move(shop: Shop, user: str = "root", **body: Any) -> Any:
    return shop.ask("POST", "/workflows/quote_approval/migrate", user, json=body)


def test_the_old_path_is_unchanged_without_migration(office: Shop) -> None:
    record = quote(office)
    start(office, record)
    office.publish(QUOTE, TWO, SALES, FINANCE)
    decide(office, "boss", "agree")
    decide(office, "fang", "agree")
    assert decide(office, "feng", "agree").get_json()["state"] == "approved"


def test_dry_run_then_migrated_at_every_place(office: Shop) -> None:
    first, second = quote(office), quote(office)
    early, late = start(office, first)["instance"], start(office, second)["instance"]
    decide(office, "boss", "agree")  # The newest task: of the second.
    office.publish(QUOTE, TWO, SALES, FINANCE)
    assert move(office, "li").status_code == 403
    tried = move(office, dry_run=True).get_json()["data"]
    assert [(one["instance"], one["ok"]) for one in tried] == [(early, True), (late, True)]
    assert [one["ok"] for one in move(office).get_json()["data"]] == [True, True]
    assert move(office).get_json()["data"] == [], "once"
    for one in (early, late):
        check_folds(office, one)
    decide(office, "fang", "agree")
    assert [one["node"] for one in mine(office, "boss")] == ["last", "boss"]
    decide(office, "boss", "agree")
    assert decide(office, "feng", "agree").get_json()["state"] == "approved"
    decide(office, "boss", "agree")
    assert len(mine(office, "fang")) == 1
    story = office.ask("GET", f"/workflows/instances/{late}", "li").get_json()
    assert "migrated" in [one["type"] for one in story["history"]]
    state = check_folds(office, early)
    assert all(one.state != "scheduled" for one in state.timers.values())


def test_deadlines_are_counted_anew(office: Shop) -> None:
    instance = start(office, quote(office))["instance"]
    before = check_folds(office, instance)
    office.publish(QUOTE, TWO, SALES, FINANCE)
    move(office)
    after = check_folds(office, instance)
    assert len([one for one in before.timers.values() if one.state == "scheduled"]) == 2
    open_ones = [one for one in after.timers.values() if one.state == "scheduled"]
    assert len(open_ones) == 1
    assert open_ones[0].fire_at > max(one.fire_at for one in before.timers.values())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("approve: boss", "approve: chief"), "'boss' is under way and not there any more"),
        (("approve: boss", "handle: boss"), "was approve, now it is handle"),
    ],
)
def test_blocked(office: Shop, change: tuple[str, str], why: str) -> None:
    instance = start(office, quote(office))["instance"]
    office.publish(QUOTE, ONE.replace(*change), SALES, FINANCE)
    found = move(office).get_json()["data"][0]
    assert found["ok"] is False
    assert len(found["blockers"]) == 1
    told = migrating.migrate(office.session(), "quote_approval")[0]
    assert why in told.blockers[0].en
    assert decide(office, "boss", "agree").status_code == 200, "it goes on as it began"
    assert office.ask("GET", f"/workflows/instances/{instance}", "li").status_code == 200


def test_blocked_by_other_parallel_blocks(office: Shop) -> None:
    start(office, quote(office))
    decide(office, "boss", "agree")
    flat = (
        ONE[: ONE.index("  - parallel")]
        + "  - {approve: fang, who: {user: fang}}\n  - {approve: feng, who: {user: feng}}\n"
    )
    office.publish(QUOTE, flat, SALES, FINANCE)
    told = migrating.migrate(office.session(), "quote_approval")[0]
    assert any("other parallel blocks" in one.en for one in told.blockers)
    decide(office, "fang", "agree")
    assert decide(office, "feng", "agree").get_json()["state"] == "approved"


def test_unknown(office: Shop) -> None:
    assert office.ask("POST", "/workflows/nothing/migrate", "root", json={}).status_code == 404
    assert move(office, instance="x").status_code == 404
    assert move(office, dry_run="yes").status_code == 400
