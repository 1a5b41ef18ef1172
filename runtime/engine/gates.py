"""Stage gates: what a record must hold before a field takes a value. Part of the one write path, whoever writes.

Only the gate of the value that is taken is asked, and only when the record takes it; what it was before, and the
values in between, do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from runtime.base.errors import Message, Problem
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.workspace import Session
from runtime.formula.compiler import Compiled
from runtime.kinds.field import Gate, Gated
from runtime.meta.model import FieldDef
from runtime.store import approved

#: How many blank fields a sentence names.
SHOWN = 5


def entered(drafts: Sequence[Draft], field: FieldDef) -> dict[Any, list[Draft]]:
    """The drafts whose value of ``field`` becomes another one, by that value."""
    found: dict[Any, list[Draft]] = {}
    for draft in drafts:
        value = draft.values.get(field.key)
        if value is not None and (draft.before or {}).get(field.key) != value:
            found.setdefault(value, []).append(draft)
    return found


class Gates:
    """The gates of one object, asked for one session."""

    def __init__(self, session: Session, access: ObjectAccess, evaluator: Evaluator, *, trusted: bool) -> None:
        self.session = session
        self.object = access.object
        self.evaluator = evaluator
        self.access = access
        self.trusted = trusted

    def formulas(self, drafts: Sequence[Draft]) -> Iterable[tuple[FieldDef, Gate, Sequence[Draft], Compiled]]:
        """The formulas that are to be asked of drafts that take a value."""
        for field, gate, group in self.asked(drafts):
            if gate.valid is not None:
                source = gate.valid if isinstance(gate.valid, str) else str(gate.valid).lower()
                yield field, gate, group, self.session.formulas.condition(self.object.name, source, "validation")

    def asked(self, drafts: Sequence[Draft]) -> Iterable[tuple[FieldDef, Gate, Sequence[Draft]]]:
        """Every gate that some drafts stand before, with those drafts."""
        for field in self.object.gated:
            kind = cast(Gated, field.kind)
            for value, group in entered(drafts, field).items():
                gate = kind.gate(value)
                if gate is not None:
                    yield field, gate, group

    def check(self, drafts: Sequence[Draft]) -> None:
        """Refuse the drafts that may not pass; formulas are asked by :meth:`formulas`."""
        for field, gate, group in self.asked(drafts):
            self.filled(field, gate, group)
            if gate.completeness:
                self.complete(field, gate, group)
            if gate.workflow is not None and self.session.workflow != gate.workflow:
                self.approved(field, gate, group)

    def filled(self, field: FieldDef, gate: Gate, drafts: Sequence[Draft]) -> None:
        """Fields that must be filled."""
        names = [name for name in gate.require if name == "owner" or self.object.field(name) is not None]
        blanks = self.blank(drafts, names)
        for draft, blank in zip(drafts, blanks, strict=True):
            wrong = {problem.field for problem in draft.problems}
            for name in blank:
                if name in wrong:
                    continue
                if not self.tells(name):  # Neither that it is there nor what it holds.
                    refuse(draft, gate, field.name, Message("something is missing that you cannot see",
                                                            "缺少您无权查看的内容"))  # fmt: skip
                    continue
                text = Message(f"must be filled in before {gate.label['en']!r}", f"进入“{gate.label['zh']}”前必填")
                refuse(draft, gate, name, text)

    def complete(self, field: FieldDef, gate: Gate, drafts: Sequence[Draft]) -> None:
        """The share of the fields that people fill, those that the caller sees and the record's conditions show.

        A box that is not ticked says as much as one that is. What the caller may not see is not counted: the answer
        must not tell whether it is filled.
        """
        counted = [
            one.name for one in self.object.fields.values()
            if one.stored and not one.numbered and one.kind.blank is not False and one.readonly is not True
            and self.tells(one.name)
        ]  # fmt: skip
        shown = self.visible(drafts, counted)
        blanks = self.blank(drafts, counted)
        least = gate.completeness or Decimal(0)
        for draft, names, blank in zip(drafts, shown, blanks, strict=True):
            missing = [name for name in blank if name in names]
            share = Decimal(100 * (len(names) - len(missing))) / len(names) if names else Decimal(100)
            if share >= least:
                continue
            labels = [self.object.fields[name].label for name in missing]
            more = len(labels) > SHOWN
            en = ", ".join(one["en"] for one in labels[:SHOWN]) + (" ..." if more else "")
            zh = "、".join(one["zh"] for one in labels[:SHOWN]) + ("……" if more else "")
            text = Message(
                f"{gate.label['en']!r} needs {least:f} % of the fields, {int(share)} % are filled; blank: {en}",
                f"进入“{gate.label['zh']}”须填写 {least:f}% 的字段，目前为 {int(share)}%；未填：{zh}",
            )
            refuse(draft, gate, field.name, text, "gate_completeness")

    def approved(self, field: FieldDef, gate: Gate, drafts: Sequence[Draft]) -> None:
        """A workflow that must have approved the record, and nothing against it afterwards."""
        ids = [draft.id for draft in drafts if not draft.new]
        schema = self.session.workspace.schema
        found = approved.approved_on(self.evaluator.rows, schema, str(gate.workflow), ids) if ids else set()
        piece = self.session.model.piece("workflow", str(gate.workflow))
        label: Mapping[str, str] = piece.label if piece else {"en": str(gate.workflow), "zh": str(gate.workflow)}
        text = Message(
            f"{gate.label['en']!r} needs the approval of {label['en']!r}",
            f"进入“{gate.label['zh']}”前须通过“{label['zh']}”",
        )
        for draft in drafts:
            if draft.id not in found:
                refuse(draft, gate, field.name, text, "gate_workflow")

    def refused(self, field: FieldDef, gate: Gate, draft: Draft) -> None:
        """Note that a gate's formula does not hold."""
        text = Message(f"the conditions for {gate.label['en']!r} are not met", f"不满足进入“{gate.label['zh']}”的条件")
        refuse(draft, gate, field.name, text, "gate_condition")

    # -- what is blank ----------------------------------------------------------------------------------

    def blank(self, drafts: Sequence[Draft], names: Sequence[str]) -> list[list[str]]:
        """For each draft: those of the fields that are blank, and not hidden by their own condition."""
        computed: list[tuple[str, Compiled]] = []
        for name in names:
            own = self.object.field(name)
            if own is not None and not own.stored:
                formulas = self.session.formulas
                computed.append((name, formulas.condition(self.object.name, f"ISBLANK({own.name})", "validation")))
        columns = self.evaluator.values([compiled for _, compiled in computed], drafts)
        empty = {name: column for (name, _), column in zip(computed, columns, strict=True)}
        shown = self.visible(drafts, names)
        found = []
        for number, draft in enumerate(drafts):
            here = []
            for name in names:
                own = self.object.field(name)
                if own is None:
                    blank = draft.owner is None
                elif own.stored:
                    blank = own.key not in draft.values and own.name in shown[number]
                else:
                    blank = bool(empty[name][number])
                if blank:
                    here.append(own.name if own else name)
            found.append(here)
        return found

    def visible(self, drafts: Sequence[Draft], names: Sequence[str]) -> list[set[str]]:
        """For each draft: those of the fields that its own conditions show."""
        fields = [one for one in (self.object.field(name) for name in names) if one is not None]
        sources = [one for one in fields if isinstance(one.visible, str)]
        formulas = [self.session.formulas.condition(self.object.name, str(one.visible)) for one in sources]
        columns = self.evaluator.values(formulas, drafts)
        found = []
        for number in range(len(drafts)):
            hidden = {one.name for one, column in zip(sources, columns, strict=True) if not column[number]}
            found.append({one.name for one in fields if one.visible is not False} - hidden)
        return found

    def tells(self, name: str) -> bool:
        """True when the caller may know of the field."""
        return self.trusted or name == "owner" or self.access.visible(name)


def refuse(draft: Draft, gate: Gate, name: str, text: Message, code: str = "gate") -> None:
    """Note what is missing: the builder's sentence where there is one, then what exactly, once a field."""
    if gate.message is not None:
        text = Message(f"{gate.message.en} ({text.en})", f"{gate.message.zh}（{text.zh}）")
    problem = Problem(code, text, field=name)
    if problem not in draft.problems:
        draft.problems.append(problem)
