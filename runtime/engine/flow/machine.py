"""Moves an instance through its tree: enters nodes, hands out tasks, counts votes, joins ways, ends it.

Everything it does is an event first; it asks the kinds of the nodes what to do and knows none of their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from runtime.base.errors import Conflict, Message
from runtime.engine.flow import ballot
from runtime.engine.flow.approvers import Asking, in_force, sources
from runtime.engine.flow.definition import Definition, Path, Step, parsed, written
from runtime.engine.flow.moments import as_moment, moment_of, stamp
from runtime.engine.flow.place import Place
from runtime.engine.flow.sentences import ENDS, kept
from runtime.engine.flow.state import Event, Instance, Run, Task, apply
from runtime.engine.flow.votes import PASS, REJECT
from runtime.engine.flow.world import Env

SYSTEM = "system"
START = ""
#: The kind of task in which the initiator of an approved change says what becomes of it, and its run's cause.
CONFLICT = "conflict"


class Machine:
    """One command's work on one instance; ``events`` is what came of it."""

    def __init__(self, definition: Definition, state: Instance, env: Env) -> None:
        self.definition = definition
        self.state = state
        self.env = env
        self.events: list[Event] = []
        self.regretted = state.last
        self.actor = SYSTEM
        #: Who is asked again, as before, at a node that is jumped to.
        self.again: dict[Path, list[str]] = {}
        #: The nodes that are just being entered, and where to go on after those of them that are through.
        self.entering: set[Path] = set()
        self.following: dict[Path, Path] = {}

    @cached_property
    def now(self) -> str:
        """The moment of the command."""
        return stamp(self.env.now)

    def emit(self, type: str, **data: Any) -> None:
        """Note an event and let it take effect."""
        event = Event(type, data)
        apply(self.state, event)
        self.events.append(event)

    def asking(self, step: Step | None = None) -> Asking:
        """The question for people."""
        return Asking(self.definition, self.state, self.env, step)

    def step_of(self, run: Run) -> Step:
        """The node that a run visits."""
        return self.definition.by_path[parsed(run.path)]

    # -- moving -----------------------------------------------------------------------------------------

    def enter(self, path: Path) -> None:
        """Go into the node at a path; past the end of its sequence, go on after what is around.

        Nodes that are through at once follow each other here and not inside of each other, however many there are.
        """
        at: Path | None = path
        while at is not None:
            sequence = self.definition.sequence(at[:-1])
            if at[-1] >= len(sequence):
                if len(at) == 1:
                    self.complete()
                else:
                    self.way_ended(at[:-1], True)
                return
            step = sequence[at[-1]]
            self.entering.add(step.path)
            step.kind.enter(Place(self, step))
            self.entering.discard(step.path)
            following = self.following.pop(step.path, None)
            at = following if self.state.is_open else None

    def way_ended(self, way: Path, passed: bool) -> None:
        """A way of a node has come to its end: the node says what follows."""
        step = self.definition.by_path[way[:-1]]
        step.kind.way_ended(Place(self, step), way[-1], passed)

    def done(self, path: Path) -> None:
        """The node at a path is through."""
        if not self.state.is_open:
            return
        jump = self.state.jump
        if jump and jump["after"] == written(path) and self.jump(jump):
            return
        after = (*path[:-1], path[-1] + 1)
        if path in self.entering:
            self.following[path] = after
        else:
            self.enter(after)

    def jump(self, jump: Mapping[str, Any]) -> bool:
        """Straight back to the node that had returned the record, if nothing speaks against it; else False."""
        fields = self.definition.condition_fields
        same: bool = jump["mode"] == "direct" or self.env.values(fields) == jump["before"]
        to = parsed(jump["to"])
        if same:
            self.emit("jumped", to=jump["to"])
            self.again[to] = list(jump["approvers"])
            self.enter(to)
        else:
            after, root = parsed(jump["after"]), parsed(jump["root"])
            void = [
                run.id for run in self.state.runs.values()
                if run.path and parsed(run.path)[: len(root)] == root and parsed(run.path) > after
            ]  # fmt: skip
            self.emit("rewound", runs=void, jump=None)
        return same

    def failed(self, path: Path) -> None:
        """The node at a path is rejected."""
        if len(path) == 1:
            self.finish("rejected")
        else:
            self.way_ended(path[:-1], False)

    def complete(self) -> None:
        """The last node is through. When nobody has decided though somebody should have, an administrator is asked."""
        visited = [run for run in self.state.runs.values() if run.path and run.state == PASS and not run.void]
        asked = [run for run in visited if self.step_of(run).kind.judges]
        allowed = self.definition.doc.get("allow_all_auto", False)
        admins = self.env.directory.admins()
        if asked and not self.state.decided and not allowed and admins:
            step = self.step_of(asked[-1])
            run = self.open_run(step, cause="all_auto", approvers=[admins[0]])
            self.open_task(run, admins[0], 0)
            return
        self.finish("approved")

    def finish(self, outcome: str) -> None:
        """The one end. Nothing waits any more, then the actions of this end are carried out."""
        self.clear(lambda run: True)
        for fork in list(self.state.forks.values()):
            if fork.state == "open":
                self.emit("fork_closed", path=fork.path, state="cancelled")
        if self.state.kind == "proposal" and outcome == "approved":
            why = self.env.adopt()
            self.emit("adopted", error=kept(why))
            if why is not None:
                self.ask_initiator()
                return
        wanted = "revoked" if self.state.kind == "revoke" and outcome == "approved" else outcome
        if self.state.kind != "revoke" or wanted == "revoked":
            actions = self.definition.after(wanted)
            error = self.env.perform(actions) if actions else None
            if error is not None and outcome in ("approved", "rejected"):
                said = Message(
                    f"what is to be done when it is {wanted} is not possible: {error.en}",
                    f"流程结束（{ENDS[wanted]}）时的动作无法执行：{error.zh}",
                )
                raise Conflict(said, code="after_failed")
            if actions:
                self.emit("performed", when=wanted, error=kept(error))
        for path in self.state.later:
            self.tell(self.definition.by_path[parsed(path)])
        self.emit("ended", state=outcome, at=self.now, by=self.actor)

    def tell(self, step: Step) -> None:
        """People get a copy at a step."""
        ask = self.asking(step)
        people = [one for one in (in_force(ask, name) for name in sources(ask, step.options["who"])) if one]
        self.emit("copied", node=step.name, people=people)

    def ask_initiator(self) -> None:
        """What was approved does not fit the record any more: who proposed it says what becomes of it."""
        run = self.open_run(None, cause=CONFLICT)
        person = self.state.initiator
        names = (in_force(self.asking(), person) if person != SYSTEM else None, *self.env.directory.admins())
        self.open_task(run, next((one for one in names if one), person), 0, kind=CONFLICT)

    def clear(self, which: Callable[[Run], bool], state: str = "cancelled") -> None:
        """End the active runs that ``which`` is true for, with all that waits in them."""
        for run in self.state.active():
            if which(run):
                self.close_run(run, state)

    # -- runs -------------------------------------------------------------------------------------------

    def open_run(self, step: Step | None, *, cause: str = "", approvers: Sequence[str] = (), mode: Any = "any") -> Run:
        """A visit begins; without a step it is the initiator's, to submit again."""
        number = len(self.state.runs) + 1
        self.emit(
            "run_opened", id=number, path=written(step.path) if step else START, node=step.name if step else "start",
            round=self.state.round, entered=self.now, mode=mode, cause=cause, approvers=list(approvers),
        )  # fmt: skip
        return self.state.runs[number]

    def close_run(self, run: Run, state: str) -> None:
        """A visit ends; nothing in it waits any more."""
        for task in self.state.pending(run.id):
            self.close_task(task, "cancelled")
        for group in self.state.groups.values():
            if group.run == run.id and group.state == "open":
                self.emit("group_closed", group=group.id, state="cancelled")
        for timer in self.state.timers.values():
            if timer.run == run.id and timer.state == "scheduled":
                self.emit("timer_closed", timer=timer.id, state="cancelled")
        self.emit("run_closed", run=run.id, state=state, at=self.now)

    def end_run(self, run: Run, state: str) -> None:
        """A visit ends and the tree goes on from there."""
        self.close_run(run, state)
        if run.cause == "all_auto":
            self.finish("rejected" if state == REJECT else "approved")
        elif state == PASS or state == "skipped":
            self.done(parsed(run.path))
        else:
            self.failed(parsed(run.path))

    def block(self, run: Run, why: Message | str) -> None:
        """Nothing goes on here without an administrator. ``why``: the sentence, or the word for a rule (``empty``)."""
        self.emit("run_blocked", run=run.id, blocked=True, why=kept(why))
        admins = self.env.directory.admins()
        self.open_task(run, admins[0] if admins else SYSTEM, 0, kind="admin_fix")

    # -- tasks ------------------------------------------------------------------------------------------

    def open_task(self, run: Run, assignee: str, seq: int, *, state: str = "open", kind: str = "task",
                  deadline: bool = True, **more: Any) -> Task:  # fmt: skip
        """Somebody gets something to do."""
        number = len(self.state.tasks) + 1
        self.emit("task_opened", id=number, run=run.id, kind=kind, seq=seq, assignee=assignee, state=state,
                  opened=self.now, **more)  # fmt: skip
        task = self.state.tasks[number]
        if state == "open" and kind not in ("admin_fix", "resubmit", CONFLICT) and deadline:
            self.set_deadline(run, task)
        return task

    def close_task(self, task: Task, state: str, **more: Any) -> None:
        """Something is done, or need not be done any more."""
        for timer in self.state.timers.values():
            if timer.task == task.id and timer.state == "scheduled":
                self.emit("timer_closed", timer=timer.id, state="cancelled")
        self.emit("task_closed", task=task.id, state=state, by=more.pop("by", self.actor), at=self.now, **more)

    def wake(self, task: Task) -> None:
        """It is a waiting task's turn; what was put off for signers before it goes on as it was."""
        turn = {} if task.paused else {"opened": self.now}
        self.emit("task_moved", task=task.id, state="open", **turn)
        if task.due is None and task.kind != "resubmit":
            self.set_deadline(self.state.runs[task.run], task)

    def set_deadline(self, run: Run, task: Task) -> None:
        """When a task is due and what is done around that moment."""
        options = self.step_of(run).options.get("due") if run.path else None
        if not options:
            return
        calendar = self.env.calendar_of(task.assignee)
        if "at" in options:
            due = as_moment(self.env.value(options["at"]), self.env)
        else:
            due = calendar.add(moment_of(task.opened), options["in"]) if "in" in options else None
        if due is None:
            return
        counted = {"counted": task.assignee, **({"since": task.opened} if "at" not in options else {})}
        self.emit("task_moved", task=task.id, state=task.state, paused=task.paused, due=stamp(due), **counted)
        for number, step in enumerate(options.get("steps", ())):
            at = due if step["at"] == 0 else calendar.add(due, step["at"])
            self.set_timer(run, max(at, self.env.now), task, number)

    def set_timer(self, run: Run, at: datetime, task: Task | None = None, step: int = 0) -> None:
        """Something is to be done at a moment."""
        self.emit("timer_set", id=len(self.state.timers) + 1, run=run.id, task=task.id if task else None, step=step,
                  fire_at=stamp(at))  # fmt: skip

    def settle(self, run: Run) -> None:
        """After a decision in a run: groups first, then the run, then whose turn it is."""
        ballot.settle(self, run)
