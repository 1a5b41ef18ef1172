"""Score: points with named bands, such as hot from 80."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.kinds.field import Context
from runtime.kinds.fields.number import Number
from runtime.kinds.fields.select import label_of
from runtime.kinds.options import COLOR, option


class Score(Number):
    """Points, mostly given by automations; bands name what they mean."""

    name = "score"
    label = {"en": "Score", "zh": "得分"}
    help = {"en": "Points from 0 to 100 with named bands.", "zh": "0 到 100 的分值，可划分区间。"}
    icon = "gauge"
    widget = "score"
    places = 0
    lowest = 0
    highest = 100
    options = {
        "min": option("number", "Smallest", "最小值", default=0),
        "max": option("number", "Largest", "最大值", default=100),
        "scale": option("integer", "Decimal places", "小数位数", minimum=0, maximum=4, default=0),
        "bands": option(
            "array", "Bands", "区间", ("From the lowest to the highest", "由低到高排列"), maxItems=20,
            items={
                "type": "object",
                "properties": {
                    "from": option("number", "From", "起始分"),
                    "en": option("string", "English", "英文", maxLength=50),
                    "zh": option("string", "Chinese", "中文", maxLength=50),
                    "color": COLOR,
                },
                "required": ["from"],
                "additionalProperties": False,
            },
        ),
    }  # fmt: skip
    examples = (
        {},
        {"bands": [{"from": 0, "en": "Cold", "zh": "冷"}, {"from": 80, "en": "Hot", "zh": "热", "color": "red"}]},
        {"min": -10, "max": 10},
    )
    valid = (
        ({}, "80", Decimal(80)),
        ({}, Decimal("79.5"), Decimal(80)),
        (examples[1], 95, Decimal(95)),
        ({}, "", None),
    )
    invalid = (({}, 101), ({}, -1), ({}, "hot"), ({}, False))

    def band(self, value: Decimal) -> Mapping[str, Any] | None:
        """The band that a value lies in (``from``, labels, ``color``), or None."""
        reached = [one for one in self.settings.get("bands", ()) if Decimal(str(one["from"])) <= value]
        return reached[-1] if reached else None

    def show(self, value: Any, context: Context) -> str:
        if value is None:
            return ""
        band = self.band(value)
        name = label_of("", band)["zh" if context.language.startswith("zh") else "en"] if band else ""
        return f"{value:f} {name}".rstrip()

    def check(self) -> Iterable[Problem]:
        found = list(super().check())
        starts = [one["from"] for one in self.settings.get("bands", ())]
        if any(a >= b for a, b in pairwise(starts)):
            message = Message("the bands must go from the lowest to the highest", "区间须由低到高排列")
            found.append(Problem("bands", message, path="bands"))
        return found
