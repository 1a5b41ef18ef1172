"""Whether a model holds together: every name points at something, every formula parses and has its type.

It expects documents that `validate` found right, finds all problems at once and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.base.kind import Catalog
from runtime.kinds.field import BadValue, Context
from runtime.meta.check_flows import check_flow
from runtime.meta.check_objects import Objects
from runtime.meta.check_roles import check_role
from runtime.meta.check_scenarios import check_scenario
from runtime.meta.diff import PIECE_WORDS
from runtime.meta.formulas import EXPECTED, Formulas
from runtime.meta.load import Document, Loaded
from runtime.meta.model import Model, ObjectDef
from runtime.meta.references import References, satisfies
from runtime.meta.scope import ModelScope
from runtime.meta.validate import ordered, rulebook
from runtime.meta.walk import Found, Walker


def check(model: Model, loaded: Loaded, catalog: Catalog) -> list[Problem]:
    """Everything that does not hold together, sorted by file and line: errors and warnings."""
    formulas = Formulas(model)
    references = References(model, formulas)
    problems: list[Problem] = []
    objects = Objects(model, formulas, references, rulebook(catalog).kinds)
    walkers: dict[str, Walker] = {}
    for document in loaded.documents:
        if document.piece == "object":
            problems.extend(objects.check(document))
            if "conversions" in document.data:
                problems.extend(_Piece(model, formulas, references, document).conversions(objects.walker))
            continue
        walker = walkers.get(document.piece)
        if walker is None:
            walker = walkers[document.piece] = Walker(document.piece, rulebook(catalog).kinds, references.follow)
        problems.extend(_Piece(model, formulas, references, document).check(walker))
        if document.piece == "workflow":
            problems.extend(check_flow(document, model, catalog, references))
        if document.piece == "scenario":
            problems.extend(check_scenario(document, model, catalog))
        if document.piece == "app":
            problems.extend(_requires(model, document))
    problems.extend(objects.cycles(loaded))
    for document in loaded.of("role"):
        problems.extend(check_role(model, formulas, objects.needs, document, tuple(loaded.of("workflow"))))
    return ordered([*problems, *formulas.problems])


def _requires(model: Model, document: Document) -> Iterator[Problem]:
    for name, wanted in (document.data.get("requires") or {}).items():
        there = model.apps.get(name)
        if there is None:
            said = Message(f"the required app {name!r} is not installed", f"所需的应用“{name}”未安装")
            yield document.problem("requires", said, ("requires", name))
        elif not satisfies(there.version, wanted):
            said = Message(f"needs version {wanted} of the required app {name!r}, installed is {there.version}",
                           f"需要应用“{name}”的版本 {wanted}，已安装的是 {there.version}")  # fmt: skip
            yield document.problem("requires", said, ("requires", name))


class _Piece:
    """The check of one document other than an object."""

    def __init__(self, model: Model, formulas: Formulas, references: References, document: Document) -> None:
        self.model = model
        self.formulas = formulas
        self.references = references
        self.document = document
        self.steps: dict[str, tuple[Any, ...]] = {}

    def check(self, walker: Walker) -> Iterator[Problem]:
        """The problems of the document; those of its formulas are kept by ``formulas``."""
        stated = self.document.data.get("object")
        about: str | None = ""
        if isinstance(stated, str):
            definition = self.model.object(stated)
            about = definition.name if definition else None
        found = list(walker.document(self.document.data, about))
        for one in found:
            if one.mark == "x-kind":
                yield from self.step(one)
        for one in found:
            yield from self.one(one)

    def conversions(self, walker: Walker) -> Iterator[Problem]:
        """The problems of what an object's records can become."""
        data = self.document.data["conversions"]
        schema = walker.root["properties"]["conversions"]
        for found in walker.walk(schema, data, ("conversions",), self.document.name):
            yield from self.one(found)
        for name, conversion in data.items():
            links = [one["link"] for one in conversion["into"]]
            for number, link in enumerate(links):
                if link in links[:number]:
                    said = Message(f"the link {link!r} is filled twice", f"关联字段“{link}”重复使用")
                    yield self.document.problem("twice", said, ("conversions", name, "into", number, "link"))
            for key in conversion.get("then") or {}:
                if key in links:
                    said = Message(f"the link {key!r} is filled by a step already", f"关联字段“{key}”已由转化步骤填写")
                    yield self.document.problem("twice", said, ("conversions", name, "then", key))

    def step(self, one: Found) -> Iterator[Problem]:
        """The names of steps, which must be different from each other."""
        if one.detail["at"] != "any_key" or not isinstance(one.value, Mapping):
            return
        for key, name in one.value.items():
            if key == "label" or not isinstance(name, str) or (*one.path, key) in self.steps.values():
                continue
            if name in self.steps:
                said = Message(
                    f"duplicate step name {name!r}: every step needs a name of its own",
                    f"节点名“{name}”重复：每个节点须有唯一名称",
                )
                yield self.document.problem("duplicate_step", said, (*one.path, key))
            self.steps.setdefault(name, (*one.path, key))
            return

    def one(self, one: Found) -> Iterator[Problem]:
        """One marked value."""
        if one.mark == "x-formula":
            if isinstance(one.value, str):
                expected = EXPECTED.get(one.detail.get("expected") or "")
                self.formulas.check(self.document, one.path, one.value, one.object,
                                    context=one.detail["context"], expected=expected)  # fmt: skip
        elif one.mark == "x-value":
            self.value(one)
        elif one.mark == "x-ref":
            yield from self.reference(one)
        elif one.mark == "x-keys" and isinstance(one.value, Mapping):
            yield from self.keys(one)

    def value(self, one: Found) -> None:
        """A literal or a formula after ``=``."""
        if isinstance(one.value, str) and one.value.startswith("="):
            context = "text" if one.detail.get("expected") == "text" else one.detail["context"]
            self.formulas.check(self.document, one.path, one.value, one.object, context=context)

    def reference(self, one: Found) -> Iterator[Problem]:
        """A name."""
        if not isinstance(one.value, str):
            return
        what = one.detail
        if what in ("node", "return"):
            special = ("start", "any_earlier") if what == "return" else ()
            if self.document.piece == "workflow" and one.value not in (*self.steps, *special):
                said = unknown(Message("step", "节点"), one.value, (*self.steps, *special), "").message
                yield self.document.problem("unknown_step", said, one.path)
            return
        message = self.references.check(what, one.value, one.object)
        if message is not None:
            yield self.document.problem(f"reference.{what}", self.within(message), one.path)

    def within(self, message: Message) -> Message:
        """The message with the document that it is about."""
        en, zh = PIECE_WORDS[self.document.piece]
        name = self.document.name
        return Message(f"in {en.lower()} {name!r}: {message.en}", f"{zh}“{name}”中：{message.zh}")

    def keys(self, one: Found) -> Iterator[Problem]:
        """A mapping whose keys are names."""
        for key, value in one.value.items():
            path = (*one.path, key)
            message = self.references.check(one.detail["ref"], key, one.of)
            if message is not None:
                place = self.document.key(path)
                yield self.document.problem(f"reference.{one.detail['ref']}", self.within(message), path).at(
                    line=place.line
                )
            elif one.detail.get("value"):
                yield from self.assigned(one, key, value, path)

    def assigned(self, one: Found, key: str, value: Any, path: tuple[Any, ...]) -> Iterator[Problem]:
        """A value for a field: a formula must have the field's type, a literal must be one of its values."""
        scope = self.formulas.scope(one.of) if one.of else None
        member = scope.member(key) if scope is not None else None
        if member is None:
            return
        if isinstance(value, str) and value.startswith("="):
            expected = None if member.type.name in ("list", "null") else member.type
            self.formulas.check(self.document, path, value, one.object,
                                context=one.detail["value"]["context"], expected=expected)  # fmt: skip
            return
        definition: ObjectDef | None = scope.definition if isinstance(scope, ModelScope) else None
        field = definition.field(key) if definition else None
        if field is None or field.relates is not None:
            return
        try:
            field.kind.clean(value, Context())
        except BadValue as bad:
            said = Message(f"the value for the field {key!r} {bad.message.en}", f"字段“{key}”的值{bad.message.zh}")
            yield self.document.problem("value", said, path)
