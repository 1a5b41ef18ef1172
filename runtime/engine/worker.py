"""What happens by itself: timers whose moment has come, events of records, tasks of people who have left.

Any number of processes may do it at the same time; each thing is done once, by whoever gets to it first.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import shuffle
from socket import gethostname
from time import monotonic

from runtime.base.errors import DougongError, Unavailable
from runtime.engine import dispatch, leaving, recounting
from runtime.engine.flow.commands import Command
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.store import beats, flows, workspaces
from runtime.store.ids import new_id

log = logging.getLogger(__name__)
BATCH = 100
#: Timers are drawn from so many that are due, so that workers rarely come to the same one.
WINDOW = 2000
#: What could not be carried out is tried again after this.
LATER = timedelta(minutes=10)
CHANNEL = "workflow"
#: Seconds between two signs of life, and between two looks for tasks of people who have left.
BEAT, SWEEP = 5.0, 30.0


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
            Flows(session, now).command(connection, row, Command("fire", SYSTEM, None, {"timer": number}))
    except Unavailable:
        raise
    except Exception as error:  # One that cannot be carried out must not hold the others up.
        log.warning(
            "timer %s of instance %s: %r", number, instance, error, exc_info=not isinstance(error, DougongError)
        )
        flows.postpone(workspace.database, workspace.schema, instance, number, (now or datetime.now(UTC)) + LATER)
        return False
    return True


@dataclass
class Rounds:
    """What one worker remembers from round to round: when it has last done what is not done every time."""

    known: Workspaces
    identity: str = field(default_factory=new_id)
    done: dict[tuple[str, str], float] = field(default_factory=dict)

    def every(self, seconds: float, what: str, schema: str = "") -> bool:
        """True once in so many seconds."""
        now = monotonic()
        if now - self.done.get((what, schema), -seconds) < seconds:
            return False
        self.done[what, schema] = now
        return True

    def all(self) -> int:
        """One round over all workspaces; how much there was to do."""
        count = 0
        for row in workspaces.everyone(self.known.database):
            if self.every(BEAT, "beat"):
                beats.beat(self.known.database, self.identity, gethostname(), os.getpid())
            try:
                count += self.one(self.known.named(row.name))
            except Unavailable:
                raise
            except Exception as error:  # One workspace is being changed, or broken: the others go on.
                log.warning("workspace %s: %r", row.name, error, exc_info=not isinstance(error, DougongError))
        return count

    def one(self, workspace: Workspace) -> int:
        """One round over one workspace."""
        count = recounting.go_on(workspace) + fire_due(workspace) + dispatch.drain(workspace)
        if self.every(SWEEP, "sweep", workspace.schema):
            count += leaving.sweep(workspace)
        return count


def work(known: Workspaces, rest: Callable[[float], bool], pause: float = 1.0) -> None:
    """Go on until ``rest``, which waits at most so many seconds, says True. A database that is away is waited for."""
    rounds = Rounds(known)
    while True:
        try:
            did = rounds.all()
        except Exception as error:  # The database is away: the next round finds out.
            log.warning("%r", error, exc_info=not isinstance(error, DougongError))
            did = 0
        if rest(0.0 if did else pause):
            break
    with suppress(DougongError):
        beats.gone(known.database, rounds.identity)
