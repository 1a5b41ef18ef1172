"""A table of numbers."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.marks import names_of
from runtime.kinds.options import option
from runtime.kinds.parts import MEASURE


class Table(Chart):
    """A table of numbers."""

    name = "table"
    label = {"en": "Table", "zh": "表格"}
    help = {"en": "Groups as rows, measures as columns.", "zh": "分组为行，指标为列。"}
    icon = "table"
    options = {
        "group": names_of("path", "Grouped by", "分组", minItems=1, maxItems=4),
        "measures": option(
            "object", "Measures", "指标", additionalProperties=MEASURE, minProperties=1, maxProperties=20
        ),
        "top": option("integer", "Only the largest", "仅显示前几项", minimum=1, maximum=200),
    }
    required_options = ("group", "measures")
    examples = ({"group": ["owner"], "measures": {"total": "SUM(amount)", "n": "COUNT()"}},)
