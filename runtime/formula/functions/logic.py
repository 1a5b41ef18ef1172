"""Functions that decide. Most of them are lowered to plain nodes by the checker and have no primitive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.base.sqltext import Sql, fmt, join
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.texts import parse_number
from runtime.formula.values import Items

if TYPE_CHECKING:
    from runtime.formula.env import Env


def _xor(*values: bool) -> bool:
    return sum(values) % 2 == 1


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _first_text(*values: str) -> str:
    return next((value for value in values if value), "")


def _first_list(*values: Items) -> Items:
    return next((value for value in values if value.items), Items())


def _is_in(x: Any, *values: Any) -> bool:
    return x is not None and any(value is not None and value == x for value in values)


def _sql_xor(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("(({}) % 2 = 1)".replace("%", "%%"), join(" + ", (fmt("({})::int", arg) for arg in args)))


def _sql_coalesce(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("coalesce({})", join(", ", args))


def _sql_coalesce_text(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("coalesce({}, '')", join(", ", (fmt("nullif({}, '')", arg) for arg in args)))


def _sql_coalesce_list(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("coalesce({}, '[]')", join(", ", (fmt("nullif({}, '[]'::jsonb)", arg) for arg in args)))


def _sql_in(args: Sequence[Sql], env: Env) -> Sql:
    return fmt("coalesce({} IN ({}), false)", args[0], join(", ", args[1:]))


FUNCTIONS: list[Function] = [
    function(
        "IF",
        "logic",
        "One value when the condition is true, another (or blank) when not.",
        "条件成立时取一个值，否则取另一个值（或为空）。",
        [("IF(2 > 1, 'a', 'b')", "a"), ("IF(2 < 1, 5)", None)],
        rule="if",
        signature="IF(condition, value, otherwise)",
        arity=(2, 3),
    ),
    function(
        "IFS",
        "logic",
        "The value after the first condition that is true; blank when none is.",
        "返回第一个成立条件对应的值；都不成立时为空。",
        [("IFS(1 > 2, 'a', 2 > 1, 'b')", "b"), ("IFS(1 > 2, 'a')", None)],
        rule="ifs",
        signature="IFS(condition, value, condition, value, …)",
        arity=(2, 64),
    ),
    function(
        "SWITCH",
        "logic",
        "Compares a value with others in turn; the result of the first equal one, else the default.",
        "依次比较，返回第一个相等项对应的结果，否则返回默认值。",
        [
            ("SWITCH(2, 1, 'one', 2, 'two')", "two"),
            ("SWITCH(3, 1, 'one', 'other')", "other"),
            ("SWITCH(3, 1, 'x')", None),
        ],
        rule="switch",
        signature="SWITCH(value, case, result, …, default)",
        arity=(3, 64),
    ),
    function(
        "AND",
        "logic",
        "True when all conditions are true.",
        "所有条件都成立时为真。",
        [("AND(1 < 2, 2 < 3)", "true")],
        rule="and",
        signature="AND(condition, …)",
        arity=(1, 64),
    ),
    function(
        "OR",
        "logic",
        "True when at least one condition is true.",
        "至少一个条件成立时为真。",
        [("OR(1 > 2, 2 < 3)", "true")],
        rule="or",
        signature="OR(condition, …)",
        arity=(1, 64),
    ),
    function(
        "NOT",
        "logic",
        "True when the condition is not.",
        "条件不成立时为真。",
        [("NOT(1 > 2)", "true")],
        rule="not",
        signature="NOT(condition)",
        arity=(1, 1),
    ),
    function(
        "XOR",
        "logic",
        "True when an odd number of conditions is true.",
        "成立的条件个数为奇数时为真。",
        [("XOR(TRUE, TRUE, TRUE)", "true"), ("XOR(TRUE, TRUE)", "false")],
        impl("XOR", "condition:b more:b…", "b", _xor, _sql_xor),
    ),
    function(
        "ISBLANK",
        "logic",
        "True when there is no value; 0 is a value, a text of spaces too.",
        "没有值时为真；0 和空格文本都算有值。",
        [("ISBLANK('')", "true"), ("ISBLANK(0)", "false"), ("ISBLANK(' ')", "false")],
        impl("ISBLANK", "value:x", "b", lambda x: x is None, "({} IS NULL)", strict=False),
        rule="isblank",
        arity=(1, 1),
    ),
    function(
        "IFBLANK",
        "logic",
        "The value, or a substitute when it is blank.",
        "取该值；为空时取替代值。",
        [("IFBLANK('', 'none')", "none"), ("IFBLANK(0, 5)", "0")],
        rule="coalesce",
        signature="IFBLANK(value, substitute)",
        arity=(2, 2),
    ),
    function(
        "COALESCE",
        "logic",
        "The first value that is not blank.",
        "返回第一个非空值。",
        [("COALESCE('', 'b', 'c')", "b"), ("COALESCE(NULL, 3)", "3")],
        impl("COALESCE", "value:x more:x…", "x", _first, _sql_coalesce, strict=False),
        impl("COALESCE.T", "value:t more:t…", "t", _first_text, _sql_coalesce_text, strict=False),
        impl("COALESCE.L", "value:L more:L…", "L", _first_list, _sql_coalesce_list, strict=False),
        rule="coalesce",
        signature="COALESCE(value, …)",
        arity=(1, 64),
    ),
    function(
        "ISNUMBER",
        "logic",
        "True when VALUE can read the text as a number.",
        "文本可以被 VALUE 识别为数字时为真。",
        [("ISNUMBER('1,234.5')", "true"), ("ISNUMBER('abc')", "false")],
        impl("ISNUMBER", "text:t", "b", lambda x: parse_number(x) is not None, "(fx.value({}) IS NOT NULL)"),
    ),
    function(
        "BETWEEN",
        "logic",
        "True when a value lies between two others, both included.",
        "值在两者之间（含边界）时为真。",
        [("BETWEEN(5, 1, 5)", "true"), ("BETWEEN(NULL, 1, 5)", "false")],
        rule="between",
        signature="BETWEEN(value, low, high)",
        arity=(3, 3),
    ),
]
HIDDEN = [impl("IN", "value:x items:x…", "b", _is_in, _sql_in, strict=False)]
