"""A Feishu robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.parts import ROBOT


class Feishu(Channel):
    """A Feishu robot."""

    name = "feishu"
    label = {"en": "Feishu", "zh": "飞书"}
    help = {"en": "A robot of Feishu writes into a group.", "zh": "通过飞书机器人发送消息。"}
    icon = "message-chatbot"
    options = ROBOT
    examples = ({}, {"secret": "sales_group"})
