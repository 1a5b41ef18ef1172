"""Records that wait for the approval of their coming: rows that nobody's statement sees. It decides nothing.

Such a row is marked as if it were deleted, at a moment that never comes (:data:`runtime.store.layout.HELD`). Everything
that reads what is in force leaves it out without knowing of it, by the same statements and indexes as ever; only the
recycle bin, and who asks for what waits, have to tell the two apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run
from runtime.store.layout import HELD, ObjectLayout
from runtime.store.records import Origin, marked

YEAR = 9999


def hold(connection: Connection, place: ObjectLayout, ids: Sequence[str]) -> list[str]:
    """Take live records out of force; those that were. Neither history nor event: they have never been there."""
    rows = run(connection, Sql(
        f"UPDATE {place.table} SET deleted_at = {HELD} WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL "
        "RETURNING id::text", (list(ids),)))  # fmt: skip
    return [row[0] for row in rows]


def lift(connection: Connection, place: ObjectLayout, ids: Sequence[str]) -> list[str]:
    """The other way round, for a moment inside of a transaction; those that waited."""
    rows = run(connection, Sql(
        f"UPDATE {place.table} SET deleted_at = NULL WHERE id = ANY(%s::uuid[]) AND deleted_at = {HELD} "
        "RETURNING id::text", (list(ids),)))  # fmt: skip
    return [row[0] for row in rows]


def enter(connection: Connection, place: ObjectLayout, ids: Sequence[str], origin: Origin) -> list[str]:
    """Put records that wait into force, with history; who waits for new records is told now. Those that waited."""
    condition = Sql(f"id = ANY(%s::uuid[]) AND deleted_at = {HELD}", (list(ids),))
    made = marked(place, Sql("deleted_at = NULL"), condition, origin, event="created")
    return [row[0] for row in run(connection, made)]


def drop(connection: Connection, place: ObjectLayout, ids: Sequence[str], origin: Origin) -> list[str]:
    """Move records that wait to the recycle bin, with history; they never came, so nobody is told that they went."""
    condition = Sql(f"id = ANY(%s::uuid[]) AND deleted_at = {HELD}", (list(ids),))
    made = marked(place, Sql("deleted_at = now()"), condition, origin, event="")
    return [row[0] for row in run(connection, made)]


def lines(connection: Connection, place: ObjectLayout, key: str, owners: Sequence[str]) -> list[str]:
    """The lines of records, live ones and those that wait with them."""
    column = ident(place.places[key].column or "")
    rows = run(connection, Sql(
        f"SELECT id::text FROM {place.table} WHERE {column} = ANY(%s::uuid[]) "
        f"AND (deleted_at IS NULL OR deleted_at = {HELD}) ORDER BY id", (list(owners),)))  # fmt: skip
    return [row[0] for row in rows]


def waits(deleted: datetime | None) -> bool:
    """True for the mark of a record that waits, False for that of the recycle bin and of what is in force."""
    return deleted is not None and deleted.year == YEAR


def silence(connection: Connection, place: ObjectLayout, ids: Sequence[str]) -> None:
    """Take back the events of records that are not in force: their own transaction told them, no worker has them yet.

    The state is said for the index, which knows only what is not dead.
    """
    partitions = [f"{place.object.key}:{one}" for one in ids]
    run(connection, Sql(
        f"DELETE FROM {ident(place.schema, 's_outbox')} WHERE partition = ANY(%s) AND state = 'ready'",
        (partitions,)))  # fmt: skip


def version(database: Database, place: ObjectLayout, record: str) -> int | None:
    """The version of a record that waits, None for any other; nobody changes it until the transaction ends."""
    found = database.rows(Sql(
        f"SELECT version FROM {place.table} WHERE id = %s::uuid AND deleted_at = {HELD} FOR NO KEY UPDATE",
        (record,)))  # fmt: skip
    return int(found[0][0]) if found else None


def unborn(database: Database, schema: str, record: str) -> bool:
    """Whether a record has been made, was to be approved, and has never been."""
    table = ident(schema, "s_proposal")
    return bool(database.rows(Sql(
        f"SELECT 1 FROM {table} WHERE record_id = %s::uuid AND kind = 'create' AND NOT EXISTS (SELECT 1 FROM {table} a "
        "WHERE a.record_id = %s::uuid AND a.kind = 'create' AND a.state = 'applied') LIMIT 1",
        (record, record))))  # fmt: skip


def lent(database: Database, schema: str, record: str, user: str) -> str | None:
    """The instance that waits for somebody to mend a record that is not in force, None for none."""
    found = database.rows(Sql(
        f"SELECT p.instance::text FROM {ident(schema, 's_proposal')} p JOIN {ident(schema, 's_task')} t "
        "ON t.instance = p.instance AND t.state = 'open' AND t.kind IN ('resubmit', 'conflict') "
        "AND t.assignee = %s::uuid WHERE p.record_id = %s::uuid AND p.kind = 'create' "
        "AND p.state IN ('open', 'conflict')", (user, record)))  # fmt: skip
    return str(found[0][0]) if found else None


def concerns(schema: str, alias: str, user: str | None) -> Sql:
    """The condition that a record that waits is somebody's business: he made it, or takes part in its approval."""
    instance, task, copy = (ident(schema, one) for one in ("s_instance", "s_task", "s_copy"))
    return Sql(
        f"({alias}.created_by = %s::uuid OR EXISTS (SELECT 1 FROM {instance} w WHERE w.record_id = {alias}.id AND "
        f"(w.initiator = %s::uuid OR EXISTS (SELECT 1 FROM {task} k WHERE k.instance = w.id AND "
        "(k.assignee = %s::uuid OR k.principal = %s::uuid OR k.decided_by = %s::uuid)) "
        f"OR EXISTS (SELECT 1 FROM {copy} c WHERE c.instance = w.id AND c.user_id = %s::uuid))))",
        (user,) * 6,
    )
