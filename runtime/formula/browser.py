"""What the browser gets of a formula: its intermediate form without what only the server needs, its environment,
and values in a form that no JSON reader can round. The evaluator is runtime/web/src/core/formula.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from runtime.formula import zones
from runtime.formula.compiler import Compiled
from runtime.formula.env import USER_TYPES, Env
from runtime.formula.functions.date import calendar_data
from runtime.formula.rows import Rows
from runtime.formula.scope import Slot
from runtime.formula.tree import Call, EnvRef, Lit, Node, to_json, walk
from runtime.formula.types import Type
from runtime.formula.values import Items, instant_text, number_text

TYPED = ("slot", "agg")


def formula(compiled: Compiled) -> dict[str, Any]:
    """The formula as JSON data; it must be without errors."""
    assert compiled.ir is not None
    return {
        "t": compiled.type.name,
        "slots": [slot(one) for one in compiled.slots],
        "inner": {str(index): [slot(one) for one in group] for index, group in compiled.inner.items()},
        "body": slim(to_json(compiled.ir, places=False)),
    }


def slot(one: Slot) -> dict[str, Any]:
    """An input as JSON data."""
    return {"kind": one.kind, "path": list(one.path), "t": one.type.name}


def slim(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node's JSON without types, nullability and faults as far as the evaluator does not ask for them."""
    out: dict[str, Any] = {}
    for name, part in node.items():
        if name in ("nul", "fault") or (name == "t" and node["k"] not in TYPED):
            continue
        if name == "t":
            out[name] = part["name"]
        elif isinstance(part, Mapping) and "k" in part:
            out[name] = slim(part)
        elif isinstance(part, list):
            out[name] = [slim(item) if isinstance(item, Mapping) else item for item in part]
        else:
            out[name] = part
    return out


def environment(env: Env, compiled: Iterable[Compiled]) -> dict[str, Any]:
    """The environment as JSON data, with the labels and calendars that these formulas ask for and no others."""
    nodes = [node for one in compiled if one.ir is not None for node in walk(one.ir)]
    asked = {node.path[1] for node in nodes if isinstance(node, EnvRef) and node.path[0] == "USER"}
    fields = {text(call.args[1]) for call in nodes if isinstance(call, Call) and call.fn == "OPTIONLABEL"}
    names = {text(call.args[-1]) for call in nodes if isinstance(call, Call) and call.fn in CALENDARS}
    calendars = {name: env.named_calendar(name) for name in sorted({"", *names})} if names else {}
    return {
        "now": instant_text(env.now),
        "today": env.today.isoformat() if env.today is not None else None,
        "zone": zones.rules(env.tz),
        "user": {key: plain(env.value(("USER", key)), USER_TYPES[key][0]) for key in sorted(asked)},
        "calendars": {name: calendar_data(cal) for name, cal in calendars.items()},
        "labels": {field: dict(env.option_labels.get(field, {})) for field in sorted(fields)},
    }


CALENDARS = ("NETWORKDAYS", "WORKDAY", "WORKHOURS")


def text(node: Node) -> str:
    """The text of a literal."""
    assert isinstance(node, Lit)
    return str(node.value)


def plain(value: Any, t: Type) -> Any:
    """A value as it travels: exact numbers as text, dates and instants as ISO text."""
    if value is None:
        return None
    match t.name:
        case "number" | "duration":
            return number_text(value if isinstance(value, Decimal) else Decimal(value))
        case "bool":
            return bool(value)
        case "date":
            return value.isoformat() if isinstance(value, dt.date) else str(value)
        case "datetime":
            return instant_text(value) if isinstance(value, dt.datetime) else str(value)
        case "list":
            return [str(item) for item in (value.items if isinstance(value, Items) else value)]
    return str(value)


def values(compiled: Compiled, given: Sequence[Any]) -> list[Any]:
    """The values of a formula's slots as they travel; rows as lists of their own values."""
    out = []
    for index, (one, value) in enumerate(zip(compiled.slots, given, strict=True)):
        if one.type.name == "children":
            rows = value.rows if isinstance(value, Rows) else value or ()
            inner = compiled.inner.get(index, ())
            out.append([[plain(cell, s.type) for s, cell in zip(inner, row, strict=True)] for row in rows])
        else:
            out.append(plain(value, one.type))
    return out


def needs_server(compiled: Compiled) -> bool:
    """True when the formula asks for records that no page has."""
    return any(one.kind == "lookup" for one in compiled.slots)
