"""Why somebody can, or cannot, do something with a record: every way that a right could come from, does it hold.

It asks engine.access and decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.base.errors import NotFound
from runtime.base.sqltext import Sql, join
from runtime.engine import reading
from runtime.engine.access import SCOPED, ObjectAccess, object_access
from runtime.engine.accounts import demand_administration
from runtime.engine.workspace import Person, Session
from runtime.meta.model import ObjectDef
from runtime.store.binder import Frame, TableBinder
from runtime.store.ids import is_id


@dataclass(frozen=True)
class Reason:
    """One way in which a right may be given, and whether it holds for the record."""

    role: str
    scope: str
    formula: bool
    holds: bool


@dataclass(frozen=True)
class Answer:
    """One right: given or not, and why."""

    right: str
    given: bool
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Explained:
    """Everything about one person and one record. ``parent`` is the object whose rights a line follows."""

    person: Person
    object: ObjectDef
    title: str
    owner: str
    deleted: bool
    answers: Sequence[Answer]
    fields: Sequence[tuple[str, str]]
    parent: ObjectDef | None = None


def explain(session: Session, user_id: str, object_name: str, record_id: str) -> Explained:
    """The rights of a person on a record, for an administrator. Raises Forbidden, NotFound."""
    demand_administration(session)
    definition = session.model.object(object_name)
    if definition is None or not is_id(user_id) or not is_id(record_id):
        raise NotFound()
    person = session.snapshot.person(user_id)
    own = object_access(session.snapshot, session.person, definition)
    access = object_access(session.snapshot, person, definition)
    place = session.layout.object(definition.name)
    rows = session.database.rows(
        Sql(
            f"SELECT r.title, coalesce(nullif(u.full_name, ''), u.name), r.deleted_at IS NOT NULL FROM {place.table} r "
            f"LEFT JOIN {session.layout.system('s_user')} u ON u.id = r.owner_id WHERE r.id = %s::uuid",
            (record_id,),
        )
    )
    if not rows:
        raise reading.not_found(definition)
    title, owner, deleted = rows[0]
    shown = str(title or "") if seen(session, own, record_id) else ""
    levels = [(one.label["en"], access.level(name)) for name, one in definition.fields.items()] if own.everything else [
        (one.label["en"], access.level(name)) for name, one in definition.fields.items() if own.visible(name)
    ]  # fmt: skip
    answers = [answer(session, access, right, record_id) for right in SCOPED]
    parent = access.parent.object if access.parent is not None else None
    return Explained(person, definition, shown, owner or "", bool(deleted), answers, levels, parent)


def seen(session: Session, access: ObjectAccess, record_id: str) -> bool:
    """True when the administrator himself may read the record: its title is his to see then."""
    try:
        reading.get(session, access.object.name, record_id, reading.Ask(fields=("id",)))
    except NotFound:
        return False
    return True


def answer(session: Session, access: ObjectAccess, right: str, record_id: str) -> Answer:
    """One right on one record: every way, and the criterion itself."""
    at, asked = access, right
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    binder.env = session.snapshot.env(access.person)
    alias = binder.alias
    whole = access.criterion(right, binder)
    while at.parent is not None and at.object.owner_link is not None:
        binder = binder.at(binder.object, binder.alias, trusted=True).hop(at.object.owner_link.key)
        right, at = ("read" if right == "read" else "update"), at.parent
    ways = at.ways(right, binder)
    conditions = [whole or Sql("true"), *(one.holds for one in ways)]
    table = session.layout.object(access.object.name).table
    statement = Sql("SELECT ") + join(", ", [Sql("coalesce(") + one + ", false)" for one in conditions])
    statement = statement + f" FROM {table} {alias}" + frame.sql() + Sql(f" WHERE {alias}.id = %s::uuid", (record_id,))
    found = session.database.rows(frame.finish(statement))[0]
    reasons = [Reason(one.role, one.scope, one.formula, bool(found[number + 1])) for number, one in enumerate(ways)]
    return Answer(asked, bool(found[0]) and access.may(asked), reasons)
