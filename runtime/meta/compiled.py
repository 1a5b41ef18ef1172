"""The compiled formulas of one model: each compiled once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import Lock

from runtime.formula.compiler import Compiled, compile
from runtime.formula.types import BOOL, Type
from runtime.meta.kept import Kept
from runtime.meta.model import Model
from runtime.meta.scope import ModelScope

Readable = Callable[[str, str], bool]


class Formulas:
    """A cache over the compiler for one immutable model; thread-safe."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._known: dict[tuple[str, str, str, Type | None], Compiled] = {}
        self._lock = Lock()

    def get(self, object_name: str, source: str, context: str, expected: Type | None = None) -> Compiled:
        """A formula of a document, over everything that the object has."""
        key = (object_name, source, context, expected)
        found = self._known.get(key)
        if found is None:
            found = compile(source, ModelScope(self.model, object_name), expected=expected, context=context)
            with self._lock:
                self._known[key] = found
        return found

    def condition(self, object_name: str, source: str, context: str = "condition") -> Compiled:
        """A formula that must be true or false."""
        return self.get(object_name, source, context, BOOL)

    @cached_property
    def kept(self) -> Kept:
        """The computed values that are kept with their records."""
        return Kept(self.model, self)

    def computed(self, object_name: str, field_name: str) -> Compiled:
        """The formula of a computed field."""
        field = self.model.objects[object_name].fields[field_name]
        assert field.computed is not None
        return self.get(object_name, field.computed.source(), "virtual", field.computed.result())

    def asked(
        self,
        object_name: str,
        source: str,
        context: str,
        readable: Readable,
        expected: Type | None = None,
        *,
        nullable: bool = True,
    ) -> Compiled:
        """A formula of a request: names that the caller may not read do not exist."""
        scope = ModelScope(self.model, object_name, readable)
        return compile(source, scope, expected=expected, context=context, nullable=nullable)

    def timeless(self, compiled: Compiled) -> bool:
        """True when the formula, and every computed field it uses, says the same at any moment."""
        if any(path[0] in ("NOW", "TODAY") for path in compiled.env):
            return False
        names = {one.key: one.name for one in self.model.objects.values()}
        for object_key, member in compiled.deps:
            definition = self.model.objects.get(names.get(object_key, ""))
            field = definition.by_key.get(member) if definition else None
            if (
                definition
                and field
                and field.computed
                and not self.timeless(self.computed(definition.name, field.name))
            ):
                return False
        return True
