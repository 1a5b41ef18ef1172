"""URL: an address of the web."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from runtime.kinds.field import BadValue, Context, Field, bad, shown
from runtime.kinds.fields.text import plain

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d+(?:/|$))")
HOST = re.compile(
    r"(?:\w(?:[\w-]{0,61}\w)?\.)+[^\W\d_][\w-]{1,62}|localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+"
)


# Plain addresses, the great mass, are kept as they are; all others are taken to pieces.
PLAIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,60}(?:/[A-Za-z0-9._~/%-]*)?")
FORBIDDEN = re.compile(r"[\s\\<>\"]")


def refused(text: str) -> BadValue:
    """What is said of something that is no web address."""
    en = f"{shown(text)!r} is not a web address; allowed: https://example.com/page"
    return bad("not_a_url", en, f"“{shown(text)}”不是网址，应如 https://example.com/page")


class Url(Field):
    """A web address; only http and https, so that a click can never run a script."""

    name = "url"
    label = {"en": "Web address", "zh": "网址"}
    help = {"en": "A link to a web page.", "zh": "网页链接。"}
    icon = "world"
    widget = "url"
    searchable = True
    examples = ({},)
    valid = (
        ({}, "HTTPS://Example.com/Path?q=1#x", "https://example.com/Path?q=1#x"),
        ({}, "www.example.com", "https://www.example.com"),
        ({}, "http://例子.公司:8080/a", "http://例子.公司:8080/a"),
        ({}, " ", None),
    )
    invalid = (
        ({}, "javascript:alert(1)"),
        ({}, "java\nscript:alert(1)"),
        ({}, "ftp://example.com"),
        ({}, "http://user:pw@example.com"),
        ({}, "https://"),
        ({}, "https://exa mple.com"),
        ({}, "http://[::1"),
        ({}, "mailto:a@b.com"),
        ({}, "nonsense"),
        ({}, {"url": "x"}),
    )

    def clean(self, raw: Any, context: Context) -> str | None:
        text = plain(raw).strip()
        if not text:
            return None
        if len(text) > 2000:
            raise bad("too_long", f"has {len(text)} characters, at most 2000", f"共 {len(text)} 个字符，最多 2000 个")
        if PLAIN.fullmatch(text):
            return text
        whole = text if SCHEME.match(text) else f"https://{text.lstrip('/')}"
        try:
            parts = urlsplit(whole)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise refused(text) from None
        good = parts.scheme in ("http", "https") and "@" not in parts.netloc and not FORBIDDEN.search(whole)
        if not good or not HOST.fullmatch(host):
            raise refused(text)
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "iri", "maxLength": 2100}
