"""Date and time: an instant, kept in UTC to the millisecond, read and written in the workspace's zone."""

from __future__ import annotations

import datetime
import re
from typing import Any
from zoneinfo import ZoneInfo

from runtime.formula.types import DATETIME, Type
from runtime.formula.values import instant_text
from runtime.kinds.field import ORDER_OPERATORS, BadValue, Context, Field, bad, shown
from runtime.kinds.fields.text import narrow
from runtime.kinds.operators import INSTANTS

CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
WRITTEN = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日)"
    r"(?:(?:[Tt]|\s*)([0-9]{1,2})(?::|时|点)([0-9]{1,2})(?:分|(?::|分)([0-9]{1,2})(?:[.,]([0-9]{1,9}))?秒?)?"
    r"\s*([Zz]|[+-][0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?)?)?"
)


def offset_of(text: str) -> datetime.timezone:
    """``+08:00`` as a time zone. Raises ValueError."""
    if text in "Zz":
        return datetime.UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    if int(digits[2:4]) > 59:
        raise ValueError(text)
    delta = datetime.timedelta(minutes=minutes, seconds=int(digits[4:] or 0))
    return datetime.timezone(-delta if text[0] == "-" else delta)


def moment_of(text: str, zone: ZoneInfo) -> datetime.datetime | None:
    """The instant that ``text`` writes, None when it writes none. Raises ValueError for impossible ones.

    Local time that a clock change leaves out is read as the later instant, local time that comes
    twice as the earlier one: what ``fold=0`` means in both cases.
    """
    found = WRITTEN.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, month_zh, day_zh, hour, minute, second, fraction, offset = found.groups()
    micro = int((fraction or "")[:6].ljust(6, "0"))
    parts = (int(year), int(month or month_zh), int(day or day_zh), int(hour or 0), int(minute or 0), int(second or 0))
    return datetime.datetime(*parts, micro, tzinfo=offset_of(offset) if offset else zone)


def not_an_instant(raw: Any) -> BadValue:
    """What is said of something that is no date and time."""
    text = shown(raw)
    en = f"{text!r} is not a date and time such as 2026-11-21 14:30"
    return bad("not_a_datetime", en, f"“{text}”不是日期时间，应如 2026-11-21 14:30")


class DateTime(Field):
    """A moment; text without an offset is local time of the workspace."""

    name = "datetime"
    label = {"en": "Date and time", "zh": "日期时间"}
    help = {"en": "A moment, shown in the time zone of the workspace.", "zh": "时刻，按工作区时区显示。"}
    icon = "calendar-clock"
    column = "timestamptz"
    operators = (*ORDER_OPERATORS, *(one.key for one in INSTANTS))
    widget = "datetime"
    examples = ({},)
    valid = (
        ({}, "2026-11-21T04:05:06Z", "2026-11-21T04:05:06.000Z"),
        ({}, "2026-11-21 12:05", "2026-11-21T04:05:00.000Z"),
        ({}, "2026-11-21T12:05:06.1239+08:00", "2026-11-21T04:05:06.123Z"),
        ({}, "2026年1月2日 9时05分", "2026-01-02T01:05:00.000Z"),
        ({}, datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00.000Z"),
        ({}, "2026-11-21", "2026-11-20T16:00:00.000Z"),
        ({}, "", None),
    )
    invalid = (
        ({}, "2026-13-01 00:00"),
        ({}, "yesterday"),
        ({}, 1700000000),
        ({}, "2026-11-21T25:00Z"),
        ({}, "0001-01-01T00:00+10:00"),
    )

    def type(self) -> Type:
        return DATETIME

    def clean(self, raw: Any, context: Context) -> str | None:
        try:
            if isinstance(raw, str):
                if CANONICAL.fullmatch(raw):
                    return instant_text(datetime.datetime.fromisoformat(raw))
                text = narrow(raw).strip() if len(raw) < 100 else raw
                if not text:
                    return None
                moment = moment_of(text, ZoneInfo(context.time_zone))
                if moment is not None:
                    return instant_text(moment)
            elif isinstance(raw, datetime.datetime):
                return instant_text(raw if raw.tzinfo else raw.replace(tzinfo=ZoneInfo(context.time_zone)))
        except (ValueError, OverflowError):
            pass
        raise not_an_instant(raw)

    def text(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        try:
            local = self.typed(value).astimezone(ZoneInfo(context.time_zone))
        except OverflowError:
            return str(value)
        shape = "milliseconds" if local.microsecond else "seconds" if local.second else "minutes"
        found = local.isoformat(sep=" ", timespec=shape)
        # Local time that comes twice: without the offset it would be read as the earlier of the two.
        return found if local.fold else local.replace(tzinfo=None).isoformat(sep=" ", timespec=shape)

    def show(self, value: Any, context: Context) -> str:
        return self.text(value, context)[:16]

    def typed(self, value: Any) -> datetime.datetime:
        return datetime.datetime.fromisoformat(value)

    def live(self, context: Context) -> dict[str, Any]:
        return {"reads": "local", "shows": "local", "zone": context.time_zone}

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}
