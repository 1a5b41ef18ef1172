"""A DingTalk robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.parts import ROBOT


class Dingtalk(Channel):
    """A DingTalk robot."""

    name = "dingtalk"
    label = {"en": "DingTalk", "zh": "钉钉"}
    help = {"en": "A robot of DingTalk writes into a group.", "zh": "通过钉钉机器人发送消息。"}
    icon = "message-chatbot"
    options = ROBOT
    examples = ({}, {"secret": "sales_group"})
