"""Functions on lists of options, texts and links; a list is never null, only empty."""

from __future__ import annotations

from decimal import Decimal

from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.values import Items, capped


def _has(items: Items, x: str | None) -> bool:
    return x is not None and x in items.items


def _has_any(a: Items, b: Items) -> bool:
    return any(x in a.items for x in b.items)


def _has_all(a: Items, b: Items) -> bool:
    return all(x in a.items for x in b.items)


def _join(items: Items, sep: str) -> str:
    return capped(sep.join(items.items))


FUNCTIONS: list[Function] = [
    function(
        "HAS",
        "lists",
        "True when a list holds a value.",
        "列表包含某个值时为真。",
        [("HAS(['a', 'b'], 'a')", "true")],
        impl("HAS", "list:L value:x", "b", _has, "coalesce(jsonb_exists({}, {}), false)", strict=False),
        rule="has",
        signature="HAS(list, value)",
        arity=(2, 2),
    ),
    function(
        "HASANY",
        "lists",
        "True when a list holds at least one value of another.",
        "列表包含另一列表中的任意值时为真。",
        [("HASANY(['a', 'b'], ['b', 'c'])", "true"), ("HASANY(['a'], [])", "false")],
        impl("HASANY", "list:L values:L", "b", _has_any, "jsonb_exists_any({}, fx.items({}))"),
    ),
    function(
        "HASALL",
        "lists",
        "True when a list holds all values of another.",
        "列表包含另一列表的全部值时为真。",
        [("HASALL(['a', 'b'], ['b'])", "true"), ("HASALL(['a'], [])", "true")],
        impl("HASALL", "list:L values:L", "b", _has_all, "({} @> {})"),
    ),
    function(
        "LISTCOUNT",
        "lists",
        "The number of values in a list.",
        "列表中值的个数。",
        [("LISTCOUNT(['a', 'b'])", "2")],
        impl(
            "LISTCOUNT",
            "list:L",
            "n",
            lambda x: Decimal(len(x.items)),
            "jsonb_array_length({})::numeric",
            bounds=(6, 0),
        ),
    ),
    function(
        "JOIN",
        "lists",
        "The values of a list as one text; over other records JOIN(lines, name, ', ', condition).",
        "把列表中的值连成文本；也可汇总子表：JOIN(lines, name, '、', 条件)。",
        [("JOIN(['a', 'b'], '、')", "a、b"), ("JOIN([])", None)],
        impl("JOIN.L", "list:L separator:t=,", "t", _join, "fx.join({}, {})"),
        rule="aggregate",
        signature="JOIN(list, separator) | JOIN(lines, text, separator, where)",
        arity=(1, 4),
    ),
]
