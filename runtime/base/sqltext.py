"""SQL text with its bind parameters, put together piece by piece; it never connects to anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL: ``text`` in psycopg's ``%s`` style and the values for its placeholders, in order.

    A literal per cent sign in ``text`` is written ``%%``. Values never enter ``text``; identifiers
    enter it only through :func:`ident`.
    """

    text: str
    params: tuple[Any, ...] = ()

    def __add__(self, other: Sql | str) -> Sql:
        if isinstance(other, str):
            return Sql(self.text + other, self.params)
        return Sql(self.text + other.text, self.params + other.params)

    def __radd__(self, other: str) -> Sql:
        return Sql(other + self.text, self.params)

    def __bool__(self) -> bool:
        return bool(self.text)


EMPTY = Sql("")


def param(value: Any, cast: str | None = None) -> Sql:
    """One bind parameter, with an explicit cast where the type must not be guessed."""
    return Sql(f"%s::{cast}" if cast else "%s", (value,))


@lru_cache(4096)
def ident(*names: str) -> str:
    """A quoted identifier, ``ident("w_1", "o_lead")`` gives ``"w_1"."o_lead"``.

    Raises ValueError for an empty name, for NUL and for more than PostgreSQL's 63 bytes: a name that
    PostgreSQL would cut silently could meet another one.
    """
    quoted = []
    for name in names:
        if not name or "\0" in name or len(name.encode()) > 63:
            raise ValueError(f"not usable as an identifier: {name[:80]!r}")
        quoted.append('"' + name.replace('"', '""').replace("%", "%%") + '"')
    return ".".join(quoted)


def join(separator: str, parts: Iterable[Sql | str]) -> Sql:
    """The parts with ``separator`` between them."""
    texts: list[str] = []
    params: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            texts.append(part.text)
            params.extend(part.params)
    return Sql(separator.join(texts), tuple(params))


def fmt(template: str, *parts: Sql) -> Sql:
    """``template`` with each ``{}`` replaced by the next part."""
    pieces: Sequence[str] = template.split("{}")
    if len(pieces) != len(parts) + 1:
        raise ValueError(f"{len(pieces) - 1} places, {len(parts)} parts")
    texts = [pieces[0]]
    params: list[Any] = []
    for part, piece in zip(parts, pieces[1:], strict=True):
        texts.append(part.text)
        texts.append(piece)
        params.extend(part.params)
    return Sql("".join(texts), tuple(params))


def array(texts: Sequence[str]) -> str:
    """The text form of an array, a bind parameter for ``%s::uuid[]`` and the like.

    The driver goes through a list value by value, which for a thousand takes longer than the rest of the statement.
    """
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join([one.replace("\\", "\\\\").replace('"', '\\"') for one in texts])
    return '{"' + joined + '"}'


def literal(text: str) -> str:
    """A text constant inside a statement, for names that metadata gives: quoted, per cent signs doubled.

    Values that callers send are bind parameters instead. Raises ValueError for NUL.
    """
    if "\0" in text:
        raise ValueError("NUL cannot be part of a text")
    quoted = "'" + text.replace("'", "''").replace("%", "%%") + "'"
    return quoted if "\\" not in text else "E" + quoted.replace("\\", "\\\\")
