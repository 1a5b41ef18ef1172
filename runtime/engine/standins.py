"""Stand-ins: who acts at somebody's tasks while he is away. Everybody arranges it for himself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.engine import audit
from runtime.engine.directory import everybody
from runtime.engine.flow.moments import stamp
from runtime.engine.workspace import Session
from runtime.store import flows
from runtime.store import standins as store
from runtime.store.database import Database
from runtime.store.ids import is_id
from runtime.store.standins import StandIn

LONGEST = timedelta(days=366)
MOST = 20
#: What a request over the wire may say.
ASKED = ("stand_in", "from", "until", "workflows", "mode")


def wrong(field: str, en: str, zh: str) -> Invalid:
    """The refusal of one input."""
    return Invalid(problems=[Problem(field, Message(en, zh), field=field)])


def of(session: Session) -> tuple[list[StandIn], list[StandIn]]:
    """(who stands in for the caller, for whom the caller stands in), what is over left out."""
    if session.user_id is None:
        return [], []
    found = store.of(session.database, session.workspace.schema, session.user_id)
    mine = [one for one in found if one.user == session.user_id]
    return mine, [one for one in found if one.user != session.user_id]


def add(session: Session, to: str, begins: datetime, ends: datetime, workflows: Sequence[str] = (),
        mode: str = store.TAKE_OVER) -> str:  # fmt: skip
    """Somebody stands in for the caller from a moment to another, at all workflows or at some. Raises Invalid.

    Tasks that are open already stay where they are; nobody stands in for himself, not over others either. ``mode``:
    ``take_over``, the stand-in has the new tasks; ``share``, both have them and who is first decides.
    """
    user = session.user_id
    if user is None:
        raise NotFound()
    if mode not in store.MODES:
        words = ", ".join(store.MODES)
        given = mode[:40]
        raise wrong("mode", f"mode is one of {words}, not {given!r}", f"mode 须为 {words} 之一，不能是“{given}”")
    known = everybody(session.snapshot).users.get(to)
    if known is None or not known.active:
        raise wrong("stand_in", "choose somebody who is there", "请选择在职人员")
    if to == user:
        raise wrong("stand_in", "nobody stands in for himself", "不能委托给自己")
    if ends <= begins:
        raise wrong("until", "the end comes after the beginning", "结束时间须晚于开始时间")
    if ends <= datetime.now(UTC):
        raise wrong("until", "this is over already", "结束时间已过")
    if ends - begins > LONGEST:
        raise wrong("until", "at most a year", "最长一年")
    names = list(dict.fromkeys(workflows))
    strangers = [one for one in names if session.model.piece("workflow", one) is None]
    if strangers:
        raise wrong("workflows", f"there is no workflow {strangers[0][:60]!r}", f"没有名为“{strangers[0][:60]}”的流程")
    with session.database.transaction() as connection:
        made = arranged(session, flows.Bound(connection), to, begins, ends, names, mode)
    session.settle()
    audit.note(session.workspace, user, "stand_in_added", {"id": made, "to": to, "mode": mode})
    return made


def plain(session: Session) -> list[dict[str, Any]]:
    """The stand-ins of :func:`of` for the wire, those of the caller first."""
    names = everybody(session.snapshot).users
    mine, others = of(session)
    return [
        {
            "id": one.id, "user": one.user, "stand_in": one.to, "mode": one.mode, "workflows": list(one.workflows),
            "from": stamp(one.begins), "until": stamp(one.ends),
            "names": {each: names[each].title for each in (one.user, one.to) if each in names},
        }
        for one in [*mine, *others]
    ]  # fmt: skip


def asked(session: Session, args: Mapping[str, Any]) -> str:
    """The stand-in that a request over the wire asks for; its id. Raises Invalid."""
    strangers = [one for one in args if one not in ASKED]
    if strangers:
        known, name = ", ".join(ASKED), str(strangers[0])[:40]
        raise wrong(name, f"there is no {name!r}; possible: {known}", f"没有“{name}”；可用：{known}")
    names = args.get("workflows", [])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise wrong("workflows", "a list of names of workflows", "须为流程名称的列表")
    to, mode = args.get("stand_in"), args.get("mode", store.TAKE_OVER)
    begins = moment("from", args["from"]) if args.get("from") is not None else datetime.now(UTC)
    known_as = everybody(session.snapshot).by_name.get(str(to), str(to))
    return add(session, known_as, begins, moment("until", args.get("until")), names, str(mode))


def moment(field: str, text: Any) -> datetime:
    """A moment on the wire, with its offset. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise wrong(field, "a moment such as 2026-03-02T09:00:00+08:00", "须为时间，如 2026-03-02T09:00:00+08:00")


def arranged(session: Session, database: Database, to: str, begins: datetime, ends: datetime,
             names: Sequence[str], mode: str) -> str:  # fmt: skip
    """The new stand-in, when it meets no other one; one is arranged after the other. Raises Invalid."""
    schema, user = session.workspace.schema, str(session.user_id)
    store.alone(database, schema)
    there = store.overlapping(database, schema, begins, ends)
    own = [one for one in there if one.user == user]
    if len(own) >= MOST:
        raise wrong("stand_in", f"at most {MOST} at a time", f"同时最多 {MOST} 项")
    if any(together(one.workflows, names) for one in own):
        raise wrong("from", "somebody stands in for you in this time already; end that first",
                    "该时段已有委托，请先结束")  # fmt: skip
    if circle(there, user, to, names):
        raise wrong("stand_in", "this person's tasks would come back to you", "对方的任务已委托给您，不能互相委托")
    return store.add(database, schema, user, to, names, begins, ends, mode)


def together(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two lists of workflows meet; an empty one means all."""
    return not one or not other or bool(set(one) & set(other))


def circle(there: Sequence[StandIn], user: str, to: str, names: Sequence[str]) -> bool:
    """Whether going from one stand-in to the next leads back."""
    seen, left = {to}, [to]
    while left:
        at = left.pop()
        for one in there:
            if one.user == at and together(one.workflows, names) and one.to not in seen:
                seen.add(one.to)
                left.append(one.to)
    return user in seen


def end(session: Session, identity: str) -> None:
    """A stand-in of the caller is over. Raises NotFound."""
    user = session.user_id
    done = user is not None and is_id(identity)
    if not done or not store.end(session.database, session.workspace.schema, str(user), identity):
        raise NotFound()
    audit.note(session.workspace, user, "stand_in_ended", {"id": identity})
