"""A record together with its lines: stored in one transaction, refused or held back as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Invalid, Message, NotFound, Problem, Unavailable
from runtime.engine import entering, idempotency, parents, reading, storing
from runtime.engine.access import demand_object
from runtime.engine.assembling import MODES, Again, Compound, Lines, Outcome, Refused
from runtime.engine.drafts import Draft
from runtime.engine.flows import divert
from runtime.engine.saving import Options, Written
from runtime.engine.storing import RETRY
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Session, settled
from runtime.store.ids import new_id

DEFAULT = Options()
MOST_LINES = 2000

__all__ = ["Lines", "Outcome", "Refused", "save"]


@settled
def save(
    session: Session,
    object_name: str,
    record_id: str | None,
    raw: Mapping[str, Any],
    lines: Sequence[Lines],
    options: Options = DEFAULT,
) -> Written:
    """Store a new record (``record_id`` None) or a changed one with its lines.

    Raises NotFound, Forbidden, Stale, Conflict, Locked, Invalid; Refused when lines have something wrong.
    """
    if sum(len(one.of(mode)) for one in lines for mode in MODES) > MOST_LINES:
        text = Message(f"at most {MOST_LINES} lines at once", f"一次最多 {MOST_LINES} 行明细")
        raise Invalid(problems=[Problem("too_many", text)])
    for attempt in range(TRIES):
        done = idempotency.replay(session, options, object_name)
        if done is not None:
            return done
        access = demand_object(session.snapshot, session.person, object_name, "create" if record_id is None else None)
        draft = Draft(new_id(), raw, owner=session.user_id) if record_id is None else None
        try:
            with session.database.transaction() as connection:
                if record_id is not None:
                    if attempt:  # Somebody was faster, maybe with a line: nobody is once more.
                        parents.hold_one(session, connection, access.object, record_id)
                    draft = storing.read_draft(session, access, record_id, raw, options)
                if draft is None:
                    raise Again
                written = Compound(session, access, draft, lines, options, divert).run(connection)
            stir(session)
        except NotFound:
            if record_id is None or draft is not None:
                raise
            again = partial(save, object_name=object_name, record_id=record_id, raw=raw, lines=lines, options=options)
            return entering.mend(session, object_name, record_id, again)
        except (Again, pg.DeadlockDetected, pg.SerializationFailure, pg.UniqueViolation):
            session.settle()
            continue
        if not access.may("read") or not written.version:
            return written
        body, version = reading.get(session, object_name, written.id, reading.Ask(expand=options.expand))
        return Written(written.id, body, version, pending=written.pending)
    raise Unavailable(RETRY, extra={"retry_after": 1})
