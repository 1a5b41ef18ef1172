"""System properties as fields, so that lists, filters and histories treat them like every other field."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.kinds.properties import PROPERTIES as KINDS
from runtime.meta.model import FieldDef, ObjectDef

#: What every record has beside its fields: name -> its face as a field.
PROPERTIES: Mapping[str, FieldDef] = {
    name: FieldDef(name, name, "", kind, {"en": en, "zh": zh}, {"en": "", "zh": ""})
    for name, (en, zh, kind) in KINDS.items()
}
#: Those that pages offer by themselves; the others must be named.
OFFERED = ("owner", "created_at", "created_by", "updated_at", "updated_by")


def member(definition: ObjectDef, name: str) -> FieldDef | None:
    """A field of an object, or a property, or None."""
    return definition.fields.get(name) or PROPERTIES.get(name)
