"""Summaries of other records in SQL: one sub-query each, its value computed inside before it is summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.base.sqltext import EMPTY, Sql, fmt
from runtime.formula.tree import Agg, Node
from runtime.formula.types import Type

if TYPE_CHECKING:
    from runtime.formula.sql import Emitter

MAX_JOINED = 500
BLANKS = {"text": "''", "bool": "false", "list": "'[]'::jsonb"}


def present(column: Sql, t: Type) -> Sql:
    """True where a value is not blank."""
    if t.name == "text":
        return fmt("({} <> '')", column)
    if t.name == "list":
        return fmt("({} <> '[]'::jsonb)", column)
    return fmt("({} IS NOT NULL)", column)


def aggregate(emitter: Emitter, node: Agg) -> Sql:
    """The value of a summary."""
    if node.rows < 0:
        return _over_set(emitter, node)
    slot = emitter.slots[node.rows]
    if slot.kind == "lookup":
        source, binder = emitter.binder.lookup(slot.path[0])
    else:
        source, binder = emitter.binder.children(slot.path)
    inner = type(emitter)(emitter.compiled.inner[node.rows], binder, emitter.env, emitter.compiled, emitter)
    where = fmt(" AND {}", inner.predicate(node.where)) if node.where is not None else EMPTY
    if node.kind in ("ANY", "ALL"):
        assert node.where is not None
        if node.kind == "ANY":
            return fmt("EXISTS (SELECT 1 FROM {}{})", source, where)
        return fmt("(NOT EXISTS (SELECT 1 FROM {} AND NOT {}))", source, inner.value(node.where))
    if node.kind == "COUNT" and node.value is None:
        return fmt("(SELECT count(*)::numeric FROM {}{})", source, where)
    assert node.value is not None
    columns = fmt("{} AS v", inner.value(node.value))
    if node.key >= 0:
        columns = fmt("{}, {} AS k", columns, inner.binder.slot(inner.slots[node.key]))
    if node.order is not None:
        columns = fmt("{}, {} AS o", columns, inner.value(node.order))
    rows = fmt("(SELECT {} FROM {}{}) fxq", columns, source, where)
    if node.kind in ("FIRST", "LAST", "LOOKUP", "JOIN"):
        return _ordered(node, node.value, rows)
    kept = present(Sql("fxq.v"), node.value.t)
    return fmt("(SELECT {} FROM {} WHERE {})", summed(node, Sql("fxq.v")), rows, kept)


def summed(node: Agg, v: Sql) -> Sql:
    """The aggregate expression over a column without blanks."""
    match node.kind:
        case "SUM":
            return fmt(
                "fx.seconds(coalesce(sum({}), 0))" if node.t.name == "duration" else "fx.norm(coalesce(sum({}), 0))", v
            )
        case "AVG":
            return fmt("fx.div(sum({}), count({})::numeric)", v, v)
        case "MIN":
            return fmt("min({})", v)
        case "MAX":
            return fmt("max({})", v)
        case "COUNTD":
            return fmt("count(DISTINCT {})::numeric", v)
    return fmt("count({})::numeric", v)


def _ordered(node: Agg, value: Node, rows: Sql) -> Sql:
    kept = fmt(" WHERE {}", present(Sql("fxq.v"), value.t)) if node.kind != "LOOKUP" else EMPTY
    if node.kind == "JOIN":
        chosen = fmt(f"(SELECT fxq.v, fxq.k FROM {{}}{{}} ORDER BY fxq.k LIMIT {MAX_JOINED}) fxj", rows, kept)
        sep = Sql("%s::text", (node.sep,))
        return fmt(
            "(SELECT fx.cap(coalesce(string_agg(fxj.v, {} ORDER BY fxj.k), '')) COLLATE \"C\" FROM {})", sep, chosen
        )
    way = " DESC" if node.kind == "LAST" else ""
    order = f"fxq.o{way} NULLS LAST, " if node.order is not None else ""
    picked = fmt(f"(SELECT fxq.v FROM {{}}{{}} ORDER BY {order}fxq.k{way} LIMIT 1)", rows, kept)
    blank = BLANKS.get(node.t.name)
    return fmt("coalesce({}, " + blank + ")", picked) if blank else picked


def _over_set(emitter: Emitter, node: Agg) -> Sql:
    """A summary over the rows of the query itself (measures)."""
    conditions: list[Sql] = []
    if node.where is not None:
        conditions.append(emitter.predicate(node.where))
    if node.value is None:
        v = Sql("*")
    else:
        v = emitter.value(node.value)
        if node.value.t.name in ("text", "list"):
            conditions.append(present(v, node.value.t))
    if not conditions:
        return fmt("({})", summed(node, v))
    chosen = fmt(" FILTER (WHERE {}", conditions[0])
    for condition in conditions[1:]:
        chosen = fmt("{} AND {}", chosen, condition)
    word = "count(DISTINCT {}){})" if node.kind == "COUNTD" else "count({}){})"
    return fmt("((" + word + ")::numeric)", v, chosen)
