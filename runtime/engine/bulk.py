"""Many records at once, under the very rules of one: batches through the same preparation, few statements a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import DougongError, Invalid, Message, Problem, Unavailable
from runtime.base.rows import Rows
from runtime.engine import deletion, effective, locks, repeated
from runtime.engine.access import ObjectAccess
from runtime.engine.batching import Seen, Work, hold_owners, lock_links, prepare, store
from runtime.engine.finding import Abort, Item, Request, Result, failure, key_field, look_up
from runtime.engine.flows import divert, divert_deletion
from runtime.engine.guards import Wait
from runtime.engine.reading import not_found
from runtime.engine.saving import Options
from runtime.engine.storing import RETRY
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Session, settled
from runtime.store.database import Connection
from runtime.store.ids import is_id

__all__ = ["BATCH", "Item", "Request", "Result", "Work", "bulk", "key_field", "look_up", "process"]

#: Records of a batch: with twice as many a web process takes 10 MB more, and one processor makes no more of them.
BATCH = 500
MOST = 20_000
#: So many batches of one request are being stored at the same time.
AT_ONCE = 3
MODES = ("create", "update", "upsert", "delete")


@settled
def bulk(
    session: Session,
    object_name: str,
    mode: str,
    items: Sequence[Mapping[str, Any]],
    *,
    key: str | None = None,
    atomic: bool = False,
    bypass: bool = False,
    once: tuple[str, bytes] | None = None,
) -> list[Result]:
    """Do the same with many records; results in their order. Raises what refuses the request as a whole.

    ``once``: the request's key and what it asks for. What a request with this key has created is not created again;
    the other modes do the same twice by themselves.
    """
    if mode not in MODES:
        shown = ", ".join(MODES)
        raise Invalid(problems=[Problem("choice", Message(f"must be one of {shown}", f"只能是 {shown}"), field="mode")])
    if len(items) > MOST:
        raise Invalid(
            problems=[Problem("too_many", Message(f"at most {MOST} records", f"最多 {MOST} 条记录"), field="records")]
        )
    request = Request(session, object_name, mode, key, atomic, bypass=bypass, divert=divert)
    request.access().demand("bulk")
    try:
        return at_most_once(request, items, once) if once and mode == "create" else carry_out(request, items)
    finally:
        stir(session, *([object_name] if mode != "delete" else []))


def carry_out(request: Request, items: Sequence[Mapping[str, Any]], ids: Sequence[str] = ()) -> list[Result]:
    """The request, as a whole or in batches. ``ids`` are those of the records that it makes, () for any."""
    return atomic_bulk(request, items, ids) if request.atomic else in_batches(request, items, ids)


def at_most_once(request: Request, items: Sequence[Mapping[str, Any]], once: tuple[str, bytes]) -> list[Result]:
    """The new records that the same request has not made before; of the others, what became of them then."""
    session = request.session
    session.settle()
    ids = repeated.ids_of(session, once, len(items))
    there = repeated.made(session, request.object, ids)
    left, new = repeated.unmade(items, ids, there)
    done = dict(zip(new, carry_out(request, left, new), strict=True)) if left else {}
    failed = [one for one, result in done.items() if result.status >= 400]
    if failed:  # The same request, at the same time, may have been faster.
        done.update(repeated.made(session, request.object, failed))
    return [there[one] if one in there else done[one] for one in ids]


def in_batches(request: Request, items: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> list[Result]:
    """Batch after batch, each a transaction of its own."""
    # A key may come again in a later batch, which then must find what the one before has stored.
    batches_of = overlapped if request.mode == "create" and len(items) > BATCH else in_turn
    try:
        for results in batches_of(request, items, ids):
            request.results += results
    except DougongError as error:
        if not request.results:
            raise
        # What was stored before stays, and is told.
        request.results += [failure(error) for _ in items[len(request.results) :]]
    return request.results


def in_turn(request: Request, items: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> Iterator[list[Result]]:
    """The results of batch after batch."""
    for start in range(0, len(items), BATCH):
        begin(request, items)
        yield process(request, items[start : start + BATCH], start, ids[start : start + BATCH])


def begin(request: Request, items: Sequence[Mapping[str, Any]]) -> None:
    """Before a batch of several: work with what is in force. A batch that finds out by itself does everything twice."""
    if len(items) > BATCH:
        request.session.settle()


def atomic_bulk(request: Request, items: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> list[Result]:
    """All or nothing, in one transaction."""
    if request.mode == "delete":
        return atomic_delete(request, items)
    for _ in range(TRIES):
        access = request.access()
        worked = prepared(request, access, items, ids)
        if any(one.result is not None for one in worked):
            return [one.result or Result(424, one.draft.id if one.draft else None) for one in worked]
        try:
            with request.session.database.transaction() as connection:
                hold_owners(request, access, worked, connection)
                lock_links(request, access, worked, connection)
                if any(one.result is not None for one in worked):
                    raise Abort
                for start in range(0, len(worked), BATCH):
                    store(request, access, worked[start : start + BATCH], connection)
                if any(one.result is None or one.result.status >= 400 for one in worked):
                    raise Abort
            return [one.result for one in worked if one.result]
        except Abort:
            wrong = [one.result if one.result and one.result.status >= 400 else None for one in worked]
            if any(wrong):
                return [one or Result(424) for one in wrong]
        except (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure):
            pass
        request.session.renew()
    raise Unavailable(RETRY, extra={"retry_after": 1})


def prepared(
    request: Request, access: ObjectAccess, items: Sequence[Mapping[str, Any]], ids: Sequence[str]
) -> list[Item]:
    """All items of an atomic request. New records are prepared bit by bit, and what came in becomes text again: as
    values, what came in takes more room than what it has become."""
    worked: list[Item] = []
    seen: Seen = {}
    for start in range(0, len(items), BATCH):
        some = [
            Item(at, raw, id=ids[at] if ids else None) for at, raw in enumerate(items[start : start + BATCH], start)
        ]
        worked += some
        if request.mode == "create":
            prepare(request, access, some, seen)
            if isinstance(items, Rows):
                for one in some:
                    one.stays_text(items.row(one.place))
    if request.mode != "create":  # The same record may come again further on.
        prepare(request, access, worked)
    return worked


def atomic_delete(request: Request, items: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Delete all or none."""
    access = request.access()
    found = [deletable(request, access, raw) for raw in items]
    if any(one.status >= 400 for one in found):
        return [one if one.status >= 400 else Result(424, one.id) for one in found]
    ids = [one.id for one in found if one.id]
    held = effective.removals(request.session, access, ids, bypass=request.bypass)
    with request.session.database.transaction() as connection:
        at_once = [one for one in ids if one not in held]
        deletion.Deletion(request.session, connection).whole(access.object, at_once)
        for one in at_once:
            locks.refuse_deletion(request.session, access.object, one, connection)
        waiting = removed(request, access, held, connection)
    return [waiting.get(one.id or "", one) for one in found]


def removed(
    request: Request, access: ObjectAccess, held: Mapping[str, Wait], connection: Connection | None
) -> dict[str, Result]:
    """Hold deletions back, those of lines of one record together: what became of each."""
    groups: dict[str, list[str]] = {}
    for one, why in held.items():
        groups.setdefault(why.parent or one, []).append(one)
    found = {}
    for ids in groups.values():
        made = divert_deletion(request.session, access, ids, held[ids[0]], connection)
        status = 200 if made is None else 202
        found.update({one: Result(status, one, pending=made) for one in ids})
    return found


def deletable(request: Request, access: ObjectAccess, raw: Mapping[str, Any]) -> Result:
    """Whether the caller may delete one record, without doing it."""
    record_id = str(raw.get("id", ""))
    try:
        state = None
        while state is None:
            state = deletion.state_of(request.session, access, record_id, request.trusted)
        locks.refuse_deletion(request.session, access.object, record_id)
    except DougongError as error:
        return failure(error, record_id)
    if state[1]:
        return failure(not_found(access.object), record_id)
    if not state[2]:
        return Result(403, record_id, problems=[Problem("forbidden", Message("may not be deleted", "不能删除"))])
    return Result(200, record_id)


def process(request: Request, batch: Sequence[Mapping[str, Any]], start: int, ids: Sequence[str] = ()) -> list[Result]:
    """One batch in a transaction of its own; wrong records are left out and said."""
    if request.mode == "delete":
        return delete_some(request, batch)
    work = Work(request, batch, start, ids)
    work.prepare()
    return work.finish()


def cuts(total: int) -> Iterator[tuple[int, int]]:
    """Where the batches of so many new records begin and end.

    The first are small, so that the database has something to store soon, and the last one is, so that little is left
    to be stored when all is prepared.
    """
    start, size = 0, max(BATCH // 4, 1)
    while start < total:
        left = total - start
        size = min(size, left if left <= BATCH // 2 else max(left - BATCH // 2, BATCH // 2))
        yield start, start + size
        start, size = start + size, min(size * 2, BATCH)


def overlapped(request: Request, items: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> Iterator[list[Result]]:
    """The results of batch after batch of new records: one is prepared while those before are being stored.

    A batch that could not be stored fails by itself: those beside it may have been stored already. Only when the
    first of all fails, or one cannot even be prepared, that ends it all.
    """
    under_way: deque[tuple[Work, set[Any], Future[list[Result]]]] = deque()

    def landed() -> list[Result]:
        work, _, future = under_way.popleft()
        try:
            return future.result()
        except DougongError as error:
            if not work.start and not under_way:
                raise
            return [failure(error) for _ in work.batch]

    with ThreadPoolExecutor(AT_ONCE) as storing_threads:
        for start, end in cuts(len(items)):
            try:
                begin(request, items)
                work = Work(request, items[start:end], start, ids[start:end])
                work.prepare()
            except DougongError:
                while under_way:
                    yield landed()
                raise
            keys = work.keys()
            # Of two records with the same unique value the first is stored: its batch must have been.
            while len(under_way) == AT_ONCE or any(not keys.isdisjoint(others) for _, others, _ in under_way):
                yield landed()
            under_way.append((work, keys, storing_threads.submit(work.finish)))
        while under_way:
            yield landed()


def delete_some(request: Request, batch: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Records of a bulk deletion, each by itself; lines of one record whose deletion has to wait do so together."""
    access = request.access()
    ids = list(dict.fromkeys(str(raw.get("id", "")) for raw in batch))
    found: dict[str, Result] = {}
    held = effective.removals(request.session, access, [one for one in ids if is_id(one)], bypass=request.bypass)
    groups: dict[str, list[str]] = {}
    for one, why in held.items():
        if why.parent is not None:
            groups.setdefault(why.parent, []).append(one)
    for group in groups.values():
        tried = {one: deletable(request, access, {"id": one}) for one in group}
        wait = {one: held[one] for one, result in tried.items() if result.status < 400}
        found.update(tried)
        try:
            found.update(removed(request, access, wait, None))
        except DougongError as error:
            found.update({one: failure(error, one) for one in wait})
    wanted = [str(raw.get("id", "")) for raw in batch]
    return [found.pop(one) if one in found else delete_one(request, {"id": one}) for one in wanted]


def delete_one(request: Request, raw: Mapping[str, Any]) -> Result:
    """One record of a bulk deletion."""
    record_id = str(raw.get("id", ""))
    try:
        options = Options(trusted=request.trusted, bypass=request.bypass)
        made = deletion.delete(request.session, request.object, record_id, options, divert_deletion)
        if made is not None:
            return Result(202, record_id, pending=made)
    except DougongError as error:
        return failure(error, record_id)
    except pg.DeadlockDetected:
        return failure(Unavailable(RETRY), record_id)
    return Result(200, record_id)
