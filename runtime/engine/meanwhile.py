"""Whether what somebody saw before a command still stands, and who did what meanwhile. It changes nothing.

``version`` is the version of the record that was shown, ``rev`` how far the workflow had come; both may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Conflict, DougongError, Message
from runtime.engine import flowargs, reading, trail
from runtime.engine.access import demand_object
from runtime.engine.directory import everybody
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import AFTERWARDS
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.workspace import Session
from runtime.meta.properties import member
from runtime.store import flows, proposals
from runtime.store.database import Connection

MOST = 20
#: How much of it the sentence itself tells.
TOLD = 3
#: Commands on what has ended.
LATE = (*AFTERWARDS, "revoke")
NOBODY = Message("the system", "系统")
DONE = {
    "start": Message("started", "发起"), "agree": Message("agreed", "同意"), "reject": Message("rejected", "驳回"),
    "submit": Message("submitted", "提交"), "return": Message("returned it", "退回"),
    "transfer": Message("passed it on", "转交"), "take_over": Message("took it over", "收回代办"),
    "add_sign": Message("added signers", "加签"), "remove_signer": Message("took a signer out", "取消加签"),
    "rebase": Message("meant it for the values of now", "按当前值变更"), "discard": Message("gave it up", "放弃变更"),
    "withdraw": Message("withdrew", "撤回"), "retrieve": Message("took a decision back", "撤回决定"),
    "urge": Message("urged", "催办"), "comment": Message("commented", "评论"), "copy": Message("sent a copy", "抄送"),
    "reassign": Message("gave it to somebody else", "改派"), "skip": Message("passed over a step", "跳过节点"),
    "retry": Message("tried a step again", "重试节点"), "terminate": Message("ended it", "终止"),
    "jump": Message("sent it to another step", "跳转节点"),
    "fire": Message("a deadline passed", "期限已到"), "left": Message("somebody has left", "人员离开"),
    "migrate": Message("moved it to a new version", "迁移版本"),
}  # fmt: skip


def check(session: Session, connection: Connection, row: flows.Row, name: str, task: int | None,
          args: Mapping[str, Any]) -> None:  # fmt: skip
    """Raise Conflict when an instance, locked here, or its record is not what the caller has seen.

    Where it has ended, or the task has been decided, the command itself is refused with that, which says more.
    """
    version, rev = (flowargs.whole(args.get(one)) for one in flowargs.NUMBERS)
    if version is None and rev is None:
        return
    state = states.load(row.data)
    own = state.tasks.get(task) if task is not None else None
    if (not state.is_open and name not in LATE) or (own is not None and own.state != "open"):
        return
    if rev is not None and rev != row.seq:
        found = happened(session, row.id, rev)
        gone_on = Message("the workflow has gone on since you looked at it", "您查看后流程已有新进展")
        raise Conflict(
            with_told(gone_on, said(found)),
            code="moved", extra={"rev": row.seq, "happened": found},
        )  # fmt: skip
    if version is not None:
        check_record(session, connection, session.layout.names[row.object_key], row.record_id, version)


def check_record(session: Session, connection: Connection, object_name: str, record_id: str, version: int) -> None:
    """Raise Conflict when somebody else has changed a record; nobody changes it until the transaction ends."""
    now = proposals.claim(connection, session.layout.object(object_name).table, record_id)
    if now == version:
        return
    entries = since(session, object_name, record_id, version)
    others = [one for one in entries if (one["actor"] or {}).get("id") != session.user_id]
    if now is not None and now > version and len(entries) == now - version and not others:
        return  # All of it he has done himself, beside the page that he acts on.
    found = written(session, object_name, others)
    message = with_told(Message("the record has changed since you looked at it", "您查看后记录已有变更"), told(found))
    then = Message("; look at it again, then decide", "，请重新查看后再处理")
    raise Conflict(
        Message(message.en + then.en, message.zh + then.zh),
        code="changed", extra={"version": now, "happened": [{**one, "fields": list(one["fields"])} for one in found]},
    )  # fmt: skip


def since(session: Session, object_name: str, record_id: str, version: int) -> list[dict[str, Any]]:
    """The changes of a record since a version, newest first; none where the caller may not read it."""
    try:
        access = demand_object(session.snapshot, session.person, object_name, "read")
        reading.get(session, object_name, record_id)
    except DougongError:
        return []
    return [one for one in trail.entries(session, access, record_id, MOST) if one["version"] > version]


def written(session: Session, object_name: str, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who has changed which fields, as far as the caller may know of them."""
    definition = session.model.objects[object_name]
    found = []
    for entry in entries:
        fields = {name: member(definition, name) for name in entry["changes"]}
        labels = {name: one.label if one else {"en": name, "zh": name} for name, one in fields.items()}
        if entry["action"] == trail.LINES_CHANGED:
            labels = {trail.LINES_CHANGED: {"en": "lines", "zh": "明细"}}
        if labels:
            actor = entry["actor"] or {"id": None, "title": None}
            found.append({"at": entry["at"], "by": actor["id"], "name": actor["title"], "action": entry["action"],
                          "fields": labels})  # fmt: skip
    return found


def happened(session: Session, instance: str, since: int = 0) -> list[dict[str, Any]]:
    """Who has done what in an instance after an event, newest first."""
    people = everybody(session.snapshot).users
    found = []
    for seq, at, type, data in flows.events(session.database, session.workspace.schema, instance):
        if type == "command" and seq > since:
            by = None if data["actor"] == SYSTEM else data["actor"]
            name = people[by].title if by in people else None
            found.append({"rev": seq, "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "by": by,
                          "name": name, "action": data["name"]})  # fmt: skip
    return found[::-1][:MOST]


def told(entries: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Changes of a record as parts of a sentence."""
    return [
        Message(f"{one['name'] or NOBODY.en}: {', '.join(label['en'] for label in one['fields'].values())}",
                f"{one['name'] or NOBODY.zh}：{'、'.join(label['zh'] for label in one['fields'].values())}")
        for one in entries
    ]  # fmt: skip


def said(entries: Sequence[Mapping[str, Any]]) -> list[Message]:
    """What was done in a workflow as parts of a sentence."""
    found = []
    for one in entries:
        word = DONE.get(str(one["action"]), Message(str(one["action"]), str(one["action"])))
        found.append(Message(f"{one['name'] or NOBODY.en}: {word.en}", f"{one['name'] or NOBODY.zh}：{word.zh}"))
    return found


def with_told(message: Message, parts: Sequence[Message]) -> Message:
    """A sentence with what happened in brackets."""
    if not parts:
        return message
    some, more = parts[:TOLD], len(parts) > TOLD
    en, zh = "; ".join(one.en for one in some), "；".join(one.zh for one in some)
    return Message(f"{message.en} ({en}{' …' if more else ''})", f"{message.zh}（{zh}{'…' if more else ''}）")


def explain(session: Session, instance: str, error: Conflict, since: int | None) -> None:
    """Put who did what to a refusal that came of somebody else being faster."""
    if "happened" in error.extra:
        return
    found = happened(session, instance, since or 0)
    if error.code.startswith("task_") or error.code == "already_ended":
        error.extra["happened"] = found if since is not None else found[:1]
        if error.message is not None:
            error.message = with_told(error.message, said(error.extra["happened"]))
