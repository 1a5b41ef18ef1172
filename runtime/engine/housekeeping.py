"""What a process does for a workspace when it starts: finish what was cut off, forget what has had its time."""

from __future__ import annotations

from collections.abc import Callable

from runtime.engine import idempotency, publish
from runtime.engine.workspace import Session, Workspace
from runtime.store import files


def begin(workspace: Workspace, progress: Callable[[str], None] = publish.silent) -> None:
    """Finish an interrupted publish; forget uploads that no record took within a day, and keys older than a week."""
    publish.resume(workspace, progress)
    files.remove_loose(workspace.database, workspace.schema)
    idempotency.forget_old(Session(workspace, user_id=None, channel="cli"))
