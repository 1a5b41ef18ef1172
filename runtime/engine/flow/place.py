"""Where a node stands in a running instance: what the kinds of nodes may ask for there, and what that leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runtime.base.errors import Message
from runtime.engine.flow.approvers import Found, Resolved, in_force, resolve
from runtime.engine.flow.definition import Step, written
from runtime.engine.flow.moments import as_moment, stamp
from runtime.engine.flow.sentences import kept
from runtime.engine.flow.state import Run, Task
from runtime.engine.flow.votes import PASS, REJECT
from runtime.kinds.node import Way

if TYPE_CHECKING:
    from runtime.engine.flow.machine import Machine

#: A condition that is waited for is looked at once more when every change that it may have missed has been stored.
LOOK_SOON = timedelta(minutes=1)


class Place:
    """Where a node stands: what :class:`runtime.kinds.node.At` promises to the kinds."""

    def __init__(self, machine: Machine, step: Step) -> None:
        self.machine = machine
        self.step = step

    @property
    def options(self) -> Mapping[str, Any]:
        """The node's options."""
        return self.step.options

    @property
    def ways(self) -> Sequence[Way]:
        """The node's ways."""
        return self.step.ways

    def condition(self, source: str | bool) -> bool:
        """Whether a condition holds now."""
        return self.machine.env.condition(source)

    def done(self) -> None:
        """The node is through."""
        self._close_fork(PASS)
        self.machine.done(self.step.path)

    def failed(self) -> None:
        """The node is rejected."""
        self._close_fork("failed")
        self.machine.failed(self.step.path)

    def _close_fork(self, state: str) -> None:
        fork = self.machine.state.forks.get(written(self.step.path))
        if fork is not None and fork.state == "open":
            inside = written(self.step.path) + "."
            self.machine.clear(lambda run: run.path.startswith(inside))
            for inner in list(self.machine.state.forks.values()):
                if inner.state == "open" and inner.path.startswith(inside):
                    self.machine.emit("fork_closed", path=inner.path, state="cancelled")
            self.machine.emit("fork_closed", path=fork.path, state=state)

    @property
    def turn(self) -> int:
        """Which time round this is."""
        found = self.machine.state.turns.get(written(self.step.path))
        return found.turn if found else 1

    def go_round(self, turn: int) -> None:
        """Begin a time round."""
        turned(self.machine, self.step, turn)
        self.machine.enter((*self.step.path, 0, 0))

    def met(self, until: str | bool) -> bool:
        """Whether it need not be gone round again."""
        found = self.condition(until)
        self.machine.emit("asked", path=written(self.step.path), turn=self.turn, met=found)
        return found

    def stand(self, why: Message) -> None:
        """Nothing goes on here without an administrator."""
        self.machine.block(self.machine.open_run(self.step), why)

    def choose(self, way: int) -> None:
        """Go on inside of one way."""
        path = written(self.step.path)
        before = self.machine.state.chosen.get(path, way)
        self.machine.emit("way_chosen", path=path, way=way, **({"before": before} if before != way else {}))
        self.machine.enter((*self.step.path, way, 0))

    def fork(self, ways: Sequence[int], need: int) -> None:
        """Go on inside of several ways."""
        path = written(self.step.path)
        old = self.machine.state.forks.get(path)
        before = {"before": {**vars(old), "ways": dict(old.ways)}} if old else {}
        self.machine.emit("forked", path=path, need=need, ways={str(way): "open" for way in ways}, **before)
        for way in ways:
            fork = self.machine.state.forks[path]
            if not self.machine.state.is_open or fork.state != "open":
                return
            self.machine.enter((*self.step.path, way, 0))

    def joined(self, way: int, passed: bool) -> str:
        """Note the end of a way; gives what it means for the fork."""
        path = written(self.step.path)
        fork = self.machine.state.forks[path]
        self.machine.emit("way_ended", path=path, way=str(way), state=PASS if passed else "failed")
        states = list(fork.ways.values())
        if states.count(PASS) >= fork.need:
            return PASS
        return "failed" if len(states) - states.count("failed") < fork.need else "open"

    def hand_out(self) -> None:
        """Find who has to act and give them tasks."""
        machine, step = self.machine, self.step
        ask = machine.asking(step)
        before = [one for one in (in_force(ask, name) for name in machine.again.pop(step.path, ())) if one]
        found = Resolved([self._again(one, before) for one in dict.fromkeys(before)]) if before else resolve(ask)
        chain = isinstance(step.options["who"], dict) and "chain" in step.options["who"]
        mode = step.options.get("mode", "sequential" if chain else "any")
        run = machine.open_run(step, approvers=[one.person for one in found.people], mode=mode)
        machine.emit("approvers_resolved", run=run.id, log=found.log)
        if found.policy == "block":
            machine.block(run, "empty")
        elif found.policy == "reject":
            machine.end_run(run, REJECT)
        elif found.policy == "auto_pass":
            machine.end_run(run, PASS)
        else:
            self._give(run, found)

    def _again(self, person: str, people: Sequence[str]) -> Found:
        """Who is asked again as before: together with whom he had it, if he did."""
        path, state = written(self.step.path), self.machine.state
        had = [one for one in state.tasks.values() if one.assignee == person and state.runs[one.run].path == path]
        other = had[-1].principal if had and had[-1].shared else None
        if other is None or other in people or not self.machine.env.directory.active(other):
            return Found(person)
        return Found(person, other, shared=True)

    def _give(self, run: Run, found: Resolved) -> None:
        machine = self.machine
        first = next((n for n, one in enumerate(found.people) if not one.auto), 0)
        tasks: list[tuple[Task, Found]] = []
        for seq, one in enumerate(found.people):
            waits = run.mode == "sequential" and seq > first
            state = "waiting" if waits else "open"
            whom: dict[str, Any] = {"principal": one.principal, **({"shared": True} if one.shared else {})}
            task = machine.open_task(run, one.person, seq, state=state, deadline=not one.auto, **whom)
            tasks.append((task, one))
        for task, one in tasks:
            if one.auto:
                machine.close_task(task, "auto_agreed", by=one.person, reason=one.auto)
        machine.settle(run)

    def copy(self, *, at_end: bool) -> None:
        """Tell people, now or when the workflow has ended."""
        if at_end:
            self.machine.emit("copy_kept", path=written(self.step.path))
        else:
            self.machine.tell(self.step)

    def perform(self, actions: Sequence[Mapping[str, Any]], on_error: str) -> None:
        """Carry actions out, then be done, or as ``on_error`` says."""
        machine = self.machine
        run = machine.open_run(self.step)
        error = machine.env.perform(actions)
        machine.emit("performed", run=run.id, error=kept(error))
        if error is None or on_error == "skip":
            machine.end_run(run, PASS if error is None else "skipped")
        elif on_error == "reject":
            machine.end_run(run, REJECT)
        else:
            machine.block(run, error)

    def wait(self, *, until: str | None, length: str | None) -> None:
        """Stand still until a moment, until a condition is true, or for a length of time."""
        machine = self.machine
        run = machine.open_run(self.step)
        if length is not None:
            calendar = machine.env.calendar_of(machine.state.initiator)
            machine.set_timer(run, calendar.add(machine.env.now, length))
        else:
            await_moment(machine, run, str(until))

    def start(self, workflow: str, record: str | None, given: Mapping[str, Any], on_reject: str) -> None:
        """Start another workflow and stand still until it has ended."""
        run = self.machine.open_run(self.step)
        self.machine.emit("child_wanted", run=run.id, workflow=workflow, record=record, input=dict(given))


def turned(machine: Machine, step: Step, turn: int) -> None:
    """A time round begins; visits so far belong to earlier ones."""
    path = written(step.path)
    old = machine.state.turns.get(path)
    before = {"turn": old.turn, "after": old.after} if old else {"turn": 0, "after": 0}
    machine.emit("turned", path=path, turn=turn, after=len(machine.state.runs), before=before)


def await_moment(machine: Machine, run: Run, source: str, timer: int | None = None) -> None:
    """Go on at the moment that a formula gives, or once it is true; look again while it says neither."""
    value = machine.env.value(source)
    at = as_moment(value, machine.env)
    if value is True or (at is not None and at <= machine.env.now):
        machine.end_run(run, PASS)
        return
    if at is None:
        at = machine.env.again(source)
        at = min(at, machine.env.now + LOOK_SOON) if timer is None else at
    if timer is None:
        machine.set_timer(run, at)
    else:
        machine.emit("timer_moved", timer=timer, fire_at=stamp(at))
