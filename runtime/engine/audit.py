"""The audit: logins, changes of rights, publishes, exports. Entries form a chain; nothing here changes one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runtime.base.sqltext import Sql
from runtime.base.values import dump_text
from runtime.engine.workspace import Workspace
from runtime.meta.model import EMPTY
from runtime.store.database import Connection, run
from runtime.store.layout import Layout

FIRST = b"\0" * 32


def entry_hash(prev: bytes, at: datetime, actor: str | None, event: str, detail: str) -> bytes:
    """The hash that ties an entry to all before it."""
    text = "\0".join([at.isoformat(), actor or "", event, detail])
    return hashlib.sha256(prev + text.encode()).digest()


def note(workspace: Workspace, actor: str | None, event: str, detail: Mapping[str, Any]) -> None:
    """Add an entry; entries of one workspace are added one after the other."""
    with workspace.database.transaction() as connection:
        noted(connection, workspace.schema, actor, event, detail)


def noted(connection: Connection, schema: str, actor: str | None, event: str, detail: Mapping[str, Any]) -> None:
    """The same inside of a transaction: whoever else adds one waits for its end."""
    table = Layout(schema, EMPTY).system("s_audit")
    text = dump_text(dict(sorted(detail.items())))
    run(connection, Sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
    last = run(connection, Sql(f"SELECT hash FROM {table} ORDER BY id DESC LIMIT 1"))
    prev = bytes(last[0][0]) if last else FIRST
    at = datetime.now(UTC)
    digest = entry_hash(prev, at, actor, event, text)
    run(
        connection,
        Sql(
            f"INSERT INTO {table} (at, actor, event, detail, prev, hash) VALUES (%s, %s::uuid, %s, %s, %s, %s)",
            (at, actor, event, text, prev, digest),
        ),
    )


def broken(workspace: Workspace) -> list[int]:
    """The ids of the entries that do not follow from the one before: somebody changed the table by hand."""
    table = Layout(workspace.schema, EMPTY).system("s_audit")
    found = []
    prev = FIRST
    rows = workspace.database.rows(
        Sql(f"SELECT id, at, actor::text, event, detail, prev, hash FROM {table} ORDER BY id")
    )
    for number, at, actor, event, detail, before, digest in rows:
        expected = entry_hash(prev, at.astimezone(UTC), actor, event, detail)
        if bytes(before) != prev or bytes(digest) != expected:
            found.append(number)
        prev = bytes(digest)
    return found


def entries(workspace: Workspace, limit: int, before: int | None = None, event: str = "") -> list[tuple[Any, ...]]:
    """(id, at, who, event, detail) of the newest entries, those before an id; of one event where that is said."""
    layout = Layout(workspace.schema, EMPTY)
    statement = Sql(
        "SELECT a.id, a.at, coalesce(nullif(u.full_name, ''), u.name), a.event, a.detail "
        f"FROM {layout.system('s_audit')} a LEFT JOIN {layout.system('s_user')} u ON u.id = a.actor WHERE true"
    )
    if before is not None:
        statement = statement + Sql(" AND a.id < %s", (before,))
    if event:
        statement = statement + Sql(" AND a.event = %s", (event,))
    return workspace.database.rows(statement + Sql(" ORDER BY a.id DESC LIMIT %s", (limit,)))


def events(workspace: Workspace) -> list[str]:
    """The events that there are entries of."""
    table = Layout(workspace.schema, EMPTY).system("s_audit")
    return [row[0] for row in workspace.database.rows(Sql(f"SELECT DISTINCT event FROM {table} ORDER BY event"))]
