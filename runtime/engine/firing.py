"""One timer whose moment has come. A look that finds nothing leaves nothing behind but the moment of the next."""

from __future__ import annotations

from datetime import datetime

from runtime.engine.flow import state as states
from runtime.engine.flow.commands import Command
from runtime.engine.flow.definition import parsed
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flow.moments import as_moment
from runtime.engine.flows import Flows
from runtime.engine.flowworld import World
from runtime.engine.waits import until_of
from runtime.engine.workspace import Session
from runtime.store import flows
from runtime.store.database import Connection


def fire(session: Session, connection: Connection, row: flows.Row, number: int, now: datetime | None) -> bool:
    """Carry a timer of a locked instance out; False when it was a look in vain, which is put off."""
    work = Flows(session, now)
    later = in_vain(work, connection, row, number)
    if later is None:
        work.command(connection, row, Command("fire", SYSTEM, None, {"timer": number}))
        return True
    flows.postpone(flows.Looking(connection), session.workspace.schema, row.id, number, later)
    return False


def in_vain(work: Flows, connection: Connection, row: flows.Row, number: int) -> datetime | None:
    """When to look again, if a timer stands for a condition that is not there yet."""
    state = states.load(row.data)
    timer = state.timers.get(number)
    run = state.runs[timer.run] if timer is not None else None
    if timer is None or run is None or timer.task is not None or timer.state != "scheduled" or run.state != "active":
        return None
    definition = work.definition(connection, row)
    until = until_of(definition.by_path[parsed(run.path)])
    if until is None:
        return None
    world = World(work.session, connection, work.session.layout.names[row.object_key], row.record_id, work.now,
                  definition.doc.get("calendar"))  # fmt: skip
    value = world.value(until)
    return None if value is True or as_moment(value, world) is not None else world.again(until)
