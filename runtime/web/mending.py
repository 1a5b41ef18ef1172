"""The lines of a returned change as rows of inputs in the task: as they are proposed, not as they stand.

Those that are to be removed stand there with their mark. It stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.engine import guards, presenting
from runtime.engine.linechanges import ADDED, REMOVED
from runtime.engine.mending import RefusedLines
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef
from runtime.store.proposals import LINES
from runtime.web.forms import Formdata, Offers, leftover
from runtime.web.layout import Block, Plan
from runtime.web.lines import LineEditor, Lines, Row


class Mender(LineEditor):
    """Reads and makes the lines of a proposal (:func:`runtime.engine.proposed.lines`) for who mends them."""

    def __init__(self, session: Session, offers: Offers, proposed: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(session, offers)
        self.proposed = proposed
        self.gone = {str(one["id"]) for one in proposed if one["what"] == REMOVED}

    def read(self, block: Block, record_id: str | None, *, edit: bool, copy: str = "") -> Lines:
        """The lines as they are proposed, with empty rows behind them."""
        made = super().read(block, record_id, edit=edit, copy=copy)
        for row in made.rows:
            row.delete = row.id in self.gone
        return made

    def stored(self, lines: Lines, record_id: str) -> tuple[list[dict[str, Any]], bool]:
        """The records on the wire as they would be, those that come behind those that are there."""
        records, more = super().stored(lines, record_id)
        mine = [one for one in self.proposed if one["relation"] == lines.relation.name]
        told = {str(one["id"]): self.values(lines, one) for one in mine if one["what"] != REMOVED}
        records = [{**one, **told.get(str(one["id"]), {})} for one in records]
        added = [str(one["id"]) for one in mine if one["what"] == ADDED]
        return [*records, *({"id": one, "version": 0, **told[one]} for one in added)], more

    def values(self, lines: Lines, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What a line is to be, as it would come over the wire."""
        fields = lines.access.object.fields
        return {one["field"]: self.expanded(fields[one["field"]], one["new"]) for one in entry["changes"]}

    def expanded(self, field: FieldDef, value: Any) -> Any:
        """A link with what it leads to is called."""
        if field.relates is None or value is None:
            return value
        ids = list(field.relates.targets(value))
        names = presenting.titles(self.session, field.relates.target_object(), ids)
        found = [{"id": one, "title": names[one]} if one in names else one for one in ids]
        return found if field.relates.many else found[0] if found else None

    def wish(self, lines: Lines) -> tuple[dict[str, Any], dict[tuple[str, Any], Row]]:
        """What is wished of the lines (:mod:`runtime.engine.mending`), and the row that each wish came from."""
        new = [row for row in lines.rows if not row.id and not row.form.blank]
        kept = [row for row in lines.rows if row.id and not row.delete]
        changed = {row.id: (row, values) for row in kept if (values := row.form.values(new=False))}
        removed = [row for row in lines.rows if row.delete and row.id not in self.gone]
        back = [row.id for row in kept if row.id in self.gone and row.id not in changed]
        found = {"add": [row.form.values(new=True) for row in new],
                 "set": {one: values for one, (_, values) in changed.items()},
                 "remove": [row.id for row in removed], "keep": back}  # fmt: skip
        rows: dict[tuple[str, Any], Row] = {("add", number): row for number, row in enumerate(new)}
        rows |= {("set", one): row for one, (row, _) in changed.items()}
        rows |= {("remove", row.id): row for row in removed}
        return {name: one for name, one in found.items() if one}, rows


class Mending:
    """All lines that can be mended in one task."""

    def __init__(self, session: Session, plan: Plan, record_id: str, proposed: Sequence[Mapping[str, Any]],
                 guarded: Sequence[str], formdata: Formdata | None) -> None:  # fmt: skip
        self.editor = Mender(session, Offers(session), proposed)
        self.lines: dict[str, Lines] = {}
        self.blocks: list[Block] = []
        self.rows: dict[tuple[str, str, Any], Row] = {}
        for block in plan.relations("lines"):
            if block.relation is None or block.relation.name not in guarded:
                continue
            made = (self.editor.read(block, record_id, edit=True) if formdata is None
                    else self.editor.sent(block, record_id, formdata))  # fmt: skip
            if made.rows:
                self.blocks.append(block)
                self.lines[block.relation.name] = made

    def wished(self) -> dict[str, Any]:
        """What is wished, by relation; those of which nothing is wished are left out."""
        found = {}
        for name, lines in self.lines.items():
            wish, rows = self.editor.wish(lines)
            self.rows |= {(name, *at): row for at, row in rows.items()}
            if wish:
                found[name] = wish
        return found

    def tell(self, error: RefusedLines, spoken: str) -> list[str]:
        """Put what was refused at the rows that it speaks of; the sentences that have no row here."""
        rest = []
        for at, problems in error.at.items():
            row = self.rows.get(at)
            if row is None:
                rest += [one.show(spoken) for one in problems]
            else:
                row.errors += leftover(row.form, problems)
        return rest

    def wrong(self) -> list[tuple[str, str, str]]:
        """(id, label, sentence) of the inputs of lines with something wrong."""
        return [
            (one.id, one.label.text, " ".join(one.errors))
            for lines in self.lines.values() for row in lines.rows for one in row.form if one.errors
        ]  # fmt: skip


def guarded(session: Session, object_name: str, workflow: str, proposed: Sequence[Mapping[str, Any]]) -> list[str]:
    """The relations whose lines can be mended: those that the workflow guards, and those of what is proposed."""
    keys: set[str] = set()
    definition = session.model.objects[object_name]
    for one in guards.guards_of(session, definition):
        if one.workflow == workflow:
            keys |= set(one.lines)
    reverses = session.model.reverses.get(object_name, {})
    names = [name for name, one in reverses.items() if one.owned and session.model.objects[one.source].key in keys]
    return list(dict.fromkeys([*names, *(str(one["relation"]) for one in proposed)]))


def mending(session: Session, plan: Plan, row: Any, object_name: str, proposes: Mapping[str, Any],
            formdata: Formdata | None) -> Mending | None:  # fmt: skip
    """The lines of a returned change, None where it is not about lines."""
    if proposes["kind"] != LINES:
        return None
    names = guarded(session, object_name, row.workflow, proposes["lines"])
    return Mending(session, plan, row.record_id, proposes["lines"], names, formdata)
