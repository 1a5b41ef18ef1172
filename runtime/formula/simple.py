"""simpleeval in its narrowest configuration, with operators and functions that are total.

It never sees text of a user: ``lower`` builds the trees it walks.
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from simpleeval import FeatureNotAvailable, SimpleEval

from runtime.formula.env import Env
from runtime.formula.functions.declare import Impl
from runtime.formula.functions.registry import IMPLS
from runtime.formula.lower import Lowered
from runtime.formula.rows import Rows
from runtime.formula.tree import Node
from runtime.formula.values import CTX, ZERO, Items, divide, norm

SAFE_TYPES = frozenset((Decimal, str, bool, type(None), dt.date, dt.datetime, Items, Rows))
DEFAULTS: dict[str, Any] = {"t": "", "b": False, "L": Items()}


class FormulaEval(SimpleEval):  # type: ignore[misc]
    """SimpleEval with only the node kinds that the intermediate form needs."""

    nodes: dict[type, Callable[[Any], Any]]
    ALLOWED = (
        ast.Expr,
        ast.Name,
        ast.Constant,
        ast.UnaryOp,
        ast.BinOp,
        ast.Compare,
        ast.BoolOp,
        ast.IfExp,
        ast.Call,
    )

    def __init__(self, operators: Mapping[type, Any], functions: dict[str, Any]) -> None:
        super().__init__(operators=operators, functions=functions, names={}, allowed_attrs={})
        self.nodes = {kind: handler for kind, handler in self.nodes.items() if kind in self.ALLOWED}

    def _eval(self, node: ast.AST) -> Any:
        """As the library's, but stricter: only the closed set of our value types may come out of a node."""
        kind = type(node)
        if kind is ast.Name:
            result = self.names[node.id]  # type: ignore[attr-defined]
        elif kind is ast.Constant:
            result = node.value  # type: ignore[attr-defined]
        else:
            handler = self.nodes.get(kind)
            if handler is None:
                raise FeatureNotAvailable(f"{kind.__name__} is no part of formulas")
            result = handler(node)
        if type(result) not in SAFE_TYPES:
            raise FeatureNotAvailable(f"a {type(result).__name__} is no value of a formula")
        return result

    # Narrower than the library's: names are never functions, calls have no keywords, comparisons one operator.

    def _eval_call(self, node: Any) -> Any:
        if node.keywords:
            raise FeatureNotAvailable("keywords are no part of formulas")
        return self.functions[node.func.id](*[self._eval(arg) for arg in node.args])

    def _eval_compare(self, node: ast.Compare) -> Any:
        (op,), (right,) = node.ops, node.comparators
        return self.operators[type(op)](self._eval(node.left), self._eval(right))

    def _eval_binop(self, node: ast.BinOp) -> Any:
        return self.operators[type(node.op)](self._eval(node.left), self._eval(node.right))

    def _eval_boolop(self, node: ast.BoolOp) -> Any:
        wanted = type(node.op) is ast.Or
        for value in node.values:
            if (not self._eval(value)) is not wanted:
                return wanted
        return not wanted


class State:
    """What one evaluation shares: the environment, the faults, the outer record's names."""

    __slots__ = ("env", "faults", "names")

    def __init__(self) -> None:
        self.env: Env = None  # type: ignore[assignment]
        self.faults: list[str] | None = None
        self.names: dict[str, Any] = {}

    def note(self, code: str) -> None:
        if self.faults is not None:
            self.faults.append(code)


def _less(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a < b


def _less_equal(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a <= b


def _more(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a > b


def _more_equal(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a >= b


def _add(a: Any, b: Any) -> Any:
    return None if a is None or b is None else CTX.add(a, b)


def _subtract(a: Any, b: Any) -> Any:
    return None if a is None or b is None else CTX.subtract(a, b)


def _multiply(a: Any, b: Any) -> Any:
    return None if a is None or b is None else CTX.multiply(a, b)


def _negative(a: Any) -> Any:
    return None if a is None else a.copy_negate()


def operators(state: State) -> dict[type, Callable[..., Any]]:
    def over(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        result = divide(a, b)
        if result is None:
            state.note("NUM_RANGE" if b else "DIV_ZERO")
        return result

    return {
        ast.Add: _add,
        ast.Sub: _subtract,
        ast.Mult: _multiply,
        ast.Div: over,
        ast.USub: _negative,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: _less,
        ast.LtE: _less_equal,
        ast.Gt: _more,
        ast.GtE: _more_equal,
        ast.Not: operator.not_,
    }


def bind(impl: Impl, state: State) -> Callable[..., Any]:
    """The primitive's Python with its null rule, its environment and the noting of faults."""
    run, default, code = impl.python, DEFAULTS.get(impl.result), impl.code

    if impl.env:

        def call(*args: Any) -> Any:
            return run(state.env, *args)
    else:
        call = run
    if not impl.strict and impl.faults is False:
        return call

    def noted(result: Any) -> Any:
        if result is None:
            state.note(code)
        return result

    def one(a: Any) -> Any:
        return default if a is None else noted(call(a))

    def two(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return default
        result = call(a, b)
        if result is None:
            state.note(code)
        return result

    def several(*args: Any) -> Any:
        for arg in args:
            if arg is None:
                return default
        return noted(call(*args))

    def loose(*args: Any) -> Any:
        return noted(call(*args))

    if not impl.strict:
        return loose
    if any(p.many for p in impl.params) or len(impl.params) > 2:
        return several
    return one if len(impl.params) == 1 else two


def functions(tree: Iterable[Node], lowered: Lowered, state: State) -> dict[str, Callable[..., Any]]:
    def normed(x: Any) -> Any:
        if x is None:
            return None
        result = norm(x)
        if result is None:
            state.note("NUM_RANGE")
        return result

    found: dict[str, Callable[..., Any]] = {
        "norm": normed,
        "num0": lambda x: ZERO if x is None else x,
        "txt0": lambda x: "" if x is None else x,
    }
    for key in lowered.functions:
        found[key] = bind(IMPLS[key], state)
    return found
