"""One instance as somebody may look at it: its state, his task in it, what he may do, its story. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from runtime.base.errors import DougongError
from runtime.engine import previews, proposed, tasks
from runtime.engine.directory import Everybody, everybody
from runtime.engine.flow import admin
from runtime.engine.flow import state as states
from runtime.engine.flow.back import retrievable
from runtime.engine.flow.commands import participants, withdrawable
from runtime.engine.flow.definition import Definition, Step
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.state import PENDING, Event, Instance, Task
from runtime.engine.flows import compiled
from runtime.engine.flowworld import World
from runtime.engine.workspace import Session
from runtime.store import files, flows
from runtime.store.files import FileRow


@dataclass
class Opened:
    """An instance, and the task that it was opened at when it was opened at one."""

    session: Session
    row: flows.Row
    state: Instance
    definition: Definition
    ids: Mapping[int, str]
    task: Task | None = None
    #: What the caller may do with the task, and with the instance as a whole, by name, with what each takes.
    actions: dict[str, Any] = field(default_factory=dict)
    whole: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def proposes(self) -> Mapping[str, Any]:
        """What the change that it is about would do (``kind``, ``changes``, ``lines``), as far as one may see."""
        if self.row.kind != "proposal":
            return {"kind": "", "changes": [], "lines": []}
        return proposed.of_instance(self.session, self.row.id)

    @cached_property
    def computed(self) -> Sequence[Mapping[str, Any]]:
        """The computed values that the change would move."""
        return previews.of_instance(self.session, self.row)

    @cached_property
    def revoked_by(self) -> Sequence[tuple[str, str]]:
        """(id, state) of what asks to revoke it, or has."""
        return revoking(self.session, self.row)

    @property
    def object_name(self) -> str:
        """The object of the record, '' when there is none of it any more."""
        return self.session.layout.names.get(self.row.object_key, "")

    @property
    def people(self) -> Everybody:
        """Everybody, for how they are called."""
        return everybody(self.session.snapshot)

    def called(self, person: str | None) -> str:
        """How somebody is called, '' for the system."""
        found = self.people.users.get(person or "")
        return found.title if found else ""

    def step(self, name: str) -> Step | None:
        """A step by its name."""
        return self.definition.by_name.get(name)

    @property
    def own_step(self) -> Step | None:
        """The step of the task that it was opened at."""
        return self.step(self.state.runs[self.task.run].node) if self.task else None

    @property
    def hidden(self) -> Sequence[str]:
        """The fields that the task's step does not show to who has it."""
        step = self.own_step
        return list(step.options.get("fields", {}).get("hidden", ())) if step else []

    def events(self) -> list[tuple[int, datetime, Event]]:
        """Everything that has happened."""
        rows = flows.events(self.session.database, self.session.workspace.schema, self.row.id)
        return [(seq, at, Event(type, data)) for seq, at, type, data in rows]

    def files(self) -> Mapping[str, FileRow]:
        """The files that came with what people said, by their ids."""
        return {one.id: one for one in files.of_flow(self.session.database, self.session.workspace.schema, self.row.id)}

    def open_of(self, user: str | None) -> str | None:
        """The id of the first open task that somebody has here."""
        found = (one.id for one in self.state.pending() if one.state == "open" and user in one.holders)
        return self.ids.get(next(found, 0))

    def chooses(self) -> Step | None:
        """The step whose people whoever decides at the task chooses."""
        here = self.own_step
        for one in self.definition.by_path.values() if here else ():
            who = one.options.get("who")
            for entry in who if isinstance(who, list) else [who]:
                if here and isinstance(entry, Mapping) and entry.get("previous_choice") == here.name:
                    return one
        return None

    def added(self) -> list[Task]:
        """The signers whom the caller has added and who have not decided yet."""
        me = self.session.user_id
        mine = {one.id for one in self.state.tasks.values() if me in one.holders}
        return [one for one in self.state.pending() if one.parent in mine and one.kind == "added"]


def opened(session: Session, instance: str, number: int | None = None) -> Opened:
    """An instance that the caller may see. Raises NotFound."""
    row = tasks.seen(session, instance)
    state = states.load(row.data)
    ids = flows.task_ids(session.database, session.workspace.schema, row.id)
    made = Opened(session, row, state, compiled(session, row.flow), ids)
    made.task = state.tasks.get(number) if number is not None else None
    if made.object_name:
        with session.database.connection() as connection:
            world = World(session, connection, made.object_name, row.record_id)
            machine = Machine(made.definition, state, world)
            if made.task is not None:
                made.actions = tasks.actions(machine, made.task, session, made.proposes["kind"])
            made.whole = whole(machine, session, row)
    return made


def at_task(session: Session, task_id: str) -> Opened:
    """The instance of a task, opened there. Raises NotFound."""
    found = tasks.find(session, task_id)
    return opened(session, str(found["instance"]), int(found["number"]))


def whole(machine: Machine, session: Session, row: flows.Row) -> dict[str, Any]:
    """What the caller may do with an instance as a whole."""
    state, me = machine.state, session.user_id
    part = me in participants(state) or session.person.administrator
    found: dict[str, Any] = {"comment": {}, "copy": {}} if part else {}
    if me == state.initiator and state.is_open:
        if possible(withdrawable, machine):
            found["withdraw"] = {}
        if any(one.state == "open" and one.assignee != me for one in state.pending()):
            found["urge"] = {}
    if me and possible(retrievable, machine, me) and state.is_open:
        found["retrieve"] = {}
    days = int(machine.definition.allow("revoke_days", 0))
    ended = moment_of(state.ended) if state.ended and row.state == "approved" and row.kind == "normal" else None
    late = not days or not ended or datetime.now(UTC) - ended > timedelta(days=days)
    if me == row.initiator and not late and not revoking(session, row):
        found["revoke"] = {"days": days}
    if session.person.administrator and state.is_open:
        found["terminate"] = {"reason": True}
        steps = admin.places(machine.definition) if state.state == "running" else []
        if steps:
            found["jump"] = {"reason": True, "to": steps}
    return found


def revoking(session: Session, row: flows.Row) -> list[tuple[str, str]]:
    """(id, state) of what asks to revoke an approved instance, or has revoked it; of nothing else is it looked for."""
    if row.state != "approved" or row.kind != "normal":
        return []
    return flows.revoking(session.database, session.workspace.schema, row.id, row.record_id)


def possible(check: Any, *args: Any) -> bool:
    """True when a check refuses nothing."""
    try:
        check(*args)
    except DougongError:
        return False
    return True


def waiting(state: Instance) -> list[Task]:
    """The tasks that somebody has to do now."""
    return [one for one in state.tasks.values() if one.state in PENDING and one.state == "open"]
