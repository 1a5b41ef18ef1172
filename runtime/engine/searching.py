"""The texts that a record is found by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.meta.model import ObjectDef


def search_texts(definition: ObjectDef, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The texts that the record is found by: short ones, which may be names, and long ones."""
    texts: list[str] = []
    prose: list[str] = []
    for key, search_text, long in definition.search_parts:
        value = values.get(key)
        if value is not None:
            (prose if long else texts).append(search_text(value))
    return texts, prose
