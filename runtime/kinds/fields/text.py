"""Text: one line."""

from __future__ import annotations

import unicodedata
from typing import Any

from runtime.kinds.field import Context, Field, bad


def plain(raw: Any) -> str:
    """``raw`` as text that PostgreSQL can keep. Raises BadValue for other types, NUL and lone surrogates."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int)):
        raise bad("type", f"must be a text, not {type(raw).__name__}", "必须是文本")
    text = str(raw)
    if "\0" in text:
        raise bad("character", "must not contain the NUL character", "不能包含空字符（NUL）")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise bad("character", "contains half of a character (lone surrogate)", "包含不完整的字符") from None
    return text


class Text(Field):
    """One line of text, trimmed; full-width letters and digits folded where ``fold`` says so."""

    name = "text"
    label = {"en": "Text", "zh": "文本"}
    help = {"en": "One line, for names and short notes.", "zh": "单行文本，适合名称和简短说明。"}
    icon = "letter-case"
    searchable = True
    options = {
        "min_length": {"type": "integer", "minimum": 0, "maximum": 1000,
                       "x-label": {"en": "Shortest", "zh": "最短长度"}},
        "max_length": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 255,
                       "x-label": {"en": "Longest", "zh": "最长长度"}},
        "pattern": {"type": "string", "maxLength": 200, "x-label": {"en": "Pattern", "zh": "格式"},
                    "description": "A regular expression of the portable subset; the whole text must match."},
        "fold": {"type": "boolean", "default": False,
                 "x-label": {"en": "Full width to half width", "zh": "全角转半角"}},
        "search": {"type": "boolean", "default": True, "x-label": {"en": "Found by search", "zh": "参与搜索"}},
    }  # fmt: skip
    examples = ({}, {"max_length": 40, "fold": True}, {"min_length": 2})
    valid = (
        ({}, " 张三 ", "张三"),
        ({}, "", None),
        ({}, "　", None),
        ({"fold": True}, "ＡＢ１２", "AB12"),
        ({}, 42, "42"),
    )
    invalid = (({}, ["a"]), ({}, True), ({"max_length": 3}, "abcd"), ({"min_length": 2}, "a"), ({}, "a\0b"))

    def clean(self, raw: Any, context: Context) -> str | None:
        text = " ".join(plain(raw).split())
        if self.settings.get("fold"):
            text = unicodedata.normalize("NFKC", text)
        if not text:
            return None
        longest = self.settings.get("max_length", 255)
        if len(text) > longest:
            raise bad("too_long", f"has {len(text)} characters, at most {longest}", f"共 {len(text)} 个字符，最多 {longest} 个")
        shortest = self.settings.get("min_length", 0)
        if len(text) < shortest:
            raise bad("too_short", f"has {len(text)} characters, at least {shortest}", f"共 {len(text)} 个字符，至少 {shortest} 个")
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.settings.get("max_length", 255)}
