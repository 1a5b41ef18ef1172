"""Counts by stage and conversion."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.marks import names_of
from runtime.kinds.options import one_of, option
from runtime.kinds.parts import MEASURE


class Funnel(Chart):
    """Counts by stage and conversion."""

    name = "funnel"
    label = {"en": "Funnel", "zh": "漏斗图"}
    help = {"en": "Counts by stage and conversion.", "zh": "各阶段数量与转化。"}
    icon = "filter"
    options = {
        "measure": MEASURE,
        "group": names_of("path", "Grouped by", "分组", minItems=1, maxItems=1),
        "every": one_of(
            "Dates by",
            "日期粒度",
            {
                "day": ("Day", "日"),
                "week": ("Week", "周"),
                "month": ("Month", "月"),
                "quarter": ("Quarter", "季"),
                "year": ("Year", "年"),
            },
        ),
        "top": option("integer", "Only the largest", "仅显示前几项", minimum=1, maximum=200),
    }
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
