"""Multiselect: several of given options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from runtime.formula.types import Type, choice, list_of
from runtime.kinds.field import LIST_OPERATORS, BadValue, Context, bad
from runtime.kinds.fields.select import ChoiceField, Select
from runtime.kinds.options import option

SEPARATOR = re.compile(r"[,;|，；、\n]")
MOST_RAW = 10000


def items_of(raw: Any) -> Sequence[Any]:
    """The items of a list, or of a text that lists them. Raises BadValue."""
    if isinstance(raw, (list, tuple)):
        if len(raw) > MOST_RAW:
            raise bad("too_many", f"has {len(raw)} entries", f"共 {len(raw)} 项，过多")
        return raw
    if isinstance(raw, str) and len(raw) <= 1_000_000:
        return SEPARATOR.split(raw, MOST_RAW)
    raise bad("type", "must be a list", "必须是列表")


def at_most(items: Sequence[Any], most: int) -> None:
    """Raises BadValue when there are more than ``most`` items."""
    if len(items) > most:
        raise bad("too_many", f"has {len(items)} entries, at most {most}", f"共 {len(items)} 项，最多 {most} 项")


class Multiselect(ChoiceField):
    """Several options in the order of the document, each once."""

    name = "multiselect"
    label = {"en": "Multiple select", "zh": "多选"}
    help = {"en": "Any number of given options.", "zh": "从给定选项中选多个。"}
    icon = "list-check"
    column = "text[]"
    blank = ()
    operators = LIST_OPERATORS
    sortable = False
    widget = "multiselect"
    searchable = True
    options = {
        "options": Select.options["options"],
        "max": option("integer", "At most", "最多选择", minimum=1, maximum=200, default=200),
    }
    required_options = ("options",)
    examples = ({"options": {"mail": {"en": "Mail", "zh": "邮件"}, "phone": {"en": "Phone", "zh": "电话"}}},)
    valid = (
        (examples[0], ["phone", "mail", "phone"], ["mail", "phone"]),
        (examples[0], "邮件、Phone", ["mail", "phone"]),
        (examples[0], [], None),
        (examples[0], "", None),
    )
    invalid = (
        (examples[0], ["fax"]),
        (examples[0], {"mail": 1}),
        ({**examples[0], "max": 1}, ["mail", "phone"]),
        (examples[0], [["mail"]]),
    )

    def type(self) -> Type:
        return list_of(choice(*self._options, former=self.former))

    def clean(self, raw: Any, context: Context) -> list[str] | None:
        keys = {key for key in map(self.key_of, items_of(raw)) if key is not None}
        at_most(tuple(keys), self.settings.get("max", 200))
        return [key for key in self._options if key in keys] or None

    def parse(self, text: str, context: Context) -> Any:
        try:
            key = self.key_of(text)  # One label may itself contain a comma.
        except BadValue:
            return text
        return [key] if key else text

    def text(self, value: Any, context: Context) -> str:
        return ", ".join(self.written(key, context.language) for key in value or ())

    def show(self, value: Any, context: Context) -> str:
        return ", ".join(self.label_in(key, context.language) for key in value or ())

    def typed(self, value: Any) -> tuple[str, ...]:
        return tuple(value)

    def search_text(self, value: Any) -> str:
        return " ".join(f"{self.label_in(key, 'en')} {self.label_in(key, 'zh')}" for key in value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": list(self._options)}, "uniqueItems": True}
