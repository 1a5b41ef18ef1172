"""An area over time or groups."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.parts import grouped


class Area(Chart):
    """An area over time or groups."""

    name = "area"
    label = {"en": "Area", "zh": "面积图"}
    help = {"en": "An area over time or groups.", "zh": "随时间变化的面积。"}
    icon = "chart-area"
    options = grouped(2)
    required_options = ("measure", "group")
    examples = ({"group": ["stage"], "measure": "COUNT()"},)
