"""What a process does for a workspace when it starts: finish what was cut off, forget what has had its time."""

from __future__ import annotations

from collections.abc import Callable

from runtime.engine import idempotency, keeping, publish
from runtime.engine.workspace import Session, Workspace
from runtime.store import files


def begin(workspace: Workspace, progress: Callable[[str], None] = publish.silent) -> None:
    """Finish what was cut off: a publish, the filling of kept values. Forget what has had its time.

    That is uploads which no record took within a day, and idempotency keys older than a week.
    """
    publish.resume(workspace, progress)
    keeping.refill(workspace, progress)
    files.remove_loose(workspace.database, workspace.schema)
    idempotency.forget_old(Session(workspace, user_id=None, channel="cli"))
