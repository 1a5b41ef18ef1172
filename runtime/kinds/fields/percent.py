"""Percent: 12.5 means 12.5 %."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.kinds.field import Context
from runtime.kinds.fields.number import Number, entered
from runtime.kinds.options import option


class Percent(Number):
    """A share in percent: 12.5 is stored for 12.5 %."""

    name = "percent"
    label = {"en": "Percent", "zh": "百分比"}
    help = {"en": "A share: 12.5 means 12.5 %.", "zh": "比例：12.5 表示 12.5%。"}
    icon = "percentage"
    widget = "percent"
    places = 4
    options = {
        "min": option("number", "Smallest", "最小值"),
        "max": option("number", "Largest", "最大值"),
        "scale": option("integer", "Decimal places", "小数位数", minimum=0, maximum=8, default=4),
    }
    examples = ({}, {"min": 0, "max": 100}, {"scale": 0})
    valid = (
        ({}, "12.50", Decimal("12.5")),
        ({"scale": 0}, "12.5", Decimal(13)),
        ({"max": 40}, 40, Decimal(40)),
        ({}, "", None),
    )
    invalid = (({"max": 40}, "41"), ({}, "many"), ({}, False))

    def parse(self, text: str, context: Context) -> Any:
        return entered(text.strip().removesuffix("%").removesuffix("％"))

    def live(self, context: Context) -> dict[str, Any]:
        return {**super().live(context), "suffix": "%"}

    def show(self, value: Any, context: Context) -> str:
        return "" if value is None else f"{value:,f}%"
