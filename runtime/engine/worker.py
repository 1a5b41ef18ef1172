"""What happens by itself: timers whose moment has come, events of records, tasks of people who have left.

Any number of processes may do it at the same time; each thing is done once, by whoever gets to it first.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import shuffle
from socket import gethostname
from time import monotonic

from runtime.base.errors import DougongError, Unavailable
from runtime.engine import dispatch, firing, leaving, recounting, watch
from runtime.engine.watch import Ear
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.store import beats, flows
from runtime.store.ids import new_id

log = logging.getLogger(__name__)
BATCH = 100
#: Timers are drawn from so many that are due, so that workers rarely come to the same one.
WINDOW = 2000
#: What could not be carried out is tried again after this.
LATER = timedelta(minutes=10)
CHANNEL = "workflow"
#: Seconds between two signs of life.
BEAT = 5.0


def fire_due(workspace: Workspace, now: datetime | None = None) -> int:
    """Carry out the timers that are due; how many this process did. Others may do the same at the same time."""
    done = 0
    while True:
        due = flows.due(workspace.database, workspace.schema, now or datetime.now(UTC), WINDOW)
        if not due:
            return done
        session = Session(workspace, user_id=None, channel=CHANNEL)
        session.settle()
        shuffle(due)
        fired = sum(fire(session, instance, number, now) for instance, number in due[:BATCH])
        done += fired
        if len(due) < BATCH or not fired:
            return done


def fire(session: Session, instance: str, number: int, now: datetime | None = None) -> bool:
    """One timer in a transaction of its own; False when it was fired already or somebody works on its instance."""
    workspace = session.workspace
    try:
        with session.database.transaction() as connection:
            row = flows.take(connection, workspace.schema, instance, number)
            if row is None:
                return False
            firing.fire(session, connection, row, number, now)
    except Unavailable:
        raise
    except Exception as error:  # One that cannot be carried out must not hold the others up.
        log.warning(
            "timer %s of instance %s: %r", number, instance, error, exc_info=not isinstance(error, DougongError)
        )
        flows.postpone(workspace.database, workspace.schema, instance, number, (now or datetime.now(UTC)) + LATER)
        return False
    return True


#: What is done for each kind of work, the first first.
DOES: Mapping[str, Callable[[Workspace], int]] = {
    watch.RECOUNTS: recounting.go_on, watch.TIMERS: fire_due, watch.EVENTS: dispatch.drain,
    watch.LEAVERS: leaving.sweep,
}  # fmt: skip


def one(workspace: Workspace, kinds: Collection[str]) -> dict[str, int]:
    """Do what is due in one workspace; how much of each kind there was."""
    return {kind: does(workspace) for kind, does in DOES.items() if kind in kinds}


def work(known: Workspaces, ear: Ear) -> None:
    """Go on until it is over. A database that is away is waited for."""
    identity, beaten = new_id(), -BEAT
    while not ear.over:
        try:
            if monotonic() - beaten >= BEAT:
                beats.beat(known.database, identity, gethostname(), os.getpid())
                beaten = monotonic()
        except Exception as error:  # The database is away: the next round finds out.
            log.warning("%r", error, exc_info=not isinstance(error, DougongError))
            beaten = monotonic()
        for name, kinds in ear.wait().items():
            done = dict.fromkeys(kinds, 0)
            try:
                done = one(known.named(name), kinds)
            except Exception as error:  # One workspace is being changed, or broken: the others go on.
                log.warning("workspace %s: %r", name, error, exc_info=not isinstance(error, DougongError))
            ear.did(name, done)
    with suppress(DougongError):
        beats.gone(known.database, identity)
