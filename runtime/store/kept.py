"""Statements around computed values that are kept with their records: who depends, locks, the values themselves."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.base.sqltext import Sql, ident, join
from runtime.formula import sql as formula_sql
from runtime.formula.env import Env
from runtime.meta.compiled import Formulas
from runtime.meta.kept import KeptField, KeptTitle, Step
from runtime.store.binder import Frame, TableBinder
from runtime.store.layout import Layout


def link_column(layout: Layout, object_name: str, key: str) -> tuple[str, bool]:
    """The quoted column of a link, and whether it holds many."""
    place = layout.object(object_name).places[key]
    return ident(place.column or ""), (place.sql_type or "").endswith("[]")


def follow(layout: Layout, step: Step, ids: Sequence[str], limit: int) -> Sql:
    """The ids that one step leads to, ``limit`` at most."""
    place = layout.object(step.object)
    column, many = link_column(layout, step.object, step.key)
    if step.down:
        test = f"{column} && %s::uuid[]" if many else f"{column} = ANY(%s::uuid[])"
        text = f"SELECT id::text FROM {place.table} WHERE {test} AND deleted_at IS NULL LIMIT %s"
        return Sql(text, (list(ids), limit))
    wanted = f"unnest({column})" if many else column
    found = f"SELECT DISTINCT ({wanted})::text FROM {place.table} WHERE id = ANY(%s::uuid[]) AND {column} IS NOT NULL"
    return Sql(found + " LIMIT %s", (list(ids), limit))


def lock(layout: Layout, object_name: str, ids: Sequence[str], strength: str) -> Sql:
    """Hold records, in the order in which everybody does, until the transaction ends."""
    table = layout.object(object_name).table
    return Sql(f"SELECT id FROM {table} WHERE id = ANY(%s::uuid[]) ORDER BY id FOR {strength}", (sorted(ids),))


def update(
    layout: Layout, formulas: Formulas, env: Env, fields: Sequence[KeptField], where: Sql, alias_of: str = "t"
) -> Sql:
    """Compute kept values of one object anew where they differ; gives the ids of the records that changed.

    ``where`` is a condition on ``s.id``, the record's id.
    """
    name = fields[0].object.name
    place = layout.object(name)
    frame = Frame()
    source = frame.alias()
    frame.fresh.add(source)
    binder = TableBinder(layout, formulas, name, source, frame, env)
    values = [_value(binder, one, env) for one in fields]
    columns = [ident(one.column) for one in fields]
    selected = join(
        ", ", [Sql(f"{source}.id"), *(value + f" AS {column}" for value, column in zip(values, columns, strict=True))]
    )
    inner = Sql("SELECT ") + selected + f" FROM {place.table} {source}" + frame.sql() + " WHERE "
    inner = inner + Sql(where.text.replace("s.id", f"{source}.id"), where.params)
    sets = ", ".join(f"{column} = q.{column}" for column in columns)
    differ = " OR ".join(f"{alias_of}.{column} IS DISTINCT FROM q.{column}" for column in columns)
    statement = (
        Sql(f"UPDATE {place.table} {alias_of} SET {sets} FROM (") + inner
        + f") q WHERE {alias_of}.id = q.id AND ({differ}) RETURNING {alias_of}.id::text"
    )  # fmt: skip
    return frame.finish(statement)


def _value(binder: TableBinder, one: KeptField, env: Env) -> Sql:
    value = Sql("(") + formula_sql.value(one.compiled, binder.at(binder.object, binder.alias, trusted=True), env) + ")"
    if one.sql_type == "text":
        return Sql("nullif(") + value + ", '')"
    return value + f"::{one.sql_type}"


def next_ids(layout: Layout, object_name: str, after: str, count: int) -> Sql:
    """The next records of an object in the order of their ids."""
    table = layout.object(object_name).table
    return Sql(f"SELECT id::text FROM {table} WHERE id > %s::uuid ORDER BY id LIMIT %s", (after, count))


def values(layout: Layout, formulas: Formulas, env: Env, one: KeptField) -> Sql:
    """(id, value as it is kept, value computed now) of all live records, for whoever compares."""
    frame = Frame()
    source = frame.alias()
    frame.fresh.add(source)
    binder = TableBinder(layout, formulas, one.object.name, source, frame, env)
    table = layout.object(one.object.name).table
    head = (
        Sql(f"SELECT {source}.id::text, {source}.{ident(one.column)} AS kept, ") + _value(binder, one, env) + " AS now"
    )
    return frame.finish(head + f" FROM {table} {source}" + frame.sql() + f" WHERE {source}.deleted_at IS NULL")


def differing(layout: Layout, formulas: Formulas, env: Env, one: KeptField) -> Sql:
    """How many records have another value than their formula says."""
    return Sql("SELECT count(*) FROM (") + values(layout, formulas, env, one) + ") v WHERE kept IS DISTINCT FROM now"


def titles(layout: Layout, formulas: Formulas, env: Env, one: KeptTitle, ids: Sequence[str]) -> Sql:
    """(id, value of the title's formula now, title) of records."""
    frame = Frame()
    source = frame.alias()
    frame.fresh.add(source)
    binder = TableBinder(layout, formulas, one.object.name, source, frame, env)
    value = formula_sql.value(one.compiled, binder.at(binder.object, source, trusted=True), env)
    head = Sql(f"SELECT {source}.id::text, ") + value + f", {source}.title FROM {layout.object(one.object.name).table} "
    statement = head + source + frame.sql() + Sql(f" WHERE {source}.id = ANY(%s::uuid[])", (list(ids),))
    return frame.finish(statement)


def contents(layout: Layout, object_name: str, ids: Sequence[str]) -> Sql:
    """(id, data, ext) of records."""
    table = layout.object(object_name).table
    return Sql(f"SELECT id::text, data, ext FROM {table} WHERE id = ANY(%s::uuid[])", (list(ids),))


def retitle(layout: Layout, object_name: str, entries: Sequence[tuple[str, str, str, str]]) -> Sql:
    """Give records their titles, sort keys and search vectors."""
    columns = [list(one) for one in zip(*entries, strict=True)]
    return Sql(
        f"UPDATE {layout.object(object_name).table} t SET title = q.title, title_key = q.title_key, "
        "search = q.search::tsvector FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) "
        "AS q(id, title, title_key, search) WHERE t.id = q.id",
        tuple(columns),
    )
