"""Statements that read many records: lists by keyset, counts, groups. It gets conditions, it decides none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.sqltext import Sql, fmt, join, literal
from runtime.base.values import dump_text, load
from runtime.formula.types import Type
from runtime.store.binder import Frame
from runtime.store.database import Database
from runtime.store.layout import ObjectLayout
from runtime.store.project import json_of

#: Where an estimate stops counting exactly.
COUNT_LIMIT = 10_000
#: Stands between the JSON texts of a page; in JSON it would be written as an escape.
BETWEEN = b"\x1e"


@dataclass(frozen=True)
class Order:
    """One key of the order. Blanks are lowest: first when ascending, last when descending."""

    value: Sql
    sql_type: str
    descending: bool = False
    nullable: bool = True

    def clause(self) -> Sql:
        """The key as part of ORDER BY."""
        if self.descending:
            return self.value + (" DESC NULLS LAST" if self.nullable else " DESC")
        return self.value + (" NULLS FIRST" if self.nullable else "")

    def same(self, value: Any) -> Sql:
        """The rows with this very value."""
        if value is None:
            return self.value + " IS NULL"
        return self.value + Sql(f" = %s::{self.sql_type}", (value,))

    def beyond(self, value: Any) -> list[Sql]:
        """Conditions, one after the other, for the rows behind ``value``; [] when there are none."""
        if value is None:
            return [] if self.descending else [self.value + " IS NOT NULL"]
        if not self.descending:
            return [self.value + Sql(f" > %s::{self.sql_type}", (value,))]
        found = [self.value + Sql(f" < %s::{self.sql_type}", (value,))]
        if self.nullable:
            found.append(self.value + " IS NULL")
        return found


def conditions(parts: Sequence[Sql]) -> Sql:
    """All parts that say something, joined by AND; TRUE when none does."""
    said = [part for part in parts if part]
    return join(" AND ", said) if said else Sql("true")


def behind(orders: Sequence[Order], values: Sequence[Any]) -> list[Sql]:
    """Conditions for the rows behind a cursor: disjoint, and each in the order of the list.

    The first are nearest. Each is served by an index over the order's columns, blanks and mixed directions
    included, which no single row comparison is.
    """
    found: list[Sql] = []
    if len(orders) == 2 and orders[0].descending == orders[1].descending and values[0] is not None:
        sign = "<" if orders[0].descending else ">"
        pair = fmt("({}, {})", orders[0].value, orders[1].value)
        row = Sql(f" {sign} (%s::{orders[0].sql_type}, %s::{orders[1].sql_type})", tuple(values))
        found.append(pair + row)
        if orders[0].descending and orders[0].nullable:
            found.append(orders[0].value + " IS NULL")
        return found
    for depth in range(len(orders) - 1, -1, -1):
        equal = [order.same(value) for order, value in zip(orders[:depth], values[:depth], strict=True)]
        for beyond in orders[depth].beyond(values[depth]):
            found.append(join(" AND ", [*equal, beyond]))
    return found


def page(
    place: ObjectLayout,
    alias: str,
    frame: Frame,
    *,
    record: Sql,
    where: Sql,
    orders: Sequence[Order],
    after: Sequence[Any] | None,
    limit: int,
    live: str,
) -> Sql:
    """One page and what is needed to go on: (stamp, how many rows, their JSON, the order values of the last but one).

    ``limit`` is one more than the page holds: the last row shows only that there is more. All of it is one row, so
    that the answer comes in one piece: rows would come in pieces of 8 KB, for each of which the reader is woken.
    The JSON texts stand one behind the other, :data:`BETWEEN` between them, as bytes (``bpchar`` is read so).
    """
    keys = join(", ", [order.value + f"::text AS k{number}" for number, order in enumerate(orders)])
    order_by = join(", ", [order.clause() for order in orders])
    source = Sql(f" FROM {place.table} {alias}") + frame.sql() + " WHERE "

    def branch(condition: Sql) -> Sql:
        return (
            Sql("SELECT ") + record + " AS j, " + keys + source + condition + " ORDER BY " + order_by
            + Sql(" LIMIT %s", (limit,))
        )  # fmt: skip

    if after is None:
        rows = branch(where)
    else:
        pieces = behind(orders, after)
        branches = [Sql("(") + branch(where + " AND " + piece) + ")" for piece in pieces]
        if len(branches) == 1:
            rows = branches[0]
        elif branches:
            # Append runs its parts in turn and stops at the limit: the further parts cost nothing.
            rows = join(" UNION ALL ", branches) + Sql(" LIMIT %s", (limit,))
        else:
            rows = branch(Sql("false"))
    last = ", ".join(f"(array_agg(q.k{number}))[{limit - 1:d}]" for number in range(len(orders)))
    statement = (
        Sql(f"SELECT l.stamp, p.* FROM {live} l CROSS JOIN LATERAL ("
            f"SELECT count(*), string_agg(q.j, {literal(BETWEEN.decode())})::bpchar, {last} FROM (") + rows + ") q) p"
    )  # fmt: skip
    return frame.finish(statement)


def apart(texts: bytes | None) -> list[bytes]:
    """The JSON text of each record of a page."""
    return texts.split(BETWEEN) if texts else []


def exact_count(place: ObjectLayout, alias: str, frame: Frame, where: Sql) -> Sql:
    """The number of rows."""
    return frame.finish(Sql(f"SELECT count(*) FROM {place.table} {alias}") + frame.sql() + " WHERE " + where)


def capped_count(place: ObjectLayout, alias: str, frame: Frame, where: Sql) -> Sql:
    """The number of rows up to :data:`COUNT_LIMIT` + 1: cost does not grow with the table."""
    rows = Sql(f"SELECT count(*) FROM (SELECT 1 FROM {place.table} {alias}") + frame.sql() + " WHERE " + where
    return frame.finish(rows + Sql(" LIMIT %s) c", (COUNT_LIMIT + 1,)))


@dataclass(frozen=True)
class Output:
    """One column of a grouped result: its name in the JSON, its expression and type."""

    name: str
    value: Sql
    type: Type


def groups(
    place: ObjectLayout,
    alias: str,
    frame: Frame,
    *,
    keys: Sequence[Output],
    measures: Sequence[Output],
    where: Sql,
    order: Sequence[tuple[int, bool]],
    limit: int,
    live: str,
    numbers_as_text: bool = False,
) -> Sql:
    """Grouped measures: rows of (stamp, JSON text). ``order``: (position among keys and measures, descending).

    Grouping and order go by position: the same expression with bind parameters, written twice, would be two
    expressions for PostgreSQL.
    """
    outputs = [*keys, *measures]
    selected = join(", ", [one.value + f" AS c{number}" for number, one in enumerate(outputs)])
    inner = Sql("SELECT true AS hit, ") + selected + f" FROM {place.table} {alias}" + frame.sql() + " WHERE " + where
    if keys:
        inner = inner + " GROUP BY " + ", ".join(str(number + 2) for number in range(len(keys)))
    ordering = [f"{at + 2} DESC NULLS LAST" if down else f"{at + 2} NULLS FIRST" for at, down in order]
    ordering += [f"{number + 2} NULLS FIRST" for number in range(len(keys))]
    if ordering:
        inner = inner + " ORDER BY " + ", ".join(ordering)
    inner = inner + Sql(" LIMIT %s", (limit,))
    pieces: list[Sql] = []
    opening = "{"
    for number, one in enumerate(outputs):
        pieces.append(Sql(literal(f"{opening}{dump_text(one.name)}:")))
        pieces.append(json_of(Sql(f"q.c{number}"), one.type, numbers_as_text=numbers_as_text))
        opening = ","
    record = join(" || ", [*pieces, "'}'"])
    statement = (
        Sql("SELECT l.stamp, CASE WHEN q.hit THEN ")
        + record
        + f" END FROM {live} l LEFT JOIN LATERAL ("
        + inner
        + ") q ON true"
    )
    return frame.finish(statement)


def planned_rows(database: Database, counting: Sql) -> int:
    """The planner's guess for a ``SELECT count(*)`` statement."""
    found = database.row(Sql("EXPLAIN (FORMAT JSON) ") + counting)
    plan = load(found[0])[0]["Plan"] if found else {}
    inner = plan.get("Plans", [plan])
    return int(inner[0].get("Plan Rows", 0))
