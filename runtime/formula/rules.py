"""The checker's part about functions with rules of their own: choices, formats, units, people, changes.

Each rule turns a call into nodes; ``calls`` knows which function has which rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from runtime.formula import aggregates, formats, operators, pattern, signatures
from runtime.formula.diagnostics import TYPE_WORDS, refuse, shown
from runtime.formula.functions.declare import TYPES, Function
from runtime.formula.moments import MONTHS, SECONDS
from runtime.formula.nodes import (
    both,
    choose,
    common,
    convert,
    either,
    literal,
    negate,
)
from runtime.formula.nodes import (
    call as make_call,
)
from runtime.formula.parse import Surface
from runtime.formula.scope import Slot
from runtime.formula.tree import Lit, Node, SlotRef
from runtime.formula.types import BOOL, NULL, TEXT, Type, ref

if TYPE_CHECKING:
    from runtime.formula.check import Checker

Span = tuple[int, int]
ORDERED = ("number", "date", "datetime", "duration")
DATE_UNITS = ("year", "quarter", "month", "week", "day")
UNITS: dict[str, tuple[str, ...]] = {
    "DATEADD": DATE_UNITS,
    "DATEADD.DT": (*DATE_UNITS, "hour", "minute", "second"),
    "STARTOF": ("week", "month", "quarter", "year"),
    "STARTOF.DT": ("day", "week", "month", "quarter", "year"),
    "DURATION": tuple(SECONDS),
    "INUNIT": tuple(SECONDS),
    "DATEDIF": ("D", "W", "M", "Y"),
    "DATEDIF.DT": ("D", "W", "M", "Y", "h", "m", "s"),
}
LONG_UNITS = {"day": "D", "week": "W", "month": "M", "year": "Y", "hour": "h", "minute": "m", "second": "s"}


# -- deciding --------------------------------------------------------------------------------------


def joined(c: Checker, nodes: Sequence[Node], span: Span) -> tuple[list[Node], Type]:
    """All nodes in their least common type; an error names the first that does not fit."""
    t = common([node.t for node in nodes])
    if t is None:
        base = next(node for node in nodes if node.t.name != "null")
        bad = next(n for n in nodes if common([base.t, n.t]) is None)
        where = ("All results of one choice must be of one type; this", "同一选择的各结果类型必须一致；此处")
        raise c.type_error(bad, base.t.name, where)
    if t.name == "children":
        raise refuse("E_PATH_TOMANY", span, {"name": TYPE_WORDS["children"][0]})
    out = []
    for node in nodes:
        converted = convert(node, t) if t.name != "null" else node
        assert converted is not None
        out.append(converted)
    return out, t


def conditional(c: Checker, parts: Sequence[Surface], span: Span) -> Node:
    """IF(c, a, b), also written ``a if c else b``."""
    nodes = c.many(parts)
    condition = c.condition(nodes[0])
    arms = list(nodes[1:])
    if len(arms) == 1:
        arms.append(literal(None, NULL, span))
    (a, b), t = joined(c, arms, span)
    if isinstance(condition, Lit):
        c.report("W_ALWAYS_TRUE" if condition.value else "W_ALWAYS_FALSE", condition.pos)
    return choose(condition, a, b, t, span)


def rule_if(c: Checker, fn: Function, surface: Surface) -> Node:
    return conditional(c, surface.parts, surface.span)


def rule_ifs(c: Checker, fn: Function, surface: Surface) -> Node:
    if len(surface.parts) % 2:
        params = {"name": fn.name, "want": "2, 4, 6, …", "got": len(surface.parts), "signature": fn.signature}
        raise refuse("E_ARITY", surface.span, params)
    nodes = c.many(surface.parts)
    conditions = [c.condition(node) for node in nodes[::2]]
    values, t = joined(c, [*nodes[1::2], literal(None, NULL, surface.span)], surface.span)
    result = values[-1]
    for condition, value in zip(reversed(conditions), reversed(values[:-1]), strict=True):
        result = choose(condition, value, result, t, surface.span)
    return result


def rule_switch(c: Checker, fn: Function, surface: Surface) -> Node:
    nodes = c.many(surface.parts)
    subject, rest = nodes[0], nodes[1:]
    default = rest[-1] if len(rest) % 2 else literal(None, NULL, surface.span)
    cases, results = rest[0 : len(rest) // 2 * 2 : 2], rest[1::2][: len(rest) // 2]
    values, t = joined(c, [*results, default], surface.span)
    result = values[-1]
    for case, value in zip(reversed(cases), reversed(values[:-1]), strict=True):
        test = operators.comparison(c, "==", subject, case, case.pos)
        result = choose(test, value, result, t, surface.span)
    return result


def rule_and(c: Checker, fn: Function, surface: Surface) -> Node:
    return both([c.condition(node) for node in c.many(surface.parts)], surface.span)


def rule_or(c: Checker, fn: Function, surface: Surface) -> Node:
    return either([c.condition(node) for node in c.many(surface.parts)], surface.span)


def rule_not(c: Checker, fn: Function, surface: Surface) -> Node:
    return negate(c.condition(c.many(surface.parts)[0]))


def rule_isblank(c: Checker, fn: Function, surface: Surface) -> Node:
    return operators.isblank(c, c.many(surface.parts)[0], surface.span)


def rule_coalesce(c: Checker, fn: Function, surface: Surface) -> Node:
    nodes = c.many(surface.parts)
    values, t = joined(c, nodes, surface.span)
    if t.name == "bool":
        operators.isblank(c, values[0], surface.span)
    if t.name == "null" or len(values) == 1:
        return values[0]
    key = {"text": "COALESCE.T", "list": "COALESCE.L"}.get(t.name, "COALESCE")
    return make_call(key, values, surface.span, t)


def rule_between(c: Checker, fn: Function, surface: Surface) -> Node:
    x, low, high = c.many(surface.parts)
    tests = [operators.comparison(c, op, x, bound, surface.span) for op, bound in ((">=", low), ("<=", high))]
    return both(tests, surface.span)


def rule_exact(c: Checker, fn: Function, surface: Surface) -> Node:
    args = c.many(surface.parts)
    for index, arg in enumerate(args):
        if arg.t.name not in ("text", "choice", "null"):
            raise c.type_error(arg, "text", (f"Argument {index + 1} of EXACT", f"EXACT 的第 {index + 1} 个参数"))
    return operators.comparison(c, "==", args[0], args[1], surface.span)


# -- numbers and text ------------------------------------------------------------------------------


def least(c: Checker, fn: Function, surface: Surface) -> Node:
    """MIN and MAX, of values or of other records."""
    if aggregates.wanted(c, surface):
        return aggregates.aggregate(c, fn, surface)
    nodes = c.many(surface.parts)
    for number, node in enumerate(nodes, 1):
        if node.t.name not in (*ORDERED, "null"):
            where = (f"Argument {number} of {fn.name}", f"{fn.name} 的第 {number} 个参数")
            raise c.type_error(node, "number", where)
    values, t = joined(c, nodes, surface.span)
    if t.name == "null":
        values, t = [literal(None, TYPES["n"], surface.span)], TYPES["n"]
    return make_call(f"{fn.name}.V", values, surface.span, t)


def aggregate_or_scalar(c: Checker, fn: Function, surface: Surface) -> Node:
    """SUM, AVG, JOIN and the rest: over records when argument 1 is a set of them."""
    if aggregates.wanted(c, surface):
        return aggregates.aggregate(c, fn, surface)
    nodes = c.many(surface.parts)
    if not fn.impls:
        return aggregates.not_a_set(c, fn, nodes, surface)
    if fn.name == "JOIN" and len(nodes) > 2:
        params = {"name": "JOIN", "want": "1-2", "got": len(nodes), "signature": fn.signature}
        raise refuse("E_ARITY", surface.span, params)
    return signatures.overloaded(c, fn, nodes, surface.span)


def rule_concat(c: Checker, fn: Function, surface: Surface) -> Node:
    return operators.concat(c, c.many(surface.parts), surface.span)


def rule_rept(c: Checker, fn: Function, surface: Surface) -> Node:
    node = signatures.overloaded(c, fn, c.many(surface.parts), surface.span)
    count = getattr(node, "args")[1]  # noqa: B009 - the node is a Call here
    if isinstance(count, Lit) and isinstance(count.value, Decimal) and count.value >= 1001:
        c.report("W_TEXT_LIMIT", count.pos, {"max": 1000})
    return node


def rule_matches(c: Checker, fn: Function, surface: Surface) -> Node:
    node = signatures.overloaded(c, fn, c.many(surface.parts), surface.span)
    source = getattr(node, "args")[1]  # noqa: B009
    try:
        pattern.machine(source.value)
    except pattern.BadPattern as error:
        raise refuse("E_BAD_REGEX", source.pos, {"why": error.args[0], "why_zh": error.args[1]}) from None
    return node


def rule_text(c: Checker, fn: Function, surface: Surface) -> Node:
    x, shape = c.many(surface.parts)
    if not isinstance(shape, Lit) or shape.t.name != "text":
        raise refuse("E_NOT_CONST", shape.pos, {"name": "TEXT", "want": "a text", "want_zh": "文本"})
    if x.t.name == "null":
        return literal("", TEXT, surface.span)
    kind = x.t.name
    if kind not in ("number", "date", "datetime", "duration", "bool"):
        where = ("Argument 1 of TEXT", "TEXT 的第 1 个参数")
        hint = ("TEXT formats numbers, dates, durations and true/false.", "TEXT 用于数字、日期、时长和真假值。")
        raise c.type_error(x, "number", where, hint)
    try:
        parts = formats.parse(kind, shape.value)
    except formats.BadFormat as error:
        params = {"found": shown(shape.value), "why": error.args[0], "why_zh": error.args[1]}
        raise refuse("E_BAD_FORMAT", shape.pos, params) from None
    literals = [literal(part, _literal_type(part), shape.pos) for part in parts]
    if kind == "bool":
        return choose(x, literals[0], literals[1], TEXT, surface.span)
    key = {"number": "TEXT.N", "date": "TEXT.D", "datetime": "TEXT.DT", "duration": "TEXT.DUR"}[kind]
    return make_call(key, (x, *literals), surface.span)


def _literal_type(value: object) -> Type:
    if isinstance(value, bool):
        return BOOL
    return TYPES["n"] if isinstance(value, Decimal) else TEXT


def rule_optionlabel(c: Checker, fn: Function, surface: Surface) -> Node:
    (x,) = c.many(surface.parts)
    if x.t.name == "null":
        return literal("", TEXT, surface.span)
    slots = c.frame.slots if not isinstance(x, SlotRef) or x.level == 0 else c.top.slots
    if x.t.name != "choice" or not isinstance(x, SlotRef):
        hint = ("Give it a field with options.", "请传入选项字段。")
        raise c.type_error(x, "choice", ("OPTIONLABEL", "OPTIONLABEL"), hint)
    slot = slots[x.index]
    owner = slot.hops[-1] if slot.hops else (c.frame if x.level == 0 else c.top).scope.object
    return make_call("OPTIONLABEL", (x, literal(f"{owner}.{slot.path[-1]}", TEXT, surface.span)), surface.span)


# -- dates -----------------------------------------------------------------------------------------


def rule_unit(c: Checker, fn: Function, surface: Surface) -> Node:
    """Functions whose last argument is a written-out unit."""
    args = c.many(surface.parts)
    unit = args[-1]
    if {arg.t.name for arg in args[:-1]} >= {"date", "datetime"}:
        hint = ("Use DATEVALUE(…).", "请用 DATEVALUE(…)。")
        bad = next(arg for arg in args if arg.t.name == "datetime")
        raise c.type_error(bad, "date", (fn.name, fn.name), hint)
    if unit.t.name == "text" and not isinstance(unit, Lit):
        raise refuse("E_NOT_CONST", unit.pos, {"name": fn.name, "want": "a text", "want_zh": "文本"})
    impl = signatures.choose_impl(c, fn, args, surface.span)
    allowed = UNITS[impl.key]
    if isinstance(unit, Lit) and isinstance(unit.value, str):
        known = _unit(fn.name, unit.value)
        if known not in allowed:
            params = {"found": shown(unit.value), "name": fn.name, "allowed": ", ".join(f"'{u}'" for u in allowed)}
            raise refuse("E_BAD_UNIT", unit.pos, params)
        args = [*args[:-1], literal(known, TEXT, unit.pos)]
    return make_call(impl.key, signatures.arguments(c, fn, impl, args, surface.span), surface.span)


def _unit(name: str, text: str) -> str:
    lower = text.lower()
    singular = lower.removesuffix("s") if len(lower) > 2 else lower
    if name == "DATEDIF":
        return LONG_UNITS.get(singular, text)
    return singular if singular in SECONDS or singular in MONTHS else text


def rule_weektype(c: Checker, fn: Function, surface: Surface) -> Node:
    node = signatures.overloaded(c, fn, c.many(surface.parts), surface.span)
    kind = getattr(node, "args")[1]  # noqa: B009
    allowed = (1, 2) if fn.name == "WEEKDAY" else (1, 2, 11, 12, 13, 14, 15, 16, 17, 21)
    if kind.value not in [Decimal(n) for n in allowed]:
        words = ", ".join(map(str, allowed))
        raise refuse("E_BAD_LITERAL", kind.pos, {"found": str(kind.value), "name": fn.name, "allowed": words})
    return node


def rule_env(c: Checker, fn: Function, surface: Surface) -> Node:
    return c.environment((fn.name,), surface.span, fn.name)


# -- lists, people, changes ------------------------------------------------------------------------


def rule_has(c: Checker, fn: Function, surface: Surface) -> Node:
    items, x = c.many(surface.parts)
    if items.t.name != "list":
        raise c.type_error(items, "list", ("Argument 1 of HAS", "HAS 的第 1 个参数"))
    return operators.has(c, items, x, surface.span)


def rule_hasrole(c: Checker, fn: Function, surface: Surface) -> Node:
    (role,) = c.many(surface.parts)
    if not isinstance(role, Lit) or role.t.name != "text":
        raise refuse("E_NOT_CONST", role.pos, {"name": "HASROLE", "want": "a text", "want_zh": "文本"})
    roles = c.environment(("USER", "roles"), surface.span, "HASROLE")
    return make_call("HAS", (roles, role), surface.span)


def _own_slot(c: Checker, fn: Function, surface: Surface, kind: str) -> Slot:
    part = surface.parts[0]
    names = part.names if part.kind == "path" else ((part.token,) if part.token is not None else ())
    if part.kind not in ("name", "path") or len(names) != 1:
        hint = ("Give it the name of an own field.", "请传入本对象的字段名。")
        node = c.many((part,))[0]
        raise c.type_error(node, node.t.name, (fn.name, fn.name), hint)
    slot, _scope = c.resolve(c.top, [name for name in names if name is not None])
    if slot.type.name == "children":
        raise refuse("E_PATH_TOMANY", part.span, {"name": shown(names[0].value if names[0] else "")})
    if kind == "old":
        return Slot("old", slot.path, slot.type, slot.nullable)
    return Slot("meta", ("ISCHANGED", slot.path[0]), BOOL, False)


def rule_old(c: Checker, fn: Function, surface: Surface) -> Node:
    return c.slot(c.top, _own_slot(c, fn, surface, "old"), surface.span)


def rule_changed(c: Checker, fn: Function, surface: Surface) -> Node:
    return c.slot(c.top, _own_slot(c, fn, surface, "changed"), surface.span)


def rule_meta(c: Checker, fn: Function, surface: Surface) -> Node:
    if c.context == "measure":
        raise refuse("E_MEASURE_FIELD", surface.span, {"name": fn.name})
    if fn.name == "RECORDID":
        return c.slot(c.top, Slot("field", ("id",), ref(c.top.scope.object), False), surface.span)
    return c.slot(c.top, Slot("meta", (fn.name,), BOOL, False), surface.span)
