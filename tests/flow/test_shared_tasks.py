"""Tasks that somebody has together with his stand-in: who is first decides, nobody decides twice, nobody loses one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runtime.base.errors import Conflict, Forbidden
from tests.flow.test_scenarios import approve, play
from tests.flow.world import Office, Play


def away(*nodes: dict[str, Any], sharing: tuple[str, ...] = ("wang",), office: Office | None = None,
         to: dict[str, str] | None = None, **doc: Any) -> Play:  # fmt: skip
    made = play(*nodes, office=office, **doc)
    for who, deputy in (to or {"wang": "zhao"}).items():
        made.office.delegates[who] = (deputy, made.now, made.now + timedelta(days=1))
    made.office.sharing = set(sharing)
    return made


def said(p: Play, name: str) -> tuple[Any, Any]:
    command = next(one.data for one in reversed(p.events) if one.type == "command" and one.data["name"] == name)
    return command["actor"], command["on_behalf"]


@pytest.mark.parametrize(("first", "other", "behalf"), [("wang", "zhao", None), ("zhao", "wang", "wang")])
@pytest.mark.parametrize("word", ["agree", "reject"])
def test_who_is_first_decides(first: str, other: str, behalf: str | None, word: str) -> None:
    p = away(approve(["wang"]), approve(["qian"], name="b")).start()
    task = p.task("zhao")
    assert (task.principal, task.shared, task.holders) == ("wang", True, ("zhao", "wang"))
    p.do(word, first, task.id)
    assert said(p, word) == (first, behalf) and p.state.tasks[task.id].by == first
    with pytest.raises(Conflict) as found:
        p.do("agree", other, task.id)
    if word == "agree":
        assert found.value.code == "task_agreed" and found.value.extra["by"] == first


def test_nobody_else_and_not_without_the_mode() -> None:
    p = away(approve(["wang"])).start()
    with pytest.raises(Forbidden):
        p.do("agree", "qian", 1)
    p = away(approve(["wang"]), sharing=()).start()
    assert p.task("zhao").holders == ("zhao",)
    with pytest.raises(Forbidden):
        p.do("agree", "wang", 1)


def test_a_later_change_moves_nothing() -> None:
    p = away(approve(["wang"])).start()
    p.office.sharing, p.office.delegates = set(), {}
    assert p.do("agree", "wang", 1) and p.state.state == "approved"
    p = away(approve(["wang"]), sharing=()).start()
    p.office.sharing = {"wang"}
    with pytest.raises(Forbidden):
        p.do("agree", "wang", 1)


def test_every_command_of_a_task() -> None:
    allow = {"return": {}, "transfer": {}, "add_sign": {}}
    p = away(approve(["wang"], allow=allow)).start()
    p.do("add_sign", "wang", 1, kind="before", people=["qian"])
    p.do("remove_signer", "zhao", None, added=2)
    assert p.open() == ["zhao"] and p.state.tasks[1].shared
    p.do("transfer", "wang", 1, to="qian")
    assert p.open() == ["qian"]
    with pytest.raises(Conflict) as found:
        p.do("agree", "zhao", 1)
    assert found.value.code == "task_transferred" and found.value.extra["by"] == "wang"
    p = away(approve(["wang"], allow=allow)).start()
    p.do("return", "wang", 1, to="start")
    assert p.open() == ["li"]
    p.says("li", "submit")
    assert p.task("zhao").holders == ("zhao", "wang"), "the same two are asked again"


def test_one_of_two_may_have_it_alone() -> None:
    allow = {"transfer": {}, "add_sign": {}}
    for name, actor, to, admin in (
        ("take_over", "wang", "wang", False), ("transfer", "zhao", "wang", False), ("transfer", "wang", "zhao", False),
        ("reassign", "admin", "wang", True), ("reassign", "admin", "qian", True),
    ):  # fmt: skip
        p = away(approve(["wang"], allow=allow)).start()
        p.do(name, actor, 1, admin=admin, to=to, reason="r")
        assert p.open() == [to] and p.task(to).holders == (to,), name
    p = away(approve(["wang"], allow=allow)).start()
    for name, actor, args in (
        ("transfer", "zhao", {"to": "zhao"}), ("transfer", "wang", {"to": "wang"}),
        ("add_sign", "zhao", {"kind": "parallel", "people": ["wang"]}),
    ):  # fmt: skip
        with pytest.raises(Conflict) as found:
            p.do(name, actor, 1, **args)
        assert found.value.code == "already_approver", "nobody decides twice"


def test_who_leaves() -> None:
    p = away(approve(["wang"])).start()
    p.office.gone.add("zhao")
    p.do("left", "system", person="zhao")
    assert p.open() == ["wang"] and p.task("wang").holders == ("wang",)
    p = away(approve(["wang"])).start()
    p.office.gone.add("wang")
    p.do("left", "system", person="wang")
    assert p.open() == ["zhao"]


def test_a_decision_that_is_taken_back() -> None:
    p = away(approve(["wang"]), approve(["qian"], name="b")).start()
    p.do("agree", "wang", 1)
    with pytest.raises(Forbidden):
        p.do("retrieve", "zhao")
    p.do("retrieve", "wang")
    assert p.task("zhao").holders == ("zhao", "wang")


def test_both_are_reminded_and_urged() -> None:
    due = {"in": "8wh", "steps": [{"at": "-1wh", "do": "remind"}]}
    p = away(approve(["wang"], due=due)).start()
    p.do("urge", "li")
    assert [one.data["people"] for one in p.events if one.type == "urged"] == [["wang", "zhao"]]
    p.forward(timedelta(hours=12))
    assert [one.data["people"] for one in p.events if one.type == "reminded"] == [["zhao", "wang"]]


@pytest.mark.parametrize("people", [["wang", "zhao"], ["zhao", "wang"]])
def test_two_who_are_both_asked_keep_a_vote_each(people: list[str]) -> None:
    p = away(approve(people, "all")).start()
    assert p.open() == people and not any(one.shared for one in p.state.tasks.values())
    p.says("wang", "agree")
    assert p.state.state == "running", "nobody decides for both"


def test_one_who_stands_in_for_two() -> None:
    p = away(approve(["wang", "qian"], "all"), sharing=("wang", "qian"), to={"wang": "zhao", "qian": "zhao"}).start()
    assert [one.holders for one in p.state.tasks.values()] == [("zhao", "wang"), ("qian",)]


def test_in_a_chain_it_is_the_first_arrangement_that_counts() -> None:
    to = {"wang": "zhao", "zhao": "qian"}
    p = away(approve(["wang"]), to=to).start()
    assert p.task("qian").holders == ("qian", "wang")
    assert away(approve(["wang"]), to=to, sharing=("zhao",)).start().task("qian").holders == ("qian",)


def test_the_initiator_does_not_decide_through_his_stand_in() -> None:
    p = away(approve(["li", "qian"]), to={"li": "zhao"}, sharing=("li",)).start("li")
    assert [one.holders for one in p.state.tasks.values()] == [("qian",)]
    p = away(approve(["wang"]), to={"wang": "li"}).start("li")
    assert p.task("wang").holders == ("wang",), "no stand-in decides about what he has started"
    allowed = {"allow": {"self_approval": "allow"}}
    p = away(approve(["li"]), to={"li": "zhao"}, sharing=("li",), start=allowed).start("li")
    assert p.task("zhao").holders == ("zhao", "li") and p.do("agree", "li", 1)


def test_who_has_agreed_before_is_not_asked_again_with_his_stand_in() -> None:
    p = away(approve(["wang"]), approve(["wang"], name="b"), approve(["qian"], name="c"), dedupe="first").start()
    p.do("agree", "wang", 1)
    assert p.open() == ["qian"] and (p.state.tasks[2].state, p.state.tasks[2].by) == ("auto_agreed", "wang")
