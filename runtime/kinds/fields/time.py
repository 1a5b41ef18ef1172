"""Time: a time of day."""

from __future__ import annotations

import datetime
import re
from typing import Any

from runtime.kinds.field import ORDER_OPERATORS, Context, Field, bad, shown
from runtime.kinds.fields.text import narrow

CANONICAL = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:(?!00)[0-5][0-9])?")
WRITTEN = re.compile(
    r"(上午|早上|中午|下午|晚上)?\s*([0-9]{1,2})(?::|时|点)(?:([0-9]{1,2})|(半))?分?(?::?([0-9]{1,2})秒?)?\s*(am|pm)?",
    re.IGNORECASE,
)


def time_of(text: str) -> str | None:
    """The canonical time that ``text`` writes, None when it writes none."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        return None
    before, hour, minute, half, second, after = found.groups()
    hours, minutes, seconds = int(hour), 30 if half else int(minute or 0), int(second or 0)
    if (minute is None and text.rstrip().endswith(":")) or max(minutes, seconds) > 59 or hours > 23:
        return None
    if (before in ("中午", "下午", "晚上") or (after or "").lower() == "pm") and hours < 11 + (before != "中午"):
        hours += 12
    elif ((after or "").lower() == "am" or before in ("上午", "早上")) and hours == 12:
        hours = 0
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


class Time(Field):
    """A time of day without date or zone."""

    name = "time"
    label = {"en": "Time", "zh": "时间"}
    help = {"en": "A time of day.", "zh": "一天中的时刻。"}
    icon = "clock"
    operators = ORDER_OPERATORS
    widget = "time"
    examples = ({},)
    valid = (
        ({}, "09:05", "09:05"),
        ({}, "9:05:00", "09:05"),
        ({}, "23:59:58", "23:59:58"),
        ({}, "下午3点半", "15:30"),
        ({}, "9时30分", "09:30"),
        ({}, "3:15 pm", "15:15"),
        ({}, datetime.time(8, 0), "08:00"),
        ({}, "", None),
    )
    invalid = (({}, "24:00"), ({}, "9"), ({}, "12:60"), ({}, 930), ({}, "noon"), ({}, "9:"))

    def clean(self, raw: Any, context: Context) -> str | None:
        if isinstance(raw, datetime.time):
            raw = raw.isoformat(timespec="seconds")
        if isinstance(raw, str):
            if CANONICAL.fullmatch(raw):
                return raw
            text = narrow(raw).strip() if len(raw) < 40 else raw
            if not text:
                return None
            found = time_of(text) if len(text) < 40 else None
            if found:
                return found
        text = shown(raw)
        raise bad("not_a_time", f"{text!r} is not a time such as 09:30", f"“{text}”不是时间，应如 09:30")

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$"}
