"""Shares of a whole."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.parts import grouped


class Pie(Chart):
    """Shares of a whole."""

    name = "pie"
    label = {"en": "Pie", "zh": "饼图"}
    help = {"en": "Shares of a whole.", "zh": "各部分占比。"}
    icon = "chart-pie"
    options = grouped(1)
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
