"""One number."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.options import one_of, option
from runtime.kinds.parts import MEASURE


class Number(Chart):
    """One number."""

    name = "number"
    label = {"en": "Number", "zh": "数字"}
    help = {"en": "One number, compared with before.", "zh": "单个数字，可与上期对比。"}
    icon = "number"
    options = {
        "measure": MEASURE,
        "compare": one_of(
            "Compared with",
            "对比",
            {"previous_period": ("The period before", "上期"), "previous_year": ("The year before", "去年同期")},
        ),
        "target": option("number", "Target", "目标"),
    }
    required_options = ("measure",)
    examples = ({"measure": "SUM(amount)", "compare": "previous_period"},)
