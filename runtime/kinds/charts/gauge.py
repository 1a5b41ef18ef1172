"""A number against its target."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.options import option
from runtime.kinds.parts import MEASURE


class Gauge(Chart):
    """A number against its target."""

    name = "gauge"
    label = {"en": "Gauge", "zh": "仪表盘"}
    help = {"en": "A number against its target.", "zh": "数字与目标的对比。"}
    icon = "gauge"
    options = {
        "measure": MEASURE,
        "min": option("number", "From", "起点", default=0),
        "target": option("number", "Target", "目标"),
    }  # fmt: skip
    required_options = ("measure", "target")
    examples = ({"measure": "SUM(amount)", "target": 1000000},)
