"""Text in Python: what the text functions compute. Lengths and places count code points."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from runtime.formula.values import CTX, MAX_TEXT, capped, norm, to_local, whole

if TYPE_CHECKING:
    from runtime.formula.env import Env

BLANKS = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"


NUMBER_SHAPE = re.compile(r"([+-]?)(?:([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?|(\.[0-9]+))(%?)\Z")


MAX_NUMBER_TEXT = 80


def parse_number(text: str) -> Decimal | None:
    """The number a text spells (VALUE), or None."""
    text = text.strip(BLANKS)
    if len(text) > MAX_NUMBER_TEXT:
        return None
    match = NUMBER_SHAPE.match(text)
    if not match:
        return None
    sign, whole_part, fraction, bare, percent = match.groups()
    value = Decimal((whole_part or "0").replace(",", "") + (fraction or bare or ""))
    if percent:
        value = value.scaleb(-2, CTX)
    return norm(value.copy_negate() if sign == "-" else value)


def whole_count(n: Decimal) -> int:
    return max(whole(n), 0)


def right(t: str, n: Decimal) -> str:
    count = whole_count(n)
    return t[-count:] if count else ""


def mid(t: str, start: Decimal, count: Decimal) -> str:
    first = max(whole(start), 1) - 1
    return t[first : first + whole_count(count)]


def find(sub: str, t: str, start: Decimal) -> Decimal:
    first = whole(start)
    if not 1 <= first <= len(t) + 1:
        return Decimal(0)
    return Decimal(t.find(sub, first - 1) + 1)


def substitute(t: str, old: str, new: str) -> str:
    if not old:
        return t
    if len(t) + t.count(old) * (len(new) - len(old)) > MAX_TEXT:
        return ""
    return t.replace(old, new)


def replace(t: str, start: Decimal, count: Decimal, new: str) -> str:
    first = min(max(whole(start), 1), len(t) + 1) - 1
    return capped(t[:first] + new + t[first + whole_count(count) :])


def rept(t: str, n: Decimal) -> str:
    count = whole_count(n)
    return "" if count > 1000 or count * len(t) > MAX_TEXT else t * count


def pad(left: bool) -> Any:
    def padded(t: str, n: Decimal, pad: str) -> str:
        size = whole_count(n)
        if size > MAX_TEXT:
            return ""
        if len(t) >= size or not pad:
            return t[:size]
        fill = (pad * (size // len(pad) + 1))[: size - len(t)]
        return fill + t if left else t + fill

    return padded


def splitpart(t: str, sep: str, k: Decimal) -> str:
    index = whole(k)
    if index < 1:
        return ""
    found = t.split(sep) if sep else [t]
    return found[index - 1] if index <= len(found) else ""


def concat(*values: str) -> str:
    return capped("".join(values))


def group_digits(digits: str) -> str:
    """``1234567`` as ``1,234,567``."""
    head = len(digits) % 3
    return ",".join(([digits[:head]] if head else []) + [digits[i : i + 3] for i in range(head, len(digits), 3)])


def text_number(x: Decimal | None, prefix: str, grouped: bool, places: Decimal, percent: bool, suffix: str) -> str:
    if x is None:
        return ""
    if percent:
        x = x.scaleb(2, CTX)
    k = int(places)
    y = x.quantize(Decimal((0, (1,), -k)), rounding=ROUND_HALF_UP, context=CTX)
    sign = "-" if y < 0 else ""
    head, _, tail = format(y.copy_abs(), "f").partition(".")
    body = group_digits(head) if grouped else head
    return sign + prefix + body + ("." + tail if tail else "") + ("%" if percent else "") + suffix


def date_part(token: str, d: dt.date) -> str:
    """One token of a date format."""
    match token:
        case "YYYY":
            return f"{d.year:04}"
        case "YY":
            return f"{d.year % 100:02}"
        case "MM":
            return f"{d.month:02}"
        case "M":
            return str(d.month)
        case "DD":
            return f"{d.day:02}"
        case "D":
            return str(d.day)
    assert isinstance(d, dt.datetime)
    match token:
        case "HH":
            return f"{d.hour:02}"
        case "H":
            return str(d.hour)
        case "mm":
            return f"{d.minute:02}"
        case "m":
            return str(d.minute)
    return f"{d.second:02}"


def text_date(x: dt.date | None, *parts: str) -> str:
    if x is None:
        return ""
    return "".join(part[1:] if part[0] == "'" else date_part(part, x) for part in parts)


def text_instant(env: Env, x: dt.datetime | None, *parts: str) -> str:
    return text_date(to_local(x, env.zone), *parts) if x is not None else ""


def text_duration(x: Decimal | None, *parts: str) -> str:
    if x is None:
        return ""
    left = int(x.copy_abs().to_integral_value(ROUND_DOWN, CTX))
    sign = "-" if x < 0 and left else ""
    tokens = {part.upper() if part in "DH" else part for part in parts}
    days = hours = minutes = 0
    if "D" in tokens:
        days, left = divmod(left, 86_400)
    if tokens & {"H", "HH"}:
        hours, left = divmod(left, 3_600)
    if tokens & {"m", "mm"}:
        minutes, left = divmod(left, 60)
    values = {"D": days, "H": hours, "HH": hours, "m": minutes, "mm": minutes, "s": left, "ss": left}
    out = [part[1:] if part[0] == "'" else str(values[part]).zfill(2 if len(part) == 2 else 1) for part in parts]
    return sign + "".join(out)


def optionlabel(env: Env, x: str | None, field: str) -> str:
    return "" if not x else env.option_labels.get(field, {}).get(x, x)
