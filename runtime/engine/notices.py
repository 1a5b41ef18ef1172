"""The caller's notices: what happened in workflows that concern him, read or not. Nobody sees those of others."""

from __future__ import annotations

from typing import Any

from runtime.base.errors import NotFound
from runtime.engine.workspace import Session
from runtime.store import notices as store
from runtime.store.ids import is_id

FIELDS = (
    "id", "type", "instance", "task", "text", "created_at", "read_at", "title", "workflow", "object", "record",
    "initiator", "kind",
)  # fmt: skip
MOST = 100


def listing(session: Session, *, unread: bool = False, cursor: str = "", limit: int = 50) -> dict[str, Any]:
    """The caller's notices, newest first."""
    if session.user_id is None:
        return {"data": [], "next_cursor": None}
    limit = max(1, min(limit, MOST))
    after = cursor if is_id(cursor) else None
    rows = store.listed(session.database, session.workspace.schema, session.user_id, unread, after, limit + 1)
    data = [dict(zip(FIELDS, row, strict=True)) for row in rows[:limit]]
    for one in data:
        one["object"] = session.layout.names.get(str(one["object"]), "")
    return {"data": data, "next_cursor": data[-1]["id"] if len(rows) > limit else None}


def opened(session: Session, notice: str) -> tuple[str | None, str | None]:
    """(instance, task) of a notice, read from now on. Raises NotFound."""
    user = session.user_id
    found = store.one(session.database, session.workspace.schema, user, notice) if user and is_id(notice) else None
    if found is None:
        raise NotFound()
    return found[0], found[1]


def read_all(session: Session, until: str) -> int:
    """Everything up to a notice is read; how many were new."""
    if session.user_id is None or not is_id(until):
        return 0
    return store.read_all(session.database, session.workspace.schema, session.user_id, until)


def read_about(session: Session, instance: str) -> None:
    """What the caller was told of an instance is no news any more."""
    if session.user_id is not None:
        store.read_about(session.database, session.workspace.schema, session.user_id, instance)
