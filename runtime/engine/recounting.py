"""A changed calendar reaches the deadlines that run: bit by bit, by the workers, each instance once."""

from __future__ import annotations

import logging
from datetime import datetime

from runtime.base.errors import DougongError, Unavailable
from runtime.engine import calendars
from runtime.engine.flow import state as states
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.moments import as_moment
from runtime.engine.flow.recounting import recount
from runtime.engine.flowrows import stored
from runtime.engine.flows import Flows
from runtime.engine.flowworld import World
from runtime.engine.waits import until_of
from runtime.engine.workspace import Session, Workspace
from runtime.store import flows, recounts
from runtime.store.database import Connection

log = logging.getLogger(__name__)
CHANNEL = "workflow"
#: So many instances are one transaction, and so many of these one turn: nothing else waits for longer.
BATCH, TURN = 20, 25


def go_on(workspace: Workspace, now: datetime | None = None) -> int:
    """Count deadlines anew where that is still to be done; how many transactions it took.

    How far it has come is stored with what has been changed: who goes on after a death finds the rest.
    """
    session = Session(workspace, user_id=None, channel=CHANNEL)
    session.settle()
    for count in range(TURN):
        if not batch(session, now):
            return count
    return TURN


def batch(session: Session, now: datetime | None) -> bool:
    """The next instances; False when there is nothing that this process could do."""
    schema = session.workspace.schema
    with session.database.transaction() as connection:
        change = recounts.take(connection, schema)
        if change is None:
            return False
        found = recounts.instances(connection, schema, change, calendars.DEFAULT, BATCH)
        for instance in found:
            try:
                with connection.transaction():
                    one(session, connection, instance, now)
            except Unavailable:
                raise
            except Exception as error:  # It keeps its moments; the others must not wait for it.
                refused = isinstance(error, DougongError)
                log.warning("deadlines of instance %s: %r", instance, error, exc_info=not refused)
        if len(found) < BATCH:
            recounts.end(connection, schema, change)
        else:
            recounts.reach(connection, schema, change, found[-1])
    return True


def one(session: Session, connection: Connection, instance: str, now: datetime | None) -> None:
    """One instance, inside of the caller's transaction."""
    row = flows.lock(connection, session.workspace.schema, instance)
    if row is None or row.state not in states.OPEN_STATES:
        return
    work = Flows(session, now)
    definition = work.definition(connection, row)
    name = session.layout.names[row.object_key]
    world = World(session, connection, name, row.record_id, now, definition.doc.get("calendar"))
    machine = Machine(definition, states.load(row.data), world)
    if recount(machine):
        stored(connection, work.schema, row, machine)
    look_again(session, connection, machine, world, row)


def look_again(session: Session, connection: Connection, machine: Machine, world: World, row: flows.Row) -> None:
    """Let waits for a condition that counts working days be looked at now; a look in vain is not noted."""
    for timer in machine.state.timers.values():
        run = machine.state.runs[timer.run]
        if timer.state != "scheduled" or run.state != "active" or timer.task is not None or not run.path:
            continue
        until = until_of(machine.step_of(run))
        if until and world.counts_days(until) and as_moment(world.value(until), world) is None:
            flows.postpone(flows.Looking(connection), session.workspace.schema, row.id, timer.id, world.now)
