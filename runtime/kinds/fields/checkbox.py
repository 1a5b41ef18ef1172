"""Checkbox: yes or not."""

from __future__ import annotations

from typing import Any

from runtime.formula.types import BOOL, Type
from runtime.kinds.field import BOOL_OPERATORS, Context, Field, bad, shown

TRUE = {"true", "yes", "y", "on", "1", "是", "对", "有", "√", "✓", "✔", "☑"}
FALSE = {"", "false", "no", "n", "off", "0", "否", "错", "无", "×", "✗", "☐"}


class Checkbox(Field):
    """Ticked or not; there is no third state: blank reads as false and false is not stored."""

    name = "checkbox"
    label = {"en": "Checkbox", "zh": "复选框"}
    help = {"en": "Yes or no; not ticked means no.", "zh": "是或否；未勾选即为否。"}
    icon = "checkbox"
    column = "boolean"
    blank = False
    operators = BOOL_OPERATORS
    widget = "checkbox"
    examples = ({},)
    valid = (({}, True, True), ({}, False, None), ({}, "是", True), ({}, "no", None), ({}, "", None), ({}, 1, True))
    invalid = (({}, "maybe"), ({}, 2), ({}, [True]), ({}, {"a": 1}))

    def type(self) -> Type:
        return BOOL

    def clean(self, raw: Any, context: Context) -> bool | None:
        if raw is True or raw is False:
            return raw or None
        word = str(raw) if isinstance(raw, int) and raw in (0, 1) else raw
        if isinstance(word, str):
            word = word.strip().lower() if len(word) < 20 else word
            if word in TRUE:
                return True
            if word in FALSE:
                return None
        raise bad("not_a_bool", f"must be yes or no, not {shown(raw)!r}", f"必须是“是”或“否”，不能是“{shown(raw)}”")

    def text(self, value: Any, context: Context) -> str:
        if not value:
            return ""
        return "是" if context.language.startswith("zh") else "yes"

    def show(self, value: Any, context: Context) -> str:
        return self.text(value, context) or ("否" if context.language.startswith("zh") else "no")

    def live(self, context: Context) -> dict[str, Any]:
        return {"reads": "bool", "shows": "bool", "words": [self.show(True, context), self.show(False, context)]}

    def search_text(self, value: Any) -> str:
        return ""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}
