"""The record that lines belong to moves on with them: its version and its history, so that who has seen others is told.

Lines saved with their record do that there (:mod:`runtime.engine.assembling`); here are those saved by themselves. The
records are held before their lines are touched and in the order of their ids, as a save with lines does it, so that two
writers wait for each other and never in a circle. Objects without owned lines ask and write nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runtime.engine import keeping
from runtime.engine.drafts import Draft
from runtime.engine.trail import LINES_CHANGED
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store import parents
from runtime.store.database import Connection, run
from runtime.store.ids import is_id
from runtime.store.records import Origin


def above(session: Session, definition: ObjectDef) -> ObjectDef | None:
    """The object that records of another belong to, None for one that stands by itself."""
    link = definition.owner_link
    return session.model.object(link.relates.target_object()) if link is not None and link.relates else None


def owners_in(definition: ObjectDef, draft: Draft) -> set[str]:
    """The records that a line belongs to and, where it is moved, belonged to."""
    link = definition.owner_link
    known = [values.get(link.key) for values in (draft.values, draft.before or {})] if link else []
    return {str(one) for one in known if one}


def owners(definition: ObjectDef, drafts: Iterable[Draft]) -> set[str]:
    """The records that lines which come or change belong to, or belonged to."""
    moving = (one for one in drafts if one.new or one.changed() or one.owner != one.owner_before)
    return set().union(*(owners_in(definition, one) for one in moving))


def of_lines(session: Session, connection: Connection, definition: ObjectDef, ids: Sequence[str]) -> set[str]:
    """The records that stored lines belong to."""
    link = definition.owner_link
    if link is None or above(session, definition) is None or not ids:
        return set()
    rows = run(connection, parents.above(session.layout.object(definition.name), link.key, ids))
    return {row[0] for row in rows}


def hold(session: Session, connection: Connection, definition: ObjectDef, ids: Iterable[str]) -> None:
    """Hold the records that lines of an object belong to, before one of them is touched."""
    parent, wanted = above(session, definition), sorted(set(ids))
    if parent is not None and wanted:
        run(connection, parents.hold(session.layout.object(parent.name), wanted))


def hold_one(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> None:
    """Hold one record that may be saved with its lines."""
    if is_id(record_id):
        run(connection, parents.hold(session.layout.object(definition.name), [record_id]))


def follow(session: Session, connection: Connection, definition: ObjectDef, drafts: Sequence[Draft]) -> None:
    """The records that lines which are stored by themselves belong to, or belonged to, move on.

    The history of a record names the lines that were moved away from it: by nothing else they could be found again.
    """
    link = definition.owner_link
    left: dict[str, list[str]] = {}
    for one in drafts:
        was = (one.before or {}).get(link.key) if link is not None else None
        if link is not None and was and was != one.values.get(link.key):
            left.setdefault(str(was), []).append(one.id)
    move(session, connection, definition, owners(definition, drafts), left)


def move(
    session: Session, connection: Connection, definition: ObjectDef, ids: Iterable[str],
    left: Mapping[str, Sequence[str]] | None = None,
) -> None:  # fmt: skip
    """The version of each of these records moves, for lines of ``definition`` that belong to them have changed.

    ``left``: by record, the lines that belong to another one now.
    """
    parent, wanted = above(session, definition), sorted(set(ids))
    if parent is not None and wanted:
        key = parents.left_key(session.layout.object(definition.name))
        advance(session, connection, parent, wanted, {one: {key: sorted(lines)} for one, lines in (left or {}).items()})


def advance(
    session: Session, connection: Connection, definition: ObjectDef, ids: Sequence[str],
    left: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> dict[str, int]:  # fmt: skip
    """The lines of these records have changed: their versions afterwards, of those that are there."""
    origin = Origin(session.user_id, session.channel, LINES_CHANGED)
    place = session.layout.object(definition.name)
    found = dict(run(connection, parents.moved(place, ids, origin, left or {})))
    keeping.keep(session, connection, [keeping.Touch(definition.name, sorted(found), frozenset())])
    return found
