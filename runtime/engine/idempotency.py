"""A repeated request has its effect once: the same key answers with the record of the first time, as it is now.

What was answered then is never sent again: its caller may have lost the right to read it since.
"""

from __future__ import annotations

from runtime.base.errors import Forbidden, Invalid, Message, NotFound, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import dump, load
from runtime.engine import reading
from runtime.engine.access import demand_object
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.workspace import Session

OTHER = Message(
    "this Idempotency-Key was used for another request; use a new one", "该 Idempotency-Key 已用于其他请求，请更换"
)
KEPT_DAYS = 7
#: The status of a request whose change waits for an approval.
WAITS = 202


def replay(session: Session, options: Options, object_name: str) -> Written | None:
    """What the key did before to a record of the object, or None.

    Raises Invalid when it was used for another request, NotFound when the caller may not know of the object any more.
    """
    if options.once is None or session.user_id is None:
        return None
    key, request = options.once
    stamp, asked, status, response = session.database.rows(
        Sql(
            f"SELECT l.stamp, i.request, i.status, i.response FROM {session.workspace.live_table} l "
            f"LEFT JOIN {session.layout.system('s_idempotency')} i ON i.user_id = %s::uuid AND i.key = %s",
            (session.user_id, key),
        )
    )[0]
    session.current(stamp)  # Who has lost his access meanwhile gets no answer of former days.
    if response is None:
        return None
    if bytes(asked) != request:
        raise Invalid(problems=[Problem("idempotency_key", OTHER)])
    record = load(response)
    record_id = str(record["id"])
    if status == WAITS:
        body, version = as_it_is(session, record["object"], record_id, b"null", 0)  # A new line is not there yet.
        pending = Pending(**record["pending"], version=version) if record["pending"] else None
        return Written(record_id, body, version, replayed=True, pending=pending)
    version = int(record["version"])
    unseen = dump({"id": record_id, "version": version})
    wanted = reading.Ask(expand=options.expand, numbers_as_text=options.numbers_as_text)
    body, version = as_it_is(session, object_name, record_id, unseen, version, wanted)
    return Written(record_id, body, version, replayed=True)


def as_it_is(
    session: Session, object_name: str, record_id: str, unseen: bytes, version: int, ask: reading.Ask = reading.WHOLE
) -> tuple[bytes, int]:
    """(JSON bytes, version) of a record as the caller may read it now, or what is given when he may not.

    Raises NotFound when he may not even know of the object.
    """
    try:
        return reading.get(session, object_name, record_id, ask)
    except (NotFound, Forbidden):
        demand_object(session.snapshot, session.person, object_name)
        return unseen, version


def forget_old(session: Session) -> int:
    """Remove keys older than a week."""
    rows = session.database.rows(
        Sql(
            f"DELETE FROM {session.layout.system('s_idempotency')} WHERE created_at < now() - "
            "make_interval(days => %s) RETURNING 1",
            (KEPT_DAYS,),
        )
    )
    return len(rows)
