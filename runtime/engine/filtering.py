"""Filters as rows of field, operator and value: written as the formula that they mean, and read back from one.

A formula that says more than rows can stays a text: then :func:`read` answers None. Nothing is asked of records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from runtime.base.errors import Message
from runtime.engine.access import ObjectAccess
from runtime.formula.diagnostics import Refused
from runtime.formula.literals import literal, quoted, seconds, written
from runtime.formula.parse import Surface, parse
from runtime.kinds.field import BadValue, Chooses, Context
from runtime.kinds.operators import OPERATORS, Operator
from runtime.meta.model import SYSTEM_OBJECTS, FieldDef
from runtime.meta.properties import OFFERED, PROPERTIES

#: The caller himself, where a person is asked for.
ME = "@me"
ME_FORMULA = "USER.id"
MOST_ROWS = 20
MOST_DAYS = 9999
#: Operators whose value is a piece of text, not a value of the field.
PLAIN = ("text", "item", "items")
MANY = ("values", "items")


@dataclass(frozen=True)
class Condition:
    """One row: the field or property, the operator's key, stored values (texts for ``text`` and ``item``)."""

    name: str
    operator: str
    values: Sequence[Any] = ()


@dataclass(frozen=True)
class Conditions:
    """All rows; ``any`` when one of them is enough."""

    rows: Sequence[Condition] = ()
    any: bool = False


@dataclass
class Words:
    """Texts that an input carried for one row, on their way to a condition."""

    name: str
    operator: str
    texts: Sequence[str] = ()
    error: BadValue | None = field(default=None)


def offered(access: ObjectAccess) -> dict[str, FieldDef]:
    """The fields and properties that the caller may ask about, by name."""
    found = {name: one for name, one in access.object.fields.items() if access.readable(name) and operators(one)}
    return {**found, **{name: PROPERTIES[name] for name in OFFERED}}


def names_people(definition: FieldDef) -> bool:
    """True for a field that holds people: the caller can be meant by it."""
    return definition.relates is not None and definition.relates.target_object() == SYSTEM_OBJECTS[0]


def operators(definition: FieldDef) -> list[Operator]:
    """The operators of a field, as its kind names them."""
    return [OPERATORS[key] for key in definition.kind.operators if key in OPERATORS]


def condition(words: Words, definition: FieldDef, context: Context) -> Condition | None:
    """A row from texts; None while a value is missing. Raises BadValue."""
    operator = OPERATORS[words.operator]
    texts = [one.strip() for one in words.texts if one.strip()]
    if operator.takes == "nothing":
        return Condition(words.name, operator.key)
    if operator.takes in MANY and len(texts) == 1 and not isinstance(definition.kind, Chooses):
        texts = [one.strip() for one in texts[0].replace("，", ",").split(",") if one.strip()]
    needed = 2 if operator.takes == "range" else 1
    if len(texts) < needed:
        return None
    values = [stored(one, operator, definition, context) for one in texts]
    return Condition(words.name, operator.key, tuple(values if operator.takes in MANY else values[:needed]))


def stored(text: str, operator: Operator, definition: FieldDef, context: Context) -> Any:
    """The stored value for a text of an input. Raises BadValue."""
    if operator.takes == "days":
        return days(text)
    if operator.takes in PLAIN or (text == ME and names_people(definition)):
        return text
    return definition.kind.clean(definition.kind.parse(text, context), context)


def days(text: str) -> Decimal:
    """A number of days. Raises BadValue."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_DAYS:
        raise BadValue("days", Message(f"a number of days from 1 to {MOST_DAYS}", f"1 到 {MOST_DAYS} 之间的天数"))
    return Decimal(int(text))


def write(access: ObjectAccess, conditions: Conditions) -> str:
    """The formula that the rows mean; '' for none. Rows about what the caller may not ask are left out."""
    known = offered(access)
    parts = []
    for one in conditions.rows[:MOST_ROWS]:
        definition, operator = known.get(one.name), OPERATORS.get(one.operator)
        if definition is None or operator is None or operator not in operators(definition):
            continue
        texts = [_literal(definition, operator, value) for value in one.values]
        filled = operator.formula.replace("{f}", one.name)
        if operator.takes in MANY:
            filled = filled.replace("{l}", f"[{', '.join(texts)}]")
        else:
            for place, text in zip(("{v}", "{w}"), texts, strict=False):
                head, _, tail = filled.partition(place)
                filled = head + text + tail
        parts.append(filled)
    return (" or " if conditions.any else " and ").join(parts)


def _literal(definition: FieldDef, operator: Operator, value: Any) -> str:
    if value == ME and names_people(definition):
        return ME_FORMULA
    if operator.takes in PLAIN:
        return quoted(str(value))
    if operator.takes == "days":
        return str(value)
    typed = definition.kind.typed(value)
    if definition.kind.type().name == "duration" and isinstance(typed, Decimal):
        return seconds(typed)
    return written(typed)


def read(access: ObjectAccess, source: str, context: Context) -> Conditions | None:
    """The rows that a formula means, None when it says more than rows can."""
    if not source.strip():
        return Conditions()
    try:
        tree = parse(source)
    except Refused:
        return None
    known = offered(access)
    parts = tree.parts if tree.kind == "logic" else (tree,)
    rows = [_row(part, known, context) for part in parts]
    found = [one for one in rows if one is not None]
    if len(found) != len(rows) or len(found) > MOST_ROWS:
        return None
    return Conditions(found, tree.kind == "logic" and tree.op == "or")


def _row(part: Surface, known: Mapping[str, FieldDef], context: Context) -> Condition | None:
    for operator, shape in shapes():
        held: dict[str, Surface] = {}
        if not _fits(shape, part, held):
            continue
        name = _name(held["zzf"])
        definition = known.get(name)
        if definition is None or operator not in operators(definition):
            continue
        values = _values(held, operator, definition, context)
        if values is not None:
            return Condition(name, operator.key, tuple(values))
    return None


def _values(
    held: Mapping[str, Surface], operator: Operator, definition: FieldDef, context: Context
) -> list[Any] | None:
    """The stored values that stand at the places of an operator; None when one is no plain value of the field."""
    places = list(held["zzl"].parts) if "zzl" in held else [held[one] for one in ("zzv", "zzw") if one in held]
    found = []
    for one in places:
        if names_people(definition) and one.kind == "path" and _path(one) == ME_FORMULA:
            found.append(ME)
            continue
        value = literal(one)
        if value is None or (operator.takes in PLAIN and not isinstance(value, str)):
            return None
        if operator.takes == "days":
            if not isinstance(value, Decimal) or value != int(value) or not 1 <= value <= MOST_DAYS:
                return None
        elif operator.takes not in PLAIN:
            try:
                value = definition.kind.clean(value, context)
            except BadValue:
                return None
            if value is None:
                return None
        found.append(value)
    return found


@cache
def shapes() -> tuple[tuple[Operator, Surface], ...]:
    """Each operator with the tree of its formula; what says most comes first."""
    found = []
    for one in OPERATORS.values():
        source = one.formula
        for letter in "fvwl":
            source = source.replace(f"{{{letter}}}", f"zz{letter}")
        found.append((one, parse(source)))
    return tuple(sorted(found, key=lambda pair: -len(pair[0].formula)))


def _fits(shape: Surface, part: Surface, held: dict[str, Surface]) -> bool:
    name = _name(shape)
    if name in ("zzf", "zzv", "zzw", "zzl"):
        if name == "zzf" and part.kind != "name":
            return False
        if name == "zzl" and part.kind != "list":
            return False
        held[name] = part
        return True
    if _negated(shape) is not None:
        inner, other = _negated(shape), _negated(part)
        return inner is not None and other is not None and _fits(inner, other, held)
    same = shape.kind == part.kind and shape.op == part.op and shape.ops == part.ops
    if not same or len(shape.parts) != len(part.parts) or not _same_word(shape, part):
        return False
    return all(_fits(one, other, held) for one, other in zip(shape.parts, part.parts, strict=True))


def _negated(surface: Surface) -> Surface | None:
    """What stands under NOT, in either spelling."""
    called = surface.kind == "call" and surface.token is not None and surface.token.value.upper() == "NOT"
    if (called or (surface.kind == "unary" and surface.op == "not")) and len(surface.parts) == 1:
        return surface.parts[0]
    return None


def _same_word(shape: Surface, part: Surface) -> bool:
    if shape.token is None or part.token is None:
        return shape.token is part.token
    return shape.token.value.upper() == part.token.value.upper()


def _name(surface: Surface) -> str:
    return surface.token.value if surface.kind == "name" and surface.token is not None else ""


def _path(surface: Surface) -> str:
    return ".".join(_words(surface))


def _words(surface: Surface) -> Iterator[str]:
    return (one.value for one in surface.names)
