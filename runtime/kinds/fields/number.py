"""Number: an exact decimal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as DecimalContext
from typing import Any, ClassVar

from runtime.base.errors import Message, Problem
from runtime.formula.types import Type
from runtime.kinds.field import ORDER_OPERATORS, Context, Examples, Field, Invalid, Valid, bad, shown
from runtime.kinds.fields.text import narrow
from runtime.kinds.options import option

EXACT = DecimalContext(prec=60, rounding=ROUND_HALF_UP)
PLAIN = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?")
#: A number in the very form that it is kept in: no zeros at either end, no sign that says nothing.
KEPT = re.compile(r"-?[1-9][0-9]{0,20}(?:\.[0-9]{0,15}[1-9])?|-?0\.[0-9]{0,15}[1-9]|0")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
BIG_UNITS = {"万": 4, "亿": 8}
LARGEST = Decimal(10) ** 22
INTEGER_LIMIT = 10**22
WRITTEN = (Decimal, float, str)
WHOLE, ZERO = Decimal(1), Decimal(0)
QUANTA = tuple(Decimal(1).scaleb(-places) for places in range(17))


def decimal_of(raw: Any) -> Decimal | None:
    """``raw`` as an exact decimal, None for blank. Raises BadValue."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal, str)):
        raise bad("type", f"must be a number, not {type(raw).__name__}", "必须是数字")
    if isinstance(raw, float):
        raw = repr(raw)
    if isinstance(raw, str):
        raw = raw.strip()
        if not raw:
            return None
        if not PLAIN.fullmatch(raw):
            raise bad("not_a_number", f"{shown(raw)!r} is not a number", f"“{shown(raw)}”不是数字")
    elif isinstance(raw, int) and abs(raw) >= INTEGER_LIMIT:
        raise bad("out_of_range", "must be smaller than 10^22", "必须小于 10 的 22 次方")
    number = Decimal(raw)
    if not number.is_finite() or abs(number) >= LARGEST:
        raise bad("out_of_range", "must be smaller than 10^22", "必须小于 10 的 22 次方")
    return number


def trimmed(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent above zero; never -0."""
    number = number.normalize(EXACT)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        number = number.quantize(Decimal(1), context=EXACT)
    return number if number else Decimal(0)


def entered(text: str) -> str:
    """A number as people write it (``1,234.50``, ``１２``, ``1.2万``) in plain digits; other text as it is."""
    text = narrow(text).strip()
    if KEPT.fullmatch(text):
        return text
    power = 0
    while text and text[-1] in BIG_UNITS and power < 12:
        power += BIG_UNITS[text[-1]]
        text = text[:-1].rstrip()
    if "," in text and GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return f"{text}e{power}" if power and "e" not in text.lower() else text


def unshared(text: str) -> str:
    """``12%`` as the ``0.12`` that a spreadsheet has for it; other text as it is."""
    shorn = narrow(text).strip()
    share = entered(shorn[:-1]) if shorn.endswith("%") else ""
    return format(Decimal(share).scaleb(-2, EXACT), "f") if PLAIN.fullmatch(share) else text


class Number(Field):
    """An exact decimal of at most 22 digits before and 16 after the point."""

    name = "number"
    label = {"en": "Number", "zh": "数字"}
    help = {"en": "A quantity; exact, never rounded behind your back.", "zh": "数量；精确保存，不会被悄悄四舍五入。"}
    icon = "123"
    column = "numeric"
    operators = ORDER_OPERATORS
    widget = "number"
    options = {
        "min": option("number", "Smallest", "最小值"),
        "max": option("number", "Largest", "最大值"),
        "scale": option("integer", "Decimal places", "小数位数", minimum=0, maximum=16),
        "unit": option("string", "Unit", "单位", maxLength=20),
    }
    examples: ClassVar[Examples] = ({}, {"min": 0, "max": 100, "scale": 2}, {"unit": "kg"})
    valid: ClassVar[Valid] = (
        ({}, "12.50", Decimal("12.5")),
        ({}, 0, Decimal(0)),
        ({}, "1e3", Decimal(1000)),
        ({}, "", None),
        ({"scale": 2}, "1.005", Decimal("1.01")),
    )
    invalid: ClassVar[Invalid] = (
        ({}, "abc"),
        ({}, True),
        ({"max": 3}, 4),
        ({}, "1e30"),
        ({}, [1]),
        ({}, float("nan")),
        ({}, "1,5"),
    )

    #: Decimal places and bounds where the options do not say.
    places: ClassVar[int] = 16
    lowest: ClassVar[Any] = None
    highest: ClassVar[Any] = None

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._scale: int = self.settings.get("scale", self.places)
        low, high = self.settings.get("min", self.lowest), self.settings.get("max", self.highest)
        self._low = None if low is None else Decimal(str(low))
        self._high = None if high is None else Decimal(str(high))

    def type(self) -> Type:
        return Type("number", scale=self._scale)

    def clean(self, raw: Any, context: Context) -> Decimal | None:
        if raw.__class__ in WRITTEN and KEPT.fullmatch(text := str(raw)):
            point = text.find(".")
            if point < 0 or len(text) - point - 1 <= self._scale:  # Nothing to be done to it.
                return self._bounded(raw if raw.__class__ is Decimal else Decimal(text))
        number = decimal_of(raw)
        if number is None:
            return None
        if number.same_quantum(WHOLE):  # Exact as it is, without zeros behind a point.
            return self._bounded(number) or ZERO  # Never -0.
        return trimmed(self._bounded(number.quantize(QUANTA[self._scale], context=EXACT)))

    def _bounded(self, number: Decimal) -> Decimal:
        """``number`` when it lies within the bounds. Raises BadValue."""
        if self._low is not None and number < self._low:
            raise bad("too_small", f"must be at least {self._low:f}", f"不能小于 {self._low:f}")
        if self._high is not None and number > self._high:
            raise bad("too_large", f"must be at most {self._high:f}", f"不能大于 {self._high:f}")
        return number

    def parse(self, text: str, context: Context) -> Any:
        unit = self.settings.get("unit")
        text = text.strip()
        return entered(unshared(text.removesuffix(unit) if unit else text))

    def text(self, value: Any, context: Context) -> str:
        return "" if value is None else format(value, "f")

    def show(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        unit = self.settings.get("unit")
        return f"{value:,f} {unit}" if unit else f"{value:,f}"

    def live(self, context: Context) -> dict[str, Any]:
        unit = self.settings.get("unit")
        return {"reads": "number", "scale": self._scale, "shows": "number", "suffix": f" {unit}" if unit else ""}

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "number"}
        for bound, key in ((self._low, "minimum"), (self._high, "maximum")):
            if bound is not None:
                found[key] = int(bound) if bound == bound.to_integral_value() else float(bound)
        return found

    def check(self) -> Iterable[Problem]:
        if self._low is not None and self._high is not None and self._low > self._high:
            low, high = format(self._low, "f"), format(self._high, "f")
            return [
                Problem(
                    "range", Message(f"min {low} is above max {high}", f"最小值 {low} 大于最大值 {high}"), path="min"
                )
            ]
        return []
