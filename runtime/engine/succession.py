"""Who takes over the work of somebody who leaves: what may be named. Tasks are moved by `runtime.engine.leaving`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.engine.workspace import Workspace
from runtime.store import people

FIELD = "handover"
#: So many successors may follow each other.
LONGEST = 10


def check(workspace: Workspace, value: Any, self_id: str | None) -> Iterator[Problem]:
    """What is wrong with a successor. One that stays as it was is not asked for again, he may have left meanwhile."""
    if value is None:
        return
    known = {one.id: one for one in people.users(workspace.database, workspace.schema)}
    before = known.get(self_id or "")
    if before is not None and before.handover == value:
        return
    found = known.get(value) if isinstance(value, str) else None
    if found is None:
        yield _wrong("not_found", "there is no such user", "没有该用户")
    elif value == self_id:
        yield _wrong("cycle", "nobody takes over from himself", "不能将本人设为交接人")
    elif not found.active:
        yield _wrong("inactive", f"{found.title} has left too, name somebody who is there",
                     f"{found.title} 也已停用，请选择在职人员")  # fmt: skip
    else:
        yield from _chain(known, found, self_id)


def _chain(known: dict[str, people.User], first: people.User, self_id: str | None) -> Iterator[Problem]:
    """Whoever is named may have a successor in his turn: no circle, and not without end."""
    length, at = 1, first
    while at.handover is not None and at.handover in known:
        at = known[at.handover]
        length += 1
        if at.id == self_id:
            yield _wrong("cycle", f"{first.title} would be followed by this user in turn: a circle",
                         f"{first.title} 的交接人最终又是该用户，形成循环")  # fmt: skip
            return
        if length > LONGEST:
            yield _wrong("too_long", f"more than {LONGEST} successors one after the other",
                         f"交接人链超过 {LONGEST} 人")  # fmt: skip
            return


def _wrong(code: str, en: str, zh: str) -> Problem:
    return Problem(code, Message(en, zh), field=FIELD)
