"""A line over time or groups."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.parts import grouped


class Line(Chart):
    """A line over time or groups."""

    name = "line"
    label = {"en": "Line", "zh": "折线图"}
    help = {"en": "A line over time or groups.", "zh": "随时间变化的折线。"}
    icon = "chart-line"
    options = grouped(2)
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
