"""The records themselves."""

from __future__ import annotations

from runtime.kinds.chart import Chart
from runtime.kinds.marks import names_of
from runtime.kinds.options import option
from runtime.kinds.parts import COLUMNS


class Records(Chart):
    """The records themselves."""

    name = "records"
    label = {"en": "Records", "zh": "记录列表"}
    help = {"en": "The records themselves, as a short list.", "zh": "显示记录本身的简短列表。"}
    icon = "list"
    options = {
        "columns": COLUMNS,
        "sort": names_of("sort", "Sorted by", "排序"),
        "limit": option("integer", "At most", "最多", minimum=1, maximum=100, default=10),
    }  # fmt: skip
    required_options = ("columns",)
    examples = ({"columns": ["name"], "sort": ["-created_at"], "limit": 5},)
