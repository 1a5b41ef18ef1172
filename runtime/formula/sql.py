"""The SQL back end: the intermediate form as SQL that cannot fail and keeps indexes usable.

Everything made by users is a bind parameter. Value mode gives exact values; predicate mode may give NULL
where false is meant and belongs at the top of WHERE. It never connects to a database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from runtime.base.sqltext import Sql, fmt, join
from runtime.formula import pattern, sqlagg
from runtime.formula.compiler import Compiled
from runtime.formula.env import NOBODY, Env, uuid_text
from runtime.formula.functions.registry import IMPLS
from runtime.formula.scope import Binder, Slot
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
from runtime.formula.types import Type

COLUMN: dict[str, str] = {
    "text": "text",
    "choice": "text",
    "number": "numeric",
    "duration": "numeric",
    "bool": "boolean",
    "date": "date",
    "datetime": "timestamptz",
    "list": "jsonb",
    "ref": "uuid",
    "null": "text",
}
MAX_SQL = 65_536
NAME = re.compile(r'(\w+|"[^"]*")(\.(\w+|"[^"]*"))*')
LOADED: dict[str, str] = {
    "text": "(coalesce({}, '') COLLATE \"C\")",
    "bool": "coalesce({}, false)",
    "list": "coalesce({}, '[]'::jsonb)",
}


class SqlTooLong(ValueError):
    """The SQL of a formula is longer than a statement should be; raised when it is made, not when it runs."""


def value(compiled: Compiled, binder: Binder, env: Env) -> Sql:
    """The formula as a SQL expression of its type; blank is NULL, for text '' and for lists '[]'."""
    return _limited(_emitter(compiled, binder, env).value(_body(compiled)))


def predicate(compiled: Compiled, binder: Binder, env: Env) -> Sql:
    """A condition for WHERE: true for exactly the right rows, false or NULL for the others."""
    body = _body(compiled)
    if body.t.name != "bool":
        raise ValueError(f"a {body.t} is no condition")
    return _limited(_emitter(compiled, binder, env).predicate(body))


def measure(compiled: Compiled, binder: Binder, env: Env) -> Sql:
    """A measure as an aggregate expression over the rows of the query it is put into."""
    if compiled.context != "measure":
        raise ValueError("not compiled as a measure")
    return value(compiled, binder, env)


def canonical(compiled: Compiled, binder: Binder, env: Env) -> Sql:
    """The canonical text of the result (see ``values.canonical``), NULL for blank."""
    found = value(compiled, binder, env)
    return canonical_of(found, _body(compiled).t)


def canonical_of(found: Sql, t: Type) -> Sql:
    """Canonical text of a SQL expression of type ``t``."""
    match t.name:
        case "number" | "duration":
            return fmt("(trim_scale({})::text)", found)
        case "bool":
            return fmt("(CASE WHEN {} THEN 'true' ELSE 'false' END)", found)
        case "date":
            return fmt("fx.date_text({})", found)
        case "datetime":
            return fmt("fx.instant_text({})", found)
        case "list":
            return fmt("(nullif({}, '[]'::jsonb)::text)", found)
        case "ref":
            return fmt("({}::text)", found)
    return fmt("nullif({}, '')", found)


def _body(compiled: Compiled) -> Node:
    if compiled.ir is None:
        raise ValueError("a formula with errors has no SQL")
    return compiled.ir


def _emitter(compiled: Compiled, binder: Binder, env: Env) -> Emitter:
    return Emitter(compiled.slots, binder, env, compiled)


def _limited(found: Sql) -> Sql:
    if len(found.text) > MAX_SQL:
        raise SqlTooLong(f"{len(found.text)} characters of SQL")
    return found


class Emitter:
    """Writes SQL for nodes whose inputs are ``slots`` of ``binder``; ``outer`` is the record around rows."""

    def __init__(
        self, slots: Sequence[Slot], binder: Binder, env: Env, compiled: Compiled, outer: Emitter | None = None
    ) -> None:
        self.slots = slots
        self.binder = binder
        self.env = env
        self.compiled = compiled
        self.outer = outer

    # -- inputs ------------------------------------------------------------------------------------

    def raw(self, node: SlotRef) -> Sql:
        """The input as it is stored: NULL where blank."""
        if node.level and self.outer is not None:
            found = self.binder.slot(replace(self.outer.slots[node.index], root="parent"))
        else:
            found = self.binder.slot(self.slots[node.index])
        return found if NAME.fullmatch(found.text) else fmt("({})", found)

    def literal(self, node: Lit) -> Sql:
        """A constant as a typed parameter."""
        if node.value is None:
            return Sql(f"NULL::{COLUMN[node.t.name]}")
        if node.t.name == "bool":
            return Sql("true" if node.value else "false")
        if node.t.name == "list":
            return Sql("%s::jsonb", (json.dumps(list(node.value), ensure_ascii=False),))
        if node.t.name == "text":
            return Sql('(%s::text COLLATE "C")', (node.value,))
        return Sql(f"%s::{COLUMN[node.t.name]}", (node.value,))

    def environment(self, node: EnvRef) -> Sql:
        """A value of the environment as a typed parameter; an id that is none matches nothing."""
        found = self.env.value(node.path)
        if node.t.name == "list":
            return Sql("%s::jsonb", (json.dumps(list(found), ensure_ascii=False),))
        if node.t.name == "ref":
            key = uuid_text(found) if found else None
            return Sql("%s::uuid", (key or (NOBODY if found else None),))
        if node.t.name == "text":
            return Sql('(%s::text COLLATE "C")', (found,))
        return Sql(f"%s::{COLUMN[node.t.name]}", (found,))

    # -- values ------------------------------------------------------------------------------------

    def value(self, node: Node) -> Sql:
        """The node's exact value."""
        match node:
            case Lit():
                return self.literal(node)
            case SlotRef():
                return fmt(LOADED.get(node.t.name, "{}"), self.raw(node))
            case EnvRef():
                return self.environment(node)
            case Call():
                return self.call(node)
            case If(c=c, a=a, b=b):
                return fmt("(CASE WHEN {} THEN {} ELSE {} END)", self.predicate(c), self.value(a), self.value(b))
            case And(items=items) | Or(items=items):
                word = " AND " if isinstance(node, And) else " OR "
                return fmt("({})", join(word, [self.value(item) for item in items]))
            case Not(a=a):
                return self.negated(a)
            case Cmp():
                return self.compare(node)
            case Arith(op=op, a=a, b=b, norm=norm):
                if op == "/":
                    return fmt("fx.div({}, {})", self.value(a), self.value(b))
                return fmt("fx.norm({} " + op + " {})" if norm else "({} " + op + " {})", self.value(a), self.value(b))
            case Neg(a=a):
                return fmt("(-({}))", self.value(a))
            case Num0(a=a):
                return fmt("coalesce({}, 0)", self.value(a))
            case Txt0(a=a):
                cast = "::text" if a.t.name == "ref" else ""
                return fmt("(coalesce({}" + cast + ", '') COLLATE \"C\")", self.value(a))
            case Agg():
                return sqlagg.aggregate(self, node)
        raise AssertionError(type(node))

    def call(self, node: Call) -> Sql:
        """A primitive with its null rule."""
        impl = IMPLS[node.fn]
        if node.fn == "IN":
            return self.membership(node, False)
        args = [self.value(arg) for arg in node.args]
        if node.fn == "HAS" and node.args[1].t.name == "ref":
            args[1] = fmt("({})::text", args[1])
        if node.fn == "MATCHES" and isinstance(node.args[1], Lit):
            args[1] = Sql("%s::text", (pattern.postgres(node.args[1].value),))
        template = (impl.lean and impl.lean(node.args)) or impl.sql
        made = fmt(template, *args) if isinstance(template, str) else template(args, self.env)
        if impl.strict and any(arg.nul for arg in node.args):
            blank = {"text": "''", "bool": "false", "list": "'[]'::jsonb"}.get(node.t.name)
            if blank is not None:
                made = fmt("coalesce({}, " + blank + ")", made)
        if node.t.name == "text":
            made = fmt('({} COLLATE "C")', made)
        return made

    def negated(self, a: Node) -> Sql:
        """NOT of an exact value."""
        if isinstance(a, Cmp) and a.op in ("==", "!="):
            return self.compare(replace(a, op="!=" if a.op == "==" else "=="))
        if isinstance(a, Call) and a.fn == "ISBLANK":
            return fmt("({} IS NOT NULL)", self.value(a.args[0]))
        return fmt("(NOT {})", self.value(a))

    def compare(self, node: Cmp) -> Sql:
        """A comparison that is true or false, never NULL."""
        a, b = self.value(node.a), self.value(node.b)
        if node.op in ("==", "!="):
            if node.a.nul and node.b.nul:
                return fmt("({} IS " + ("NOT " if node.op == "==" else "") + "DISTINCT FROM {})", a, b)
            if node.op == "!=":
                either = node.a.nul or node.b.nul
                return fmt("({} IS DISTINCT FROM {})" if either else "({} <> {})", a, b)
            return self.exact(node, fmt("({} = {})", a, b))
        return self.exact(node, fmt("({} " + node.op + " {})", a, b))

    def exact(self, node: Cmp, made: Sql) -> Sql:
        """``made`` without NULL."""
        return fmt("coalesce({}, false)", made) if node.a.nul or node.b.nul else made

    def membership(self, node: Call, predicate: bool) -> Sql:
        """``x IN (…)``: one array parameter where all items are constants."""
        x, items = node.args[0], node.args[1:]
        constants = [item.value for item in items if isinstance(item, Lit)]
        raw = predicate and isinstance(x, SlotRef) and "" not in constants
        left = self.raw(x) if raw and isinstance(x, SlotRef) else self.value(x)
        if len(constants) == len(items):
            made = fmt("({} = ANY({}))", left, Sql(f"%s::{COLUMN[x.t.name]}[]", (constants,)))
        else:
            made = fmt("({} IN ({}))", left, join(", ", [self.value(item) for item in items]))
        needs = not predicate and (x.nul or any(item.nul for item in items))
        return fmt("coalesce({}, false)", made) if needs else made

    # -- predicates --------------------------------------------------------------------------------

    def predicate(self, node: Node) -> Sql:
        """A condition whose NULL counts as false."""
        match node:
            case And(items=items) | Or(items=items):
                word = " AND " if isinstance(node, And) else " OR "
                return fmt("({})", join(word, [self.predicate(item) for item in items]))
            case Cmp():
                return self.compare_predicate(node)
            case SlotRef():
                return self.raw(node)
            case Call(fn="IN"):
                return self.membership(node, True)
            case Call(fn="HAS", args=(SlotRef() as items, Lit(value=str() as text))):
                raw = self.raw(items)
                return fmt("({} @> {})", raw, Sql("%s::jsonb", (json.dumps([text], ensure_ascii=False),)))
            case Call(fn="CONTAINS" | "STARTSWITH", args=(SlotRef() as slot, Lit(value=str() as text))) if text:
                if slot.t.name == "text":
                    word = "(position({1} in {0}) > 0)" if node.fn == "CONTAINS" else "starts_with({0}, {1})"
                    first, second = (1, 0) if node.fn == "CONTAINS" else (0, 1)
                    parts = (fmt('({} COLLATE "C")', self.raw(slot)), Sql("%s::text", (text,)))
                    plain = word.replace("{0}", "{}").replace("{1}", "{}")
                    return fmt(plain, parts[first], parts[second])
        return self.value(node)

    def compare_predicate(self, node: Cmp) -> Sql:
        """A comparison in a form that indexes serve."""
        for x, other, flipped in ((node.a, node.b, False), (node.b, node.a, True)):
            if x.t.name == "text" and isinstance(x, SlotRef) and isinstance(other, Lit):
                found = self.text_predicate(node.op, x, str(other.value), flipped)
                if found is not None:
                    return found
        if node.op == "==" and not (node.a.nul and node.b.nul):
            return fmt("({} = {})", self.value(node.a), self.value(node.b))
        if node.op in ("==", "!="):
            return self.compare(node)
        return fmt("({} " + node.op + " {})", self.value(node.a), self.value(node.b))

    def text_predicate(self, op: str, x: SlotRef, text: str, flipped: bool) -> Sql | None:
        """A text input against a constant, without coalesce; None where that would be wrong."""
        if op == "==":
            if text == "":
                raw = self.raw(x)
                return fmt("({} IS NULL OR {} = '')", raw, raw)
            return fmt("({} = {})", self.raw(x), Sql("%s::text", (text,)))
        if text and op in ((">", ">=") if not flipped else ("<", "<=")):
            sign = op if not flipped else {"<": ">", "<=": ">="}[op]
            return fmt('({} COLLATE "C" ' + sign + " {})", self.raw(x), Sql("%s::text", (text,)))
        return None
