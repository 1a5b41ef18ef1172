"""Makers of nodes and the type arithmetic behind them: common types, number bounds, coalescing.

Nothing here reports an error; it answers None where types do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.formula.env import uuid_text
from runtime.formula.functions.declare import TYPES
from runtime.formula.functions.registry import IMPLS
from runtime.formula.tree import And, Call, If, Lit, Node, Not, Num0, Or, Txt0
from runtime.formula.types import BOOL, NULL, NUMBER, TEXT, Type

Span = tuple[int, int]
NEVER_NULL = ("text", "bool", "list")
BLANKS: dict[str, Any] = {"text": "", "bool": False, "list": ()}


def number_type(digits: int, scale: int) -> Type:
    """A number with at most so many whole and fraction digits."""
    return Type("number", digits=digits, scale=scale)


def literal(value: Any, t: Type, pos: Span) -> Lit:
    """A constant; None is the type's blank."""
    if value is None and t.name in BLANKS:
        value = BLANKS[t.name]
    if isinstance(value, Decimal) and t.name == "number":
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        t = number_type(max(0, len(value.as_tuple().digits) + exponent), max(0, -exponent))
    return Lit(t=t, nul=value is None, pos=pos, value=value)


def call(key: str, args: Sequence[Node], pos: Span, t: Type | None = None) -> Node:
    """A call of a primitive with its nullability worked out."""
    found = IMPLS[key]
    result = t or TYPES[found.result]
    if result.name == "number" and t is None and found.bounds is not None:
        bounds = found.bounds if isinstance(found.bounds, tuple) else found.bounds(args)
        result = number_type(*bounds)
    faults = found.faults(args) if callable(found.faults) else found.faults
    edge = found.edge(args) if callable(found.edge) else found.edge
    fault = faults or any(arg.fault for arg in args)
    nul = faults or edge or (found.strict and any(arg.nul for arg in args))
    if not found.strict and result.name not in NEVER_NULL and key in ("MIN.V", "MAX.V", "COALESCE", "AVG.V", "PRODUCT"):
        nul = faults or all(arg.nul for arg in args)
    if result.name in NEVER_NULL:
        nul, fault = False, False
    return Call(t=result, nul=nul, fault=fault, pos=pos, fn=key, args=tuple(args))


def negate(node: Node) -> Node:
    """The opposite of a condition."""
    if isinstance(node, Not):
        return node.a
    return Not(t=BOOL, nul=False, pos=node.pos, a=node)


def both(items: Sequence[Node], pos: Span) -> Node:
    """All conditions, nested ANDs flattened."""
    flat = [inner for item in items for inner in (item.items if isinstance(item, And) else (item,))]
    return flat[0] if len(flat) == 1 else And(t=BOOL, nul=False, pos=pos, items=tuple(flat))


def either(items: Sequence[Node], pos: Span) -> Node:
    """Any of the conditions, nested ORs flattened."""
    flat = [inner for item in items for inner in (item.items if isinstance(item, Or) else (item,))]
    return flat[0] if len(flat) == 1 else Or(t=BOOL, nul=False, pos=pos, items=tuple(flat))


def choose(c: Node, a: Node, b: Node, t: Type, pos: Span) -> Node:
    """IF with arms already of one type."""
    return If(t=t, nul=a.nul or b.nul, fault=a.fault or b.fault, pos=pos, c=c, a=a, b=b)


def zero(node: Node) -> Node:
    """The number, with blank data read as 0; a possible fault stays (override 9)."""
    if isinstance(node, Lit) and node.value is None:
        return literal(Decimal(0), NUMBER, node.pos)
    if node.nul and not node.fault:
        return Num0(t=node.t, nul=False, pos=node.pos, a=node)
    return node


def as_text(node: Node) -> Node | None:
    """The node as text where ``&`` allows it, else None."""
    match node.t.name:
        case "text":
            return node
        case "number":
            return call("N2T", (node,), node.pos)
        case "date":
            return call("D2T", (node,), node.pos)
        case "bool":
            return call("B2T", (node,), node.pos)
        case "choice" | "ref":
            return plain_text(node)
        case "null":
            return literal("", TEXT, node.pos)
    return None


def plain_text(node: Node) -> Node:
    """A choice or reference as text."""
    if isinstance(node, Lit):
        return literal(node.value or "", TEXT, node.pos)
    return Txt0(t=TEXT, nul=False, pos=node.pos, a=node)


def common(types: Sequence[Type]) -> Type | None:
    """The least common type, or None."""
    found = NULL
    for t in types:
        joined = _pair(found, t)
        if joined is None:
            return None
        found = joined
    return found


def _pair(a: Type, b: Type) -> Type | None:
    if a.name == "null":
        return b
    if b.name == "null" or a == b:
        return a
    if {a.name, b.name} <= {"text", "choice"}:
        return TEXT
    if a.name != b.name:
        return None
    if a.name == "number":
        return number_type(max(a.digits, b.digits), max(a.scale, b.scale))
    if a.name == "ref":
        return a if a.of == b.of else None
    if a.name == "list":
        item = _pair(a.item or TEXT, b.item or TEXT)
        return replace(a, item=item) if item else None
    return a if a.name != "children" else None


def convert(node: Node, t: Type) -> Node | None:
    """The node as a value of type ``t`` without loss, or None where that is not allowed."""
    name = node.t.name
    if name == "null" or (isinstance(node, Lit) and node.value is None):
        return literal(None, t, node.pos)
    if t.name == "text" and name in ("text", "choice"):
        return node if name == "text" else plain_text(node)
    if t.name == "choice" and name == "text":
        if isinstance(node, Lit):
            return literal(node.value or None, t, node.pos)
        return None
    if name != t.name:
        if t.name == "ref" and isinstance(node, Lit) and name == "text":
            key = uuid_text(node.value)
            return literal(key, t, node.pos) if key else None
        return None
    if name == "ref" and node.t.of != t.of:
        return None
    if name == "list" and _pair(node.t.item or TEXT, t.item or TEXT) is None:
        return None
    return node


def fits(node: Node, code: str) -> bool:
    """True when an argument of code ``code`` may be this node, conversions of :func:`convert` included."""
    if code == "x":
        return node.t.name != "children"
    if node.t.name == "null":
        return True
    if code == "day":
        return node.t.name in ("date", "datetime")
    if code == "L":
        return node.t.name == "list"
    if code == "t":
        return node.t.name in ("text", "choice")
    return node.t.name == TYPES[code].name


def bounded(t: Type, digits: int, scale: int) -> tuple[Type, bool, bool]:
    """The number type of an exact result, whether it must be normed, and whether it can overflow."""
    if digits <= 22 and scale <= 16:
        return number_type(digits, scale), False, False
    return number_type(min(digits, 22), min(scale, 16)), True, digits > 21
