"""Changes that wait for an approval: held back as a proposal, put into force when it is given, looked at meanwhile.

The record keeps its values until then, so lists, sums, exports and formulas know nothing of a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Protocol

from psycopg import Rollback
from psycopg import errors as pg

from runtime.base.errors import Conflict, DougongError, Invalid, Locked, Message, Problem
from runtime.base.values import dump_text, load
from runtime.engine import reading, storing
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.drafts import Draft
from runtime.engine.guards import OWNER, Guard, moved
from runtime.engine.prepare import Preparation
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.storing import RETRY, taken_problem
from runtime.engine.workspace import TRIES, Session
from runtime.kinds.field import HoldsFiles
from runtime.meta.model import FieldDef, ObjectDef
from runtime.store import batches, flows, proposals
from runtime.store.database import Connection, run
from runtime.store.ids import new_id
from runtime.store.layout import ObjectLayout, column_value
from runtime.store.proposals import Proposal

TRUSTED = Options(trusted=True)
WAITING = Message(
    "a change of this record waits for approval already; another one is possible when that is decided",
    "该记录已有变更在等待审批，审批结束后才能再次提交变更",
)
MOVED = Message("the record has been changed meanwhile", "记录在此期间已被修改")
NOTHING = Message("nothing of this change is left to be done; discard it", "该变更已无内容可执行，请放弃")
FILES = Message(
    "a file cannot be part of a change that needs approval; save it by itself", "需审批的变更中不能包含文件，请单独保存"
)


class Starter(Protocol):
    """What starts workflows (:class:`runtime.engine.flows.Flows`)."""

    session: Session

    def begin(self, connection: Connection, workflow: str, object_name: str, record_id: str, args: Mapping[str, Any],
              *, proposal: str | None = None) -> str:  # fmt: skip
        """Start one inside of a transaction."""


def propose(
    starter: Starter, access: ObjectAccess, draft: Draft, options: Options, guards: Sequence[Guard],
    connection: Connection,
) -> Pending | None:  # fmt: skip
    """Hold a prepared change back and start its workflow, in the caller's transaction; None: somebody was faster.

    Raises Invalid, Conflict, Locked; the transaction must be taken back then, and after None.
    """
    session, guard = starter.session, guards[0]
    place = session.layout.object(access.object.name)
    if proposals.claim(connection, place.table, draft.id) != draft.version:
        return None
    guarded = frozenset().union(*(one.keys for one in guards))
    keys = moved(draft) & guarded if guard.split else moved(draft)
    possible(session, access, draft, keys, options.trusted, connection)
    version = draft.version
    if moved(draft) - keys:
        stored = save_rest(session, access, draft, keys, options, connection)
        if stored is None:
            return None
        version = stored
    patch = {key: draft.owner if key == OWNER else draft.values.get(key) for key in sorted(keys)}
    made = Proposal(
        options.proposal or new_id(), access.object.key, draft.id, version, patch, standing(draft, keys),
        created_by=session.user_id,
    )  # fmt: skip
    proposals.add(connection, place.schema, made)
    try:
        starter.begin(connection, guard.workflow, access.object.name, draft.id, {}, proposal=made.instance)
    except Conflict as error:
        if error.code == "already_running":
            raise Locked(WAITING, code="locked") from None
        raise
    return Pending(made.instance, guard.workflow, [name_of(access.object, key) for key in patch], version)


def divert(
    starter: Starter, access: ObjectAccess, draft: Draft, options: Options, guards: Sequence[Guard],
    connection: Connection | None,
) -> Written | None:  # fmt: skip
    """The same with the answer to whoever saves; in a transaction of its own where there is none."""
    session = starter.session
    schema = session.workspace.schema
    if connection is not None:
        made = propose(starter, access, draft, options, guards, connection)
        if made is None:
            return None
        made = replace(made, state=flows.state_of(connection, schema, made.instance))
        return Written(draft.id, b"", made.version, pending=None if made.state == "approved" else made)
    kept: list[Pending] = []
    try:
        with session.database.transaction() as own:
            made = propose(starter, access, draft, options, guards, own)
            if made is None:
                raise Rollback
            made = replace(made, state=flows.state_of(own, schema, made.instance))
            kept.append(made)
            if options.once and session.user_id:
                told = made.json() if made.state != "approved" else None
                body = {"id": draft.id, "object": access.object.name, "pending": told}
                proposals.remember(own, schema, session.user_id, options.once, dump_text(body))
    except pg.UniqueViolation as error:
        if error.diag.constraint_name != "s_idempotency_pkey":
            raise
        return None  # The same request, at the same time: it is answered as the other one was.
    except (pg.DeadlockDetected, pg.SerializationFailure):
        return None
    if not kept:
        return None
    made = kept[0]
    ask = reading.Ask(expand=options.expand, numbers_as_text=options.numbers_as_text)
    body_now, version = reading.get(session, access.object.name, draft.id, ask)
    return Written(draft.id, body_now, version, pending=None if made.state == "approved" else made)


def name_of(definition: ObjectDef, key: str) -> str:
    """How a storage key is called now."""
    field = definition.by_key.get(key)
    return field.name if field else key


def standing(draft: Draft, keys: Sequence[str] | set[str]) -> dict[str, Any]:
    """The values that a record has, None for blank."""
    before = draft.before or {}
    return {key: draft.owner_before if key == OWNER else before.get(key) for key in sorted(keys)}


def possible(
    session: Session, access: ObjectAccess, draft: Draft, keys: set[str], trusted: bool, connection: Connection
) -> None:
    """Refuse now what could not be put into force: taken values, links to nothing. Raises Invalid, Conflict."""
    problems = []
    for field in (access.object.by_key.get(key) for key in sorted(keys)):
        if field is not None and isinstance(field.kind, HoldsFiles):
            problems.append(Problem("file", FILES, field=field.name))
    for name, (_, statement, expected) in storing.linked(session, access, draft, trusted=trusted):
        if len(run(connection, statement)) != expected:
            problems.append(Problem("not_found", Message("there is no such record", "没有该记录"), field=name))
    if problems:
        raise Invalid(problems=problems)
    place = session.layout.object(access.object.name)
    for names in place.unique_fields.values():
        fields = [access.object.fields[name] for name in names]
        if any(one.key in keys for one in fields) and taken(place, fields, draft, connection):
            raise Conflict(problems=[taken_problem(name) for name in names])


def taken(place: ObjectLayout, fields: Sequence[FieldDef], draft: Draft, connection: Connection) -> bool:
    """Whether another record has the values that must be the only ones."""
    columns = [place.places[one.key] for one in fields]
    if any(draft.values.get(one.key) is None for one in fields):
        return False
    values = [column_value(column, draft.values[column.field.key]) for column in columns]
    kinds = [(column.column or "", column.sql_type or "text") for column in columns]
    rows = run(connection, batches.holders(place, kinds, [values]))
    return any(row[-1] != draft.id for row in rows)


def save_rest(
    session: Session, access: ObjectAccess, draft: Draft, keys: set[str], options: Options, connection: Connection
) -> int | None:
    """Save at once what nobody guards; the version afterwards. Raises Invalid."""
    names = {name_of(access.object, key) for key in keys}
    raw = {name: value for name, value in draft.raw.items() if name not in names}
    rest = Draft(
        draft.id, raw, values=dict(draft.before or {}), before=draft.before, version=draft.version,
        owner=draft.owner_before, owner_before=draft.owner_before, title_before=draft.title_before, other=draft.other,
    )  # fmt: skip
    storing.owner(session, access, rest, options.trusted)
    Preparation(session, access, trusted=options.trusted).run([rest])
    if rest.problems:
        raise Invalid(problems=rest.problems)
    done = storing.store_parent(session, access, rest, replace(options, once=None), connection)
    return None if done is None else done.version


# -- while it waits ---------------------------------------------------------------------------------------------


def overlay(session: Session, draft: Draft, instance: str) -> None:
    """Show a record as it would be: what conditions and approvers of the workflow look at. ``OLD`` tells what is."""
    one = proposals.read(session.database, session.workspace.schema, instance)
    if one is None or one.state not in proposals.OPEN:
        return
    places = session.layout.object(session.layout.names[one.object_key]).places
    for key, value in one.patch.items():
        if key == OWNER:
            draft.owner = value
        elif value is None:
            draft.values.pop(key, None)
        elif key in places:
            draft.values[key] = value


def amend(session: Session, connection: Connection, instance: str, values: Mapping[str, Any], *, trusted: bool) -> None:
    """Change what is proposed, under every rule of a save. Raises Invalid, Forbidden."""
    one, writer, access = opened(session, instance)
    raw = {**raw_of(access.object, one.patch), **values}
    draft = read(writer, access, one.record_id, raw, Options(trusted=trusted))
    storing.owner(writer, access, draft, trusted)
    Preparation(writer, access, trusted=trusted).run([draft])
    if draft.problems:
        raise Invalid(problems=draft.problems)
    keys = moved(draft)
    possible(writer, access, draft, keys, trusted, connection)
    patch = {key: draft.owner if key == OWNER else draft.values.get(key) for key in sorted(keys)}
    base = {key: one.base.get(key, value) for key, value in standing(draft, keys).items()}
    proposals.change(connection, session.workspace.schema, replace(one, patch=patch, base=base))


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


# -- when it is decided -----------------------------------------------------------------------------------------


def adopt(session: Session, connection: Connection, instance: str) -> Message | None:
    """Put an approved change into force as its initiator, if the record still has the values that it was to replace.

    ``session`` is the system's, in the decision's transaction. Gives why it could not be done, and nothing has been.
    """
    one = proposals.read(session.database, session.workspace.schema, instance)
    assert one is not None
    try:
        with connection.transaction():
            why = put(session, instance)
    except DougongError as error:
        why = error.both
    if why is not None:
        moved_on = replace(one, state="conflict", why=dump_text(why.json()))
        proposals.change(connection, session.workspace.schema, moved_on)
    return why


def put(session: Session, instance: str) -> Message | None:
    """Save the change, or say what stands against it. Raises DougongError."""
    one, writer, access = opened(session, instance)
    gone = [key for key in one.patch if key != OWNER and key not in access.object.by_key]
    if gone:
        shown = ", ".join(gone)
        return Message(f"these fields are not there any more: {shown}", f"以下字段已不存在：{shown}")
    writer.user_id = one.created_by  # With the system's rights and in his name: what he may do now has been decided.
    raw = raw_of(access.object, one.patch)
    for _ in range(TRIES):
        draft = read(writer, access, one.record_id, raw, TRUSTED)
        now = standing(draft, set(one.base))
        other = [name_of(access.object, key) for key in one.base if now[key] != one.base[key]]
        if other:
            names = ", ".join(other)
            return Message(f"{MOVED.en}: {names}", f"{MOVED.zh}：{names}")
        if storing.write(writer, access, draft, TRUSTED, None) is not None:
            return None
    return RETRY


def rebase(session: Session, connection: Connection, instance: str) -> None:
    """The change is meant for the record as it stands now. Raises Conflict when nothing of it is left."""
    one, writer, access = opened(session, instance)
    draft = read(writer, access, one.record_id, {}, TRUSTED)
    there = {key for key in one.patch if key == OWNER or key in access.object.by_key}
    now = standing(draft, there)
    patch = {key: one.patch[key] for key in sorted(there) if one.patch[key] != now[key]}
    if not patch:
        raise Conflict(NOTHING, code="nothing_left")
    base = {key: now[key] for key in patch}
    changed = replace(one, base_version=draft.version, patch=patch, base=base, state="open", why=None)
    proposals.change(connection, session.workspace.schema, changed)


# -- looking at it ----------------------------------------------------------------------------------------------


def changes(access: ObjectAccess, one: Proposal) -> list[dict[str, Any]]:
    """What a proposal changes, as far as the caller may read the fields: masked and hidden ones are left out."""
    found = []
    for key, value in one.patch.items():
        field = access.object.by_key.get(key)
        if key == OWNER or (field is not None and access.readable(field.name)):
            blank = field.kind.blank if field else None
            old, new = one.base.get(key), value
            found.append({"field": name_of(access.object, key), "old": blank if old is None else old,
                          "new": blank if new is None else new})  # fmt: skip
    return found


def shown(session: Session, access: ObjectAccess, record_id: str, *, open_only: bool = False,
          limit: int = 50) -> list[dict[str, Any]]:  # fmt: skip
    """The proposals about a record that the caller may read, newest first, as far as he may see what they change."""
    rows = proposals.of_record(session.database, session.workspace.schema, record_id, limit=limit, open_only=open_only)
    found = []
    for one in rows:
        told = changes(access, one) if one.object_key == access.object.key else []
        if told:
            at = {name: value.isoformat() if value else None for name, value in (
                ("created_at", one.created_at), ("closed_at", one.closed_at))}  # fmt: skip
            why = {}
            if one.state == "conflict" and one.why and may_know_why(session, one.created_by):
                why = {"why": reason(one).text(session.language)}
            found.append({"instance": one.instance, "state": one.state, "created_by": one.created_by, **at, **why,
                          "changes": told})  # fmt: skip
    return found


def may_know_why(session: Session, initiator: str | None) -> bool:
    """Whether the caller may read what stands against a change: it names fields, also those that others may not see."""
    return session.user_id == initiator or session.person.administrator


def reason(one: Proposal) -> Message:
    """Why an approved change could not be put into force; older ones have kept it in English alone."""
    kept: Any = one.why or ""
    return Message.read(load(kept) if kept.startswith("{") else kept)


def of_record(session: Session, object_name: str, record_id: str, *, open_only: bool = False) -> list[dict[str, Any]]:
    """The proposals about a record that the caller may read. Raises NotFound."""
    reading.get(session, object_name, record_id)
    access = demand_object(session.snapshot, session.person, object_name)
    return shown(session, access, record_id, open_only=open_only)


def of_instance(session: Session, instance: str) -> list[dict[str, Any]]:
    """What the change that an instance is about does, as far as the caller may read it."""
    one = proposals.read(session.database, session.workspace.schema, instance)
    if one is None or one.object_key not in session.layout.names:
        return []
    definition = session.model.objects[session.layout.names[one.object_key]]
    return changes(object_access(session.snapshot, session.person, definition), one)


def written(body: bytes, pending: Mapping[str, Any]) -> bytes:
    """The answer to a save that waits: what waits, and the record as it stands."""
    return b'{"pending":' + dump_text(dict(pending)).encode() + b',"record":' + body + b"}"
