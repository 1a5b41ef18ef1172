"""What people keep for themselves: saved views, pinned records, what they looked at. It checks no right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Conflict, Message, Problem
from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text, load
from runtime.store.database import Database
from runtime.store.ids import is_id, new_id

#: So many looked-at records are kept for each person.
MOST_SEEN = 60
MOST_PINS = 100


@dataclass(frozen=True)
class SavedView:
    """A list as somebody keeps it: what its address asks."""

    id: str
    object_key: str
    name: str
    asked: Mapping[str, str]


@dataclass(frozen=True)
class Mark:
    """A record that somebody looked at or pinned."""

    object_key: str
    record_id: str


def saved_views(database: Database, schema: str, user: str, object_key: str) -> list[SavedView]:
    """Somebody's views of an object, by name."""
    rows = database.rows(
        Sql(
            f"SELECT id::text, object_key, name, asked FROM {ident(schema, 's_saved_view')} "
            "WHERE user_id = %s::uuid AND object_key = %s ORDER BY name",
            (user, object_key),
        )
    )
    return [SavedView(row[0], row[1], row[2], load(row[3])) for row in rows]


def save_view(database: Database, schema: str, user: str, object_key: str, name: str, asked: Mapping[str, str]) -> str:
    """Keep a view under a name; its id. Raises Conflict when there is one of that name."""
    identity = new_id()
    try:
        database.rows(
            Sql(
                f"INSERT INTO {ident(schema, 's_saved_view')} (id, user_id, object_key, name, asked) "
                "VALUES (%s, %s::uuid, %s, %s, %s::jsonb)",
                (identity, user, object_key, name, dump_text(dict(asked))),
            )
        )
    except pg.UniqueViolation:
        taken = Message("you have a view of that name already", "您已有同名视图")
        raise Conflict(problems=[Problem("taken", taken, field="name")]) from None
    return identity


def change_view(database: Database, schema: str, user: str, view: str, asked: Mapping[str, str]) -> bool:
    """Keep something else under the same name; False when there is no such view of his."""
    if not is_id(view):
        return False
    statement = Sql(
        f"UPDATE {ident(schema, 's_saved_view')} SET asked = %s::jsonb "
        "WHERE id = %s::uuid AND user_id = %s::uuid RETURNING 1",
        (dump_text(dict(asked)), view, user),
    )
    return bool(database.rows(statement))


def drop_view(database: Database, schema: str, user: str, view: str) -> bool:
    """Forget a view; False when there is no such view of his."""
    if not is_id(view):
        return False
    statement = Sql(
        f"DELETE FROM {ident(schema, 's_saved_view')} WHERE id = %s::uuid AND user_id = %s::uuid RETURNING 1",
        (view, user),
    )
    return bool(database.rows(statement))


def _marks(rows: Sequence[tuple[Any, ...]]) -> list[Mark]:
    return [Mark(row[0], row[1]) for row in rows]


def seen(database: Database, schema: str, user: str, limit: int) -> list[Mark]:
    """What somebody looked at last, newest first."""
    return _marks(
        database.rows(
            Sql(
                f"SELECT object_key, record_id::text FROM {ident(schema, 's_seen')} "
                "WHERE user_id = %s::uuid ORDER BY at DESC LIMIT %s",
                (user, limit),
            )
        )
    )


def see(database: Database, schema: str, user: str, object_key: str, record: str) -> bool:
    """Somebody looks at a record now; the oldest looks are forgotten. True when he has pinned it."""
    table, pins = ident(schema, "s_seen"), ident(schema, "s_pin")
    made = database.rows(
        Sql(
            f"INSERT INTO {table} (user_id, record_id, object_key) VALUES (%s::uuid, %s::uuid, %s) "
            "ON CONFLICT (user_id, record_id) DO UPDATE SET at = now() RETURNING xmax::text = '0', "
            f"EXISTS (SELECT FROM {pins} p WHERE p.user_id = %s::uuid AND p.record_id = %s::uuid)",
            (user, record, object_key, user, record),
        ),
        prepare=True,
    )
    if made[0][0]:
        database.rows(
            Sql(
                f"DELETE FROM {table} WHERE user_id = %s::uuid AND at < (SELECT at FROM {table} "
                "WHERE user_id = %s::uuid ORDER BY at DESC OFFSET %s LIMIT 1)",
                (user, user, MOST_SEEN),
            )
        )
    return bool(made[0][1])


def pins(database: Database, schema: str, user: str) -> list[Mark]:
    """What somebody has pinned, newest first."""
    return _marks(
        database.rows(
            Sql(
                f"SELECT object_key, record_id::text FROM {ident(schema, 's_pin')} "
                "WHERE user_id = %s::uuid ORDER BY at DESC LIMIT %s",
                (user, MOST_PINS),
            )
        )
    )


def pin(database: Database, schema: str, user: str, object_key: str, record: str, on: bool) -> None:
    """Pin a record, or take the pin away."""
    table = ident(schema, "s_pin")
    if on:
        statement = Sql(
            f"INSERT INTO {table} (user_id, record_id, object_key) VALUES (%s::uuid, %s::uuid, %s) "
            "ON CONFLICT (user_id, record_id) DO UPDATE SET at = now()",
            (user, record, object_key),
        )
    else:
        statement = Sql(f"DELETE FROM {table} WHERE user_id = %s::uuid AND record_id = %s::uuid", (user, record))
    database.rows(statement)
