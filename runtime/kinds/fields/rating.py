"""Rating: stars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.kinds.field import Context, bad
from runtime.kinds.fields.number import Number
from runtime.kinds.options import one_of, option


class Rating(Number):
    """A whole number of stars, at least one."""

    name = "rating"
    label = {"en": "Rating", "zh": "评分"}
    help = {"en": "One to five stars.", "zh": "一到五颗星。"}
    icon = "star"
    widget = "rating"
    places = 0
    lowest = 1
    highest = 5
    options = {
        "max": option("integer", "Stars", "星数", minimum=2, maximum=10, default=5),
        "sign": one_of("Sign", "图形", {"star": ("Star", "星"), "heart": ("Heart", "心")}, default="star"),
    }
    examples = ({}, {"max": 10, "sign": "heart"})
    valid = (
        ({}, 4, Decimal(4)),
        ({}, "5", Decimal(5)),
        ({"max": 10}, "10", Decimal(10)),
        ({}, "★★★", Decimal(3)),
        ({}, "", None),
    )
    invalid = (({}, 6), ({}, 0), ({}, "4.5"), ({}, True), ({}, "good"))

    def clean(self, raw: Any, context: Context) -> Decimal | None:
        if isinstance(raw, str) and 0 < len(raw) <= 10 and not raw.strip("★☆"):
            raw = raw.count("★")
        stars = super().clean(raw, context)
        if stars is not None and not isinstance(raw, int) and stars != Decimal(str(raw)):
            raise bad("not_whole", "must be a whole number of stars", "必须是整数")
        return stars

    def show(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        full, empty = ("♥", "♡") if self.settings.get("sign") == "heart" else ("★", "☆")
        return full * int(value) + empty * (int(self._high or 5) - int(value))
