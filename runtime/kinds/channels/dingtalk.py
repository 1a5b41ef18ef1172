"""A DingTalk robot."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.options import option


class Dingtalk(Channel):
    """A DingTalk robot."""

    name = "dingtalk"
    label = {"en": "DingTalk", "zh": "钉钉"}
    help = {"en": "A robot of DingTalk writes into a group.", "zh": "通过钉钉机器人发送消息。"}
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
