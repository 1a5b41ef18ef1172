"""The checker's part about operators: which types they join, and what implicit steps that needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runtime.formula.diagnostics import TYPE_WORDS, Refused, refuse, shown
from runtime.formula.env import uuid_text
from runtime.formula.nodes import (
    as_text,
    both,
    bounded,
    call,
    common,
    either,
    literal,
    negate,
    plain_text,
    zero,
)
from runtime.formula.parse import Surface
from runtime.formula.tree import Arith, Call, Cmp, If, Lit, Neg, Node
from runtime.formula.types import BOOL, NUMBER, TEXT, Type, list_of

if TYPE_CHECKING:
    from runtime.formula.check import Checker

Span = tuple[int, int]
EQUALITY_ONLY = ("bool", "list", "ref")
TEXTUAL = ("text", "choice")
SHORT: dict[str, str] = {"date": "D", "datetime": "DT", "duration": "DUR", "number": "N"}
DATE_TEXT = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})\Z")


def unary(c: Checker, surface: Surface) -> Node:
    """``not x``, ``-x``, ``+x``."""
    (a,) = c.many(surface.parts)
    if surface.op == "not":
        return negate(c.condition(a))
    if a.t.name == "duration":
        return a if surface.op == "+" else call("-DUR", (a,), surface.span)
    if a.t.name not in ("number", "null"):
        raise c.type_error(a, "number", (f"The sign {surface.op}", f"符号 {surface.op}"))
    a = number(c, a)
    if isinstance(a, Lit) and surface.op == "-":
        return literal(a.value.copy_negate() if a.value else a.value, NUMBER, surface.span)
    return a if surface.op == "+" else Neg(t=a.t, nul=a.nul, fault=a.fault, pos=surface.span, a=a)


def number(c: Checker, node: Node) -> Node:
    """An operand as a number, blank data read as 0 when the formula says so."""
    if node.t.name == "null":
        node = literal(None, NUMBER, node.pos)
    return zero(node) if c.blank == "zero" else node


def binary(c: Checker, surface: Surface) -> Node:
    """``+ - * / &``."""
    a, b = c.many(surface.parts)
    if surface.op == "&":
        return concat(c, [a, b], surface.span)
    kinds = (a.t.name, b.t.name)
    if set(kinds) <= {"number", "null"}:
        return arithmetic(c, surface.op, a, b, surface.span)
    found = moments(c, surface.op, a, b, surface.span)
    if found is not None:
        return found
    raise _arithmetic_error(c, surface, a, b)


def moments(c: Checker, op: str, a: Node, b: Node, span: Span) -> Node | None:
    """Arithmetic with dates, instants and durations."""
    left, right = (SHORT.get(n.t.name, "N" if n.t.name == "null" else "") for n in (a, b))
    if left == "N":
        a = number(c, a)
    if right == "N":
        b = number(c, b) if op != "/" else (literal(None, NUMBER, b.pos) if b.t.name == "null" else b)
    key = f"{left}{op}{right}"
    if key in ("D+N", "D-N", "D-D", "DT-DT", "DT+DUR", "DT-DUR", "DUR+DUR", "DUR-DUR", "DUR*N", "DUR/N", "DUR/DUR"):
        return call(key, (a, b), span)
    swapped = {"N+D": "D+N", "DUR+DT": "DT+DUR", "N*DUR": "DUR*N"}.get(key)
    return call(swapped, (b, a), span) if swapped else None


def _arithmetic_error(c: Checker, surface: Surface, a: Node, b: Node) -> Refused:
    op, names = surface.op, (a.t.name, b.t.name)
    if set(names) == {"datetime", "number"} and op in "+-":
        return refuse("E_DT_PLUS_NUMBER", surface.span)
    where = (f"The sign {op}", f"符号 {op}")
    if op == "+" and set(names) & set(TEXTUAL):
        bad = a if a.t.name in TEXTUAL else b
        params = c.type_params(bad.t, "number", where, ("Join texts with &.", "连接文本请用 &。"))
        between = (surface.parts[0].span[1], surface.parts[1].span[0])
        return refuse("E_TYPE", between, params, " & ")
    if set(names) == {"date", "datetime"}:
        bad = a if a.t.name == "datetime" else b
        return c.type_error(bad, "date", where, ("Use DATEVALUE(…).", "请用 DATEVALUE(…)。"))
    bad = next((n for n in (a, b) if n.t.name not in ("number", "null")), b)
    hints = {
        "bool": ("Use IF(…, 1, 0).", "请用 IF(…, 1, 0)。"),
        "text": ("Use VALUE(…).", "请用 VALUE(…)。"),
        "date": ("A date can only be shifted with + and -.", "日期只能用 + 和 - 推移。"),
        "duration": ("Use INUNIT(…, 'hour').", "请用 INUNIT(…, 'hour')。"),
    }
    return c.type_error(bad, "number", where, hints.get(bad.t.name, ("", "")))


def arithmetic(c: Checker, op: str, a: Node, b: Node, span: Span) -> Node:
    """Exact arithmetic on numbers; rounding and range checks only where bounds require them."""
    a = number(c, a)
    if op == "/":
        return division(c, a, b, span)
    b = number(c, b)
    if op == "*":
        digits, scale = a.t.digits + b.t.digits, a.t.scale + b.t.scale
    else:
        digits, scale = max(a.t.digits, b.t.digits) + 1, max(a.t.scale, b.t.scale)
    t, norm, overflow = bounded(NUMBER, digits, scale)
    return Arith(
        t=t, nul=a.nul or b.nul or overflow, fault=a.fault or b.fault or overflow, pos=span, op=op, a=a, b=b, norm=norm
    )


def division(c: Checker, a: Node, b: Node, span: Span) -> Node:
    """The quotient; null where the divisor is zero or blank."""
    if b.t.name == "null":
        b = literal(None, NUMBER, b.pos)
    safe = isinstance(b, Lit) and bool(b.value)
    if isinstance(b, Lit) and not b.value:
        c.report("W_DIV_NULL", b.pos)
    digits = a.t.digits + b.t.scale
    overflow = digits > 21
    t = Type("number", digits=min(22, digits + 1), scale=16)
    fault = a.fault or b.fault or not safe or overflow
    return Arith(t=t, nul=a.nul or b.nul or fault, fault=fault, pos=span, op="/", a=a, b=b, norm=True)


def to_text(c: Checker, node: Node) -> Node:
    """Any value that ``&`` takes, as text; others are errors with a hint."""
    text = as_text(node)
    if text is not None:
        return text
    hints = {
        "datetime": ("Use TEXT(…, 'YYYY-MM-DD HH:mm').", "请用 TEXT(…, 'YYYY-MM-DD HH:mm')。"),
        "duration": ("Use TEXT(…, 'H:mm').", "请用 TEXT(…, 'H:mm')。"),
        "list": ("Use JOIN(…, ',').", "请用 JOIN(…, ',')。"),
    }
    raise c.type_error(node, "text", ("Joining texts", "文本连接"), hints.get(node.t.name, ("", "")))


def concat(c: Checker, items: list[Node], span: Span) -> Node:
    """One CONCAT of all parts."""
    flat: list[Node] = []
    for item in items:
        if isinstance(item, Call) and item.fn == "CONCAT":
            flat.extend(item.args)
        else:
            flat.append(to_text(c, item))
    return call("CONCAT", flat, span)


def logic(c: Checker, surface: Surface) -> Node:
    """``and``, ``or``."""
    items = [c.condition(node) for node in c.many(surface.parts)]
    return both(items, surface.span) if surface.op == "and" else either(items, surface.span)


def list_literal(c: Checker, surface: Surface) -> Node:
    """A list of written-out texts, for functions on lists."""
    items = c.many(surface.parts)
    values: list[str] = []
    for item in items:
        if not isinstance(item, Lit) or item.t.name != "text":
            raise refuse("E_NOT_CONST", item.pos, {"name": "[ ]", "want": "text", "want_zh": "文本"})
        if item.value not in values:
            values.append(item.value)
    return literal(tuple(values), list_of(TEXT), surface.span)


def compare(c: Checker, surface: Surface) -> Node:
    """A comparison, or a chain of them: ``1 < a <= 10``; ``in`` ends a chain, for a list has nothing to compare."""
    found: list[Node] = []
    parts = surface.parts
    inside = next((i for i, op in enumerate(surface.ops[:-1]) if op in ("in", "not in")), None)
    if inside is not None:
        following = surface.ops[inside + 1]
        why = "Put what stands before it into parentheses.", "请把它前面的部分放入括号。"
        params = {"found": following, "why": why[0], "why_zh": why[1]}
        raise refuse("E_TOKEN", (parts[inside + 1].span[1], parts[inside + 2].span[0]), params)
    left = c.attempt(parts[0])
    for op, part in zip(surface.ops, parts[1:], strict=True):
        span = (parts[0].span[0], part.span[1]) if len(surface.ops) == 1 else (part.span[0], part.span[1])
        if op in ("in", "not in"):
            right = None
            if left is not None:
                member = membership(c, left, part, surface.span)
                found.append(member if op == "in" else negate(member))
        else:
            right = c.attempt(part)
            if left is not None and right is not None:
                found.append(comparison(c, op, left, right, span if len(surface.ops) == 1 else surface.span))
        left = right
    if len(found) < len(surface.ops):
        raise c.reported()
    return both(found, surface.span)


def comparison(c: Checker, op: str, a: Node, b: Node, span: Span) -> Node:
    """One total comparison of two values of one type."""
    if a.t.name == "null" or b.t.name == "null":
        return _with_null(c, op, a, b, span)
    pair = paired(c, a, b)
    if pair is None:
        raise _compare_error(op, a, b, span)
    if isinstance(pair, bool):
        truth = pair if op == "==" else not pair
        c.report("W_ALWAYS_TRUE" if truth else "W_ALWAYS_FALSE", span)
        return literal(truth, BOOL, span)
    left, right = pair
    if left.t.name in EQUALITY_ONLY and op not in ("==", "!="):
        raise _compare_error(op, a, b, span)
    if op in ("==", "!="):
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Lit) and one.value is None:
                test = call("ISBLANK", (other,), span)
                return test if op == "==" else negate(test)
    elif left.t.name == "choice":
        left, right = plain_text(left), plain_text(right)
    return Cmp(t=BOOL, nul=False, pos=span, op=op, a=left, b=right)


def paired(c: Checker, a: Node, b: Node) -> tuple[Node, Node] | bool | None:
    """Both sides in one type; True/False where equality is settled already; None where types do not fit."""
    names = {a.t.name, b.t.name}
    if names == {"choice", "text"}:
        option, text = (a, b) if a.t.name == "choice" else (b, a)
        if isinstance(text, Lit):
            text = present_option(c, text, option.t)
            fixed = literal(text.value or None, option.t, text.pos)
            return (a, fixed) if option is a else (fixed, b)
        return plain_text(a) if a is option else a, plain_text(b) if b is option else b
    if names == {"ref", "text"}:
        link, text = (a, b) if a.t.name == "ref" else (b, a)
        if isinstance(text, Lit):
            key = uuid_text(text.value)
            if text.value and key is None:
                return False
            fixed = literal(key, link.t, text.pos)
            return (a, fixed) if link is a else (fixed, b)
        return plain_text(a) if a is link else a, plain_text(b) if b is link else b
    if len(names) == 1 and "children" not in names and common([a.t, b.t]) is not None:
        return a, b
    return None


def present_option(c: Checker, text: Lit, t: Type) -> Lit:
    """A constant that was the key of an option means the key of now, as a former name of a field does."""
    now = None if text.value in t.options else dict(t.former).get(text.value)
    if now is not None:
        return literal(now, text.t, text.pos)
    check_option(c, text, t)
    return text


def check_option(c: Checker, text: Node, t: Type) -> None:
    """Warns when a literal is not one of the options."""
    if isinstance(text, Lit) and t.options and text.value and text.value not in t.options:
        near = c.unknown("E_UNKNOWN_FIELD", text.value, t.options, text.pos).diagnostic
        allowed = ", ".join(t.options[:12]) + (" …" if len(t.options) > 12 else "")
        params = {
            "found": shown(text.value),
            "allowed": allowed,
            "suggest": near.params["suggest"],
            "suggest_zh": near.params["suggest_zh"],
        }
        c.report("W_CHOICE_VALUE", text.pos, params, f"'{near.fix.strip('{}')}'" if near.fix else None)


def text_leaves(node: Node) -> Iterator[Node]:
    """The constants an expression of choices may end in."""
    if isinstance(node, If):
        yield from text_leaves(node.a)
        yield from text_leaves(node.b)
    elif isinstance(node, Lit):
        yield node


def _with_null(c: Checker, op: str, a: Node, b: Node, span: Span) -> Node:
    other = b if a.t.name == "null" else a
    if op not in ("==", "!="):
        c.report("W_ALWAYS_FALSE", span)
        return literal(False, BOOL, span)
    test = isblank(c, other, span)
    return test if op == "==" else negate(test)


def isblank(c: Checker, node: Node, span: Span) -> Node:
    """ISBLANK by type (formula.md 1.3.7)."""
    match node.t.name:
        case "null":
            return literal(True, BOOL, span)
        case "text":
            return Cmp(t=BOOL, nul=False, pos=span, op="==", a=node, b=literal("", TEXT, span))
        case "list":
            return Cmp(t=BOOL, nul=False, pos=span, op="==", a=node, b=literal((), node.t, span))
        case "bool":
            hint = (
                "A checkbox is never blank; compare with TRUE or FALSE.",
                "复选框不会为空；请与 TRUE 或 FALSE 比较。",
            )
            params = c.type_params(node.t, "number", ("A test for blank", "空值判断"), hint)
            params["want"], params["want_zh"] = "a value that can be blank", "可以为空的值"
            raise refuse("E_TYPE", node.pos, params)
    return call("ISBLANK", (node,), span)


def _compare_error(op: str, a: Node, b: Node, span: Span) -> Refused:
    left, right = TYPE_WORDS[a.t.name], TYPE_WORDS[b.t.name]
    hint, fix = ("", ""), None
    names = {a.t.name, b.t.name}
    text = next((n for n in (a, b) if isinstance(n, Lit) and n.t.name == "text"), None)
    if names == {"date", "datetime"}:
        hint = ("Use DATEVALUE(…) on the date with time.", "请对日期时间使用 DATEVALUE(…)。")
    elif "date" in names and text is not None:
        match = DATE_TEXT.match(text.value)
        fix = f"DATE({int(match[1])}, {int(match[2])}, {int(match[3])})" if match else None
        hint = ("Write dates as DATE(year, month, day).", "日期请写作 DATE(年, 月, 日)。")
        span = text.pos if fix else span
    elif names == {"number", "text"}:
        hint = (
            "Use VALUE(…) on the text, or write the number without quotes.",
            "请对文本使用 VALUE(…)，或去掉数字的引号。",
        )
    elif op not in ("==", "!=") and a.t.name in EQUALITY_ONLY:
        hint = ("Only == and != are possible.", "只能使用 == 和 !=。")
    elif "list" in names:
        hint = ("Use HAS(list, value) or value in list.", "请用 HAS(列表, 值) 或 值 in 列表。")
    params = {
        "left": left[0],
        "left_zh": left[1],
        "right": right[0],
        "right_zh": right[1],
        "op": op,
        "hint": f" {hint[0]}" if hint[0] else "",
        "hint_zh": hint[1],
    }
    return refuse("E_TYPE_CMP", span, params, fix)


def membership(c: Checker, x: Node, part: Surface, span: Span) -> Node:
    """``x in [...]`` or ``x in list_field``."""
    if part.kind == "list":
        return _in_literal(c, x, c.many(part.parts), span)
    right = c.many((part,))[0]
    if right.t.name != "list":
        hint = ("Write a list as ['a', 'b'].", "列表请写作 ['a', 'b']。")
        if right.t.name == "text":
            hint = ("Use CONTAINS(text, part).", "请用 CONTAINS(文本, 片段)。")
        raise c.type_error(right, "list", ("The right side of in", "in 的右侧"), hint)
    return has(c, right, x, span)


def has(c: Checker, items: Node, x: Node, span: Span) -> Node:
    """True when a list holds a value."""
    item = items.t.item or TEXT
    if x.t.name == "null":
        return literal(False, BOOL, span)
    if item.name == "ref" and isinstance(x, Lit):
        x = literal(uuid_text(str(x.value)), item, x.pos)
    elif isinstance(x, Lit) and item.name == "choice":
        x = present_option(c, x, item)
    if x.t.name not in ("text", "choice", "ref") or (x.t.name == "ref") != (item.name == "ref"):
        raise c.type_error(x, item.name, ("Membership in this list", "此列表的成员判断"))
    return call("HAS", (items, x), span)


def _in_literal(c: Checker, x: Node, items: list[Node], span: Span) -> Node:
    if x.t.name == "null" or not items:
        c.report("W_ALWAYS_FALSE", span)
        return literal(False, BOOL, span)
    if x.t.name in ("list", "children", "bool"):
        hint = ("Use HASANY(list, list).", "请用 HASANY(列表, 列表)。") if x.t.name == "list" else ("", "")
        raise c.type_error(x, "text", ("The left side of in", "in 的左侧"), hint)
    fixed: list[Node] = []
    left = x
    for item in items:
        pair = paired(c, x, item) if item.t.name != "null" else False
        if pair is None:
            raise _compare_error("in", x, item, item.pos)
        if isinstance(pair, bool):
            continue
        if pair[0].t.name == "text":
            left = pair[0]
        fixed.append(pair[1])
    if left.t.name == "text" and x.t.name != "text":
        fixed = [plain_text(n) if n.t.name != "text" else n for n in fixed]
    fixed = [n for n in fixed if not (isinstance(n, Lit) and n.value is None)]
    if not fixed:
        c.report("W_ALWAYS_FALSE", span)
        return literal(False, BOOL, span)
    return call("IN", (left, *fixed), span)
