"""A WeCom robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.parts import ROBOT


class Wecom(Channel):
    """A WeCom robot."""

    name = "wecom"
    label = {"en": "WeCom", "zh": "企业微信"}
    help = {"en": "A robot of WeCom writes into a group.", "zh": "通过企业微信机器人发送消息。"}
    icon = "message-chatbot"
    options = ROBOT
    examples = ({}, {"secret": "sales_group"})
