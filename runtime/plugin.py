"""The public face: all that a plugin may import. What is not here may change with any version."""

from __future__ import annotations

from runtime.base.errors import Message, Problem
from runtime.base.pattern import portable
from runtime.formula.types import BOOL, DATE, DATETIME, DURATION, NUMBER, TEXT, TEXT_LIST, Type, choice, list_of, ref
from runtime.kinds.field import (
    BLANK_OPERATORS,
    BOOL_OPERATORS,
    CHOICE_OPERATORS,
    LIST_OPERATORS,
    ORDER_OPERATORS,
    TEXT_OPERATORS,
    BadValue,
    Choice,
    Chooses,
    Computed,
    Context,
    Field,
    HoldsFiles,
    Numbered,
    Relates,
    bad,
    shown,
)
from runtime.kinds.fields.text import narrow, plain
from runtime.kinds.options import label_schema, one_of, option

__all__ = [
    "BLANK_OPERATORS", "BOOL", "BOOL_OPERATORS", "CHOICE_OPERATORS", "DATE", "DATETIME", "DURATION", "LIST_OPERATORS",
    "NUMBER", "ORDER_OPERATORS", "TEXT", "TEXT_LIST", "TEXT_OPERATORS", "BadValue", "Choice", "Chooses", "Computed",
    "Context", "Field", "HoldsFiles", "Message", "Numbered", "Problem", "Relates", "Type", "bad", "choice",
    "label_schema", "list_of", "narrow", "one_of", "option", "plain", "portable", "ref", "shown",
]  # fmt: skip
