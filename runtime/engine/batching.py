"""One batch of records: prepared under the rules of one record, stored in one transaction, few statements in all."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg

from runtime.base.errors import DougongError, Locked, Message, Problem, Unavailable
from runtime.engine import keeping, locks, parents, storing, targets
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft
from runtime.engine.finding import TWICE, Abort, Item, Request, Result, failure, locate
from runtime.engine.prepare import Preparation, too_large
from runtime.engine.saving import Options
from runtime.engine.storing import RETRY, taken_problem, write_of
from runtime.engine.withheld import hold, put_aside, waiting, waits
from runtime.engine.workspace import TRIES
from runtime.kinds.field import HoldsFiles
from runtime.store import batches, records
from runtime.store.database import Connection, run
from runtime.store.layout import column_value

log = logging.getLogger("dougong")

BROKEN = Message("the record could not be stored; the fault has been noted", "记录无法保存，故障已记录")


class Work:
    """One batch on its way: prepared here, stored there, each half by another thread if need be.

    It has a session of its own, so that what one batch finds out about the workspace does not change another's.
    """

    def __init__(
        self, request: Request, batch: Sequence[Mapping[str, Any]], start: int, ids: Sequence[str] = ()
    ) -> None:
        """``ids`` are those of the records that the batch makes, () for any."""
        self.ids = ids
        self.request = replace(request, session=copy(request.session))
        self.batch = batch
        self.start = start
        self.stored: dict[int, Result] = {}
        self.items: list[Item] = []

    def prepare(self) -> None:
        """Everything before the transaction, of the items that are not stored yet."""
        numbered = enumerate(self.batch, self.start)
        self.items = [Item(number, raw) for number, raw in numbered if number not in self.stored]
        if self.ids:
            for one in self.items:
                one.id = self.ids[one.place - self.start]
        self.access = self.request.access()
        prepare(self.request, self.access, self.items)
        put_aside(self.request, self.access, self.items)

    def keys(self) -> set[Any]:
        """The unique values of the batch's records."""
        place = self.request.session.layout.object(self.access.object.name)
        found: set[Any] = set()
        for names in place.unique_fields.values():
            own = [self.access.object.fields[name].key for name in names]
            for one in self.items:
                values = [one.draft.values.get(key) for key in own] if one.draft else [None]
                if None not in values:
                    found.add((names, *map(str, values)))
        return found

    def finish(self) -> list[Result]:
        """Store what was prepared, in a transaction of its own; wrong records are left out and said."""
        for attempt in range(TRIES):
            if attempt:
                self.request.session.renew()
                self.prepare()
            found = self.store()
            if found is not None:
                return found
        busy = Unavailable(RETRY, extra={"retry_after": 1})
        if not self.stored:
            raise busy
        # What is stored is told, and which records are not.
        return [self.stored.get(self.start + number, failure(busy)) for number in range(len(self.batch))]

    def store(self) -> list[Result] | None:
        """The results in order; None when some of it has to be done again."""
        request, access, items = self.request, self.access, self.items
        if request.dry:
            check_links(request, access, items)
            waiting(request, access, items)
            return [one.result or Result(201 if one.draft and one.draft.new else 200) for one in items]
        try:
            with request.session.database.transaction() as connection:
                hold_owners(request, access, items, connection)
                lock_links(request, access, items, connection)
                store(request, access, [one for one in items if one.result is None], connection)
        except (pg.UniqueViolation, pg.DeadlockDetected, Abort):
            one_by_one(request, access, [one for one in items if one.result is None or one.result.status < 300])
        found = {one.place: one.result for one in items if one.result}
        if len(found) == len(items):
            found.update(self.stored)
            return [found[number] for number in range(self.start, self.start + len(self.batch))]
        # The rest is tried again: what is stored stays stored, what was refused is looked at anew, but for what stands
        # twice in the batch: beside its first, which is not among the rest, it would not be found any more.
        self.stored.update({place: one for place, one in found.items() if one.status < 300 or stands_twice(one)})
        return None


def stands_twice(result: Result) -> bool:
    """True for a record that was refused because the batch has it already."""
    return any(one.code == TWICE for one in result.problems)


#: For each unique field, or fields together, the values that the records of a request bring.
Seen = dict[str, set[tuple[Any, ...]]]


def prepare(request: Request, access: ObjectAccess, items: Sequence[Item], seen: Seen | None = None) -> None:
    """Drafts for all items; those with something wrong get their result.

    ``seen``: what the items of the same request before these have brought; new records alone may come bit by bit.
    """
    draw_up(request, access, items, seen)
    # A key that is taken was free when its record was looked for: of two who bring it at once, the second changes what
    # the first has made. Whoever may not see that record is told again that the key is taken.
    late = [one for one in items if one.result and one.draft and key_taken(request, one.draft, one.result.problems)]
    if late:
        for one in late:
            one.draft = one.result = None
        draw_up(request, access, late)


def draw_up(request: Request, access: ObjectAccess, items: Sequence[Item], before: Seen | None = None) -> None:
    """The same, by what is stored at this moment."""
    locate(request, access, items)
    drafts = []
    for one in items:
        if one.draft is not None and one.result is None:
            storing.owner(request.session, access, one.draft, request.trusted)
            drafts.append(one.draft)
    preparation = Preparation(request.session, access, trusted=request.trusted, dry=request.dry)
    preparation.evaluator.rows = request.rows
    preparation.run(drafts)
    for one in items:
        if one.result is None and one.draft is not None and too_large(one.draft.values):
            one.draft.refuse("too_large", "the record is too large", "记录内容过大")
    sound = [one for one in items if one.result is None and one.draft and one.draft.ok]
    unique(request, access, sound, {} if before is None else before)
    for one in items:
        if one.result is None and one.draft is not None and one.draft.problems:
            codes = {problem.code for problem in one.draft.problems}
            status = 409 if codes == {"taken"} else 423 if "locked" in codes else 422
            one.result = Result(status, None if one.draft.new else one.draft.id, problems=one.draft.problems)


def unique(request: Request, access: ObjectAccess, items: Sequence[Item], before: Seen) -> None:
    """Unique values that another record holds, or that two records of the batch share, or one of those before it."""
    place = request.session.layout.object(access.object.name)
    for which, names in place.unique_fields.items():
        fields = [access.object.fields[name] for name in names]
        columns = [place.places[one.key] for one in fields]
        keys = [one.key for one in fields]
        plain = all(one.plain for one in columns)
        seen = before.setdefault(which, set())
        asked: list[tuple[Item, tuple[Any, ...]]] = []
        for one in items:
            draft = one.draft
            if draft is None:
                continue
            combined = tuple([draft.values.get(key) for key in keys])
            if None in combined:
                continue
            if not plain:
                combined = tuple(map(column_value, columns, combined))
            if combined in seen:
                draft.problems += [taken_problem(name) for name in names]
                continue
            seen.add(combined)
            if draft.new or not draft.changed().isdisjoint(keys):
                asked.append((one, combined))
        if not asked:
            continue
        kinds = [(column.column or "", column.sql_type or "text") for column in columns]
        rows = request.rows(batches.holders(place, kinds, [combined for _, combined in asked]))
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
    for name, wanted in gates_of(request, access, items).items():
        field_def = access.object.fields[name]
        relates = field_def.relates
        assert relates is not None
        _, statement, _ = targets.target_gate(
            request.session, "k", relates.target_object(), list(wanted), request.trusted, field_def.owned
        )
        rows = request.rows(statement) if connection is None else run(connection, statement)
        there = {str(row[0]) for row in rows}
        for target, group in wanted.items():
            if target in there:
                continue
            text = targets.missing(request.session, relates.target_object(), [target])
            for one in group:
                one.result = Result(422, problems=[Problem("not_found", text, field=name)])


def check_links(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """The same without keeping anything locked (dry run)."""
    lock_links(request, access, items, None)


def store(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Store the drafts of all items that have no result yet; those that need an approval wait for it."""
    session = request.session
    hold(request, access, items, connection)
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
        move_owners(request, access, [*fresh, *changed], connection)
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
            stored = [one.draft for one in group if one.draft and one.draft.id in done]
            if stored and session.formulas.kept.by_source:
                keeping.keep(session, connection, [storing.touch_of(access, stored)])
            for one in group:
                if one.draft and one.draft.id in done:
                    one.result = Result(201 if one.draft.new else 200, one.draft.id, done[one.draft.id])
            confirm(request, access, [one for one in group if one.draft and one.draft.id in done], connection)
    move_owners(request, access, [*fresh, *changed], connection)


def hold_owners(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Hold the records that lines belong to before anything is stored, unless the lines are saved with theirs."""
    if not request.approved:
        drafts = [one.draft for one in items if one.draft is not None and one.result is None]
        parents.hold(request.session, connection, access.object, parents.owners(access.object, drafts))


def move_owners(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """The records whose lines have been stored move on."""
    if not request.approved:
        drafts = [one.draft for one in items if one.draft and one.result is not None and one.result.status < 300]
        parents.follow(request.session, connection, access.object, drafts)


def confirm(request: Request, access: ObjectAccess, items: Sequence[Item], connection: Connection) -> None:
    """Abort when a workflow has begun on one of the records since they were prepared; those are refused."""
    drafts = [one.draft for one in items if one.draft]
    if not drafts:
        return
    try:
        locks.confirm(request.session, access.object, drafts, connection)
    except Locked as error:
        for one in items:
            if one.draft and one.draft.problems:
                one.result = Result(error.status, None if one.draft.new else one.draft.id, problems=one.draft.problems)
        raise Abort from error


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
                request.session, access, one.draft, Options(trusted=request.trusted, with_record=True), connection
            )
        except DougongError as error:
            one.result = failure(error, None if one.draft.new else one.draft.id)
            raise Abort from error
        if done is None:
            raise Abort
        one.result = Result(201 if one.draft.new else 200, done.id, done.version)


def hold_first(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Hold back what needs an approval, in a transaction of its own."""
    for one in items:
        one.result = None
    try:
        with request.session.database.transaction() as connection:
            hold(replace(request, atomic=False), access, items, connection)
    except (Abort, pg.UniqueViolation, pg.DeadlockDetected):
        for one in items:
            one.result = None


def needs_single(access: ObjectAccess, items: Sequence[Item]) -> bool:
    """True when more than the batch's statement belongs to a record: files, numbers without gaps, a re-check."""
    fields = access.object.fields.values()
    if any(one.numbered and one.numbered.gap_free() for one in fields):
        return True
    holding = {one.key for one in fields if isinstance(one.kind, HoldsFiles)}
    if holding and any(one.draft and one.draft.given & holding for one in items):
        return True
    return not access.everything and bool(access.scopes["read"].where)


def key_taken(request: Request, draft: Draft, problems: Sequence[Problem]) -> bool:
    """True when a record with the very key by which an upsert finds records has come since it was looked for."""
    taken = {one.field for one in problems if one.code == "taken"}
    return request.mode == "upsert" and draft.new and request.key in taken


def one_by_one(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Each record by itself: slower, and one that is refused holds nobody up. What waits together still does."""
    away: Unavailable | None = None
    hold_first(request, access, items)
    for one in items:
        draft = one.draft
        if draft is None or one.result is not None:
            continue
        if away is not None:  # Nobody waits a thousand times for a database that is away.
            one.result = failure(away)
            continue
        try:
            options = Options(trusted=request.trusted, bypass=request.bypass, proposal=one.id)
            done = storing.store_prepared(request.session, access, draft, options, request.divert)
        except DougongError as error:
            late = key_taken(request, draft, error.problems)  # It is found when this is done again.
            one.result = None if late else failure(error, None if draft.new else draft.id)
            away = error if isinstance(error, Unavailable) else None
            continue
        except psycopg.Error:
            log.exception("a record of %s could not be stored", request.object)
            one.result = Result(500, None if draft.new else draft.id, problems=[Problem("internal", BROKEN)])
            continue
        if done is not None:
            plain = draft.new and not done.pending
            one.result = Result(201, done.id, done.version) if plain else waits(done)
        else:
            one.result = None
