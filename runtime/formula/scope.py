"""What the formula room asks of the world: which names exist, and how their values are found in SQL.

The room never knows documents, roles or table layouts; the rooms above give it these two faces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from runtime.base.sqltext import Sql
    from runtime.formula.types import Type


@dataclass(frozen=True, slots=True)
class Member:
    """One name of a scope: a field, a system property, a relation.

    ``key`` is stable over renames and is what the intermediate form keeps. ``nullable`` is False
    only when the value can never be blank. ``relation`` (children only) is what the SQL face needs
    to find the rows again. ``many`` is True for a list of links.
    """

    name: str
    key: str
    type: Type
    nullable: bool = True
    labels: tuple[str, ...] = ()
    indexed: bool = False


class Scope(Protocol):
    """The names of one object as one caller may see them; an unreadable name is simply not there."""

    @property
    def object(self) -> str:
        """The object's stable key."""

    def member(self, name: str) -> Member | None:
        """The member called ``name`` (present or former name, or label), or None."""

    def members(self) -> Iterable[Member]:
        """All members, for suggestions."""

    def target(self, member: Member) -> Scope | None:
        """The scope of the object behind a ``ref`` or ``children`` member, or None."""

    def lookup(self, object_name: str) -> Scope | None:
        """The scope of another object by name (for LOOKUP), or None."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of a formula.

    ``kind`` is ``field`` (``path`` = member keys from the formula's object, several for a path through
    references), ``env`` (``path`` = ("NOW",), ("TODAY",), ("USER", "id") ...), ``old`` (the value before
    the change, ``path`` of one key), ``meta`` (("ISNEW",), ("ISCHANGED", key)) or ``lookup`` (the rows of the
    object whose key is ``path``). RECORDID() and the id that orders rows are the field ``id``. Env slots are
    not handed out: the back ends take them from ``Env``.
    ``root`` says whose record the path starts at: "" the formula's own, "child" the row of the enclosing
    aggregate, "parent" the record around it. ``hops`` names the object behind each reference of the path.
    """

    kind: str
    path: tuple[str, ...]
    type: Type
    nullable: bool = True
    root: str = ""
    hops: tuple[str, ...] = field(default=())


class Binder(Protocol):
    """How the SQL back end finds values: given by the store for one query."""

    def slot(self, slot: Slot) -> Sql:
        """A typed SQL expression (storage.md columns) for the slot; NULL where blank."""

    def children(self, slot_path: tuple[str, ...]) -> tuple[Sql, Binder]:
        """``FROM`` text with its condition (``"x" c1 WHERE ...``), and the binder inside of it.

        The text always has a WHERE to which `` AND (...)`` may be added. The inner binder answers slots with
        root ``child`` for the rows and ``parent`` for the outer record.
        """

    def lookup(self, object_key: str) -> tuple[Sql, Binder]:
        """Like ``children`` for all records of another object that the formula may read."""
