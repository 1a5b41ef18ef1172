"""How a record is to be saved, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.engine.linechanges import LineEntry


@dataclass(frozen=True)
class Options:
    """How a write is to be done. ``version`` is the version that the caller has seen (If-Match).

    ``bypass``: guarded fields are to change without an approval, by those who may ask for it. ``proposal``: the id of
    the proposal that the change may become, None for any.
    """

    version: int | None = None
    once: tuple[str, bytes] | None = None
    trusted: bool = False
    numbers_as_text: bool = False
    expand: Sequence[str] = ()
    bypass: bool = False
    #: A deletion by force, by administrators: what holds the record is ended, for this reason.
    force: bool = False
    reason: str = ""
    proposal: str | None = None
    #: A line whose record moves on with what it is saved with.
    with_record: bool = False
    #: By line: the row of an import that it came from.
    rows: Mapping[str, str] = field(default_factory=dict)
    #: What becomes of the record's lines, where it waits together with them.
    lines: Sequence[LineEntry] = ()
    #: A record that waits for the approval of its coming is read like any other: by the steps of that workflow.
    pending: bool = False
    #: The version of a new record that has been stored already in this transaction, and is to wait.
    stored: int | None = None


@dataclass(frozen=True)
class Pending:
    """A change that waits for an approval: the instance, its workflow and state, the fields, the record's version.

    ``kind``: update, delete, child_changes or create; ``lines``: how many lines it adds, changes or removes.
    """

    instance: str
    workflow: str
    fields: Sequence[str]
    version: int
    state: str = "running"
    kind: str = "update"
    lines: int = 0

    def json(self) -> dict[str, Any]:
        """As answers tell it."""
        return {
            "instance": self.instance, "workflow": self.workflow, "state": self.state, "kind": self.kind,
            "fields": list(self.fields), "lines": self.lines,
        }  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A record after a write: its id, JSON bytes and version; ``replayed`` when the same key had done it before.

    ``pending``: the record keeps (some of) its values, the change waits for an approval.
    """

    id: str
    body: bytes
    version: int
    replayed: bool = False
    pending: Pending | None = None
