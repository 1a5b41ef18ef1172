"""A repeated request has its effect once: the same key answers with what it did the first time."""

from __future__ import annotations

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine import reading
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.workspace import Session

OTHER = Message(
    "this Idempotency-Key was used for another request; use a new one", "该 Idempotency-Key 已用于其他请求，请更换"
)
KEPT_DAYS = 7
#: The status of a request whose change waits for an approval.
WAITS = 202


def replay(session: Session, options: Options) -> Written | None:
    """What the key did before, or None. Raises Invalid when it was used for another request."""
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
    if status == WAITS:
        try:
            body, version = reading.get(session, record["object"], record["id"])
        except NotFound:
            body, version = b"null", 0  # A new line, which is not there before it is approved.
        pending = Pending(**record["pending"], version=version) if record["pending"] else None
        return Written(str(record["id"]), body, version, replayed=True, pending=pending)
    return Written(str(record["id"]), response.encode(), int(record["version"]), replayed=True)


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
