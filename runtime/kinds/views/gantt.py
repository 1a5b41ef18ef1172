"""A Gantt chart: records as bars over time."""

from __future__ import annotations

from runtime.kinds.marks import name_of
from runtime.kinds.options import one_of
from runtime.kinds.parts import CARD, COLORS
from runtime.kinds.view import View


class Gantt(View):
    """A Gantt chart: records as bars over time."""

    name = "gantt"
    label = {"en": "Gantt chart", "zh": "甘特图"}
    help = {"en": "Records as bars over time, with progress and predecessors.", "zh": "按时间显示进度条和前置关系。"}
    icon = "chart-gantt"
    look = "gantt"
    options = {
        "start": name_of("field", "Begins at", "开始字段"),
        "end": name_of("field", "Ends at", "结束字段"),
        "progress": name_of("field", "Progress, %", "进度字段（%）"),
        "parent": name_of(
            "field", "Part of", "上级字段", ("A link to a record of the same object", "指向同一对象的关联字段")
        ),
        "after": name_of("field", "Comes after", "前置任务字段"),
        "card": CARD,
        "colors": COLORS,
        "scale": one_of(
            "Scale", "刻度", {"day": ("Days", "日"), "week": ("Weeks", "周"), "month": ("Months", "月")}, default="week"
        ),
    }
    required_options = ("start", "end")
    examples = (
        {"start": "begins", "end": "ends"},
        {"start": "begins", "end": "ends", "progress": "done", "scale": "month"},
    )
