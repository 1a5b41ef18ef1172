"""A WeCom robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.options import option


class Wecom(Channel):
    """A WeCom robot."""

    name = "wecom"
    label = {"en": "WeCom", "zh": "企业微信"}
    help = {"en": "A robot of WeCom writes into a group.", "zh": "通过企业微信机器人发送消息。"}
    icon = "message-chatbot"
    options = {
        "secret": option(
            "string",
            "Name of the secret",
            "密钥名称",
            ("The robot's address, kept among the secrets", "机器人地址，保存在密钥中"),
            minLength=1,
            maxLength=100,
        ),
    }
    examples = ({}, {"secret": "sales_group"})
