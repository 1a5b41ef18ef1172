"""Bars by group."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.parts import grouped


class Bar(Chart):
    """Bars by group."""

    name = "bar"
    label = {"en": "Bars", "zh": "柱状图"}
    help = {"en": "Bars by group.", "zh": "按分组显示柱形。"}
    icon = "chart-bar"
    options = grouped(2)
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
