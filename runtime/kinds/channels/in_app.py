"""The product's own bell."""

from __future__ import annotations

from runtime.kinds.channel import Channel


class InApp(Channel):
    """The product's own bell."""

    name = "in_app"
    label = {"en": "In the product", "zh": "站内通知"}
    help = {"en": "The bell at the top of every page.", "zh": "页面顶部的铃铛。"}
    icon = "bell"
    examples = ({},)
