"""What has become of the line items of a record since a moment, as far as the caller may see it. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import load
from runtime.engine import reading, trail
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, Reverse
from runtime.store.layout import HELD

#: How many lines are told of one relation, and how many entries of their histories are looked at.
MOST = 200
ENTRIES = 5_000
#: What a line was not there before.
COMING = ("created", "restored")


@dataclass(frozen=True)
class LineChange:
    """One line: ``what`` is added, removed or changed; old and new values by field, None for blank."""

    id: str
    title: str
    what: str
    changes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Related:
    """The lines of one relation that are not what they were; ``more`` of them are not listed."""

    relation: Reverse
    access: ObjectAccess
    lines: Sequence[LineChange]
    more: int = 0


@dataclass
class Entry:
    """What the history says of one line since the moment: whether it was there, and its values then and now."""

    was: bool
    stands: bool
    changes: dict[str, dict[str, Any]]

    @property
    def what(self) -> str:
        """``added``, ``removed``, ``changed``, or '' for a line that is of no interest."""
        if self.was and self.stands:
            return "changed" if self.changes else ""
        return "added" if self.stands else "removed" if self.was else ""


def since(session: Session, access: ObjectAccess, record_id: str, moment: datetime) -> list[Related]:
    """The lines of a record, which the caller may read, that were added, removed or changed since a moment.

    What came and went again meanwhile is not told, nor is a line that was moved to another record.
    """
    found = []
    for relation in session.model.reverses.get(access.object.name, {}).values():
        if not relation.owned:
            continue
        lines = object_access(session.snapshot, session.person, session.model.objects[relation.source])
        if lines.may("read"):
            made = of_relation(session, relation, lines, record_id, moment)
            if made.lines:
                found.append(made)
    return found


def of_relation(session: Session, relation: Reverse, access: ObjectAccess, record_id: str, moment: datetime) -> Related:
    """The lines of one relation that are not what they were, in the order in which they were made."""
    link = access.object.fields[relation.field]
    entries = {}
    for line, gone, told in histories(session, access, link, record_id, moment):
        one = entry(access, link, record_id, gone, told)
        if one.what:
            entries[line] = one
    shown = sorted(entries)[:MOST]
    names = [one.name for one in access.object.fields.values() if entered(access, one) and one is not link]
    rows = {
        **values(session, access, names, [one for one in shown if entries[one].stands]),
        **values(session, access, names, [one for one in shown if not entries[one].stands], deleted=True),
    }
    made = []
    for line in shown:
        one, row = entries[line], rows.get(line)
        if row is not None:
            made.append(LineChange(line, str(row["_title"]), one.what, told_of(one, names, row)))
    return Related(relation, access, made, len(entries) - len(shown))


def entered(access: ObjectAccess, field: FieldDef) -> bool:
    """True for a field that somebody fills in and that the caller may know of."""
    return field.stored and field.computed is None and access.visible(field.name)


def histories(
    session: Session, access: ObjectAccess, link: FieldDef, record_id: str, moment: datetime
) -> list[tuple[str, bool, list[Any]]]:
    """(id, deleted, [(action, before, after)]) of the lines that belong to a record and have moved since."""
    place = session.layout.object(access.object.name)
    column = ident(place.places[link.key].column or "")
    history = session.layout.system("s_history")
    lines = (  # Two parts, for each has an index of its own.
        f"SELECT id, false AS gone FROM {place.table} WHERE {column} = %s::uuid AND deleted_at IS NULL UNION ALL "
        f"SELECT id, true FROM {place.table} WHERE {column} = %s::uuid AND deleted_at > %s AND deleted_at < {HELD}"
    )
    rows = session.database.rows(Sql(
        f"SELECT t.id::text, t.gone, h.action, h.before, h.after FROM ({lines}) t "
        f"JOIN {history} h ON h.record_id = t.id AND h.object_key = %s AND h.at > %s "
        "ORDER BY t.id, h.version LIMIT %s",
        (record_id, record_id, moment, access.object.key, moment, ENTRIES)))  # fmt: skip
    found: dict[str, tuple[str, bool, list[Any]]] = {}
    for line, gone, action, before, after in rows:
        told = (action, load(before) if before else {}, load(after) if after else {})
        found.setdefault(line, (line, gone, []))[2].append(told)
    return list(found.values())


def entry(access: ObjectAccess, link: FieldDef, record_id: str, gone: bool, told: Sequence[Any]) -> Entry:
    """What the history of one line amounts to: the first old and the last new value of each field."""
    was = told[0][0] not in COMING
    owners = [before[link.key] for action, before, _ in told if link.key in before and action not in COMING]
    if was and owners:
        was = owners[0] == record_id
    folded: dict[str, dict[str, Any]] = {}
    for action, before, after in told:
        if action in COMING:
            continue
        for name, change in trail.changes(access, before, after).items():
            folded.setdefault(name, {"old": change["old"]})["new"] = change["new"]
    folded.pop(link.name, None)
    return Entry(was, not gone, {name: one for name, one in folded.items() if one["old"] != one["new"]})


def values(
    session: Session, access: ObjectAccess, names: Sequence[str], ids: Sequence[str], *, deleted: bool = False
) -> dict[str, Mapping[str, Any]]:
    """The lines as they stand, with what they are called, as far as the caller may read them."""
    if not ids:
        return {}
    ask = reading.Ask(fields=tuple(names), ids=tuple(ids), limit=MOST, sort=("id",), titled=True, deleted=deleted)
    _, page = reading.page(session, access, ask)
    return {str(one["id"]): one for one in map(load, page.records)}


def told_of(one: Entry, names: Sequence[str], row: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Old and new values: of what has changed, or of the whole line where it came or went."""
    if one.what == "changed":
        return one.changes
    if one.what == "added":
        return {name: {"old": None, "new": row.get(name)} for name in names}
    earlier = {name: change["old"] for name, change in one.changes.items()}  # As it was, not as it went.
    return {name: {"old": earlier.get(name, row.get(name)), "new": None} for name in names}
