"""Counters for given numbers."""

from __future__ import annotations

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run


def step(schema: str, object_key: str, field_key: str, period: str, count: int) -> Sql:
    """The statement that moves a counter on by ``count`` and gives its new value."""
    table = ident(schema, "s_counter")
    return Sql(
        f"INSERT INTO {table} AS c (object_key, field_key, period, value) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (object_key, field_key, period) DO UPDATE SET value = c.value + excluded.value RETURNING value",
        (object_key, field_key, period, count),
    )


def take(database: Database, schema: str, object_key: str, field_key: str, period: str, count: int) -> int:
    """The last of ``count`` new numbers, committed at once: a refused record leaves a gap, nobody waits.

    The commit need not reach the disk by itself: the record that uses the number is written later in the same log.
    """
    with database.transaction() as connection:
        run(connection, Sql("SET LOCAL synchronous_commit = off"))
        return int(run(connection, step(schema, object_key, field_key, period, count))[0][0])


def take_inside(connection: Connection, schema: str, object_key: str, field_key: str, period: str, count: int) -> int:
    """The same inside the record's own transaction: free of gaps, others wait until it ends."""
    return int(run(connection, step(schema, object_key, field_key, period, count))[0][0])


def would_be(database: Database, schema: str, object_key: str, field_key: str, period: str, count: int) -> int:
    """What :func:`take` would give now; nothing is taken."""
    table = ident(schema, "s_counter")
    found = database.row(
        Sql(
            f"SELECT value FROM {table} WHERE object_key = %s AND field_key = %s AND period = %s",
            (object_key, field_key, period),
        )
    )
    return (int(found[0]) if found else 0) + count
