"""The checker's part about calls: finds the function, counts the arguments, hands over to its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.formula import aggregates, rules, signatures
from runtime.formula.diagnostics import refuse
from runtime.formula.functions.declare import Function
from runtime.formula.functions.registry import NAMES
from runtime.formula.parse import Surface
from runtime.formula.tree import Node

if TYPE_CHECKING:
    from runtime.formula.check import Checker


def call(c: Checker, surface: Surface) -> Node:
    """A function call."""
    assert surface.token is not None
    span = surface.span
    name = surface.token.value.upper()
    word = (surface.token.start, surface.token.end)
    found = NAMES.get(name)
    if found is None or found.rule == "user":
        raise c.unknown("E_UNKNOWN_FUNC", surface.token.value, NAMES, word)
    low, high = found.arity
    if found.rule == "aggregate" and c.context == "measure" and name == "COUNT":
        low = 0
    if not low <= len(surface.parts) <= high:
        want = str(low) if low == high else (f"{low}+" if high >= 64 else f"{low}-{high}")
        params = {"name": name, "want": want, "got": len(surface.parts), "signature": found.signature}
        raise refuse("E_ARITY", span, params)
    c.allowed(found.name, found.contexts, span)
    if found.rule:
        return RULES[found.rule](c, found, surface)
    return signatures.overloaded(c, found, c.many(surface.parts), span)


RULES: dict[str, Callable[[Checker, Function, Surface], Node]] = {
    "if": rules.rule_if,
    "ifs": rules.rule_ifs,
    "switch": rules.rule_switch,
    "and": rules.rule_and,
    "or": rules.rule_or,
    "not": rules.rule_not,
    "isblank": rules.rule_isblank,
    "coalesce": rules.rule_coalesce,
    "between": rules.rule_between,
    "exact": rules.rule_exact,
    "least": rules.least,
    "aggregate": rules.aggregate_or_scalar,
    "lookup": aggregates.lookup,
    "concat": rules.rule_concat,
    "rept": rules.rule_rept,
    "matches": rules.rule_matches,
    "text": rules.rule_text,
    "optionlabel": rules.rule_optionlabel,
    "unit": rules.rule_unit,
    "weektype": rules.rule_weektype,
    "env": rules.rule_env,
    "has": rules.rule_has,
    "hasrole": rules.rule_hasrole,
    "old": rules.rule_old,
    "changed": rules.rule_changed,
    "meta": rules.rule_meta,
}
