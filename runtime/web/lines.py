"""The lines of a record inside its form: rows of inputs, stored with the record in one piece. It stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.base.values import load
from runtime.engine import compound, reading
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import Reverse
from runtime.web.forms import Formdata, Offers, RecordForm, leftover, make_form, place_of
from runtime.web.layout import Block, Place
from runtime.web.shown import Shower, Shown, bare, links_of, numeric

EMPTY_ROWS = 3
MOST_ROWS = 200


@dataclass
class Row:
    """One line: its inputs and the values that can only be read."""

    form: RecordForm
    id: str = ""
    version: str = ""
    delete: bool = False
    shown: Mapping[str, Shown] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Lines:
    """All lines of one relation on a form."""

    block: Block
    relation: Reverse
    access: ObjectAccess
    rows: list[Row] = field(default_factory=list)
    more: bool = False

    @property
    def places(self) -> list[Place]:
        """The columns, the link to the parent left out."""
        fields = self.access.object.fields
        return [place_of(fields[name]) for name in self.block.names if name in fields and name != self.relation.field]

    @property
    def stored(self) -> int:
        """How many of the rows are stored lines."""
        return sum(1 for row in self.rows if row.id)

    def numeric(self, place: Place) -> bool:
        """True for a column of figures."""
        return numeric(place.field)

    def wrong(self) -> bool:
        """True when any row has something wrong."""
        return any(row.errors or any(one.errors for one in row.form) for row in self.rows)


class LineEditor:
    """Reads, makes and stores the lines of one record for one caller."""

    def __init__(self, session: Session, offers: Offers, *, coming: bool = False) -> None:
        """``coming``: the record waits for an approval, and its lines with it."""
        self.session = session
        self.coming = coming
        self.offers = offers
        #: Fields, by relation, that are read beside the columns.
        self.beside: Mapping[str, Sequence[str]] = {}

    def rights(self, relation: Reverse) -> ObjectAccess:
        """The caller's rights on the lines."""
        definition = self.session.model.objects[relation.source]
        return object_access(self.session.snapshot, self.session.person, definition)

    def read(self, block: Block, record_id: str | None, *, edit: bool, copy: str = "") -> Lines:
        """The stored lines, with empty rows behind them where new ones may be entered; for a copy, the other's."""
        relation = block.relation
        assert relation is not None
        made = Lines(block, relation, self.rights(relation))
        if record_id is not None:
            records, made.more = self.stored(made, record_id)
            made.rows = [self.row(made, number, one) for number, one in enumerate(records)]
        elif copy and made.access.may("create"):
            records, _ = self.stored(made, copy)
            made.rows = [self.copied(made, number, one) for number, one in enumerate(records)]
        if edit and made.access.may("create"):
            made.rows += [self.row(made, len(made.rows) + number, None) for number in range(EMPTY_ROWS)]
        return made

    def stored(self, lines: Lines, record_id: str) -> tuple[list[dict[str, Any]], bool]:
        """The records on the wire, links expanded; True when there are more than a form can hold."""
        fields = [one.field.name for one in lines.places]
        fields += [one for one in self.beside.get(lines.relation.name, ()) if one not in fields]
        expand = [name for name in links_of(lines.access) if name in fields]
        ask = reading.Ask(
            linked=(lines.relation.field, record_id), sort=("id",), fields=("version", *fields),
            expand=tuple(expand), limit=MOST_ROWS, pending=self.coming,
        )  # fmt: skip
        page = reading.listed(self.session, lines.relation.source, ask)
        return [load(one) for one in page.records], page.next_cursor is not None

    def row(self, lines: Lines, number: int, record: Mapping[str, Any] | None, formdata: Formdata | None = None) -> Row:
        """One row: a stored line, or an empty one."""
        access = lines.access
        shower = Shower(self.session, access)
        values, shown = {}, {}
        for place in lines.places:
            name = place.field.name
            value = None if record is None else record.get(name)
            if access.readable(name):
                values[name] = bare(place.field, value)
            shown[name] = shower.value(place.field, value)
        form = make_form(
            lines.places, access, self.offers, {}, values=values, formdata=formdata,
            prefix=f"{lines.relation.name}-{number}-", marks=record is not None,
        )  # fmt: skip
        identity = ("", "") if record is None else (str(record["id"]), str(record["version"]))
        return Row(form, *identity, shown=shown, record=record or {})

    def copied(self, lines: Lines, number: int, record: Mapping[str, Any]) -> Row:
        """A new row that says what another record's line says, but for what must be unique."""
        fields = lines.access.object.fields
        kept = {name: value for name, value in record.items() if name not in fields or not fields[name].unique}
        made = self.row(lines, number, kept)
        made.id, made.version, made.shown = "", "", {}
        return made

    def sent(self, block: Block, record_id: str | None, formdata: Formdata) -> Lines:
        """The lines as the browser sent them, beside what is stored."""
        lines = self.read(block, record_id, edit=False)
        stored = {row.id: row for row in lines.rows}
        records = {}
        if record_id is not None:
            records = {str(one["id"]): one for one in self.stored(lines, record_id)[0]}
        rows = []
        for number in range(MOST_ROWS + EMPTY_ROWS):
            prefix = f"{lines.relation.name}-{number}-"
            if not any(name.startswith(prefix) for name in formdata):
                break
            identity = str(formdata.get(prefix + "id", ""))
            if identity and identity not in stored:
                continue  # Somebody has deleted the line meanwhile.
            row = self.row(lines, number, records.get(identity), formdata)
            seen = str(formdata.get(prefix + "version", ""))
            if identity and seen.isascii() and seen.isdigit() and len(seen) < 10:
                row.version = seen
            row.delete = bool(identity and formdata.get(prefix + "delete"))
            rows.append(row)
        lines.rows = rows
        return lines

    def changes(self, lines: Lines) -> tuple[compound.Lines, dict[str, list[Row]]]:
        """What becomes of the lines, and for each kind of change the rows that it came from."""
        rows: dict[str, list[Row]] = {
            "delete": [row for row in lines.rows if row.delete],
            "update": [row for row in lines.rows if row.id and not row.delete and row.form.values(new=False)],
            "create": [row for row in lines.rows if not row.id and not row.form.blank],
        }
        made = compound.Lines(
            lines.relation.name,
            creates=[row.form.values(new=True) for row in rows["create"]],
            updates=[
                {"id": row.id, "version": int(row.version), **row.form.values(new=False)} for row in rows["update"]
            ],
            deletes=[{"id": row.id} for row in rows["delete"]],
        )
        return made, rows

    def tell(self, rows: Mapping[str, Sequence[Row]], relation: str, outcome: compound.Outcome) -> None:
        """Put what the engine said at the inputs of the rows."""
        for mode, group in rows.items():
            for row, result in zip(group, outcome.results.get((relation, mode), ()), strict=False):
                row.errors += leftover(row.form, result.problems)
