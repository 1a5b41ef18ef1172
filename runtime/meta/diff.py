"""What differs between two models, piece by piece and field by field, as data and as sentences. It decides nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Message
from runtime.meta.dump import flow
from runtime.meta.load import Loaded
from runtime.meta.model import Model

ADDED, REMOVED, CHANGED, RENAMED, RETYPED = "added", "removed", "changed", "renamed", "type_changed"
REORDERED = "reordered"

PIECE_WORDS = {
    "app": ("App", "应用"), "object": ("Object", "对象"), "form": ("Form", "表单"), "view": ("View", "视图"),
    "workflow": ("Workflow", "流程"), "automation": ("Automation", "自动化"), "dashboard": ("Dashboard", "仪表盘"),
    "role": ("Role", "角色"), "scenario": ("Scenario", "场景"),
}  # fmt: skip
#: Keys that say what a thing was called, not what it is.
SILENT = ("was",)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``kind``: added, removed, changed, renamed, type_changed, reordered. ``field`` is the field
    of an object that it is about, ``path`` the place in the document; ``before`` and ``after`` are the values
    (names for a rename)."""

    kind: str
    piece: str
    name: str
    field: str | None = None
    path: str = ""
    before: Any = None
    after: Any = None

    def sentence(self) -> Message:
        """One line for people."""
        en, zh = PIECE_WORDS.get(self.piece, (self.piece, self.piece))
        en, zh = f"{en} {self.name!r}", f"{zh}“{self.name}”"
        if self.field is not None:
            en, zh = f"{en}, field {self.field!r}", f"{zh}的字段“{self.field}”"
        inner = self.path
        if self.field is not None:
            inner = inner.removeprefix(f"fields.{self.field}").removeprefix(".")
        if inner:
            en, zh = f"{en}, {inner}", f"{zh}的 {inner}"
        before, after = shown(self.before), shown(self.after)
        words = {
            ADDED: (": added" + (f" ({after})" if inner else ""), "：新增" + (f"（{after}）" if inner else "")),
            REMOVED: (
                ": removed" + (f" (was {before})" if inner else ""),
                "：删除" + (f"（原为 {before}）" if inner else ""),
            ),
            CHANGED: (f": changed from {before} to {after}", f"：由 {before} 改为 {after}"),
            RENAMED: (f": renamed from {before}", f"：由 {before} 改名"),
            RETYPED: (f": type changed from {before} to {after}", f"：类型由 {before} 改为 {after}"),
            REORDERED: (": order changed", "：顺序调整"),
        }[self.kind]
        return Message(en + words[0], zh + words[1])

    def json(self, language: str = "en") -> dict[str, Any]:
        """The change for an API."""
        return {
            "kind": self.kind, "piece": self.piece, "name": self.name, "field": self.field, "path": self.path,
            "before": self.before, "after": self.after, "message": self.sentence().text(language),
        }  # fmt: skip


def shown(value: Any) -> str:
    """A value on one line, cut where it is long."""
    text = flow(value)
    return text if len(text) <= 80 else text[:77] + "..."


def diff(old: Model, new: Model) -> list[Change]:
    """Every meaningful difference from ``old`` to ``new``."""
    found: list[Change] = []
    before, after = documents(old), documents(new)
    for piece in PIECE_WORDS:
        found.extend(_pieces(piece, before.get(piece, {}), after.get(piece, {})))
    return found


def documents(model: Model) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The documents of a model by piece and name."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {
        "app": {name: one.doc for name, one in model.apps.items()},
        "object": {name: one.doc for name, one in model.objects.items()},
    }
    for piece, named in model.pieces.items():
        found[piece] = {name: one.doc for name, one in named.items()}
    return found


def _pieces(piece: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    renamed = _renames(old, new)
    for name in sorted(set(old) - set(new) - set(renamed.values())):
        yield Change(REMOVED, piece, name)
    for name in sorted(new):
        was = renamed.get(name, name)
        if was not in old:
            yield Change(ADDED, piece, name)
            continue
        if was != name:
            yield Change(RENAMED, piece, name, before=was, after=name)
        yield from _mapping(Change(CHANGED, piece, name), _body(old[was], piece), _body(new[name], piece), ())


def _body(doc: Mapping[str, Any], piece: str) -> Mapping[str, Any]:
    return {key: value for key, value in doc.items() if key != piece}


def _renames(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """New name -> former name, for what says so with ``was``."""
    found: dict[str, str] = {}
    for name, doc in new.items():
        was = str(doc.get("was", "")) if isinstance(doc, Mapping) else ""
        if name not in old and was in old and was not in new and was not in found.values():
            found[name] = was
    return found


def _mapping(where: Change, old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Change]:
    """The differences of two mappings."""
    renamed = _renames(old, new)
    kept = [name for name in new if renamed.get(name, name) in old and name not in SILENT]
    for key in old:
        if key not in new and key not in renamed.values() and key not in SILENT:
            yield _change(where, REMOVED, (*path, key), before=old[key])
    for key, value in new.items():
        if key in SILENT:
            continue
        was = renamed.get(key, key)
        here = (*path, key)
        if was not in old:
            yield _change(where, ADDED, here, after=value)
            continue
        if was != key:
            yield _change(where, RENAMED, here, before=was, after=key)
        yield from _value(where, old[was], value, here)
    order = [name for name in old if name in {renamed.get(one, one) for one in kept}]
    things = all(isinstance(one, (Mapping, str)) for one in new.values()) and len(path) in (1, 3)
    if (
        where.piece == "object"
        and path[:1] == ("fields",)
        and things
        and order != [renamed.get(one, one) for one in kept]
    ):
        yield _change(where, REORDERED, path, before=order, after=kept)


def _value(where: Change, old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(where, old, new, path)
    elif type(old) is not type(new) or old != new:
        retyped = where.piece == "object" and len(path) == 3 and path[0] == "fields" and path[2] == "type"
        yield _change(where, RETYPED if retyped else CHANGED, path, before=old, after=new)


def _change(where: Change, kind: str, path: tuple[str, ...], before: Any = None, after: Any = None) -> Change:
    field = path[1] if where.piece == "object" and len(path) > 1 and path[0] == "fields" else None
    return Change(kind, where.piece, where.name, field, ".".join(path), before, after)


def text_diff(old: Loaded, new: Loaded, context: int = 3) -> str:
    """A unified diff of the texts of all files, in the order of their paths."""
    before, after = dict(old.texts()), dict(new.texts())
    parts: list[str] = []
    for file in sorted({*before, *after}):
        lines = difflib.unified_diff(
            before.get(file, "").splitlines(keepends=True),
            after.get(file, "").splitlines(keepends=True),
            f"a/{file}" if file in before else "/dev/null",
            f"b/{file}" if file in after else "/dev/null",
            n=context,
        )
        for line in lines:
            parts.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(parts)
