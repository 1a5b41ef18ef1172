"""Counts by stage and conversion."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.parts import grouped


class Funnel(Chart):
    """Counts by stage and conversion."""

    name = "funnel"
    label = {"en": "Funnel", "zh": "漏斗图"}
    help = {"en": "Counts by stage and conversion.", "zh": "各阶段数量与转化。"}
    icon = "filter"
    options = grouped(1)
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
