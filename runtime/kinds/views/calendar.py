"""A calendar: records on their days."""

from __future__ import annotations

from runtime.kinds.marks import name_of
from runtime.kinds.options import one_of
from runtime.kinds.parts import CARD, COLORS
from runtime.kinds.view import View


class Calendar(View):
    """A calendar: records on their days."""

    name = "calendar"
    label = {"en": "Calendar", "zh": "日历"}
    help = {"en": "Records on their days, weeks and months.", "zh": "按日、周、月显示记录。"}
    icon = "calendar"
    look = "calendar"
    options = {
        "start": name_of("field", "Begins at", "开始字段"),
        "end": name_of("field", "Ends at", "结束字段"),
        "card": CARD,
        "colors": COLORS,
        "shows": one_of(
            "Shows first",
            "默认视图",
            {"month": ("Month", "月"), "week": ("Week", "周"), "day": ("Day", "日")},
            default="month",
        ),
    }
    required_options = ("start",)
    examples = ({"start": "due_at"}, {"start": "begins", "end": "ends", "shows": "week"})
