"""The record on the wire, built by the database as JSON text: only the fields asked for and permitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from runtime.base.sqltext import Sql, ident, join, literal
from runtime.base.values import dump_text
from runtime.formula.types import Type
from runtime.meta.model import FieldDef
from runtime.store.binder import SYSTEM_REFERENCES, SYSTEM_TABLES, TableBinder
from runtime.store.layout import PROPERTIES

#: A readable record's condition: (object name, binder of the row) -> criterion, empty for all.
Criterion = Callable[[TableBinder], Sql]

INSTANT = "to_char({x} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


#: JSON text of a typed column, by its type; other types are printed from the JSON.
TEXTS = {
    "text": "to_json({x})::text",
    "numeric": "{x}::text",
    "boolean": "{x}::text",
    "date": "'\"' || {x}::text || '\"'",
    "uuid": "'\"' || {x}::text || '\"'",
}


@dataclass(frozen=True)
class Column:
    """One name of the wire record: a field or a system property."""

    name: str
    field: FieldDef | None = None
    masked: bool = False
    expand: bool = False


def json_of(value: Sql, kind: Type, *, numbers_as_text: bool = False) -> Sql:
    """JSON text of a typed SQL expression, never NULL."""
    name = kind.name
    if name in ("number", "duration"):
        body = Sql("trim_scale(") + value + ")::text"
        if numbers_as_text:
            body = "'\"' || " + body + " || '\"'"
    elif name == "bool":
        body = Sql("CASE WHEN ") + value + " THEN 'true' ELSE 'false' END"
    elif name == "datetime":
        body = Sql("'\"' || " + INSTANT.split("{x}")[0]) + value + INSTANT.split("{x}")[1] + " || '\"'"
    elif name == "date" or name == "ref":
        body = Sql("'\"' || ") + value + "::text || '\"'"
    elif name == "list":
        body = Sql("(") + value + ")::text"
        return Sql("coalesce(") + body + ", '[]')"
    else:
        body = Sql("to_json(nullif(") + value + ", ''))::text"
    return Sql("coalesce(") + body + ", 'null')"


class Projector:
    """Builds the JSON text of one record at a binder's alias."""

    def __init__(self, binder: TableBinder, criterion: Criterion, *, numbers_as_text: bool = False) -> None:
        self.binder = binder
        self.criterion = criterion
        self.numbers_as_text = numbers_as_text

    def record(self, columns: Sequence[Column], more: Mapping[str, Sql] = MappingProxyType({})) -> Sql:
        """An SQL expression of type text: ``{"id":"...","version":1,...}``; ``more``: names and their JSON texts."""
        parts: list[Sql] = []
        opening = "{"
        for column in columns:
            parts.append(Sql(literal(f"{opening}{dump_text(column.name)}:")))
            parts.append(self.value(column))
            opening = ","
        for name, value in more.items():
            parts += [Sql(literal(f"{opening}{dump_text(name)}:")), value]
            opening = ","
        if not parts:
            return Sql("'{}'")
        parts.append(Sql("'}'"))
        return join(" || ", parts)

    def value(self, column: Column) -> Sql:
        """JSON text of one member."""
        field = column.field
        if field is None:
            return self.property(column)
        if column.masked:
            return self.masked(field)
        if column.expand and field.relates is not None and field.stored:
            return self.expanded(field)
        if field.computed is not None:
            compiled = self.binder.formulas.computed(self.binder.object, field.name)
            return json_of(self.binder.field(field), compiled.type, numbers_as_text=self.numbers_as_text)
        place = self.binder.layout.object(self.binder.object).places[field.key]
        json = Sql(f"{self.binder.alias}.{place.container}->{literal(field.key)}")
        blank = dump_text(field.kind.blank)
        if self.numbers_as_text and field.kind.type().name in ("number", "duration"):
            return Sql(
                f"coalesce('\"' || ({self.binder.alias}.{place.container}->>{literal(field.key)}) || '\"', 'null')"
            )
        text = TEXTS.get(place.sql_type or "") if place.column else None
        if text is not None:
            # The typed column says the same as the JSON and is cheaper to print.
            printed = f"{self.binder.alias}.{ident(place.column or '')}"
            return Sql(f"coalesce({text.replace('{x}', printed)}, {literal(blank)})")
        return Sql("coalesce((") + json + f")::text, {literal(blank)})"

    def masked(self, field: FieldDef) -> Sql:
        """The mask of the kind over the value's text; a blank stays blank."""
        if field.computed is not None:
            return Sql("'\"****\"'")
        place = self.binder.layout.object(self.binder.object).places[field.key]
        text = f"({self.binder.alias}.{place.container}->>{literal(field.key)})"
        mask = field.kind.mask.replace("{x}", text)
        return Sql(f"coalesce(to_json(CASE WHEN {text} IS NOT NULL THEN {mask} END)::text, 'null')")

    def property(self, column: Column) -> Sql:
        """JSON text of a system property."""
        name, sql_type = PROPERTIES[column.name]
        value = f"{self.binder.alias}.{name}"
        if sql_type == "integer":
            return Sql(f"{value}::text")
        if sql_type == "timestamptz":
            return Sql("'\"' || " + INSTANT.replace("{x}", value) + " || '\"'")
        if column.expand and column.name in SYSTEM_REFERENCES:
            return self.person(value, SYSTEM_REFERENCES[column.name])
        return Sql(f"coalesce('\"' || {value}::text || '\"', 'null')")

    def person(self, reference: str, target: str) -> Sql:
        """``{"id","title"}`` of a user or department."""
        table = self.binder.layout.system(SYSTEM_TABLES[target])
        title = "coalesce(nullif(x.full_name, ''), x.name)" if target == "user" else "x.name"
        return Sql(
            f"coalesce((SELECT '{{\"id\":\"' || x.id || '\",\"title\":' || to_json({title})::text || '}}' "
            f"FROM {table} x WHERE x.id = {reference}), 'null')"
        )

    def expanded(self, field: FieldDef) -> Sql:
        """``{"id","title"}`` of the linked record, the bare id when the caller may not read it."""
        binder = self.binder
        relates = field.relates
        assert relates is not None
        place = binder.layout.object(binder.object).places[field.key]
        target_def = binder.layout.model.object(relates.target_object())
        target = target_def.name if target_def else relates.target_object()
        reference = f"{binder.alias}.{ident(place.column or '')}"
        if not relates.many:
            if target in SYSTEM_TABLES:
                return self.person(reference, target)
            return self._linked(target, reference, f"coalesce('\"' || {reference} || '\"', 'null')")
        element = binder.frame.alias()
        inner = (
            self.person(f"{element}.id", target)
            if target in SYSTEM_TABLES
            else self._linked(target, f"{element}.id", f"'\"' || {element}.id || '\"'")
        )
        return (
            Sql("coalesce((SELECT '[' || string_agg(")
            + inner
            + f", ',' ORDER BY {element}.n) || ']' FROM unnest({reference}) WITH ORDINALITY {element}(id, n)), '[]')"
        )

    def _linked(self, target: str, reference: str, otherwise: str) -> Sql:
        frame, mark = self.binder.frame.inner()
        alias = frame.alias()
        there = self.binder.at(target, alias, frame, parent=self.binder)
        place = self.binder.layout.object(target)
        criterion = self.criterion(there)
        found = Sql(
            f"coalesce((SELECT '{{\"id\":\"' || {alias}.id || '\",\"title\":' || to_json({alias}.title)::text || '}}' "
            f"FROM {place.table} {alias} {mark} WHERE {alias}.id = {reference} AND {alias}.deleted_at IS NULL"
        )
        if criterion:
            found = found + " AND " + criterion
        return found + f"), {otherwise})"
