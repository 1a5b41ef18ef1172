"""Somebody has left: his open tasks go to who follows him, so that no workflow waits for nobody."""

from __future__ import annotations

import logging
from datetime import datetime

from runtime.base.errors import DougongError
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import Command
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session, Workspace
from runtime.store import flows

log = logging.getLogger(__name__)
CHANNEL = "workflow"
#: So many instances are dealt with before the administrator gets his answer; a worker goes on with the others.
AT_ONCE = 200


def hand_over(workspace: Workspace, user: str | None, now: datetime | None = None, limit: int = AT_ONCE) -> int:
    """The tasks of somebody who is not there any more go to others; in how many instances. None: of nobody at all.

    Each instance is a transaction of its own; one that somebody works on just now is left to the next call.
    """
    session = Session(workspace, user_id=None, channel=CHANNEL)
    session.settle()
    count = 0
    for instance in flows.waiting_for(workspace.database, workspace.schema, user, limit):
        try:
            with workspace.database.transaction() as connection:
                row = flows.lock(connection, workspace.schema, instance)
                if row is not None and row.state in states.OPEN_STATES:
                    command = Command("left", SYSTEM, None, {"person": user or SYSTEM})
                    Flows(session, now).command(connection, row, command)
                    count += 1
        except Exception as error:  # The others must not wait for this one.
            log.warning("tasks of %s in %s: %r", user, instance, error, exc_info=not isinstance(error, DougongError))
    return count


def sweep(workspace: Workspace, now: datetime | None = None) -> int:
    """The same for everybody who has left while a task was on its way to him; in how many instances."""
    gone = flows.gone_with_tasks(workspace.database, workspace.schema)
    return sum(hand_over(workspace, user, now) for user in gone)
