"""New records that wait for an approval: out of force until then, put into force by it, mended or given up.

A record is stored under every rule, with its lines, and taken out of force again in the same transaction
(:mod:`runtime.store.pending`). Until it is in force it has no effect on anything; it only holds its unique values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

from psycopg import errors as pg

from runtime.base.errors import Conflict, Locked, Message, Problem
from runtime.engine import reading
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.asking import Ask
from runtime.engine.keeping import Touch, keep
from runtime.engine.saving import Written
from runtime.engine.workspace import Session
from runtime.meta.model import SYSTEM_OBJECTS, ObjectDef
from runtime.store import flows, pending, records
from runtime.store.database import Connection, run
from runtime.store.ids import is_id
from runtime.store.layout import ObjectLayout

#: What the history calls it when a record comes into force.
APPROVED = "approved"
TAKEN = Message("another record has this value now", "该值现已被其他记录使用")
WAITS = Message(
    "this new record waits for approval, it cannot be changed or deleted until that is decided",
    "该新建记录正在等待审批，审批结束前不能修改或删除",
)


def family(
    session: Session, connection: Connection, definition: ObjectDef, ids: Sequence[str]
) -> list[tuple[ObjectLayout, list[str]]]:
    """Records with all lines that belong to them, each level behind the one above it."""
    found = [(session.layout.object(definition.name), list(ids))]
    for source, link in session.model.links_to.get(definition.name, ()):
        below = pending.lines(connection, session.layout.object(source.name), link.key, ids) if link.owned else []
        if below:
            found += family(session, connection, source, below)
    return found


def withhold(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> None:
    """Take a record that has just been stored out of force, with its lines: nothing is told, no sum counts it."""
    touches = []
    for place, ids in family(session, connection, definition, [record_id]):
        held = pending.hold(connection, place, ids)
        pending.silence(connection, place, ids)
        touches.append(Touch(place.object.name, held, gone=True))
    keep(session, connection, touches)


def reveal(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> bool:
    """Let the statements of a transaction see a record that waits; who calls takes that back. False where none waits.

    Raises Conflict.
    """
    found: list[str] = []
    for place, ids in family(session, connection, definition, [record_id]):
        with single(place):
            found += pending.lift(connection, place, ids)
    return record_id in found


@contextmanager
def single(place: ObjectLayout) -> Iterator[None]:
    """Raise Conflict for a unique value that another record has got: nobody held it while no workflow said so."""
    try:
        yield
    except pg.UniqueViolation as error:
        names = place.unique_fields.get(error.diag.constraint_name or "", ())
        raise Conflict(problems=[Problem("taken", TAKEN, field=name) for name in names]) from None


@contextmanager
def lifted(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> Iterator[None]:
    """Within, a record that waits can be written as any other; behind it, it waits again.

    After a refusal nothing has happened. Raises NotFound where none waits, Conflict.
    """
    with connection.transaction():
        before = family(session, connection, definition, [record_id])
        if not reveal(session, connection, definition, record_id):
            raise reading.not_found(definition)
        yield
        for place, ids in before:  # Lines that have gone meanwhile were never there.
            pending.silence(connection, place, ids)
        withhold(session, connection, definition, record_id)


def enter(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> bool:
    """Put a record into force with its lines; False where none waits. Raises Conflict for links to deleted records.

    Now it is told to all who wait for new records, and counts in every sum.
    """
    origin = records.Origin(session.user_id, session.channel, APPROVED, session.cause)
    touches = []
    for place, ids in family(session, connection, definition, [record_id]):
        with single(place):
            come = pending.enter(connection, place, ids, origin)
        touches.append(Touch(place.object.name, come))
    for one in touches:
        for identity in one.ids:
            attached(session, connection, session.model.objects[one.object], identity)
    keep(session, connection, touches)
    return bool(touches[0].ids)


def attached(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> None:
    """Raise Conflict when a link of a record leads to a deleted one."""
    place = session.layout.object(definition.name)
    for one in definition.fields.values():
        target = one.relates.target_object() if one.relates is not None and one.stored else None
        there = session.model.object(target) if target is not None and target not in SYSTEM_OBJECTS else None
        if there is None:
            continue
        rows = run(connection, records.link_targets(place, one.key, session.layout.object(there.name), record_id))
        if any(row[1] for row in rows):
            text = Message(
                f"{one.label['en']} is deleted: restore it, or choose another",
                f"“{one.label['zh']}”已被删除：请恢复，或另选其他记录",
            )
            raise Conflict(problems=[Problem("referenced", text, field=one.name)])


def drop(session: Session, connection: Connection, definition: ObjectDef, record_id: str) -> None:
    """Move a record that is not to come into force to the recycle bin, with its lines."""
    origin = records.Origin(session.user_id, session.channel, "deleted", session.cause)
    for place, ids in reversed(family(session, connection, definition, [record_id])):
        pending.drop(connection, place, ids, origin)


# -- who asks for one -------------------------------------------------------------------------------------------


def refuse(session: Session, access: ObjectAccess, record_id: str) -> None:
    """Raise Locked for a record that waits and is the caller's business, else NotFound."""
    reading.get(session, access.object.name, record_id, Ask(fields=("id",), pending=True))
    found = next(iter(flows.open_on(session.database, session.workspace.schema, [record_id]).values()), None)
    raise Locked(WAITS, code="locked", extra={"workflow_instance": found[0]} if found else {})


def mend(session: Session, object_name: str, record_id: str, work: Callable[[Session], Written]) -> Written:
    """Change a record that waits, as whoever it was returned to: ``work`` does it, in a session in which it is in
    force. Raises NotFound, Locked for everybody else."""
    access = demand_object(session.snapshot, session.person, object_name)
    place = session.layout.object(object_name)
    if session.applying or not is_id(record_id):
        raise reading.not_found(access.object)
    with session.database.transaction() as connection:
        inner = copy(session)
        inner.database = flows.Bound(connection)
        who = session.user_id
        instance = pending.lent(inner.database, place.schema, record_id, who) if who else None
        if instance is None or pending.version(inner.database, place, record_id) is None:
            refuse(session, access, record_id)
        inner.applying = instance
        with lifted(session, connection, access.object, record_id):
            done = work(inner)
    body, version = reading.get(session, object_name, record_id)
    return replace(done, body=body, version=version)


def may_mend(session: Session, record_id: str) -> bool:
    """Whether a record that waits was returned to the caller."""
    who = session.user_id
    return bool(who and pending.lent(session.database, session.workspace.schema, record_id, who))
