"""A repeated request has its effect once: the same key answers with what it did the first time."""

from __future__ import annotations

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine.storing import Options, Written
from runtime.engine.workspace import Session

OTHER = Message(
    "this Idempotency-Key was used for another request; use a new one", "该 Idempotency-Key 已用于其他请求，请更换"
)
KEPT_DAYS = 7


def replay(session: Session, options: Options) -> Written | None:
    """What the key did before, or None. Raises Invalid when it was used for another request."""
    if options.once is None or session.user_id is None:
        return None
    key, request = options.once
    row = session.database.row(
        Sql(
            f"SELECT request, response FROM {session.layout.system('s_idempotency')} WHERE user_id = %s::uuid AND key = %s",
            (session.user_id, key),
        )
    )
    if row is None:
        return None
    if bytes(row[0]) != request:
        raise Invalid(problems=[Problem("idempotency_key", OTHER)])
    return Written(str(load(row[1])["id"]), row[1].encode(), replayed=True)


def forget_old(session: Session) -> int:
    """Remove keys older than a week."""
    rows = session.database.rows(
        Sql(
            f"DELETE FROM {session.layout.system('s_idempotency')} WHERE created_at < now() - make_interval(days => %s) RETURNING 1",
            (KEPT_DAYS,),
        )
    )
    return len(rows)
