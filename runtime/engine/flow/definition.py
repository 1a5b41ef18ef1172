"""A workflow document compiled into steps that know their place; a version of it never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runtime.base.kind import Catalog
from runtime.kinds.node import Node, Way
from runtime.meta.model import Text, label_of

#: Where a step stands: step, way, step, way ... , step. Written ``0.1.2``.
Path = tuple[int, ...]
Doc = Mapping[str, Any]
FieldsOf = Callable[[str], Sequence[str]]
#: What the holder of a task may do beside deciding when the document says nothing.
FREE: Doc = {
    "return": {"to": ["start", "any_earlier"]},
    "transfer": {},
    "add_sign": {"kinds": ["before", "after", "parallel"], "depth": 3},
}


def written(path: Path) -> str:
    """The path as text."""
    return ".".join(map(str, path))


def parsed(text: str) -> Path:
    """The path from text."""
    return tuple(int(part) for part in text.split(".")) if text else ()


@dataclass(frozen=True)
class Step:
    """One node of the tree: its kind, options and ways; ``at`` is where its document stands in the file."""

    kind: type[Node]
    name: str
    options: Doc
    path: Path
    ways: Sequence[Way]
    inside: Sequence[Sequence[Step]]
    at: tuple[str | int, ...]

    @property
    def label(self) -> Text:
        """What people call it: by its label, by its name, by what it is."""
        if self.options.get("label"):
            return label_of(self.options["label"], self.name)
        return dict(self.kind.label) if self.name == written(self.path) else label_of(None, self.name)

    @property
    def gives_tasks(self) -> bool:
        """True when people have something to do here."""
        return bool(self.kind.decisions)

    @property
    def allowed(self) -> Doc:
        """What the holder of a task may do beside deciding."""
        found: Doc = self.options.get("actions", FREE)
        return found

    @property
    def filled(self) -> Sequence[str]:
        """Fields that must be filled here."""
        return list(self.options.get("fields", {}).get("required", ()))

    @property
    def editable(self) -> Sequence[str]:
        """Fields that the holder of a task may set here."""
        found = self.options.get("fields", {})
        return list(dict.fromkeys([*found.get("editable", ()), *found.get("required", ())]))

    @property
    def most_turns(self) -> int:
        """How often it is gone round at most; 0 for a step that is not."""
        return self.kind.loop(self.options).most if self.kind.loops else 0

    def walk(self) -> Iterator[Step]:
        """This step and all inside of it."""
        yield self
        for sequence in self.inside:
            for one in sequence:
                yield from one.walk()


@dataclass(frozen=True)
class Definition:
    """One version of one workflow."""

    name: str
    doc: Doc
    steps: Sequence[Step]
    condition_fields: Sequence[str] = ()

    @cached_property
    def by_path(self) -> Mapping[Path, Step]:
        """Every step by its place."""
        return {one.path: one for step in self.steps for one in step.walk()}

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        """Every step by its name."""
        return {one.name: one for one in self.by_path.values()}

    @cached_property
    def silent(self) -> bool:
        """True when nobody is asked and nothing waited for: it is done at once."""
        return all(one.kind.silent for one in self.by_path.values() if not one.ways)

    def sequence(self, prefix: Path) -> Sequence[Step]:
        """The steps of one way; () gives those of the workflow."""
        return self.steps if not prefix else self.by_path[prefix[:-1]].inside[prefix[-1]]

    def loops(self, path: Path) -> list[Path]:
        """The steps that go round, around a place, from outside."""
        ends = range(1, len(path), 2)
        return [path[:end] for end in ends if path[:end] in self.by_path and self.by_path[path[:end]].kind.loops]

    def allow(self, name: str, default: Any = None) -> Any:
        """What ``start: allow:`` says."""
        return self.doc.get("start", {}).get("allow", {}).get(name, default)

    def after(self, outcome: str) -> Sequence[Doc]:
        """Actions at an end."""
        found: Sequence[Doc] = self.doc.get("after", {}).get(outcome, ())
        return found


def kind_of(node: Doc, catalog: Catalog) -> type[Node] | None:
    """The kind that a node's document names."""
    for key in node:
        found = catalog.get(Node, key)
        if found is not None:
            return found
    return None


def compile_flow(doc: Doc, catalog: Catalog, fields_of: FieldsOf = lambda source: ()) -> Definition:
    """The definition of a document that `validate` found right."""
    conditions: list[str] = []

    def sequence(nodes: Sequence[Doc], prefix: Path, place: tuple[str | int, ...]) -> list[Step]:
        return [one(node, (*prefix, number), (*place, number)) for number, node in enumerate(nodes)]

    def one(node: Doc, path: Path, place: tuple[str | int, ...]) -> Step:
        kind = kind_of(node, catalog)
        assert kind is not None
        ways = kind.ways(node)
        conditions.extend(way.when for way in ways if isinstance(way.when, str))
        inside = [sequence(way.nodes, (*path, number), (*place, *way.place)) for number, way in enumerate(ways)]
        named = node.get(kind.name)
        return Step(kind, named if isinstance(named, str) else written(path), node, path, ways, inside, place)

    steps = sequence(doc["nodes"], (), ("nodes",))
    wanted = doc.get("condition_fields")
    if wanted is None:
        wanted = sorted({name for source in conditions for name in fields_of(source)})
    return Definition(str(doc["workflow"]), doc, steps, list(wanted))
