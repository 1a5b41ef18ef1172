"""Calls another system."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.options import one_of, option


class Webhook(Action):
    """Calls another system."""

    name = "webhook"
    label = {"en": "Call another system", "zh": "调用外部系统"}
    help = {"en": "Sends the record or a body to an address.", "zh": "向外部地址发送数据。"}
    icon = "webhook"
    options = {
        "url": option("string", "Address", "地址", pattern="^https?://", maxLength=2000),
        "method": one_of(
            "Method",
            "方法",
            {
                "POST": ("POST", "POST"),
                "PUT": ("PUT", "PUT"),
                "PATCH": ("PATCH", "PATCH"),
                "DELETE": ("DELETE", "DELETE"),
                "GET": ("GET", "GET"),
            },
            default="POST",
        ),
        "secret": option("string", "Name of the secret", "密钥名称", minLength=1, maxLength=100),
        "headers": option("object", "Headers", "请求头", additionalProperties={"type": "string"}),
        "body": option("object", "Body", "内容", additionalProperties={"x-value": {"context": "automation"}}),
    }
    required_options = ("url",)
    examples = ({"url": "https://example.com/hook", "body": {"name": "=name"}},)
