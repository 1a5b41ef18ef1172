"""Deleting into the recycle bin and coming back: references restrict, are cleared, or go with the record.

Where a workflow guards it, a deletion waits, and the record stays as it is until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from psycopg import errors as pg

from runtime.base.errors import Conflict, Forbidden, Invalid, Locked, Message, Problem, Stale
from runtime.base.sqltext import EMPTY
from runtime.engine import effective, entering, guards, locks, parents, reading, storing
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.along import DEEPEST, Along, on_delete
from runtime.engine.guards import Wait
from runtime.engine.keeping import Touch, keep
from runtime.engine.saving import Options, Pending
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, ObjectDef
from runtime.store import flows, pending, records
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Connection, run
from runtime.store.ids import is_id

MOST_RECORDS = 20_000
#: Holds deletions back that wait together, of one record or of lines of one: (session, access, ids, why, a
#: transaction under way). None: nobody had to be asked, they are deleted.
Divert = Callable[[Session, ObjectAccess, Sequence[str], Wait, Connection | None], "Pending | None"]

#: Ends what holds a record, in the transaction of its deletion: (session, connection, object, record, its version).
Force = Callable[[Session, Connection, ObjectDef, str, int], None]
APPROVAL = Message(
    "the deletion of this record needs an approval, which force does not give: end the workflow and ask for it",
    "该记录的删除须经审批，强制删除不能代替审批：请先终止流程，再申请删除",
)


def state_of(
    session: Session, access: ObjectAccess, record_id: str, trusted: bool, *, forced: bool = False
) -> tuple[int, bool, bool] | None:
    """(version, deleted, may be deleted) of a record that the caller may read; None: renewed, look again.

    One that waits for the approval of its coming is there for force alone.
    """
    if not is_id(record_id):
        raise reading.not_found(access.object)
    place = session.layout.object(access.object.name)
    frame = Frame()
    alias = frame.alias()
    binder = TableBinder(session.layout, session.formulas, access.object.name, alias, frame, session.env())
    checks = [EMPTY if trusted else access.criterion(right, binder) for right in ("read", "delete")]
    statement = records.read_one(place, alias, frame.sql(), record_id, checks, session.workspace.live_table)
    row = session.database.rows(frame.finish(statement))[0]
    if not session.current(row[0]):
        return None
    if row[1] is None or not row[6]:
        raise reading.not_found(access.object)
    waiting = pending.waits(row[5])
    if waiting:
        try:
            entering.refuse(session, access, record_id)
        except Locked:
            if not forced:
                raise
    return int(row[1]), row[5] is not None and not waiting, bool(row[7])


def delete(
    session: Session, object_name: str, record_id: str, options: Options, divert: Divert | None,
    force: Force | None = None,
) -> Pending | None:  # fmt: skip
    """Move a record and what belongs to it to the recycle bin, all or nothing; or give the request that it waits for.

    ``divert`` holds back what needs an approval; only what has been approved goes without. ``force``: ends what holds
    it, where that is asked for.
    """
    forced = options.force and force is not None
    version, trusted = options.version, options.trusted
    access = demand_object(session.snapshot, session.person, object_name, None if trusted else "delete")
    found = state_of(session, access, record_id, trusted, forced=forced)
    if found is None:
        return delete(session, object_name, record_id, options, divert, force)
    seen, gone, permitted = found
    if gone:
        raise reading.not_found(access.object)
    if not permitted:
        raise Forbidden(Message("you may not delete this record", "您没有权限删除该记录"))
    if version is not None and version != seen:
        raise Stale(extra={"version": seen})
    locks.refuse_deletion(session, access.object, record_id, forced=forced)
    held = effective.removals(session, access, [record_id], bypass=options.bypass)
    if held and forced:
        raise Conflict(problems=[Problem("needs_approval", APPROVAL)], code="needs_approval")
    if held:
        assert divert is not None
        return divert(session, access, [record_id], held[record_id], None)
    with session.database.transaction() as connection:
        if forced and force is not None:
            force(session, connection, access.object, record_id, seen)
        work = Deletion(session, connection)
        work.whole(access.object, [record_id], version=None if forced else seen)
        locks.refuse_deletion(session, access.object, record_id, connection, forced=forced)
    return None


def waits(session: Session, access: ObjectAccess, record_id: str) -> bool:
    """Whether the deletion of a record would have to be approved."""
    return bool(effective.removals(session, access, [record_id], bypass=False))


@dataclass(frozen=True)
class Consequence:
    """What a deletion means for records that link to the deleted one, as far as the caller may read them."""

    object: ObjectDef
    field: FieldDef
    rule: str
    count: int


def consequences(session: Session, object_name: str, record_id: str) -> list[Consequence]:
    """What would follow from the deletion of a record: what goes with it, loses its link, or stands against it."""
    found = []
    for source, field in session.model.links_to.get(object_name, ()):
        access = object_access(session.snapshot, session.person, source)
        if not access.may("read") or not access.readable(field.name) or field.relates is None:
            continue
        condition = f"HAS({field.name}, '{record_id}')" if field.relates.many else f"{field.name} == '{record_id}'"
        ask = reading.Ask(filter=condition, fields=("id",), limit=1, count="estimate")
        count = reading.listed(session, source.name, ask).count or 0
        if count:
            found.append(Consequence(source, field, on_delete(field), count))
    return found


class Deletion:
    """One deletion with everything that follows from it, inside one transaction."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self.session = session
        self.connection = connection
        self.origin = records.Origin(session.user_id, session.channel, "deleted", session.cause)
        self.count = 0
        self.touches: list[Touch] = []
        self.along = Along(session, connection)

    def whole(
        self, definition: ObjectDef, ids: list[str], *, version: int | None = None, with_record: bool = False
    ) -> None:
        """Delete records with what belongs to them, unless something of that needs an approval. Raises Conflict.

        ``with_record``: lines that are saved with their record, which moves on by itself.
        """
        self.along.check(definition, ids)
        if not with_record:
            above = parents.of_lines(self.session, self.connection, definition, ids)
            parents.hold(self.session, self.connection, definition, above)
        self.delete(definition, ids, version=version)
        self.keep()
        if not with_record:
            self.move()

    def move(self) -> None:
        """Records whose lines have gone, or have lost a link, move on, unless they have gone too."""
        gone = set().union(*(one.ids for one in self.touches if one.gone))
        touched: dict[str, set[str]] = {}
        for one in self.touches:
            touched.setdefault(one.object, set()).update(one.ids)
        for name, ids in sorted(touched.items()):
            definition = self.session.model.objects[name]
            above = parents.of_lines(self.session, self.connection, definition, sorted(ids))
            parents.move(self.session, self.connection, definition, above - gone)

    def keep(self) -> None:
        """Bring kept values up to date, once everything is deleted."""
        keep(self.session, self.connection, self.touches)

    def delete(self, definition: ObjectDef, ids: list[str], *, version: int | None = None, depth: int = 0) -> None:
        """Delete first, look for references then: whoever links to the record meanwhile waits, or is seen."""
        place = self.session.layout.object(definition.name)
        done = [row[0] for row in run(self.connection, records.set_deleted(place, ids, self.origin, version=version))]
        if version is not None and not done:
            raise Stale()
        self.count += len(done)
        if self.count > MOST_RECORDS or depth > DEEPEST:
            text = Message(
                f"more than {MOST_RECORDS} records would go with it", f"将连带删除超过 {MOST_RECORDS} 条记录"
            )
            raise Conflict(text, code="too_many")
        if not done:
            return
        self.touches.append(Touch(definition.name, done, gone=True))
        for source, field in self.session.model.links_to.get(definition.name, ()):
            self.follow(definition, source, field, done, depth)

    def follow(self, target: ObjectDef, source: ObjectDef, field: FieldDef, ids: list[str], depth: int) -> None:
        """What one link says about the deletion of what it points to."""
        place = self.session.layout.object(source.name)
        rule = on_delete(field)
        if rule == "clear":
            for one in ids:
                origin = records.Origin(self.origin.actor, self.origin.channel, "updated", self.origin.cause)
                cleared = [row[0] for row in run(self.connection, records.clear_link(place, field.key, one, origin))]
                self.touches.append(Touch(source.name, cleared, frozenset((field.key,)), {field.key: [one]}))
            return
        limit = 1 if rule == "restrict" else MOST_RECORDS + 1
        linking = [row[0] for row in run(self.connection, records.linking(place, field.key, ids, limit=limit))]
        if not linking:
            return
        if rule == "restrict":
            text = Message(
                f"it is referenced by {source.label['en']!r} ({field.label['en']})",
                f"已被“{source.label['zh']}”的“{field.label['zh']}”引用",
            )
            raise Conflict(problems=[Problem("referenced", text)], code="referenced")
        self.delete(source, linking, depth=depth + 1)


def restore(session: Session, object_name: str, record_id: str, divert: storing.Divert) -> None:
    """Take a record out of the recycle bin, with what went there together with it.

    ``divert`` lets one wait that has never been in force, for it would be so without the approval that it needs.
    """
    access = demand_object(session.snapshot, session.person, object_name, "delete")
    found = state_of(session, access, record_id, False)
    if found is None:
        restore(session, object_name, record_id, divert)
        return
    _, gone, permitted = found
    if not gone:
        raise Invalid(problems=[Problem("not_deleted", Message("the record is not deleted", "该记录未被删除"))])
    if not permitted:
        raise Forbidden(Message("you may not restore this record", "您没有权限恢复该记录"))
    refuse_line(session, access.object, record_id)
    origin = records.Origin(session.user_id, session.channel, "restored")
    try:
        with session.database.transaction() as connection:
            above = parents.of_lines(session, connection, access.object, [record_id])
            parents.hold(session, connection, access.object, above)
            bring_back(session, connection, access.object, record_id, origin)
            parents.move(session, connection, access.object, above)
            ask_again(session, connection, access, record_id, divert)
    except pg.UniqueViolation as error:
        text = Message("another record has this value now", "该值现已被其他记录使用")
        rules = (session.layout.object(one).unique_fields for one in session.model.objects)
        names = next(
            (rule[constraint] for rule in rules if (constraint := error.diag.constraint_name or "") in rule), ()
        )
        raise Conflict(text, [Problem("taken", text, field=name) for name in names]) from None


def ask_again(
    session: Session, connection: Connection, access: ObjectAccess, record_id: str, divert: storing.Divert
) -> None:
    """Let a restored record wait that has never been in force, where its coming needs an approval now."""
    inner = copy(session)
    inner.database = flows.Bound(connection)
    creating = guards.creating(session, access.object)
    if not creating or not pending.unborn(inner.database, session.workspace.schema, record_id):
        return
    draft = effective.only(inner, access, record_id)
    assert draft is not None
    stored, draft.before = draft.version, None
    held = guards.coming(inner, access, creating, [draft], connection).get(record_id)
    if held:
        divert(inner, access, [draft], Options(stored=stored), Wait(held), connection)


def refuse_line(session: Session, definition: ObjectDef, record_id: str) -> None:
    """Raise Conflict for a line of a record whose lines change only with an approval; with its record it comes back."""
    link = definition.owner_link
    if link is None or effective.owner_of(session, definition) is None:
        return
    owner = flows.owner_of(session.database, session.layout.object(definition.name).table, link.key, record_id)
    if owner and effective.of_lines(session, definition, [owner]):
        text = Message(
            "changes of these lines need an approval, coming back too: add the line anew at its record",
            "该明细的变更（包括恢复）须经审批：请在所属记录中重新新增",
        )
        raise Conflict(problems=[Problem("needs_approval", text)], code="needs_approval")


def bring_back(
    session: Session,
    connection: Connection,
    definition: ObjectDef,
    record_id: str,
    origin: records.Origin,
    depth: int = 0,
) -> None:
    """Restore a record whose links lead to live records, and what was deleted with it."""
    place = session.layout.object(definition.name)
    together: list[tuple[ObjectDef, str]] = []
    for source, field in session.model.links_to.get(definition.name, ()):
        if on_delete(field) == "cascade" and field.relates is not None and not field.relates.many:
            source_place = session.layout.object(source.name)
            rows = run(connection, records.deleted_with(source_place, field.key, place, record_id))
            together.extend((source, row[0]) for row in rows)
    for field in definition.fields.values():
        target = session.model.object(field.relates.target_object()) if field.relates and field.stored else None
        if target is not None and dangling(session, connection, definition, field, target, record_id):
            text = Message(
                f"{field.label['en']} is deleted: restore it first", f"“{field.label['zh']}”已被删除，请先恢复它"
            )
            raise Conflict(problems=[Problem("referenced", text, field=field.name)])
    run(connection, records.set_restored(place, [record_id], origin))
    keep(session, connection, [Touch(definition.name, [record_id])])
    if depth < DEEPEST:
        for source, one in together:
            bring_back(session, connection, source, one, origin, depth + 1)


def dangling(
    session: Session, connection: Connection, definition: ObjectDef, field: FieldDef, target: ObjectDef, record_id: str
) -> bool:
    """True when the record links to a deleted record; whoever deletes a living one now waits, and then sees us."""
    source, there = session.layout.object(definition.name), session.layout.object(target.name)
    return any(row[1] for row in run(connection, records.link_targets(source, field.key, there, record_id)))
