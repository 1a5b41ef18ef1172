"""One record on its way into the database: read as it is, prepared, stored in one statement or refused whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import Rollback
from psycopg import errors as pg

from runtime.base.errors import (
    Conflict,
    DougongError,
    Forbidden,
    Invalid,
    Message,
    Problem,
    Stale,
)
from runtime.base.sqltext import EMPTY, Sql
from runtime.engine import conversion, effective, guards, keeping, locks, parents, reading, targets
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft, stored_draft
from runtime.engine.guards import Wait
from runtime.engine.prepare import Preparation, too_large
from runtime.engine.reading import WHOLE, Reader, given
from runtime.engine.saving import Options, Written
from runtime.engine.searching import search_texts
from runtime.engine.workspace import Session
from runtime.kinds.field import HoldsFiles
from runtime.store import files, numbers, pending, records
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Connection, run
from runtime.store.ids import is_id
from runtime.store.layout import ObjectLayout

TAKEN = Message("another record has this value already", "该值已被其他记录使用")
RETRY = Message("the record is being changed by others right now, please repeat", "记录正被他人修改，请重试")
#: Holds a change back, of one record or of lines of one: (session, access, drafts, options, why, a transaction under
#: way). Answers for the first of the drafts; None: do it again.
Divert = Callable[[Session, ObjectAccess, Sequence[Draft], Options, Wait, Connection | None], "Written | None"]


def read_draft(
    session: Session, access: ObjectAccess, record_id: str, raw: Mapping[str, Any], options: Options
) -> Draft | None:
    """The record as it is, ready to be changed; None when the session had to be renewed."""
    if not is_id(record_id):
        raise reading.not_found(access.object)
    place = session.layout.object(access.object.name)
    frame = Frame()
    alias = frame.alias()
    binder = TableBinder(session.layout, session.formulas, access.object.name, alias, frame, session.env())
    rights = ("read", "update", "assign") if "owner" in raw else ("read", "update")
    checks = [EMPTY if options.trusted else access.criterion(right, binder) for right in rights]
    statement = records.read_one(place, alias, frame.sql(), record_id, checks, session.workspace.live_table)
    row = session.database.rows(frame.finish(statement), prepare=not frame.joins)[0]
    if not session.current(row[0]):
        return None
    version, owner, data, ext, deleted = row[1:6]
    may_read, may_update = row[6:8]
    if version is None or (deleted is not None and not (options.pending and pending.waits(deleted))) or not may_read:
        raise reading.not_found(access.object)
    if not may_update or not (options.trusted or access.may("update")):
        raise Forbidden(Message("you may not change this record", "您没有权限修改该记录"))
    if "owner" in raw and not row[8] and raw["owner"] != owner:
        raise Forbidden(Message("you may not change the owner of this record", "您没有权限变更该记录的负责人"))
    if options.version is not None and options.version != version:
        raise Stale(extra={"version": version})
    return stored_draft(place, (record_id, version, owner, data, ext), row[-5:], raw)


def write(
    session: Session, access: ObjectAccess, draft: Draft, options: Options, divert: Divert | None
) -> Written | None:
    """Prepare and store one draft; None when it has to be done again from the start."""
    preparation = Preparation(session, access, trusted=options.trusted)
    owner(session, access, draft, options.trusted)
    preparation.run([draft])
    if too_large(draft.values):
        draft.refuse("too_large", "the record is too large", "记录内容过大")
    return store_prepared(session, access, draft, options, divert)


def origin_of(session: Session, action: str) -> records.Origin:
    """Who writes, through what, and why."""
    return records.Origin(session.user_id, session.channel, action, session.cause)


def store_prepared(
    session: Session, access: ObjectAccess, draft: Draft, options: Options, divert: Divert | None
) -> Written | None:
    """Store a draft whose rules have been asked; None when it has to be done again from the start.

    ``divert`` holds back what needs an approval; only what has been approved goes without.
    """
    locks.refuse_locked([draft])
    if draft.problems:
        raise Invalid(problems=draft.problems)
    if not draft.new and not draft.changed() and draft.owner == draft.owner_before:
        body, version = reading.get(session, access.object.name, draft.id, reading.Ask(expand=options.expand))
        return Written(draft.id, body, version)
    wait = waits(session, access, [draft], bypass=options.bypass).get(draft.id)
    if draft.problems:
        raise Invalid(problems=draft.problems)
    if wait is not None:
        assert divert is not None
        return divert(session, access, [draft], options, wait, None)
    links = targets.linked(session, access, draft, trusted=options.trusted)
    origin = origin_of(session, "created" if draft.new else "updated")
    store = Storing(session, access, draft, origin, options)
    return store.run([gate for _, gate in links], [name for name, _ in links])


def waits(session: Session, access: ObjectAccess, drafts: Sequence[Draft], *, bypass: bool) -> dict[str, Wait]:
    """By draft: why it has to wait, for itself or as a line of a record. Raises Forbidden."""
    found = {one: Wait(held) for one, held in guards.held(session, access, drafts, bypass=bypass).items()}
    return {**found, **effective.line_guards(session, access, drafts, bypass=bypass)}


def store_parent(
    session: Session, access: ObjectAccess, draft: Draft, options: Options, connection: Connection
) -> Written | None:
    """The same inside the caller's transaction, told why when it is refused; None: roll back and begin anew."""
    links = targets.linked(session, access, draft, trusted=options.trusted)
    origin = origin_of(session, "created" if draft.new else "updated")
    store = Storing(session, access, draft, origin, options)
    try:
        row = store.inside(connection, [gate for _, gate in links])
    except pg.UniqueViolation as error:
        return store.taken(error)
    if row[1] is None:
        if session.current(row[0]):
            store.closed([gate for _, gate in links], [name for name, _ in links], row[2:])
        return None
    return Written(draft.id, row[1].encode(), draft.version + 1)


def store_inside(
    session: Session, access: ObjectAccess, draft: Draft, options: Options, connection: Connection
) -> Written | None:
    """The same inside the caller's transaction, which must be rolled back after None or any exception."""
    links = targets.linked(session, access, draft, trusted=options.trusted)
    origin = origin_of(session, "created" if draft.new else "updated")
    store = Storing(session, access, draft, origin, options)
    row = store.inside(connection, [gate for _, gate in links])
    return None if row[1] is None else Written(draft.id, row[1].encode(), draft.version + 1)


class Storing:
    """One prepared draft on its way into the database."""

    def __init__(
        self, session: Session, access: ObjectAccess, draft: Draft, origin: records.Origin, options: Options
    ) -> None:
        self.session = session
        self.access = access
        self.draft = draft
        self.origin = origin
        self.options = options
        self.place: ObjectLayout = session.layout.object(access.object.name)
        self.moves = access.object.owner_link is not None and not options.with_record

    def run(self, gates: list[tuple[str, Sql, int]], names: list[str]) -> Written | None:
        """Store; None when it has to be done again. Raises Invalid, Conflict, Forbidden."""
        row: tuple[Any, ...] = ()
        try:
            if self.needs_transaction():
                with self.session.database.transaction() as connection:
                    row = self.inside(connection, gates)
                    if row[1] is None:
                        raise Rollback  # A number without gaps goes back with it.
            else:
                with self.session.database.connection() as connection:
                    row = self.execute(connection, gates)
        except pg.UniqueViolation as error:
            return self.taken(error)
        except (pg.DeadlockDetected, pg.SerializationFailure):
            return None
        if not self.session.current(row[0]):
            return None
        if row[1] is None:
            self.closed(gates, names, row[2:])
            return None  # the version moved: read again
        return Written(self.draft.id, row[1].encode(), self.draft.version + 1)

    def inside(self, connection: Connection, gates: list[tuple[str, Sql, int]]) -> tuple[Any, ...]:
        """Store in the caller's transaction: (stamp, JSON text or None, ids of each gate ...)."""
        if self.moves:
            parents.follow(self.session, connection, self.access.object, [self.draft])
        row = self.execute(connection, gates)
        if row[1] is not None:
            self.after(connection)
        return row

    def needs_transaction(self) -> bool:
        """True when more than the one statement belongs to the write."""
        watched = locks.watched(self.session, self.access.object, new=self.draft.new)
        more = self.moves or watched or self._keeps()
        return more or bool(self._gap_free()) or self._recheck() or bool(self._files())

    def _keeps(self) -> bool:
        if not self.session.formulas.kept.by_source:
            return False
        return keeping.concerns(self.session, self.access.object.name, changed_members(self.draft))

    def execute(self, connection: Connection, gates: list[tuple[str, Sql, int]]) -> tuple[Any, ...]:
        """The one statement."""
        self.give_numbers(connection)
        gate = records.Gate(self.session.workspace.live_table, self.session.snapshot.stamp, self.origin, gates)
        if self.options.once and self.session.user_id:
            key, request = self.options.once
            gate.once = records.Once(self.session.user_id, key, request, 201 if self.draft.new else 200)
        statement = records.write_one(self.place, self.write(), gate, self.wire())
        return run(connection, statement, prepare=True)[0]

    def wire(self) -> Sql:
        """The statement that reads the written row as the caller may see it."""
        options = self.options

        def build() -> Sql:
            reader = Reader(self.session, self.access, kept=True)
            reader.frame.fresh.add(reader.alias)
            record = reader.record(None, options.expand, options.numbers_as_text)
            return reader.frame.finish(Sql("SELECT ") + record + f" AS j FROM rec {reader.alias}" + reader.frame.sql())

        kept = self.access.keep(("wire", options.numbers_as_text, tuple(options.expand)), build)
        return given(kept, WHOLE, self.session.env())

    def write(self) -> records.Write:
        """What is to be stored."""
        return write_of(self.session, self.access, self.draft)

    def _gap_free(self) -> list[Any]:
        if not self.draft.new:
            return []
        return [one for one in self.access.object.fields.values() if one.numbered and one.numbered.gap_free()]

    def give_numbers(self, connection: Connection) -> None:
        """Numbers without gaps, inside the record's own transaction; the title may tell them."""
        numbered = self._gap_free()
        for field in numbered:
            kind = field.numbered
            today = self.session.env().value(("TODAY",))
            value = numbers.take_inside(
                connection, self.place.schema, self.place.object.key, field.key, kind.period(today), 1
            )
            self.draft.values[field.key] = kind.number(value, today)
        if numbered:
            preparation = Preparation(self.session, self.access, trusted=self.options.trusted)
            preparation.evaluator.rows = lambda statement: run(connection, statement)
            preparation.titles([self.draft])

    def _recheck(self) -> bool:
        if self.options.trusted or self.access.everything or not self.access.may("read"):
            return False
        at: ObjectAccess | None = self.access
        while at is not None:
            if at.scopes["read"].where:
                return True
            at = at.parent
        return False

    def _files(self) -> list[tuple[str, list[str]]]:
        found = []
        for field in self.access.object.fields.values():
            if isinstance(field.kind, HoldsFiles) and field.key in self.draft.given and field.key in self.draft.values:
                found.append((field.key, list(field.kind.file_ids(self.draft.values[field.key]))))
        return found

    def after(self, connection: Connection) -> None:
        """What belongs to the same transaction behind the statement."""
        locks.confirm(self.session, self.access.object, [self.draft], connection)
        if self._keeps():
            keeping.keep(self.session, connection, [touch_of(self.access, [self.draft])])
        for key, ids in self._files():
            taken = run(connection, files.attach(self.place.schema, self.place.object.key, key, ids, self.draft.id))
            if len(taken) != len(set(ids)):
                message = Message("there is no such file of yours", "没有您上传的该文件")
                raise Invalid(problems=[Problem("not_found", message, field=self.access.object.by_key[key].name)])
        if self._recheck():
            reader = Reader(self.session, self.access)
            condition = Sql(f"{reader.alias}.id = %s::uuid AND ", (self.draft.id,)) + reader.where()
            statement = (
                Sql(f"SELECT 1 FROM {self.place.table} {reader.alias}") + reader.frame.sql() + " WHERE " + condition
            )
            if not run(connection, reader.frame.finish(statement)):
                raise Forbidden(
                    Message("the record would be outside of what you may see", "保存后该记录将超出您的可见范围")
                )

    def closed(self, gates: list[tuple[str, Sql, int]], names: list[str], found: Sequence[Any]) -> None:
        """Raise Invalid when a linked record is missing."""
        problems = []
        for (_, _, expected), name, ids in zip(gates, names, found, strict=True):
            if len(ids or ()) != expected:
                why = targets.missing_of(self.session, self.access, name, self.draft.values)
                problems.append(Problem("not_found", why, field=name))
        if problems:
            raise Invalid(problems=problems)

    def taken(self, error: pg.UniqueViolation) -> Written | None:
        """Raise Conflict for a taken value; answer a repeated request with what it did the first time."""
        constraint = error.diag.constraint_name or ""
        if constraint == "s_idempotency_pkey":
            return None
        fields = self.place.unique_fields.get(constraint)
        if fields is None:
            if self.session.settle():  # The index of a rule that is just being published, or was just taken back.
                raise Conflict(TAKEN)
            return None
        raise Conflict(problems=[taken_problem(name) for name in fields])


def changed_members(draft: Draft) -> frozenset[str] | None:
    """The members whose value a write changes; None for a new record."""
    if draft.new:
        return None
    keys = draft.changed()
    if draft.owner != draft.owner_before:
        keys.add("owner")
    if draft.title != draft.title_before:
        keys.add("title")
    return frozenset(keys)


def touch_of(access: ObjectAccess, drafts: Sequence[Draft]) -> keeping.Touch:
    """What kept values must know of drafts that have been stored, all new or all changed."""
    if drafts[0].new:
        return keeping.Touch(access.object.name, [one.id for one in drafts])
    keys: set[str] = set()
    before: dict[str, list[str]] = {}
    for draft in drafts:
        changed = changed_members(draft) or frozenset()
        keys |= changed
        for key in changed:
            field = access.object.by_key.get(key)
            value = (draft.before or {}).get(key)
            if field is not None and field.relates is not None and value is not None:
                before.setdefault(key, []).extend(field.relates.targets(value))
    return keeping.Touch(access.object.name, [one.id for one in drafts], frozenset(keys), before)


def taken_problem(name: str) -> Problem:
    """A unique value that another record has, visible or not: the same text."""
    return Problem("taken", TAKEN, field=name)


def write_of(session: Session, access: ObjectAccess, draft: Draft) -> records.Write:
    """What is to be stored of a prepared draft."""
    changed = draft.changed()
    before = draft.before or {}
    was = {key: before[key] for key in changed if key in before}
    now = dict(draft.values) if draft.new else {key: draft.values[key] for key in changed if key in draft.values}
    if draft.owner != draft.owner_before:
        was |= {"owner": draft.owner_before} if draft.owner_before else {}
        now |= {"owner": draft.owner} if draft.owner else {}
    texts, prose = search_texts(access.object, draft.values)
    return records.Write(
        id=draft.id,
        version=draft.version,
        owner=draft.owner,
        title=draft.title,
        values=draft.values,
        before=None if draft.new else was,
        after=now,
        removed=[key for key in before if key not in draft.values],
        extra=conversion.extra(session, access.object.key, draft.values, changed),
        texts=texts,
        prose=prose,
        retitled=draft.new or draft.title != draft.title_before or bool(changed & access.object.searched),
    )


def owner(session: Session, access: ObjectAccess, draft: Draft, trusted: bool) -> None:
    """The owner that came in: a user of this workspace, set by those who may assign."""
    if "owner" not in draft.raw:
        return
    wanted = draft.raw["owner"]
    if wanted is not None and not (isinstance(wanted, str) and is_id(wanted) and known_user(session, wanted)):
        draft.refuse("not_found", "there is no such user", "没有该用户", "owner")
        return
    if draft.new and wanted != session.user_id and not trusted and not access.may("assign"):
        draft.refuse("readonly", "may be set only by those who may assign", "只有具备分配权限的用户才能设置", "owner")
        return
    draft.owner = wanted


def known_user(session: Session, user_id: str) -> bool:
    """True for an active user of the workspace."""
    try:
        session.snapshot.person(user_id)
    except DougongError:
        return False
    return True
