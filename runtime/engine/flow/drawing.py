"""How far an instance has come, step by step, as a tree that can be drawn: done, here, still to come, not taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.engine.flow.definition import Definition, Path, Step, written
from runtime.engine.flow.state import Fork, Instance, Run, Task, earlier
from runtime.kinds.node import Way

#: What a step may look like.
AHEAD, NOW, BLOCKED, DONE, OFF, OVER = "ahead", "now", "blocked", "done", "off", "over"
#: What the state of a visit makes of its step.
VISITS = {
    "active": NOW, "passed": DONE, "rejected": "rejected", "returned": "returned", "skipped": "skipped",
    "cancelled": "cancelled",
}  # fmt: skip
#: How the ways of a fork look by their state, while the fork is open and after it.
WAYS = {"open": ("live", OFF), "passed": (DONE, DONE), "failed": ("failed", "failed")}


@dataclass
class Drawn:
    """One step with how far it has come, the tasks of its last visit and its ways."""

    step: Step
    state: str
    run: Run | None = None
    tasks: Sequence[Task] = ()
    ways: Sequence[DrawnWay] = ()


@dataclass
class DrawnWay:
    """One way of a step: ``live``, done, failed, still to come or not taken."""

    way: Way
    state: str
    steps: Sequence[Drawn] = field(default_factory=list)


def draw(definition: Definition, state: Instance) -> list[Drawn]:
    """The steps of a workflow as an instance of it stands."""
    context = DONE if state.state == "approved" else "live" if state.is_open else OFF
    return _Drawing(definition, state).sequence((), context)


class _Drawing:
    """One instance at its drawing."""

    def __init__(self, definition: Definition, state: Instance) -> None:
        self.definition = definition
        self.state = state
        self.last: dict[str, Run] = {}
        for run in state.runs.values():
            if not run.void and run.path and not earlier(state, run):
                self.last[run.path] = run

    def visited(self, path: Path) -> bool:
        """Whether anything at a place or inside of it has been visited in what still counts."""
        here = written(path)
        return any(one == here or one.startswith(here + ".") for one in self.last)

    def over(self, path: Path) -> bool:
        """Whether it was passed over, and nothing inside of it has been visited since."""
        return written(path) in self.state.over and not self.visited(path)

    def sequence(self, prefix: Path, context: str) -> list[Drawn]:
        """The steps of one way; ``context`` says how the way itself stands."""
        steps = self.definition.sequence(prefix)
        reached = -1
        for number, step in enumerate(steps):
            if context != AHEAD and self.visited(step.path):
                reached = number
        return [self.one(step, context, number, reached) for number, step in enumerate(steps)]

    def one(self, step: Step, context: str, number: int, reached: int) -> Drawn:
        """One step: by its own visit, by what has been reached behind it, or by where it stands."""
        run = self.last.get(written(step.path)) if context != AHEAD else None
        if run is not None:
            found = BLOCKED if run.blocked else VISITS.get(run.state, DONE)
        elif context not in (AHEAD, OFF) and self.over(step.path):
            found = OVER
        elif number < reached or context == DONE:
            found = DONE
        elif number == reached:
            found = NOW  # Something inside of it.
        else:
            found = OFF if context in (OFF, "failed") or not self.state.is_open else AHEAD
        ways = [self.way(step, at, found) for at in range(len(step.ways))]
        if number == reached and ways and run is None:
            found = self.around(ways)
        tasks = [one for one in self.state.run_tasks(run.id) if not one.void] if run else []
        return Drawn(step, found, run, tasks, ways)

    def way(self, step: Step, at: int, found: str) -> DrawnWay:
        """One way of a step that looks like ``found``."""
        place = written(step.path)
        fork = self.state.forks.get(place)
        if found in (AHEAD, OFF, OVER):
            context = OFF if found == OVER else found
        elif step.kind.forks:
            context = self.forked(fork, at)
        elif step.kind.loops:
            context = DONE if found == DONE else "live"
        else:
            taken = self.state.chosen.get(place) == at
            context = OFF if not taken else DONE if found == DONE else "live"
        steps = self.sequence((*step.path, at), context)
        if context == "live" and not self.state.is_open:
            context = DONE
        return DrawnWay(step.ways[at], context, steps)

    def forked(self, fork: Fork | None, at: int) -> str:
        """How one way of a fork stands."""
        state = fork.ways.get(str(at)) if fork else None
        if fork is None or state is None:
            return OFF
        return WAYS[state][fork.state != "open"]

    def around(self, ways: Sequence[DrawnWay]) -> str:
        """How a step looks from what is inside of it."""
        inside = [one.state for way in ways for one in way.steps]
        if any(one in (NOW, BLOCKED) for one in inside):
            return NOW
        if not self.state.is_open and "rejected" in inside and self.state.state == "rejected":
            return "rejected"
        return DONE if self.state.state == "approved" or not self.state.is_open else NOW
