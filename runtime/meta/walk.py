"""Goes through a document along its schema and hands out everything that a mark stands on; it judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.meta.quick import Check, Compiler
from runtime.meta.schemas import Kinds, Schema, envelope, options_of

Path = tuple[Any, ...]
#: Finds the object behind a name: (what the name is of, the name, the object around) -> object's name or None.
Follow = Callable[[str, Any, str | None], str | None]

MARKS = ("x-formula", "x-value", "x-ref", "x-keys", "x-kind")


@dataclass(frozen=True, slots=True)
class Found:
    """A marked value. ``object`` is the object whose names it uses: '' for none, None for an unknown one.
    ``of`` (for ``x-keys``) is the object whose fields the keys are.
    """

    mark: str
    detail: Any
    value: Any
    path: Path
    object: str | None
    of: str | None = None


class Walker:
    """Walks documents of one piece."""

    def __init__(self, piece: str, kinds: Kinds, follow: Follow) -> None:
        self.root = envelope(piece)
        self.kinds = kinds
        self.follow = follow
        self.compiler = Compiler(self.root, kinds)
        self._checks: dict[int, Check] = {}

    def document(self, data: Mapping[str, Any], about: str | None) -> Iterator[Found]:
        """Everything marked in a document about the object ``about``."""
        return self.walk(self.root, data, (), about)

    def walk(self, schema: Any, value: Any, path: Path, about: str | None) -> Iterator[Found]:
        """Everything marked in ``value``."""
        while isinstance(schema, Mapping) and "$ref" in schema:
            target: Any = self.root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        if not isinstance(schema, Mapping):
            return
        for mark in MARKS:
            if mark in schema:
                detail = schema[mark]
                of = about
                if mark == "x-keys" and isinstance(detail.get("of"), str):
                    of = detail["of"]
                yield Found(mark, detail, value, path, about, of)
        for key in ("anyOf", "oneOf"):
            for branch in schema.get(key, ()):
                if self.fits(branch, value):
                    yield from self.walk(branch, value, path, about)
                    break
        if isinstance(value, dict):
            yield from self.mapping(schema, value, path, about)
        elif isinstance(value, list):
            first = schema.get("prefixItems", ())
            for number, one in enumerate(value):
                inner = first[number] if number < len(first) else schema.get("items")
                yield from self.walk(inner, one, (*path, number), about)

    def fits(self, schema: Any, value: Any) -> bool:
        """True when a branch of ``anyOf`` is the one that ``value`` took."""
        check = self._checks.get(id(schema))
        if check is None:
            check = self._checks[id(schema)] = self.compiler.compile(schema)
        return check(value)

    def mapping(self, schema: Schema, value: dict[str, Any], path: Path, about: str | None) -> Iterator[Found]:
        """The values of a mapping."""
        if "x-about" in schema:
            about = self.follow("object", value.get(schema["x-about"]), about)
        properties = options_of(schema)
        mark = schema.get("x-kind")
        kind = self.kinds.kind(mark["family"], self.kinds.named(mark, value)) if mark else None
        if mark and kind and mark["at"] == "only_key":
            yield from self.walk(self.kinds.schema(kind), value[kind.name], (*path, kind.name), about)
            return
        if kind:
            properties = {**properties, **options_of(self.kinds.schema(kind))}
        rest = schema.get("additionalProperties")
        inside = bool(schema.get("x-keys", {}).get("scope"))
        for key, one in value.items():
            inner = properties.get(key, rest)
            if not isinstance(inner, Mapping):
                continue
            yield from self.walk_scoped(inner, one, (*path, key), key if inside else about, value)

    def walk_scoped(
        self, schema: Any, value: Any, path: Path, about: str | None, around: Mapping[str, Any]
    ) -> Iterator[Found]:
        """The same within the object that a sibling names, where the schema says so."""
        scope = schema.get("x-scope")
        if scope is not None and scope["key"] in around:
            about = self.follow(scope["as"], around[scope["key"]], about)
        of = schema.get("x-keys", {}).get("of")
        if isinstance(of, Mapping):
            target = self.follow(of["as"], around[of["key"]], about) if of["key"] in around else about
            yield Found("x-keys", schema["x-keys"], value, path, about, target)
            schema = {key: one for key, one in schema.items() if key != "x-keys"}
        yield from self.walk(schema, value, path, about)
