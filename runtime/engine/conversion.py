"""Values kept twice around a published change of a field's type or of its options' keys: the old and the new one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runtime.engine.workspace import Session, Snapshot, Workspace
from runtime.kinds.field import BadValue, Choice, Chooses, Context, Field, HoldsFiles, Relates
from runtime.meta.model import FieldDef
from runtime.store import proposals
from runtime.store.database import Connection
from runtime.store.layout import column_name
from runtime.store.records import Beside

Extra = dict[str, Beside]
#: How an entry is at work: both values are written; the old one stands until its field is changed; the old storage key
#: is only remembered, for what was written under it and is never rewritten (history).
DUAL, SHADOW, FORMER = "dual", "shadow", "former"


def converted(old: Field, new: Field, value: Any, context: Context) -> Any:
    """The stored value of the new type for a stored value of the old one, None when it has none.

    What points to records or files never comes from anything else: a text that looks like an id is none.
    """
    if value is None or not same_targets(old, new):
        return None
    if chooses_alike(old, new):
        return chosen(old, new, value, context)
    try:
        found = new.clean(new.parse(old.text(value, context), context), context)
    except BadValue:
        return None
    return None if found is False or found == [] or found == () else found


def chooses_alike(old: Field, new: Field) -> bool:
    """True where the values of both are keys of options, kept in the same way."""
    return type(old) is type(new) and isinstance(new, Chooses)


def chosen(old: Field, new: Field, value: Any, context: Context) -> Any:
    """The same choice under the present keys; an option that is gone stays until somebody changes it."""
    names = renamed(old, new)
    if not isinstance(value, list):
        return names.get(value, value)
    keys = list(dict.fromkeys(names.get(one, one) for one in value))
    try:
        return new.clean(keys, context)
    except BadValue:
        return keys


def renamed(old: Field, new: Field) -> dict[str, str]:
    """The options that have another key in ``new``: their key before -> now. ``was`` says so, on the way back too."""
    if not (chooses_alike(old, new) and isinstance(old, Chooses) and isinstance(new, Chooses)):
        return {}
    back = {before: now for now, before in followed(new.choices(), old.choices()).items()}
    return {**back, **followed(old.choices(), new.choices())}


def followed(before: Sequence[Choice], after: Sequence[Choice]) -> dict[str, str]:
    """Key before -> key after, of the options of ``after`` that say what they were called."""
    there, now = {one.key for one in before}, {one.key for one in after}
    found: dict[str, str] = {}
    for one in after:
        was = str(one.doc.get("was") or "")
        if one.key not in there and was in there and was not in now:
            found.setdefault(was, one.key)
    return found


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
        if entry["mode"] == FORMER:
            continue
        if entry["mode"] == SHADOW:
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


def presently(snapshot: Snapshot, object_key: str, field_key: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Values that were written under a storage key of once, and that of now, as they would be converted.

    What does not fit comes back as None; a field that is gone keeps its key.
    """
    found = list(values)
    entries = {one["from"]: one for one in snapshot.convert.get(object_key, ()) if one["mode"] == FORMER}
    definition = snapshot.model.objects[snapshot.layout.names[object_key]]
    context = snapshot.workspace.context(snapshot.system)
    passed = set()
    while field_key not in definition.by_key and field_key in entries and field_key not in passed:
        passed.add(field_key)
        entry = entries[field_key]
        if all(snapshot.workspace.catalog.get(Field, entry[side]["type"]) for side in ("old", "new")):
            old, new = pair(snapshot.workspace, entry)
            found = [converted(old, new, one, context) for one in found]
        else:
            found = [None for _ in found]  # A type of a plugin that is not there any more.
        field_key = entry["to"]
    return field_key, found


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


def carry_proposals(
    workspace: Workspace, inside: Connection, conversions: Mapping[str, Sequence[Mapping[str, Any]]], context: Context
) -> None:
    """Changes that wait for an approval speak of converted fields as they are from now on."""
    if not conversions:
        return
    for one in proposals.waiting(inside, workspace.schema):
        patch, base = carried(workspace, conversions.get(one.object_key, ()), one.patch, one.base, context)
        lines = []
        for line in one.lines:
            mine = conversions.get(line["object"], ())
            new, old = carried(workspace, mine, line["patch"], line["base"], context)
            lines.append({**line, "patch": new, "base": old})
        changed = replace(one, patch=patch, base=base, lines=lines)
        if changed != one:
            proposals.change(inside, workspace.schema, changed)


def carried(
    workspace: Workspace, entries: Sequence[Mapping[str, Any]], patch: Mapping[str, Any], base: Mapping[str, Any],
    context: Context,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """A proposal's new and old values under the storage keys of now.

    A new value that does not fit stays under the key that is gone: who decides is told that the field is not there any
    more, and nothing becomes blank that was to have a value.
    """
    new, before = dict(patch), dict(base)
    for one in entries:
        old_kind, new_kind = pair(workspace, one)
        had = new.get(one["from"])
        wanted = converted(old_kind, new_kind, had, context)
        if wanted is None and had is not None and had is not False and had != []:
            continue
        if one["from"] in new:
            new[one["to"]] = wanted
            del new[one["from"]]
        if one["from"] in before:
            before[one["to"]] = converted(old_kind, new_kind, before.pop(one["from"]), context)
    return new, before
