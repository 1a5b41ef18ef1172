"""Who is ahead."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.marks import names_of
from runtime.kinds.options import option
from runtime.kinds.parts import MEASURE


class Ranking(Chart):
    """Who is ahead."""

    name = "ranking"
    label = {"en": "Ranking", "zh": "排行榜"}
    help = {"en": "People or groups by a number, the largest first.", "zh": "按指标从高到低排列。"}
    icon = "trophy"
    options = {
        "measure": MEASURE,
        "group": names_of("path", "Grouped by", "分组", minItems=1, maxItems=1),
        "top": option("integer", "Places", "名次", minimum=1, maximum=100, default=10),
    }  # fmt: skip
    required_options = ("measure", "group")
    examples = ({"group": ["owner"], "measure": "SUM(amount)", "top": 5},)
