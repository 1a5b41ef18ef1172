"""JSON Schema compiled to plain functions that answer yes or no, for the many values that are right.

A no is never the last word: jsonschema then says what is wrong. Where a keyword is not known here,
jsonschema itself is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator

from runtime.meta.schemas import Kinds, Schema, open_ended, options_of

Check = Callable[[Any], bool]

SILENT = frozenset(("title", "description", "default", "examples", "$schema", "$id", "$defs", "$comment", "format"))
LATER = frozenset(("additionalProperties", "items", "contains", "minContains", "maxContains"))
NUMBERS = (int, float, Decimal)

TYPES: dict[str, Check] = {
    "string": lambda x: isinstance(x, str),
    "boolean": lambda x: isinstance(x, bool),
    "null": lambda x: x is None,
    "object": lambda x: isinstance(x, dict),
    "array": lambda x: isinstance(x, list),
    "number": lambda x: isinstance(x, NUMBERS) and not isinstance(x, bool),
    "integer": lambda x: (isinstance(x, int) and not isinstance(x, bool)) or (isinstance(x, float) and x.is_integer()),
}
TYPES_OF: dict[str, tuple[type, ...]] = {"string": (str,), "array": (list,), "object": (dict,), "number": NUMBERS}


def _all(checks: list[Check]) -> Check:
    """One check out of several."""
    if not checks:
        return lambda x: True
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks
        return lambda x: first(x) and second(x)
    several = tuple(checks)

    def every(x: Any) -> bool:
        for one in several:  # noqa: SIM110  (a loop is twice as fast as all() with a generator here)
            if not one(x):
                return False
        return True

    return every


def _same(one: Any, other: Any) -> bool:
    """Equality in the sense of JSON: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _applies(kind: str, check: Check) -> Check:
    """The keyword says nothing about values of other types."""
    types = TYPES_OF[kind]
    return lambda x: not isinstance(x, types) or isinstance(x, bool) or check(x)


class Compiler:
    """Compiles the schemas of one root."""

    def __init__(self, root: Schema, kinds: Kinds, exact: Any = Draft202012Validator) -> None:
        self.root = root
        self.kinds = kinds
        self.exact = exact
        self.refs: dict[str, Check] = {}
        self.made: dict[tuple[int, type], Check] = {}

    def compile(self, schema: Any) -> Check:
        """A function that is true for the values that the schema allows."""
        if schema is True or schema == {}:
            return lambda x: True
        if schema is False:
            return lambda x: False
        checks: list[Check] = []
        for keyword, value in schema.items():
            if keyword in SILENT or keyword in LATER:
                continue
            if keyword == "x-kind":
                checks.append(self.kind(schema))
            elif keyword == "x-kind-name":
                names = frozenset(self.kinds.names(value))
                checks.append(lambda x, names=names: not isinstance(x, str) or x in names)  # type: ignore[misc]
            elif keyword.startswith("x-"):
                continue
            else:
                make = getattr(self, "on_" + keyword.lstrip("$"), None)
                if make is None:
                    return self.asked(schema)
                checks.append(make(value))
        if "additionalProperties" in schema and "x-kind" not in schema:
            checks.append(self.rest(schema))
        if "items" in schema:
            checks.append(self.items(schema))
        if "contains" in schema:
            checks.append(self.contains(schema))
        return _all(checks)

    def asked(self, schema: Any) -> Check:
        """jsonschema's own answer."""
        is_valid: Check = self.exact(schema).is_valid
        return is_valid

    # --- keywords -------------------------------------------------------------------------------------
    def on_ref(self, value: str) -> Check:
        if value not in self.refs:
            target: Any = self.root
            for step in value.removeprefix("#/").split("/"):
                target = target[step]
            self.refs[value] = lambda x: self.refs[value](x)  # while it is being made: it may contain itself
            self.refs[value] = self.compile(target)
        return lambda x: self.refs[value](x)

    def on_type(self, value: Any) -> Check:
        if isinstance(value, str):
            return TYPES[value]
        several = [TYPES[one] for one in value]
        return lambda x: any(one(x) for one in several)

    def on_enum(self, value: list[Any]) -> Check:
        texts = frozenset(one for one in value if isinstance(one, str))
        others = [one for one in value if not isinstance(one, str)]
        return lambda x: x in texts if isinstance(x, str) else any(_same(x, one) for one in others)

    def on_const(self, value: Any) -> Check:
        return lambda x: _same(x, value)

    def on_pattern(self, value: str) -> Check:
        search = re.compile(value).search
        return _applies("string", lambda x: search(x) is not None)

    def on_minLength(self, value: int) -> Check:
        return _applies("string", lambda x: len(x) >= value)

    def on_maxLength(self, value: int) -> Check:
        return _applies("string", lambda x: len(x) <= value)

    def on_minimum(self, value: Any) -> Check:
        return _applies("number", lambda x: bool(x >= value))

    def on_maximum(self, value: Any) -> Check:
        return _applies("number", lambda x: bool(x <= value))

    def on_exclusiveMinimum(self, value: Any) -> Check:
        return _applies("number", lambda x: bool(x > value))

    def on_exclusiveMaximum(self, value: Any) -> Check:
        return _applies("number", lambda x: bool(x < value))

    def on_minItems(self, value: int) -> Check:
        return _applies("array", lambda x: len(x) >= value)

    def on_maxItems(self, value: int) -> Check:
        return _applies("array", lambda x: len(x) <= value)

    def on_minProperties(self, value: int) -> Check:
        return _applies("object", lambda x: len(x) >= value)

    def on_maxProperties(self, value: int) -> Check:
        return _applies("object", lambda x: len(x) <= value)

    def on_uniqueItems(self, value: bool) -> Check:
        return _applies("array", lambda x: not value or (all(type(i) is str for i in x) and len(set(x)) == len(x)))

    def on_required(self, value: list[str]) -> Check:
        return _applies("object", lambda x: all(key in x for key in value))

    def on_propertyNames(self, value: Any) -> Check:
        check = self.compile(value)
        return _applies("object", lambda x: all(check(key) for key in x))

    def on_properties(self, value: Mapping[str, Any]) -> Check:
        checks = {key: self.compile(schema) for key, schema in value.items()}

        def properties(x: Any) -> bool:
            for key in x:
                check = checks.get(key)
                if check is not None and not check(x[key]):
                    return False
            return True

        return _applies("object", properties)

    def on_prefixItems(self, value: list[Any]) -> Check:
        checks = [self.compile(schema) for schema in value]
        return _applies("array", lambda x: all(check(one) for check, one in zip(checks, x, strict=False)))

    def on_anyOf(self, value: list[Any]) -> Check:
        checks = [self.compile(schema) for schema in value]
        return lambda x: any(check(x) for check in checks)

    def on_oneOf(self, value: list[Any]) -> Check:
        checks = [self.compile(schema) for schema in value]
        return lambda x: sum(1 for check in checks if check(x)) == 1

    def on_allOf(self, value: list[Any]) -> Check:
        return _all([self.compile(schema) for schema in value])

    def on_not(self, value: Any) -> Check:
        check = self.compile(value)
        return lambda x: not check(x)

    # --- keywords that look at their siblings ---------------------------------------------------------
    def rest(self, schema: Schema) -> Check:
        """``additionalProperties``."""
        known = frozenset(options_of(schema))
        more = schema["additionalProperties"]
        if "patternProperties" in schema:
            return self.asked(schema)
        if more is True:
            return lambda x: True
        if more is False:
            return _applies("object", lambda x: known.issuperset(x))
        check = self.compile(more)
        return _applies("object", lambda x: all(key in known or check(x[key]) for key in x))

    def items(self, schema: Schema) -> Check:
        """``items``: those beyond ``prefixItems``."""
        check, after = self.compile(schema["items"]), len(schema.get("prefixItems", ()))

        def items(x: Any) -> bool:
            for one in x[after:]:  # noqa: SIM110
                if not check(one):
                    return False
            return True

        return _applies("array", items)

    def contains(self, schema: Schema) -> Check:
        """``contains`` with its bounds."""
        check = self.compile(schema["contains"])
        low, high = schema.get("minContains", 1), schema.get("maxContains")

        def contains(x: Any) -> bool:
            count = sum(1 for one in x if check(one))
            return bool(count >= low and (high is None or count <= high))

        return _applies("array", contains)

    def kind(self, schema: Schema) -> Check:
        """``x-kind``: the options of the kind that the value names; unknown options are refused."""
        mark = schema["x-kind"]
        envelope = frozenset(options_of(schema))
        only = mark["at"] == "only_key"

        def check(x: Any) -> bool:
            if not isinstance(x, dict):
                return True
            name = self.kinds.named(mark, x)
            kind = self.kinds.kind(mark["family"], name)
            if kind is None:
                return False
            return self.options(kind, frozenset() if only else envelope, id(schema))(x[name] if only else x)

        return check

    def options(self, kind: type[Any], envelope: frozenset[str], where: int) -> Check:
        """The check of a kind's options beside the keys of the envelope."""
        found = self.made.get((where, kind))
        if found is None:
            schema = self.kinds.schema(kind)
            checks = [self.compile({**schema, "type": "object"})]
            if not open_ended(schema):
                known = envelope | frozenset(options_of(schema))
                checks.append(known.issuperset)
            found = self.made[(where, kind)] = _all(checks)
        return found
