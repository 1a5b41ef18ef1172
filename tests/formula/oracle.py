"""A fourth evaluator, for tests only: the intermediate form as closures, arithmetic with fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from runtime.formula import tree
from runtime.formula.compiler import Compiled
from runtime.formula.env import Env
from runtime.formula.functions.registry import IMPLS
from runtime.formula.rows import Rows
from runtime.formula.tree import Node
from runtime.formula.values import CTX, Items, canonical

Scope = tuple[Sequence[Any], "Scope | None"]
Run = Callable[[Scope], Any]
BLANK: dict[str, Any] = {"text": "", "bool": False, "list": Items()}


def evaluate(compiled: Compiled, values: Sequence[Any], env: Env) -> str | None:
    """The canonical text of the result."""
    return evaluator(compiled, env)(values)


def evaluator(compiled: Compiled, env: Env) -> Callable[[Sequence[Any]], str | None]:
    """The formula for many records."""
    assert compiled.ir is not None
    run = _Closures(compiled, env).make(compiled.ir, compiled.slots)
    return lambda values: canonical(run((values, None)), compiled.type)


def half_away(x: Fraction, places: int) -> Fraction:
    """``x`` rounded half away from zero."""
    scaled = abs(x) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if x >= 0 else -whole, 10**places)


def exact(x: Fraction) -> Decimal:
    """A fraction with a power of ten below as a Decimal."""
    whole = x * 10**16
    assert whole.denominator == 1
    return CTX.scaleb(Decimal(whole.numerator), -16)


def normed(x: Fraction) -> Decimal | None:
    """Rounded to 16 digits, None out of range."""
    y = half_away(x, 16)
    return exact(y) if abs(y) < 10**22 else None


class _Closures:
    def __init__(self, compiled: Compiled, env: Env) -> None:
        self.compiled = compiled
        self.env = env

    def make(self, node: Node, slots: Sequence[Any]) -> Run:
        match node:
            case tree.Lit(value=value):
                fixed = Items(value) if isinstance(value, tuple) else value
                return lambda s: fixed
            case tree.SlotRef(index=index, level=level, t=t):

                def slot(s: Scope) -> Any:
                    values = s[0] if not level else s[1][0]  # type: ignore[index]
                    value = values[index]
                    if t.name == "list":
                        return Items(tuple(value or ()))
                    return BLANK.get(t.name) if value is None else value

                return slot
            case tree.EnvRef(path=path):
                found = self.env.value(path)
                fixed_env = Items(found) if isinstance(found, tuple) else found
                return lambda s: fixed_env
            case tree.If(c=c, a=a, b=b):
                test, yes, no = (self.make(n, slots) for n in (c, a, b))
                return lambda s: yes(s) if test(s) else no(s)
            case tree.And(items=items):
                runs = [self.make(n, slots) for n in items]
                return lambda s: not [run for run in runs if not run(s)]
            case tree.Or(items=items):
                runs = [self.make(n, slots) for n in items]
                return lambda s: [run(s) for run in runs].count(True) > 0
            case tree.Not(a=a):
                inner = self.make(a, slots)
                return lambda s: not inner(s)
            case tree.Neg(a=a):
                number = self.make(a, slots)
                return lambda s: None if (x := number(s)) is None else exact(-Fraction(x))
            case tree.Num0(a=a):
                number = self.make(a, slots)
                return lambda s: Decimal(0) if (x := number(s)) is None else x
            case tree.Txt0(a=a):
                text = self.make(a, slots)
                return lambda s: text(s) or ""
            case tree.Cmp(op=op, a=a, b=b):
                return self.compare(op, self.make(a, slots), self.make(b, slots))
            case tree.Arith(op=op, a=a, b=b):
                return self.arith(op, self.make(a, slots), self.make(b, slots))
            case tree.Call():
                return self.call(node, slots)
            case tree.Agg():
                return self.aggregate(node)
        raise AssertionError(node)

    def compare(self, op: str, a: Run, b: Run) -> Run:
        def run(s: Scope) -> bool:
            x, y = a(s), b(s)
            if op in ("==", "!="):
                same = (x is None and y is None) or (x is not None and y is not None and x == y)
                return same if op == "==" else not same
            if x is None or y is None:
                return False
            if isinstance(x, str):
                x, y = [ord(ch) for ch in x], [ord(ch) for ch in y]
            return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]

        return run

    def arith(self, op: str, a: Run, b: Run) -> Run:
        def run(s: Scope) -> Decimal | None:
            x, y = a(s), b(s)
            if x is None or y is None or (op == "/" and not y):
                return None
            p, q = Fraction(x), Fraction(y)
            return normed({"+": lambda: p + q, "-": lambda: p - q, "*": lambda: p * q, "/": lambda: p / q}[op]())

        return run

    def call(self, node: tree.Call, slots: Sequence[Any]) -> Run:
        impl = IMPLS[node.fn]
        runs = [self.make(n, slots) for n in node.args]

        def run(s: Scope) -> Any:
            args = [r(s) for r in runs]
            if impl.strict and any(arg is None for arg in args):
                return BLANK.get(node.t.name)
            return impl.python(self.env, *args) if impl.env else impl.python(*args)

        return run

    def aggregate(self, node: tree.Agg) -> Run:
        slots = self.compiled.inner[node.rows]
        where, value, order = (None if n is None else self.make(n, slots) for n in (node.where, node.value, node.order))

        def run(s: Scope) -> Any:
            given = s[0][node.rows]
            rows: list[Scope] = [(row, s) for row in (given.rows if isinstance(given, Rows) else given or ())]
            if node.kind == "ALL":
                assert where is not None
                return not [r for r in rows if not where(r)]
            rows = [r for r in rows if where is None or where(r)]
            if node.kind == "ANY":
                return len(rows) > 0
            if node.kind == "COUNT" and value is None:
                return Decimal(len(rows))
            assert value is not None
            if node.key >= 0:
                rows.sort(key=lambda r: str(r[0][node.key]))
                if order is not None:
                    found = [r for r in rows if order(r) is not None]
                    found.sort(key=order)
                    rows = found + [r for r in rows if order(r) is None]
                    if node.kind == "LAST":
                        rest = [r for r in rows if order(r) is None]
                        rows = list(reversed(found)) + list(reversed(rest))
            values = [value(r) for r in rows]
            if node.kind == "LOOKUP":
                return values[0] if values else BLANK.get(node.t.name)
            kept = [v for v in values if v is not None and v != "" and v != Items()]
            return self.summary(node, kept)

        return run

    def summary(self, node: tree.Agg, kept: list[Any]) -> Any:
        match node.kind:
            case "SUM":
                return normed(sum((Fraction(v) for v in kept), Fraction(0)))
            case "AVG":
                return normed(sum((Fraction(v) for v in kept), Fraction(0)) / len(kept)) if kept else None
            case "COUNT":
                return Decimal(len(kept))
            case "COUNTD":
                return Decimal(len({Fraction(v) if isinstance(v, Decimal) else v for v in kept}))
            case "MIN":
                return sorted(kept)[0] if kept else None
            case "MAX":
                return sorted(kept)[-1] if kept else None
            case "JOIN":
                text = node.sep.join(kept[:500])
                return text if len(text) <= 32767 else ""
        return kept[0] if kept else BLANK.get(node.t.name)
