"""Approved changes: put into force in the transaction of the decision, if the record is still what they were meant for.

With the rights of the system and in the name of who asked: what he may do has been decided. A deletion is asked his
rights once more, for it takes along what has come meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from typing import Any

from runtime.base.errors import Conflict, DougongError, Message, NotFound, Unauthorized
from runtime.base.values import dump_text
from runtime.engine import deletion, entering, linechanges, storing
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.assembling import Again, Compound, Lines, Refused
from runtime.engine.drafts import Draft
from runtime.engine.guards import CHANNEL, OWNER
from runtime.engine.linechanges import ADDED, REMOVED, LineEntry
from runtime.engine.proposed import name_of, standing
from runtime.engine.saving import Options
from runtime.engine.storing import RETRY
from runtime.engine.workspace import TRIES, Session
from runtime.meta.model import ObjectDef
from runtime.store import flows, proposals
from runtime.store.database import Connection
from runtime.store.proposals import CREATE, DELETE, LINES, Proposal

TRUSTED = Options(trusted=True)
MOVED = Message("the record has been changed meanwhile", "记录在此期间已被修改")
NOTHING = Message("nothing of this change is left to be done; discard it", "该变更已无内容可执行，请放弃")
GONE = Message("the record is not there any more", "该记录已不存在")
MAY_NOT = Message("whoever asked for the deletion may not delete this record any more", "申请人已无权删除该记录")


def opened(session: Session, instance: str) -> tuple[Proposal, Session, ObjectAccess]:
    """A proposal with a session that may write what it says. Raises Conflict."""
    one = proposals.read(session.database, session.workspace.schema, instance)
    if one is None or one.object_key not in session.layout.names:
        raise Conflict(NOTHING)
    writer = copy(session)
    writer.applying = instance
    definition = writer.model.objects[session.layout.names[one.object_key]]
    return one, writer, object_access(writer.snapshot, writer.person, definition)


def read(session: Session, access: ObjectAccess, record_id: str, raw: Mapping[str, Any], options: Options) -> Draft:
    """The record as it stands. Raises NotFound, Forbidden."""
    for _ in range(TRIES):
        draft = storing.read_draft(session, access, record_id, raw, options)
        if draft is not None:
            return draft
    raise Conflict(RETRY)


def raw_of(definition: ObjectDef, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as it would come in: stored values are raw ones too; fields that are gone are left out."""
    found = {}
    for key, value in patch.items():
        if key == OWNER:
            found[OWNER] = value
        elif key in definition.by_key:
            found[definition.by_key[key].name] = value
    return found


def adopt(session: Session, connection: Connection, instance: str) -> Message | None:
    """Put an approved change into force as its initiator, if the record still has the values that it was to replace.

    ``session`` is the system's, in the decision's transaction. Gives why it could not be done, and nothing has been.
    """
    one = proposals.read(session.database, session.workspace.schema, instance)
    assert one is not None
    try:
        with connection.transaction():
            why = put(session, connection, instance)
            if why is not None:
                raise Conflict(why)
    except DougongError as error:
        why = said(error)
    if why is not None:
        moved_on = replace(one, state="conflict", why=dump_text(why.json()))
        proposals.change(connection, session.workspace.schema, moved_on)
    return why


def said(error: DougongError) -> Message:
    """What a refusal says; of lines, what is wrong with the first."""
    lines = error.outcome.refused if isinstance(error, Refused) and not error.own else ()
    return next((problem.message for one in lines for problem in one.problems), error.both)


def put(session: Session, connection: Connection, instance: str) -> Message | None:
    """Do what it says, or say what stands against it; what has been done then is to be taken back.

    Raises DougongError.
    """
    one, writer, access = opened(session, instance)
    writer.user_id = one.created_by
    if one.kind == DELETE:
        return put_deletion(writer, access, one)
    if one.kind == CREATE:
        return put_creation(writer, connection, access, one)
    gone = [key for key in one.patch if key != OWNER and key not in access.object.by_key]
    if gone:
        shown = ", ".join(gone)
        return Message(f"these fields are not there any more: {shown}", f"以下字段已不存在：{shown}")
    raw = raw_of(access.object, one.patch)
    for _ in range(TRIES):
        draft = read(writer, access, one.record_id, raw, TRUSTED)
        now = standing(draft, set(one.base))
        other = [name_of(access.object, key) for key in one.base if now[key] != one.base[key]]
        if other:
            names = ", ".join(other)
            return Message(f"{MOVED.en}: {names}", f"{MOVED.zh}：{names}")
        if one.kind == LINES:
            why = put_lines(writer, connection, access, draft, one)
        else:
            why = None if storing.write(writer, access, draft, TRUSTED, None) is not None else RETRY
        if why is not RETRY:
            return why
    return RETRY


def put_lines(
    writer: Session, connection: Connection, access: ObjectAccess, draft: Draft, one: Proposal
) -> Message | None:
    """Save a record with the lines of a proposal, through the path of every save with lines."""
    entries = [linechanges.read(each) for each in one.lines]
    why = linechanges.moved_on(writer, one.record_id, entries)
    if why is not None:
        return why
    lines = lines_of(writer, access.object, entries)
    if lines is None:
        return Message("these lines are not there any more", "这些明细已不存在")
    with suppress(Again), connection.transaction():
        Compound(writer, access, draft, lines, TRUSTED, None).run(connection)
        return None
    return RETRY


def lines_of(session: Session, definition: ObjectDef, entries: Sequence[LineEntry]) -> list[Lines] | None:
    """The lines as a save takes them, None when a relation or a field of them is not there any more."""
    found: dict[str, Lines] = {}
    for one in entries:
        relation = linechanges.relation_of(session, definition, one.object_key)
        if relation is None:
            return None
        about = session.model.objects[session.layout.names[one.object_key]]
        if any(key not in about.by_key for key in one.patch):
            return None
        into = found.setdefault(relation, Lines(relation, [], [], [], []))
        raw = linechanges.raws(about, one)
        if one.what == ADDED:
            into.creates = [*into.creates, raw]
            into.ids = [*into.ids, one.id]
        elif one.what == REMOVED:
            into.deletes = [*into.deletes, {"id": one.id}]
        else:
            into.updates = [*into.updates, {"id": one.id, **raw}]
    return list(found.values())


def put_creation(writer: Session, connection: Connection, access: ObjectAccess, one: Proposal) -> Message | None:
    """Put a new record into force with its lines, under every rule of now. Raises DougongError."""
    if not entering.enter(writer, connection, access.object, one.record_id):
        return GONE
    draft = read(writer, access, one.record_id, {}, TRUSTED)
    return None if storing.write(writer, access, draft, TRUSTED, None) is not None else RETRY


def put_deletion(writer: Session, access: ObjectAccess, one: Proposal) -> Message | None:
    """Move a record to the recycle bin, under every rule of a deletion. Raises Conflict."""
    name = access.object.name
    try:
        with suppress(Unauthorized):  # Who has left meanwhile cannot be asked; that he might has been decided.
            asker = Session(writer.workspace, user_id=one.created_by, channel=CHANNEL)
            asker.database = writer.database
            there = demand_object(asker.snapshot, asker.person, name)
            state = deletion.state_of(asker, there, one.record_id, False)
            if not there.may("delete") or state is None or not state[2]:
                return MAY_NOT
    except NotFound:
        return MAY_NOT if proposals.claimed(writer.database, writer.layout.object(name).table, one.record_id) else GONE
    try:
        deletion.delete(writer, name, one.record_id, TRUSTED, None)
    except NotFound:
        return GONE
    return None


def rehearse(session: Session, connection: Connection, instance: str) -> None:
    """Refuse at once what could not be put into force. Raises DougongError."""
    with connection.transaction(force_rollback=True):
        why = put(acting(session, connection), connection, instance)
        if why is not None:
            raise Conflict(why)


def acting(session: Session, connection: Connection) -> Session:
    """The system's session inside of a transaction, for what writes and may fail."""
    found = Session(session.workspace, user_id=None, channel=CHANNEL)
    found.database = flows.Bound(connection)
    return found


@contextmanager
def as_proposed(session: Session, connection: Connection, instance: str) -> Iterator[None]:
    """Within, a record and its lines are as they would be; behind it nothing has happened.

    What cannot be put into force now leaves them as they are; a new record is looked at as it is, whatever rules say.
    """
    with connection.transaction(force_rollback=True):
        one, writer, access = opened(acting(session, connection), instance)
        if one.kind == CREATE:
            with suppress(DougongError), connection.transaction():
                entering.reveal(writer, connection, access.object, one.record_id)
            yield
            return
        with suppress(DougongError), connection.transaction():
            why = put(acting(session, connection), connection, instance)
            if why is not None:
                raise Conflict(why)
        yield


def rebase(session: Session, connection: Connection, instance: str) -> None:
    """The change is meant for the record as it stands now. Raises Conflict when nothing of it is left."""
    one, writer, access = opened(session, instance)
    if one.kind == CREATE:  # What has been mended of it meanwhile is approved anew.
        proposals.change(connection, session.workspace.schema, replace(one, state="open", why=None))
        return
    try:
        draft = read(writer, access, one.record_id, {}, TRUSTED)
    except NotFound:
        raise Conflict(NOTHING, code="nothing_left") from None
    there = {key for key in one.patch if key == OWNER or key in access.object.by_key}
    now = standing(draft, there)
    patch = {key: one.patch[key] for key in sorted(there) if one.patch[key] != now[key]}
    lines = linechanges.rebased(writer, one.record_id, [linechanges.read(each) for each in one.lines])
    if not patch and not lines and one.kind != DELETE:
        raise Conflict(NOTHING, code="nothing_left")
    base = {key: now[key] for key in patch}
    changed = replace(one, base_version=draft.version, patch=patch, base=base, state="open", why=None,
                      lines=[each.json() for each in lines])  # fmt: skip
    proposals.change(connection, session.workspace.schema, changed)
