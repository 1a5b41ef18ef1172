"""Another system calls."""

from __future__ import annotations

from runtime.kinds.options import option
from runtime.kinds.trigger import Trigger


class WebhookReceived(Trigger):
    """Another system calls."""

    name = "webhook_received"
    label = {"en": "Incoming call", "zh": "收到外部调用"}
    help = {"en": "Another system calls an address of ours.", "zh": "外部系统调用我方地址。"}
    icon = "webhook"
    options = {
        "secret": option("string", "Name of the secret", "密钥名称", minLength=1, maxLength=100),
        "schema": option("object", "What the body looks like (JSON Schema)", "内容格式（JSON Schema）"),
    }  # fmt: skip
    required_options = ("secret",)
    examples = ({"secret": "website"},)
