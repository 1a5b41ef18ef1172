"""Many records at once, under the very rules of one: batches through the same preparation, few statements a batch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import psycopg
from psycopg import errors as pg

from runtime.base.errors import DougongError, Invalid, Message, Problem, Unavailable
from runtime.base.sqltext import EMPTY, ident
from runtime.base.values import load
from runtime.engine import deletion, storing
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.drafts import Draft
from runtime.engine.prepare import Preparation, too_large
from runtime.engine.storing import RETRY, Options, taken_problem, write_of
from runtime.engine.workspace import TRIES, Session, settled
from runtime.kinds.field import BadValue, HoldsFiles
from runtime.meta.model import FieldDef
from runtime.store import batches, records
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Connection, run
from runtime.store.ids import is_id, new_id
from runtime.store.layout import column_value

log = logging.getLogger("dougong")

BATCH = 1000
MOST = 20_000
BROKEN = Message("the record could not be stored; the fault has been noted", "记录无法保存，故障已记录")
MODES = ("create", "update", "upsert", "delete")


@dataclass
class Result:
    """What became of one record: ``status`` as over HTTP, the id, the version, what was wrong."""

    status: int
    id: str | None = None
    version: int | None = None
    problems: Sequence[Problem] = ()

    def json(self, language: str) -> dict[str, Any]:
        """An entry of the answer."""
        found: dict[str, Any] = {"status": self.status, "id": self.id}
        if self.version is not None:
            found["version"] = self.version
        if self.problems:
            found["errors"] = [one.json(language) for one in self.problems]
        return found


class Abort(Exception):
    """An atomic request met something wrong: nothing of it stays."""


@dataclass
class Item:
    """One record of the request on its way."""

    place: int
    raw: Mapping[str, Any]
    draft: Draft | None = None
    result: Result | None = None


@dataclass
class Request:
    """A bulk request: what to do with the records, and how they are found."""

    session: Session
    object: str
    mode: str
    key: str | None = None
    atomic: bool = False
    trusted: bool = False
    dry: bool = False
    on_duplicate: str = "update"
    results: list[Result] = field(default_factory=list)

    def access(self) -> ObjectAccess:
        """The caller's rights, those that the mode needs. Raises NotFound, Forbidden."""
        access = demand_object(self.session.snapshot, self.session.person, self.object)
        if not self.trusted:
            needed = {
                "create": ("create",),
                "update": ("update",),
                "upsert": ("create", "update"),
                "delete": ("delete",),
            }
            for right in needed[self.mode]:
                access.demand(right)
        return access


@settled
def bulk(
    session: Session,
    object_name: str,
    mode: str,
    items: Sequence[Mapping[str, Any]],
    *,
    key: str | None = None,
    atomic: bool = False,
) -> list[Result]:
    """Do the same with many records; results in their order. Raises what refuses the request as a whole."""
    if mode not in MODES:
        shown = ", ".join(MODES)
        raise Invalid(problems=[Problem("choice", Message(f"must be one of {shown}", f"只能是 {shown}"), field="mode")])
    if len(items) > MOST:
        raise Invalid(
            problems=[Problem("too_many", Message(f"at most {MOST} records", f"最多 {MOST} 条记录"), field="records")]
        )
    request = Request(session, object_name, mode, key, atomic)
    request.access().demand("bulk")
    if atomic:
        return atomic_bulk(request, items)
    source = iter(items)
    while batch := list(islice(source, BATCH)):
        try:
            request.results += process(request, batch, len(request.results))
        except DougongError as error:
            if not request.results:
                raise
            request.results += [failure(error) for _ in batch]  # What was stored before stays, and is told.
    return request.results


def atomic_bulk(request: Request, items: Sequence[Mapping[str, Any]]) -> list[Result]:
    """All or nothing, in one transaction."""
    if request.mode == "delete":
        return atomic_delete(request, items)
    for _ in range(TRIES):
        worked = [Item(number, raw) for number, raw in enumerate(items)]
        access = request.access()
        prepare(request, access, worked)
        if any(one.result is not None for one in worked):
            return [one.result or Result(424, one.draft.id if one.draft else None) for one in worked]
        try:
            with request.session.database.transaction() as connection:
                lock_links(request, access, worked, connection)
                if any(one.result is not None for one in worked):
                    raise Abort
                for start in range(0, len(worked), BATCH):
                    store(request, access, worked[start : start + BATCH], connection)
                if any(one.result is None or one.result.status >= 400 for one in worked):
                    raise Abort
            return [one.result for one in worked if one.result]
        except Abort:
            failed = [one for one in worked if one.result and one.result.status >= 400]
            if failed:
                return [one.result if one in failed and one.result else Result(424) for one in worked]
        except pg.UniqueViolation:
            pass
        request.session.renew()
    raise Unavailable(RETRY, extra={"retry_after": 1})


def atomic_delete(request: Request, items: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Delete all or none."""
    access = request.access()
    found = [deletable(request, access, raw) for raw in items]
    if any(one.status >= 400 for one in found):
        return [one if one.status >= 400 else Result(424, one.id) for one in found]
    origin = records.Origin(request.session.user_id, request.session.channel, "deleted")
    with request.session.database.transaction() as connection:
        work = deletion.Deletion(request.session, connection, origin)
        work.delete(access.object, [one.id for one in found if one.id])
    return found


def deletable(request: Request, access: ObjectAccess, raw: Mapping[str, Any]) -> Result:
    """Whether the caller may delete one record, without doing it."""
    record_id = str(raw.get("id", ""))
    try:
        state = None
        while state is None:
            state = deletion.state_of(request.session, access, record_id, request.trusted)
    except DougongError as error:
        return failure(error, record_id)
    if state[1] or not state[2]:
        return Result(
            404 if state[1] else 403,
            record_id,
            problems=[Problem("forbidden", Message("may not be deleted", "不能删除"))],
        )
    return Result(200, record_id)


def process(request: Request, batch: Sequence[Mapping[str, Any]], start: int) -> list[Result]:
    """One batch in a transaction of its own; wrong records are left out and said."""
    if request.mode == "delete":
        return [delete_one(request, raw) for raw in batch]
    stored: dict[int, Result] = {}
    for _ in range(TRIES):
        items = [Item(number, raw) for number, raw in enumerate(batch, start) if number not in stored]
        access = request.access()
        prepare(request, access, items)
        try:
            if request.dry:
                check_links(request, access, items)
                return [one.result or Result(201 if one.draft and one.draft.new else 200) for one in items]
            with request.session.database.transaction() as connection:
                lock_links(request, access, items, connection)
                store(request, access, [one for one in items if one.result is None], connection)
        except (pg.UniqueViolation, pg.DeadlockDetected, Abort):
            one_by_one(request, access, [one for one in items if one.result is None or one.result.status < 300])
        found = {one.place: one.result for one in items if one.result}
        if len(found) == len(items):
            found.update(stored)
            return [found[number] for number in range(start, start + len(batch))]
        # The rest is tried again: what is stored stays stored, what was refused is looked at anew.
        stored.update({place: result for place, result in found.items() if result.status < 300})
        request.session.renew()
    raise Unavailable(RETRY, extra={"retry_after": 1})


def delete_one(request: Request, raw: Mapping[str, Any]) -> Result:
    """One record of a bulk deletion."""
    record_id = str(raw.get("id", ""))
    try:
        deletion.delete(request.session, request.object, record_id, trusted=request.trusted)
    except DougongError as error:
        return failure(error, record_id)
    except pg.DeadlockDetected:
        return failure(Unavailable(RETRY), record_id)
    return Result(200, record_id)


def failure(error: DougongError, record_id: str | None = None) -> Result:
    """A refusal as a result."""
    problems = error.problems or [Problem(error.code, error.message or error.title)]
    return Result(error.status, record_id, problems=problems)


def prepare(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Drafts for all items; those with something wrong get their result."""
    locate(request, access, items)
    drafts = []
    for one in items:
        if one.draft is not None and one.result is None:
            storing.owner(request.session, access, one.draft, request.trusted)
            drafts.append(one.draft)
    Preparation(request.session, access, trusted=request.trusted, dry=request.dry).run(drafts)
    for one in items:
        if one.result is None and one.draft is not None and too_large(one.draft.values):
            one.draft.refuse("too_large", "the record is too large", "记录内容过大")
    unique(request, access, [one for one in items if one.result is None and one.draft and one.draft.ok])
    for one in items:
        if one.result is None and one.draft is not None and one.draft.problems:
            taken = all(problem.code == "taken" for problem in one.draft.problems)
            one.result = Result(
                409 if taken else 422, None if one.draft.new else one.draft.id, problems=one.draft.problems
            )


def locate(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Which items are new and which change a record that is there."""
    if request.mode == "create":
        for one in items:
            one.draft = Draft(new_id(), one.raw, owner=request.session.user_id)
        return
    by_id = request.key in (None, "id")
    field_def = None if by_id else key_field(access, str(request.key))
    wanted: dict[Any, list[Item]] = {}
    for one in items:
        value = one.raw.get(str(request.key or "id"))
        stored = clean_key(request, field_def, value, one) if not by_id else value
        if one.result is not None:
            continue
        if stored is None or (by_id and not is_id(stored)):
            missing(request, one, by_id and value is not None)
            continue
        wanted.setdefault(stored, []).append(one)
    found = look_up(request, access, field_def, list(wanted))
    for value, group in wanted.items():
        for position, one in enumerate(group):
            if position:
                text = Message("the same record stands twice in this batch", "同一批次中该记录重复出现")
                one.result = Result(409, problems=[Problem("twice", text, field=request.key or "id")])
            elif value in found:
                existing(request, one, found[value], by_id)
            else:
                missing(request, one, by_id)


def key_field(access: ObjectAccess, name: str) -> FieldDef:
    """The unique field that records are found by. Raises Invalid."""
    found = access.object.fields.get(name)
    if found is None or not access.readable(name) or not found.unique or not found.stored:
        names = [one.name for one in access.object.fields.values() if one.unique and access.readable(one.name)]
        shown = ", ".join(["id", *names])
        text = Message(f"{name!r} is not a unique field; possible: {shown}", f"“{name}”不是唯一字段；可用：{shown}")
        raise Invalid(problems=[Problem("key", text, field="key")])
    return found


def clean_key(request: Request, field_def: FieldDef | None, value: Any, item: Item) -> Any:
    """The stored form of a key's value; a wrong one is the item's result."""
    if field_def is None or value is None:
        return None
    try:
        return field_def.kind.clean(value, request.session.context())
    except BadValue as error:
        item.result = Result(422, problems=[Problem(error.code, error.message, field=field_def.name)])
        return None


def look_up(request: Request, access: ObjectAccess, field_def: FieldDef | None, values: list[Any]) -> dict[Any, Any]:
    """The readable records with these keys: stored key -> row."""
    if not values:
        return {}
    session = request.session
    place = session.layout.object(access.object.name)
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    rights = ("read", "update", "assign")
    checks = [EMPTY if request.trusted else access.criterion(right, binder) for right in rights]
    if field_def is None:
        column, sql_type, typed = "id", "uuid", values
    else:
        one = place.places[field_def.key]
        column, sql_type = ident(one.column or ""), one.sql_type or "text"
        typed = [column_value(one, value) for value in values]
    statement = batches.find_by(place, binder.alias, frame.sql(), column, sql_type, typed, checks)
    rows = session.database.rows(frame.finish(statement))
    by_typed = {str(row[0]): row for row in rows if row[6]}
    return {value: by_typed[str(one)] for value, one in zip(values, typed, strict=True) if str(one) in by_typed}


def existing(request: Request, item: Item, row: Sequence[Any], by_id: bool) -> None:
    """The item changes the record in ``row``."""
    if request.mode == "upsert" and request.on_duplicate == "skip":
        item.result = Result(304, row[1], row[2])
        return
    if request.mode == "upsert" and request.on_duplicate == "fail":
        item.result = Result(409, row[1], problems=[taken_problem(request.key or "id")])
        return
    if not row[7]:
        text = Message("you may not change this record", "您没有权限修改该记录")
        item.result = Result(403, row[1], problems=[Problem("forbidden", text)])
        return
    raw = {name: value for name, value in item.raw.items() if name not in ("id", "version") or not by_id}
    if "owner" in raw and not row[8] and raw["owner"] != row[3]:
        text = Message("you may not change the owner of this record", "您没有权限变更该记录的负责人")
        item.result = Result(403, row[1], problems=[Problem("forbidden", text, field="owner")])
        return
    if by_id and item.raw.get("version") is not None and item.raw["version"] != row[2]:
        item.result = Result(412, row[1], row[2], [Problem("stale", Message("changed meanwhile", "已被他人修改"))])
        return
    place = request.session.layout.object(request.object)
    everything = {**load(row[4]), **(load(row[5]) if row[5] else {})}
    before = {key: value for key, value in everything.items() if key in place.places}
    item.draft = Draft(
        row[1], raw, values=dict(before), before=before, version=row[2], owner=row[3], owner_before=row[3]
    )


def missing(request: Request, item: Item, by_id: bool) -> None:
    """The item's record is not there."""
    if request.mode == "upsert" and not by_id:
        raw = {name: value for name, value in item.raw.items() if name != "id"}
        item.draft = Draft(new_id(), raw, owner=request.session.user_id)
        return
    name = request.key or "id"
    item.result = Result(
        404, problems=[Problem("not_found", Message("there is no such record", "没有该记录"), field=name)]
    )


def unique(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Unique values that another record holds, or that two records of the batch share."""
    place = request.session.layout.object(access.object.name)
    for names in place.unique_fields.values():
        fields = [access.object.fields[name] for name in names]
        columns = [place.places[one.key] for one in fields]
        seen: dict[tuple[Any, ...], Item] = {}
        asked: list[tuple[Item, tuple[Any, ...]]] = []
        for one in items:
            draft = one.draft
            if draft is None or any(draft.values.get(column.field.key) is None for column in columns):
                continue
            combined = tuple(column_value(column, draft.values[column.field.key]) for column in columns)
            if combined in seen:
                draft.problems += [taken_problem(name) for name in names]
                continue
            seen[combined] = one
            if draft.new or draft.changed() & {column.field.key for column in columns}:
                asked.append((one, combined))
        if not asked:
            continue
        kinds = [(column.column or "", column.sql_type or "text") for column in columns]
        rows = request.session.database.rows(batches.holders(place, kinds, [combined for _, combined in asked]))
        held = {tuple(str(value) for value in row[:-1]): row[-1] for row in rows}
        for one, combined in asked:
            holder = held.get(tuple(str(value) for value in combined))
            if holder is not None and one.draft is not None and holder != one.draft.id:
                one.draft.problems += [taken_problem(name) for name in names]


def gates_of(request: Request, access: ObjectAccess, items: Sequence[Item]) -> dict[str, dict[str, list[Item]]]:
    """For each link field: the ids that are set anew, with the items that set them."""
    found: dict[str, dict[str, list[Item]]] = {}
    links = [one for one in access.object.fields.values() if one.relates is not None and one.stored]
    for one in items if links else ():
        draft = one.draft
        if draft is None or one.result is not None:
            continue
        before = draft.before or {}
        for field_def in links:
            relates = field_def.relates
            value = draft.values.get(field_def.key)
            if relates is None or value is None or before.get(field_def.key) == value:
                continue
            for target in relates.targets(value):
                found.setdefault(field_def.name, {}).setdefault(target, []).append(one)
    return found


def lock_links(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection | None) -> None:
    """Every linked record must be there and readable, and stay until the batch is stored."""
    for name, targets in gates_of(request, access, items).items():
        field_def = access.object.fields[name]
        relates = field_def.relates
        assert relates is not None
        _, statement, _ = storing.target_gate(
            request.session, "k", relates.target_object(), list(targets), request.trusted, field_def.owned
        )
        rows = request.session.database.rows(statement) if connection is None else run(connection, statement)
        there = {str(row[0]) for row in rows}
        for target, group in targets.items():
            if target in there:
                continue
            for one in group:
                text = Message("there is no such record", "没有该记录")
                one.result = Result(422, problems=[Problem("not_found", text, field=name)])


def check_links(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """The same without keeping anything locked (dry run)."""
    lock_links(request, access, items, None)


def store(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Store the drafts of all items that have no result yet."""
    session = request.session
    place = session.layout.object(access.object.name)
    fresh = [one for one in items if one.result is None and one.draft and one.draft.new]
    changed = [one for one in items if one.result is None and one.draft and not one.draft.new]
    for one in list(changed):
        draft = one.draft
        if draft and not draft.changed() and draft.owner == draft.owner_before:
            one.result = Result(200, draft.id, draft.version)
            changed.remove(one)
    if needs_single(access, [*fresh, *changed]):
        if not request.atomic:
            raise Abort
        store_each(request, access, [*fresh, *changed], connection)
        return
    for group, write_many, action in (
        (fresh, batches.insert_many, "created"),
        (changed, batches.update_many, "updated"),
    ):
        origin = records.Origin(session.user_id, session.channel, action)
        for writes in alike([write_of(session, access, one.draft) for one in group if one.draft]):
            done = dict(
                write_many(connection, place, writes, origin, session.workspace.live_table, session.snapshot.stamp)
            )
            for one in group:
                if one.draft and one.draft.id in done:
                    one.result = Result(201 if one.draft.new else 200, one.draft.id, done[one.draft.id])


def alike(writes: Sequence[records.Write]) -> list[list[records.Write]]:
    """The writes in groups that keep the same values beside the model's: one statement each."""
    found: dict[tuple[str, ...], list[records.Write]] = {}
    for one in writes:
        found.setdefault(tuple(one.extra), []).append(one)
    return list(found.values())


def store_each(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Each record by a statement of its own inside the one transaction of an atomic request."""
    for one in items:
        if one.draft is None:
            continue
        try:
            done = storing.store_inside(
                request.session, access, one.draft, Options(trusted=request.trusted), connection
            )
        except DougongError as error:
            one.result = failure(error, None if one.draft.new else one.draft.id)
            raise Abort from error
        if done is None:
            raise Abort
        one.result = Result(201 if one.draft.new else 200, done.id, done.version)


def needs_single(access: ObjectAccess, items: Sequence[Item]) -> bool:
    """True when more than the batch's statement belongs to a record: files, numbers without gaps, a re-check."""
    fields = access.object.fields.values()
    if any(one.numbered and one.numbered.gap_free() for one in fields):
        return True
    holding = {one.key for one in fields if isinstance(one.kind, HoldsFiles)}
    if holding and any(one.draft and one.draft.given & holding for one in items):
        return True
    return not access.everything and bool(access.scopes["read"].where)


def one_by_one(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Each record by itself: slower, and one that is refused holds nobody up."""
    away: Unavailable | None = None
    for one in items:
        draft = one.draft
        if draft is None:
            continue
        if away is not None:  # Nobody waits a thousand times for a database that is away.
            one.result = failure(away)
            continue
        try:
            done = storing.store_prepared(request.session, access, draft, Options(trusted=request.trusted))
        except DougongError as error:
            one.result = failure(error, None if draft.new else draft.id)
            away = error if isinstance(error, Unavailable) else None
            continue
        except psycopg.Error:
            log.exception("a record of %s could not be stored", request.object)
            one.result = Result(500, None if draft.new else draft.id, problems=[Problem("internal", BROKEN)])
            continue
        one.result = None if done is None else Result(201 if draft.new else 200, done.id, done.version)
