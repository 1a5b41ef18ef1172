"""What an import is asked for, and with which rights its batches are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from runtime.base.errors import Invalid, Message, Problem
from runtime.engine import bulk
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.entries import Refs

ON_DUPLICATE = ("skip", "update", "create", "fail")
BLANK = ("keep", "clear")


@dataclass(frozen=True)
class Options:
    """How a file is imported. ``name`` is the file's name, ``errors`` takes the failed rows as a file.

    ``key`` is the field by which a row finds its record: without it the only unique field that the file has. ``blank``
    says whether an empty cell of a record that is there keeps its value or clears it. ``refs`` keeps the names given
    in columns ``ref`` over several files. ``bypass``: guarded fields change without an approval, by those who may.
    """

    mapping: Mapping[str, Any] | None = None
    on_duplicate: str = "fail"
    key: str | None = None
    dry_run: bool = False
    blank: str = "keep"
    name: str = ""
    errors: IO[bytes] | None = None
    refs: Refs | None = None
    channel: str = "import"
    #: What the ids of new records follow from, with the row's number; ``again``: some may be stored already.
    origin: str | None = None
    again: bool = False
    bypass: bool = False

    def check(self) -> None:
        """Raises Invalid for a word that is none of those allowed."""
        for name, value, allowed in (
            ("on_duplicate", self.on_duplicate, ON_DUPLICATE),
            ("blank", self.blank, BLANK),
        ):
            if value not in allowed:
                shown = ", ".join(allowed)
                text = Message(f"must be one of {shown}", f"只能是 {shown}")
                raise Invalid(problems=[Problem("choice", text, field=name)])


@dataclass
class Request(bulk.Request):
    """A batch of an import: needs the right to import, and to change records only where it changes some."""

    def access(self) -> ObjectAccess:
        """The caller's rights. Raises NotFound, Forbidden."""
        access = demand_object(self.session.snapshot, self.session.person, self.object)
        for right in ("import", "create", *(["update"] if self.on_duplicate == "update" else [])):
            access.demand(right)
        return access
