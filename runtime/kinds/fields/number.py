"""Number: an exact decimal."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context as DecimalContext, Decimal
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.formula.types import Type
from runtime.kinds.field import ORDER_OPERATORS, Context, Field, bad

EXACT = DecimalContext(prec=60, rounding=ROUND_HALF_UP)
PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
LARGEST = Decimal(10) ** 22


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
            raise bad("not_a_number", f"{raw[:40]!r} is not a number", f"“{raw[:40]}”不是数字")
    elif isinstance(raw, int) and abs(raw) >= LARGEST:
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
        "min": {"type": "number", "x-label": {"en": "Smallest", "zh": "最小值"}},
        "max": {"type": "number", "x-label": {"en": "Largest", "zh": "最大值"}},
        "scale": {"type": "integer", "minimum": 0, "maximum": 16, "x-label": {"en": "Decimal places", "zh": "小数位数"}},
        "unit": {"type": "string", "maxLength": 20, "x-label": {"en": "Unit", "zh": "单位"}},
    }  # fmt: skip
    examples = ({}, {"min": 0, "max": 100, "scale": 2})
    valid = (
        ({}, "12.50", Decimal("12.5")),
        ({}, 0, Decimal(0)),
        ({}, "1e3", Decimal(1000)),
        ({}, "", None),
        ({"scale": 2}, "1.005", Decimal("1.01")),
    )
    invalid = (({}, "abc"), ({}, True), ({"max": 3}, 4), ({}, "1e30"), ({}, [1]), ({}, float("nan")))

    def type(self) -> Type:
        return Type("number", scale=self.settings.get("scale", 16))

    def clean(self, raw: Any, context: Context) -> Decimal | None:
        number = decimal_of(raw)
        if number is None:
            return None
        number = number.quantize(Decimal(1).scaleb(-self.settings.get("scale", 16)), context=EXACT)
        low, high = self.settings.get("min"), self.settings.get("max")
        if low is not None and number < Decimal(str(low)):
            raise bad("too_small", f"must be at least {low}", f"不能小于 {low}")
        if high is not None and number > Decimal(str(high)):
            raise bad("too_large", f"must be at most {high}", f"不能大于 {high}")
        return trimmed(number)

    def parse(self, text: str, context: Context) -> Any:
        return text.strip().replace(",", "").replace("，", "").removesuffix("%").strip()

    def text(self, value: Any, context: Context) -> str:
        return "" if value is None else format(value, "f")

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "number"}
        for name, key in (("min", "minimum"), ("max", "maximum")):
            if name in self.settings:
                found[key] = self.settings[name]
        return found

    def check(self) -> list[Problem]:
        low, high = self.settings.get("min"), self.settings.get("max")
        if low is not None and high is not None and low > high:
            text = Message(f"min {low} is above max {high}", f"最小值 {low} 大于最大值 {high}")
            return [Problem("range", text, path="min")]
        return []
