"""THE write path: the only way a record is created, changed, deleted or restored, from wherever it comes.

Access, defaults, normalising, formulas, conditions, validation, uniqueness, store with version, history and
event in one statement. After a refusal nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import NotFound, Unavailable
from runtime.engine import deletion, entering, forcing, idempotency, reading, storing
from runtime.engine.access import demand_object
from runtime.engine.drafts import Draft
from runtime.engine.flows import divert, divert_deletion
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.storing import RETRY
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Session, settled
from runtime.store.ids import new_id

DEFAULT = Options()
#: Two transactions stood in each other's way and the database took one of them back: it is done again.
CROSSED = (pg.DeadlockDetected, pg.SerializationFailure)

__all__ = ["Options", "Written", "create", "delete", "restore", "update"]


@settled
def create(session: Session, object_name: str, raw: Mapping[str, Any], options: Options = DEFAULT) -> Written:
    """A new record. Raises NotFound, Forbidden, Invalid, Conflict."""
    for _ in range(TRIES):
        done = idempotency.replay(session, options, object_name)
        if done is not None:
            return done
        access = demand_object(session.snapshot, session.person, object_name, None if options.trusted else "create")
        draft = Draft(new_id(), raw, owner=session.user_id)
        found = storing.write(session, access, draft, options, divert)
        if found is not None:
            stir(session, object_name)
            return found
    raise Unavailable(RETRY, extra={"retry_after": 1})


@settled
def update(
    session: Session, object_name: str, record_id: str, raw: Mapping[str, Any], options: Options = DEFAULT
) -> Written:
    """A changed record, or one whose change waits. Raises NotFound, Forbidden, Invalid, Conflict, Stale, Locked."""
    for _ in range(TRIES):
        done = idempotency.replay(session, options, object_name)
        if done is not None:
            return done
        access = demand_object(session.snapshot, session.person, object_name)
        try:
            draft = storing.read_draft(session, access, record_id, raw, options)
        except NotFound:
            return entering.mend(
                session, object_name, record_id, lambda inner: update(inner, object_name, record_id, raw, options)
            )
        if draft is None:
            continue
        found = storing.write(session, access, draft, options, divert)
        if found is not None:
            stir(session, object_name)
            return found
    raise Unavailable(RETRY, extra={"retry_after": 1})


@settled
def delete(session: Session, object_name: str, record_id: str, options: Options = DEFAULT) -> Pending | None:
    """Into the recycle bin, with what belongs to it, or the request that its deletion waits for.

    ``options.force``: what holds it is ended first. Raises NotFound, Forbidden, Invalid, Conflict, Stale, Locked.
    """
    force = None
    if options.force:
        demand_object(session.snapshot, session.person, object_name, "delete")
        force = partial(forcing.end_all, reason=forcing.demand(session, options.reason))
    for _ in range(TRIES):
        with suppress(*CROSSED):
            found = deletion.delete(session, object_name, record_id, options, divert_deletion, force)
            stir(session)
            return found
    raise Unavailable(RETRY, extra={"retry_after": 1})


@settled
def restore(session: Session, object_name: str, record_id: str) -> bytes:
    """Back from the recycle bin, with what went there with it; what has never been in force waits for its approval
    again. Raises NotFound, Forbidden, Conflict, Locked."""
    for _ in range(TRIES):
        with suppress(*CROSSED):
            deletion.restore(session, object_name, record_id, divert)
            stir(session)
            break
    else:
        raise Unavailable(RETRY, extra={"retry_after": 1})
    return reading.get(session, object_name, record_id)[0]
