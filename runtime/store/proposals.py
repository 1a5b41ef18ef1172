"""Changes that wait for an approval, as rows. It decides nothing and checks no right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text, load
from runtime.store.database import Connection, Database, Question, run
from runtime.store.layout import HELD

#: What becomes of a proposal when its workflow has ended so.
CLOSED = {"approved": "applied"}
OPEN = ("open", "conflict")
COLUMNS = (
    "p.instance::text, p.object_key, p.record_id::text, p.base_version, p.patch, p.base, p.state, p.why, "
    "p.created_by::text, p.created_at, p.closed_at, p.kind, p.lines"
)
UPDATE, DELETE, LINES, CREATE = "update", "delete", "child_changes", "create"


@dataclass(frozen=True)
class Proposal:
    """A change that was held back. ``patch`` and ``base`` are stored values by storage key, None for blank.

    ``kind``: a change of the record alone, its deletion, its coming (the record itself says with what values), or a
    change with ``lines``: of each its object's key, id, ``what`` becomes of it (added, changed, removed), title, and
    its own patch and base.
    """

    instance: str
    object_key: str
    record_id: str
    base_version: int
    patch: Mapping[str, Any]
    base: Mapping[str, Any]
    state: str = "open"
    why: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    kind: str = UPDATE
    lines: Sequence[Mapping[str, Any]] = ()


def _row(found: tuple[Any, ...]) -> Proposal:
    instance, object_key, record, version, patch, base, *rest, lines = found
    made = Proposal(instance, object_key, record, version, load(patch), load(base), *rest)
    return replace(made, lines=load(lines))


def add(connection: Connection, schema: str, one: Proposal) -> None:
    """A new one."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_proposal')} (instance, object_key, record_id, base_version, patch, base, "
        "state, created_by, kind, lines) "
        "VALUES (%s::uuid, %s, %s::uuid, %s, %s::jsonb, %s::jsonb, %s, %s::uuid, %s, %s::jsonb)",
        (one.instance, one.object_key, one.record_id, one.base_version, dump_text(dict(one.patch)),
         dump_text(dict(one.base)), one.state, one.created_by, one.kind, dump_text(list(one.lines)))))  # fmt: skip


def read(database: Database, schema: str, instance: str) -> Proposal | None:
    """The one that an instance is about."""
    found = database.row(Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_proposal')} p WHERE p.instance = %s::uuid", (instance,)))  # fmt: skip
    return _row(found) if found else None


def about(schema: str, record: str, *, limit: int, open_only: bool) -> Question:
    """The question that :func:`of_record` asks."""
    still = " AND p.state IN ('open', 'conflict')" if open_only else ""
    return Question(Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_proposal')} p WHERE p.record_id = %s::uuid{still} "
        f"ORDER BY p.created_at DESC, p.instance DESC LIMIT {limit:d}", (record,)))  # fmt: skip


def of_record(database: Database, schema: str, record: str, *, limit: int, open_only: bool) -> Sequence[Proposal]:
    """Those about a record, newest first."""
    return [_row(row) for row in database.ask(about(schema, record, limit=limit, open_only=open_only))]


def waiting(connection: Connection, schema: str) -> list[Proposal]:
    """All open ones, held until the transaction ends."""
    rows = run(connection, Sql(
        f"SELECT {COLUMNS} FROM {ident(schema, 's_proposal')} p WHERE p.state = ANY(%s::text[]) "
        "ORDER BY p.instance FOR UPDATE", (list(OPEN),)))  # fmt: skip
    return [_row(row) for row in rows]


def known(database: Database, schema: str, ids: Sequence[str]) -> list[tuple[str, str, bool]]:
    """(id, record, whether it was in force at once) of those of the ids that are there, or are rows of its lines."""
    table = ident(schema, "s_proposal")
    at_once = "state = 'applied' AND closed_at = created_at"
    rows = database.rows(Sql(
        f"SELECT instance::text, record_id::text, {at_once} FROM {table} WHERE instance = ANY(%s::uuid[]) UNION ALL "
        f"SELECT e->>'row', e->>'id', {at_once} FROM {table}, jsonb_array_elements(lines) e "
        "WHERE kind = %s AND e->>'row' = ANY(%s::text[])", (list(ids), LINES, list(ids))))  # fmt: skip
    return [(row[0], row[1], bool(row[2])) for row in rows]


def change(connection: Connection, schema: str, one: Proposal) -> None:
    """Store what an open one says now."""
    run(connection, Sql(
        f"UPDATE {ident(schema, 's_proposal')} SET base_version = %s, patch = %s::jsonb, base = %s::jsonb, state = %s, "
        "why = %s, lines = %s::jsonb WHERE instance = %s::uuid",
        (one.base_version, dump_text(dict(one.patch)), dump_text(dict(one.base)), one.state, one.why,
         dump_text(list(one.lines)), one.instance)))  # fmt: skip


def close(connection: Connection, schema: str, instance: str, outcome: str) -> None:
    """Its workflow has ended."""
    run(connection, Sql(
        f"UPDATE {ident(schema, 's_proposal')} SET state = %s, closed_at = now() WHERE instance = %s::uuid",
        (CLOSED.get(outcome, outcome), instance)))  # fmt: skip


def titles(connection: Connection, table: str, ids: Sequence[str]) -> dict[str, str]:
    """How records are called, deleted ones too."""
    rows = run(connection, Sql(f"SELECT id::text, title FROM {table} WHERE id = ANY(%s::uuid[])", (list(ids),)))
    return {row[0]: row[1] or "" for row in rows}


def claim(connection: Connection, table: str, record: str) -> int | None:
    """The version of a record, in force or waiting to be, that nobody changes or deletes until the transaction ends."""
    found = run(connection, Sql(
        f"SELECT version FROM {table} WHERE id = %s::uuid AND (deleted_at IS NULL OR deleted_at = {HELD}) "
        "FOR NO KEY UPDATE",
        (record,)))  # fmt: skip
    return int(found[0][0]) if found else None


def claimed(database: Database, table: str, record: str) -> bool:
    """Whether a record is there."""
    return bool(database.rows(Sql(f"SELECT 1 FROM {table} WHERE id = %s::uuid AND deleted_at IS NULL", (record,))))


def remember(connection: Connection, schema: str, user: str, once: tuple[str, bytes], body: str) -> None:
    """What was answered under an idempotency key to a change that waits."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_idempotency')} (user_id, key, request, status, response) "
        "VALUES (%s::uuid, %s, %s, 202, %s)", (user, once[0], once[1], body)))  # fmt: skip
