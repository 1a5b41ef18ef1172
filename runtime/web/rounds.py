"""What has changed in a record and its lines since it was submitted, in words and shown values. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from runtime.engine import linehistory, trail
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.linehistory import LineChange, Related
from runtime.engine.workspace import Session
from runtime.web.layout import Block
from runtime.web.shown import Change
from runtime.web.shown import history as shown_history
from runtime.web.texts import page_language


@dataclass(frozen=True)
class Line:
    """One line of a record: ``what`` is added, removed or changed."""

    title: str
    what: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class Lines:
    """The lines of one relation that are not what they were; ``more`` are not listed."""

    label: str
    lines: Sequence[Line]
    more: int


def changed(session: Session, access: ObjectAccess, record_id: str, since: datetime,
            hidden: Sequence[str]) -> list[Change]:  # fmt: skip
    """The first old and the last new value of every field that has changed since a moment."""
    found: dict[str, dict[str, Any]] = {}
    for entry in reversed(trail.history(session, access.object.name, record_id)):
        if datetime.fromisoformat(entry["at"]) <= since or entry["action"] != "updated":
            continue
        for name, change in entry["changes"].items():
            found.setdefault(name, {"old": change["old"]})["new"] = change["new"]
    differ = {name: one for name, one in found.items() if one["old"] != one["new"] and name not in hidden}
    if not differ:
        return []
    return in_words(session, access, since, differ)


def in_words(session: Session, access: ObjectAccess, at: datetime, changes: Mapping[str, Any]) -> list[Change]:
    """Changes by field with their labels and shown values."""
    return list(shown_history(session, access, [entry_of(at, changes)])[0].changes)


def pairs(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Changes as rows (``field``, ``old``, ``new``), by field."""
    return {one["field"]: {"old": one["old"], "new": one["new"]} for one in rows}


def entry_of(at: datetime, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as an entry of a history."""
    return {"at": at.isoformat(), "actor": None, "channel": "", "action": "updated", "changes": changes}


def changed_lines(session: Session, access: ObjectAccess, record_id: str, since: datetime,
                  blocks: Mapping[str, Block]) -> list[Lines]:  # fmt: skip
    """The lines that were added, removed or changed since a moment.

    ``blocks``: where the form shows its lines, by relation; a whole line is told by the columns there.
    """
    found = linehistory.since(session, access, record_id, since)
    return [in_lines(session, one, since, blocks) for one in found]


def wished_lines(session: Session, object_name: str, lines: Sequence[Mapping[str, Any]],
                 blocks: Mapping[str, Block]) -> list[Lines]:  # fmt: skip
    """What would become of lines (:func:`runtime.engine.proposed.lines`), told as what has become of them is."""
    made = []
    reverses = session.model.reverses.get(object_name, {})
    for name in dict.fromkeys(str(one["relation"]) for one in lines):
        some = [one for one in lines if one["relation"] == name]
        access = object_access(session.snapshot, session.person, session.model.objects[reverses[name].source])
        changes = [{each["field"]: {"old": each["old"], "new": each["new"]} for each in one["changes"]} for one in some]
        found = [LineChange(str(one["id"]), str(one["title"]), str(one["what"]), told)
                 for one, told in zip(some, changes, strict=True)]  # fmt: skip
        made.append(in_lines(session, Related(reverses[name], access, found), datetime.now(UTC), blocks))
    return made


def in_lines(session: Session, found: Related, at: datetime, blocks: Mapping[str, Block]) -> Lines:
    """The lines of one relation in words; a whole line is told by the columns of the form."""
    block = blocks.get(found.relation.name)
    lines = [replace(one, changes=fitting(one, block.names if block else ())) for one in found.lines]
    events = shown_history(session, found.access, [entry_of(at, one.changes) for one in lines])
    single = found.access.object.label[page_language()]
    label = block.label[page_language()] if block and block.label else single
    told = [Line(one.title or single, one.what, event.changes) for one, event in zip(lines, events, strict=True)]
    return Lines(label, told, found.more)


def fitting(line: linehistory.LineChange, columns: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What is told of a line: all that has changed in it, or the columns of one that came or went, less the blank."""
    if line.what == "changed":
        return line.changes
    names = [one for one in columns if one in line.changes] if columns else list(line.changes)
    blank: Sequence[Any] = (None, [], "")
    return {
        name: line.changes[name]
        for name in names
        if line.changes[name]["old"] not in blank or line.changes[name]["new"] not in blank
    }
