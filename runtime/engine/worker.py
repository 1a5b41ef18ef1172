"""What happens by itself: timers of workflows whose moment has come, each carried out once whoever gets to it first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import shuffle

from runtime.base.errors import DougongError, Unavailable
from runtime.engine.flow.commands import Command
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.store import flows, workspaces

log = logging.getLogger(__name__)
BATCH = 100
#: What could not be carried out is tried again after this.
LATER = timedelta(minutes=10)
CHANNEL = "workflow"


def fire_due(workspace: Workspace, now: datetime | None = None) -> int:
    """Carry out the timers that are due; how many this process did. Others may do the same at the same time."""
    done = 0
    while True:
        due = flows.due(workspace.database, workspace.schema, now or datetime.now(UTC), BATCH)
        shuffle(due)
        fired = sum(fire(workspace, instance, number, now) for instance, number in due)
        done += fired
        if len(due) < BATCH or not fired:
            return done


def fire(workspace: Workspace, instance: str, number: int, now: datetime | None = None) -> bool:
    """One timer in a transaction of its own; False when somebody else works on its instance."""
    session = Session(workspace, user_id=None, channel=CHANNEL)
    session.settle()
    flow = Flows(session, now)
    try:
        with session.database.transaction() as connection:
            if not flows.free(connection, workspace.schema, instance):
                return False
            row = flows.lock(connection, workspace.schema, instance)
            assert row is not None
            flow.command(connection, row, Command("fire", SYSTEM, None, {"timer": number}))
    except Unavailable:
        raise
    except Exception as error:  # One that cannot be carried out must not hold the others up.
        log.warning(
            "timer %s of instance %s: %r", number, instance, error, exc_info=not isinstance(error, DougongError)
        )
        flows.postpone(workspace.database, workspace.schema, instance, number, (now or datetime.now(UTC)) + LATER)
        return False
    return True


def everything(known: Workspaces) -> int:
    """One round over all workspaces; how much there was to do."""
    rows = workspaces.everyone(known.database)
    return sum(fire_due(known.named(row.name)) for row in rows)


def work(known: Workspaces, rest: Callable[[float], bool], pause: float = 1.0) -> None:
    """Go on until ``rest``, which waits so many seconds, says True. A database that is away is waited for."""
    while True:
        try:
            did = everything(known)
        except Exception as error:  # The database is away, or a workspace is being changed: the next round finds out.
            log.warning("%r", error, exc_info=not isinstance(error, DougongError))
            did = 0
        if rest(0.0 if did else pause):
            return
