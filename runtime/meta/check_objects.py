"""Whether the objects of a model hold together: fields, links, rules and the formulas in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.formula import diagnostics
from runtime.formula.types import BOOL
from runtime.kinds.field import BadValue, Context
from runtime.meta import kept
from runtime.meta.compiled import Formulas as Compiled
from runtime.meta.formulas import Formulas, Node, cycles
from runtime.meta.load import Document, Loaded
from runtime.meta.model import SYSTEM_OBJECTS, SYSTEM_PROPERTIES, FieldDef, Model, ObjectDef
from runtime.meta.references import References, unknown_field
from runtime.meta.schemas import Kinds, options_of
from runtime.meta.scope import field_type
from runtime.meta.walk import MARKS, Walker

CONDITIONS = ("required", "readonly", "visible")


class Objects:
    """The check of all objects; it remembers what each computed member needs, to find circles."""

    def __init__(self, model: Model, formulas: Formulas, references: References, kinds: Kinds) -> None:
        self.model = model
        self.formulas = formulas
        self.references = references
        self.needs: dict[Node, frozenset[Node]] = {}
        self.places: dict[Node, tuple[Document, tuple[Any, ...]]] = {}
        self.walker = Walker("object", kinds, references.follow)
        self.marked: dict[type, list[str]] = {}
        self.reverses = _reverses(model)

    def check(self, document: Document) -> Iterator[Problem]:
        """The problems of one object; those of its formulas are kept by ``formulas``."""
        definition = self.model.objects[document.name]
        if definition.title:
            self.computed(document, ("title",), definition.title, definition, "title", context="title")
        for field in definition.fields.values():
            yield from self.field(document, definition, field)
        yield from self.owned(document, definition)
        yield from self.rules(document, definition)

    def computed(self, document: Document, path: tuple[Any, ...], source: str, definition: ObjectDef, key: str,
                 **how: Any) -> None:  # fmt: skip
        """A formula whose value other formulas may use."""
        node = (definition.key, key)
        found = self.formulas.check(document, path, source, definition.name, **how)
        self.needs[node] = found.deps if found is not None else frozenset()
        self.places[node] = (document, path)

    def field(self, document: Document, definition: ObjectDef, field: FieldDef) -> Iterator[Problem]:
        """One field."""
        path = ("fields", field.name)
        told = False
        for problem in field.kind.check():
            told = told or problem.path == "default"
            inner = tuple(problem.path.split(".")) if problem.path else ()
            place = document.value((*path, *inner))
            shown = ".".join((*path, *inner))
            yield problem.at(file=document.where, line=place.line, path=shown)
        for name in CONDITIONS:
            source = getattr(field, name)
            if isinstance(source, str):
                self.formulas.check(
                    document, (*path, name), source, definition.name, context="condition", expected=BOOL
                )
        if field.computed is not None:
            self.computed(document, (*path, "value"), field.computed.source(), definition, field.key,
                          context="computed" if field.kept else "virtual",
                          expected=field.computed.result())  # fmt: skip
            if field.kept:
                yield from self.kept(document, definition, field, path)
        yield from self.meaningless(document, field, path)
        if field.default is not None and field.stored and not told:
            yield from self.default(document, definition, field, (*path, "default"))
        if field.relates is not None:
            yield from self.link(document, definition, field, path)
        yield from self.options(document, definition, field, path)

    def kept(
        self, document: Document, definition: ObjectDef, field: FieldDef, path: tuple[Any, ...]
    ) -> Iterator[Problem]:
        """A computed value that is to be stored, though it depends on what nobody could follow."""
        why = kept.wrong(self.model, self.compiled, definition, field)
        if why is not None:
            yield document.problem("stored", why, (*path, "stored"))

    @cached_property
    def compiled(self) -> Compiled:
        """The formulas of the model, for what asks more of them than whether they are right."""
        return Compiled(self.model)

    def meaningless(self, document: Document, field: FieldDef, path: tuple[Any, ...]) -> Iterator[Problem]:
        """Keys that say nothing on a computed field, or only there."""
        if field.computed is None:
            if field.expose:
                said = Message("`expose` only means something on a computed field", "expose 只对计算字段有意义")
                yield document.problem("expose", said, (*path, "expose"), severity="warning")
            return
        for key in ("default", "required", "unique"):
            if field.doc.get(key):
                said = Message(
                    f"a computed field cannot have {key!r}: nobody enters its value",
                    f"计算字段不能设置“{key}”：其值不由人录入",
                )
                yield document.problem("computed", said, (*path, key))

    def default(
        self, document: Document, definition: ObjectDef, field: FieldDef, path: tuple[Any, ...]
    ) -> Iterator[Problem]:
        """A literal must be a value of the field, a formula must have its type."""
        default = field.default
        if isinstance(default, str) and default.startswith("="):
            kind = field_type(self.model, definition, field)
            expected = None if kind.name in ("list", "null") else kind
            self.formulas.check(document, path, default, definition.name, context="default", expected=expected)
            return
        if field.numbered is not None:
            said = Message("a field numbered by the system cannot have a default", "由系统编号的字段不能设置默认值")
            yield document.problem("default", said, path)
            return
        try:
            field.kind.clean(default, Context())
        except BadValue as bad:
            said = Message(
                f"the default is not a value of this field: {bad.message.en}",
                f"默认值不是该字段的有效值：{bad.message.zh}",
            )
            yield document.problem("default", said, path)

    def link(
        self, document: Document, definition: ObjectDef, field: FieldDef, path: tuple[Any, ...]
    ) -> Iterator[Problem]:
        """A link points to an object, and what that one calls it is not taken."""
        assert field.relates is not None
        target = field.relates.target_object()
        there = self.model.object(target)
        if there is None and target not in SYSTEM_OBJECTS:
            known = (*self.model.objects, *SYSTEM_OBJECTS)
            message = unknown(Message("object", "对象"), target, known, "").message
            said = Message(f"the link leads to an {message.en}", f"关联指向{message.zh}")
            yield document.problem("link", said, (*path, "to"))
        reverse = field.doc.get("reverse")
        if not reverse or there is None:
            return
        place = (*path, "reverse")
        if reverse in there.fields or reverse in SYSTEM_PROPERTIES or reverse == "title":
            said = Message(
                f"the reverse name {reverse!r} is already a field of {there.name!r}",
                f"反向名称“{reverse}”已是“{there.name}”的字段",
            )
            yield document.problem("reverse", said, place)
        others = [one for one in self.reverses[(there.name, reverse)] if one != (definition.name, field.name)]
        if others:
            taken = ", ".join(".".join(one) for one in others)
            said = Message(f"duplicate reverse name {reverse!r} on {there.name!r}: it is also given by {taken}",
                           f"“{there.name}”的反向名称“{reverse}”重复，另见 {taken}")  # fmt: skip
            yield document.problem("reverse", said, place)

    def options(
        self, document: Document, definition: ObjectDef, field: FieldDef, path: tuple[Any, ...]
    ) -> Iterator[Problem]:
        """Options of the kind that carry marks: formulas and names in them."""
        marked = self.marked.get(type(field.kind))
        if marked is None:
            schema = self.walker.kinds.schema(type(field.kind))
            marked = [key for key, one in options_of(schema).items() if _has_marks(one)]
            self.marked[type(field.kind)] = marked
        for key in marked:
            if key not in field.doc:
                continue
            schema = options_of(self.walker.kinds.schema(type(field.kind)))[key]
            for one in self.walker.walk_scoped(schema, field.doc[key], (*path, key), definition.name, field.doc):
                if one.mark == "x-formula" and isinstance(one.value, str):
                    expected = BOOL if one.detail.get("expected") == "bool" else None
                    self.formulas.check(
                        document, one.path, one.value, one.object, context=one.detail["context"], expected=expected
                    )
                elif one.mark == "x-ref" and isinstance(one.value, str):
                    message = self.references.check(one.detail, one.value, one.object)
                    if message is not None:
                        yield document.problem(f"reference.{one.detail}", message, one.path)

    def owned(self, document: Document, definition: ObjectDef) -> Iterator[Problem]:
        """Line items: exactly one owner, always there."""
        links = [one for one in definition.fields.values() if one.owned]
        for field in links[1:]:
            said = Message(f"an object has at most one owned link; {links[0].name!r} is one already",
                           f"一个对象最多一个归属关联；“{links[0].name}”已经是")  # fmt: skip
            yield document.problem("owned", said, ("fields", field.name, "owned"))
        for field in links[:1]:
            if field.required is not True:
                said = Message("an owned link must be required: true", "归属关联必须设为 required: true")
                yield document.problem("owned", said, ("fields", field.name))
            if not field.doc.get("reverse"):
                said = Message(
                    "an owned link needs a reverse name to show its lines by", "归属关联需要 reverse 名称以显示明细"
                )
                yield document.problem("owned", said, ("fields", field.name), severity="warning")
            seen = [definition.name]
            step: FieldDef | None = field
            while step is not None and step.relates is not None:
                target = self.model.object(step.relates.target_object())
                if target is None:
                    break
                if target.name in seen:
                    loop = " -> ".join([*seen, target.name])
                    said = Message(f"objects own each other in a circle: {loop}", f"对象之间循环归属：{loop}")
                    yield document.problem("owned", said, ("fields", field.name, "owned"))
                    break
                seen.append(target.name)
                step = target.owner_link

    def rules(self, document: Document, definition: ObjectDef) -> Iterator[Problem]:
        """Validations and combined keys."""
        scope = self.formulas.scope(definition.name)
        assert scope is not None
        for rule in definition.validations:
            path = ("validations", rule.name)
            self.formulas.check(
                document, (*path, "valid"), rule.valid, definition.name, context="validation", expected=BOOL
            )
            if rule.field is not None and definition.field(rule.field) is None:
                yield document.problem("reference.field", unknown_field(rule.field, scope), (*path, "field"))
        for number, names in enumerate(definition.unique):
            for index, name in enumerate(names):
                field = definition.field(name)
                path_here = ("unique", number, index)
                if field is None:
                    yield document.problem("reference.field", unknown_field(name, scope), path_here)
                elif not field.stored:
                    said = Message(
                        f"the computed field {name!r} cannot be part of a unique key",
                        f"计算字段“{name}”不能作为唯一键的一部分",
                    )
                    yield document.problem("unique", said, path_here)

    def cycles(self, loaded: Loaded) -> Iterator[Problem]:
        """Computed fields that need themselves, with the way around."""
        names = {(one.key, field.key): f"{one.name}.{field.name}"
                 for one in self.model.objects.values() for field in one.fields.values()}  # fmt: skip
        for loop in cycles(self.needs):
            shown = " -> ".join(names.get(node) or f"{node[0]}.{node[1]}" for node in loop)
            document, path = self.places[loop[0]]
            told = diagnostics.make("E_CYCLE", (0, 0), {"path": shown})
            yield document.problem(f"formula.{told.code}", Message(**told.message), path)


def _reverses(model: Model) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """For each object and reverse name: the links that give it."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for source in model.objects.values():
        for field in source.fields.values():
            if field.relates is None or not field.doc.get("reverse"):
                continue
            target = model.object(field.relates.target_object())
            if target is not None:
                found.setdefault((target.name, str(field.doc["reverse"])), []).append((source.name, field.name))
    return found


def _has_marks(schema: Any) -> bool:
    """True when a mark stands anywhere in a schema."""
    if isinstance(schema, Mapping):
        return any(key in MARKS or _has_marks(one) for key, one in schema.items())
    return isinstance(schema, (list, tuple)) and any(_has_marks(one) for one in schema)
