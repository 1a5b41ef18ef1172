"""All functions of the language by name, and all primitives by key. Made once from the declarations."""

from __future__ import annotations

from runtime.formula.functions import aggregate, context, date, lists, logic, number, text
from runtime.formula.functions.declare import Function, Impl

FUNCTIONS: dict[str, Function] = {}
NAMES: dict[str, Function] = {}
IMPLS: dict[str, Impl] = {}

for _module in (logic, number, text, date, lists, aggregate, context):
    for _function in _module.FUNCTIONS:
        FUNCTIONS[_function.name] = _function
        for _name in (_function.name, *_function.aliases):
            if _name in NAMES:
                raise ValueError(f"two functions called {_name}")
            NAMES[_name] = _function
        for _impl in _function.impls:
            if _impl.key in IMPLS:
                raise ValueError(f"two primitives called {_impl.key}")
            IMPLS[_impl.key] = _impl
for _impl in (*logic.HIDDEN, *text.HIDDEN, *date.HIDDEN):
    IMPLS[_impl.key] = _impl


def names() -> list[str]:
    """The 100 names of the language and their aliases, for suggestions."""
    return sorted(NAMES)
