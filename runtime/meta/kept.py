"""Which computed values are kept with the record, and what must change for one of them to change.

A kept value has a column of its own, named after everything that its formula depends on: another formula is another
column, so that an old value can never be taken for a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.base.errors import Message
from runtime.formula.browser import CALENDARS
from runtime.formula.scope import Slot
from runtime.formula.tree import Call, walk
from runtime.meta.model import SYSTEM_OBJECTS, FieldDef, Model, ObjectDef

if TYPE_CHECKING:
    from runtime.formula.compiler import Compiled
    from runtime.meta.compiled import Formulas

#: The type of the column for each type of result; a list has none.
COLUMNS = {
    "text": "text", "choice": "text", "number": "numeric", "duration": "numeric", "bool": "boolean", "date": "date",
    "datetime": "timestamptz", "ref": "uuid",
}  # fmt: skip
#: Members that change with every change of their record, whatever the change.
ALWAYS = frozenset(("version", "updated_at", "updated_by"))
#: Members that are with the record from birth: only its coming and going matters.
NEVER = frozenset(("id", "created_at", "created_by"))
#: The member by which formulas read a record's title.
TITLE = "title"
LOOKUP = Message("LOOKUP reads any record of an object: such a value cannot be stored", "LOOKUP 涉及整个对象，不能存储")
PEOPLE = Message("a stored value cannot follow users or departments", "存储的计算值不能引用用户或部门的属性")
LIST = Message("a list cannot be stored", "列表类型的结果不能存储")
NESTED = Message("a summary inside a summary cannot be stored", "嵌套的汇总不能存储")
MOMENT = Message(
    "a stored value cannot depend on the moment or on who looks at it", "存储的计算值不能依赖当前时间或当前用户"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step from changed records towards the records whose value depends on them.

    ``down``: the records of ``object`` whose link ``key`` leads to those at hand; otherwise what their own link
    ``key`` leads to.
    """

    object: str
    key: str
    down: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A kept value depends on ``member`` of ``source``; ``steps`` lead from there to the kept value's record."""

    source: str
    member: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class KeptField:
    """One computed value that is kept: its column, and all that it depends on."""

    object: ObjectDef
    field: FieldDef
    compiled: Compiled
    column: str
    sql_type: str
    edges: frozenset[Edge]


@dataclass(frozen=True)
class KeptTitle:
    """The title of an object's records, which every record keeps. ``column`` names the formula, not a column.

    ``edges`` are empty where nothing but the record itself changes it: then every write gives the title anew.
    """

    object: ObjectDef
    compiled: Compiled
    column: str
    edges: frozenset[Edge]


Node = KeptField | KeptTitle


class Unkeepable(Exception):
    """Why a computed value cannot be kept."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.en)
        self.message = message


class Kept:
    """The kept values of one model."""

    def __init__(self, model: Model, formulas: Formulas) -> None:
        self.model = model
        self.formulas = formulas
        self.fields: dict[tuple[str, str], KeptField] = {}
        for definition in model.objects.values():
            for field in definition.fields.values():
                if field.kept:
                    compiled = formulas.computed(definition.name, field.name)
                    if compiled.ok and not wrong(model, formulas, definition, field):
                        self.fields[(definition.name, field.key)] = self._make(definition, field, compiled)
        self.titles = {one.name: self._title(one, one.title) for one in model.objects.values() if one.title}
        #: All that is kept, each behind what it depends on.
        self.order: tuple[Node, ...] = tuple(self._ordered())
        self.values = tuple(one for one in self.order if isinstance(one, KeptField))
        self.by_source: dict[str, list[tuple[Node, Edge]]] = {}
        for one in self.order:
            for edge in sorted(one.edges, key=str):
                self.by_source.setdefault(edge.source, []).append((one, edge))

    def of(self, object_name: str) -> Mapping[str, KeptField]:
        """The kept values of an object, by storage key."""
        return {key: one for (name, key), one in self.fields.items() if name == object_name}

    def _make(self, definition: ObjectDef, field: FieldDef, compiled: Compiled) -> KeptField:
        edges = frozenset(edges_of(self.model, self.formulas, definition, compiled))
        hashes = sorted({compiled.hash, *closure(self.model, self.formulas, definition, compiled)})
        text = "\0".join([*hashes, *sorted(map(str, edges))])
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return KeptField(
            definition, field, compiled, f"k_{field.key[:36]}_{digest}", COLUMNS[compiled.type.name], edges
        )

    def _title(self, definition: ObjectDef, source: str) -> KeptTitle:
        compiled = self.formulas.get(definition.name, source, "title")
        edges: frozenset[Edge] = frozenset()
        hashes = [compiled.hash]
        if compiled.ok:
            hashes += sorted(closure(self.model, self.formulas, definition, compiled))
            # With people's names or the moment in it a title stays that of the record's last change.
            with suppress(Unkeepable):
                edges = frozenset(edges_of(self.model, self.formulas, definition, compiled))
        if not any(edge.steps for edge in edges):
            edges = frozenset()
        digest = hashlib.sha256("\0".join(hashes).encode()).hexdigest()[:8]
        return KeptTitle(definition, compiled, f"title_{digest}", edges)

    def _ordered(self) -> Iterator[Node]:
        """All of them, each behind those that it depends on (there are no cycles: the check refuses them)."""
        nodes: dict[tuple[str, str], Node] = dict(self.fields)
        nodes.update({(name, TITLE): one for name, one in self.titles.items()})
        done: set[tuple[str, str]] = set()

        def visit(name: tuple[str, str]) -> Iterator[Node]:
            if name in done or name not in nodes:
                return
            done.add(name)
            for edge in sorted(nodes[name].edges, key=str):
                yield from visit((edge.source, edge.member))
            yield nodes[name]

        for name in nodes:
            yield from visit(name)


def wrong(model: Model, formulas: Formulas, definition: ObjectDef, field: FieldDef) -> Message | None:
    """Why a computed value cannot be kept, None when it can."""
    compiled = formulas.computed(definition.name, field.name)
    if not compiled.ok:
        return None  # said elsewhere
    if compiled.type.name not in COLUMNS:
        return LIST
    try:
        for _ in edges_of(model, formulas, definition, compiled):
            pass
    except Unkeepable as why:
        return why.message
    return None


def closure(model: Model, formulas: Formulas, definition: ObjectDef, compiled: Compiled) -> set[str]:
    """The hashes of all formulas that a formula uses, directly or through others."""
    found: set[str] = set()
    names = {one.key: one for one in model.objects.values()}
    waiting = [compiled]
    while waiting:
        for object_key, member in waiting.pop().deps:
            source = names.get(object_key)
            field = source.by_key.get(member) if source else None
            if source is not None and field is not None and field.computed is not None:
                inner = formulas.computed(source.name, field.name)
                if inner.hash not in found:
                    found.add(inner.hash)
                    waiting.append(inner)
    return found


def edges_of(model: Model, formulas: Formulas, definition: ObjectDef, compiled: Compiled) -> Iterator[Edge]:
    """Everything that a formula of ``definition`` depends on. Raises Unkeepable."""
    if compiled.env or compiled.volatile:
        raise Unkeepable(MOMENT)
    walker = _Walker(model, formulas)
    yield from walker.formula(definition, compiled, ())


@dataclass(frozen=True)
class Reach:
    """What a formula depends on as far as that can be followed.

    ``lost`` is why it cannot be where it cannot, ``env`` what of the moment and of who looks at it is used, ``days``
    whether working days are counted.
    """

    edges: frozenset[Edge]
    lost: frozenset[Message]
    env: frozenset[tuple[str, ...]]
    days: bool = False


def reach(model: Model, formulas: Formulas, definition: ObjectDef, compiled: Compiled) -> Reach:
    """How far a formula of ``definition`` reaches, whatever of it cannot be followed."""
    walker = _Loose(model, formulas)
    edges = frozenset(walker.formula(definition, compiled, ()))
    return Reach(edges, frozenset(walker.lost), frozenset(walker.env), walker.days)


class _Walker:
    """Follows the inputs of formulas to where their values are."""

    def __init__(self, model: Model, formulas: Formulas) -> None:
        self.model = model
        self.formulas = formulas
        self.deep = 0

    def known(self, field: FieldDef) -> bool:
        """True for a computed value whose changes are told like those of any other."""
        return field.kept

    def formula(self, definition: ObjectDef, compiled: Compiled, back: tuple[Step, ...]) -> Iterator[Edge]:
        """The edges of a formula that is evaluated at a record of ``definition``; ``back`` leads from there home."""
        if compiled.env or compiled.volatile:
            raise Unkeepable(MOMENT)
        self.deep += 1
        if self.deep > 50:
            raise Unkeepable(NESTED)
        for index, slot in enumerate(compiled.slots):
            if slot.kind == "lookup":
                raise Unkeepable(LOOKUP)
            if slot.kind != "field":
                raise Unkeepable(MOMENT)
            if slot.type.name == "children":
                yield from self.rows(definition, slot, compiled.inner.get(index, ()), back)
            else:
                yield from self.path(definition, slot.path, back)
        self.deep -= 1

    def rows(self, definition: ObjectDef, slot: Slot, inner: Sequence[Slot], back: tuple[Step, ...]) -> Iterator[Edge]:
        """A summary over the records that link here."""
        here = definition
        for key in slot.path[:-1]:
            yield Edge(here.name, key, back)
            here, back = self.hop(here, key, back)
        source_key, _, link = slot.path[-1].partition(".")
        source = next(one for one in self.model.objects.values() if one.key == source_key)
        home = (Step(source.name, link, False), *back)
        yield Edge(source.name, link, home)
        for one in inner:
            if one.type.name == "children" or one.kind == "lookup":
                raise Unkeepable(NESTED)
            if one.kind != "field":
                raise Unkeepable(MOMENT)
            if one.root == "parent":
                yield from self.path(definition, one.path, back)
            else:
                yield from self.path(source, one.path, home)

    def path(self, definition: ObjectDef, path: Sequence[str], back: tuple[Step, ...]) -> Iterator[Edge]:
        """A value at the end of a path through links."""
        here = definition
        for key in path[:-1]:
            yield Edge(here.name, key, back)
            here, back = self.hop(here, key, back)
        key = path[-1]
        field = here.by_key.get(key)
        if field is None and key == TITLE and not here.title:
            yield from (Edge(here.name, one.key, back) for one in here.fields.values() if one.stored)
        if field is not None and field.computed is not None and not self.known(field):
            yield from self.formula(here, self.formulas.computed(here.name, field.name), back)
        else:
            yield Edge(here.name, key, back)

    def hop(self, here: ObjectDef, key: str, back: tuple[Step, ...]) -> tuple[ObjectDef, tuple[Step, ...]]:
        """The object behind a link, and the way home from there."""
        field = here.by_key.get(key)
        name = field.relates.target_object() if field is not None and field.relates is not None else "user"
        target = None if name in SYSTEM_OBJECTS else self.model.object(name)
        if target is None:
            raise Unkeepable(PEOPLE)
        return target, (Step(here.name, key, True), *back)


def counts_days(compiled: Compiled) -> bool:
    """Whether a formula itself counts by the working calendars."""
    return compiled.ir is not None and any(
        isinstance(node, Call) and node.fn in CALENDARS for node in walk(compiled.ir)
    )


class _Loose(_Walker):
    """Goes on where the other refuses, and notes what it could not follow."""

    def __init__(self, model: Model, formulas: Formulas) -> None:
        super().__init__(model, formulas)
        self.lost: set[Message] = set()
        self.env: set[tuple[str, ...]] = set()
        self.days = False

    def known(self, field: FieldDef) -> bool:
        """Nobody is told of the changes of computed values."""
        return False

    def formula(self, definition: ObjectDef, compiled: Compiled, back: tuple[Step, ...]) -> Iterator[Edge]:
        """The edges of a formula, without those that cannot be followed."""
        self.deep += 1
        if compiled.env or compiled.volatile:
            self.lost.add(MOMENT)
            self.env.update(compiled.env or {("NOW",)})
        self.days = self.days or counts_days(compiled)
        if not compiled.ok or self.deep > 50:
            self.lost.add(NESTED)
        else:
            for index, slot in enumerate(compiled.slots):
                yield from self.input(definition, slot, compiled.inner.get(index, ()), back)
        self.deep -= 1

    def input(self, definition: ObjectDef, slot: Slot, inner: Sequence[Slot], back: tuple[Step, ...]) -> Iterator[Edge]:
        """The edges of one input."""
        if slot.kind != "field":
            self.lost.add(LOOKUP if slot.kind == "lookup" else MOMENT)
            self.env.add((slot.kind,))
            return
        try:
            if slot.type.name == "children":
                yield from self.rows(definition, slot, inner, back)
            else:
                yield from self.path(definition, slot.path, back)
        except Unkeepable as why:
            self.lost.add(why.message)


__all__ = ["Edge", "Kept", "KeptField", "KeptTitle", "Node", "Reach", "Step", "reach", "wrong"]
