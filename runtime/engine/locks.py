"""What nobody may change while a workflow runs on it: the record, some fields of it, its line items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Kept, Locked, Message
from runtime.engine.directory import everybody
from runtime.engine.drafts import Draft
from runtime.engine.guards import CHANNEL, OWNER
from runtime.engine.parents import owners_in
from runtime.engine.triggers import triggers_of
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef, Text, label_of
from runtime.store import approved, flows, proposals
from runtime.store.database import Connection, Question

Doc = Mapping[str, Any]


@dataclass(frozen=True)
class Hold:
    """An open instance on a record and its document; where it is about a change that waits, which ``kind`` of one,
    who asked for it, the storage keys of the fields and the ids of the lines that it is to change."""

    instance: str
    doc: Doc
    kind: str = ""
    by: str | None = None
    keys: Sequence[str] = ()
    lines: Sequence[str] = ()
    #: True for one that has approved the record and keeps it as it was then.
    over: bool = False

    @property
    def label(self) -> Text:
        """What people call the workflow."""
        return label_of(self.doc.get("label"), str(self.doc.get("workflow", "")))

    def naming(self, why: Message) -> Message:
        """Why it holds something, and which workflow that is: the label, whoever asked for it knows no id."""
        return Message(f"{why.en} ({self.label['en']})", f"{why.zh}（{self.label['zh']}）")

    @property
    def waits(self) -> bool:
        """True for a change that waits for an approval: it holds just what it is to change."""
        return bool(self.kind)

    @property
    def goes(self) -> bool:
        """True for a deletion that waits for an approval: it holds the record with all that belongs to it."""
        return self.kind == proposals.DELETE

    def names(self, definition: ObjectDef, raw: Mapping[str, Any]) -> set[str]:
        """The fields of ``raw`` that a waiting change holds."""
        found = {OWNER} & set(self.keys)
        found |= {definition.by_key[key].name for key in self.keys if key in definition.by_key}
        return found & set(raw)

    def said(self, session: Session) -> Message:
        """Why it holds the record as a whole."""
        if not self.goes:
            return AFTER if self.over else SAID
        person = everybody(session.snapshot).users.get(self.by or "")
        who = (person.title, person.title) if person else ("somebody", "有人")
        return Message(GOING.en.format(who=who[0]), GOING.zh.format(who=who[1]))


def workflows(session: Session, definition: ObjectDef) -> bool:
    """Whether any workflow is about an object."""
    return definition.name in triggers_of(session.model).about


def running(session: Session, ids: Sequence[str], *, lent: bool = False) -> dict[str, Hold]:
    """The open instance on each record that has one.

    ``lent``: without those that were returned to the caller, who is asked to mend the record and submit it again.
    """
    if not ids:
        return {}
    found = flows.open_on(session.database, session.workspace.schema, ids, session.user_id if lent else None)
    return {record: Hold(*one) for record, one in found.items()}


def kept(session: Session, definition: ObjectDef, ids: Sequence[str]) -> dict[str, Hold]:
    """The approval on each record that keeps it as it was approved, until that is revoked or asked for anew."""
    names = triggers_of(session.model).keeping.get(definition.name)
    if not names or not ids:
        return {}
    found = {}
    for record, (instance, name) in approved.kept_on(session.database, session.workspace.schema, names, ids).items():
        piece = session.model.piece("workflow", name)
        if piece is not None:
            found[record] = Hold(instance, piece.doc, over=True)
    return found


def holding(session: Session, definition: ObjectDef, ids: Sequence[str], *, lent: bool = False) -> dict[str, Hold]:
    """What holds each record: the workflow that runs on it, else the approval that keeps it."""
    found = kept(session, definition, ids)
    for record, hold in running(session, ids, lent=lent).items():
        if record not in found or hold.doc.get("lock", "record") != "none":
            found[record] = hold
    return found


def refuse(session: Session, definition: ObjectDef, drafts: Sequence[Draft]) -> None:
    """Note a problem on every draft that a running workflow holds."""
    if session.channel == CHANNEL:  # A step of a workflow; what waits is changed by its own steps alone.
        return
    parent = parent_of(session, definition)
    own = workflows(session, definition)
    if not own and parent is None:
        return
    ids = {draft.id for draft in drafts if own and not draft.new}
    above = {draft.id: owners_in(definition, draft) for draft in drafts} if parent is not None else {}
    found = holding(session, definition, sorted(ids), lent=True)
    if parent is not None:
        found |= holding(session, parent, sorted(set().union(*above.values())), lent=True)
    if not found:
        return
    for draft in drafts:
        held = found.get(draft.id)
        if held is not None and held.goes:
            tell(draft, held, held.said(session))
        elif held is not None and held.waits:
            draft.held_by = (held.instance, False)
            for name in sorted(held.names(definition, draft.raw)):
                draft.refuse("locked", held.naming(FIELD).en, held.naming(FIELD).zh, name)
        elif held is not None and touched(held.doc.get("lock", "record"), draft.raw):
            tell(draft, held, held.said(session))
        for upper in [found[one] for one in sorted(above.get(draft.id, ())) if one in found]:
            why = with_record(session, upper, draft.id)
            if why is not None:
                tell(draft, upper, why)


def with_record(session: Session, upper: Hold, line: str) -> Message | None:
    """Why a line is held with the record that it belongs to, None when it is not."""
    if upper.waits and not upper.goes:
        return LINE if line in upper.lines else None
    return upper.said(session) if upper.goes or holds_children(upper.doc) else None


def watched(session: Session, definition: ObjectDef, *, new: bool) -> bool:
    """Whether a workflow may begin between the look at its lock and the write: then it is looked at again."""
    if session.channel == CHANNEL:
        return False
    return parent_of(session, definition) is not None or (not new and workflows(session, definition))


def confirm(session: Session, definition: ObjectDef, drafts: Sequence[Draft], connection: Connection) -> None:
    """Raise Locked when a workflow has begun since the drafts were prepared; their rows have just been written.

    Who begins a workflow holds the record's row first. A write that came first is over before it begins; one that
    comes later waits for it, and finds it here.
    """
    if not watched(session, definition, new=all(one.new for one in drafts)):
        return
    inner = copy(session)
    inner.database = flows.Looking(connection)
    parent, link = parent_of(session, definition), definition.owner_link
    if parent is not None and link is not None:
        ids = sorted(set().union(*(owners_in(definition, one) for one in drafts)))
        flows.share(connection, session.layout.object(parent.name).table, ids)
    refuse(inner, definition, drafts)
    refuse_locked(drafts)


def refuse_deletion(
    session: Session, definition: ObjectDef, record_id: str, connection: Connection | None = None, *,
    forced: bool = False,
) -> None:  # fmt: skip
    """Raise Locked when a running workflow holds the record or what it belongs to; ``forced``: only the latter.

    ``connection``: that of the deletion, in which the record has been marked already; looked at as by `confirm`.
    """
    if session.channel == CHANNEL or not (workflows(session, definition) or parent_of(session, definition)):
        return
    if connection is not None:
        session = copy(session)
        session.database = flows.Looking(connection)
    owner, parent = None, parent_of(session, definition)
    if parent is not None and definition.owner_link:
        place = session.layout.object(definition.name)
        owner = flows.owner_of(session.database, place.table, definition.owner_link.key, record_id)
        if connection is not None and owner:
            flows.share(connection, session.layout.object(parent.name).table, [owner])
    found = holding(session, definition, [record_id])
    if parent is not None and owner:
        found |= holding(session, parent, [owner])
    held = None if forced else found.get(record_id)
    if held is not None and held.waits:
        raise locked(held, held.said(session) if held.goes else GOES)
    if held is not None and held.doc.get("lock", "record") != "none":
        raise locked(held, held.said(session))
    upper = found.get(owner or "")
    why = with_record(session, upper, record_id) if upper is not None else None
    if upper is not None and why is not None:
        raise locked(upper, why)


def asked(session: Session, definition: ObjectDef, record_id: str) -> list[Question]:
    """What :func:`held` will ask."""
    if not workflows(session, definition):
        return []
    schema, names = session.workspace.schema, triggers_of(session.model).keeping.get(definition.name)
    kept_by = [approved.keeping(schema, names, [record_id])] if names else []
    return [flows.opening(schema, [record_id], session.user_id), *kept_by]


def held(session: Session, definition: ObjectDef, record_id: str) -> Locked | None:
    """Why a record cannot be changed by the caller as a whole, None when it can."""
    if not workflows(session, definition):
        return None
    found = holding(session, definition, [record_id], lent=True).get(record_id)
    if found is None or (found.waits and not found.goes):
        return None
    lock = found.doc.get("lock", "record")
    free = lock == "none" or isinstance(lock, Mapping)
    return None if free and not found.goes else locked(found, found.said(session))


def parent_of(session: Session, definition: ObjectDef) -> ObjectDef | None:
    """The object that line items belong to, when workflows are about it."""
    link = definition.owner_link
    if link is None or link.relates is None:
        return None
    parent = session.model.object(link.relates.target_object())
    return parent if parent is not None and workflows(session, parent) else None


def touched(lock: Any, raw: Mapping[str, Any]) -> bool:
    """Whether a change sets what a lock holds."""
    if isinstance(lock, Mapping):
        return bool(set(lock.get("fields", ())) & set(raw))
    return bool(lock != "none")


def holds_children(doc: Doc) -> bool:
    """Whether line items are held too."""
    lock = doc.get("lock", "record")
    if isinstance(lock, Mapping):
        return bool(lock.get("children", False))
    return lock != "none" and bool(doc.get("children", True))


SAID = Message(
    "a workflow is running on this record, it cannot be changed until it has ended",
    "该记录正在流程中，流程结束前不能修改",
)


FIELD = Message(
    "an earlier change of this field waits for approval, it cannot be changed until that is decided",
    "该字段的变更正在等待审批，审批结束前不能修改",
)
GOES = Message(
    "a change of this record waits for approval; withdraw that change, or delete the record when it is decided",
    "该记录有变更正在等待审批；请先撤回该变更，或在审批结束后再删除",
)


AFTER = Message(
    "this record was approved and stays as it was approved; it can be changed when the approval is revoked",
    "该记录已审批通过并保持锁定，撤销审批后方可修改",
)


LINE = Message(
    "an earlier change of this line waits for approval, it cannot be changed until that is decided",
    "该明细的变更正在等待审批，审批结束前不能修改",
)
GOING = Message(
    "{who} has asked for its deletion, which waits for approval; it cannot be changed or deleted until that is decided",
    "{who} 已申请删除，正在等待审批；审批结束前不能修改或删除",
)


def tell(draft: Draft, hold: Hold, why: Message) -> None:
    """Note it."""
    if not any(problem.code == "locked" for problem in draft.problems):
        draft.held_by = (hold.instance, hold.over)
        draft.refuse("locked", hold.naming(why).en, hold.naming(why).zh)


def refuse_locked(drafts: Sequence[Draft]) -> None:
    """Raise Locked when a workflow holds one of these, Kept when what holds it is an approval that is over."""
    found = [problem for one in drafts for problem in one.problems if problem.code == "locked"]
    if found:
        instance, over = next((one.held_by for one in drafts if one.held_by), (None, False))
        kind = Kept if over else Locked
        raise kind(problems=found, code="locked", extra={"workflow_instance": instance} if instance else None)


def locked(hold: Hold, why: Message) -> Locked:
    """The refusal as a whole."""
    return (Kept if hold.over else Locked)(hold.naming(why), code="locked", extra={"workflow_instance": hold.instance})
