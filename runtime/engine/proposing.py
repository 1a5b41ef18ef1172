"""Changes that wait for an approval: held back as a proposal until a workflow has said what becomes of it.

The record and its lines keep their values until then, so lists, sums, exports and formulas know nothing of a proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from psycopg import Rollback
from psycopg import errors as pg

from runtime.base.errors import Conflict, Invalid, Locked, Message, Problem, Stale, Unavailable
from runtime.base.values import dump_text
from runtime.engine import adopting, deletion, effective, entering, linechanges, locks, reading, storing, targets
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft
from runtime.engine.guards import OWNER, Wait, moved
from runtime.engine.linechanges import FILES, LineEntry
from runtime.engine.prepare import Preparation
from runtime.engine.proposed import name_of, standing
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.storing import RETRY, taken_problem
from runtime.engine.workspace import TRIES, Session
from runtime.kinds.field import HoldsFiles
from runtime.meta.model import FieldDef
from runtime.store import batches, flows, proposals
from runtime.store.database import Connection, run
from runtime.store.ids import new_id
from runtime.store.layout import ObjectLayout, column_value
from runtime.store.proposals import CREATE, DELETE, LINES, UPDATE, Proposal

T = TypeVar("T")
WAITING = Message(
    "a change of this record waits for approval already; another one is possible when that is decided",
    "该记录已有变更在等待审批，审批结束后才能再次提交变更",
)


class Starter(Protocol):
    """What starts workflows (:class:`runtime.engine.flows.Flows`)."""

    session: Session

    def begin(self, connection: Connection, workflow: str, object_name: str, record_id: str, args: Mapping[str, Any],
              *, proposal: str | None = None) -> str:  # fmt: skip
        """Start one inside of a transaction."""


def propose(
    starter: Starter, access: ObjectAccess, draft: Draft, options: Options, why: Wait, connection: Connection
) -> Pending | None:
    """Hold a prepared change back and start its workflow, in the caller's transaction; None: somebody was faster.

    Raises Invalid, Conflict, Locked; the transaction must be taken back then, and after None.
    """
    if draft.new:
        return propose_creation(starter, access, draft, options, why, connection)
    session, guard = starter.session, why.first
    place = session.layout.object(access.object.name)
    if proposals.claim(connection, place.table, draft.id) != draft.version:
        return None
    guarded = frozenset().union(*(one.keys for one in why.guards))
    keys = moved(draft) & guarded if guard.split else moved(draft)
    possible(session, access, draft, keys, options.trusted, connection)
    version = draft.version
    if moved(draft) - keys:
        stored = save_rest(session, access, draft, keys, options, connection)
        if stored is None:
            return None
        version = stored
    patch = {key: draft.owner if key == OWNER else draft.values.get(key) for key in sorted(keys)}
    lines = titled(session, options.lines, connection)
    made = Proposal(
        options.proposal or new_id(), access.object.key, draft.id, version, patch, standing(draft, keys),
        created_by=session.user_id, kind=LINES if lines else UPDATE, lines=[one.json() for one in lines],
    )  # fmt: skip
    proposals.add(connection, place.schema, made)
    if lines:
        adopting.rehearse(session, connection, made.instance)
    begin(starter, guard.workflow, access.object.name, made, connection)
    names = [name_of(access.object, key) for key in patch]
    return Pending(made.instance, guard.workflow, names, version, kind=made.kind, lines=len(lines))


def propose_creation(
    starter: Starter, access: ObjectAccess, draft: Draft, options: Options, why: Wait, connection: Connection
) -> Pending | None:
    """Store a new record, with the lines that came with it where that has been done already, and let it wait."""
    session, version = starter.session, options.stored
    if version is None:
        done = storing.store_parent(session, access, draft, replace(options, once=None), connection)
        if done is None:
            return None
        version = done.version
    entering.withhold(session, connection, access.object, draft.id)
    made = Proposal(
        options.proposal or new_id(), access.object.key, draft.id, version, {}, {}, created_by=session.user_id,
        kind=CREATE,
    )  # fmt: skip
    proposals.add(connection, session.workspace.schema, made)
    begin(starter, why.first.workflow, access.object.name, made, connection)
    return Pending(made.instance, why.first.workflow, [], version, kind=CREATE)


def begin(starter: Starter, workflow: str, object_name: str, made: Proposal, connection: Connection) -> None:
    """Start the workflow of a proposal. Raises Locked when one is under way on the record."""
    try:
        starter.begin(connection, workflow, object_name, made.record_id, {}, proposal=made.instance)
    except Conflict as error:
        if error.code == "already_running":
            raise Locked(WAITING, code="locked") from None
        raise


def titled(session: Session, lines: Sequence[LineEntry], connection: Connection) -> list[LineEntry]:
    """The lines with what they are called."""
    known: dict[str, str] = {}
    for key in {one.object_key for one in lines}:
        table = session.layout.object(session.layout.names[key]).table
        ids = [one.id for one in lines if one.object_key == key and one.what != linechanges.ADDED]
        known |= proposals.titles(connection, table, ids)
    return [replace(one, title=known.get(one.id) or one.title) for one in lines]


def divert(
    starter: Starter, access: ObjectAccess, drafts: Sequence[Draft], options: Options, why: Wait,
    connection: Connection | None,
) -> Written | None:  # fmt: skip
    """Hold back the change of a record, or of lines of one, with the answer to whoever saves.

    In a transaction of its own where there is none. None: it has to be done again.
    """
    session, draft = starter.session, drafts[0]

    def work(inside: Connection) -> Pending | None:
        if why.parent is None:
            return propose(starter, access, draft, options, why, inside)
        return propose_lines(starter, access, drafts, options, why, inside)

    def remember(inside: Connection, made: Pending) -> None:
        if options.once and session.user_id:
            told = made.json() if made.state != "approved" else None
            body = {"id": draft.id, "object": access.object.name, "pending": told}
            proposals.remember(inside, session.workspace.schema, session.user_id, options.once, dump_text(body))

    made = carried_out(session, work, connection, remember)
    if made is None:
        return None
    pending = None if made.state == "approved" else made
    if connection is not None:
        return Written(draft.id, b"", made.version if why.parent is None else draft.version, pending=pending)
    if pending is not None and draft.new and pending.kind != CREATE:
        return Written(draft.id, b"null", 0, pending=pending)
    ask = reading.Ask(expand=options.expand, numbers_as_text=options.numbers_as_text)
    body_now, version = reading.get(session, access.object.name, draft.id, ask)
    return Written(draft.id, body_now, version, pending=pending)


def carried_out(
    session: Session, work: Callable[[Connection], Pending | None], connection: Connection | None,
    after: Callable[[Connection, Pending], None] = lambda *_: None,
) -> Pending | None:  # fmt: skip
    """What holds something back, in the caller's transaction or one of its own, with the state that it has led to."""
    schema = session.workspace.schema
    if connection is not None:
        made = work(connection)
        return None if made is None else replace(made, state=flows.state_of(connection, schema, made.instance))
    kept: list[Pending] = []
    try:
        with session.database.transaction() as own:
            made = work(own)
            if made is None:
                raise Rollback
            kept.append(replace(made, state=flows.state_of(own, schema, made.instance)))
            after(own, kept[0])
    except pg.UniqueViolation as error:
        if error.diag.constraint_name != "s_idempotency_pkey":
            raise
        return None  # The same request, at the same time: it is answered as the other one was.
    except (pg.DeadlockDetected, pg.SerializationFailure):
        return None
    return kept[0] if kept else None


# -- lines and deletions ----------------------------------------------------------------------------------------


def propose_lines(
    starter: Starter, access: ObjectAccess, drafts: Sequence[Draft], options: Options, why: Wait,
    connection: Connection,
) -> Pending | None:  # fmt: skip
    """Hold back changes of lines of one record: a proposal about that record. As :func:`propose`."""
    session = starter.session
    for draft in drafts:
        possible(session, access, draft, moved(draft), options.trusted, connection)
    entries = []
    for mode, some in (("update", [one for one in drafts if not one.new]),
                       ("create", [one for one in drafts if one.new])):  # fmt: skip
        entries += linechanges.entries(access, mode, some, options.rows)
    return of_parent(starter, access, entries, replace(options, trusted=True), why, connection)


def of_parent(
    starter: Starter, access: ObjectAccess, entries: Sequence[LineEntry], options: Options, why: Wait,
    connection: Connection,
) -> Pending | None:  # fmt: skip
    """A proposal about the record that lines belong to; whether the lines may be changed has been asked."""
    session = starter.session
    link = access.object.owner_link
    parent = session.model.object(link.relates.target_object()) if link is not None and link.relates else None
    assert parent is not None and why.parent is not None
    above = object_access(session.snapshot, session.person, parent)
    draft = effective.only(session, above, why.parent)
    if draft is None:
        return None
    return propose(starter, above, draft, replace(options, lines=tuple(entries)), why, connection)


def divert_deletion(
    starter: Starter, access: ObjectAccess, ids: Sequence[str], why: Wait, connection: Connection | None
) -> Pending | None:
    """Hold back the deletion of a record, or of lines of one, which the caller may delete.

    None: nobody had to be asked, it is done. Raises Conflict, Stale, Locked, Unavailable.
    """
    session = starter.session

    def work(inside: Connection) -> Pending | None:
        if why.parent is None:
            return propose_deletion(starter, access, ids[0], why, inside)
        lines = effective.standing(session, access, ids)
        entries = linechanges.entries(access, "delete", lines)
        return of_parent(starter, access, entries, Options(trusted=True), why, inside)

    for _ in range(TRIES if connection is None else 1):
        made = carried_out(session, work, connection)
        if made is not None:
            return None if made.state == "approved" else made
    raise Unavailable(RETRY, extra={"retry_after": 1})


def propose_deletion(
    starter: Starter, access: ObjectAccess, record_id: str, why: Wait, connection: Connection
) -> Pending:
    """Ask for the deletion of a record. What could never be done is refused at once. Raises Conflict, Stale, Locked."""
    session, name = starter.session, access.object.name
    place = session.layout.object(name)
    version = proposals.claim(connection, place.table, record_id)
    if version is None:
        raise Stale()
    locks.refuse_deletion(session, access.object, record_id, connection)
    with connection.transaction(force_rollback=True):
        deletion.Deletion(session, connection).whole(access.object, [record_id])
    made = Proposal(
        new_id(), access.object.key, record_id, version, {}, {}, created_by=session.user_id, kind=DELETE
    )  # fmt: skip
    proposals.add(connection, place.schema, made)
    begin(starter, why.first.workflow, name, made, connection)
    return Pending(made.instance, why.first.workflow, [], version, kind=DELETE)


# -- what could be put into force -------------------------------------------------------------------------------


def possible(
    session: Session, access: ObjectAccess, draft: Draft, keys: set[str], trusted: bool, connection: Connection
) -> None:
    """Refuse now what could not be put into force: taken values, links to nothing. Raises Invalid, Conflict."""
    problems = []
    for field in (access.object.by_key.get(key) for key in sorted(keys)):
        if field is not None and isinstance(field.kind, HoldsFiles):
            problems.append(Problem("file", FILES, field=field.name))
    for name, (_, statement, expected) in targets.linked(session, access, draft, trusted=trusted):
        if len(run(connection, statement)) != expected:
            problems.append(Problem("not_found", targets.missing_of(session, access, name, draft.values), field=name))
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
        owner=draft.owner_before, owner_before=draft.owner_before, title_before=draft.title_before,
        marks=draft.marks, other=draft.other,
    )  # fmt: skip
    storing.owner(session, access, rest, options.trusted)
    Preparation(session, access, trusted=options.trusted).run([rest])
    if rest.problems:
        raise Invalid(problems=rest.problems)
    done = storing.store_parent(session, access, rest, replace(options, once=None), connection)
    return None if done is None else done.version
