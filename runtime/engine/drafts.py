"""Records on their way to be stored: what came in, what it becomes, what is wrong with it. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.formula import evaluate
from runtime.formula import sql as formula_sql
from runtime.formula.compiler import Compiled
from runtime.formula.scope import Slot
from runtime.store import evaluation
from runtime.store.binder import Frame, Guard
from runtime.store.layout import ObjectLayout

#: What the system notes of a record and a formula finds in a draft; the moments are compared by the database.
NOTED = frozenset(("id", "version", "owner", "title", "created_by", "updated_by"))


@dataclass(frozen=True, slots=True)
class Marks:
    """What the system has noted of a stored record: when and by whom it was made and last changed, and its title.

    Moments are those of the database, or their text on the wire.
    """

    created_at: datetime | str | None = None
    created_by: str | None = None
    updated_at: datetime | str | None = None
    updated_by: str | None = None
    title: str | None = None

    @classmethod
    def wired(cls, record: Mapping[str, Any]) -> Marks:
        """The same from a record as it travels, whose people may be given with their names."""
        people = [record.get(name) for name in ("created_by", "updated_by")]
        maker, changer = [one.get("id") if isinstance(one, Mapping) else one for one in people]
        return cls(record.get("created_at"), maker, record.get("updated_at"), changer)


#: Of a record that is not stored yet.
NONE = Marks()


@dataclass(slots=True)
class Draft:
    """One record between coming in and being stored. ``values`` are stored values by storage key.

    ``raw`` is what came in, by field name. ``before`` is None for a new record. ``given`` are the storage keys
    that the caller set himself.
    """

    id: str
    raw: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    other: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    owner: str | None = None
    owner_before: str | None = None
    title: str = ""
    title_before: str | None = None
    given: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    place: int = 0
    marks: Marks = NONE
    #: True where nothing of it is being written: it was changed last by whoever changed it last.
    stands: bool = False
    #: True where a workflow asks about its deletion.
    goes: bool = False
    #: The workflow's instance that holds it, and whether that is over and keeps what it has approved.
    held_by: tuple[str, bool] | None = None

    @property
    def new(self) -> bool:
        """True when the record is not there yet."""
        return self.before is None

    @property
    def ok(self) -> bool:
        """True while nothing is wrong."""
        return not self.problems

    def changed(self) -> set[str]:
        """The storage keys whose value differs from what is stored."""
        before = self.before
        if not before:
            return set(self.values)
        return {key for key in {*before, *self.values} if before.get(key) != self.values.get(key)}

    def refuse(self, code: str, en: str, zh: str, name: str | None = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, Message(en, zh), field=name))


def stored_draft(
    place: ObjectLayout, row: Sequence[Any], marks: Sequence[Any], raw: Mapping[str, Any], *, stands: bool = False
) -> Draft:
    """The draft of a stored record, ``row`` (id, version, owner, data, ext), with what comes in for it.

    ``stands``: it is only looked at.
    """
    record_id, version, owner, data, ext = row
    everything = {**load(data), **(load(ext) if ext else {})}
    before = {key: value for key, value in everything.items() if key in place.places}
    known = Marks(*marks)
    return Draft(
        record_id, raw, values=dict(before), before=before, version=version, owner=owner, owner_before=owner,
        title=known.title or "", title_before=known.title, marks=known, stands=stands,
        other={key: value for key, value in everything.items() if key not in place.places},
    )  # fmt: skip


class Evaluator:
    """Formulas over drafts of one object: own values in Python, everything else in one statement for all drafts."""

    def __init__(self, session: Session, access: ObjectAccess, *, guard: Guard | None = None) -> None:
        """``guard``: the formulas are a caller's own, and see only the records that he may read."""
        self.session = session
        self.object = access.object
        self.layout: ObjectLayout = session.layout.object(access.object.name)
        self.env = session.env()
        self.guard = guard
        #: What runs a statement; a write that is under way puts its own transaction here.
        self.rows: Callable[[Sql], list[tuple[Any, ...]]] = session.database.rows

    def values(self, compiled: Sequence[Compiled], drafts: Sequence[Draft]) -> list[list[Any]]:
        """For each formula: its value for each draft, in the form that the formula language has in Python."""
        found: list[list[Any] | None] = []
        far: list[int] = []
        for number, one in enumerate(compiled):
            if self.near(one):
                prepared = evaluate.prepare(one)
                found.append([prepared.value(self.inputs(one, draft), self.env) for draft in drafts])
            else:
                found.append(None)
                far.append(number)
        if far and drafts:
            columns = self._far([compiled[number] for number in far], drafts)
            for number, column in zip(far, columns, strict=True):
                found[number] = column
        return [column if column is not None else [] for column in found]

    def near(self, compiled: Compiled) -> bool:
        """True when the record's own values are enough."""
        return not compiled.has_aggregates and all(map(self._at_hand, compiled.slots))

    def _at_hand(self, slot: Slot) -> bool:
        if slot.kind == "meta":
            return len(slot.path) == 1 or self._own(slot.path[1])
        return slot.kind == "env" or (len(slot.path) == 1 and self._own(slot.path[0]))

    def _own(self, key: str) -> bool:
        own = self.object.by_key.get(key)
        if own is None:
            return key in NOTED
        if own.computed is None:
            return True
        return self.near(self.session.formulas.computed(self.object.name, own.name))

    def inputs(self, compiled: Compiled, draft: Draft, *, old: bool = False) -> list[Any]:
        """The values of a formula's slots for one draft; ``old``: as they were before the change."""
        return [self._input(slot, draft, old) for slot in compiled.slots]

    def _input(self, slot: Slot, draft: Draft, old: bool) -> Any:
        if slot.kind == "env":
            return self.env.value(slot.path)
        if slot.kind == "field":
            return self._value(slot.path[0], draft, old)
        if slot.kind == "old":
            return self._value(slot.path[0], draft, True)
        what = slot.path[0]
        if what == "ISNEW":
            return draft.new
        if what == "ISDELETION":
            return draft.goes
        return draft.new or self._changed(slot.path[1], draft)

    def _changed(self, key: str, draft: Draft) -> bool:
        own = self.object.by_key.get(key)
        if own is not None and own.computed is None:
            return (draft.before or {}).get(key) != draft.values.get(key)
        return bool(self._value(key, draft, True) != self._value(key, draft, False))

    def _value(self, key: str, draft: Draft, old: bool) -> Any:
        own = self.object.by_key.get(key)
        if own is None:
            return (self._noted_before if old else self._noted)(draft).get(key)
        if own.computed is not None:
            compiled = self.session.formulas.computed(self.object.name, own.name)
            return evaluate.prepare(compiled).value(self.inputs(compiled, draft, old=old), self.env)
        stored = ((draft.before or {}) if old else draft.values).get(key)
        return None if stored is None else own.kind.typed(stored)

    def _noted(self, draft: Draft) -> dict[str, Any]:
        """What the system notes of a record, as it will be when the draft is stored."""
        marks, actor = draft.marks, self.session.user_id
        return {
            "id": draft.id,
            "version": Decimal(draft.version if draft.stands else draft.version + 1),
            "owner": draft.owner,
            "title": draft.title,
            "created_at": marks.created_at,
            "created_by": actor if draft.new else marks.created_by,
            "updated_at": marks.updated_at if draft.stands else None,
            "updated_by": marks.updated_by if draft.stands else actor,
        }

    @staticmethod
    def _noted_before(draft: Draft) -> dict[str, Any]:
        """The same as it was before; of a new record there was nothing."""
        marks = draft.marks
        if draft.new:
            return {}
        return {
            "id": draft.id,
            "version": Decimal(draft.version),
            "owner": draft.owner_before,
            "title": draft.title_before,
            "created_at": marks.created_at,
            "created_by": marks.created_by,
            "updated_at": marks.updated_at,
            "updated_by": marks.updated_by,
        }

    def _far(self, compiled: Sequence[Compiled], drafts: Sequence[Draft]) -> list[list[Any]]:
        frame = Frame()
        binder = evaluation.DraftBinder(
            self.session.layout,
            self.session.formulas,
            self.object.name,
            frame.alias(),
            frame,
            self.env,
            guard=self.guard,
        )
        outputs = [formula_sql.value(one, binder, self.env) for one in compiled]
        rows = [
            evaluation.row(self.layout, number, self._noted(draft), draft.values, new=draft.new, goes=draft.goes)
            for number, draft in enumerate(drafts)
        ]
        before = [
            evaluation.row(self.layout, number, self._noted_before(draft), draft.before or {})
            for number, draft in enumerate(drafts if binder.before else ())
            if not draft.new
        ]
        statement = evaluation.statement(self.layout, binder, outputs, rows, before)
        columns: list[list[Any]] = [[None] * len(drafts) for _ in compiled]
        for found in self.rows(statement):
            for number, value in enumerate(found[1:]):
                columns[number][found[0]] = load(value) if isinstance(value, bytes) else value
        return columns


def refused(drafts: Iterable[Draft]) -> list[Problem]:
    """All problems of all drafts."""
    return [problem for draft in drafts for problem in draft.problems]
