"""Waits."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import duration, formula


class Wait(Action):
    """Waits."""

    name = "wait"
    label = {"en": "Wait", "zh": "等待"}
    help = {
        "en": "Goes on after a length of time or at a moment, unless a condition ends it.",
        "zh": "经过一段时间或到某时刻后继续；满足取消条件则停止。",
    }
    icon = "clock-pause"
    options = {
        "for": duration("For", "时长"),
        "until": formula("Until (formula)", "直到（公式）", expected=None, context="automation"),
        "cancel_when": formula("Ends when", "取消条件", context="automation"),
    }  # fmt: skip
    examples = ({"for": "24wh", "cancel_when": "status != 'new'"},)
