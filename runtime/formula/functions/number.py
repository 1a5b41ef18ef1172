"""Functions on numbers. Every step goes through the explicit decimal contexts of ``values``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from runtime.base.sqltext import Sql, fmt, join
from runtime.formula import figures
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.values import whole

if TYPE_CHECKING:
    from runtime.formula.env import Env
    from runtime.formula.tree import Node


def _variadic(template: str) -> Callable[[Sequence[Sql], Env], Sql]:
    def make(args: Sequence[Sql], env: Env) -> Sql:
        return fmt(template, join(", ", args))

    return make


def _literal(node: Node) -> int | None:
    value = getattr(node, "value", None)
    return whole(value) if isinstance(value, Decimal) else None


def _round_bounds(args: Sequence[Node]) -> tuple[int, int]:
    places = _literal(args[1])
    whole_digits, scale = args[0].t.digits, args[0].t.scale
    if places is None:
        return 22, 16
    return min(22, max(whole_digits, -places) + 1), min(scale, max(places, 0))


def _bad_digits(args: Sequence[Node]) -> bool:
    """True unless the digits are a constant that ROUND takes."""
    places = _literal(args[1])
    return places is None or not -15 <= places <= 16


def _at_limit(args: Sequence[Node]) -> bool:
    return args[0].t.digits > 21


def _same(args: Sequence[Node]) -> tuple[int, int]:
    return args[0].t.digits, args[0].t.scale


def _whole_bounds(args: Sequence[Node]) -> tuple[int, int]:
    return min(22, args[0].t.digits + 1), 0


def _lean(template: str) -> Callable[[Sequence[Node]], str | None]:
    """The database's own function for constant digits; what rounds up to the very limit is out of range."""

    def make(args: Sequence[Node]) -> str | None:
        if _bad_digits(args):
            return None
        return f"nullif(nullif({template}, 1e22), -1e22)" if _at_limit(args) else template

    return make


ROUNDED = {"bounds": _round_bounds, "code": "BAD_DIGITS", "faults": _bad_digits, "edge": _at_limit}
FUNCTIONS: list[Function] = [
    function(
        "ABS",
        "number",
        "The number without its sign.",
        "数字的绝对值。",
        [("ABS(-3.5)", "3.5"), ("ABS(NULL)", None)],
        impl("ABS", "number:n", "n", Decimal.copy_abs, "abs({})", bounds=_same),
    ),
    function(
        "SIGN",
        "number",
        "-1, 0 or 1: whether a number is negative, zero or positive.",
        "返回 -1、0 或 1，表示负数、零或正数。",
        [("SIGN(-2)", "-1"), ("SIGN(0)", "0")],
        impl("SIGN", "number:n", "n", lambda x: Decimal((x > 0) - (x < 0)), "sign({})", bounds=(1, 0)),
    ),
    function(
        "ROUND",
        "number",
        "Rounds to a number of digits, halves away from zero; negative digits round to tens, hundreds.",
        "按指定位数四舍五入（远离零）；负位数表示取整到十、百。",
        [("ROUND(2.5)", "3"), ("ROUND(-2.5)", "-3"), ("ROUND(1.005, 2)", "1.01"), ("ROUND(1250, -2)", "1300")],
        impl(
            "ROUND",
            "number:n digits:n=0",
            "n",
            figures.round(ROUND_HALF_UP),
            "fx.round({}, {})",
            lean=_lean("round({}, trunc({})::int)"),
            **ROUNDED,
        ),
    ),
    function(
        "ROUNDUP",
        "number",
        "Rounds away from zero to a number of digits.",
        "按指定位数向远离零的方向取整。",
        [("ROUNDUP(2.1)", "3"), ("ROUNDUP(-2.11, 1)", "-2.2")],
        impl("ROUNDUP", "number:n digits:n=0", "n", figures.round(ROUND_UP), "fx.roundup({}, {})", **ROUNDED),
    ),
    function(
        "ROUNDDOWN",
        "number",
        "Rounds toward zero to a number of digits.",
        "按指定位数向零的方向取整。",
        [("ROUNDDOWN(2.9)", "2"), ("ROUNDDOWN(-2.19, 1)", "-2.1")],
        impl(
            "ROUNDDOWN",
            "number:n digits:n=0",
            "n",
            figures.round(ROUND_DOWN),
            "fx.trunc({}, {})",
            lean=_lean("trunc({}, trunc({})::int)"),
            **ROUNDED,
        ),
    ),
    function(
        "TRUNC",
        "number",
        "Cuts digits off, toward zero; the same as ROUNDDOWN.",
        "截去多余位数，与 ROUNDDOWN 相同。",
        [("TRUNC(-2.9)", "-2"), ("TRUNC(1299, -2)", "1200")],
        impl(
            "TRUNC",
            "number:n digits:n=0",
            "n",
            figures.round(ROUND_DOWN),
            "fx.trunc({}, {})",
            lean=_lean("trunc({}, trunc({})::int)"),
            **ROUNDED,
        ),
    ),
    function(
        "INT",
        "number",
        "The next whole number below.",
        "向下取整。",
        [("INT(2.9)", "2"), ("INT(-2.1)", "-3")],
        impl("INT", "number:n", "n", figures.floor, "fx.norm(floor({}))", bounds=_whole_bounds, edge=_at_limit),
    ),
    function(
        "CEILING",
        "number",
        "Rounds up to a multiple of step.",
        "向上舍入到 step 的倍数。",
        [("CEILING(-2.5, 2)", "-2"), ("CEILING(7, 5)", "10"), ("CEILING(7, 0)", None)],
        impl("CEILING", "number:n step:n=1", "n", figures.step(ROUND_CEILING), "fx.ceiling({}, {})", faults=True),
    ),
    function(
        "FLOOR",
        "number",
        "Rounds down to a multiple of step.",
        "向下舍入到 step 的倍数。",
        [("FLOOR(-2.5, 2)", "-4"), ("FLOOR(0.7, 0.1)", "0.7"), ("FLOOR(7, 0)", None)],
        impl("FLOOR", "number:n step:n=1", "n", figures.step(ROUND_FLOOR), "fx.floor({}, {})", faults=True),
    ),
    function(
        "MROUND",
        "number",
        "Rounds to the nearest multiple of step, halves away from zero.",
        "舍入到 step 的最近倍数，正中间时远离零。",
        [("MROUND(7.5, 5)", "10"), ("MROUND(-7.5, 5)", "-10")],
        impl("MROUND", "number:n step:n", "n", figures.step(ROUND_HALF_UP), "fx.mround({}, {})", faults=True),
    ),
    function(
        "MOD",
        "number",
        "The remainder of a division, with the sign of the divisor.",
        "取余数，符号与除数相同。",
        [("MOD(7, 3)", "1"), ("MOD(-7, 3)", "2"), ("MOD(7, -3)", "-2"), ("MOD(7, 0)", None)],
        impl("MOD", "number:n divisor:n", "n", figures.mod, "fx.mod({}, {})", faults=True, code="DIV_ZERO"),
    ),
    function(
        "QUOTIENT",
        "number",
        "The whole part of a division, toward zero.",
        "整除，向零取整。",
        [("QUOTIENT(-7, 2)", "-3"), ("QUOTIENT(1, 0)", None)],
        impl(
            "QUOTIENT", "number:n divisor:n", "n", figures.quotient, "fx.quotient({}, {})", faults=True, code="DIV_ZERO"
        ),
    ),
    function(
        "POWER",
        "number",
        "The base raised to a whole exponent between -64 and 64.",
        "整数次幂，指数在 -64 到 64 之间。",
        [("POWER(2, 10)", "1024"), ("POWER(2, -2)", "0.25"), ("POWER(0, 0)", None), ("POWER(2, 0.5)", None)],
        impl("POWER", "base:n exponent:n", "n", figures.power, "fx.power({}, {})", faults=True, code="BAD_POWER"),
    ),
    function(
        "SQRT",
        "number",
        "The square root to 12 digits; blank for a negative number.",
        "平方根，保留 12 位；负数为空。",
        [("SQRT(2)", "1.414213562373"), ("SQRT(-1)", None)],
        impl("SQRT", "number:n", "n", figures.sqrt, "fx.sqrt({})", faults=True, code="NEGATIVE_ROOT", bounds=(12, 12)),
    ),
    function(
        "MIN",
        "number",
        "The smallest of the values, blanks left out; over other records MIN(lines, amount, condition).",
        "最小值，忽略空值；也可汇总子表：MIN(lines, amount, 条件)。",
        [("MIN(3, NULL, 2)", "2"), ("MIN(NULL, NULL)", None)],
        impl("MIN.V", "value:x more:x…", "x", figures.least, _variadic("least({})"), strict=False),
        rule="least",
        signature="MIN(value, …) | MIN(lines, value, where)",
        arity=(1, 64),
    ),
    function(
        "MAX",
        "number",
        "The largest of the values, blanks left out; over other records MAX(lines, amount, condition).",
        "最大值，忽略空值；也可汇总子表：MAX(lines, amount, 条件)。",
        [("MAX(3, NULL, 2)", "3"), ("MAX(NULL, NULL)", None)],
        impl("MAX.V", "value:x more:x…", "x", figures.greatest, _variadic("greatest({})"), strict=False),
        rule="least",
        signature="MAX(value, …) | MAX(lines, value, where)",
        arity=(1, 64),
    ),
    function(
        "SUM",
        "number",
        "The sum, blanks left out; over other records SUM(lines, amount, condition).",
        "求和，忽略空值；也可汇总子表：SUM(lines, amount, 条件)。",
        [("SUM(1, NULL, 2.5)", "3.5"), ("SUM(NULL)", "0")],
        impl(
            "SUM.V",
            "number:n more:n…",
            "n",
            figures.sum,
            _variadic("fx.sum(ARRAY[{}]::numeric[])"),
            strict=False,
            faults=True,
            code="NUM_RANGE",
        ),
        rule="aggregate",
        signature="SUM(number, …) | SUM(lines, value, where)",
        arity=(1, 64),
    ),
    function(
        "AVG",
        "number",
        "The average, blanks left out; over other records AVG(lines, amount, condition).",
        "平均值，忽略空值；也可汇总子表：AVG(lines, amount, 条件)。",
        [("AVG(1, 2, NULL)", "1.5"), ("AVG(NULL)", None)],
        impl("AVG.V", "number:n more:n…", "n", figures.avg, _variadic("fx.avg(ARRAY[{}]::numeric[])"), strict=False),
        rule="aggregate",
        signature="AVG(number, …) | AVG(lines, value, where)",
        arity=(1, 64),
        aliases=("AVERAGE",),
    ),
    function(
        "PRODUCT",
        "number",
        "The product, blanks left out.",
        "乘积，忽略空值。",
        [("PRODUCT(2, NULL, 2.5)", "5"), ("PRODUCT(NULL)", None)],
        impl(
            "PRODUCT",
            "number:n more:n…",
            "n",
            figures.product,
            _variadic("fx.product(ARRAY[{}]::numeric[])"),
            strict=False,
            faults=True,
            code="NUM_RANGE",
        ),
    ),
    function(
        "RMBCAP",
        "number",
        "An amount of money in Chinese capital figures, 0 up to 10^16.",
        "人民币大写金额，范围 0 至 10^16。",
        [
            ("RMBCAP(1234.56)", "壹仟贰佰叁拾肆元伍角陆分"),
            ("RMBCAP(10000)", "壹万元整"),
            ("RMBCAP(0)", "零元整"),
            ("RMBCAP(1.05)", "壹元零伍分"),
            ("RMBCAP(10.5)", "壹拾元伍角"),
            ("RMBCAP(-1)", None),
        ],
        impl("RMBCAP", "amount:n", "t", figures.rmbcap, "fx.rmbcap({})", strict=False),
    ),
]
