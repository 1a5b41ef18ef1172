"""Formulas over records that are not stored yet: the drafts travel to the database as one JSON parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.sqltext import Sql, ident, join
from runtime.base.values import dump_text
from runtime.formula.env import Env
from runtime.formula.scope import Slot
from runtime.meta.compiled import Formulas
from runtime.store.binder import Frame, Guard, TableBinder
from runtime.store.layout import Layout, ObjectLayout, column_value

#: The row of the draft as it was before, beside that of the draft.
BEFORE = "was"
SYSTEM_COLUMNS = (
    "n int, id uuid, version int, owner_id uuid, created_by uuid, updated_by uuid, created_at timestamptz, "
    "updated_at timestamptz, title text, data jsonb, ext jsonb, fresh boolean, goes boolean"
)


class DraftBinder(TableBinder):
    """Finds values in a draft's row, and in the row that it was before the change.

    ``before`` says whether anything of the latter was asked for: :func:`statement` brings it along then.
    """

    def __init__(self, layout: Layout, formulas: Formulas, object_name: str, alias: str, frame: Frame, env: Env, *,
                 guard: Guard | None = None) -> None:  # fmt: skip
        super().__init__(layout, formulas, object_name, alias, frame, env, guard=guard)
        frame.fresh |= {alias, BEFORE}  # A draft has no columns of kept values.
        self.before = False

    def slot(self, slot: Slot) -> Sql:
        if slot.kind == "old":
            return self.old(slot.path[0])
        if slot.kind == "meta":
            what = slot.path[0]
            if what == "ISNEW":
                return Sql(f"{self.alias}.fresh")
            if what == "ISDELETION":
                return Sql(f"{self.alias}.goes")
            key = slot.path[1]
            return Sql(f"({self.alias}.fresh OR ") + self.value(key) + " IS DISTINCT FROM " + self.old(key) + ")"
        return super().slot(slot)

    def old(self, key: str) -> Sql:
        """One member of the record before the change, NULL for a new one; computed ones of the values of then."""
        self.before = True
        return self.at(self.object, BEFORE).value(key)


def row(
    place: ObjectLayout,
    number: int,
    noted: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    new: bool = False,
    goes: bool = False,
) -> dict[str, Any]:
    """One draft as an entry of the JSON parameter; ``noted`` are the properties that the system gives, by name.

    A moment that is not known is this one.
    """
    found: dict[str, Any] = {
        "n": number,
        "id": noted.get("id"),
        "version": noted.get("version"),
        "owner_id": noted.get("owner"),
        "created_by": noted.get("created_by"),
        "updated_by": noted.get("updated_by"),
        "created_at": noted.get("created_at"),
        "updated_at": noted.get("updated_at"),
        "title": noted.get("title"),
        "data": {key: value for key, value in values.items() if place.places[key].container == "data"},
        "ext": {key: value for key, value in values.items() if place.places[key].container == "ext"},
        "fresh": new,
        "goes": goes,
    }
    for one in place.columns:
        found[one.column or ""] = column_value(one, values.get(one.field.key))
    return found


def statement(
    place: ObjectLayout,
    binder: DraftBinder,
    outputs: Sequence[Sql],
    rows: Sequence[Mapping[str, Any]],
    before: Sequence[Mapping[str, Any]],
) -> Sql:
    """(number of the draft, output ...) for each draft; ``before`` are the rows of those that were there."""
    typed = ", ".join([SYSTEM_COLUMNS, *(f"{ident(one.column or '')} {one.sql_type}" for one in place.columns)])
    names = ", ".join(["n, id, version, owner_id, created_by, updated_by, title, data, ext, fresh, goes",
                       *(ident(one.column or "") for one in place.columns)])  # fmt: skip

    def source(alias: str, entries: Sequence[Mapping[str, Any]]) -> Sql:
        return Sql(
            f"(SELECT {names}, coalesce(created_at, now()) AS created_at, coalesce(updated_at, now()) AS updated_at "
            f"FROM jsonb_to_recordset(%s::jsonb) AS r({typed})) {alias}",
            (dump_text(entries),),
        )

    found = Sql(" FROM ") + source(binder.alias, rows)
    if binder.before:
        found = found + " LEFT JOIN " + source(BEFORE, before) + f" ON {BEFORE}.n = {binder.alias}.n"
    selected = join(", ", [Sql(f"{binder.alias}.n"), *outputs])
    return binder.frame.finish(Sql("SELECT ") + selected + found + binder.frame.sql())
