"""The write path's first half: from what came in to values that hold every rule. Pure but for one read.

The order is fixed: fields permitted, defaults, cleaning, numbers, conditions, validations, title.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.base.values import dump_text
from runtime.engine import locks
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.gates import Gates
from runtime.engine.workspace import Session
from runtime.formula.compiler import Compiled
from runtime.formula.evaluate import canonical
from runtime.kinds.field import BadValue, Context, HoldsFiles
from runtime.meta.model import SYSTEM_PROPERTIES, FieldDef, ObjectDef, Validation
from runtime.store import files, numbers

LARGEST = 400_000
#: Texts below this length cannot make a usual record too large; no need to look closely.
SHORT = 500
BROAD = (list, dict, tuple)
#: Values that many records may share, as nobody can change them.
LASTING = (str, Decimal, bool)
FIELD = Message("field", "字段")
Cleaner = tuple[str, Callable[[Any, Context], Any], dict[str, Any]]


class Preparation:
    """Prepares drafts of one object for one session; as system, rights are not asked but every rule holds."""

    def __init__(
        self,
        session: Session,
        access: ObjectAccess,
        *,
        trusted: bool = False,
        dry: bool = False,
        lines_follow: bool = False,
    ) -> None:
        """``lines_follow``: rules that sum up other records are asked by :meth:`summed` when those are stored."""
        self.session = session
        self.access = access
        self.object: ObjectDef = access.object
        self.trusted = trusted
        self.dry = dry
        self.lines_follow = lines_follow
        self.context: Context = session.context()
        #: For each field the key, what cleans its values, and what texts have meant so far: they come again and again.
        self.cleaners: dict[str, Cleaner] = {
            name: (one.key, one.kind.clean, {}) for name, one in self.object.taken.items()
        }
        #: What :meth:`_given` has found.
        self.given: dict[tuple[str, ...], frozenset[str]] = {}
        self.evaluator = Evaluator(session, access)
        #: Names that there are not, with what is said of them: who has one wrong has it in every record.
        self.unknown: dict[str, Problem] = {}

    def run(self, drafts: Sequence[Draft]) -> None:
        """Fill ``values``, ``title`` and ``problems`` of every draft."""
        for draft in drafts:
            self.permitted(draft)
            self.clean(draft)
        locks.refuse(self.session, self.object, drafts)
        self.defaults([draft for draft in drafts if draft.new])
        self.complete_files(drafts)
        self.number([draft for draft in drafts if draft.new and draft.ok])
        self.titles(drafts)
        self.conditions(drafts)
        sound = [draft for draft in drafts if draft.ok]
        self.gates(sound)
        self.validate(sound)

    def standing(self, drafts: Sequence[Draft]) -> None:
        """What is wrong with records as they are stored, as a save would say that gave all of their values again.

        Nothing of them changes, so that rules about changes and about values which a field takes have nothing to say.
        """
        for draft in drafts:
            self.fits(draft)
        self.conditions(drafts)
        self.validate([draft for draft in drafts if draft.ok])

    def fits(self, draft: Draft) -> None:
        """Refuse stored values that their fields would not take any more, such as an option that is gone.

        Left out is what a form does not show, and files, of which the store knows what they are.
        """
        fields = [one for one in self.object.taken.values() if one.key in draft.values and one.numbered is None]
        trial = Draft(draft.id, {})
        asked = [one for one in fields if not isinstance(one.kind, HoldsFiles)]
        self.take(trial, {one.name: draft.values[one.key] for one in asked})
        if trial.problems:
            gates = Gates(self.session, self.access, self.evaluator, trusted=self.trusted)
            shown = gates.visible([draft], [one.field for one in trial.problems if one.field])[0]
            draft.problems += [one for one in trial.problems if one.field in shown]

    # -- what came in -----------------------------------------------------------------------------------

    def permitted(self, draft: Draft) -> None:
        """Names that may not be set: an unreadable one answers like one that is not there."""
        if draft.raw.keys() <= self.access.settable:
            return
        for name in draft.raw:
            if name == "owner":
                continue
            if name in SYSTEM_PROPERTIES:
                draft.refuse("readonly", "is given by the system and cannot be set", "由系统维护，不能设置", name)
                continue
            field = self.object.fields.get(name)
            if field is None or not (self.trusted or self.access.visible(name)):
                draft.problems.append(self._unknown(name))
            elif not field.stored or field.numbered is not None:
                draft.refuse("readonly", "is computed and cannot be set", "由系统计算，不能设置", name)
            elif not (self.trusted or self.access.writable(name)):
                draft.refuse("readonly", "may be read but not set by you", "您只能查看，不能修改", name)

    def _unknown(self, name: str) -> Problem:
        found = self.unknown.get(name)
        if found is None:
            known = [one for one in self.object.fields if self.trusted or self.access.visible(one)]
            found = self.unknown[name] = unknown(FIELD, name, known, "unknown_field").at(field=name)
        return found

    def clean(self, draft: Draft) -> None:
        """The stored value of everything that came in."""
        raw = draft.raw
        if draft.problems:
            refused = {problem.field for problem in draft.problems}
            raw = {name: value for name, value in raw.items() if name not in refused}
        draft.given = self._given(tuple(raw))
        self.take(draft, raw)

    def _given(self, names: tuple[str, ...]) -> frozenset[str]:
        """The storage keys of fields; one set for all records that come with the same names."""
        found = self.given.get(names)
        if found is None:
            found = self.given[names] = frozenset(self.cleaners[one][0] for one in names if one in self.cleaners)
        return found

    def take(self, draft: Draft, raws: Mapping[str, Any]) -> None:
        """Clean raw values, by field, into the draft."""
        values, context, cleaners = draft.values, self.context, self.cleaners
        for name, raw in raws.items():
            cleaner = cleaners.get(name)
            if cleaner is None:
                continue
            key, clean, known = cleaner
            text = raw.__class__ is str
            if text and raw in known:
                values[key] = known[raw]
                continue
            try:
                value = None if raw is None else clean(raw, context)
            except BadValue as error:
                draft.problems.append(Problem(error.code, error.message, field=name))
                continue
            if value is None or value is False or (value.__class__ in (list, tuple) and not value):
                values.pop(key, None)
                continue
            values[key] = value
            if text and value.__class__ in LASTING:
                known[raw] = value

    def defaults(self, drafts: Sequence[Draft]) -> None:
        """Defaults of what a new record's maker left out: literals, then formulas in the order of the document."""
        formulas: list[tuple[FieldDef, Compiled]] = []
        for field in self.object.fields.values():
            if field.default is None or not field.stored:
                continue
            if isinstance(field.default, str) and field.default.startswith("="):
                formulas.append((field, self.session.formulas.get(self.object.name, field.default[1:], "default")))
                continue
            for draft in drafts:
                if field.name not in draft.raw:
                    self.take(draft, {field.name: field.default})
        near = [one for one in formulas if self.evaluator.near(one[1])]
        far = [one for one in formulas if not self.evaluator.near(one[1])]
        for group in [*([one] for one in near), far]:
            if not group:
                continue
            columns = self.evaluator.values([compiled for _, compiled in group], drafts)
            for (field, _), column in zip(group, columns, strict=True):
                for draft, value in zip(drafts, column, strict=True):
                    if field.name not in draft.raw and value is not None:
                        self.take(draft, {field.name: raw_of(value)})

    def complete_files(self, drafts: Sequence[Draft]) -> None:
        """File fields hold what the store knows of each file; only own uploads or files already held are taken."""
        fields = [one for one in self.object.fields.values() if isinstance(one.kind, HoldsFiles)]
        for field in fields:
            kind = field.kind
            assert isinstance(kind, HoldsFiles)
            for draft in drafts:
                value = draft.values.get(field.key)
                if value is None or field.key not in draft.given:
                    continue
                held = (draft.before or {}).get(field.key)
                before = {str(one["id"]): one for one in ([] if held is None else held if kind.many else [held])}
                entries = []
                for file_id in kind.file_ids(value):
                    entry = before.get(file_id) or self._uploaded(file_id)
                    if entry is None:
                        draft.refuse("not_found", "there is no such file of yours", "没有您上传的该文件", field.name)
                        continue
                    why = kind.accepts(str(entry["type"]), int(entry["size"]))
                    if why is not None:
                        draft.problems.append(Problem("file", why, field=field.name))
                    entries.append(entry)
                if entries:
                    draft.values[field.key] = entries if kind.many else entries[0]

    def _uploaded(self, file_id: str) -> Mapping[str, Any] | None:
        found = files.find(self.session.database, self.session.workspace.schema, file_id)
        if found is None or found.record_id is not None or found.uploaded_by != self.session.user_id:
            return None
        return {"id": found.id, "name": found.name, "size": Decimal(found.size), "type": found.type}

    def number(self, drafts: Sequence[Draft]) -> None:
        """Values that the system gives: taken outside of the transaction unless they must be free of gaps."""
        if not drafts:
            return
        today = self.evaluator.env.value(("TODAY",))
        for field in self.object.fields.values():
            kind = field.numbered
            if kind is None or kind.gap_free():
                continue
            period = kind.period(today)
            give = numbers.would_be if self.dry else numbers.take
            last = give(
                self.session.database, self.session.workspace.schema, self.object.key, field.key, period, len(drafts)
            )
            for offset, draft in enumerate(drafts):
                draft.values[field.key] = kind.number(last - len(drafts) + 1 + offset, today)

    # -- rules ------------------------------------------------------------------------------------------

    def conditions(self, drafts: Sequence[Draft]) -> None:
        """Visible, required and read-only, declared as true, false or a formula."""
        formulas: list[Compiled] = []
        positions: dict[str, int] = {}
        for field in self.object.fields.values():
            for source in (field.visible, field.required, field.readonly):
                if isinstance(source, str) and source not in positions:
                    positions[source] = len(formulas)
                    formulas.append(self.session.formulas.condition(self.object.name, source))
        columns = self.evaluator.values(formulas, drafts)

        def holds(source: bool | str, number: int) -> bool:
            return bool(columns[positions[source]][number]) if isinstance(source, str) else source

        demanding = [
            one for one in self.object.fields.values() if one.stored and one.required is not False and not one.numbered
        ]
        guarded = [one for one in self.object.fields.values() if one.stored and one.readonly is not False]
        for number, draft in enumerate(drafts):
            wrong = {problem.field for problem in draft.problems}
            for field in demanding:
                if field.key in draft.values or field.name in wrong:
                    continue
                if holds(field.visible, number) and holds(field.required, number) and self._asked(draft, field):
                    draft.refuse("required", "must be filled in", "必填", field.name)
            changed = draft.changed() & draft.given if guarded else set()
            for field in guarded:
                # A condition speaks of a change; what is always read-only is not set with a new record either.
                asked = field.key in changed and field.name not in wrong and (field.readonly is True or not draft.new)
                if asked and holds(field.readonly, number):
                    draft.refuse("readonly", "cannot be changed now", "当前不可修改", field.name)

    def _asked(self, draft: Draft, field: FieldDef) -> bool:
        """A required value that the caller can neither see nor set does not stop a change of another field."""
        return draft.new or self.trusted or self.access.writable(field.name) or field.key in draft.changed()

    def validate(self, drafts: Sequence[Draft]) -> None:
        """The object's validations; false refuses."""
        self._validated(drafts, [one for one in self._rules() if not (self.lines_follow and self._sums(one[1]))])

    def summed(self, drafts: Sequence[Draft]) -> None:
        """The validations that had to wait for the records that they sum up."""
        self._validated(drafts, [one for one in self._rules() if self._sums(one[1])])
        if self.object.gated:
            self._gated(Gates(self.session, self.access, self.evaluator, trusted=self.trusted), drafts, summing=True)

    def gates(self, drafts: Sequence[Draft]) -> None:
        """What a record must hold before a field takes a value."""
        if not self.object.gated or not drafts:
            return
        gates = Gates(self.session, self.access, self.evaluator, trusted=self.trusted)
        gates.check(drafts)
        self._gated(gates, drafts, summing=False)

    def _gated(self, gates: Gates, drafts: Sequence[Draft], *, summing: bool) -> None:
        for field, gate, group, compiled in gates.formulas(drafts):
            if self.lines_follow and self._sums(compiled) != summing:
                continue
            for draft, valid in zip(group, self.evaluator.values([compiled], group)[0], strict=True):
                if valid is not True:
                    gates.refused(field, gate, draft)

    def _rules(self) -> list[tuple[Validation, Compiled]]:
        formulas, name = self.session.formulas, self.object.name
        return [(rule, formulas.condition(name, rule.valid, "validation")) for rule in self.object.validations]

    def _sums(self, compiled: Compiled) -> bool:
        """True when other records take part in the value, directly or through a computed field."""
        if compiled.has_aggregates:
            return True
        own = [self.object.by_key.get(slot.path[0]) for slot in compiled.slots if slot.kind in ("field", "old")]
        inner = [one for one in own if one is not None and one.computed is not None]
        return any(self._sums(self.session.formulas.computed(self.object.name, one.name)) for one in inner)

    def _validated(self, drafts: Sequence[Draft], rules: Sequence[tuple[Validation, Compiled]]) -> None:
        if not rules or not drafts:
            return
        columns = self.evaluator.values([compiled for _, compiled in rules], drafts)
        for (rule, _), column in zip(rules, columns, strict=True):
            message = Message(rule.message["en"], rule.message["zh"])
            for draft, valid in zip(drafts, column, strict=True):
                if valid is not True:
                    draft.problems.append(Problem(f"validation:{rule.name}", message, field=rule.field))

    def titles(self, drafts: Sequence[Draft]) -> None:
        """How each record is called."""
        if not drafts:
            return
        if not self.object.title:
            first = next((one for one in self.object.fields.values() if one.stored and one.kind.column == "text"), None)
            for draft in drafts:
                value = draft.values.get(first.key) if first else None
                draft.title = "" if value is None or first is None else first.kind.text(value, self.context)[:255]
            return
        compiled = self.session.formulas.get(self.object.name, self.object.title, "title")
        for draft, value in zip(drafts, self.evaluator.values([compiled], drafts)[0], strict=True):
            draft.title = (canonical(value, compiled.type) or "")[:255]


def raw_of(value: Any) -> Any:
    """A formula's value as raw input of a field."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def too_large(values: Mapping[str, Any]) -> bool:
    """True when a record has grown past what one record may hold."""
    if all(len(one) < SHORT if one.__class__ is str else one.__class__ not in BROAD for one in values.values()):
        return len(values) * SHORT * 6 > LARGEST and len(dump_text(values)) > LARGEST
    return len(dump_text(values)) > LARGEST
