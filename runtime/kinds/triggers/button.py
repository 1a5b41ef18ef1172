"""A button is pressed."""

from __future__ import annotations

from runtime.kinds.marks import LABEL, formula, names_of, text_value
from runtime.kinds.options import one_of
from runtime.kinds.trigger import Trigger


class Button(Trigger):
    """A button is pressed."""

    name = "button"
    label = {"en": "Button", "zh": "点击按钮"}
    help = {"en": "Somebody presses a button on a record or a list.", "zh": "在记录或列表上点击按钮。"}
    icon = "hand-click"
    options = {
        "label": LABEL,
        "on": one_of(
            "Stands on", "位置", {"record": ("The record", "记录"), "list": ("The list", "列表")}, default="record"
        ),
        "visible": formula("Visible when", "显示条件", context="condition"),
        "roles": names_of("role", "For the roles", "可用角色"),
        "confirm": text_value("Asks first", "确认提示"),
    }
    required_options = ("label",)
    examples = ({"label": {"en": "Send", "zh": "发送"}, "on": "record"},)
