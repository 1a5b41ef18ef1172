"""Plate: the licence plate of a Chinese car. The smallest example of a field type in a plugin."""

from __future__ import annotations

import re
from typing import Any

from runtime.plugin import Context, Field, bad, narrow, option, plain, shown

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# One character of the province, one letter of the city, five signs; six where the car is electric.
PLATE = re.compile(rf"[{PROVINCES}][A-HJ-NP-Z][A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳]")
FILL = re.compile(r"[\s·•.-]+")


class Plate(Field):
    """A licence plate: stored in capitals without a dot, shown with it."""

    name = "plate"
    label = {"en": "Licence plate", "zh": "车牌号"}
    help = {"en": "The licence plate of a Chinese car.", "zh": "中国机动车号牌。"}
    icon = "car"
    searchable = True
    mask = "left({x}, 2) || '***' || right({x}, 2)"
    options = {
        "electric": option(
            "boolean", "Electric cars only", "仅限新能源",
            ("Takes the plates of 8 signs alone", "只接受 8 位新能源号牌"), default=False,
        ),
    }  # fmt: skip
    examples = ({}, {"electric": True})
    valid = (
        ({}, "京A·12345", "京A12345"),
        ({}, " 粤b d12345 ", "粤BD12345"),
        ({"electric": True}, "沪ＡＤ１２３４５", "沪AD12345"),
        ({}, "", None),
    )
    invalid = (({}, "A12345"), ({}, "京I12345"), ({"electric": True}, "京A12345"), ({}, ["京A12345"]), ({}, 12345))

    def clean(self, raw: Any, context: Context) -> str | None:
        written = narrow(plain(raw))
        plate = FILL.sub("", written[:40]).upper()
        if not plate and len(written) <= 40:
            return None
        if len(written) > 40 or not PLATE.fullmatch(plate):
            text = shown(written)
            en = f"{text!r} is not a plate such as 京A·12345"
            raise bad("not_a_plate", en, f"“{text}”不是车牌号，应如 京A·12345")
        if self.settings.get("electric") and len(plate) != 8:
            raise bad("not_electric", "must be the plate of an electric car (8 signs)", "必须是 8 位新能源车牌")
        return plate

    def show(self, value: Any, context: Context) -> str:
        return f"{value[:2]}·{value[2:]}" if value else ""
