"""What stands against deletions and changes of lines: which records are in force for a workflow that guards them.

It reads and decides; what is held then waits (:mod:`runtime.engine.proposing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runtime.base.errors import Message, Problem
from runtime.base.sqltext import EMPTY
from runtime.engine import guards
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft, stored_draft
from runtime.engine.guards import Guard, Wait
from runtime.engine.parents import owners_in
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store import batches
from runtime.store.binder import Frame, TableBinder

MOVED = Message(
    "changes of these lines need an approval, so a line cannot be moved to another record: delete it and add it there",
    "该明细的变更须经审批，不能移到其他记录：请删除后在目标记录中新增",
)


def standing(session: Session, access: ObjectAccess, ids: Iterable[str]) -> list[Draft]:
    """Live records as they are stored, whoever may read them."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    place = session.layout.object(access.object.name)
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    statement = batches.find_by(place, binder.alias, frame.sql(), "id", "uuid", wanted, [EMPTY] * 3)
    rows = session.database.rows(frame.finish(statement))
    return [stored_draft(place, row[1:6], row[-5:], {}, stands=True) for row in rows]


def in_force(
    session: Session, definition: ObjectDef, asked: Sequence[Guard], ids: Iterable[str], *, goes: bool = False
) -> dict[str, list[Guard]]:
    """By record: those of the guards that hold for it as it stands; ``goes``: it is about their deletion."""
    mine = [one for one in asked if one.workflow != session.workflow]
    if not mine or guards.free(session):
        return {}
    access = object_access(session.snapshot, session.person, definition)
    drafts = standing(session, access, ids)
    for one in drafts:
        one.goes = goes
    found: dict[str, list[Guard]] = {}
    for guard in mine:
        for draft, holds in zip(drafts, guards.in_force(session, access, guard, drafts), strict=True):
            if holds:
                found.setdefault(draft.id, []).append(guard)
    return found


def deletions(session: Session, definition: ObjectDef, ids: Iterable[str]) -> dict[str, list[Guard]]:
    """By record: the guards of its deletion."""
    asked = [one for one in guards.guards_of(session, definition) if one.deletes]
    return in_force(session, definition, asked, ids, goes=True) if asked else {}


def owner_of(session: Session, definition: ObjectDef) -> ObjectDef | None:
    """The object that records of another belong to, where a workflow guards such lines of it."""
    link = definition.owner_link
    parent = session.model.object(link.relates.target_object()) if link is not None and link.relates else None
    if parent is None or not any(definition.key in one.lines for one in guards.guards_of(session, parent)):
        return None
    return parent


def of_lines(session: Session, definition: ObjectDef, owners: Iterable[str]) -> dict[str, list[Guard]]:
    """By record that lines of an object belong to: the guards of those lines."""
    parent = owner_of(session, definition)
    if parent is None:
        return {}
    asked = [one for one in guards.guards_of(session, parent) if definition.key in one.lines]
    return in_force(session, parent, asked, owners)


def cleared(session: Session, definition: ObjectDef, key: str, ids: Iterable[str]) -> dict[str, list[Guard]]:
    """By record: the guards of a field that a deletion elsewhere would blank."""
    asked = [one for one in guards.guards_of(session, definition) if key in one.keys]
    return in_force(session, definition, asked, ids) if asked else {}


def owners(session: Session, definition: ObjectDef, ids: Iterable[str]) -> dict[str, str]:
    """By line: the record that it belongs to."""
    link = definition.owner_link
    access = object_access(session.snapshot, session.person, definition)
    drafts = standing(session, access, ids) if link is not None else []
    return {one.id: str(one.values[link.key]) for one in drafts if link is not None and one.values.get(link.key)}


def line_guards(session: Session, access: ObjectAccess, drafts: Sequence[Draft], *, bypass: bool) -> dict[str, Wait]:
    """By draft of a line: the guards of the lines of the record that it belongs to.

    Raises Forbidden for who may not go without an approval. A line that is moved between records gets a problem: that
    would be two changes of two records.
    """
    definition = access.object
    if owner_of(session, definition) is None:
        return {}
    guards.demand_bypass(access, bypass)
    belong = {one.id: owners_in(definition, one) for one in drafts if one.new or one.changed()}
    held = of_lines(session, definition, set().union(*belong.values()))
    found: dict[str, Wait] = {}
    for draft in drafts:
        changed = None if draft.new else draft.changed()
        for owner in sorted(belong.get(draft.id, ())):
            asked = [one for one in held.get(owner, ()) if one.holds_line(definition.key, changed)]
            if asked or (owner in held and len(belong[draft.id]) > 1):
                found[draft.id] = Wait(asked or held[owner], owner)
                break
    found = guards.released(session, access, found, bypass)
    for draft in drafts:
        if draft.id in found and len(belong[draft.id]) > 1:
            draft.problems.append(Problem("moved_line", MOVED, field=definition.owner_link.name))  # type: ignore[union-attr]
            del found[draft.id]
    return found


def only(session: Session, access: ObjectAccess, record_id: str) -> Draft | None:
    """One live record as it stands, None when there is none."""
    return next(iter(standing(session, access, [record_id])), None)


def removals(session: Session, access: ObjectAccess, ids: Sequence[str], *, bypass: bool) -> dict[str, Wait]:
    """By record: why its deletion has to wait. Raises Forbidden for who may not go without an approval."""
    guards.demand_bypass(access, bypass)
    definition = access.object
    found = {one: Wait(held) for one, held in deletions(session, definition, ids).items()}
    if owner_of(session, definition) is not None:
        belong = owners(session, definition, ids)
        held = of_lines(session, definition, set(belong.values()))
        found |= {one: Wait(held[upper], upper) for one, upper in belong.items() if upper in held}
    return guards.released(session, access, found, bypass)
