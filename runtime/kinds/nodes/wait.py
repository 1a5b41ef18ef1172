"""A pause until a moment or for a length of time."""

from __future__ import annotations

from runtime.kinds.marks import duration, formula
from runtime.kinds.node import At, Node
from runtime.kinds.options import option


class Wait(Node):
    """A pause until a moment or for a length of time."""

    name = "wait"
    label = {"en": "Wait", "zh": "等待"}
    help = {"en": "Goes on at a moment or after a length of time.", "zh": "到某时刻或经过一段时间后继续。"}
    icon = "clock-pause"
    options = {
        "wait": option("object", "Wait", "等待", properties={
            "until": formula("Until (formula)", "直到（公式）", expected=None, context="automation"),
            "for": duration("For", "时长"),
        }, minProperties=1, maxProperties=1, additionalProperties=False),
    }  # fmt: skip
    required_options = ("wait",)
    examples = ({"wait": {"for": "3d"}}, {"wait": {"until": "start_date"}})

    @classmethod
    def enter(cls, at: At) -> None:
        options = at.options["wait"]
        at.wait(until=options.get("until"), length=options.get("for"))
