"""Changes that wait for an approval, as pages tell them: after a save, and on the page of their record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response

from runtime.engine import locks, previews
from runtime.engine.access import ObjectAccess
from runtime.engine.directory import everybody
from runtime.engine.saving import Pending, Written
from runtime.engine.workspace import Session
from runtime.web.layout import Block
from runtime.web.rounds import Lines, pairs, wished_lines
from runtime.web.shown import Change, Event, history
from runtime.web.texts import gettext

WAITS = 202


@dataclass(frozen=True)
class Waiting:
    """A change that waits: its instance, what it changes, whether it does not fit the record any more, what becomes
    of lines and of computed values, whether the record is to be deleted, or to come into force."""

    instance: str
    event: Event
    conflict: bool
    lines: Sequence[Lines] = ()
    computed: Sequence[Change] = ()
    deletes: bool = False
    comes: bool = False


def saved(done: Written | None) -> str:
    """What is said after a save."""
    if done is None or done.pending is None:
        return gettext("Saved.")
    return waits(done.pending)


def waits(pending: Pending | None = None) -> str:
    """What is said when a save waits, or a deletion."""
    if pending is not None and pending.kind == "delete":
        return gettext("The deletion waits for approval. Until it is given, the record stays as it is.")
    if pending is not None and pending.kind == "create":
        return gettext("The new record waits for approval. Until it is given, it is in no list and no sum.")
    return gettext("The change waits for approval. Until it is given, the present values stay in force.")


def told(answer: Response, pending: Pending) -> Response:
    """The answer to a script whose change waits: the sentence, and where the workflow is that it waits for."""
    answer.status_code = WAITS
    for name, text in (
        ("", waits(pending)),
        ("-At", f"/tasks/flows/{pending.instance}"),
        ("-Link", gettext("See the request")),
    ):
        answer.headers[f"X-Waits{name}"] = quote(text)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def waiting(
    session: Session, access: ObjectAccess, record_id: str, blocks: Mapping[str, Block] | None = None
) -> Sequence[Waiting]:
    """The changes of a record that wait, as far as the caller may see them.

    ``blocks``: where its form shows its lines, by relation.
    """
    if not locks.workflows(session, access.object):
        return ()
    rows = previews.shown(session, access, record_id, open_only=True)
    names = {one.id: one.title for one in everybody(session.snapshot).users.values()} if rows else {}
    entries = [
        {
            "at": row["created_at"], "actor": {"title": names.get(row["created_by"], "")}, "channel": "workflow",
            "action": "updated",
            "changes": pairs(row[which]),
        }
        for which in ("changes", "computed") for row in rows
    ]  # fmt: skip
    events = history(session, access, entries)
    return [
        Waiting(row["instance"], event, row["state"] == "conflict",
                wished_lines(session, access.object.name, row["lines"], blocks or {}),
                follows.changes, row["kind"] == "delete",
                row["kind"] == "create")
        for row, event, follows in zip(rows, events[: len(rows)], events[len(rows) :], strict=True)
    ]  # fmt: skip
