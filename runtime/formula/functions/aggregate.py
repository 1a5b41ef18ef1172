"""Functions over other records. They have no primitive: the checker makes an aggregate node of each.

SUM, AVG, MIN, MAX and JOIN are declared with their scalar forms.
"""

from __future__ import annotations

from runtime.formula.functions.declare import Function, function

FUNCTIONS: list[Function] = [
    function(
        "COUNT",
        "records",
        "How many records there are, or with a value how many are not blank.",
        "记录条数；给出字段时为非空个数。",
        [("COUNT(lines)", "3"), ("COUNT(lines, qty > 1)", "2"), ("COUNT(lines.note)", "2")],
        rule="aggregate",
        signature="COUNT(lines, where) | COUNT(lines.field)",
        arity=(0, 2),
    ),
    function(
        "COUNTD",
        "records",
        "How many different values there are, blanks left out.",
        "不同非空值的个数。",
        [("COUNTD(lines, product)", "2")],
        rule="aggregate",
        signature="COUNTD(lines, value, where)",
        arity=(1, 3),
    ),
    function(
        "ANY",
        "records",
        "True when the condition holds for at least one record.",
        "至少一条记录满足条件时为真。",
        [("ANY(lines, qty > 2)", "true")],
        rule="aggregate",
        signature="ANY(lines, condition)",
        arity=(2, 2),
    ),
    function(
        "ALL",
        "records",
        "True when the condition holds for all records, also for none.",
        "所有记录都满足条件时为真（没有记录也为真）。",
        [("ALL(lines, qty > 0)", "true")],
        rule="aggregate",
        signature="ALL(lines, condition)",
        arity=(2, 2),
    ),
    function(
        "FIRST",
        "records",
        "The value of the first record in an order, blanks left out.",
        "按排序取第一条记录的值，忽略空值。",
        [("FIRST(lines, product, qty)", "p1")],
        rule="aggregate",
        signature="FIRST(lines, value, order, where)",
        arity=(3, 4),
    ),
    function(
        "LAST",
        "records",
        "The value of the last record in an order, blanks left out.",
        "按排序取最后一条记录的值，忽略空值。",
        [("LAST(lines, product, qty)", "p1")],
        rule="aggregate",
        signature="LAST(lines, value, order, where)",
        arity=(3, 4),
    ),
    function(
        "LOOKUP",
        "records",
        "A value of the first record of another object that fits; ROW stands for that record.",
        "在另一对象中查找第一条符合条件的记录并取值；ROW 代表该记录。",
        [("LOOKUP('rate', ROW.code == 'USD', ROW.value)", "7.1")],
        rule="lookup",
        signature="LOOKUP('object', where, value, order)",
        browser="",
        arity=(3, 4),
    ),
]
