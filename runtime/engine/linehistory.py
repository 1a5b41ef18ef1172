"""What has become of the line items of a record since a moment, as far as the caller may see it. It changes nothing.

Which lines there are to look at is found by indexes alone: those that belong to the record, those of it in the recycle
bin, and those that the record's own history names because they were moved elsewhere (:mod:`runtime.engine.parents`).
What has become of each is then read from its own history, so that whoever came and went again, by whichever way, is no
change. A line that was moved away is told as removed to those alone who may read it where it is now, and nobody is told
where that is. For a line has the rights of its record: its values stand in its row of now, by which they are read, and
what has been written there since is as little for others as that it is there. Who may not read it there sees that it is
not among the lines any more, as he would of one that was never told him, and learns nothing of the other record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import load
from runtime.engine import reading, trail
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.asking import Ask
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, ObjectDef, Reverse
from runtime.store import parents
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
    """The lines of one relation that are not what they were; at least ``more`` of them are not listed."""

    relation: Reverse
    access: ObjectAccess
    lines: Sequence[LineChange]
    more: int = 0


@dataclass(frozen=True)
class Line:
    """A line to look at: how its row is read now, whether it belongs to the record now, and what its history says
    since the moment, (action, before, after) of each entry."""

    ask: Ask
    mine: bool
    told: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]

    @property
    def stands(self) -> bool:
        """True for one of the record's lines, also while both wait for the approval of their coming."""
        return self.mine and not self.ask.deleted


#: How a row is read that is in force, in the recycle bin, or waits with its record.
STATES = {"": Ask(), "deleted": Ask(deleted=True), "pending": Ask(pending=True)}


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

    What came and went again meanwhile is not told. A line that was moved here is added, one that was moved away is
    removed, where the caller may read it.
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
    lines = histories(session, access, link, record_id, moment)
    entries = {line: entry(access, link, record_id, one) for line, one in lines.items()}
    changed = {line: lines[line] for line, one in entries.items() if one.what}
    hidden = unreadable(session, access, changed)
    told = [line for line in sorted(changed) if line not in hidden]
    shown = told[:MOST]
    names = [one.name for one in access.object.fields.values() if entered(access, one) and one is not link]
    rows = values(session, access, names, {line: changed[line] for line in shown})
    made = []
    for line in shown:
        one, row = entries[line], rows.get(line)
        if row is not None:
            made.append(LineChange(line, str(row["_title"]), one.what, told_of(one, names, row)))
    return Related(relation, access, made, len(told) - len(shown))


def entered(access: ObjectAccess, field: FieldDef) -> bool:
    """True for a field that somebody fills in and that the caller may know of."""
    return field.stored and field.computed is None and access.visible(field.name)


def histories(
    session: Session, access: ObjectAccess, link: FieldDef, record_id: str, moment: datetime
) -> dict[str, Line]:
    """By id: the lines that belong to a record, or did, and have moved since."""
    rows = session.database.rows(asked(session, access, link, record_id, moment))
    found: dict[str, Line] = {}
    for line, state, mine, action, before, after in rows[:ENTRIES]:
        told = (action, load(before) if before else {}, load(after) if after else {})
        found.setdefault(line, Line(STATES[state], mine, [])).told.append(told)
    if len(rows) > ENTRIES and rows[ENTRIES][0] in found and len(found) > 1:
        del found[rows[ENTRIES][0]]  # Its story is cut: nothing is better than half of it.
    return found


def asked(session: Session, access: ObjectAccess, link: FieldDef, record_id: str, moment: datetime) -> Sql:
    """The statement behind :func:`histories`. Each of its parts has an index of its own."""
    place, history = session.layout.object(access.object.name), session.layout.system("s_history")
    column = ident(place.places[link.key].column or "")
    upper = above(session, link)
    lines = Sql(
        f"SELECT id, deleted_at, true AS mine FROM {place.table} WHERE {column} = %s::uuid AND deleted_at IS NULL "
        f"UNION ALL SELECT id, deleted_at, true FROM {place.table} WHERE {column} = %s::uuid AND deleted_at > %s "
        f"UNION ALL SELECT m.id, m.deleted_at, false FROM (SELECT DISTINCT l.id::uuid FROM {history} p "
        "CROSS JOIN LATERAL jsonb_array_elements_text(p.before->%s) AS l(id) "
        "WHERE p.record_id = %s::uuid AND p.object_key = %s AND p.at > %s AND p.action = %s) l "
        f"JOIN {place.table} m ON m.id = l.id WHERE m.{column} IS DISTINCT FROM %s::uuid",
        (record_id, record_id, moment, parents.left_key(place), record_id, upper.key, moment, trail.LINES_CHANGED,
         record_id),
    )  # fmt: skip
    return (
        Sql("SELECT t.id::text, CASE WHEN t.deleted_at IS NULL THEN '' "
            f"WHEN t.deleted_at = {HELD} THEN 'pending' ELSE 'deleted' END, "
            "t.mine, h.action, h.before, h.after FROM (")
        + lines
        # Not joined as a whole: where lines are thought to be many, all of the history would be read for a few.
        + Sql(f") t CROSS JOIN LATERAL (SELECT version, action, before, after FROM {history} "
              "WHERE record_id = t.id AND object_key = %s AND at > %s OFFSET 0) h "
              f"ORDER BY t.id, h.version LIMIT {ENTRIES + 1:d}", (access.object.key, moment))
    )  # fmt: skip


def above(session: Session, link: FieldDef) -> ObjectDef:
    """The object of the record that lines belong to."""
    upper = session.model.object(link.relates.target_object()) if link.relates else None
    assert upper is not None, "an owned link leads to an object of the model"
    return upper


def entry(access: ObjectAccess, link: FieldDef, record_id: str, line: Line) -> Entry:
    """What the history of one line amounts to: the first old and the last new value of each field."""
    was = line.told[0][0] not in COMING
    moves = (before.get(link.key) for action, before, after in line.told
             if action not in COMING and (link.key in before or link.key in after))  # fmt: skip
    if was:
        was = next(moves, record_id if line.mine else None) == record_id
    folded: dict[str, dict[str, Any]] = {}
    for action, before, after in line.told:
        if action in COMING:
            continue
        for name, change in trail.changes(access, before, after).items():
            folded.setdefault(name, {"old": change["old"]})["new"] = change["new"]
    folded.pop(link.name, None)
    return Entry(was, line.stands, {name: one for name, one in folded.items() if one["old"] != one["new"]})


def unreadable(session: Session, access: ObjectAccess, lines: Mapping[str, Line]) -> set[str]:
    """Those of the lines that the caller may not read where they are now; those of his record he may."""
    away = {line: one for line, one in lines.items() if not one.mine}
    return away.keys() - {line for line, _ in rows_of(session, access, Ask(fields=("id",)), away)}


def values(
    session: Session, access: ObjectAccess, names: Sequence[str], lines: Mapping[str, Line]
) -> dict[str, Mapping[str, Any]]:
    """The lines as they stand, with what they are called, as far as the caller may read them."""
    return dict(rows_of(session, access, Ask(fields=tuple(names), titled=True), lines))


def rows_of(
    session: Session, access: ObjectAccess, ask: Ask, lines: Mapping[str, Line]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(id, what is asked of it) of those of the lines that the caller may read, each as its row is read."""
    for state in STATES.values():
        ids = [line for line, one in lines.items() if one.ask is state]
        for start in range(0, len(ids), MOST):
            some = tuple(ids[start : start + MOST])
            wanted = replace(ask, ids=some, limit=MOST, sort=("id",), deleted=state.deleted, pending=state.pending)
            _, page = reading.page(session, access, wanted)
            yield from ((str(one["id"]), one) for one in map(load, page.records))


def told_of(one: Entry, names: Sequence[str], row: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Old and new values: of what has changed, or of the whole line where it came or went."""
    if one.what == "changed":
        return one.changes
    if one.what == "added":
        return {name: {"old": None, "new": row.get(name)} for name in names}
    earlier = {name: change["old"] for name, change in one.changes.items()}  # As it was, not as it went.
    return {name: {"old": earlier.get(name, row.get(name)), "new": None} for name in names}
