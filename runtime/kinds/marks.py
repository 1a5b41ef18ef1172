"""Marks on the JSON Schema of an option that say what a text in it stands for: a formula, a field, a role.

The checks of the model and the property panels of the editor follow the marks; they know no kind and no key.

``x-formula``  the text is a formula: ``{"expected": type or None, "context": context}``
``x-value``    a literal, or a formula when the text begins with ``=``: ``{"context": context}``
``x-ref``      the text is a name: field, path, sort, relation, writable, object, role, view, workflow ...
``x-keys``     the keys of the mapping are names: ``{"ref": what, "of": place, "value": context}``
``x-scope``    names and formulas inside belong to another object: ``{"key": sibling, "as": what it names}``
``x-about``    names and formulas inside of the mapping belong to the object that this key of it names
``x-kind``     a kind with its options: ``{"family": family, "at": where its name stands}``
"""

from __future__ import annotations

from typing import Any

from runtime.kinds.options import Option, label_schema

NAME = "^[a-z][a-z0-9_]{0,39}$"
DURATION = "^-?[0-9]{1,5}(m|h|d|w|wh|wd)$"
SENTENCE = tuple[str, str]


def described(found: Option, en: str, zh: str, help: SENTENCE | None) -> Option:
    """``found`` with its label and help."""
    made: Option = {"x-label": {"en": en, "zh": zh}}
    if help is not None:
        made["description"] = help[0]
        made["x-help"] = {"en": help[0], "zh": help[1]}
    made.update(found)
    return made


def formula(en: str, zh: str, help: SENTENCE | None = None, *, expected: str | None = "bool",
            context: str = "filter") -> Option:  # fmt: skip
    """A bare formula; a condition may also be true or false."""
    kinds = ["string", "boolean"] if expected == "bool" else "string"
    mark = {"expected": expected, "context": context}
    return described({"type": kinds, "minLength": 1, "maxLength": 4000, "x-formula": mark}, en, zh, help)


def value(en: str, zh: str, help: SENTENCE | None = None, *, context: str = "automation", **schema: Any) -> Option:
    """A literal, or a formula after ``=``."""
    return described({"x-value": {"context": context}, **schema}, en, zh, help)


def text_value(en: str, zh: str, help: SENTENCE | None = None, *, context: str = "automation") -> Option:
    """A message: one text or one a language, each literal or a formula after ``=``."""
    mark = {"context": context, "expected": "text"}
    one = {"type": "string", "minLength": 1, "maxLength": 4000, "x-value": mark}
    both = {"type": "object", "properties": {"en": one, "zh": one}, "minProperties": 1, "additionalProperties": False}
    return described({"anyOf": [one, both]}, en, zh, help)


def name_of(ref: str, en: str, zh: str, help: SENTENCE | None = None) -> Option:
    """The name of something: ``ref`` says of what."""
    return described({"type": "string", "minLength": 1, "maxLength": 100, "x-ref": ref}, en, zh, help)


def names_of(ref: str, en: str, zh: str, help: SENTENCE | None = None, **schema: Any) -> Option:
    """A list of names."""
    item = {"type": "string", "minLength": 1, "maxLength": 100, "x-ref": ref}
    return described({"type": "array", "items": item, "uniqueItems": True, "maxItems": 200, **schema}, en, zh, help)


def values_of(en: str, zh: str, help: SENTENCE | None = None, *, of: dict[str, str] | None = None,
              context: str = "automation") -> Option:  # fmt: skip
    """A mapping of fields to new values, literal or formulas after ``=``."""
    mark: dict[str, Any] = {"ref": "writable", "value": {"context": context}}
    if of is not None:
        mark["of"] = of
    return described({"type": "object", "minProperties": 1, "x-keys": mark}, en, zh, help)


def duration(en: str, zh: str, help: SENTENCE | None = None) -> Option:
    """A length of time: 30m, 4h, 3d, 2w, 24wh (working hours), 5wd (working days)."""
    return described({"type": "string", "pattern": DURATION, "x-expects": {
        "en": "a length of time such as 30m, 4h, 3d, 2w, 24wh (working hours) or 5wd (working days)",
        "zh": "时长，如 30m、4h、3d、2w、24wh（工作小时）或 5wd（工作日）"}}, en, zh, help)  # fmt: skip


def kinds(family: str, at: str, en: str, zh: str, help: SENTENCE | None = None, *, labelled: bool = False,
          **schema: Any) -> Option:  # fmt: skip
    """A list of kinds with their options; ``labelled`` ones may say what people call them."""
    item: Option = {"type": "object", "x-kind": {"family": family, "at": at}}
    if labelled:
        item["properties"] = {"label": LABEL}
    return described({"type": "array", "items": item, "maxItems": 200, **schema}, en, zh, help)


def within(found: Option, key: str, what: str) -> Option:
    """``found`` with its names and formulas belonging to what the sibling ``key`` names."""
    return {**found, "x-scope": {"key": key, "as": what}}


LABEL = label_schema("Label", "标签")
