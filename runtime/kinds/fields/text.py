"""Text: one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runtime.base.errors import Problem
from runtime.base.pattern import PatternError, portable
from runtime.kinds.field import Context, Field, bad
from runtime.kinds.options import one_of, option

# Control characters (tab, line feeds and page breaks are white space) and halves of characters.
UNKEPT = re.compile("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff]")
# Full-width forms of ASCII and the wide space to their narrow twins; unlike NFKC this touches nothing else.
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Marks without width that come along from web pages and spreadsheets.
NO_WIDTH = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
NAME_MASK = "left({x}, 1) || '**'"


def plain(raw: Any) -> str:
    """``raw`` as text that PostgreSQL, JSON and files can keep. Raises BadValue."""
    if not isinstance(raw, str):
        return digits(raw)
    if raw.isprintable():  # Then none of what follows is in it.
        return raw
    if UNKEPT.search(raw):
        raise bad("character", "contains a control character or half of a character", "包含控制字符或不完整的字符")
    return raw if raw.isascii() else raw.translate(NO_WIDTH)


def digits(raw: Any) -> str:
    """A number where a text belongs, as its plain digits. Raises BadValue for everything else."""
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        raise bad("type", f"must be a text, not {type(raw).__name__}", "必须是文本")
    if isinstance(raw, int):
        if raw.bit_length() <= 200:
            return str(raw)
    elif raw.is_finite() and -40 < raw.adjusted() < 60:
        return format(raw.normalize(), "f")
    raise bad("too_long", "is a number of more than 60 digits", "数字超过 60 位")


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as ASCII; everything else as it is."""
    return text if text.isascii() else text.translate(NARROW)


def bounded(text: str, shortest: int, longest: int) -> str:
    """``text`` when its length is allowed. Raises BadValue."""
    size = len(text)
    if size > longest:
        raise bad("too_long", f"has {size} characters, at most {longest}", f"共 {size} 个字符，最多 {longest} 个")
    if size < shortest:
        raise bad("too_short", f"has {size} characters, at least {shortest}", f"共 {size} 个字符，至少 {shortest} 个")
    return text


class Text(Field):
    """One line of text, trimmed; full-width letters and digits folded where ``fold`` says so."""

    name = "text"
    label = {"en": "Text", "zh": "文本"}
    help = {"en": "One line, for names and short notes.", "zh": "单行文本，适合名称和简短说明。"}
    icon = "letter-case"
    searchable = True
    options = {
        "min_length": option("integer", "Shortest", "最短长度", minimum=0, maximum=1000),
        "max_length": option("integer", "Longest", "最长长度", minimum=1, maximum=1000, default=255),
        "pattern": option(
            "string", "Pattern", "格式",
            ("A portable regular expression for the whole text", "匹配全文的正则表达式（可移植子集）"), maxLength=200,
        ),
        "fold": option("boolean", "Full width to half width", "全角转半角", default=False),
        "mask": one_of("Masked form", "脱敏方式", {
            "all": ("Hidden wholly", "全部隐藏"), "name": ("First character", "仅留首字"),
        }, default="all"),
        "search": option("boolean", "Found by search", "参与搜索", default=True),
    }  # fmt: skip
    examples = ({}, {"max_length": 40, "fold": True}, {"min_length": 2, "mask": "name"}, {"pattern": "[A-Z]{2}[0-9]+"})
    valid = (
        ({}, " 张三 ", "张三"),
        ({}, "", None),
        ({}, "　", None),
        ({}, "王\u200b 小\t明", "王 小 明"),
        ({"fold": True}, "ＡＢ１２", "AB12"),
        ({}, 42, "42"),
        ({}, Decimal("1.50"), "1.5"),
        ({"pattern": "[A-Z]{2}[0-9]+"}, "AB12", "AB12"),
    )
    invalid = (
        ({}, ["a"]),
        ({}, True),
        ({"max_length": 3}, "abcd"),
        ({"min_length": 2}, "a"),
        ({}, "a\0b"),
        ({"pattern": "[A-Z]{2}[0-9]+"}, "ab12"),
    )

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._fold = self.settings.get("fold", False)
        self._longest = self.settings.get("max_length", 255)
        self._shortest = self.settings.get("min_length", 0)
        self._pattern = self.settings.get("pattern")
        self.searchable = self.settings.get("search", True)
        if self.settings.get("mask") == "name":
            self.mask = NAME_MASK

    def clean(self, raw: Any, context: Context) -> str | None:
        text = plain(raw)
        if self._fold:
            text = narrow(text)
        text = " ".join(text.split())
        if not text:
            return None
        bounded(text, self._shortest, self._longest)
        if self._pattern and not portable(self._pattern).fullmatch(text):
            raise bad("pattern", f"must have the form {self._pattern}", f"格式须为 {self._pattern}")
        return text

    def live(self, context: Context) -> dict[str, Any]:
        return {"reads": "text", "shows": "text"}

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self._longest}

    def check(self) -> list[Problem]:
        found = []
        if self._shortest > self._longest:
            text = bad("range", "the shortest length is above the longest", "最短长度大于最长长度").message
            found.append(Problem("range", text, path="min_length"))
        if self._pattern:
            try:
                portable(self._pattern)
            except PatternError as error:
                found.append(Problem("pattern", error.message, path="pattern"))
        return found
