"""Documents against the JSON Schemas of their pieces and of the kinds in them; it never follows a name."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from runtime.base.errors import Message, Problem, unknown
from runtime.base.kind import Catalog
from runtime.meta.explain import Fault, KindFault, explain, unknown_key
from runtime.meta.load import Document, Loaded, path_text
from runtime.meta.model import SYSTEM_OBJECTS, SYSTEM_PROPERTIES
from runtime.meta.quick import Check, Compiler
from runtime.meta.schemas import Kinds, Schema, envelope, open_ended, options_of

#: Of one document no more problems than this are told.
MOST_FAULTS = 200
#: Words that formulas use themselves.
WORDS = frozenset((*(one.lower() for one in keyword.kwlist), "null", "true", "false"))
FAMILY_WORDS = {
    "field": Message("field type", "字段类型"),
    "view": Message("view type", "视图类型"),
    "node": Message("workflow step", "流程节点"),
    "trigger": Message("trigger", "触发器"),
    "action": Message("action", "动作"),
    "chart": Message("chart", "图表类型"),
    "channel": Message("channel", "通知渠道"),
}


def validate(loaded: Loaded, catalog: Catalog) -> list[Problem]:
    """Everything that is wrong with the shape of the documents, sorted by file and line."""
    book = rulebook(catalog)
    found = list(loaded.problems)
    for document in loaded.documents:
        found.extend(book.document(document))
    found.extend(_twice(loaded.documents))
    return ordered(found)


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """By file, line and path; each problem once."""
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file or "", one.line or 0, one.path or "", one.code))


class Rulebook:
    """The compiled schemas for one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.kinds = Kinds(catalog)
        self._quick: dict[str, Check] = {}
        self._exact: dict[str, Any] = {}
        more: Any = {"x-kind": self._kind, "x-kind-name": self._kind_name}
        self._class: Any = extend(Draft202012Validator, more)  # type: ignore[no-untyped-call]

    def right(self, piece: str, data: Any) -> bool:
        """True when the schema of the piece allows ``data``."""
        if piece not in self._quick:
            self._quick[piece] = Compiler(envelope(piece), self.kinds, self._class).compile(envelope(piece))
        return self._quick[piece](data)

    def faults(self, piece: str, data: Any) -> list[Fault]:
        """What is wrong with ``data``, in full."""
        if piece not in self._exact:
            self._exact[piece] = self._class(envelope(piece))
        return list(islice(explain(self._exact[piece].iter_errors(data)), MOST_FAULTS))

    def document(self, document: Document) -> Iterator[Problem]:
        """The problems of one document."""
        if not self.right(document.piece, document.data):
            faults = self.faults(document.piece, document.data)
            for fault in faults:
                place = document.key(fault.path) if fault.key else document.value(fault.path)
                said = _comma(fault.message) if fault.key and _cut(document.data, fault.path) else fault.message
                yield Problem(fault.code, said, file=document.where, line=place.line, path=path_text(fault.path))
            if len(faults) == MOST_FAULTS:
                more = f"only the first {MOST_FAULTS} problems of this document are shown"
                said = Message(more, f"仅显示该文档的前 {MOST_FAULTS} 个问题")
                yield document.problem("more", said, (), severity="warning")
        if document.piece == "object":
            yield from _names(document)

    def _kind(self, validator: Any, mark: Schema, instance: Any, schema: Schema) -> Iterator[ValidationError]:
        """The keyword ``x-kind`` for jsonschema."""
        if not isinstance(instance, Mapping):
            return
        family, place = mark["family"], mark["at"]
        name = self.kinds.named(mark, instance)
        kind = self.kinds.kind(family, name)
        what = FAMILY_WORDS[family]
        known = self.kinds.names(family)
        if kind is None:
            yield from self._unnamed(mark, instance, name, what, known)
            return
        options = self.kinds.schema(kind)
        value = instance[name] if place == "only_key" else instance
        path = name if place == "only_key" else None
        if not isinstance(value, Mapping):
            en, zh = f"the options of the {what.en} {name!r} must be a mapping", f"{what.zh}“{name}”的选项应为键值映射"
            yield _fault(Fault("type", (name,), Message(en, zh)))
            return
        yield from validator.descend(value, options, path=path)
        envelope_keys = {} if place == "only_key" else options_of(schema)
        if not open_ended(options):
            allowed = {**options_of(options), **envelope_keys}
            word = Message(f"option of the {what.en} {name!r}:", f"{what.zh}“{name}”的选项")
            base = (name,) if place == "only_key" else ()
            for key in value:
                if key not in allowed:
                    yield _fault(unknown_key(word, key, allowed, base))

    def _unnamed(self, mark: Schema, instance: Mapping[str, Any], name: str | None, what: Message,
                 known: list[str]) -> Iterator[ValidationError]:  # fmt: skip
        """No kind, or one that nobody knows."""
        place = mark["at"]
        keys = [str(key) for key in instance]
        if place == "only_key" and len(keys) != 1:
            said = Message(f"must have exactly one key, the {what.en}, found {len(keys)}: {', '.join(keys[:5])}",
                           f"应只有一个键（{what.zh}），实际 {len(keys)} 个：{'、'.join(keys[:5])}")  # fmt: skip
            yield _fault(Fault("one_key", (), said))
        elif place == "any_key":
            yield _fault(Fault("unknown_kind", (), unknown(what, keys[0] if keys else "", known, "").message))
        elif name is not None:
            step = (name,) if place == "only_key" else (place,)
            yield _fault(Fault("unknown_kind", step, unknown(what, name, known, "").message, place == "only_key"))
        elif place in instance:
            said = Message(f"the {what.en} must be a text", f"{what.zh}必须是文本")
            yield _fault(Fault("type", (place,), said))

    def _kind_name(self, validator: Any, family: str, instance: Any, schema: Schema) -> Iterator[ValidationError]:
        """The keyword ``x-kind-name``: the name of a kind without options."""
        known = self.kinds.names(family)
        if isinstance(instance, str) and instance not in known:
            yield _fault(Fault("unknown_kind", (), unknown(FAMILY_WORDS[family], instance, known, "").message))


_books: WeakKeyDictionary[Catalog, Rulebook] = WeakKeyDictionary()


def rulebook(catalog: Catalog) -> Rulebook:
    """The rulebook of a catalog, compiled once."""
    found = _books.get(catalog)
    if found is None:
        found = _books[catalog] = Rulebook(catalog)
    return found


def _cut(data: Any, path: tuple[Any, ...]) -> bool:
    """True for a key that is the rest of a text which a comma has cut off: ``{value: MAX(a, b)}``."""
    for step in path[:-1]:
        data = data[step]
    key = str(path[-1])
    return isinstance(data, Mapping) and data.get(key, 0) is None and not key.isidentifier()


def _comma(message: Message) -> Message:
    return Message(message.en + " (a text with a comma inside of {...} must stand in quotes)",
                   message.zh + "（花括号内含逗号的文本须加引号）")  # fmt: skip


def _fault(fault: Fault) -> ValidationError:
    error = KindFault(fault.message.en)
    error.said = fault
    return error


def _names(document: Document) -> Iterator[Problem]:
    """Names that the system or the formula language has taken."""
    if document.name in SYSTEM_OBJECTS:
        said = Message(
            f"the object name {document.name!r} is reserved by the system", f"对象名“{document.name}”为系统保留"
        )
        yield document.problem("reserved", said, ("object",))
    fields = document.data.get("fields")
    if not isinstance(fields, Mapping):
        return
    for name in fields:
        if name in SYSTEM_PROPERTIES:
            said = Message(
                f"the field name {name!r} is a system property that every record has",
                f"字段名“{name}”是每条记录都有的系统属性",
            )
            yield document.problem("reserved", said, ("fields", name))
        elif name in WORDS:
            said = Message(
                f"the field name {name!r} is a word of the formula language", f"字段名“{name}”是公式语言的关键字"
            )
            yield document.problem("reserved", said, ("fields", name))


def _twice(documents: Iterable[Document]) -> Iterator[Problem]:
    """Two documents of one piece with one name."""
    first: dict[tuple[str, str], Document] = {}
    for one in documents:
        there = first.setdefault((one.piece, one.name), one)
        if there is not one:
            where = f"{there.where}:{there.first + 1}"
            said = Message(
                f"duplicate {one.piece} {one.name!r}: it is also in {where}",
                f"{one.piece}“{one.name}”重复定义，另见 {where}",
            )
            yield one.problem("duplicate", said, (one.piece,))
