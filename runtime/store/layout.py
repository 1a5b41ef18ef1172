"""Names of the database layout: which table an object has, which column a field. It runs no statement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runtime.base.sqltext import ident
from runtime.kinds.field import Field
from runtime.meta import entering
from runtime.meta.kept import Kept
from runtime.meta.model import FieldDef, Model, ObjectDef

LONGEST = 55

#: Columns that every object's table has, by the name of the property.
PROPERTIES = {
    "id": ("id", "uuid"),
    "version": ("version", "integer"),
    "created_at": ("created_at", "timestamptz"),
    "updated_at": ("updated_at", "timestamptz"),
    "created_by": ("created_by", "uuid"),
    "updated_by": ("updated_by", "uuid"),
    "owner": ("owner_id", "uuid"),
}


#: When a record "was deleted" that is not in force yet: a new one that waits for an approval (store/pending.py).
HELD = "'9999-12-31 00:00:00+00'::timestamptz"
SYSTEM_COLUMNS = "id, version, created_at, updated_at, created_by, updated_by, owner_id, title, data, ext"
INSERTED = "id, created_by, updated_by, owner_id, title, title_key, data, ext, search"
INSERTED_CASTS = "%s::uuid, %s::uuid, %s::uuid, %s::uuid, %s, %s, %s::jsonb, %s::jsonb, %s::tsvector"


def short(name: str) -> str:
    """``name``, or a shortened one with a hash when PostgreSQL's 63 bytes would not hold it."""
    raw = name.encode()
    if len(raw) <= LONGEST:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:10]
    return raw[: LONGEST - 11].decode(errors="ignore") + "_" + digest


def table_name(object_key: str) -> str:
    """The table of an object, without its schema."""
    return short(f"o_{object_key}")


def column_name(field_key: str) -> str:
    """The typed column of a field."""
    return short(f"f_{field_key}")


@dataclass(frozen=True)
class FieldPlace:
    """Where the values of one stored field are."""

    field: FieldDef
    column: str | None
    sql_type: str | None

    @cached_property
    def plain(self) -> bool:
        """True when the column takes the stored value as it is."""
        return type(self.field.kind).typed is Field.typed

    @property
    def container(self) -> str:
        """``data`` or ``ext``: the JSON column that holds the value."""
        return "ext" if self.field.kind.long else "data"


@dataclass(frozen=True)
class KeptPlace:
    """The column of a computed value that is kept; ``ready`` once every record has it."""

    column: str
    sql_type: str
    ready: bool


@dataclass(frozen=True)
class ObjectLayout:
    """The table of one object in one workspace."""

    schema: str
    object: ObjectDef
    kept: Mapping[str, KeptPlace] = field(default_factory=dict)
    #: Its new records may have to wait for an approval; they hold their unique values until then.
    waits: bool = False

    @cached_property
    def name(self) -> str:
        """The table's bare name."""
        return table_name(self.object.key)

    @cached_property
    def table(self) -> str:
        """The table's quoted and qualified name."""
        return ident(self.schema, self.name)

    @cached_property
    def places(self) -> Mapping[str, FieldPlace]:
        """The stored fields by storage key."""
        found = {}
        for one in self.object.fields.values():
            if one.stored:
                sql_type = one.kind.column
                found[one.key] = FieldPlace(one, column_name(one.key) if sql_type else None, sql_type)
        return found

    @cached_property
    def columns(self) -> Sequence[FieldPlace]:
        """The fields with a typed column, in the order of the document."""
        return [place for place in self.places.values() if place.column]

    @cached_property
    def long_keys(self) -> frozenset[str]:
        """The storage keys of the fields that are kept in ``ext``."""
        return frozenset(one.field.key for one in self.places.values() if one.container == "ext")

    @cached_property
    def takers(self) -> list[tuple[str, FieldPlace | None]]:
        """For each typed column: the storage key, and its place where the stored value must be turned first."""
        return [(one.field.key, None if one.plain else one) for one in self.columns]

    @cached_property
    def column_names(self) -> list[str]:
        """The quoted names of the typed columns, in the layout's order."""
        return [ident(one.column or "") for one in self.columns]

    @cached_property
    def returning(self) -> str:
        """All columns of a written row, by name."""
        return ", ".join([SYSTEM_COLUMNS, *self.column_names])

    @cached_property
    def insertion(self) -> tuple[str, str]:
        """(names of the columns, placeholders) of an insertion."""
        names = ", ".join([INSERTED, *self.column_names])
        return names, ", ".join([INSERTED_CASTS, *(f"%s::{one.sql_type}" for one in self.columns)])

    def index_name(self, *parts: str) -> str:
        """A name for an index of this table."""
        return short(f"{self.name}__{'_'.join(parts)}")

    def unique_name(self, keys: Sequence[str]) -> str:
        """The name of the unique index over the fields with these keys."""
        digest = hashlib.sha256("\0".join(keys).encode()).hexdigest()[:8]
        return short(f"{self.name}__{'w' if self.waits else 'u'}_{digest}")

    @property
    def counted(self) -> str:
        """The condition of the records whose unique values count."""
        return f"deleted_at IS NULL OR deleted_at = {HELD}" if self.waits else "deleted_at IS NULL"

    @cached_property
    def unique_fields(self) -> Mapping[str, Sequence[str]]:
        """Field names of each unique index, by the index's name."""
        found: dict[str, Sequence[str]] = {}
        for one in self.object.fields.values():
            if one.unique and one.stored:
                found[self.unique_name([one.key])] = (one.name,)
        for names in self.object.unique:
            fields = [one for one in map(self.object.field, names) if one is not None]
            found[self.unique_name([one.key for one in fields])] = tuple(one.name for one in fields)
        return found


class Layout:
    """All tables of one workspace under one model."""

    def __init__(
        self, schema: str, model: Model, kept: Kept | None = None, ready: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """``kept``: the computed values that have a column; ``ready``: the columns that every record has, by table."""
        self.schema = schema
        self.model = model
        self.kept = kept
        self.ready = ready or {}
        self._objects: dict[str, ObjectLayout] = {}

    def object(self, name: str) -> ObjectLayout:
        """The layout of an object by its present name. Raises KeyError."""
        found = self._objects.get(name)
        if found is None:
            definition = self.model.objects[name]
            ready = self.ready.get(definition.key, ())
            places = {
                key: KeptPlace(one.column, one.sql_type, one.column in ready)
                for key, one in (self.kept.of(definition.name).items() if self.kept else ())
            }
            found = self._objects[name] = ObjectLayout(
                self.schema, definition, places, definition.key in entering.objects(self.model)
            )
        return found

    def by_key(self, key: str) -> ObjectLayout:
        """The layout of an object by its storage key. Raises KeyError."""
        return self.object(self.names[key])

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Present names by storage key."""
        return {one.key: one.name for one in self.model.objects.values()}

    def system(self, name: str) -> str:
        """A system table of the workspace, quoted and qualified."""
        return ident(self.schema, name)


def column_value(place: FieldPlace, value: Any) -> Any:
    """What the typed column takes for a stored value."""
    if value is None or place.plain:
        return value
    typed = place.field.kind.typed(value)
    return list(typed) if isinstance(typed, tuple) else typed
