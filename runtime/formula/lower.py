"""From the intermediate form to the syntax tree that simpleeval walks: names, constants, known functions.

No text of a user becomes a name here; names are ``s0`` (input), ``z0`` (input, 0 when blank), ``p0``/``y0``
(the same of the record around the rows), ``e0`` (environment).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runtime.formula.tree import (
    Agg,
    And,
    Arith,
    Call,
    Cmp,
    EnvRef,
    If,
    Lit,
    Neg,
    Node,
    Not,
    Num0,
    Or,
    SlotRef,
    Txt0,
)
from runtime.formula.values import Items

BLANK_VALUES: dict[str, Any] = {"number": Decimal(0), "text": "", "bool": False, "list": Items()}
COMPARE: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
ARITHMETIC: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}


@dataclass(slots=True)
class Lowered:
    """The tree and what it asks for: functions, aggregates, environment names, zeroed and parent names."""

    tree: ast.expr = field(default_factory=lambda: ast.Constant(None))
    functions: set[str] = field(default_factory=set)
    aggregates: list[Agg] = field(default_factory=list)
    env: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    zeroes: frozenset[str] = frozenset()
    parents: set[str] = field(default_factory=set)


def lower(node: Node) -> Lowered:
    """The syntax tree of a node; aggregates become calls ``agg0(rows)``."""
    lowered = Lowered()
    worker = _Lowering(lowered)
    lowered.tree = worker.lower(node)
    lowered.zeroes = frozenset(worker.zeroes)
    return lowered


class _Lowering:
    def __init__(self, out: Lowered) -> None:
        self.out = out
        self.zeroes: set[str] = set()

    def lower(self, node: Node) -> ast.expr:
        match node:
            case Lit(value=value):
                constant: Any = Items(value) if isinstance(value, tuple) else value
                return ast.Constant(constant)
            case SlotRef(index=index, level=level):
                return self.slot("p" if level else "s", index)
            case EnvRef(path=path):
                return ast.Name(self.env(path))
            case Num0(a=SlotRef(index=index, level=level)):
                return self.slot("y" if level else "z", index)
            case Num0(a=a):
                return self.call("num0", a)
            case Txt0(a=a):
                return self.call("txt0", a)
            case If(c=c, a=a, b=b):
                return ast.IfExp(self.lower(c), self.lower(a), self.lower(b))
            case And(items=items):
                return ast.BoolOp(ast.And(), [self.lower(item) for item in items])
            case Or(items=items):
                return ast.BoolOp(ast.Or(), [self.lower(item) for item in items])
            case Not(a=a):
                return ast.UnaryOp(ast.Not(), self.lower(a))
            case Neg(a=a):
                return ast.UnaryOp(ast.USub(), self.lower(a))
            case Cmp(op=op, a=a, b=b):
                return ast.Compare(self.lower(a), [COMPARE[op]()], [self.lower(b)])
            case Arith(op=op, a=a, b=b, norm=norm):
                result = ast.BinOp(self.lower(a), ARITHMETIC[op](), self.lower(b))
                if norm and op != "/":
                    return ast.Call(ast.Name("norm"), [result], [])
                return result
            case Call(fn=fn, args=args):
                self.out.functions.add(fn)
                return ast.Call(ast.Name(fn), [self.lower(arg) for arg in args], [])
            case Agg(rows=rows):
                self.out.aggregates.append(node)
                name = f"s{rows}" if rows >= 0 else "set"
                return ast.Call(ast.Name(f"agg{len(self.out.aggregates) - 1}"), [ast.Name(name)], [])
        raise AssertionError(type(node))

    def slot(self, prefix: str, index: int) -> ast.expr:
        name = f"{prefix}{index}"
        if prefix == "z":
            self.zeroes.add(name)
        elif prefix in "py":
            self.out.parents.add(name)
        return ast.Name(name)

    def env(self, path: tuple[str, ...]) -> str:
        for name, known in self.out.env:
            if known == path:
                return name
        name = f"e{len(self.out.env)}"
        self.out.env.append((name, path))
        return name

    def call(self, name: str, a: Node) -> ast.expr:
        return ast.Call(ast.Name(name), [self.lower(a)], [])
