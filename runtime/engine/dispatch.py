"""Events of records, dealt with once each: workflows that begin by them, waits that look again, ends of the deleted.

An event is claimed for a while, then dealt with and taken away in one transaction: whatever dies in between is done by
the next who finds it, and never twice. Events of one record keep their order; one that always fails holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runtime.base.errors import Conflict, DougongError, Forbidden, NotFound, Unauthorized, Unavailable
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import Command
from runtime.engine.flow.definition import Definition, parsed
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flow.moments import as_moment, moment_of
from runtime.engine.flow.state import Instance
from runtime.engine.flows import Flows
from runtime.engine.flowworld import World
from runtime.engine.triggers import ON_CHANGE, ON_CREATE, Beginning, listens, triggers_of
from runtime.engine.waits import MOST_LOOKS, homes, until_of, waits_of
from runtime.engine.workspace import Session, Workspace
from runtime.meta.model import ObjectDef
from runtime.store import flows, outbox
from runtime.store.database import Connection
from runtime.store.outbox import Told

log = logging.getLogger(__name__)
CHANNEL = "workflow"
BATCH = 50
IDLE_BATCH = 5000
LEASE = timedelta(seconds=60)
ATTEMPTS = 5
#: How deep workflows may set each other off by changing records.
DEEPEST = 8
UPDATED = "record_updated"
TRIGGERS = {"record_created": ON_CREATE, UPDATED: ON_CHANGE}


@dataclass(frozen=True)
class Happening:
    """One event with what it is about. ``changed`` are storage keys, ``before`` the values that they had."""

    told: Told
    definition: ObjectDef
    record: str
    before: Mapping[str, Any]
    changed: frozenset[str]
    candidates: Sequence[Beginning]

    @property
    def cause(self) -> Mapping[str, Any]:
        """What had led to the event: ``{"depth", "chain"}``, empty when a person had."""
        found: Mapping[str, Any] = self.told.payload.get("cause") or {}
        return found


def drain(workspace: Workspace, now: datetime | None = None, lease: timedelta = LEASE) -> int:
    """Deal with the events that are there; how many this process took away. Others may do the same meanwhile."""
    session = Session(workspace, user_id=None, channel=CHANNEL)
    session.settle()
    count = drop(session)
    while True:
        claimed = outbox.claim(workspace.database, workspace.schema, BATCH, lease)
        if not claimed:
            return count
        session.settle()  # An event is never older than the model that it is judged by.
        rest, idle = sorted_out(session, claimed)
        if idle:
            with workspace.database.transaction() as connection:
                count += outbox.done(connection, workspace.schema, idle)
        count += sum(deal(session, one, now) for one in rest)


def drop(session: Session) -> int:
    """Take away what nobody waits for, many at once."""
    workspace, count = session.workspace, 0
    objects = session.model.objects.values()
    wanted = {one.key for one in objects if listens(session, one)}
    wanted |= outbox.busy_objects(workspace.database, workspace.schema)
    while True:
        gone = outbox.clear(workspace.database, workspace.schema, session.snapshot.stamp, wanted, IDLE_BATCH)
        count += gone
        if gone < IDLE_BATCH:
            return count


def sorted_out(session: Session, claimed: Sequence[Told]) -> tuple[list[Happening], list[Told]]:
    """(events that may mean something, events that mean nothing)."""
    found, idle = [], []
    for told in claimed:
        one = happening(session, told)
        if one is None:
            idle.append(told)
        else:
            found.append(one)
    return found, idle


def happening(session: Session, told: Told) -> Happening | None:
    """What an event is about; None when it means nothing to anybody."""
    payload = told.payload
    name = session.layout.names.get(str(payload.get("object")))
    if name is None or not told.type.startswith("record_"):
        return None
    definition = session.model.objects[name]
    database, schema, record = session.database, session.workspace.schema, str(payload["record"])
    before: Mapping[str, Any] = {}
    changed: frozenset[str] = frozenset()
    trigger = TRIGGERS.get(told.type)
    candidates = triggers_of(session.model).of(name, trigger) if trigger else []
    depended = name in waits_of(session).by_source
    if (candidates or depended) and trigger == ON_CHANGE:
        before, changed = outbox.touched(database, schema, record, int(payload["version"]))
        candidates = [one for one in candidates if one.fields & changed]
    if candidates or depended or triggers_of(session.model).parent(definition) is not None:
        return Happening(told, definition, record, before, changed, candidates)
    if not outbox.open_about(database, schema, [record], timed=told.type != "record_deleted"):
        return None
    return Happening(told, definition, record, before, changed, candidates)


def deal(session: Session, one: Happening, now: datetime | None = None) -> int:
    """One event in a transaction of its own; 1 when it is done with, 0 when it has to wait or belongs to another."""
    workspace = session.workspace
    try:
        with workspace.database.transaction() as connection:
            if not outbox.done(connection, workspace.schema, [one.told]):
                return 0
            work(session, connection, one, now)
        return 1
    except Exception as error:  # One that cannot be dealt with must not hold the others up.
        refused = isinstance(error, DougongError) and not isinstance(error, Unavailable)
        log.warning("event %s of %s: %r", one.told.id, one.record, error, exc_info=not refused)
        last = refused or one.told.attempts >= ATTEMPTS
        wait = None if last else timedelta(seconds=5 ** (one.told.attempts - 1))
        text = error.show("en") if isinstance(error, DougongError) else repr(error)
        outbox.give_back(workspace.database, workspace.schema, one.told, wait, text)
        return 0


def work(session: Session, connection: Connection, one: Happening, now: datetime | None) -> None:
    """Everything that an event means, inside of the transaction that takes it away."""
    if one.told.type == "record_deleted":
        for instance, _ in outbox.open_about(flows.Bound(connection), session.workspace.schema, [one.record], False):
            command(session, connection, instance, "terminate", now)
    else:
        begin_first(session, connection, one, now)
    for instance in waiting(session, connection, one):
        look(session, connection, instance, now)


# -- workflows that begin ---------------------------------------------------------------------------------------


def begin_first(session: Session, connection: Connection, one: Happening, now: datetime | None) -> str | None:
    """Start the first workflow that fits, as the person who made the change; its instance's id."""
    for beginning in fitting(one):
        caller = acting(session, one.told.payload.get("actor"))
        try:
            if not holds(caller, connection, one, beginning, now):
                continue
            with connection.transaction():
                flow = Flows(caller, now)
                name, args = one.definition.name, {"cause": caused(one, beginning)}
                return flow.begin(connection, beginning.workflow, name, one.record, args)
        except Forbidden:
            continue  # Not for him to submit: the next one.
        except (NotFound, Conflict) as error:
            if isinstance(error, NotFound) or error.code == "already_running":
                return None  # The record is gone, or it is in a workflow already.
            raise
    return None


def fitting(one: Happening) -> Iterator[Beginning]:
    """The workflows that this event may begin: none that had led to it, none when it goes too deep."""
    cause = one.cause
    if int(cause.get("depth", 0)) >= DEEPEST:
        log.warning("%s of %s: workflows set each other off more than %s times", one.told.type, one.record, DEEPEST)
        return
    chain = [tuple(entry) for entry in cause.get("chain", ())]
    for beginning in one.candidates:
        if (beginning.workflow, one.record) not in chain:
            yield beginning


def caused(one: Happening, beginning: Beginning) -> dict[str, Any]:
    """What changes of records by the new instance are due to."""
    cause = one.cause
    return {
        "depth": int(cause.get("depth", 0)) + 1,
        "chain": [*cause.get("chain", ()), [beginning.workflow, one.record]],
    }


def acting(session: Session, actor: Any) -> Session:
    """The session of who made the change; of the system when nobody did, or when he may not work here any more."""
    if actor:
        try:
            return Session(session.workspace, user_id=str(actor), channel=CHANNEL)
        except Unauthorized:
            pass
    return session


def holds(session: Session, connection: Connection, one: Happening, beginning: Beginning, now: datetime | None) -> bool:
    """Whether a workflow's condition holds for the record as it is, against what it was before the event."""
    when = beginning.start.get("when", True)
    world = World(session, connection, one.definition.name, one.record, now)
    world.since(one.before if one.told.type == UPDATED else None, one.changed)
    return world.condition(when)


# -- instances that wait ----------------------------------------------------------------------------------------


def waiting(session: Session, connection: Connection, one: Happening) -> list[str]:
    """The instances that wait for something of the record, or of what it is a line of or is linked with."""
    bound, schema = flows.Bound(connection), session.workspace.schema
    records = [one.record]
    link = one.definition.owner_link
    if link is not None and triggers_of(session.model).parent(one.definition) is not None:
        owner = flows.owner_of(bound, session.layout.object(one.definition.name).table, link.key, one.record)
        records += [owner] if owner else []
    edges = list(waits_of(session).meant(one.definition.name, one.changed if one.told.type == UPDATED else None))
    records += homes(session, bound, edges, one.record, one.before) if edges else []
    return [instance for instance, _ in outbox.open_about(bound, schema, records, True)][:MOST_LOOKS]


def look(session: Session, connection: Connection, instance: str, now: datetime | None) -> None:
    """Let an instance look whether what it waits for has come; nothing is noted while it has not."""
    row = flows.lock(connection, session.workspace.schema, instance)
    if row is None or row.state != "running":
        return
    flow = Flows(session, now)
    definition = flow.definition(connection, row)
    world = World(session, connection, session.layout.names[row.object_key], row.record_id, now,
                  definition.doc.get("calendar"))  # fmt: skip
    state = states.load(row.data)
    for at, until in awaited(state, definition):
        value = world.value(until)
        moment = as_moment(value, world)
        if value is True or (moment is not None and moment != at):
            flow.command(connection, row, Command("look", SYSTEM))
            return


def awaited(state: Instance, definition: Definition) -> Iterator[tuple[datetime, str]]:
    """(moment, formula) of each step that stands still until a formula says go on."""
    for timer in state.timers.values():
        run = state.runs[timer.run]
        if timer.state == "scheduled" and timer.task is None and run.state == "active":
            until = until_of(definition.by_path[parsed(run.path)])
            if until is not None:
                yield moment_of(timer.fire_at), until


def command(session: Session, connection: Connection, instance: str, name: str, now: datetime | None) -> None:
    """A command of the system on an instance that is still open."""
    row = flows.lock(connection, session.workspace.schema, instance)
    if row is not None and row.state in states.OPEN_STATES:
        Flows(session, now).command(connection, row, Command(name, SYSTEM))
