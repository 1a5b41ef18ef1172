"""The value rules every back end shares, in Python: exact numbers, ranges, local time, canonical text.

All number work goes through the contexts made here; the ambient decimal context is never used.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from runtime.formula.types import Type

CTX = decimal.Context(prec=120, rounding=ROUND_HALF_UP, Emin=-99999, Emax=99999, traps=[])
DOWN = decimal.Context(prec=120, rounding=ROUND_DOWN, Emin=-99999, Emax=99999, traps=[])
BIG = decimal.Context(prec=6000, rounding=ROUND_HALF_UP, Emin=-99999, Emax=99999, traps=[])
ZERO = Decimal(0)
ONE = Decimal(1)
LIMIT = Decimal(10**22)
MINUS_LIMIT = Decimal(-(10**22))
STEP = Decimal("1e-16")
MILLI = Decimal("0.001")
DURATION_LIMIT = Decimal(10**12)
MAX_TEXT = 32_767
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
INT_CAP = 1_000_000_000


def norm(x: Decimal) -> Decimal | None:
    """``x`` rounded half away from zero to 16 fraction digits; None when it has more than 22 whole ones."""
    if not MINUS_LIMIT < x < LIMIT:
        return None
    y = x.quantize(STEP, context=CTX)
    return y if MINUS_LIMIT < y < LIMIT else None


def seconds(x: Decimal) -> Decimal | None:
    """A duration of ``x`` seconds, to whole milliseconds; None when it is too long."""
    y = x.quantize(MILLI, context=CTX)
    return y if y.copy_abs() < DURATION_LIMIT else None


def divide(a: Decimal, b: Decimal) -> Decimal | None:
    """The exact quotient rounded half away from zero at 16 digits; None for b = 0 or out of range."""
    if not b:
        return None
    return norm(DOWN.divide(a, b))


def whole(n: Decimal) -> int:
    """``n`` truncated toward zero, held within what positions and counts can need."""
    if n >= INT_CAP:
        return INT_CAP
    if n <= -INT_CAP:
        return -INT_CAP
    return int(n)


def number_text(x: Decimal) -> str:
    """The one spelling of a number: trimmed, no exponent, no minus zero."""
    text = format(x, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def instant_text(x: dt.datetime) -> str:
    """The one spelling of an instant, ``2026-11-21T12:45:49.000Z``."""
    u = x.astimezone(dt.UTC)
    return f"{u.year:04}-{u.month:02}-{u.day:02}T{u.hour:02}:{u.minute:02}:{u.second:02}.{u.microsecond // 1000:03}Z"


def capped(text: str) -> str:
    """The text, or the empty text when it is longer than a value may be."""
    return text if len(text) <= MAX_TEXT else ""


class Items:
    """A list value as the evaluator sees it: opaque, so that simpleeval does not walk it at each step."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[str, ...] = ()) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Items) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises ZoneInfoNotFoundError."""
    return ZoneInfo(name)


def to_local(x: dt.datetime, tz: ZoneInfo) -> dt.datetime | None:
    """The wall-clock time of an instant; None where it leaves the calendar."""
    try:
        return x.astimezone(tz).replace(tzinfo=None, fold=0)
    except (OverflowError, ValueError):
        return None


def to_utc(local: dt.datetime, tz: ZoneInfo) -> dt.datetime | None:
    """The instant of a wall-clock time: in a gap the later, in an overlap the earlier one."""
    try:
        return local.replace(tzinfo=tz, fold=0).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def add_days(d: dt.date, n: Decimal) -> dt.date | None:
    """``d`` and ``n`` days later, ``n`` truncated toward zero; None outside of the calendar."""
    place = d.toordinal() + whole(n)
    return dt.date.fromordinal(place) if 1 <= place <= 3_652_059 else None


def month_length(year: int, month: int) -> int:
    """The number of days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def add_months(d: dt.date, n: int) -> dt.date | None:
    """``d`` and ``n`` calendar months later, held at the month's end; None outside of the calendar."""
    place = d.year * 12 + d.month - 1 + n
    year, month = place // 12, place % 12 + 1
    if not 1 <= year <= 9999:
        return None
    return dt.date(year, month, min(d.day, month_length(year, month)))


def canonical(value: Any, t: Type) -> str | None:
    """The text form of a result, equal for all back ends; None for blank."""
    if value is None:
        return None
    if isinstance(value, Items):
        value = value.items
    match t.name:
        case "number" | "duration":
            return number_text(value if isinstance(value, Decimal) else Decimal(value))
        case "bool":
            return "true" if value else "false"
        case "date":
            text: str = value.isoformat()
            return text
        case "datetime":
            return instant_text(value)
        case "list":
            return json.dumps(list(value), ensure_ascii=False, separators=(", ", ": ")) if value else None
        case _:
            return str(value) or None
