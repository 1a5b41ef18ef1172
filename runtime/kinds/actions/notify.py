"""Tells people something."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import text_value
from runtime.kinds.options import option
from runtime.kinds.people import who


class Notify(Action):
    """Tells people something."""

    name = "notify"
    label = {"en": "Notify", "zh": "通知"}
    help = {"en": "Tells people something on their channels.", "zh": "通过各渠道通知相关人员。"}
    icon = "bell"
    options = {
        "to": who("To", "接收人"),
        "title": text_value("Title", "标题"),
        "text": text_value("Text", "内容"),
        "channels": option(
            "array",
            "Channels",
            "渠道",
            items={"type": "string", "x-kind-name": "channel"},
            uniqueItems=True,
            minItems=1,
        ),
    }
    required_options = ("to", "text")
    examples = ({"to": {"role": "sales"}, "text": {"en": "=name & ' is hot'", "zh": "=name & ' 是高意向'"}},)
