"""Dates, instants and durations in Python: what the date functions and operators compute.

Local time always means the environment's time zone; what leaves the calendar is None."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from runtime.formula.calendar import workday, worked_seconds
from runtime.formula.texts import BLANKS
from runtime.formula.values import (
    CTX,
    EPOCH,
    add_days,
    add_months,
    divide,
    month_length,
    seconds,
    to_local,
    to_utc,
    whole,
)

if TYPE_CHECKING:
    from runtime.formula.env import Env

SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


MONTHS = {"month": 1, "quarter": 3, "year": 12}


DATE_SHAPE = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})\Z")


INSTANT_SHAPE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?\Z"
)


MICRO = Decimal("0.000001")


def date(y: Decimal, m: Decimal, d: Decimal) -> dt.date | None:
    try:
        return dt.date(whole(y), whole(m), whole(d))
    except (ValueError, OverflowError):
        return None


def datetime(env: Env, d: dt.date, h: Decimal, mi: Decimal, s: Decimal) -> dt.datetime | None:
    try:
        local = dt.datetime(d.year, d.month, d.day, whole(h), whole(mi), whole(s))
    except (ValueError, OverflowError):
        return None
    return to_utc(local, env.zone)


def datevalue(text: str) -> dt.date | None:
    match = DATE_SHAPE.match(text.strip(BLANKS))
    if not match:
        return None
    try:
        return dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def local_date(env: Env, x: dt.datetime) -> dt.date | None:
    local = to_local(x, env.zone)
    return local.date() if local else None


def datetimevalue(env: Env, text: str) -> dt.datetime | None:
    match = INSTANT_SHAPE.match(text.strip(BLANKS))
    if not match:
        return None
    y, mo, d, h, mi, s, ms, offset = match.groups()
    try:
        local = dt.datetime(
            int(y), int(mo), int(d), int(h), int(mi), int(s or 0), int((ms or "0").ljust(3, "0")) * 1000
        )
        if offset is None:
            return to_utc(local, env.zone)
        if offset == "Z":
            return local.replace(tzinfo=dt.UTC)
        minutes = int(offset[1:3]) * 60 + int(offset[4:6])
        if int(offset[4:6]) > 59 or minutes > 15 * 60:
            return None
        shift = dt.timedelta(minutes=minutes if offset[0] == "+" else -minutes)
        return (local - shift).replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None


def local(part: Callable[[dt.datetime], int]) -> Callable[..., Decimal | None]:
    def read(env: Env, x: dt.datetime) -> Decimal | None:
        local = to_local(x, env.zone)
        return Decimal(part(local)) if local else None

    return read


def weekday(d: dt.date, kind: Decimal) -> Decimal:
    return Decimal(d.isoweekday() % 7 + 1 if kind == 1 else d.isoweekday())


def weeknum(d: dt.date, kind: Decimal) -> Decimal:
    number = int(kind)
    if number == 21:
        return Decimal(d.isocalendar().week)
    first = {1: 6, 2: 0}.get(number, (number - 11) % 7)
    offset = (d.replace(month=1, day=1).weekday() - first) % 7
    return Decimal((d.timetuple().tm_yday - 1 + offset) // 7 + 1)


def shift_instant(x: dt.datetime, secs: Decimal) -> dt.datetime | None:
    micros = int(CTX.multiply(secs, Decimal(1_000_000)))
    try:
        return x + dt.timedelta(days=micros // 86_400_000_000, microseconds=micros % 86_400_000_000)
    except OverflowError:
        return None


def dateadd(d: dt.date, n: Decimal, unit: str) -> dt.date | None:
    count = whole(n)
    if unit in MONTHS:
        return add_months(d, count * MONTHS[unit])
    return add_days(d, Decimal(count * (7 if unit == "week" else 1)))


def dateadd_instant(env: Env, x: dt.datetime, n: Decimal, unit: str) -> dt.datetime | None:
    if unit in ("hour", "minute", "second"):
        return shift_instant(x, Decimal(int(n) * SECONDS[unit]))
    local = to_local(x, env.zone)
    if local is None:
        return None
    day = dateadd(local.date(), n, unit)
    return to_utc(dt.datetime.combine(day, local.time()), env.zone) if day else None


def eomonth(d: dt.date, n: Decimal) -> dt.date | None:
    first = add_months(d.replace(day=1), whole(n))
    return first.replace(day=month_length(first.year, first.month)) if first else None


def months_between(a: dt.date, b: dt.date) -> int:
    low, high = (a, b) if a <= b else (b, a)
    months = (high.year - low.year) * 12 + high.month - low.month - (high.day < low.day)
    return months if a <= b else -months


def datedif(a: dt.date, b: dt.date, unit: str) -> Decimal:
    if unit in ("M", "Y"):
        months = months_between(a, b)
        years = abs(months) // 12
        return Decimal(months if unit == "M" else (years if months >= 0 else -years))
    days = b.toordinal() - a.toordinal()
    if unit == "D":
        return Decimal(days)
    return Decimal(abs(days) // 7 if days >= 0 else -(abs(days) // 7))


def epoch(x: dt.datetime) -> Decimal:
    delta = x - EPOCH
    micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    return CTX.multiply(Decimal(micros), MICRO)


def between(a: dt.datetime, b: dt.datetime) -> Decimal:
    return CTX.subtract(epoch(b), epoch(a))


def datedif_instant(env: Env, a: dt.datetime, b: dt.datetime, unit: str) -> Decimal | None:
    size = {"h": 3_600, "m": 60, "s": 1}.get(unit)
    if size:
        return CTX.divide_int(between(a, b), Decimal(size))
    first, last = to_local(a, env.zone), to_local(b, env.zone)
    return datedif(first.date(), last.date(), unit) if first and last else None


def startof(d: dt.date, unit: str) -> dt.date | None:
    match unit:
        case "week":
            return add_days(d, Decimal(-d.weekday()))
        case "month":
            return d.replace(day=1)
        case "quarter":
            return d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return d.replace(month=1, day=1)
    return d


def startof_instant(env: Env, x: dt.datetime, unit: str) -> dt.datetime | None:
    local = to_local(x, env.zone)
    if local is None:
        return None
    day = startof(local.date(), unit)
    return to_utc(dt.datetime(day.year, day.month, day.day), env.zone) if day else None


def workhours(env: Env, a: dt.datetime, b: dt.datetime, name: str) -> Decimal | None:
    first, last = to_local(a, env.zone), to_local(b, env.zone)
    if first is None or last is None:
        return None
    total = worked_seconds(env.named_calendar(name), first, last)
    return divide(Decimal(total), Decimal(3_600_000)) if total is not None else None


def workday_in(env: Env, d: dt.date, n: Decimal, name: str) -> dt.date | None:
    return workday(env.named_calendar(name), d, whole(n))


def duration(n: Decimal, unit: str) -> Decimal | None:
    return seconds(CTX.multiply(n, Decimal(SECONDS[unit])))


def inunit(x: Decimal, unit: str) -> Decimal | None:
    return divide(x, Decimal(SECONDS[unit]))


def instant_minus(a: dt.datetime, b: dt.datetime) -> Decimal | None:
    return seconds(between(b, a))


def add(a: Decimal, b: Decimal) -> Decimal | None:
    return seconds(CTX.add(a, b))


def subtract(a: Decimal, b: Decimal) -> Decimal | None:
    return seconds(CTX.subtract(a, b))


def times(a: Decimal, n: Decimal) -> Decimal | None:
    return seconds(CTX.multiply(a, n))


def over(a: Decimal, n: Decimal) -> Decimal | None:
    if not n:
        return None
    return seconds(CTX.divide(a, n).quantize(MICRO, rounding=ROUND_DOWN, context=CTX))
