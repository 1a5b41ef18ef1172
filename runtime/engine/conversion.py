"""Values kept twice around a published type change: the old field's and the new one's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.engine.workspace import Session, Workspace
from runtime.kinds.field import BadValue, Context, Field, HoldsFiles, Relates
from runtime.meta.model import FieldDef
from runtime.store.layout import column_name
from runtime.store.records import Beside

Extra = dict[str, Beside]


def converted(old: Field, new: Field, value: Any, context: Context) -> Any:
    """The stored value of the new type for a stored value of the old one, None when it has none.

    What points to records or files never comes from anything else: a text that looks like an id is none.
    """
    if value is None or not same_targets(old, new):
        return None
    try:
        found = new.clean(new.parse(old.text(value, context), context), context)
    except BadValue:
        return None
    return None if found is False or found == [] or found == () else found


def same_targets(old: Field, new: Field) -> bool:
    """False when the new type points to something that the old one did not."""
    if isinstance(new, HoldsFiles):
        return isinstance(old, HoldsFiles)
    if isinstance(new, Relates):
        return isinstance(old, Relates) and old.target_object() == new.target_object()
    return True


def extra(session: Session, object_key: str, values: Mapping[str, Any], changed: set[str]) -> Extra:
    """What a write stores beside its own values, by storage key.

    Before the new type is live (``dual``) its value is kept up to date; afterwards (``shadow``) the old value
    is dropped as soon as its field is changed.
    """
    found: Extra = {}
    for entry in session.snapshot.convert.get(object_key, ()):
        if entry["mode"] == "shadow":
            if entry["to"] in changed:
                found[entry["from"]] = Beside(entry["column"], entry["sql_type"], entry["long"])
            continue
        old, new = pair(session.workspace, entry)
        value = converted(old, new, values.get(entry["from"]), session.context())
        typed = None if value is None else new.typed(value)
        column = list(typed) if isinstance(typed, tuple) else typed
        found[entry["to"]] = Beside(entry["column"], entry["sql_type"], new.long, value, column)
    return found


def pair(workspace: Workspace, entry: Mapping[str, Any]) -> tuple[Field, Field]:
    """The old and the new field type of a conversion."""
    found = []
    for side in ("old", "new"):
        kind = workspace.catalog.get(Field, entry[side]["type"])
        assert kind is not None
        found.append(kind(entry[side]["options"]))
    return found[0], found[1]


def entry(old: FieldDef, new: FieldDef, column: str | None) -> dict[str, Any]:
    """How a conversion is kept with what is live."""
    return {
        "from": old.key,
        "to": new.key,
        "column": column,
        "sql_type": new.kind.column,
        "old_column": column_name(old.key) if old.kind.column else None,
        "old_sql_type": old.kind.column,
        "old_long": old.kind.long,
        "old": {"type": old.type, "options": dict(old.kind.settings)},
        "new": {"type": new.type, "options": dict(new.kind.settings)},
    }
