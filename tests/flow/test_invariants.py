"""The invariants of section 2.14 over random trees, people and commands, stale and repeated ones and jumps of the clock too."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runtime.base.errors import DougongError
from runtime.engine.flow import drawing
from runtime.engine.flow.definition import parsed
from runtime.engine.flow.state import ENDED, PENDING, Instance, dump, fold
from tests.flow.world import Office, Play

#: More by hand: DOUGONG_FLOW_EXAMPLES=5000.
EXAMPLES = int(os.environ.get("DOUGONG_FLOW_EXAMPLES", "60"))
PEOPLE = ["wang", "zhao", "qian", "sun", "zhou", "li"]
WORDS = [
    "agree", "agree", "agree", "agree", "reject", "submit", "return", "transfer", "add_sign", "remove_signer",
    "withdraw", "retrieve", "retrieve", "skip", "retry", "reassign", "urge", "comment", "clock", "left", "amount", "terminate",
    "child", "take_over", "jump",
]  # fmt: skip
FINAL = [
    "agreed", "rejected", "returned", "submitted", "transferred", "cancelled", "auto_agreed", "auto_rejected", "skipped",
]  # fmt: skip
modes = st.sampled_from(["any", "all", "sequential", {"ratio": 60}, {"ratio": 34}, {"votes": 2}])
whos = st.one_of(
    st.fixed_dictionaries({"users": st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True)}),
    st.just({"role": "nobody"}),
    st.just({"chain": {"levels": 3}}),
)


@st.composite
def nodes(draw: Any, depth: int = 3, numbers: Any = None) -> list[dict[str, Any]]:
    numbers = numbers or count()
    made = []
    for _ in range(draw(st.integers(1 if depth == 3 else 0, 3))):
        kind = draw(
            st.sampled_from(
                ["approve"] * 4
                + [
                    "handle",
                    "cc",
                    "action",
                    "wait",
                    "subflow",
                    *(["branch", "parallel", "repeat_until"] * 2 if depth else []),
                ]
            )
        )
        name = f"{kind[0]}{next(numbers)}"
        if kind in ("approve", "handle"):
            node: dict[str, Any] = {kind: name, "who": draw(whos), "mode": draw(modes)}
            if kind == "approve":
                node["reject_rule"] = draw(st.sampled_from(["first", "all_voted"]))
                node["before_sign_reject"] = draw(st.sampled_from(["advice", "reject"]))
            if draw(st.booleans()):
                late = draw(
                    st.sampled_from(
                        ["remind", "auto_agree", "auto_reject", "auto_return", {"transfer": "manager_of_assignee"}]
                    )
                )
                node["due"] = {"in": "8wh", "steps": [{"at": "-1wh", "do": "remind"}, {"at": 0, "do": late}]}
        elif kind == "cc":
            node = {"cc": name, "who": {"users": ["sun"]}, "when_entered": draw(st.booleans())}
        elif kind == "subflow":
            node = {"subflow": {"workflow": name, "on_reject": draw(st.sampled_from(["reject", "continue"]))}}
        elif kind == "action":
            node = {"action": name, "do": [{"update": {"status": name}}]}
        elif kind == "wait":
            node = {"wait": draw(st.sampled_from([{"for": "2d"}, {"until": "amount > 50"}]))}
        elif kind == "branch":
            node = {
                "branch": [
                    {"when": "amount > 10", "nodes": draw(nodes(depth - 1, numbers))},
                    {"else": draw(nodes(depth - 1, numbers))},
                ]
            }
        elif kind == "repeat_until":
            inside = draw(nodes(depth - 1, numbers)) or [
                {"action": f"x{next(numbers)}", "do": [{"update": {"status": name}}]}
            ]
            until = draw(st.sampled_from(["amount > 50", "amount > 10", "status == 'x'"]))
            on_max = draw(st.sampled_from(["block", "reject", "continue"]))
            node = {"repeat_until": {"until": until, "max": draw(st.integers(1, 3)), "on_max": on_max, "nodes": inside}}
        else:
            ways = [{"nodes": draw(nodes(depth - 1, numbers))} for _ in range(draw(st.integers(2, 3)))]
            node = {
                "parallel": {
                    "join": draw(st.sampled_from(["all", "any", {"count": 2}])),
                    "reject": draw(st.sampled_from(["instance", "branch"])),
                    "branches": ways,
                }
            }
        made.append(node)
    return made


commands = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(0, 40), st.sampled_from(PEOPLE), st.integers(0, 5)),
    min_size=1,
    max_size=30,
)
documents = st.fixed_dictionaries(
    {
        "nodes": nodes(),
        "dedupe": st.sampled_from(["none", "first", "consecutive", "last"]),
        "empty": st.sampled_from([{"policy": one} for one in ("auto_pass", "to_admin", "block", "reject", "manager_of_initiator")]),
        "start": st.fixed_dictionaries({"allow": st.fixed_dictionaries({
            "withdraw": st.sampled_from(["any_time", "never", "until_first_decision"]),
            "self_approval": st.sampled_from(["skip", "allow", "manager"])})}),
    }
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    documents, commands, st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), max_size=3),
    st.sets(st.sampled_from(PEOPLE)),
)  # fmt: skip
def test_invariants(
    doc: dict[str, Any], wanted: list[tuple[str, int, str, int]], away: dict[str, str], sharing: set[str]
) -> None:
    office = Office(managers={"li": "wang", "wang": "boss", "zhao": "boss", "qian": "zhao", "sun": "zhao"})
    play = Play(doc, office, amount=20, status="")
    office.delegates = {who: (to, play.now, play.now + timedelta(hours=30)) for who, to in away.items()}
    office.sharing = sharing
    play.start("li")
    finals: dict[int, str] = {}
    children(play)
    told = honest(play, 0)
    hold(play, finals)
    for name, number, person, more in wanted:
        act(play, name, number, person, more)
        children(play)
        told = honest(play, told)
        hold(play, finals)
        again(play)


def children(play: Play) -> None:
    """Sub-workflows that are wanted run."""
    while wanted := [
        run for run in play.state.active() if run.path and play.definition.by_path[parsed(run.path)].kind.name == "subflow"
        and run.child is None and not run.blocked
    ]:  # fmt: skip
        play.do("child_started", "system", run=wanted[0].id, child=f"c{wanted[0].id}")


def honest(play: Play, told: int) -> int:
    """What the last command's events say of people: I16 whom tasks are given to, I17 who acted for whom."""
    state, strict = play.state, play.definition.allow("self_approval", "skip") != "allow"
    for event in play.events[told:]:
        data = event.data
        if event.type == "task_opened":
            task, run = state.tasks[data["id"]], state.runs[data["run"]]
            assert play.office.active(task.assignee), "I16 who is not there gets nothing to do"
            judges = bool(run.path) and play.definition.by_path[parsed(run.path)].kind.judges
            if judges and strict and data["kind"] in ("task", "added"):
                assert state.initiator not in task.holders, "I16 nobody decides about his own"
        elif event.type == "command":
            assert data["actor"], "I17"
            if data["task"] is not None and data["decision"]:
                task = state.tasks[data["task"]]
                assert data["on_behalf"] == (task.principal if data["actor"] != task.principal else None), "I17"
                assert data["actor"] in task.holders or data["actor"] == "admin", "I17"
    return len(play.events)


def act(play: Play, name: str, number: int, person: str, more: int) -> None:
    """One command, on an open task of who has it or, sometimes, on any task by anybody."""
    if name == "clock":
        play.forward(timedelta(hours=number))
        return
    if name == "amount":
        play.record["amount"] = number * 2
        return
    if name == "left":
        if more == 0 and len(play.office.gone) < 3:
            play.office.gone.add(person)
            play.do("left", "system", person=person)
        return
    if name == "child":
        running = [run for run in play.state.active() if run.child]
        if running:
            outcome = ["approved", "approved", "rejected", "withdrawn", "terminated", "failed"][more]
            run = running[number % len(running)]
            play.do("child_ended", "system", run=run.id, child=run.child, outcome=outcome, why="why")
        return
    tasks = list(play.state.tasks.values())
    fresh = [task for task in tasks if task.state == "open"]
    chosen = fresh if fresh and more < 5 else tasks
    if not chosen:
        return
    task = chosen[number % len(chosen)]
    admin = name in ("skip", "retry", "reassign", "terminate", "jump")
    if name == "terminate" and more:
        return
    holder = task.holders[(number + more) % len(task.holders)]
    actor = "admin" if admin or task.assignee == "admin" else person if more == 4 else holder
    if name == "take_over":
        actor = task.principal or person
    if name in ("withdraw", "urge"):
        actor = "li"
    targets = ["start", *{run.node for run in play.state.runs.values()}]
    every: dict[str, dict[str, Any]] = {
        "return": {"to": targets[number % len(targets)], "resubmit": ["replay", "direct", "direct_unless_changed"][number % 3]},
        "transfer": {"to": person},
        "jump": {"to": [step.name for step in play.definition.by_path.values()][number % len(play.definition.by_path)]},
        "reassign": {"to": person},
        "add_sign": {"kind": ["before", "after", "parallel"][number % 3], "people": PEOPLE[more : more + 2],
                     "mode": ["any", "all", "sequential"][more % 3]},
        "remove_signer": {"added": task.id},
    }  # fmt: skip
    args = every.get(name, {})
    with suppress(DougongError):
        play.do(name, actor, task.id, admin=admin, reason="why", **args)


def hold(play: Play, finals: dict[int, str]) -> None:
    """Everything that must always be true."""
    state = play.state
    ends = [one for one in play.events if one.type == "ended"]
    assert len(ends) == (state.state in ENDED), "I1 one end"
    assert not ends or all(
        one.type in ("ended", "command", "commented") for one in play.events[play.events.index(ends[0]) :]
    )
    scheduled = [one for one in state.timers.values() if one.state == "scheduled"]
    active = {run.id: run for run in state.active()}
    if state.is_open:
        child = any(run.child for run in active.values())
        openly = [task for task in state.tasks.values() if task.state == "open"]
        waiting = [one for one in scheduled if one.task is None]
        assert openly or waiting or child, "I2 liveness"
        assert all(play.office.active(task.assignee) for task in openly), "nobody waits for who is not there"
    for task in state.tasks.values():
        if task.state in PENDING:
            assert task.run in active, "I3"
    assert all(one.run in active for one in scheduled), "I3"
    for run in active.values():
        step = play.definition.by_path.get(parsed(run.path))
        if step is None or step.gives_tasks:
            assert any(task.state == "open" for task in state.run_tasks(run.id)), f"I4 {run}"
        for end in range(1, 0 if run.cause == "all_auto" else len(parsed(run.path)), 2):
            up = play.definition.by_path[parsed(run.path)[:end]]
            if up.kind.forks:
                fork = state.forks[".".join(map(str, up.path))]
                assert fork.state == "open" and fork.ways[str(parsed(run.path)[end])] == "open", "I19"
    closed = Counter(one.data["task"] for one in play.events if one.type == "task_closed")
    assert all(number == 1 for number in closed.values()), "I5 one final event"
    for task in state.tasks.values():
        assert not task.shared or task.principal, "shared with somebody"
        assert finals.get(task.id, task.state) == task.state, "I5 final states stay"
        if task.state in FINAL:
            finals[task.id] = task.state
    assert max(Counter(run.path for run in active.values()).values(), default=1) == 1, "I6"
    for run in state.runs.values():
        decided = [
            task.by for task in state.run_tasks(run.id) if task.state in ("agreed", "rejected") and not task.void
        ]
        assert (
            run.void
            or max(Counter(decided).values(), default=1) == 1
            or any(t.depth or t.kind == "added" for t in state.run_tasks(run.id))
        ), "I14"
    for run in active.values():
        has = Counter(who for task in state.run_tasks(run.id) if task.state == "open" for who in task.holders)
        assert all(number == 1 or who == "admin" for who, number in has.items()), f"one task each {has}"
    fired = Counter(
        one.data["timer"] for one in play.events if one.type == "timer_closed" and one.data["state"] == "fired"
    )
    assert all(state.timers[timer].task is None or number == 1 for timer, number in fired.items()), "I15"
    joined = Counter(one.data["path"] for one in play.events if one.type == "fork_closed")
    begun = Counter(one.data["path"] for one in play.events if one.type == "forked")
    back = sum(one.type == "taken_back" for one in play.events)
    assert back or all(joined[path] <= begun[path] for path in joined), "I11"
    picture(play)


def picture(play: Play) -> None:
    """The drawing shows every step once, where it is as it is, and nothing to come behind an end."""
    leaves: dict[str, str] = {}
    stuck: set[str] = set()

    def walk(steps: Sequence[drawing.Drawn]) -> None:
        for one in steps:
            if one.ways:
                for way in one.ways:
                    walk(way.steps)
                if one.run is not None and one.run.state == "active":
                    stuck.add(one.run.path)
            else:
                leaves[".".join(map(str, one.step.path))] = one.state

    walk(drawing.draw(play.definition, play.state))
    assert set(leaves) == {".".join(map(str, path)) for path, step in play.definition.by_path.items() if not step.ways}
    here = {path for path, state in leaves.items() if state in ("now", "blocked")}
    assert here | stuck == {run.path for run in play.state.active() if run.path}, "the drawing shows where it is"
    if not play.state.is_open:
        assert "ahead" not in leaves.values(), "nothing comes after the end"


def again(play: Play) -> None:
    """I8: the events told from the beginning give the state; I18: the same commands would do the same."""
    assert dump(fold(play.events)) == dump(play.state)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=5),
    st.sampled_from(["any", "all", {"ratio": 60}, {"ratio": 34}, {"votes": 2}]),
    st.sampled_from(["first", "all_voted"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_votes_does_not_matter(votes: list[bool], mode: Any, rule: str, chance: Random) -> None:
    """I7: what a step comes to is a function of what was decided, but for `any` where the first word counts."""
    assume(mode != "any" or rule == "all_voted")
    node = {"approve": "a", "who": {"users": PEOPLE[: len(votes)]}, "mode": mode, "reject_rule": rule}
    play = Play({"nodes": [node], "start": {"allow": {"self_approval": "allow"}}})
    play.start("admin")
    order = list(zip(PEOPLE, votes, strict=False))
    chance.shuffle(order)
    for person, vote in order:
        if play.state.is_open:
            play.says(person, "agree" if vote else "reject")
    yes, count = sum(votes), len(votes)
    share = mode if isinstance(mode, str) else next(iter(mode))
    enough = {
        "any": yes >= 1,
        "all": yes == count,
        "ratio": isinstance(mode, dict) and 100 * yes >= mode.get("ratio", 0) * count,
        "votes": isinstance(mode, dict) and yes >= min(mode.get("votes", 0), count),
    }
    assert play.state.state == ("approved" if enough[share] else "rejected")


def test_an_empty_instance_loads() -> None:
    assert dump(fold([])) == dump(Instance())
