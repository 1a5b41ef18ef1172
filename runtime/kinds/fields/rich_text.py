"""Rich text: formatted text as HTML, cleaned to a small safe part of it."""

from __future__ import annotations

import html
import re
from typing import Any

import nh3

from runtime.kinds.field import Context, Field
from runtime.kinds.fields.long_text import LongText
from runtime.kinds.fields.text import bounded, plain
from runtime.kinds.options import option

TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "hr", "i", "img", "li", "ol", "p", "pre", "s",
    "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
SCHEMES = {"http", "https", "mailto", "tel"}
OWN_FILE = re.compile(r"/api/v1/files/[0-9a-f-]{36}")
BREAKS = re.compile(r"<(?:br|/p|/li|/h[1-4]|/tr|/blockquote|/pre)\b[^>]*>", re.IGNORECASE)
ANY_TAG = re.compile(r"<[^>]*>")
#: How often markup is read anew at most before it is taken as it is.
READINGS = 5


def attribute(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, None to drop it: pictures are files of this house, never foreign addresses."""
    if tag == "img" and name == "src" and not OWN_FILE.fullmatch(value):
        return None
    return value


CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes=SCHEMES,
    attribute_filter=attribute,
    link_rel="noopener noreferrer nofollow",
    clean_content_tags={"script", "style", "title", "template"},
)


def settled(markup: str) -> str:
    """Safe HTML that is the same when it is read again: links inside of links are parted only at a second reading."""
    for _ in range(READINGS):
        before, markup = markup, CLEANER.clean(markup)
        if markup == before:
            break
    return markup


def words(markup: str) -> str:
    """The text of safe HTML without its tags."""
    lines = html.unescape(ANY_TAG.sub("", BREAKS.sub("\n", markup))).split("\n")
    return "\n".join(line for one in lines if (line := " ".join(one.split())))


class RichText(Field):
    """Formatted text; scripts, styles and foreign pictures are taken out."""

    name = "rich_text"
    label = {"en": "Rich text", "zh": "富文本"}
    help = {"en": "Formatted text with lists, links and tables.", "zh": "带格式的文本，可含列表、链接和表格。"}
    icon = "text-wrap"
    column = None
    long = True
    operators = LongText.operators
    sortable = False
    searchable = True
    widget = "rich_text"
    options = {
        "max_length": option(
            "integer", "Longest", "最长长度",
            ("Characters including the markup", "含标记的字符数"), minimum=1, maximum=200000, default=50000,
        ),
    }  # fmt: skip
    examples = ({}, {"max_length": 2000})
    valid = (
        ({}, "<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
        ({}, "<p onclick='x()'>a</p><script>alert(1)</script>", "<p>a</p>"),
        ({}, '<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'),
        ({}, '<p><img src="https://evil.example/p.gif"></p>', "<p><img></p>"),
        ({}, "a < b", "a &lt; b"),
        ({}, "<p><br></p>", None),
        ({}, " ", None),
    )
    invalid = (({}, ["a"]), ({"max_length": 3}, "abcd"), ({}, "a\0"), ({}, {"html": "a"}))

    def clean(self, raw: Any, context: Context) -> str | None:
        longest = self.settings.get("max_length", 50000)
        text = bounded(plain(raw).strip(), 0, longest * 4)
        if not text:
            return None
        markup = bounded(settled(text).strip(), 0, longest)
        return markup if words(markup) or "<img" in markup else None

    def show(self, value: Any, context: Context) -> str:
        """The words alone; pages that show the formatting take the stored value, which is safe."""
        return "" if value is None else words(value) or "…"

    def search_text(self, value: Any) -> str:
        return words(value)
