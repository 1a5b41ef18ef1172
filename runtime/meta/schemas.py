"""The JSON Schemas of the pieces and of the kinds, and how a kind is named inside of a document.

It holds schemas; it judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from runtime.base.kind import Catalog, Kind

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
Schema = Mapping[str, Any]


@cache
def envelope(piece: str) -> Schema:
    """The schema of one piece's documents."""
    found: Schema = json.loads((FOLDER / f"{piece}.schema.json").read_text(encoding="utf-8"))
    return found


def resolve(schema: Any, root: Schema) -> Any:
    """``schema`` with a reference into its own root followed."""
    while isinstance(schema, Mapping) and "$ref" in schema:
        target: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


class Kinds:
    """What the schemas need of the catalog: kinds by family, their strict schemas, made once."""

    def __init__(self, catalog: Catalog) -> None:
        self.families: dict[str, Mapping[str, type[Kind]]] = {one: catalog.family(one) for one in catalog.families()}
        self._schemas: dict[type[Kind], Schema] = {}

    def names(self, family: str) -> list[str]:
        """The kinds of a family."""
        return list(self.families.get(family, ()))

    def kind(self, family: str, name: Any) -> type[Kind] | None:
        """One kind by name, or None."""
        return self.families.get(family, {}).get(name) if isinstance(name, str) else None

    def schema(self, kind: type[Kind]) -> Schema:
        """The schema of a kind's options."""
        found = self._schemas.get(kind)
        if found is None:
            found = self._schemas[kind] = kind.schema()
        return found

    def named(self, mark: Schema, instance: Any) -> str | None:
        """The name of the kind that ``instance`` says it is, or None when it says nothing usable."""
        if not isinstance(instance, Mapping):
            return None
        place = mark["at"]
        if place == "only_key":
            return next(iter(instance), None) if len(instance) == 1 else None
        if place == "any_key":
            family = self.families.get(mark["family"], {})
            return next((key for key in instance if key in family), None)
        found = instance.get(place)
        return found if isinstance(found, str) else None


def options_of(schema: Schema) -> Mapping[str, Any]:
    """The properties of a schema."""
    found: Mapping[str, Any] = schema.get("properties", {})
    return found


def open_ended(schema: Schema) -> bool:
    """True when keys beyond the named ones are welcome."""
    return bool(schema.get("additionalProperties", False))
