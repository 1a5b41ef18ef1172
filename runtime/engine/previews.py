"""What computed values of a record would be if a change that waits were put into force: tried and taken back.

Nothing of it is stored, so that it is never older than what it follows from, and is read by the rights of who looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import DougongError
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine import adopting, proposed, reading
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.workspace import Session
from runtime.store import flows, proposals
from runtime.store.database import Connection, run

#: Who only looks does not stand in the way of who decides for longer than this.
PATIENCE = "500ms"
#: It cannot be tried just now: somebody else holds what it would change.
BUSY = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure)


def computed(session: Session, access: ObjectAccess, instance: str) -> list[dict[str, Any]]:
    """The computed fields that would have another value, with both, as far as the caller may read them.

    Nothing where the change could not be put into force now, or where somebody is changing the record at this moment.
    """
    fields = access.object.fields.values()
    names = [one.name for one in fields if one.computed is not None and access.readable(one.name)]
    one = proposals.read(session.database, session.workspace.schema, instance) if names else None
    if one is None or one.state not in proposals.OPEN or one.kind not in (proposals.UPDATE, proposals.LINES):
        return []
    try:
        with session.database.transaction() as connection, connection.transaction(force_rollback=True):
            run(connection, Sql(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            return tried(session, connection, access, one, names)
    except (DougongError, *BUSY):
        return []


def tried(
    session: Session, connection: Connection, access: ObjectAccess, one: proposals.Proposal, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Both values of the fields, within a transaction. Raises DougongError."""
    now = values(session, connection, access, one.record_id, names)
    with adopting.as_proposed(session, connection, one.instance):
        then = values(session, connection, access, one.record_id, names)
    return [{"field": name, "old": now.get(name), "new": then.get(name)} for name in names
            if now.get(name) != then.get(name)]  # fmt: skip


def values(
    session: Session, connection: Connection, access: ObjectAccess, record_id: str, names: Sequence[str]
) -> Mapping[str, Any]:
    """Fields of the record as the caller may read them at this point of a transaction. Raises NotFound."""
    reader = copy(session)
    reader.database = flows.Looking(connection)
    body, _ = reading.get(reader, access.object.name, record_id, reading.Ask(fields=tuple(names)))
    found: Mapping[str, Any] = load(body)
    return found


def shown(session: Session, access: ObjectAccess, record_id: str, *, open_only: bool = False) -> list[dict[str, Any]]:
    """The proposals about a record (:func:`runtime.engine.proposed.shown`), with the computed values of open ones."""
    found = proposed.shown(session, access, record_id, open_only=open_only)
    for one in found:
        one["computed"] = computed(session, access, one["instance"]) if one["state"] in proposals.OPEN else []
    return found


def of_record(session: Session, object_name: str, record_id: str, *, open_only: bool = False) -> list[dict[str, Any]]:
    """The proposals about a record that the caller may read. Raises NotFound."""
    reading.get(session, object_name, record_id)
    access = demand_object(session.snapshot, session.person, object_name)
    return shown(session, access, record_id, open_only=open_only)


def of_instance(session: Session, row: flows.Row) -> list[dict[str, Any]]:
    """The computed values that the change of an instance would move, [] for one that is about none."""
    if row.kind != "proposal" or row.object_key not in session.layout.names:
        return []
    definition = session.model.objects[session.layout.names[row.object_key]]
    return computed(session, object_access(session.snapshot, session.person, definition), row.id)
