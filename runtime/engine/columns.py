"""What each column of a file means for an object: by a mapping, by the fields' names, or by their labels.

A column for a field that the caller cannot set is told like one that means nothing: nobody learns what he may not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Invalid, Message, Problem, unknown
from runtime.engine.access import ObjectAccess
from runtime.kinds.field import HoldsFiles
from runtime.meta.model import FieldDef

FIELD = Message("field", "字段")
COLUMN = Message("column", "列")
#: Columns of a file of failed rows: they explain and are never imported.
ROW, REASON = "import_row", "import_error"
REF = "ref"


@dataclass(frozen=True)
class Target:
    """Where the cells of one column go. ``name`` is a field, ``owner``, ``id`` or ``ref``; ``match`` the field of
    the linked object by which a link is found, None to look for it in the usual ways."""

    column: str
    index: int
    name: str
    field: FieldDef | None = None
    match: str | None = None

    @property
    def links_to(self) -> str | None:
        """The object that the cells point to, or None."""
        if self.name == "owner":
            return "user"
        relates = self.field.relates if self.field else None
        return relates.target_object() if relates else None

    @property
    def many(self) -> bool:
        """True when one cell may name several records."""
        return bool(self.field and self.field.relates and self.field.relates.many)


@dataclass(frozen=True)
class Wanted:
    """One entry of a mapping: a column, and the field and match that it is for (``field`` None: left out)."""

    column: str
    field: str | None
    match: str | None = None


def folded(name: str) -> str:
    """A name without the differences that people do not mean."""
    return " ".join(name.split()).casefold()


def wanted_of(mapping: Mapping[str, Any]) -> list[Wanted]:
    """The entries of a mapping in any of its shapes. Raises Invalid.

    ``column: field``, ``column: null`` (leave out), ``column: {field: customer, match: number}``, and the other way
    round ``field: {column: "Order ID", match: number}``.
    """
    found = []
    for key, value in mapping.items():
        if value is None or isinstance(value, str):
            found.append(Wanted(str(key), value or None))
            continue
        if isinstance(value, Mapping) and set(value) <= {"field", "column", "match"}:
            match, field, column = (value.get(one) for one in ("match", "field", "column"))
            if (
                (match is None or isinstance(match, str))
                and isinstance(field or column, str)
                and not (field and column)
            ):
                found.append(Wanted(str(column or key), str(field or key), match))
                continue
        text = Message(
            "must be a field, or {field: ..., match: ...}, or for a field {column: ..., match: ...}",
            "应为字段名，或 {field: ..., match: ...}，或以字段为键的 {column: ..., match: ...}",
        )
        raise Invalid(problems=[Problem("mapping", text, field=str(key)[:80])])
    return found


class Columns:
    """Finds the targets of a file's columns for one caller and object."""

    def __init__(self, access: ObjectAccess, key: str | None, mapping: Mapping[str, Any] | None) -> None:
        self.access = access
        self.key = key
        self.wanted = wanted_of(mapping) if mapping is not None else None
        self.warnings: list[Problem] = []
        self.taken: dict[str, str] = {}
        self._spellings: dict[str, str | None] | None = None

    def settable(self, name: str) -> bool:
        """True when the caller may set the field, or find records by it."""
        if name == "owner":
            return self.access.may("assign")
        return self.access.writable(name) or (name == self.key and (name == "id" or self.access.readable(name)))

    def targets(self, columns: Sequence[str], start: int = 0, *, more: bool = False) -> list[Target]:
        """The targets of the columns from ``start`` on; ``more``: further columns may come up later.

        Raises Invalid for what a mapping says wrongly.
        """
        if self.wanted is not None:
            return self._mapped(columns, start, more)
        return self._guessed(columns, start)

    # -- with a mapping ---------------------------------------------------------------------------------

    def _mapped(self, columns: Sequence[str], start: int, more: bool) -> list[Target]:
        places: dict[str, list[int]] = {}
        for index, column in enumerate(columns):
            places.setdefault(folded(column), []).append(index)
        found, problems = [], []
        for one in self.wanted or ():
            at = places.get(folded(one.column), [])
            if one.field is None or (at and at[0] < start):
                continue
            problem = self._wrong(one, at, [] if more else columns)
            if problem is not None:
                problems.append(problem)
                continue
            if at:
                self.taken[one.field] = one.column
                found.append(self.target(columns[at[0]], at[0], one.field, one.match))
        if problems:
            raise Invalid(problems=problems)
        return found

    def _wrong(self, one: Wanted, at: Sequence[int], columns: Sequence[str]) -> Problem | None:
        assert one.field is not None
        if not self.settable(one.field):
            known = [name for name in self.access.object.fields if self.settable(name)]
            return unknown(FIELD, one.field, known, "unknown_field").at(field=one.column)
        if not at and columns:
            return unknown(COLUMN, one.column, [name for name in columns if name], "unknown_column").at(field=one.field)
        if len(at) > 1:
            text = Message(f"the column {one.column!r} stands twice in the file", f"文件中有重复的列“{one.column}”")
            return Problem("column_twice", text, field=one.field)
        if one.field in self.taken:
            text = Message(
                f"the columns {self.taken[one.field]!r} and {one.column!r} are both for this field",
                f"列“{self.taken[one.field]}”和“{one.column}”都对应该字段",
            )
            return Problem("field_twice", text, field=one.field)
        if one.match is not None:
            field = self.access.object.fields.get(one.field)
            if one.field != "owner" and (field is None or field.relates is None):
                text = Message("only a link is matched by another field", "只有关联字段才能指定匹配字段")
                return Problem("match", text, field=one.field)
        return None

    # -- without ----------------------------------------------------------------------------------------

    def _guessed(self, columns: Sequence[str], start: int) -> list[Target]:
        found = []
        exact = {name.strip() for name in columns}
        for index, column in enumerate(columns):
            if index < start or not column or column in (ROW, REASON):
                continue
            name = self._meant(column)
            if name is not None and (name in self.taken or (name != column and name in exact)):
                other = self.taken.get(name, name)  # Another column has come first, or has the field's very name.
                text = Message(
                    f"the column {column[:80]!r} is for the same field as {other[:80]!r}; it is left out",
                    f"列“{column[:80]}”与“{other[:80]}”对应同一字段，已忽略",
                )
                self.warnings.append(Problem("field_twice", text, field=column[:80]))
                continue
            if name is None:
                text = Message(
                    f"the column {column[:80]!r} is not a field that you can set; it is left out",
                    f"列“{column[:80]}”不是您可以填写的字段，已忽略",
                )
                self.warnings.append(Problem("unknown_column", text, field=column[:80]))
                continue
            self.taken[name] = column
            found.append(self.target(column, index, name))
        return found

    def _meant(self, column: str) -> str | None:
        if self._spellings is None:
            self._spellings = self._make_spellings()
        if column in self.access.object.fields and self._usual(column):
            return column
        return self._spellings.get(folded(column))

    def _make_spellings(self) -> dict[str, str | None]:
        """Every spelling -> its field, None where it could mean several. Names win over labels."""
        labels: dict[str, str | None] = {}
        fields = [one for one in self.access.object.fields.values() if self._usual(one.name)]
        for one in fields:
            for label in {folded(one.label["en"]), folded(one.label["zh"])}:
                labels[label] = one.name if labels.get(label, one.name) == one.name else None
        names: dict[str, str | None] = {folded(name): name for name in ("owner", "id") if self.settable(name)}
        if REF not in self.access.object.fields:
            names[REF] = REF
        names.update({folded(one.name): one.name for one in fields})
        return {**labels, **names}

    def _usual(self, name: str) -> bool:
        """True for a field that a file of rows carries: one that can be set and does not hold files."""
        field = self.access.object.fields[name]
        return self.settable(name) and not isinstance(field.kind, HoldsFiles)

    def target(self, column: str, index: int, name: str, match: str | None = None) -> Target:
        """Where a column's cells go."""
        return Target(column, index, name, self.access.object.fields.get(name), match)


def usual_key(
    access: ObjectAccess, columns: Sequence[str], mapping: Mapping[str, Any] | None, update: bool
) -> str | None:
    """The only unique field of a file; to change records also one that nobody sets, or the id. None for none."""
    unique = [one.name for one in access.object.fields.values() if one.unique and access.readable(one.name)]
    if mapping is not None:
        named = {one.field for one in wanted_of(mapping)}
        there = [name for name in unique if name in named]
    else:
        there = [name for name in unique if any(
            one.name == name for one in Columns(access, name, None).targets(columns, more=True))]  # fmt: skip
    settable = [name for name in there if access.writable(name)]
    found = settable or (there if update else [])
    if len(found) == 1:
        return found[0]
    return "id" if update and not found and "id" in columns else None
