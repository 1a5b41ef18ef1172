"""Somebody's tasks and instances in lists: to do, done, started, copied; counts of them; many decided at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Conflict, DougongError, Invalid, Message, Problem
from runtime.engine import flowargs, flows, tasks
from runtime.engine.flow.definition import Definition
from runtime.engine.workspace import Session
from runtime.store import taskboxes as store
from runtime.store.database import Question
from runtime.store.ids import is_id

BOXES = {"todo": store.todo, "done": store.done, "started": store.started, "copied": store.copied}
#: The lists of instances; the others are of tasks.
WHOLE = ("started", "copied")
MOST = 200
#: Counts are told up to here.
COUNTED = 99
LONGEST_TEXT = 200
#: How many tasks one request decides.
BATCH = 100
TOGETHER = ("agree", "reject")
STARTED = (
    "id", "workflow", "object", "record", "title", "state", "initiator", "created_at", "ended_at", "flow",
)  # fmt: skip


def listing(session: Session, box: str = "todo", cursor: str | None = None, limit: int = 50, *, workflow: str = "",
            q: str = "", overdue: bool = False) -> dict[str, Any]:  # fmt: skip
    """Somebody's tasks (``todo``, ``done``) or instances (``started``, ``copied``) for the wire. Raises Invalid."""
    found, following = rows(session, box, cursor, limit, workflow=workflow, q=q, overdue=overdue)
    return {"data": [tasks.plain(session, one) for one in found], "next_cursor": following}


def rows(session: Session, box: str, cursor: str | None, limit: int, *, workflow: str = "", q: str = "",
         overdue: bool = False) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """The rows of one page of a box, newest first, and where the next page begins. Raises Invalid."""
    if box not in BOXES:
        text = ", ".join(BOXES)
        raise wrong("box", Message(f"box is one of {text}", f"box 须为以下之一：{text}"))
    if cursor and not is_id(cursor):
        raise wrong("cursor", Message("this cursor was not given by us", "cursor 无效"))
    if session.user_id is None:
        return [], None
    limit = max(1, min(limit, MOST))
    late = overdue and box not in WHOLE
    wanted = store.Wanted(workflow[:100], q.strip()[:LONGEST_TEXT], late, cursor or None, limit + 1)
    found = BOXES[box](session.database, session.workspace.schema, session.user_id, wanted)
    names = STARTED if box in WHOLE else tasks.FIELDS
    made = [dict(zip(names, row, strict=True)) for row in found[:limit]]
    return made, str(made[-1]["id"]) if len(found) > limit else None


def wrong(field: str, said: Message) -> Invalid:
    """The refusal of one parameter."""
    return Invalid(problems=[Problem(field, said, field=field)])


def counts(session: Session) -> tuple[int, int]:
    """How many open tasks and unread notices the caller has, counted up to one more than is told."""
    if session.user_id is None:
        return 0, 0
    return store.counts(session.database, session.workspace.schema, session.user_id, COUNTED + 1)


def counting(session: Session) -> list[Question]:
    """What :func:`counts` will ask."""
    if session.user_id is None:
        return []
    return [store.counting(session.workspace.schema, session.user_id, COUNTED + 1)]


def fits(definition: Definition, found: Mapping[str, Any]) -> bool:
    """Whether a task can be decided together with others: nothing has to be filled in, chosen or signed."""
    step = definition.by_name.get(str(found["node"]))
    if step is None or found["kind"] in ("resubmit", "admin_fix"):
        return False
    opinion: Mapping[str, Any] = step.options.get("opinion", {})
    return not (step.filled or opinion.get("signature")) and set(TOGETHER) <= set(step.kind.decisions)


def alone(session: Session, found: Mapping[str, Any]) -> None:
    """Raise Conflict for an open task that has to be looked at by itself."""
    if found["state"] == "open" and not fits(flows.compiled(session, str(found["flow"])), found):
        raise Conflict(
            Message("this task asks for more than that, open it", "该任务需要填写内容，请单独处理"), code="open_it"
        )


def wanted(entries: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """The tasks of a batch, each with the ``version`` and ``rev`` that its caller has seen. Raises Invalid."""
    found: dict[str, dict[str, Any]] = {}
    for one in entries:
        if isinstance(one, Mapping) and isinstance(one.get("id"), str):
            found.setdefault(one["id"], {name: one[name] for name in flowargs.NUMBERS if name in one})
        else:
            found.setdefault(str(one), {})
    return found


def batch(session: Session, action: str, ids: Sequence[Any], comment: str | None = None,
          key: str | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """Decide several tasks, each by itself: what becomes of one touches no other. A result a task, in their order.

    Raises Invalid for an action that is not decided together, no tasks or too many.
    """
    if action not in TOGETHER:
        text = ", ".join(TOGETHER)
        raise wrong("action", Message(f"action is one of {text}", f"action 须为以下之一：{text}"))
    if not isinstance(ids, (list, tuple)) or not 1 <= len(ids) <= BATCH:
        raise wrong("tasks", Message(f"send 1 to {BATCH} ids of tasks", f"请提供 1 到 {BATCH} 个任务编号"))
    found = []
    for one, seen in wanted(ids).items():
        own = f"{key} {one}" if key else None
        try:
            row = tasks.find(session, one)
            tasks.seen(session, str(row["instance"]))
            alone(session, row)
            given = {**({"comment": comment} if comment else {}), **seen}
            done = flows.act(session, str(row["instance"]), action, int(row["number"]), given, own)
            found.append({"id": one, "status": 200, "state": done["state"]})
        except DougongError as error:
            if error.status >= 500:
                raise
            spoken = session.language
            found.append({"id": one, "status": error.status, "code": error.code, "detail": error.detail(spoken)})
    return found
