"""Formulas over records that are not stored yet: the drafts travel to the database as one JSON parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.sqltext import Sql, ident, join, literal
from runtime.formula.env import Env
from runtime.formula.scope import Slot
from runtime.meta.compiled import Formulas
from runtime.store.binder import Frame, Guard, TableBinder
from runtime.store.layout import Layout, ObjectLayout, column_value

CASTS = {
    "number": "numeric",
    "duration": "numeric",
    "bool": "boolean",
    "date": "date",
    "datetime": "timestamptz",
    "ref": "uuid",
}


class DraftBinder(TableBinder):
    """Finds values in a draft's row, the values before the change among them."""

    def __init__(self, layout: Layout, formulas: Formulas, object_name: str, alias: str, frame: Frame, env: Env, *,
                 guard: Guard | None = None) -> None:  # fmt: skip
        super().__init__(layout, formulas, object_name, alias, frame, env, guard=guard)
        frame.fresh.add(alias)  # A draft has no columns of kept values.

    def slot(self, slot: Slot) -> Sql:
        if slot.kind == "old":
            key = slot.path[0]
            if slot.type.name == "list":
                return Sql(f"{self.alias}.old_data->{literal(key)}")
            text = f"({self.alias}.old_data->>{literal(key)})"
            return Sql(f"{text}::{CASTS.get(slot.type.name, 'text')}")
        if slot.kind == "meta":
            what = slot.path[0]
            if what == "ISNEW":
                return Sql(f"({self.alias}.old_data IS NULL)")
            if what == "ISDELETION":
                return Sql(f"{self.alias}.goes")
            key = literal(slot.path[1])
            return Sql(
                f"({self.alias}.old_data IS NULL OR {self.alias}.data->{key} IS DISTINCT FROM "
                f"{self.alias}.old_data->{key})"
            )
        return super().slot(slot)


def row(
    place: ObjectLayout,
    number: int,
    record_id: str,
    version: int,
    owner: str | None,
    title: str,
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    actor: str | None,
    goes: bool = False,
) -> dict[str, Any]:
    """One draft as an entry of the JSON parameter."""
    found: dict[str, Any] = {
        "n": number,
        "id": record_id,
        "version": version + 1,
        "owner_id": owner,
        "created_by": actor,
        "updated_by": actor,
        "title": title,
        "data": {key: value for key, value in values.items() if place.places[key].container == "data"},
        "ext": {key: value for key, value in values.items() if place.places[key].container == "ext"},
        "old_data": None if before is None else dict(before),
        "goes": goes,
    }
    for one in place.columns:
        found[one.column or ""] = column_value(one, values.get(one.field.key))
    return found


def statement(place: ObjectLayout, binder: TableBinder, outputs: Sequence[Sql], rows: str) -> Sql:
    """(number of the draft, output ...) for each draft."""
    columns = [
        "n int", "id uuid", "version int", "owner_id uuid", "created_by uuid", "updated_by uuid", "title text",
        "data jsonb", "ext jsonb", "old_data jsonb", "goes boolean",
        *(f"{ident(one.column or '')} {one.sql_type}" for one in place.columns),
    ]  # fmt: skip
    source = Sql(
        f" FROM (SELECT r.*, now() AS created_at, now() AS updated_at FROM jsonb_to_recordset(%s::jsonb) "
        f"AS r({', '.join(columns)})) {binder.alias}",
        (rows,),
    )
    selected = join(", ", [Sql(f"{binder.alias}.n"), *outputs])
    return binder.frame.finish(Sql("SELECT ") + selected + source + binder.frame.sql())
