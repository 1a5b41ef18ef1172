"""Whose turn it is, from when his deadline counts, who is found for a task, and copies at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from runtime.base.errors import Forbidden, Invalid
from runtime.engine.flow import drawing
from tests.flow.test_scenarios import approve, play, steps
from tests.flow.world import Office

DUE = {"in": "8wh", "steps": [{"at": "-1wh", "do": "remind"}, {"at": 0, "do": "auto_reject"}]}


def test_a_deadline_counts_from_ones_own_turn() -> None:
    p = play(approve(["wang", "zhao"], "sequential", due=DUE)).start().forward(timedelta(hours=4))
    waiting = p.state.tasks[2]
    assert (waiting.state, waiting.due) == ("waiting", None)
    p.says("wang", "agree")
    turn = p.task("zhao")
    assert turn.opened == turn.since == p.world_now() and turn.due is not None
    p.forward(timedelta(hours=5))  # Past what would be eight hours from the beginning of the step.
    assert (p.state.state, p.open()) == ("running", ["zhao"])
    assert p.forward(timedelta(days=2)).state.state == "rejected"


def test_a_turn_that_is_taken_back_has_no_deadline_until_it_comes_again() -> None:
    p = play(approve(["wang", "zhao"], "sequential", due=DUE)).start().says("wang", "agree")
    p.forward(timedelta(minutes=5)).do("retrieve", "wang")
    assert p.open() == ["wang"]
    zhao = next(one for one in p.state.tasks.values() if one.assignee == "zhao")
    assert (zhao.state, zhao.due) == ("waiting", None)
    assert not [one for one in p.state.timers.values() if one.task == zhao.id and one.state == "scheduled"]
    p.forward(timedelta(hours=3)).says("wang", "agree")
    assert p.task("zhao").since == p.world_now()


def test_a_signer_before_who_takes_his_word_back_keeps_the_asker_waiting() -> None:
    p = play(approve(["wang", "zhao"], "all")).start()
    p.says("wang", "add_sign", kind="before", people=["qian"]).says("qian", "agree")
    assert sorted(p.open()) == ["wang", "zhao"]
    p.do("retrieve", "qian")
    assert sorted(p.open()) == ["qian", "zhao"]
    assert p.says("zhao", "agree").open() == ["qian"], "the asker waits for him still"
    assert p.says("qian", "agree").open() == ["wang"]
    assert p.says("wang", "agree").state.state == "approved"


def test_copies_at_the_end() -> None:
    later = {"cc": "team", "who": {"users": ["sun"]}, "when_entered": False}
    p = play(later, *steps("wang")).start()
    assert p.state.copies == []
    assert p.says("wang", "agree").state.copies == ["sun"]
    assert [one.type for one in p.events[-2:]] == ["copied", "ended"]
    branch = {"branch": [{"when": "amount > 10", "nodes": [later]}, {"else": []}]}
    p = play(*steps("wang"), branch, *steps("zhao"), record={"amount": 50}).start().says("wang", "agree")
    p.says("zhao", "return", resubmit="replay").says("li", "submit", values={"amount": 1})
    assert p.says("wang", "agree").says("zhao", "agree").state.copies == [], "that way was not taken in the end"


def test_a_late_task_goes_to_the_manager_of_who_has_it() -> None:
    office = Office(managers={"li": "wang", "wang": "boss", "zhao": "qian"})
    due = {"in": "1h", "steps": [{"at": 0, "do": {"transfer": {"manager": {"of": "assignee"}}}}]}
    p = play(approve(["zhao"], due=due), office=office).start().forward(timedelta(hours=2))
    assert p.open() == ["qian"], "not that of the initiator"


def test_levels_from_who_decided_at_a_step() -> None:
    office = Office(managers={"zhao": "qian"}, departments={"zhao": "d", "sun": "d"}, heads={"d": "sun"})
    p = play(*steps("zhao"), {"approve": "up", "who": {"manager": {"of": "n_zhao"}}},
             {"approve": "head", "who": {"department_head": {"of": "n_zhao"}}}, office=office).start()  # fmt: skip
    assert p.says("zhao", "agree").open() == ["qian"]
    assert p.says("qian", "agree").open() == ["sun"]


@pytest.mark.parametrize(
    ("source", "found"),
    [("least_loaded", "qian"), ("round_robin", "wang"), ("most_senior", "zhao")],
)
def test_one_of_a_pool(source: str, found: str) -> None:
    work = {"wang": (3, "2026-01-01"), "zhao": (2, "2026-01-03"), "qian": (1, "2026-01-02")}
    office = Office(managers={"wang": "zhao", "qian": "zhao"}, work=work, gone={"sun"})
    people = {source: {"users": ["sun", "qian", "wang", "zhao"]}}
    assert play({"approve": "a", "who": people}, office=office).start().open() == [found]


def test_no_files_where_the_step_takes_none() -> None:
    p = play(approve(["wang"], opinion={"attachment": False})).start()
    with pytest.raises(Invalid, match="files"):
        p.says("wang", "agree", files=["0190"])
    assert p.says("wang", "agree").state.state == "approved"


def test_as_many_steps_as_a_document_may_have_follow_each_other_by_themselves() -> None:
    actions = [{"action": f"a{number}", "do": [{"update": {"amount": number}}]} for number in range(200)]
    nobody = [
        {"approve": f"b{number}", "who": {"role": "none"}, "empty": {"policy": "auto_pass"}} for number in range(199)
    ]
    p = play(*steps("wang"), {"branch": [{"when": "amount >= 0", "nodes": actions}, {"else": []}]}, *nobody).start()
    assert p.says("wang", "agree").state.state == "approved"
    assert p.record["amount"] == 199


def test_an_administrator_lets_it_go_on_at_another_step() -> None:
    branch = {"branch": [{"when": "amount > 10", "nodes": steps("qian")}, {"else": []}]}
    fork = {"parallel": {"branches": [{"nodes": steps("sun")}, {"nodes": steps("zhou")}]}}
    p = play(*steps("wang"), branch, fork, *steps("zhao")).start().says("wang", "agree")
    assert p.open() == ["sun", "zhou"]
    with pytest.raises(Forbidden):
        p.do("jump", "wang", to="n_qian", reason="why")
    with pytest.raises(Invalid, match="reason"):
        p.do("jump", "admin", admin=True, to="n_qian")
    for wrong in ("n_sun", "nothing", ""):
        with pytest.raises(Invalid, match="n_wang, n_qian, n_zhao"):
            p.do("jump", "admin", admin=True, to=wrong, reason="why")
    p.do("jump", "admin", admin=True, to="n_qian", reason="he has to see it")
    assert (p.open(), p.state.chosen) == (["qian"], {"1": 0})
    assert not [one for one in p.state.forks.values() if one.state == "open"]
    p.says("qian", "agree")
    assert p.open() == ["sun", "zhou"], "from there on everything once more"
    p.do("jump", "admin", admin=True, to="n_zhao", reason="they are on a journey")
    assert p.says("zhao", "agree").state.state == "approved"


def test_steps_that_were_jumped_over_are_drawn_as_that() -> None:
    branch = {"branch": [{"when": "amount > 10", "nodes": steps("qian")}, {"else": []}]}
    fork = {"parallel": {"branches": [{"nodes": steps("sun")}, {"nodes": steps("zhou")}]}}
    p = play(*steps("wang"), branch, *steps("boss"), fork, *steps("zhao")).start()

    def seen(steps: Sequence[drawing.Drawn]) -> dict[str, str]:
        found = {}
        for one in steps:
            found[one.step.name] = one.state
            for way in one.ways:
                found |= seen(way.steps)
        return found

    def drawn() -> dict[str, str]:
        return seen(drawing.draw(p.definition, p.state))

    p.do("jump", "admin", admin=True, to="n_zhao", reason="they are on a journey")
    found = drawn()
    assert (found["n_wang"], found["n_boss"], found["n_zhao"]) == ("cancelled", "over", "now")
    assert [found[one] for one in ("n_qian", "n_sun", "n_zhou")] == ["off"] * 3
    assert [found[one.name] for one in p.definition.by_path.values() if one.ways] == ["over", "over"]
    p.do("jump", "admin", admin=True, to="n_boss", reason="he is back")
    assert (drawn()["n_boss"], drawn()["n_zhao"]) == ("now", "ahead")
    assert [drawn()[one.name] for one in p.definition.by_path.values() if one.ways] == ["over", "ahead"]
    p.says("boss", "agree").says("sun", "agree").says("zhou", "agree").says("zhao", "agree")
    assert p.state.state == "approved"
    ways = [one.name for one in p.definition.by_path.values() if one.ways]
    assert [drawn()[one] for one in ways] == ["over", "done"] and drawn()["n_boss"] == "done"
