"""The formats of TEXT: a written-out format, in, its parts as literals for the back ends, out."""

from __future__ import annotations

import re
from decimal import Decimal

from runtime.formula.functions.text import DATE_TOKENS, TIME_TOKENS

MAX_FORMAT = 60
NUMBER_SHAPE = re.compile(r"([^0#,.%]*)(#,##0|0)(\.0+)?(%?)([^0#,.%]*)\Z")
DURATION_TOKENS = ("D", "HH", "H", "mm", "m", "ss", "s")
LETTERS = set("YMDHmsyhdS")


class BadFormat(ValueError):
    """A format outside of the language; the arguments are the reason in English and Chinese."""


def parse(kind: str, text: str) -> list[str | bool | Decimal]:
    """The literals that follow the value in the primitive's arguments; raises BadFormat."""
    if len(text) > MAX_FORMAT:
        raise BadFormat(f"it is longer than {MAX_FORMAT} characters.", f"长度超过 {MAX_FORMAT} 个字符。")
    if kind == "number":
        return _number(text)
    if kind == "bool":
        yes, separator, no = text.partition(";")
        if not separator:
            raise BadFormat("write both texts, as in 'yes;no'.", "请写出两个文本，如 '是;否'。")
        return [yes, no]
    if kind == "date" and any(token in text for token in ("HH", "mm", "ss")):
        raise BadFormat("a date has no time; use YYYY, MM and DD.", "日期不含时间；请使用 YYYY、MM 和 DD。")
    tokens = {"date": DATE_TOKENS, "datetime": DATE_TOKENS + TIME_TOKENS, "duration": DURATION_TOKENS}[kind]
    parts = _tokens(text, tokens)
    if all(part.startswith("'") for part in parts):
        words = " ".join(tokens)
        raise BadFormat(f"it uses none of {words}.", f"未使用任何占位符：{words}。")
    return [*parts]


def _number(text: str) -> list[str | bool | Decimal]:
    match = NUMBER_SHAPE.match(text)
    if not match:
        raise BadFormat(
            "write it as 0 or #,##0 with .0… for digits and % for per cent, as in '¥#,##0.00'.",
            "请写作 0 或 #,##0，小数用 .0…，百分比用 %，如 '¥#,##0.00'。",
        )
    prefix, body, fraction, percent, suffix = match.groups()
    places = len(fraction or ".") - 1
    if places > 16:
        raise BadFormat("at most 16 digits after the point.", "小数最多 16 位。")
    return [prefix, body != "0", Decimal(places), bool(percent), suffix]


def _tokens(text: str, tokens: tuple[str, ...]) -> list[str]:
    """Tokens as they are, other characters as ``'`` and the characters."""
    parts: list[str] = []
    place = 0
    while place < len(text):
        token = next((t for t in tokens if text.startswith(t, place)), None)
        if token is not None:
            parts.append(token)
            place += len(token)
            continue
        ch = text[place]
        if ch in LETTERS:
            words = " ".join(tokens)
            raise BadFormat(f"{ch} is not one of {words}.", f"{ch} 不是可用的占位符：{words}。")
        if parts and parts[-1].startswith("'"):
            parts[-1] += ch
        else:
            parts.append("'" + ch)
        place += 1
    return parts
