"""Changes of the database layout that let everybody else go on working: short locks, retries, concurrent builds.

Every statement here names one workspace's schema only (a test reads them all).
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import errors as pg

from runtime.base.errors import Message, Unavailable
from runtime.base.sqltext import Sql, ident
from runtime.meta.model import SYSTEM_OBJECTS, Model
from runtime.store.binder import SYSTEM_TABLES
from runtime.store.database import Connection, Database, run
from runtime.store.layout import HELD, Layout, ObjectLayout, short

SHORT_LOCK = "200ms"
PATIENCE = 120.0
MOST_COLUMNS = 1200
BUSY = Message("the table stays busy, please repeat the publish", "数据表持续繁忙，请稍后重新发布")


@dataclass(frozen=True)
class Index:
    """An index that a model wants: its name, its definition behind the name, and for whom it is."""

    name: str
    unique: bool
    method: str
    columns: tuple[str, ...]
    why: str
    #: The rows that it is about; '' for those in force.
    where: str = ""

    def create(self, place: ObjectLayout) -> str:
        """The statement that builds it while everybody goes on writing."""
        unique = "UNIQUE " if self.unique else ""
        return (
            f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {ident(self.name)} ON {place.table} "
            f"USING {self.method} ({', '.join(self.columns)}) "
            f"WHERE {self.where or 'deleted_at IS NULL'}"
        )


def create_table(place: ObjectLayout) -> list[str]:
    """The statements that make an object's table with its standing indexes."""
    name = place.name
    live = "WHERE deleted_at IS NULL"
    return [
        f"""CREATE TABLE IF NOT EXISTS {place.table} (
  id         uuid PRIMARY KEY,
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  created_by uuid,
  updated_by uuid,
  owner_id   uuid,
  title      text COLLATE "C" NOT NULL DEFAULT '',
  title_key  text COLLATE "C" NOT NULL DEFAULT '',
  data       jsonb NOT NULL DEFAULT '{{}}' CHECK (jsonb_typeof(data) = 'object'),
  ext        jsonb,
  search     tsvector
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)""",
        f"CREATE INDEX IF NOT EXISTS {ident(short(name + '__owner'))} ON {place.table} (owner_id, id) {live}",
        f"CREATE INDEX IF NOT EXISTS {ident(short(name + '__title'))} ON {place.table} (title_key, id) {live}",
        f"CREATE INDEX IF NOT EXISTS {ident(short(name + '__search'))} ON {place.table} USING gin (search)",
        f"CREATE INDEX IF NOT EXISTS {ident(short(name + '__bin'))} ON {place.table} (id) WHERE deleted_at IS NOT NULL",
    ]


def standing(place: ObjectLayout) -> set[str]:
    """The names of the indexes that every table has."""
    return {short(f"{place.name}__{one}") for one in ("owner", "title", "search", "bin")} | {f"{place.name}_pkey"}


def sql_type(name: str) -> str:
    """The type of a new column; texts are compared by code point, whatever the server's habit."""
    return 'text COLLATE "C"' if name == "text" else name


def add_columns(place: ObjectLayout, missing: Sequence[str]) -> str:
    """The statement that adds typed columns (no rewrite: they have no value yet)."""
    parts = [
        f"ADD COLUMN IF NOT EXISTS {ident(one.column or '')} {sql_type(one.sql_type or 'text')}"
        for one in place.columns
        if one.column in missing
    ]
    parts += [
        f"ADD COLUMN IF NOT EXISTS {ident(one.column)} {sql_type(one.sql_type)}"
        for one in place.kept.values()
        if one.column in missing
    ]
    return f"ALTER TABLE {place.table} {', '.join(parts)}"


def foreign_keys(layout: Layout, place: ObjectLayout) -> dict[str, tuple[str, str]]:
    """For each reference of an object: name -> (statement that adds it unchecked, statement that checks it)."""
    found = {}
    for one in place.columns:
        relates = one.field.relates
        if relates is None or relates.many:
            continue
        target_name = relates.target_object()
        if target_name in SYSTEM_OBJECTS:
            target = layout.system(SYSTEM_TABLES[target_name])
        else:
            definition = layout.model.object(target_name)
            if definition is None:
                continue
            target = layout.object(definition.name).table
        name = short(f"{place.name}__{one.field.key}_fk")
        found[name] = (
            f"ALTER TABLE {place.table} ADD CONSTRAINT {ident(name)} FOREIGN KEY ({ident(one.column or '')}) "
            f"REFERENCES {target} (id) NOT VALID",
            f"ALTER TABLE {place.table} VALIDATE CONSTRAINT {ident(name)}",
        )
    return found


def named(place: ObjectLayout, method: str, columns: Sequence[str], why: str) -> Index:
    """An index whose name follows from its definition: the same wish twice is one index."""
    digest = hashlib.sha256("\0".join([method, *columns]).encode()).hexdigest()[:10]
    return Index(short(f"{place.name}__i_{digest}"), False, method, tuple(columns), why)


def declared_indexes(place: ObjectLayout) -> dict[str, Index]:
    """The indexes that the object's fields ask for: unique, indexed, references."""
    found: dict[str, Index] = {}
    for name, fields in place.unique_fields.items():
        columns = tuple(ident(place.places[place.object.fields[one].key].column or "") for one in fields)
        found[name] = Index(name, True, "btree", columns, f"unique {', '.join(fields)}", place.counted)
    if place.waits:
        name = place.index_name("waiting")
        found[name] = Index(name, False, "btree", ("id",), "records that wait", f"deleted_at = {HELD}")
    for one in place.columns:
        column = ident(one.column or "")
        if (one.sql_type or "").endswith("[]"):
            if one.field.indexed or one.field.relates is not None:
                index = named(place, "gin", [column], one.field.name)
                found[index.name] = index
        elif one.field.relates is not None or one.field.indexed:
            index = named(place, "btree", [f"{column} NULLS FIRST", "id"], one.field.name)
            found[index.name] = index
        if one.field.owned:
            index = deleted_lines(place, one.field.key, column)
            found[index.name] = index
    for key, kept in place.kept.items():
        field = place.object.by_key[key]
        if field.indexed:
            index = named(place, "btree", [f"{ident(kept.column)} NULLS FIRST", "id"], field.name)
            found[index.name] = index
    return found


def deleted_lines(place: ObjectLayout, key: str, column: str) -> Index:
    """The lines of a record that are in the recycle bin, or wait with it, and since when; those in force pay nothing.

    Without it, what has gone of one record is looked for among everything that was ever deleted.
    """
    columns = (column, "deleted_at")
    return Index(place.index_name("bin", key), False, "btree", columns, "deleted lines", "deleted_at IS NOT NULL")


def drop_columns(table: str, columns: Sequence[str]) -> str:
    """The statement that takes columns away (nothing is rewritten)."""
    return f"ALTER TABLE {table} {', '.join(f'DROP COLUMN IF EXISTS {ident(one)}' for one in columns)}"


def existing_tables(database: Database, schema: str) -> dict[str, dict[str, str]]:
    """The columns (with types) of every object table of a workspace."""
    rows = database.rows(
        Sql(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname LIKE 'o\\_%%' AND "
            "a.attnum > 0 AND NOT a.attisdropped",
            (schema,),
        )
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def existing_indexes(database: Database, schema: str) -> dict[str, tuple[str, bool]]:
    """Index name -> (table, whether it is usable) of every object table of a workspace."""
    rows = database.rows(
        Sql(
            "SELECT i.relname, t.relname, x.indisvalid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
            "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
            "WHERE n.nspname = %s AND t.relname LIKE 'o\\_%%'",
            (schema,),
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def existing_keys(database: Database, schema: str) -> dict[str, bool]:
    """Foreign key name -> whether it is checked, of every object table of a workspace."""
    rows = database.rows(
        Sql(
            "SELECT k.conname, k.convalidated FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace "
            "WHERE n.nspname = %s AND k.contype = 'f' AND k.conname LIKE 'o\\_%%'",
            (schema,),
        )
    )
    return {row[0]: row[1] for row in rows}


def with_short_lock(
    database: Database, statements: Iterable[str], *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Run statements that need a table for themselves: wait a moment at most, step back, try again.

    Whoever waits for a lock makes everybody behind it wait too; so nobody here waits longer than 200 ms.
    """
    for statement in statements:
        deadline = time.monotonic() + PATIENCE
        pause = 0.05
        while True:
            try:
                with database.transaction() as connection:
                    run(connection, Sql(f"SET LOCAL lock_timeout = '{SHORT_LOCK}'"))
                    run(connection, Sql(statement))
                break
            except (pg.LockNotAvailable, pg.DeadlockDetected):
                if time.monotonic() > deadline:
                    raise Unavailable(BUSY, extra={"retry_after": 30}) from None
                sleep(pause * (1 + random.random()))
                pause = min(pause * 2, 2.0)
            except (pg.DuplicateObject, pg.DuplicateColumn, pg.DuplicateTable):
                break


def build_index(connection: Connection, place: ObjectLayout, index: Index) -> None:
    """Build one index while everybody goes on writing. Raises psycopg's UniqueViolation for doubled values."""
    broken = run(
        connection,
        Sql(
            "SELECT 1 FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN "
            "pg_namespace n ON n.oid = i.relnamespace "
            "WHERE n.nspname = %s AND i.relname = %s AND NOT x.indisvalid",
            (place.schema, index.name),
        ),
    )
    if broken:
        run(connection, Sql(drop_index(place.schema, index.name)))
    try:
        run(connection, Sql(index.create(place)))
    except pg.UniqueViolation:
        run(connection, Sql(drop_index(place.schema, index.name)))
        raise


def drop_index(schema: str, name: str) -> str:
    """The statement that takes an index away while everybody goes on."""
    return f"DROP INDEX CONCURRENTLY IF EXISTS {ident(schema, name)}"


def wait_for_writers(place: ObjectLayout) -> str:
    """The statement that returns when nobody writes the table under what he read before now.

    Whoever writes takes his lock on the table before he looks at the stamp; an older statement that has seen the old
    stamp therefore holds the lock that this one waits for.
    """
    return f"LOCK TABLE {place.table} IN SHARE MODE"


def maintenance(database: Database) -> Connection:
    """A connection for long work: no time limits."""
    connection = database.connect()
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET lock_timeout = 0")
    return connection


def row_estimates(database: Database, schema: str) -> Mapping[str, int]:
    """The planner's idea of the number of rows of each object table."""
    rows = database.rows(
        Sql(
            "SELECT c.relname, greatest(c.reltuples, 0)::bigint FROM pg_class c JOIN "
            "pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname LIKE 'o\\_%%'",
            (schema,),
        )
    )
    return {row[0]: int(row[1]) for row in rows}


def all_tables(layout: Layout, model: Model) -> list[ObjectLayout]:
    """The tables of a model, those that others refer to first where possible."""
    return [layout.object(name) for name in model.objects]
