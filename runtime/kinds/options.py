"""Short ways to write the JSON Schema of an option with its label and help in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Option = dict[str, Any]


def option(kind: str, en: str, zh: str, help: tuple[str, str] | None = None, **schema: Any) -> Option:
    """The schema of one option of JSON type ``kind``; ``help`` is the English and the Chinese sentence."""
    found: Option = {"type": kind, "x-label": {"en": en, "zh": zh}}
    if help is not None:
        found["description"] = help[0]
        found["x-help"] = {"en": help[0], "zh": help[1]}
    found.update(schema)
    return found


def one_of(en: str, zh: str, choices: Mapping[str, tuple[str, str]], **schema: Any) -> Option:
    """The schema of an option that is one of ``choices``: key -> English and Chinese label."""
    labels = {key: {"en": text[0], "zh": text[1]} for key, text in choices.items()}
    return {**option("string", en, zh, enum=list(choices), **schema), "x-options": labels}


def label_schema(en: str, zh: str, **more: Any) -> Option:
    """The schema of a label: one text for both languages or ``{en:, zh:}``; ``more`` are further properties."""
    properties = {
        "en": option("string", "English", "英文", minLength=1, maxLength=100),
        "zh": option("string", "Chinese", "中文", minLength=1, maxLength=100),
        **more,
    }
    both = {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}
    return {"x-label": {"en": en, "zh": zh}, "anyOf": [{"type": "string", "minLength": 1, "maxLength": 100}, both]}


COLOR = one_of(
    "Color", "颜色",
    {
        "gray": ("Gray", "灰"), "red": ("Red", "红"), "orange": ("Orange", "橙"), "yellow": ("Yellow", "黄"),
        "green": ("Green", "绿"), "teal": ("Teal", "青"), "blue": ("Blue", "蓝"), "purple": ("Purple", "紫"),
        "pink": ("Pink", "粉"),
    },
)  # fmt: skip
