"""Refuses the change."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of, text_value


class Fail(Action):
    """Refuses the change."""

    name = "fail"
    label = {"en": "Refuse", "zh": "拒绝保存"}
    help = {"en": "Refuses the change that caused the run, with a message.", "zh": "拒绝触发本次运行的修改并给出提示。"}
    icon = "ban"
    options = {
        "message": text_value("Message", "提示"),
        "field": name_of("field", "At the field", "对应字段"),
    }  # fmt: skip
    required_options = ("message",)
    examples = ({"message": {"en": "Not now", "zh": "暂不可用"}},)
