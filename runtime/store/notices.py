"""Notices of people: what they were told and have read. It decides nothing and checks no right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run
from runtime.store.ids import new_id


def listed(database: Database, schema: str, user: str, unread: bool, after: str | None,
           limit: int) -> list[tuple[Any, ...]]:  # fmt: skip
    """Somebody's notices, newest first, with what they are about."""
    only = " AND n.read_at IS NULL" if unread else ""
    later, more = (" AND n.id < %s::uuid", (after,)) if after else ("", ())
    return database.rows(Sql(
        "SELECT n.id::text, n.type, n.instance::text, n.task::text, n.text, n.created_at, n.read_at, i.title, "
        f"i.workflow, i.object_key, i.record_id::text, i.initiator::text, t.kind FROM {ident(schema, 's_notice')} n "
        f"LEFT JOIN {ident(schema, 's_instance')} i ON i.id = n.instance "
        f"LEFT JOIN {ident(schema, 's_task')} t ON t.id = n.task "
        f"WHERE n.user_id = %s::uuid{only}{later} ORDER BY n.id DESC LIMIT %s", (user, *more, limit)))  # fmt: skip


def one(database: Database, schema: str, user: str, notice: str) -> tuple[str | None, str | None, str] | None:
    """(instance, task, type) of one of somebody's notices, which he has read from now on."""
    found = database.row(Sql(
        f"UPDATE {ident(schema, 's_notice')} SET read_at = coalesce(read_at, now()) "
        "WHERE id = %s::uuid AND user_id = %s::uuid RETURNING instance::text, task::text, type",
        (notice, user)))  # fmt: skip
    return (found[0], found[1], found[2]) if found else None


def read_all(database: Database, schema: str, user: str, until: str) -> int:
    """Somebody has read everything up to one notice, which is the newest that he has seen; how many were new."""
    return len(database.rows(Sql(
        f"UPDATE {ident(schema, 's_notice')} SET read_at = now() WHERE user_id = %s::uuid AND read_at IS NULL "
        "AND id <= %s::uuid RETURNING 1", (user, until))))  # fmt: skip


def read_about(database: Database, schema: str, user: str, instance: str) -> None:
    """Somebody looks at an instance: what he was told of it is no news any more."""
    database.rows(Sql(
        f"UPDATE {ident(schema, 's_notice')} SET read_at = now() WHERE user_id = %s::uuid AND read_at IS NULL "
        "AND instance = %s::uuid", (user, instance)))  # fmt: skip


def ask_link(connection: Connection, schema: str, type: str, typed: str, pause: timedelta, most: int) -> None:
    """A notice for everybody of a user name or mail address who has a password and an address, unless he got one of
    this type a moment ago."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_notice')} (id, user_id, type) "
        f"SELECT (%s::uuid[])[row_number() OVER ()], f.id, %s FROM (SELECT u.id FROM {ident(schema, 's_user')} u "
        "WHERE u.active AND u.password_hash IS NOT NULL AND coalesce(u.email, '') <> '' "
        "AND (lower(u.name) = %s OR lower(u.email) = lower(%s)) "
        f"AND NOT EXISTS (SELECT 1 FROM {ident(schema, 's_notice')} n WHERE n.user_id = u.id AND n.type = %s "
        "AND n.created_at > clock_timestamp() - %s) ORDER BY u.name LIMIT %s) f",
        ([new_id() for _ in range(most)], type, typed.lower(), typed, type, pause, most)))  # fmt: skip
