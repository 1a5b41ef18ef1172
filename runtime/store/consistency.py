"""Looks whether the typed columns say what the JSON says. They are written by one function; this is the proof."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.base.sqltext import Sql, ident, literal
from runtime.store.database import Database
from runtime.store.layout import FieldPlace, Layout


def differing(database: Database, layout: Layout) -> Iterator[tuple[str, str, int]]:
    """(object, field, number of rows) wherever column and JSON differ."""
    for name in layout.model.objects:
        place = layout.object(name)
        for one in place.columns:
            column = ident(one.column or "")
            row = database.row(
                Sql(f"SELECT count(*) FROM {place.table} WHERE {column} IS DISTINCT FROM {from_json(one)}")
            )
            if row and row[0]:
                yield name, one.field.name, int(row[0])


def from_json(one: FieldPlace) -> str:
    """The column's value as the JSON gives it."""
    key = literal(one.field.key)
    sql_type = one.sql_type or "text"
    if sql_type.endswith("[]"):
        values = f"SELECT jsonb_array_elements_text({one.container}->{key})"
        return f"(CASE WHEN jsonb_exists({one.container}, {key}) THEN ARRAY({values})::{sql_type} END)"
    return f"({one.container}->>{key})::{sql_type}"
