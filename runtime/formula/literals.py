"""Values as the formula language writes them, and back from a surface tree. No user text reaches anything here."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from runtime.formula.normalise import NAME, NUMBER, TEXT
from runtime.formula.parse import Surface

ESCAPED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(text: str) -> str:
    """A text between quotes."""
    return "'" + "".join(ESCAPED.get(one, one) for one in text) + "'"


def written(value: Any) -> str:
    """A typed value as a formula: ``'it'``, ``12.5``, ``DATE(2026, 11, 22)``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC)
        return f"DATETIMEVALUE('{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z')"
    if isinstance(value, dt.date):
        return f"DATE({value.year}, {value.month}, {value.day})"
    return quoted(str(value))


def seconds(value: Decimal) -> str:
    """A length of time as a formula."""
    return f"DURATION({format(value, 'f')}, 'second')"


def literal(surface: Surface) -> Any:
    """The typed value that a piece of a formula plainly is, None when it is anything else."""
    token = surface.token
    if token is not None and surface.kind == "text" and token.kind == TEXT:
        return token.value
    if token is not None and surface.kind == "number" and token.kind == NUMBER:
        return token.number
    if surface.kind == "unary" and surface.op == "-":
        found = literal(surface.parts[0])
        return -found if isinstance(found, Decimal) else None
    if surface.kind == "call" and token is not None and token.kind == NAME:
        return _called(token.value.upper(), [literal(one) for one in surface.parts])
    return None


def _called(name: str, values: list[Any]) -> Any:
    try:
        if name == "DATE" and len(values) == 3 and all(isinstance(one, Decimal) for one in values):
            return dt.date(*(int(one) for one in values))
        if name == "DATEVALUE" and len(values) == 1 and isinstance(values[0], str):
            return dt.date.fromisoformat(values[0])
        if name == "DATETIMEVALUE" and len(values) == 1 and isinstance(values[0], str):
            found = dt.datetime.fromisoformat(values[0])
            return found if found.tzinfo else None
        if name == "DURATION" and len(values) == 2 and values[1] == "second" and isinstance(values[0], Decimal):
            return values[0]
    except (ValueError, OverflowError):
        return None
    return None
