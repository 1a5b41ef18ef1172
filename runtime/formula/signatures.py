"""The checker's part about signatures: which primitive fits the arguments, and what they become for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.formula.diagnostics import TYPE_WORDS, refuse
from runtime.formula.functions.declare import TYPES, Function, Impl, Param, default_value
from runtime.formula.nodes import (
    call as make_call,
)
from runtime.formula.nodes import (
    convert,
    fits,
    literal,
)
from runtime.formula.tree import Lit, Node
from runtime.formula.types import DATE

if TYPE_CHECKING:
    from runtime.formula.check import Checker

Span = tuple[int, int]


def overloaded(c: Checker, fn: Function, args: Sequence[Node], span: Span) -> Node:
    """The first primitive that fits the arguments."""
    impl = choose_impl(c, fn, args, span)
    given = arguments(c, fn, impl, args, span)
    if impl.key == "DATE":
        values = [arg.value for arg in given if isinstance(arg, Lit) and arg.value is not None]
        day = impl.python(*values) if len(values) == 3 else None
        if day is not None:
            return literal(day, DATE, span)
    return make_call(impl.key, given, span)


def choose_impl(c: Checker, fn: Function, args: Sequence[Node], span: Span) -> Impl:
    """The primitive whose parameters take these arguments, or an error about the first that does not fit."""
    best: tuple[int, Impl] | None = None
    for impl in fn.impls:
        wanted = spread(impl.params, len(args))
        bad = next((i for i, (p, a) in enumerate(zip(wanted, args, strict=False)) if not fits(a, p.code)), None)
        if bad is None:
            return impl
        if best is None or bad > best[0]:
            best = (bad, impl)
    assert best is not None
    index, impl = best
    param = spread(impl.params, len(args))[index]
    wants = {spread(i.params, len(args))[index].code for i in fn.impls if len(spread(i.params, len(args))) > index}
    want = "date" if param.code == "day" else TYPES[param.code].name
    number = index + 1
    where = (f"Argument {number} ({param.name}) of {fn.name}", f"{fn.name} 的第 {number} 个参数（{param.name}）")
    got = args[index].t.name
    hints = {
        ("text", "number"): ("Use TEXT(…, format).", "请用 TEXT(…, 格式)。"),
        ("number", "text"): ("Use VALUE(…).", "请用 VALUE(…)。"),
        ("date", "text"): ("Use DATEVALUE(…).", "请用 DATEVALUE(…)。"),
        ("date", "datetime"): ("Use DATEVALUE(…).", "请用 DATEVALUE(…)。"),
        ("date", "number"): (
            "A number is not a date; use DATE(year, month, day).",
            "数字不是日期；请用 DATE(年, 月, 日)。",
        ),
        ("number", "date"): ("Subtract two dates to get days.", "两个日期相减可得天数。"),
        ("number", "duration"): ("Use INUNIT(…, 'hour').", "请用 INUNIT(…, 'hour')。"),
    }
    hint = hints.get((want, got), ("", ""))
    if len(wants) > 1 and not hint[0]:
        hint = (f"Signature: {fn.signature}.", f"用法：{fn.signature}。")
    raise c.type_error(args[index], want, where, hint)


def spread(params: Sequence[Param], count: int) -> list[Param]:
    """The parameters for so many arguments, the repeated one repeated."""
    out = [p for p in params if not p.many]
    many = next((p for p in params if p.many), None)
    while many is not None and len(out) < count:
        out.append(many)
    return out


def arguments(c: Checker, fn: Function, impl: Impl, args: Sequence[Node], span: Span) -> list[Node]:
    """The arguments converted, literals checked, missing ones filled in."""
    wanted = spread(impl.params, len(args))
    out: list[Node] = []
    for index, param in enumerate(wanted):
        if index >= len(args):
            if param.default is None:
                continue
            out.append(literal(default_value(param), TYPES[param.code], span))
            continue
        node = args[index]
        if param.const and not (isinstance(node, Lit) and node.value is not None):
            words = TYPE_WORDS[TYPES[param.code].name]
            raise refuse("E_NOT_CONST", node.pos, {"name": fn.name, "want": words[0], "want_zh": words[1]})
        if param.code == "day" and node.t.name == "datetime":
            out.append(make_call("LOCALDATE", (node,), node.pos))
        elif param.code == "x":
            out.append(node)
        elif param.code == "L":
            out.append(node if node.t.name == "list" else literal((), TYPES["L"], node.pos))
        else:
            converted = convert(node, TYPES[param.code])
            assert converted is not None
            out.append(converted)
    return out
