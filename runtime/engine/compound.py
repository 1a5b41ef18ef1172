"""A record together with its lines: created, changed and deleted in one transaction, or refused as a whole.

The rules are those of single records; rules of the record that sum up its lines are asked when the lines are stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import DougongError, Invalid, Message, Problem, Unavailable
from runtime.engine import batching, deletion, guards, idempotency, reading, storing
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.drafts import Draft
from runtime.engine.finding import Abort, Item, Request, Result, failure, locate
from runtime.engine.flows import divert
from runtime.engine.guards import Guard
from runtime.engine.prepare import Preparation, too_large
from runtime.engine.saving import Options, Written
from runtime.engine.storing import RETRY
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Session, settled
from runtime.store import records
from runtime.store.database import Connection, run
from runtime.store.ids import new_id
from runtime.store.records import Origin

DEFAULT = Options()
MOST_LINES = 2000
#: Deletions first, so that what they held (a unique value) is free.
MODES = ("delete", "update", "create")


@dataclass
class Lines:
    """What becomes of the lines of one relation. ``relation`` is its name as seen from the record.

    ``updates`` and ``deletes`` tell the ``id``, updates the ``version`` seen where they know it; the link to the
    record is put in here.
    """

    relation: str
    creates: Sequence[Mapping[str, Any]] = ()
    updates: Sequence[Mapping[str, Any]] = ()
    deletes: Sequence[Mapping[str, Any]] = ()

    def of(self, mode: str) -> Sequence[Mapping[str, Any]]:
        """The lines of one kind of change."""
        return {"create": self.creates, "update": self.updates, "delete": self.deletes}[mode]


@dataclass
class Outcome:
    """What became of each line, by relation and kind of change, in the order in which they came."""

    results: dict[tuple[str, str], list[Result]] = field(default_factory=dict)

    @property
    def refused(self) -> list[Result]:
        """The lines with something wrong."""
        return [one for found in self.results.values() for one in found if one.status >= 400]


class Refused(Invalid):
    """Nothing is stored: ``problems`` are the record's own, ``outcome`` tells of its lines."""

    def __init__(self, problems: Sequence[Problem], outcome: Outcome) -> None:
        text = Message("some of the lines are not allowed", "部分明细不符合要求")
        super().__init__(problems=problems or [Problem("lines", text)])
        self.own = list(problems)
        self.outcome = outcome


LINES = Message(
    "this change needs an approval, and lines cannot wait with it: put this value back and save the lines first, then "
    "change it by itself",
    "该变更需要审批，明细不能随之等待：请先恢复此值并保存明细，再单独提交该变更",
)


class Again(Exception):
    """Somebody was faster, or the model has changed: roll back and begin anew."""


@settled
def save(
    session: Session,
    object_name: str,
    record_id: str | None,
    raw: Mapping[str, Any],
    lines: Sequence[Lines],
    options: Options = DEFAULT,
) -> Written:
    """Store a new record (``record_id`` None) or a changed one with its lines.

    Raises NotFound, Forbidden, Stale, Conflict, Invalid; Refused when lines have something wrong.
    """
    if sum(len(one.of(mode)) for one in lines for mode in MODES) > MOST_LINES:
        text = Message(f"at most {MOST_LINES} lines at once", f"一次最多 {MOST_LINES} 行明细")
        raise Invalid(problems=[Problem("too_many", text)])
    for _ in range(TRIES):
        done = idempotency.replay(session, options)
        if done is not None:
            return done
        access = demand_object(session.snapshot, session.person, object_name, "create" if record_id is None else None)
        draft: Draft | None = Draft(new_id(), raw, owner=session.user_id)
        if record_id is not None:
            draft = storing.read_draft(session, access, record_id, raw, options)
        if draft is None:
            continue
        try:
            found = Compound(session, access, draft, lines, options).run()
            stir(session)
            return found
        except (Again, pg.DeadlockDetected, pg.SerializationFailure, pg.UniqueViolation):
            session.settle()
    raise Unavailable(RETRY, extra={"retry_after": 1})


def wrong(item: Item) -> bool:
    """True for a line that is refused."""
    return item.result is not None and item.result.status >= 400


class Compound:
    """One record with its lines on its way into the database."""

    def __init__(
        self, session: Session, access: ObjectAccess, draft: Draft, lines: Sequence[Lines], options: Options
    ) -> None:
        self.session = session
        self.access = access
        self.draft = draft
        self.lines = lines
        self.options = options
        self.outcome = Outcome()
        self.preparation = Preparation(session, access, lines_follow=True)

    def run(self) -> Written:
        """Store all of it. Raises what refuses, and Again."""
        storing.owner(self.session, self.access, self.draft, False)
        self.preparation.run([self.draft])
        if too_large(self.draft.values):
            self.draft.refuse("too_large", "the record is too large", "记录内容过大")
        if self.draft.problems:
            self.rehearse()
            raise Refused(self.draft.problems, self.outcome)
        with self.session.database.transaction() as connection:
            written = self.parent(connection)
            for one in self.lines:
                for mode in MODES:
                    self.store(one, mode, one.of(mode), connection)
            if not self.outcome.refused:
                self.preparation.evaluator.rows = lambda statement: run(connection, statement)
                self.preparation.summed([self.draft])
            if self.outcome.refused or self.draft.problems:
                raise Refused(self.draft.problems, self.outcome)
        if not self.access.may("read"):
            return written
        pending = written.pending
        ask = reading.Ask(expand=self.options.expand)
        body, version = reading.get(self.session, self.access.object.name, written.id, ask)
        return Written(written.id, body, version, pending=pending)

    def parent(self, connection: Connection) -> Written:
        """The record itself; one that stays as it is is only held, so that nobody deletes it meanwhile."""
        draft = self.draft
        held = guards.held(self.session, self.access, [draft], bypass=False)
        if held:
            return self.held(connection, held[draft.id])
        if draft.new or draft.changed() or draft.owner != draft.owner_before:
            written = storing.store_parent(self.session, self.access, draft, self.options, connection)
            if written is None:
                raise Again
            return written
        place = self.session.layout.object(self.access.object.name)
        if not run(connection, records.held(place, draft.id, draft.version)):
            raise Again
        return Written(draft.id, b"", draft.version)

    def held(self, connection: Connection, found: Sequence[Guard]) -> Written:
        """The record's own change waits for an approval. Lines are saved with it only where it is to be split."""
        names = [one.relation for one in self.lines if any(one.of(mode) for mode in MODES)]
        if names and not found[0].split:
            keys = found[0].keys & guards.moved(self.draft)
            field = next((one.name for one in self.access.object.fields.values() if one.key in keys), None)
            raise Refused([Problem("pending_lines", LINES, field=field)], self.outcome)
        done = divert(self.session, self.access, self.draft, self.options, found, connection)
        if done is None:
            raise Again
        return done

    def request(self, lines: Lines, mode: str, connection: Connection | None) -> tuple[Request, str]:
        """How the lines of a relation are stored, and the link that owns them. Raises NotFound, Forbidden."""
        relation = self.session.model.reverses.get(self.access.object.name, {}).get(lines.relation)
        if relation is None or not relation.owned:
            text = Message(f"there are no lines {lines.relation[:60]!r}", f"没有名为“{lines.relation[:60]}”的明细")
            raise Invalid(problems=[Problem("unknown_lines", text)])
        made = Request(self.session, relation.source, mode, atomic=True, connection=connection, dry=connection is None)
        return made, relation.field

    def items(self, link: str, mode: str, raws: Sequence[Mapping[str, Any]]) -> list[Item]:
        """The lines on their way; a new one belongs to the record whatever it says."""
        if mode == "create":
            return [Item(number, {**raw, link: self.draft.id}) for number, raw in enumerate(raws)]
        return [
            Item(number, {name: value for name, value in raw.items() if name != link})
            for number, raw in enumerate(raws)
        ]

    def store(self, lines: Lines, mode: str, raws: Sequence[Mapping[str, Any]], connection: Connection) -> None:
        """One kind of change of the lines of a relation."""
        if not raws:
            return
        request, link = self.request(lines, mode, connection)
        access = request.access()
        if mode == "delete":
            self.outcome.results[lines.relation, mode] = self.delete(request, access, link, raws, connection)
            return
        items = self.items(link, mode, raws)
        batching.prepare(request, access, items)
        self.belong(access, link, items)
        batching.lock_links(request, access, items, connection)
        if not self.outcome.refused and not any(wrong(one) for one in items):
            with suppress(Abort):
                batching.store(request, access, [one for one in items if one.result is None], connection)
            if any(one.result is None for one in items) and not any(wrong(one) for one in items):
                raise Again
        self.outcome.results[lines.relation, mode] = [one.result or Result(424) for one in items]

    def belong(self, access: ObjectAccess, link: str, items: Sequence[Item]) -> None:
        """A line that is changed must be one of this record."""
        key = access.object.fields[link].key
        for one in items:
            if one.draft is not None and one.result is None and one.draft.values.get(key) != self.draft.id:
                one.result = Result(404, problems=[Problem("not_found", Message("no such line here", "没有该明细"))])

    def delete(
        self, request: Request, access: ObjectAccess, link: str, raws: Sequence[Mapping[str, Any]],
        connection: Connection,
    ) -> list[Result]:  # fmt: skip
        """Lines go to the recycle bin."""
        items = self.items(link, "delete", raws)
        locate(request, access, items)
        self.belong(access, link, items)
        found = [one.result or Result(200, one.draft.id if one.draft else None) for one in items]
        if all(one.status < 400 for one in found) and not self.outcome.refused:
            origin = Origin(self.session.user_id, self.session.channel, "deleted")
            work = deletion.Deletion(self.session, connection, origin)
            try:
                work.delete(access.object, [one.id for one in found if one.id])
            except DougongError as error:
                return [failure(error, one.id) for one in found]
        return found

    def rehearse(self) -> None:
        """What is wrong with the lines of a record that is refused itself: told together, nothing is stored."""
        for one in self.lines:
            for mode in ("update", "create"):
                raws = one.of(mode)
                if not raws:
                    continue
                request, link = self.request(one, mode, None)
                try:
                    items = self.items(link, mode, raws)
                    batching.prepare(request, request.access(), items)
                except DougongError:
                    continue
                self.outcome.results[one.relation, mode] = [item.result or Result(424) for item in items]
