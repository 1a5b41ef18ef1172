"""Summaries of rows in Python: what SUM, COUNT, FIRST and the others do with the values of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runtime.formula.tree import Agg
from runtime.formula.values import CTX, ZERO, Items, capped, divide, norm, seconds

MAX_JOINED = 500
Part = Callable[[Sequence[Any]], Any]


class Rows:
    """The rows of one aggregate: tuples of values in the order of its inner slots. Opaque on purpose."""

    __slots__ = ("rows",)

    def __init__(self, rows: Iterable[Sequence[Any]] = ()) -> None:
        self.rows: list[Sequence[Any]] = list(rows)


@dataclass(frozen=True, slots=True)
class Spec:
    """An aggregate with the evaluators of its parts."""

    agg: Agg
    value: Part | None
    where: Part | None
    order: Part | None
    nodes: int


def blank(value: Any) -> bool:
    """True for null, the empty text and the empty list."""
    return value is None or value == "" or (isinstance(value, Items) and not value.items)


def summarise(spec: Spec, rows: Sequence[Sequence[Any]], note: Callable[[str], None]) -> Any:
    """The result of an aggregate over ``rows``."""
    agg = spec.agg
    where, value = spec.where, spec.value
    if agg.kind == "ANY":
        return any(where(row) for row in rows) if where else False
    if agg.kind == "ALL":
        return all(where(row) for row in rows) if where else True
    kept = [row for row in rows if where(row)] if where else rows
    if agg.kind == "COUNT":
        return Decimal(len(kept) if value is None else sum(not blank(value(row)) for row in kept))
    assert value is not None
    if agg.kind in ("FIRST", "LAST", "LOOKUP", "JOIN"):
        return _ordered(spec, kept, value)
    found = [v for v in (value(row) for row in kept) if not blank(v)]
    return _number(agg, found, note)


def _number(agg: Agg, found: list[Any], note: Callable[[str], None]) -> Any:
    match agg.kind:
        case "COUNTD":
            return Decimal(len(set(found)))
        case "MIN":
            return min(found, default=None)
        case "MAX":
            return max(found, default=None)
    total = ZERO
    for v in found:
        total = CTX.add(total, v)
    if agg.kind == "AVG":
        return divide(total, Decimal(len(found)))
    result = seconds(total) if agg.t.name == "duration" else norm(total)
    if result is None:
        note("NUM_RANGE")
    return result


def _ordered(spec: Spec, rows: Sequence[Sequence[Any]], value: Part) -> Any:
    """FIRST, LAST, LOOKUP and JOIN: rows without an order value come last, equal ones by id."""
    agg, order = spec.agg, spec.order
    by_id = sorted(rows, key=lambda row: str(row[agg.key]), reverse=agg.kind == "LAST")
    if agg.kind == "JOIN":
        texts = [text for text in (value(row) for row in by_id) if text]
        return capped(agg.sep.join(texts[:MAX_JOINED]))
    if order is not None:
        keyed = [(order(row), row) for row in by_id]
        present = [pair for pair in keyed if pair[0] is not None]
        present.sort(key=lambda pair: pair[0], reverse=agg.kind == "LAST")
        by_id = [row for _, row in present] + [row for key, row in keyed if key is None]
    for row in by_id:
        result = value(row)
        if agg.kind == "LOOKUP" or not blank(result):
            return result
    return {"text": "", "bool": False, "list": Items()}.get(agg.t.name)
