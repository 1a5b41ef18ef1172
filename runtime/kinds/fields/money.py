"""Money: an exact amount in one currency."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from runtime.kinds.field import Context
from runtime.kinds.fields.number import KEPT, Number, entered, unshared
from runtime.kinds.options import option

SIGNS = {"CNY": "¥", "JPY": "¥", "USD": "$", "HKD": "HK$", "TWD": "NT$", "EUR": "€", "GBP": "£", "KRW": "₩", "INR": "₹"}
# How an amount of the currency is also written: signs before, words after.
ALSO = {
    "CNY": ("￥", "RMB", "人民币", "元", "圆"),
    "JPY": ("￥", "日元", "円"),
    "USD": ("US$", "美元"),
    "EUR": ("欧元",),
}
ZERO_PLACES = {"JPY", "KRW", "VND"}


@cache
def marks(currency: str) -> re.Pattern[str]:
    """What stands before and behind an amount of the currency; the sign of the number is group 1."""
    words = (*ALSO.get(currency, ()), SIGNS.get(currency, currency), currency)
    found = "|".join(map(re.escape, words))
    return re.compile(rf"^\s*([+-]?)\s*(?:{found})\s*|\s*(?:{found})\s*$", re.IGNORECASE)


class Money(Number):
    """An amount; its currency is the field's, or else the workspace's."""

    name = "money"
    label = {"en": "Money", "zh": "金额"}
    help = {"en": "An exact amount in one currency.", "zh": "精确的金额，一个字段一种货币。"}
    icon = "currency-yuan"
    widget = "money"
    places = 2
    options = {
        "currency": option(
            "string", "Currency", "货币",
            ("ISO code; otherwise the workspace's", "ISO 代码；缺省为工作区货币"), pattern="^[A-Z]{3}$",
        ),
        "min": option("number", "Smallest", "最小值"),
        "max": option("number", "Largest", "最大值"),
        "scale": option("integer", "Decimal places", "小数位数", minimum=0, maximum=8, default=2),
    }  # fmt: skip
    examples = ({}, {"currency": "USD", "min": 0}, {"scale": 4})
    valid = (
        ({}, "1234.565", Decimal("1234.57")),
        ({}, 100, Decimal(100)),
        ({"currency": "USD"}, "-3.5", Decimal("-3.5")),
        ({}, " ", None),
    )
    invalid = (({}, "¥"), ({"min": 0}, -1), ({}, True), ({}, "1e23"))

    def _currency(self, context: Context) -> str:
        return str(self.settings.get("currency") or context.currency)

    def parse(self, text: str, context: Context) -> Any:
        if KEPT.fullmatch(text):
            return text
        return entered(unshared(marks(self._currency(context)).sub(r"\1", text.strip())))

    def live(self, context: Context) -> dict[str, Any]:
        currency = self._currency(context)
        places = {"places": self._scale, "short": currency in ZERO_PLACES}
        return {**super().live(context), "prefix": SIGNS.get(currency, currency + " "), "suffix": "", **places}

    def show(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        currency = self._currency(context)
        sign = SIGNS.get(currency, currency + " ")
        places = 0 if currency in ZERO_PLACES and value == int(value) else self._scale
        return f"{'-' if value < 0 else ''}{sign}{abs(value):,.{places}f}"
