"""Duration: a length of time in seconds."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from runtime.formula.types import DURATION, Type
from runtime.kinds.field import ORDER_OPERATORS, Context, Field, bad, shown
from runtime.kinds.fields.number import EXACT, decimal_of, trimmed
from runtime.kinds.fields.text import narrow

NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,9})?)"
WORDS = re.compile(
    rf"(-?)\s*(?:{NUMBER}\s*(?:d|days?|天|日))?\s*(?:{NUMBER}\s*(?:h|hrs?|hours?|小时|时))?"
    rf"\s*(?:{NUMBER}\s*(?:m|mins?|minutes?|分钟|分))?\s*(?:{NUMBER}\s*(?:s|secs?|seconds?|秒钟?))?",
    re.IGNORECASE,
)
ISO = re.compile(rf"([+-]?)P(?:{NUMBER}D)?(?:T(?:{NUMBER}H)?(?:{NUMBER}M)?(?:{NUMBER}S)?)?", re.IGNORECASE)
CLOCK = re.compile(r"(-?)()([0-9]{1,9}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]{1,3})?))?")
SECONDS = (Decimal(86400), Decimal(3600), Decimal(60), Decimal(1))
LIMIT = Decimal(10) ** 12
MILLI = Decimal("0.001")


def seconds_of(text: str) -> Decimal | None:
    """The seconds that a text such as ``1h 30m``, ``PT90M``, ``1:30`` or ``2天`` says, None for other texts."""
    found = CLOCK.fullmatch(text) or ISO.fullmatch(text) or WORDS.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        return None
    pairs = zip(found.groups()[1:], SECONDS, strict=True)
    total = sum((Decimal(part) * unit for part, unit in pairs if part), Decimal(0))
    return -total if found[1] == "-" else total


class Duration(Field):
    """A length of time; a bare number counts seconds."""

    name = "duration"
    label = {"en": "Duration", "zh": "时长"}
    help = {"en": "A length of time: 1h 30m, 90m, 2d.", "zh": "一段时间：1小时30分、90m、2天。"}
    icon = "hourglass"
    column = "numeric"
    operators = ORDER_OPERATORS
    widget = "duration"
    examples = ({},)
    valid = (
        ({}, "1h 30m", Decimal(5400)),
        ({}, "90m", Decimal(5400)),
        ({}, "PT1H30M", Decimal(5400)),
        ({}, "1:30", Decimal(5400)),
        ({}, "1小时30分钟", Decimal(5400)),
        ({}, "-2天", Decimal(-172800)),
        ({}, 5400, Decimal(5400)),
        ({}, "1.5004", Decimal("1.5")),
        ({}, "", None),
    )
    invalid = (({}, "soon"), ({}, "PT"), ({}, True), ({}, "1e13"), ({}, "1:75"), ({}, "-"), ({}, [1]))

    def type(self) -> Type:
        return DURATION

    def clean(self, raw: Any, context: Context) -> Decimal | None:
        seconds = None
        if isinstance(raw, str) and len(raw) < 100:
            raw = narrow(raw).strip()
            seconds = seconds_of(raw)
        if seconds is None:
            if isinstance(raw, str) and raw and not raw.lstrip("+-")[:1].isdigit():
                en = f"{shown(raw)!r} is not a duration such as 1h 30m, 90m or 2d"
                raise bad("not_a_duration", en, f"“{shown(raw)}”不是时长，应如 1小时30分、90m 或 2天")
            seconds = decimal_of(raw)
        if seconds is None:
            return None
        seconds = seconds.quantize(MILLI, context=EXACT)
        if abs(seconds) >= LIMIT:
            raise bad("out_of_range", "must be shorter than 10^12 seconds", "必须小于 10 的 12 次方秒")
        return trimmed(seconds)

    def text(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        units = ("天", "小时", "分", "秒") if context.language.startswith("zh") else ("d", "h", "m", "s")
        rest, parts = abs(value), []
        for unit, seconds in zip(units, SECONDS, strict=True):
            count, rest = (rest, Decimal(0)) if seconds == 1 else divmod(rest, seconds)
            if count:
                parts.append(f"{trimmed(count):f}{unit}")
        joined = ("" if units[0] == "天" else " ").join(parts) or f"0{units[2]}"
        return f"-{joined}" if value < 0 else joined

    def live(self, context: Context) -> dict[str, Any]:
        chinese = context.language.startswith("zh")
        units = ["天", "小时", "分", "秒"] if chinese else ["d", "h", "m", "s"]
        return {"reads": "ask", "shows": "duration", "units": units, "between": "" if chinese else " "}

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number"}
