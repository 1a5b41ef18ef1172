"""A deletion by force: administrators end what holds a record and delete it, with a reason, in one transaction."""

from __future__ import annotations

from typing import Any

from runtime.base.errors import Forbidden, Invalid, Message, Problem, Stale
from runtime.engine import audit, reading
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import Command
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store import flows, outbox, pending, proposals
from runtime.store.database import Connection

LONGEST = 2_000
EVENT = "deleted_by_force"
ONLY = Message("only an administrator may delete a record by force", "只有管理员可以强制删除记录")


def demand(session: Session, reason: Any) -> str:
    """The reason of who may. Raises Forbidden for everybody but administrators, Invalid without a reason."""
    if not session.person.administrator:
        raise Forbidden(ONLY)
    text = reason.strip() if isinstance(reason, str) else ""
    if not text or len(text) > LONGEST or "\0" in text:
        said = Message(f"give a reason of at most {LONGEST} characters", f"请填写原因，不超过 {LONGEST} 字")
        raise Invalid(problems=[Problem("reason", said, field="reason")])
    return text


def end_all(
    session: Session, connection: Connection, definition: ObjectDef, record_id: str, version: int, reason: str
) -> None:
    """End every workflow on a record; it is the caller's until the end of his transaction.

    Raises Stale when the record has changed since ``version``. Instances come before their record, as for every
    command; one that began meanwhile is found once the record is ours.
    """
    schema, bound = session.workspace.schema, flows.Bound(connection)
    for instance, _ in outbox.open_about(bound, schema, [record_id], timed=False):
        flows.lock(connection, schema, instance)
    now = proposals.claim(connection, session.layout.object(definition.name).table, record_id)
    if now is None and not pending.unborn(bound, schema, record_id):
        raise reading.not_found(definition)
    if now not in (None, version):
        raise Stale(extra={"version": now})
    work, ended = Flows(session), []
    for instance, _ in outbox.open_about(bound, schema, [record_id], timed=False):
        row = flows.lock(connection, schema, instance)
        if row is not None and row.state in states.OPEN_STATES:
            work.command(connection, row, Command("drop", work.actor, None, {"reason": reason}, True))
            ended.append(instance)
    detail = {"object": definition.name, "record": record_id, "reason": reason, "ended": len(ended)}
    audit.noted(connection, schema, session.user_id, EVENT, detail)
