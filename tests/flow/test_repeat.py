"""Steps that are repeated until a condition holds: bounded, returned into and out of, taken back, migrated, drawn."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine.flow import drawing, migration
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.state import earlier
from tests.flow.test_scenarios import approve, play
from tests.flow.world import Office, Play, definition


def steps(*people: str) -> list[dict[str, Any]]:
    return [approve([one], name=one) for one in people]


def loop(*nodes: dict[str, Any], until: str = "amount > 50", **more: Any) -> dict[str, Any]:
    return {"repeat_until": {"until": until, "nodes": list(nodes), **more}}


def drawn(p: Play) -> dict[str, str]:
    found: dict[str, str] = {}

    def walk(them: Any) -> None:
        for one in them:
            found[one.step.name] = one.state
            for way in one.ways:
                walk(way.steps)

    walk(drawing.draw(p.definition, p.state))
    return found


def test_again_and_again_until_it_is_as_wanted() -> None:
    p = play(loop(*steps("wang", "zhao")), *steps("qian")).start()
    assert p.says("wang", "agree").open() == ["zhao"]
    assert p.says("zhao", "agree").open() == ["wang"], "not yet: round again"
    assert drawn(p) == {"0": "now", "wang": "now", "zhao": "ahead", "qian": "ahead"}, "what comes is told apart"
    p.says("wang", "agree")
    p.record["amount"] = 60
    assert p.says("zhao", "agree").open() == ["qian"]
    assert drawn(p) == {"0": "done", "wang": "done", "zhao": "done", "qian": "now"}
    asked = [(one.data["turn"], one.data["met"]) for one in p.events if one.type == "asked"]
    assert asked == [(1, False), (2, True)]
    runs = [run for run in p.state.runs.values() if run.node == "wang"]
    assert len(runs) == 2 and [earlier(p.state, run) for run in runs] == [True, False]
    assert p.says("qian", "agree").state.state == "approved"


def test_the_condition_is_asked_when_a_time_round_has_ended() -> None:
    p = play(loop(*steps("wang")), record={"amount": 99}).start()
    assert p.open() == ["wang"], "once at least"
    assert p.says("wang", "agree").state.state == "approved"


@pytest.mark.parametrize(("rule", "state"), [("reject", "rejected"), ("continue", "approved")])
def test_what_follows_when_it_has_been_gone_round_often_enough(rule: str, state: str) -> None:
    p = play(loop(*steps("wang"), max=2, on_max=rule)).start()
    p.says("wang", "agree").says("wang", "agree")
    assert p.state.state == state


def test_an_administrator_is_asked_where_nothing_is_said() -> None:
    p = play(loop(*steps("wang"), max=1), *steps("zhao")).start().says("wang", "agree")
    assert p.task("admin").kind == "admin_fix" and drawn(p)["0"] == "blocked"
    why = [one.data["why"] for one in p.events if one.type == "run_blocked"][-1]
    assert "1 times" in why["en"] and "1 次" in why["zh"]
    retried = Play({"nodes": p.definition.doc["nodes"]}).start().says("wang", "agree")
    retried.do("retry", "admin", retried.task("admin").id, admin=True, reason="r")
    assert retried.open() == ["wang"], "from the first time round"
    retried.record["amount"] = 99
    assert retried.says("wang", "agree").open() == ["zhao"]
    p.do("skip", "admin", p.task("admin").id, admin=True, reason="r")
    assert p.open() == ["zhao"]


def test_ten_times_at_most_where_nothing_is_said() -> None:
    p = play(loop({"action": "a", "do": [{"update": {"status": "x"}}]}, on_max="continue"), *steps("wang")).start()
    assert len([one for one in p.events if one.type == "performed"]) == 10 and p.open() == ["wang"]


def test_a_rejection_inside_is_a_rejection() -> None:
    assert play(loop(*steps("wang"))).start().says("wang", "reject").state.state == "rejected"


def test_nobody_is_passed_over_because_of_an_earlier_time_round() -> None:
    p = play(loop(*steps("wang", "zhao")), dedupe="first").start()
    p.says("wang", "agree").says("zhao", "agree")
    assert p.open() == ["wang"], "asked anew"
    q = play(loop(*steps("wang", "zhao"), approve(["wang"], name="more")), dedupe="first").start()
    q.says("wang", "agree").says("zhao", "agree")
    assert q.open() == ["wang"] and q.nodes() == ["wang"], "and still within one"


def test_back_to_an_earlier_step_of_the_same_time_round() -> None:
    p = play(loop(*steps("wang", "zhao"))).start()
    p.says("wang", "agree").says("zhao", "agree").says("wang", "agree")
    p.says("zhao", "return", to="wang", resubmit="replay")
    assert p.open() == ["wang"] and p.state.turns["0"].turn == 2, "the same time round"
    p.record["amount"] = 60
    assert p.says("wang", "agree").says("zhao", "agree").state.state == "approved"


def test_back_to_before_it_and_to_inside_of_it_from_behind() -> None:
    p = play(*steps("sun"), loop(*steps("wang", "zhao"), max=2), *steps("qian")).start()
    p.says("sun", "agree").says("wang", "agree").says("zhao", "agree")
    p.says("wang", "return", to="sun", resubmit="replay")
    p.says("sun", "agree")
    assert p.open() == ["wang"] and p.state.turns["1"].turn == 1, "from its beginning"
    p.record["amount"] = 60
    p.says("wang", "agree").says("zhao", "agree")
    p.says("qian", "return", to="zhao", resubmit="direct")
    assert p.says("zhao", "agree").open() == ["qian"], "straight back"
    p.says("qian", "return", to="zhao", resubmit="replay")
    p.record["amount"] = 0
    assert p.says("zhao", "agree").open() == ["wang"], "asked again, and round again"


def test_straight_back_into_the_same_time_round() -> None:
    p = play(loop(*steps("wang", "zhao"))).start()
    p.says("wang", "agree").says("zhao", "agree").says("wang", "agree")
    p.says("zhao", "return", resubmit="direct")
    p.says("li", "submit")
    assert p.open() == ["zhao"] and p.state.turns["0"].turn == 2


def test_taking_back_the_decision_that_began_a_time_round() -> None:
    p = play(loop(*steps("wang", "zhao"), max=2)).start()
    p.says("wang", "agree").says("zhao", "agree")
    p.do("retrieve", "zhao")
    assert p.open() == ["zhao"] and p.state.turns["0"].turn == 1
    assert drawn(p)["wang"] == "done"
    p.says("zhao", "agree")
    assert p.open() == ["wang"] and p.state.turns["0"].turn == 2


def test_taking_back_brings_ways_of_the_earlier_time_round_back() -> None:
    """A fork and a choice of the time round that has just begun give way to those of the one before."""
    fork = {"parallel": {"join": "all", "branches": [{"nodes": steps("wang")}, {"nodes": steps("zhao")}]}}
    p = play(loop(fork)).start().says("wang", "agree").says("zhao", "agree")
    assert sorted(p.open()) == ["wang", "zhao"]
    p.do("retrieve", "zhao")
    assert p.open() == ["zhao"], "wang has agreed in this time round"
    p.record["amount"] = 60
    assert p.says("zhao", "agree").state.state == "approved"
    choice = {"branch": [{"when": "amount > 20", "nodes": steps("wang")}, {"else": steps("zhao")}]}
    q = play(loop(choice)).start()
    q.record["amount"] = 30
    q.says("zhao", "agree")
    assert q.open() == ["wang"]
    q.do("retrieve", "zhao")
    assert q.open() == ["zhao"] and drawn(q)["wang"] == "off" and drawn(q)["zhao"] == "now"


def test_an_administrator_sends_it_into_a_time_round() -> None:
    p = play(loop(*steps("wang", "zhao")), *steps("qian")).start()
    p.says("wang", "agree").says("zhao", "agree").says("wang", "agree")
    p.do("jump", "admin", admin=True, reason="r", to="zhao")
    assert p.open() == ["zhao"] and p.state.turns["0"].turn == 2, "it stays in the one that is under way"
    assert drawn(p) == {"0": "now", "wang": "done", "zhao": "now", "qian": "ahead"}
    q = play(*steps("qian"), loop(*steps("wang", "zhao"))).start()
    q.do("jump", "admin", admin=True, reason="r", to="zhao")
    assert q.open() == ["zhao"] and q.state.turns["1"].turn == 1 and drawn(q)["wang"] == "over"
    assert q.says("zhao", "agree").open() == ["wang"] and drawn(q)["zhao"] == "ahead"


def test_inside_of_each_other_and_in_parallel() -> None:
    inner = loop(*steps("wang"), until="amount > 10", max=2, on_max="continue")
    p = play(loop(inner, *steps("zhao"), max=2, on_max="continue")).start()
    p.says("wang", "agree").says("wang", "agree").says("zhao", "agree")
    assert p.open() == ["wang"] and (p.state.turns["0"].turn, p.state.turns["0.0.0"].turn) == (2, 1)
    both = [{"nodes": [loop(*steps("wang"))]}, {"nodes": steps("zhao")}]
    q = play({"parallel": {"join": "all", "branches": both}}).start()
    q.says("wang", "agree").says("zhao", "agree")
    assert q.open() == ["wang"]
    q.record["amount"] = 60
    assert q.says("wang", "agree").state.state == "approved"


def test_who_has_left_is_not_waited_for_in_the_next_time_round() -> None:
    office = Office(managers={"wang": "boss"})
    p = play(loop(*steps("wang", "zhao")), office=office).start().says("wang", "agree")
    office.gone.add("wang")
    assert p.says("zhao", "agree").open() == ["boss"]


def moved(p: Play, *nodes: dict[str, Any]) -> migration.Moves:
    return migration.moves(p.state, p.definition, definition({"nodes": list(nodes)}))


def test_migration_keeps_the_time_round() -> None:
    p = play(loop(*steps("wang", "zhao"))).start().says("wang", "agree").says("zhao", "agree").says("wang", "agree")
    assert moved(p, *steps("wang", "zhao")).blockers, "not repeated any more"
    found = moved(p, *steps("sun"), loop(*steps("wang", "zhao"), max=2))
    assert not found.blockers and found.turns == {"0": "1"}
    new = definition({"nodes": [*steps("sun"), loop(*steps("wang", "zhao"), max=2)]})
    machine = Machine(new, p.state, p.world())
    migration.migrate(machine, found, "v2", "admin")
    p.events += machine.events
    p.definition = new
    assert p.state.turns["1"].turn == 2 and "0" not in p.state.turns
    assert p.says("zhao", "agree").task("admin").kind == "admin_fix", "that was the last time by the new version"
