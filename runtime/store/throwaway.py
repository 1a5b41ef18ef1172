"""Schemas that live as long as one connection: for tests of models. Those of processes that have died are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from runtime.base.sqltext import Sql, ident
from runtime.store import ddl
from runtime.store.database import Database, run
from runtime.store.ids import new_id
from runtime.store.layout import ObjectLayout
from runtime.store.migrate import migrate_workspace

PREFIX = "x_rehearsal_"
LOCK = 7_364_005


@contextmanager
def schema(database: Database) -> Iterator[str]:
    """A schema with the system tables of a workspace, not listed anywhere; dropped at the end."""
    keeper = database.connect()
    name = PREFIX + new_id().replace("-", "")[-12:]
    try:
        run(keeper, Sql("SELECT pg_advisory_lock(%s, hashtext(%s))", (LOCK, name)))
        sweep(database)
        migrate_workspace(database, name)
        yield name
    finally:
        with suppress(psycopg.Error):
            drop(database, name)
        keeper.close()


def sweep(database: Database) -> int:
    """Drop the schemas whose process is gone; how many."""
    rows = database.rows(Sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (PREFIX + "%",)))
    count = 0
    for (name,) in rows:
        with database.connection() as connection:
            if run(connection, Sql("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LOCK, name)))[0][0]:
                try:
                    drop(database, name)
                    count += 1
                finally:
                    run(connection, Sql("SELECT pg_advisory_unlock(%s, hashtext(%s))", (LOCK, name)))
    return count


def drop(database: Database, name: str) -> None:
    """Take a schema away with all that is in it."""
    database.rows(Sql(f"DROP SCHEMA IF EXISTS {ident(name)} CASCADE"))


def lay_out(database: Database, places: Iterable[ObjectLayout]) -> None:
    """Tables, columns and what must be unique; no other index, for a handful of records."""
    with database.transaction() as connection:
        for place in places:
            statements = ddl.create_table(place)[:1]
            columns = [*(one.column or "" for one in place.columns), *(one.column for one in place.kept.values())]
            if columns:
                statements.append(ddl.add_columns(place, columns))
            unique = [one for one in ddl.declared_indexes(place).values() if one.unique]
            statements += [one.create(place).replace("INDEX CONCURRENTLY", "INDEX") for one in unique]
            for statement in statements:
                run(connection, Sql(statement.replace("%", "%%")))
