"""Date: a day of the calendar."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.formula.types import DATE, Type
from runtime.kinds.field import ORDER_OPERATORS, BadValue, Context, Field, bad, shown
from runtime.kinds.fields.text import narrow
from runtime.kinds.operators import DAYS
from runtime.kinds.options import option

ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WRITTEN = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日?)"
    r"(?:[T ]00?:00(?::00(?:\.0+)?)?)?"
)
COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def not_a_date(raw: Any) -> BadValue:
    """What is said of something that is no day."""
    text = shown(raw)
    return bad("not_a_date", f"{text!r} is not a date such as 2026-11-21", f"“{text}”不是日期，应如 2026-11-21")


def day_of(raw: Any) -> datetime.date | None:
    """``raw`` as a date, None for blank. Raises BadValue."""
    if isinstance(raw, datetime.date) and not isinstance(raw, datetime.datetime):
        return raw
    if not isinstance(raw, str):
        raise not_a_date(raw)
    try:
        if ISO.fullmatch(raw):
            return datetime.date.fromisoformat(raw)
        text = narrow(raw).strip()
        if not text:
            return None
        found = WRITTEN.fullmatch(text)
        if found:
            year, _, month, day, month_zh, day_zh = found.groups()
            return datetime.date(int(year), int(month or month_zh), int(day or day_zh))
    except ValueError:
        pass
    raise not_a_date(raw)


class Date(Field):
    """A day without time or time zone."""

    name = "date"
    label = {"en": "Date", "zh": "日期"}
    help = {"en": "A day, without time.", "zh": "年月日，不含时间。"}
    icon = "calendar"
    column = "date"
    operators = (*ORDER_OPERATORS, *(one.key for one in DAYS))
    widget = "date"
    options = {
        "min": option("string", "Earliest", "最早", format="date"),
        "max": option("string", "Latest", "最晚", format="date"),
    }
    examples = ({}, {"min": "2000-01-01", "max": "2100-01-01"})
    valid = (
        ({}, "2026-11-21", "2026-11-21"),
        ({}, "2026/1/2", "2026-01-02"),
        ({}, "２０２６年11月2日", "2026-11-02"),
        ({}, "2026-11-21 00:00:00", "2026-11-21"),
        ({}, datetime.date(2024, 2, 29), "2024-02-29"),
        ({}, " ", None),
    )
    invalid = (
        ({}, "2026-02-30"),
        ({}, "21.11.2026"),
        ({}, 20261121),
        ({}, "0000-01-01"),
        ({"min": "2000-01-01"}, "1999-12-31"),
    )

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._low, self._high = str(self.settings.get("min", "")), str(self.settings.get("max", "9999-12-31"))

    def type(self) -> Type:
        return DATE

    def clean(self, raw: Any, context: Context) -> str | None:
        day = day_of(raw)
        if day is None:
            return None
        stored = day.isoformat()
        if stored < self._low:
            raise bad("too_small", f"must not be before {self._low}", f"不能早于 {self._low}")
        if stored > self._high:
            raise bad("too_large", f"must not be after {self._high}", f"不能晚于 {self._high}")
        return stored

    def parse(self, text: str, context: Context) -> Any:
        found = COMPACT.fullmatch(narrow(text).strip())
        return "-".join(found.groups()) if found else text

    def typed(self, value: Any) -> datetime.date:
        return datetime.date.fromisoformat(value)

    def live(self, context: Context) -> dict[str, Any]:
        return {"reads": "date", "shows": "text"}

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def check(self) -> list[Problem]:
        found = []
        for name in ("min", "max"):
            bound = self.settings.get(name)
            if bound is not None:
                try:
                    datetime.date.fromisoformat(str(bound))
                except ValueError:
                    found.append(Problem("not_a_date", not_a_date(str(bound)).message, path=name))
        if not found and self._low > self._high:
            text = Message(f"min {self._low} is after max {self._high}", f"最早 {self._low} 晚于最晚 {self._high}")
            found.append(Problem("range", text, path="min"))
        return found
