"""Electronic mail."""

from __future__ import annotations

from runtime.kinds.channel import Channel
from runtime.kinds.options import option


class Mail(Channel):
    """Electronic mail."""

    name = "mail"
    label = {"en": "Mail", "zh": "邮件"}
    help = {"en": "Electronic mail through the company's server.", "zh": "通过公司邮件服务器发送邮件。"}
    icon = "mail"
    options = {
        "from": option("string", "From", "发件人", minLength=3, maxLength=200),
    }  # fmt: skip
    examples = ({}, {"from": "crm@example.com"})
