"""What becomes of the lines of a record in a change that waits: kept as plain data, compared with what there is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Invalid, Message, Problem
from runtime.engine import effective
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft
from runtime.engine.workspace import Session
from runtime.kinds.field import HoldsFiles
from runtime.meta.model import ObjectDef

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
WHAT = {"create": ADDED, "update": CHANGED, "delete": REMOVED}
FILES = Message(
    "a file cannot be part of a change that needs approval; save it by itself", "需审批的变更中不能包含文件，请单独保存"
)


@dataclass(frozen=True)
class LineEntry:
    """One line. ``patch`` and ``base`` are stored values by storage key, None for blank: of what changes in it, all
    of a new one, and as ``base`` all of one that goes. ``row``: the row of an import that it came from."""

    object_key: str
    id: str
    what: str
    title: str
    patch: Mapping[str, Any]
    base: Mapping[str, Any]
    row: str | None = None

    @property
    def keys(self) -> set[str] | None:
        """The fields that change in a line, None for one that comes or goes."""
        return set(self.patch) if self.what == CHANGED else None

    def json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"object": self.object_key, "id": self.id, "what": self.what, "title": self.title,
                "patch": dict(self.patch), "base": dict(self.base), "row": self.row}  # fmt: skip


def read(kept: Mapping[str, Any]) -> LineEntry:
    """As it was stored."""
    return LineEntry(kept["object"], kept["id"], kept["what"], kept["title"], kept["patch"], kept["base"],
                     kept.get("row"))  # fmt: skip


def entries(
    access: ObjectAccess, mode: str, drafts: Iterable[Draft], rows: Mapping[str, str] | None = None
) -> list[LineEntry]:
    """What becomes of prepared lines; one that stays as it is is left out. Raises Invalid for files."""
    definition = access.object
    link = definition.owner_link.key if definition.owner_link else ""
    stored = [one for one in definition.fields.values() if one.stored and one.key != link]
    found, problems = [], []
    for draft in drafts:
        before = draft.before or {}
        if mode == "create":
            keys = {one.key for one in stored if one.numbered is None}
        else:
            keys = draft.changed() - {link} if mode == "update" else set()
        if mode == "update" and not keys:
            continue
        problems += [Problem("file", FILES, field=one.name) for one in stored
                     if one.key in keys and isinstance(one.kind, HoldsFiles) and draft.values.get(one.key)]  # fmt: skip
        patch = {key: draft.values.get(key) for key in sorted(keys)}
        based = {one.key for one in stored} if mode == "delete" else keys if mode == "update" else set()
        base = {key: before.get(key) for key in sorted(based)}
        found.append(LineEntry(definition.key, draft.id, WHAT[mode], draft.title, patch, base,
                               (rows or {}).get(draft.id)))  # fmt: skip
    if problems:
        raise Invalid(problems=problems)
    return found


def relation_of(session: Session, definition: ObjectDef, object_key: str) -> str | None:
    """The name of the relation whose lines are records of an object, None when it is not there any more."""
    for name, relation in session.model.reverses.get(definition.name, {}).items():
        if relation.owned and session.model.objects[relation.source].key == object_key:
            return name
    return None


def raws(definition: ObjectDef, entry: LineEntry) -> dict[str, Any]:
    """The values of a line as they would come in; fields that are gone are left out."""
    return {definition.by_key[key].name: value for key, value in entry.patch.items() if key in definition.by_key}


def moved_on(session: Session, record_id: str, lines: Sequence[LineEntry]) -> Message | None:
    """What of the lines is not as it was when the change was asked for, None when all of it is."""
    wrong = []
    for key in dict.fromkeys(one.object_key for one in lines):
        if key not in session.layout.names:
            return Message("these lines are not there any more", "这些明细已不存在")
        definition = session.model.objects[session.layout.names[key]]
        touched = [one for one in lines if one.object_key == key and one.what != ADDED]
        there = current(session, definition, [one.id for one in touched])
        for one in touched:
            if one.id not in there or there[one.id].values.get(link_of(definition)) != record_id:
                wrong.append((one, Message("gone", "已不存在")))
            elif any(there[one.id].values.get(name) != value for name, value in one.base.items()
                     if name in definition.by_key):  # fmt: skip
                wrong.append((one, Message("changed", "已修改")))
    if not wrong:
        return None
    en = ", ".join(f"{one.title or one.id[:8]} ({said.en})" for one, said in wrong[:5])
    zh = "、".join(f"{one.title or one.id[:8]}（{said.zh}）" for one, said in wrong[:5])
    return Message(f"lines have been changed meanwhile: {en}", f"明细在此期间已被修改：{zh}")


def link_of(definition: ObjectDef) -> str:
    """The storage key of the link to the record that lines belong to."""
    return definition.owner_link.key if definition.owner_link else ""


def current(session: Session, definition: ObjectDef, ids: Iterable[str]) -> dict[str, Draft]:
    """The lines that are there, as they stand."""
    access = object_access(session.snapshot, session.person, definition)
    return {one.id: one for one in effective.standing(session, access, ids)}


def rebased(session: Session, record_id: str, lines: Sequence[LineEntry]) -> list[LineEntry]:
    """The same meant for the lines as they stand now: what is gone or is so already is left out."""
    found = []
    for one in lines:
        if one.object_key not in session.layout.names:
            continue
        definition = session.model.objects[session.layout.names[one.object_key]]
        if one.what == ADDED:
            found.append(one)
            continue
        there = current(session, definition, [one.id]).get(one.id)
        if there is None or there.values.get(link_of(definition)) != record_id:
            continue
        now = {key: there.values.get(key) for key in (one.base if one.what == REMOVED else one.patch)}
        patch = {key: value for key, value in one.patch.items() if key in definition.by_key and now[key] != value}
        base = now if one.what == REMOVED else {key: now[key] for key in patch}
        if one.what == REMOVED or patch:
            found.append(LineEntry(one.object_key, one.id, one.what, one.title, patch, base, one.row))
    return found
