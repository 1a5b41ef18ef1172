"""The static types of the formula language (formula.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = (
    "text",
    "number",
    "bool",
    "date",
    "datetime",
    "duration",
    "choice",
    "list",
    "ref",
    "children",
    "null",
)


@dataclass(frozen=True, slots=True)
class Type:
    """A type. ``of`` is the object of a ref or of children; ``item`` the type of a list's items;
    ``options`` the keys of a choice (empty: any), ``former`` what some of them were called: (former key, key);
    ``digits`` and ``scale`` bound a number.
    """

    name: str
    of: str | None = None
    item: Type | None = None
    options: tuple[str, ...] = ()
    digits: int = 22
    scale: int = 16
    former: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        if self.of:
            return f"{self.name}({self.of})"
        if self.item:
            return f"{self.name}({self.item})"
        return self.name


TEXT = Type("text")
NUMBER = Type("number")
BOOL = Type("bool")
DATE = Type("date")
DATETIME = Type("datetime")
DURATION = Type("duration")
NULL = Type("null")
TEXT_LIST = Type("list", item=TEXT)


def ref(of: str) -> Type:
    """A reference to one record of object ``of``; its value is the record's id as text."""
    return Type("ref", of=of)


def children(of: str) -> Type:
    """The records of object ``of`` that refer to this record: an argument of aggregates only."""
    return Type("children", of=of)


def choice(*options: str, former: Mapping[str, str] | None = None) -> Type:
    """One key out of ``options``; no options means any text. ``former``: former key -> key."""
    return Type("choice", options=options, former=tuple((former or {}).items()))


def list_of(item: Type) -> Type:
    """A list of distinct items, null never: an empty list instead."""
    return Type("list", item=item)
