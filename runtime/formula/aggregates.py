"""The checker's part about summaries of other records: children, looked-up objects, the set of a measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from runtime.formula.diagnostics import TYPE_WORDS, refuse
from runtime.formula.functions.declare import Function
from runtime.formula.nodes import number_type
from runtime.formula.operators import to_text
from runtime.formula.parse import Surface
from runtime.formula.scope import Scope, Slot
from runtime.formula.tree import Agg, And, Cmp, Lit, Node, SlotRef, Txt0
from runtime.formula.types import BOOL, TEXT, Type, children, ref

if TYPE_CHECKING:
    from runtime.formula.check import Checker, Frame
    from runtime.formula.normalise import Token

MAX_AGGREGATES = 5
ORDERED = ("number", "date", "datetime", "duration")
#: Contexts whose formulas forms compute while somebody types.
FORMS = ("computed", "virtual", "default", "validation", "condition")
CRITERIA = ("ANY", "ALL", "COUNT", "COUNTD")
MEASURES = ("SUM", "AVG", "MIN", "MAX", "COUNT", "COUNTD")
# argument names after the set, in order
SHAPES: dict[str, tuple[str, ...]] = {
    "SUM": ("value", "where"),
    "AVG": ("value", "where"),
    "MIN": ("value", "where"),
    "MAX": ("value", "where"),
    "COUNT": ("where",),
    "COUNTD": ("value", "where"),
    "ANY": ("where",),
    "ALL": ("where",),
    "JOIN": ("value", "sep", "where"),
    "FIRST": ("value", "order", "where"),
    "LAST": ("value", "order", "where"),
}


def wanted(c: Checker, surface: Surface) -> bool:
    """True when argument 1 stands for a set of records, or a measure ranges over its own set."""
    if c.context == "measure" and not c.in_aggregate:
        assert surface.token is not None
        return surface.token.value.upper() == "COUNT" or len(surface.parts) == 1
    return bool(surface.parts) and split(c, surface.parts[0]) is not None


def split(c: Checker, part: Surface) -> tuple[Frame, tuple[Token, ...], tuple[Token, ...]] | None:
    """The frame, the path to a set of records and the path inside its rows; None when it is no set."""
    if part.kind == "path":
        names = part.names
    elif part.kind == "name" and part.token is not None:
        names = (part.token,)
    else:
        return None
    frame = c.frame
    first = names[0]
    if not first.braced and first.value in ("PARENT", "ROW"):
        named = c.named_frame(first.value)
        if named is None:
            return None
        frame, names = named, names[1:]
    scope: Scope | None = frame.scope
    for number, token in enumerate(names):
        member = scope.member(token.value) if scope is not None else None
        if member is None or scope is None:
            return None
        if member.type.name == "children":
            return frame, tuple(names[: number + 1]), tuple(names[number + 1 :])
        scope = scope.target(member) if member.type.name == "ref" else None
    return None


def not_a_set(c: Checker, fn: Function, nodes: list[Node], surface: Surface) -> Node:
    """COUNT, ANY and the rest need a set of records."""
    where = (f"Argument 1 of {fn.name}", f"{fn.name} 的第 1 个参数")
    if not nodes:
        params = {"name": fn.name, "want": "1+", "got": 0, "signature": fn.signature}
        raise refuse("E_ARITY", surface.span, params)
    raise c.type_error(nodes[0], "children", where, (f"Signature: {fn.signature}.", f"用法：{fn.signature}。"))


def _guard(c: Checker, fn: Function, surface: Surface) -> None:
    if c.in_aggregate:
        raise refuse("E_NESTED_AGG", surface.span, {"name": fn.name, "object": c.frame.scope.object})
    if c.context == "criteria" and fn.name not in CRITERIA:
        why = ("access rules may only use ANY, ALL, COUNT and COUNTD.", "权限条件只能使用 ANY、ALL、COUNT 和 COUNTD。")
        raise refuse("E_CONTEXT_AGG", surface.span, {"name": fn.name, "why": why[0], "why_zh": why[1]})
    if c.context == "default":
        why = ("a new record has no other records yet.", "新记录还没有相关记录。")
        raise refuse("E_CONTEXT_AGG", surface.span, {"name": fn.name, "why": why[0], "why_zh": why[1]})
    c.aggregates += 1
    if c.aggregates > MAX_AGGREGATES:
        raise refuse("E_LIMIT_AGGREGATES", surface.span, {"max": MAX_AGGREGATES})


def aggregate(c: Checker, fn: Function, surface: Surface) -> Node:
    """A summary of children, or of the set in a measure."""
    _guard(c, fn, surface)
    if c.context == "measure":
        return _measure(c, fn, surface)
    found = split(c, surface.parts[0])
    assert found is not None
    frame, path, rest = found
    slot, scope = c.resolve(frame, path)
    member = scope.member(path[-1].value)
    target = scope.target(member) if member is not None else None
    if target is None or member is None:
        raise refuse("E_UNKNOWN_FIELD", surface.parts[0].span, {"name": path[-1].value})
    index = c.top.index(replace(slot, root=""))
    if not member.indexed:
        why = ("the link to this record has no index.", "指向本记录的关联没有索引。")
        slow(c, fn.name, target.object, surface.parts[0].span, why)
    if len(slot.path) > 1:
        far(c, fn.name, surface.parts[0].span)
    shape = [*SHAPES[fn.name]]
    args = dict(zip(_names(fn, shape, rest, surface), surface.parts[1:], strict=False))
    inner = _frame(c, index, target)
    return _within(c, inner, lambda: _build(c, fn, surface, index, rest, args))


def _names(fn: Function, shape: list[str], rest: tuple[Token, ...], surface: Surface) -> list[str]:
    """The names of the arguments after the set; with ``lines.amount`` the value is given already."""
    names = [name for name in shape if not (rest and name == "value")]
    if len(surface.parts) - 1 > len(names):
        want = f"1-{len(names) + 1}"
        params = {"name": fn.name, "want": want, "got": len(surface.parts), "signature": fn.signature}
        raise refuse("E_ARITY", surface.span, params)
    return names


def _frame(c: Checker, index: int, target: Scope) -> Frame:
    """The frame of the rows in input ``index``; several summaries of the same rows share it."""
    if index not in c.inner:
        frame_class = type(c.top)
        c.inner[index] = frame_class(target, "child", c.top)
    return c.inner[index]


def _within(c: Checker, frame: Frame, build: Callable[[], Node]) -> Node:
    saved, c.frame, c.in_aggregate = c.frame, frame, True
    try:
        return build()
    finally:
        c.frame, c.in_aggregate = saved, False


def _build(
    c: Checker, fn: Function, surface: Surface, index: int, rest: tuple[Token, ...], args: dict[str, Surface]
) -> Node:
    value: Node | None = None
    if rest:
        value = c.follow(c.frame, rest, surface.parts[0].span)
    elif "value" in args:
        value = c.many((args["value"],))[0]
    where = c.condition(c.many((args["where"],))[0]) if "where" in args else None
    order = _ordered(c, fn, c.many((args["order"],))[0]) if "order" in args else None
    sep = ","
    if "sep" in args:
        node = c.many((args["sep"],))[0]
        if not isinstance(node, Lit) or node.t.name != "text":
            raise refuse("E_NOT_CONST", node.pos, {"name": fn.name, "want": "a text", "want_zh": "文本"})
        sep = node.value
    _complete(c, fn, surface, value, where, order)
    key = -1
    if fn.name in ("FIRST", "LAST", "JOIN"):
        key = c.frame.index(Slot("field", ("id",), ref(c.frame.scope.object), False, c.frame.root))
    return finish(
        c,
        fn,
        surface,
        Agg(
            t=TEXT,
            nul=False,
            pos=surface.span,
            kind=fn.name,
            rows=index,
            value=value,
            where=where,
            order=order,
            sep=sep if fn.name == "JOIN" else "",
            key=key,
        ),
    )


def _complete(
    c: Checker, fn: Function, surface: Surface, value: Node | None, where: Node | None, order: Node | None
) -> None:
    """Refuses a summary with a needed argument missing."""
    needs_value = fn.name not in ("COUNT", "ANY", "ALL")
    missing = (needs_value and value is None) or (fn.name in ("ANY", "ALL") and where is None)
    if missing or (fn.name in ("FIRST", "LAST") and order is None):
        params = {"name": fn.name, "want": "2+", "got": len(surface.parts), "signature": fn.signature}
        raise refuse("E_ARITY", surface.span, params)


def _ordered(c: Checker, fn: Function, node: Node) -> Node:
    if node.t.name not in (*ORDERED, "text", "choice"):
        where = (f"The order of {fn.name}", f"{fn.name} 的排序")
        raise c.type_error(node, "number", where)
    return node


def finish(c: Checker, fn: Function, surface: Surface, node: Agg) -> Node:
    """The summary with its result type."""
    value = node.value
    where = (f"The value of {fn.name}", f"{fn.name} 的取值")
    t, nul, fault = number_type(10, 0), False, False
    match fn.name:
        case "SUM" | "AVG":
            assert value is not None
            if value.t.name == "duration" and fn.name == "SUM":
                return replace(node, t=value.t, nul=True, fault=True)
            if value.t.name != "number":
                raise c.type_error(value, "number", where)
            t, nul, fault = Type("number"), True, fn.name == "SUM"
        case "MIN" | "MAX":
            assert value is not None
            if value.t.name not in ORDERED:
                raise c.type_error(value, "number", where)
            t, nul, fault = value.t, True, value.fault
        case "ANY" | "ALL":
            t = BOOL
        case "JOIN":
            assert value is not None
            return replace(node, t=TEXT, value=to_text(c, value))
        case "FIRST" | "LAST" | "LOOKUP":
            assert value is not None
            t, nul, fault = value.t, value.t.name not in ("text", "bool", "list"), value.fault
            if t.name == "null":
                raise c.type_error(value, "number", where)
    return replace(node, t=t, nul=nul, fault=fault)


def _measure(c: Checker, fn: Function, surface: Surface) -> Node:
    if fn.name not in MEASURES:
        why = (
            "measures may use SUM, COUNT, COUNTD, AVG, MIN and MAX.",
            "指标可使用 SUM、COUNT、COUNTD、AVG、MIN 和 MAX。",
        )
        raise refuse("E_CONTEXT_AGG", surface.span, {"name": fn.name, "why": why[0], "why_zh": why[1]})
    if len(surface.parts) > 1:
        params = {"name": fn.name, "want": "0-1", "got": len(surface.parts), "signature": f"{fn.name}(value)"}
        raise refuse("E_ARITY", surface.span, params)
    c.in_aggregate = True
    try:
        value = c.many(surface.parts)[0] if surface.parts else None
    finally:
        c.in_aggregate = False
    node = Agg(t=TEXT, nul=False, pos=surface.span, kind=fn.name, rows=-1, value=value)
    if fn.name == "COUNT" and value is not None and value.t.name == "bool":
        node = replace(node, value=None, where=value)
    return finish(c, fn, surface, node)


def slow(c: Checker, name: str, target: str, span: tuple[int, int], why: tuple[str, str]) -> None:
    """Warn of a summary that no index helps."""
    c.report("W_SLOW", span, {"name": name, "object": target, "why": why[0], "why_zh": why[1]})


def far(c: Checker, name: str, span: tuple[int, int]) -> None:
    """Tell, where forms use the formula, that only the server can compute it."""
    if c.context in FORMS:
        c.report("E_NOT_IN_BROWSER", span, {"name": name})


def found_by_index(where: Node, frame: Frame) -> bool:
    """True when the condition asks an indexed field of the row for one value."""
    indexed = {one.key for one in frame.scope.members() if one.indexed}
    for test in where.items if isinstance(where, And) else (where,):
        for side in (test.a, test.b) if isinstance(test, Cmp) and test.op == "==" else ():
            bare = side.a if isinstance(side, Txt0) else side
            if isinstance(bare, SlotRef) and bare.level == 0 and frame.slots[bare.index].path[0] in indexed:
                return len(frame.slots[bare.index].path) == 1
    return False


def lookup(c: Checker, fn: Function, surface: Surface) -> Node:
    """LOOKUP('object', where, value, order): bare names in ``where`` are the outer record's, ROW the row."""
    _guard(c, fn, surface)
    if c.context in ("measure", "condition"):
        why = ("it needs the server.", "需要在服务器上计算。")
        raise refuse("E_CONTEXT_AGG", surface.span, {"name": fn.name, "why": why[0], "why_zh": why[1]})
    name = c.many(surface.parts[:1])[0]
    if not isinstance(name, Lit) or name.t.name != "text":
        words = TYPE_WORDS["text"]
        raise refuse("E_NOT_CONST", name.pos, {"name": "LOOKUP", "want": words[0], "want_zh": words[1]})
    target = c.top.scope.lookup(name.value)
    if target is None:
        raise refuse("E_UNKNOWN_OBJECT", name.pos, {"name": name.value})
    index = c.top.index(Slot("lookup", (target.object,), children(target.object), False))
    frame = _frame(c, index, target)

    def build() -> Node:
        frame.bare = False
        where = c.condition(c.many(surface.parts[1:2])[0])
        frame.bare = True
        if not found_by_index(where, frame):
            why = ("its condition compares no indexed field with ==.", "其条件没有用 == 比较带索引的字段。")
            slow(c, fn.name, target.object, surface.parts[1].span, why)
        far(c, fn.name, surface.span)
        value = c.many(surface.parts[2:3])[0]
        order = _ordered(c, fn, c.many(surface.parts[3:4])[0]) if len(surface.parts) > 3 else None
        key = frame.index(Slot("field", ("id",), ref(target.object), False, "child"))
        return finish(
            c,
            fn,
            surface,
            Agg(
                t=TEXT,
                nul=False,
                pos=surface.span,
                kind="LOOKUP",
                rows=index,
                value=value,
                where=where,
                order=order,
                key=key,
            ),
        )

    return _within(c, frame, build)
