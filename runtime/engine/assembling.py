"""A record together with its lines on its way into the database: inside of one transaction, or held back as a whole.

The rules are those of single records; rules of the record that sum up its lines are asked when the lines are stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Rollback

from runtime.base.errors import DougongError, Invalid, Message, Problem
from runtime.engine import batching, deletion, effective, guards, linechanges, parents, storing
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft
from runtime.engine.finding import Abort, Item, Request, Result, failure, locate
from runtime.engine.guards import Guard, Wait
from runtime.engine.prepare import Preparation, too_large
from runtime.engine.saving import Options, Written
from runtime.engine.storing import Divert
from runtime.engine.workspace import Session
from runtime.store import records
from runtime.store.database import Connection, run

#: Deletions first, so that what they held (a unique value) is free.
MODES = ("delete", "update", "create")


@dataclass
class Lines:
    """What becomes of the lines of one relation. ``relation`` is its name as seen from the record.

    ``updates`` and ``deletes`` tell the ``id``, updates the ``version`` seen where they know it; the link to the
    record is put in here. ``ids`` are those of the new lines, () for any.
    """

    relation: str
    creates: Sequence[Mapping[str, Any]] = ()
    updates: Sequence[Mapping[str, Any]] = ()
    deletes: Sequence[Mapping[str, Any]] = ()
    ids: Sequence[str] = ()

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
    "this line waits for an approval with the record that it belongs to; its own lines cannot: save them by themselves",
    "该明细须随所属记录等待审批，其下级明细不能一并等待：请单独保存",
)


class Again(Exception):
    """Somebody was faster, or the model has changed: roll back and begin anew."""


def wrong(item: Item) -> bool:
    """True for a line that is refused."""
    return item.result is not None and item.result.status >= 400


class Compound:
    """One record with its lines. ``divert`` holds back what needs an approval; what has been approved goes without."""

    def __init__(
        self, session: Session, access: ObjectAccess, draft: Draft, lines: Sequence[Lines], options: Options,
        divert: Divert | None,
    ) -> None:  # fmt: skip
        self.session = session
        self.access = access
        self.draft = draft
        self.lines = lines
        self.options = options
        self.divert = divert
        self.outcome = Outcome()
        #: The lines on their way, by relation and kind of change.
        self.worked: dict[tuple[str, str], list[Item]] = {}
        self.preparation = Preparation(session, access, trusted=options.trusted, lines_follow=True)

    def run(self, connection: Connection) -> Written:
        """Store all of it in a transaction, or hold it back. Raises what refuses, and Again."""
        self.prepare()
        if self.divert is None:
            return self.store_all(connection)
        creating = guards.creating(self.session, self.access.object) if self.draft.new and self.touches else ()
        if creating:
            return self.come(connection, creating)
        own = storing.waits(self.session, self.access, [self.draft], bypass=self.options.bypass).get(self.draft.id)
        if self.draft.problems:
            raise Refused(self.draft.problems, self.outcome)
        if own is not None and not self.touches:
            return self.held(connection, [self.draft], own)
        if own is not None and own.parent is not None:
            raise Refused([Problem("pending_lines", LINES)], self.outcome)
        asked = self.asked(own)
        if not asked:
            return self.store_all(connection)
        written, found = None, []
        with connection.transaction():
            written = self.store_all(connection)
            found = self.concerned(asked, own)
            if found:
                raise Rollback  # That was to see whether it is possible.
        return self.wait(connection, found) if found else written

    def come(self, connection: Connection, creating: Sequence[Guard]) -> Written:
        """Store a new record with its lines, and let it wait where sums over them say so too. Raises Forbidden."""
        guards.demand_bypass(self.access, self.options.bypass)
        written = self.store_all(connection)
        found = guards.coming(self.session, self.access, creating, [self.draft], connection)
        held = guards.released(self.session, self.access, found, self.options.bypass).get(self.draft.id)
        if not held:
            return written
        options = replace(self.options, stored=written.version)
        return self.held(connection, [self.draft], Wait(held), options)

    def prepare(self) -> None:
        """The record itself, as far as it does not depend on its lines. Raises Refused."""
        storing.owner(self.session, self.access, self.draft, self.options.trusted)
        self.preparation.run([self.draft])
        if too_large(self.draft.values):
            self.draft.refuse("too_large", "the record is too large", "记录内容过大")
        if self.draft.problems:
            self.rehearse()
            raise Refused(self.draft.problems, self.outcome)

    def store_all(self, connection: Connection) -> Written:
        """The record and its lines."""
        written = self.parent(connection)
        for one in self.lines:
            for mode in MODES:
                self.store(one, mode, one.of(mode), connection)
        if not self.outcome.refused:
            self.preparation.evaluator.rows = lambda statement: run(connection, statement)
            self.preparation.summed([self.draft])
        if self.outcome.refused or self.draft.problems:
            raise Refused(self.draft.problems, self.outcome)
        return self.moved(written, connection)

    def moved(self, written: Written, connection: Connection) -> Written:
        """The version moves with the lines too, so that who has seen others is told."""
        drafts = [one.draft for items in self.worked.values() for one in items if one.draft is not None]
        deletes = any(mode == "delete" for (_, mode), items in self.worked.items() if items)
        if self.draft.new or written.version != self.draft.version:
            return written
        if not deletes and not any(one.new or one.changed() for one in drafts):
            return written
        found = parents.advance(self.session, connection, self.access.object, [self.draft.id])
        if self.draft.id not in found:
            raise Again
        return replace(written, version=found[self.draft.id])

    # -- what has to wait -------------------------------------------------------------------------------

    @property
    def touches(self) -> bool:
        """Whether anything is said of lines."""
        return any(one.of(mode) for one in self.lines for mode in MODES)

    def asked(self, own: Wait | None) -> Sequence[Guard]:
        """The guards that may hold this save: those of the record's own change, and of lines of a record in force."""
        if self.draft.new or not self.touches:
            return own.guards if own else ()
        of_lines = [one for one in guards.guards_of(self.session, self.access.object) if one.lines]
        held = effective.in_force(self.session, self.access.object, of_lines, [self.draft.id]) if of_lines else {}
        known = {one.workflow for one in (*held.get(self.draft.id, ()), *(own.guards if own else ()))}
        return [one for one in guards.guards_of(self.session, self.access.object) if one.workflow in known]

    def concerned(self, asked: Sequence[Guard], own: Wait | None) -> list[Guard]:
        """Those of the guards that hold what has really been changed."""
        mine = {one.workflow for one in own.guards} if own else set()
        changed = [(one.object_key, one.keys) for one in self.changes(None)]
        return [one for one in asked if one.workflow in mine or any(one.holds_line(key, keys) for key, keys in changed)]

    def changes(self, only: Set[str] | None) -> list[linechanges.LineEntry]:
        """What becomes of the lines, of the objects of ``only`` where it is given. Raises Invalid for files."""
        found = []
        for (relation, mode), items in self.worked.items():
            access = self.request(Lines(relation), mode, None)[0].access()
            if only is None or access.object.key in only:
                drafts = [one.draft for one in items if one.draft is not None]
                found += linechanges.entries(access, mode, drafts)
        return found

    def wait(self, connection: Connection, found: Sequence[Guard]) -> Written:
        """Hold it back; with a split, what nobody guards is saved at once."""
        assert self.divert is not None
        draft = self.draft
        if found[0].split:
            keys = frozenset().union(*(one.keys for one in found))
            lines = {key for one in found for key in one.lines}
            waiting = self.changes(lines)
            draft = self.rest(connection, keys, lines)
        else:
            waiting = self.changes(None)
        options = replace(self.options, lines=tuple(waiting))
        return self.held(connection, [draft], Wait(found), options)

    def rest(self, connection: Connection, keys: frozenset[str], lines: Set[str]) -> Draft:
        """Save what nobody guards; the record afterwards, with the change that is left to be approved."""
        draft = self.draft
        guarded = {one.name for one in self.access.object.fields.values() if one.key in keys} | ({"owner"} & keys)
        raw = {name: value for name, value in draft.raw.items() if name not in guarded}
        rest = Draft(
            draft.id, raw, values=dict(draft.before or {}), before=draft.before, version=draft.version,
            owner=draft.owner_before, owner_before=draft.owner_before, title_before=draft.title_before,
            marks=draft.marks, other=draft.other,
        )  # fmt: skip
        others = [one for one in self.lines if self.key_of(one) not in lines]
        again = Compound(self.session, self.access, rest, others, replace(self.options, once=None), None)
        written = again.run(connection)
        before = {**rest.values}
        values = {**before, **{key: draft.values[key] for key in keys if key in draft.values}}
        for key in keys - draft.values.keys():
            values.pop(key, None)
        owner = draft.owner if "owner" in keys else rest.owner
        return Draft(
            draft.id, {name: value for name, value in draft.raw.items() if name in guarded}, values=values,
            before=before, version=written.version, owner=owner, owner_before=rest.owner, title=draft.title,
            title_before=rest.title, marks=draft.marks, other=draft.other,
        )  # fmt: skip

    def key_of(self, lines: Lines) -> str:
        """The storage key of the object of some lines."""
        relation = self.session.model.reverses.get(self.access.object.name, {}).get(lines.relation)
        return self.session.model.objects[relation.source].key if relation else ""

    def held(
        self, connection: Connection, drafts: Sequence[Draft], why: Wait, options: Options | None = None
    ) -> Written:
        """It waits for an approval."""
        assert self.divert is not None
        done = self.divert(self.session, self.access, drafts, options or self.options, why, connection)
        if done is None:
            raise Again
        return done

    # -- storing ----------------------------------------------------------------------------------------

    def parent(self, connection: Connection) -> Written:
        """The record itself; one that stays as it is is only held, so that nobody deletes it meanwhile."""
        draft = self.draft
        if draft.new or draft.changed() or draft.owner != draft.owner_before:
            written = storing.store_parent(self.session, self.access, draft, self.options, connection)
            if written is None:
                raise Again
            return written
        place = self.session.layout.object(self.access.object.name)
        if not run(connection, records.held(place, draft.id, draft.version, alone=self.touches)):
            raise Again
        return Written(draft.id, b"", draft.version)

    def request(self, lines: Lines, mode: str, connection: Connection | None) -> tuple[Request, str]:
        """How the lines of a relation are stored, and the link that owns them. Raises NotFound, Forbidden."""
        relation = self.session.model.reverses.get(self.access.object.name, {}).get(lines.relation)
        if relation is None or not relation.owned:
            text = Message(f"there are no lines {lines.relation[:60]!r}", f"没有名为“{lines.relation[:60]}”的明细")
            raise Invalid(problems=[Problem("unknown_lines", text)])
        made = Request(self.session, relation.source, mode, atomic=True, connection=connection, dry=connection is None,
                       trusted=self.options.trusted, approved=True)  # fmt: skip
        return made, relation.field

    def items(self, link: str, mode: str, raws: Sequence[Mapping[str, Any]], ids: Sequence[str] = ()) -> list[Item]:
        """The lines on their way; a new one belongs to the record whatever it says."""
        if mode == "create":
            known: Sequence[str | None] = ids or [None] * len(raws)
            return [
                Item(number, {**raw, link: self.draft.id}, id=id)
                for number, (raw, id) in enumerate(zip(raws, known, strict=True))
            ]
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
        items = self.items(link, mode, raws, lines.ids)
        self.worked[lines.relation, mode] = items
        if mode == "delete":
            self.outcome.results[lines.relation, mode] = self.delete(request, access, link, items, connection)
            return
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
        self, request: Request, access: ObjectAccess, link: str, items: Sequence[Item], connection: Connection
    ) -> list[Result]:
        """Lines go to the recycle bin."""
        locate(request, access, items)
        self.belong(access, link, items)
        found = [one.result or Result(200, one.draft.id if one.draft else None) for one in items]
        if all(one.status < 400 for one in found) and not self.outcome.refused:
            try:
                work = deletion.Deletion(self.session, connection)
                work.whole(access.object, [one.id for one in found if one.id], with_record=True)
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
