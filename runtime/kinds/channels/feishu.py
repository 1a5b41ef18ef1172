"""A Feishu robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.options import option


class Feishu(Channel):
    """A Feishu robot."""

    name = "feishu"
    label = {"en": "Feishu", "zh": "飞书"}
    help = {"en": "A robot of Feishu writes into a group.", "zh": "通过飞书机器人发送消息。"}
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
