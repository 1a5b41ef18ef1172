"""Tags: free words."""

from __future__ import annotations

from typing import Any

from runtime.formula.types import TEXT_LIST, Type
from runtime.kinds.field import LIST_OPERATORS, Context, Field, bad
from runtime.kinds.fields.multiselect import SEPARATOR, at_most, items_of
from runtime.kinds.fields.text import bounded, plain
from runtime.kinds.options import option


class Tags(Field):
    """Words that users give as they like, each once whatever its case."""

    name = "tags"
    label = {"en": "Tags", "zh": "标签"}
    help = {"en": "Free words to group records by.", "zh": "自由填写的标签，用于归类。"}
    icon = "tags"
    column = "text[]"
    blank = ()
    operators = LIST_OPERATORS
    sortable = False
    widget = "tags"
    searchable = True
    options = {
        "suggest": option("array", "Suggestions", "建议标签", items={"type": "string", "maxLength": 50}, maxItems=200),
        "max": option("integer", "At most", "最多个数", minimum=1, maximum=100, default=50),
    }
    examples = ({}, {"suggest": ["VIP", "重点客户"], "max": 10})
    valid = (
        ({}, "VIP，重点客户,vip", ["VIP", "重点客户"]),
        ({}, [" a ", "b"], ["a", "b"]),
        ({}, "", None),
        ({}, [], None),
    )
    invalid = (({"max": 1}, ["a", "b"]), ({}, ["a,b"]), ({}, ["x" * 51]), ({}, {"a": 1}), ({}, [None]))

    def type(self) -> Type:
        return TEXT_LIST

    def clean(self, raw: Any, context: Context) -> list[str] | None:
        found: dict[str, str] = {}
        for item in items_of(raw):
            tag = bounded(" ".join(plain(item).split()), 0, 50)
            if SEPARATOR.search(tag):
                en = "a tag must not contain a comma, semicolon or bar"
                raise bad("separator", en, "标签不能包含逗号、分号、顿号或竖线")
            if tag:
                found.setdefault(tag.casefold(), tag)
        at_most(tuple(found), self.settings.get("max", 50))
        return list(found.values()) or None

    def text(self, value: Any, context: Context) -> str:
        return ", ".join(value or ())

    def typed(self, value: Any) -> tuple[str, ...]:
        return tuple(value)

    def search_text(self, value: Any) -> str:
        return " ".join(value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "maxLength": 50}, "uniqueItems": True}
