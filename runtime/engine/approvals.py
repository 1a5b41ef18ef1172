"""The workflows of one record as its reader sees them: which run and ran on it, which he may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.base.errors import DougongError
from runtime.engine import locks, proposed
from runtime.engine.directory import everybody
from runtime.engine.flow import state as states
from runtime.engine.flow.approvers import Asking, choosing
from runtime.engine.flow.commands import may_start
from runtime.engine.flow.definition import Definition
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.state import Instance
from runtime.engine.flows import compiled, live_definition
from runtime.engine.flowview import whole
from runtime.engine.flowworld import World
from runtime.engine.triggers import MANUAL, begun_by
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store import flows, taskboxes
from runtime.store.database import Question
from runtime.store.flows import Row

SHOWN = 6


@dataclass
class Standing:
    """One instance on a record: how it stands, the caller's own task, what he may do with it."""

    id: str
    title: str
    kind: str
    definition: Definition
    state: Instance
    created: datetime
    ended: datetime | None
    task: str | None = None
    actions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chooser:
    """A step whose people the initiator chooses: how many, among whom."""

    name: str
    definition: Definition
    least: int
    most: int
    people: Sequence[tuple[str, str]]


def concerned(session: Session, definition: ObjectDef) -> bool:
    """Whether any workflow is about an object."""
    return locks.workflows(session, definition)


def of_record(session: Session, object_name: str, record_id: str) -> list[Standing]:
    """The last instances on a record that the caller may read, the newest first."""
    schema = session.workspace.schema
    found = []
    for row in taskboxes.of_record(session.database, schema, record_id, SHOWN):
        id, _, _, _, title, state, _, created, ended, flow, kind, data = row
        made = Standing(id, title, kind, compiled(session, flow), states.load(flows.load(data)), created, ended)
        found.append(made)
        if state in states.OPEN_STATES:
            made.actions = acting(session, object_name, record_id, made)
    mine = taskboxes.mine(
        session.database, schema, [one.id for one in found if one.state.is_open], str(session.user_id)
    )
    for one in found:
        one.task = mine.get(one.id)
    return found


def asked(session: Session, definition: ObjectDef, record_id: str) -> list[Question]:
    """What the page of a record will ask about its workflows."""
    if not concerned(session, definition):
        return []
    own = taskboxes.about(session.workspace.schema, record_id, SHOWN)
    return [own, *locks.asked(session, definition, record_id), proposed.asked(session, record_id)]


def acting(session: Session, object_name: str, record_id: str, one: Standing) -> dict[str, Any]:
    """What the caller may do with an open instance as a whole."""
    row = Row(one.id, "", one.definition.name, one.kind, "", record_id, "", one.state.state, one.state.initiator, None,
              None, None, 0, {})  # fmt: skip
    with session.database.connection() as connection:
        world = World(session, connection, object_name, record_id)
        return whole(Machine(one.definition, one.state, world), session, row)


def manual(session: Session, definition: ObjectDef) -> list[str]:
    """The names of the workflows that people start on records of an object."""
    found = []
    for piece in session.model.all("workflow"):
        if session.model.object(str(piece.object)) is not definition:
            continue
        if MANUAL in begun_by(piece.doc):
            found.append(piece.name)
    return found


def startable(session: Session, definition: ObjectDef, record_id: str, may_update: bool) -> list[Definition]:
    """The workflows that the caller may start on a record now: who and when of the documents hold."""
    names = manual(session, definition)
    if not names or session.user_id is None:
        return []
    found = []
    with session.database.connection() as connection:
        world = World(session, connection, definition.name, record_id)
        for name in names:
            flow = live_definition(session, name)[1]
            start: Mapping[str, Any] = flow.doc.get("start") or {}
            try:
                if "who" in start:
                    may = may_start(world, start["who"], session.user_id)
                else:
                    may = may_update
                if may and world.condition(start.get("when", True)):
                    found.append(flow)
            except DougongError:
                continue  # A condition that cannot be answered now starts nothing.
    return found


def choosers(session: Session, object_name: str, record_id: str, flow: Definition) -> list[Chooser]:
    """The steps whose people are chosen when the workflow is started, with those to choose from."""
    users = everybody(session.snapshot).users
    with session.database.connection() as connection:
        world = World(session, connection, object_name, record_id)
        ask = Asking(flow, Instance(initiator=str(session.user_id)), world)
        found = []
        for step, low, high, offered in choosing(ask):
            ids = [one.id for one in users.values() if one.active and (offered is None or one.id in offered)]
            people = sorted(((one, users[one].title) for one in ids), key=lambda pair: pair[1])
            found.append(Chooser(step.name, flow, low, high, people))
    return found
