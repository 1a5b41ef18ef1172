"""The intermediate form: what a formula means, with every implicit step written out.

Nodes are immutable and carry type, nullability and place; they turn into JSON and back. Nothing here
evaluates anything, and no text of a user appears other than as a literal value.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from runtime.formula.scope import Slot
from runtime.formula.types import Type

IR_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """``nul``: may be null. ``fault``: a null may come from a fault, not from blank data alone."""

    t: Type
    nul: bool
    pos: tuple[int, int] = (0, 0)
    fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit(Node):
    """A constant: Decimal, str, bool, date, tuple of str, or None."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRef(Node):
    """Input number ``index``; ``level`` 1 inside an aggregate means the record around the rows."""

    index: int
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvRef(Node):
    """A value of the environment, ``("NOW",)``, ``("TODAY",)``, ``("USER", "id")``."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """A primitive of the registry, by the key of its implementation."""

    fn: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class If(Node):
    c: Node
    a: Node
    b: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    a: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmp(Node):
    """A total comparison: never null (formula.md 1.3.3)."""

    op: str
    a: Node
    b: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Arith(Node):
    """``+ - * /`` on numbers; null if an operand is. ``norm``: round to 16 digits and check the range."""

    op: str
    a: Node
    b: Node
    norm: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Neg(Node):
    a: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Num0(Node):
    """The number, 0 where it is blank."""

    a: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Txt0(Node):
    """A choice or reference as text, the empty text where it is blank."""

    a: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Agg(Node):
    """A summary of the rows in input ``rows`` (of ``children`` or ``lookup`` kind), or of the set a measure
    ranges over when ``rows`` is -1. ``value``, ``where`` and ``order`` see the rows' own inputs at level 0.
    ``key`` is the input with the row's id, the last word in every order.
    """

    kind: str
    rows: int
    value: Node | None = None
    where: Node | None = None
    order: Node | None = None
    sep: str = ""
    key: int = -1


KINDS: dict[str, type[Node]] = {
    "lit": Lit,
    "slot": SlotRef,
    "env": EnvRef,
    "call": Call,
    "if": If,
    "and": And,
    "or": Or,
    "not": Not,
    "cmp": Cmp,
    "arith": Arith,
    "neg": Neg,
    "num0": Num0,
    "txt0": Txt0,
    "agg": Agg,
}
NAMES = {cls: name for name, cls in KINDS.items()}
OWN_FIELDS = {cls: tuple(f.name for f in fields(cls) if f.name not in ("t", "nul", "pos", "fault")) for cls in NAMES}


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    for name in OWN_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, aggregates included."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(parts(current))


def type_json(t: Type) -> dict[str, Any]:
    """A type as JSON, without what is default."""
    out: dict[str, Any] = {"name": t.name}
    if t.of:
        out["of"] = t.of
    if t.item:
        out["item"] = type_json(t.item)
    if t.options:
        out["options"] = list(t.options)
    if (t.digits, t.scale) != (22, 16):
        out["digits"], out["scale"] = t.digits, t.scale
    return out


def type_from(data: Mapping[str, Any]) -> Type:
    """The type of :func:`type_json`."""
    return Type(
        data["name"],
        of=data.get("of"),
        item=type_from(data["item"]) if "item" in data else None,
        options=tuple(data.get("options", ())),
        digits=data.get("digits", 22),
        scale=data.get("scale", 16),
    )


def _value_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"n": format(value, "f")}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    if isinstance(value, tuple):
        return {"l": list(value)}
    return value


def _value_from(data: Any) -> Any:
    if isinstance(data, dict):
        ((kind, value),) = data.items()
        if kind == "n":
            return Decimal(value)
        return dt.date.fromisoformat(value) if kind == "d" else tuple(value)
    return data


def to_json(node: Node, places: bool = True) -> dict[str, Any]:
    """The node as JSON data; ``places=False`` leaves out where it stood in the source."""
    out: dict[str, Any] = {"k": NAMES[type(node)], "t": type_json(node.t), "nul": node.nul}
    if node.fault:
        out["fault"] = True
    if places:
        out["pos"] = list(node.pos)
    for name in OWN_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, Node):
            out[name] = to_json(value, places)
        elif isinstance(value, tuple) and any(isinstance(item, Node) for item in value):
            out[name] = [to_json(item, places) for item in value]
        elif name == "value" and isinstance(node, Lit):
            out[name] = _value_json(value)
        elif isinstance(value, tuple):
            out[name] = list(value)
        else:
            out[name] = value
    return out


def from_json(data: Mapping[str, Any]) -> Node:
    """The node of :func:`to_json`."""
    cls = KINDS[data["k"]]
    values: dict[str, Any] = {
        "t": type_from(data["t"]),
        "nul": data["nul"],
        "fault": data.get("fault", False),
        "pos": tuple(data.get("pos", (0, 0))),
    }
    for name in OWN_FIELDS[cls]:
        value = data[name]
        if cls is Lit:
            values[name] = _value_from(value)
        elif isinstance(value, dict):
            values[name] = from_json(value)
        elif isinstance(value, list):
            values[name] = tuple(from_json(item) if isinstance(item, dict) else item for item in value)
        else:
            values[name] = value
    return cls(**values)


def slot_json(slot: Slot) -> dict[str, Any]:
    """A slot as JSON data."""
    return {
        "kind": slot.kind,
        "path": list(slot.path),
        "type": type_json(slot.type),
        "nullable": slot.nullable,
        "root": slot.root,
        "hops": list(slot.hops),
    }


def canonical_json(data: Any) -> str:
    """One spelling for equal data."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(body: Node, slots: tuple[Slot, ...], inner: Mapping[int, tuple[Slot, ...]]) -> str:
    """The content hash: equal for formulas that mean the same steps, whatever their spelling."""
    data = {
        "ir": IR_VERSION,
        "slots": [slot_json(slot) for slot in slots],
        "inner": {str(index): [slot_json(slot) for slot in group] for index, group in inner.items()},
        "body": to_json(body, places=False),
    }
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def count(node: Node) -> int:
    """How many nodes the tree has."""
    return sum(1 for _ in walk(node))


def at(node: Node, pos: tuple[int, int]) -> Node:
    """The node with another place."""
    return replace(node, pos=pos)
