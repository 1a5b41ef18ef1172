"""Working calendars in the database, as administrators keep them. It decides nothing and checks no right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text
from runtime.store.database import Database
from runtime.store.flows import load

#: The calendar of whoever names none.
DEFAULT = "default"
#: Departments under each other.
DEEPEST = 100


def one(database: Database, schema: str, name: str) -> Mapping[str, Any]:
    """A calendar as an administrator keeps it, {} when there is none."""
    found = database.row(Sql(f"SELECT data FROM {ident(schema, 's_calendar')} WHERE name = %s", (name,)))
    return load(found[0]) if found else {}


def followed(database: Database, schema: str, name: str | None) -> Mapping[str, Any]:
    """The calendar of that name, the usual one where there is no such or none is named, {} when nobody keeps that."""
    return one(database, schema, name or DEFAULT) or (one(database, schema, DEFAULT) if name else {})


def of_person(database: Database, schema: str, user: str) -> str | None:
    """The calendar that the nearest of somebody's department and those above it names, None where none does."""
    table = ident(schema, "s_department")
    found = database.row(Sql(
        "WITH RECURSIVE up AS (SELECT d.parent_id, d.calendar, 0 AS level "
        f"FROM {ident(schema, 's_user')} u JOIN {table} d ON d.id = u.department_id "
        "WHERE u.id = %s::uuid AND d.deleted_at IS NULL UNION ALL SELECT d.parent_id, d.calendar, up.level + 1 "
        f"FROM up JOIN {table} d ON d.id = up.parent_id WHERE up.calendar IS NULL AND d.deleted_at IS NULL "
        f"AND up.level < {DEEPEST}) SELECT calendar FROM up WHERE calendar IS NOT NULL", (user,)))  # fmt: skip
    return str(found[0]) if found else None


def names(database: Database, schema: str) -> list[str]:
    """The names of the calendars that are kept."""
    return [row[0] for row in database.rows(Sql(f"SELECT name FROM {ident(schema, 's_calendar')} ORDER BY name"))]


def kept(database: Database, schema: str) -> dict[str, Mapping[str, Any]]:
    """All that are kept, by name."""
    rows = database.rows(Sql(f"SELECT name, data FROM {ident(schema, 's_calendar')}"))
    return {name: load(data) for name, data in rows}


def keep(database: Database, schema: str, name: str, data: Mapping[str, Any]) -> None:
    """Keep a calendar under a name."""
    table = ident(schema, "s_calendar")
    database.rows(Sql(
        f"INSERT INTO {table} (name, data) VALUES (%s, %s::jsonb) ON CONFLICT (name) DO UPDATE SET "
        "data = excluded.data RETURNING 1", (name, dump_text(data))))  # fmt: skip


def drop(database: Database, schema: str, name: str) -> bool:
    """Forget a calendar; False when there is none."""
    return bool(database.rows(Sql(f"DELETE FROM {ident(schema, 's_calendar')} WHERE name = %s RETURNING 1", (name,))))
