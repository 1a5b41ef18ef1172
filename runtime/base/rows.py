"""The records of a large request: looked through as a whole at once, made into values when they are taken.

As values a record takes four times the room of its text, and of ten thousand only a few hundred are worked on at the
same time.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Any, overload

from runtime.base.errors import Malformed, Message
from runtime.base.values import SURROGATE, foreign_value, load_foreign

BLANK = re.compile(r"[ \t\n\r]*")
#: Bytes that are looked at together.
PIECE = 65_536
#: A record with more brackets than this may be nested so deeply that it can be read in one place and not in another.
BRACKETS = 200


class Rows(Sequence[dict[str, Any]]):
    """JSON objects in a text, each made anew whenever it is taken; a slice is a list.

    ``starts`` and ``ends``: where each is, in bytes. All of them have been looked through before.
    """

    def __init__(self, text: bytes, starts: Sequence[int], ends: Sequence[int]) -> None:
        self.text, self.starts, self.ends = text, starts, ends

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        places = range(len(self))[at]
        if isinstance(places, int):
            return self._made((places,))[0]
        return self._made(places)

    def row(self, at: int) -> Row:
        """The object at one place, as a mapping that stays text."""
        return Row(self, at)

    def _made(self, places: Sequence[int]) -> list[dict[str, Any]]:
        pieces = [self.text[self.starts[one] : self.ends[one]] for one in places]
        found: list[dict[str, Any]] = load_foreign(b"[" + b",".join(pieces) + b"]")
        return found


class Row(Mapping[str, Any]):
    """One of :class:`Rows`, made anew whenever somebody looks at it: for what is looked at seldom."""

    __slots__ = ("at", "rows")

    def __init__(self, rows: Rows, at: int) -> None:
        self.rows, self.at = rows, at

    def __getitem__(self, name: str) -> Any:
        return self.rows[self.at][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows[self.at])

    def __len__(self) -> int:
        return len(self.rows[self.at])

    def items(self) -> ItemsView[str, Any]:
        """All of it, made once."""
        return self.rows[self.at].items()


def request(text: bytes, listed: str) -> Any:
    """JSON from outside, as by ``load_foreign``, but that a list of objects named ``listed`` becomes :class:`Rows`.

    Raises Malformed.
    """
    try:
        for _ in codecs.iterdecode((text[at : at + PIECE] for at in range(0, len(text), PIECE)), "utf-8"):
            pass
        found = _apart(text, listed)
    except (ValueError, ArithmeticError, IndexError, RecursionError, Malformed):
        found = None
    # What is wrong, or only unusual, is read and told as everywhere.
    return load_foreign(text) if found is None else found


def _apart(text: bytes, listed: str) -> dict[str, Any] | None:
    """The outermost object. None, or what reading JSON raises, where it is not plainly one with such a list."""
    plain = text.decode("latin-1")  # A character is a byte; all that JSON is made of is ASCII.
    at = _next(plain, 0)
    if plain[at] != "{":
        return None
    found: dict[str, Any] = {}
    while not found or plain[at] == ",":
        at = _next(plain, at + 1)
        if plain[at] != '"':
            return None
        name, at = foreign_value(plain, at)
        name = name.encode("latin-1").decode()
        at = _next(plain, at)
        if name in found or plain[at] != ":":
            return None
        at = _next(plain, at + 1)
        if name == listed and plain[at] == "[":
            starts, ends, end = _objects(text, plain, at)
            found[name] = Rows(text, starts, ends)
        else:
            _, end = foreign_value(plain, at)
            found[name] = load_foreign(text[at:end])
        at = _next(plain, end)
    return found if plain[at] == "}" and _next(plain, at + 1) == len(plain) else None


def _objects(text: bytes, plain: str, at: int) -> tuple[Sequence[int], Sequence[int], int]:
    """Where the objects of the list at ``at`` begin and end, and where the list ends. Raises ValueError, Malformed."""
    half = SURROGATE.search(plain) is not None
    starts, ends = array("L"), array("L")
    at = _next(plain, at + 1)
    if plain[at] == "]":
        return starts, ends, at + 1
    while plain[at] == "{":
        _, end = foreign_value(plain, at)
        if plain.count("{", at, end) + plain.count("[", at, end) > BRACKETS:
            break
        if half:  # Only in a text of its own such an escape is looked at closely.
            load_foreign(text[at:end])
        starts.append(at)
        ends.append(end)
        at = _next(plain, end)
        if plain[at] == "]":
            return starts, ends, at + 1
        if plain[at] != ",":
            break
        at = _next(plain, at + 1)
    raise ValueError("not a list of plain objects")


def _next(plain: str, at: int) -> int:
    """The next place that is not blank."""
    found = BLANK.match(plain, at)
    assert found is not None
    return found.end()


def lines(text: bytes) -> Rows:
    """JSON objects, one a line; blank lines count, and say nothing. Raises Malformed, which says in which line."""
    starts, ends = array("L"), array("L")
    at = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.strip():
            where = f"line {number}: ", f"第 {number} 行："
            try:
                value = load_foreign(line)
            except Malformed as error:
                raise Malformed(Message(where[0] + error.both.en, where[1] + error.both.zh)) from None
            if not isinstance(value, dict):
                raise Malformed(Message(where[0] + "not a JSON object", where[1] + "不是 JSON 对象"))
            starts.append(at + (len(codecs.BOM_UTF8) if line.startswith(codecs.BOM_UTF8) else 0))
            ends.append(at + len(line))
        at += len(line)
    return Rows(text, starts, ends)
