"""Email: an address, checked for its form, never by asking the network."""

from __future__ import annotations

import re
from typing import Any

from email_validator import EmailNotValidError, validate_email

from runtime.kinds.field import Context, Field, bad, shown
from runtime.kinds.fields.text import narrow, plain

# Plain addresses, the great mass; all others go through the library.
PLAIN = re.compile(
    r"[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]{1,64}){0,5}"
    r"@(?:(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?\.){1,5}(?i:com|cn|net|org)"
)
NAMED = re.compile(r"[^<>]*<([^<>]+)>")


class Email(Field):
    """A mail address; its domain in lower case."""

    name = "email"
    label = {"en": "Email", "zh": "邮箱"}
    help = {"en": "A mail address.", "zh": "电子邮件地址。"}
    icon = "mail"
    widget = "email"
    searchable = True
    mask = "left({x}, 1) || '***@' || split_part({x}, '@', 2)"
    examples = ({},)
    valid = (
        ({}, " Zhang.San@Example.COM ", "Zhang.San@example.com"),
        ({}, "li＠ｅｘａｍｐｌｅ．com", "li@example.com"),
        ({}, "张三 <zs@dougong.example.cn>", "zs@dougong.example.cn"),
        ({}, "mailto:a@b.io", "a@b.io"),
        ({}, "用户@例子.公司", "用户@例子.公司"),
        ({}, "", None),
    )
    invalid = (
        ({}, "a@b"),
        ({}, "a b@c.com"),
        ({}, "a@@b.com"),
        ({}, "a..b@c.com"),
        ({}, ["a@b.com"]),
        ({}, "a@b.com, c@d.com"),
    )

    def clean(self, raw: Any, context: Context) -> str | None:
        text = narrow(plain(raw)).strip()
        if not text:
            return None
        if len(text) <= 254:
            named = NAMED.fullmatch(text)
            address = (named[1] if named else text).strip().removeprefix("mailto:")
            if len(address) < 100 and PLAIN.fullmatch(address):
                local, _, domain = address.partition("@")
                if len(local) <= 64:
                    return f"{local}@{domain.lower()}"
            try:
                return str(validate_email(address, check_deliverability=False).normalized)
            except (EmailNotValidError, ValueError):
                pass
        en = f"{shown(text)!r} is not a mail address such as name@example.com"
        raise bad("not_an_email", en, f"“{shown(text)}”不是邮箱地址，应如 name@example.com")

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 254}
