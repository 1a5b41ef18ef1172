"""JSON without losing digits: exact decimals in, exact decimals out."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

from runtime.base.errors import Malformed, Message

DEEPEST = 60
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f").encode())
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def dump(value: Any) -> bytes:
    """Compact JSON; Decimals as plain digits."""
    return orjson.dumps(value, default=_other, option=orjson.OPT_NON_STR_KEYS)


def dump_text(value: Any) -> str:
    """Compact JSON as text."""
    return dump(value).decode()


#: Made once: ``json.loads`` makes a decoder for each text.
_OWN = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)


def load(text: bytes | str) -> Any:
    """Trusted JSON (our own): all numbers as Decimal."""
    return _OWN.decode(text if isinstance(text, str) else text.decode())


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _int(digits: str) -> Any:
    if len(digits) > 400:
        raise ValueError("a number has more than 400 digits")
    return Decimal(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


_FOREIGN = json.JSONDecoder(
    parse_float=lambda digits: Decimal(digits[:400]),
    parse_int=_int,
    parse_constant=_constant,
    object_pairs_hook=_unique,
)


def foreign_value(text: str, at: int) -> tuple[Any, int]:
    """The JSON value from outside that begins at ``at``, and where it ends. Raises ValueError, ArithmeticError."""
    return _FOREIGN.raw_decode(text, at)


def load_foreign(text: bytes | str) -> Any:
    """JSON from outside. Raises Malformed: no NaN, no doubled names, no depth that breaks, no half characters."""
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        found = _FOREIGN.decode(plain)
        if SURROGATE.search(plain):  # Only such an escape can bring half of a pair; such a text is no Unicode.
            json.dumps(found, ensure_ascii=False, default=str).encode()
        return found
    except (ValueError, RecursionError, ArithmeticError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise Malformed(
            Message(f"the body is not valid JSON: {reason}", f"请求正文不是有效的 JSON：{reason}")
        ) from None
