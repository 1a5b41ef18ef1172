"""Formula: a value computed from the record's other fields."""

from __future__ import annotations

from decimal import Decimal

from runtime.kinds.computed import RESULT, SHAPE, STORED, VALUE, ComputedField


class Formula(ComputedField):
    """A computed value; ``result`` says what type it has."""

    name = "formula"
    label = {"en": "Formula", "zh": "公式"}
    help = {"en": "Computed from other fields, always up to date.", "zh": "由其他字段计算得出，始终最新。"}
    icon = "math-function"
    options = {"value": VALUE, "result": RESULT, "stored": STORED, **SHAPE}
    required_options = ("value", "result")
    examples = (
        {"value": "ROUND(total * (1 - discount / 100), 2)", "result": "number"},
        {"value": "price * quantity", "result": "money", "currency": "CNY"},
        {"value": "name & '!'", "result": "text"},
    )
    valid = (
        (examples[0], Decimal("12.50"), Decimal("12.5")),
        (examples[2], "a!", "a!"),
        ({"value": "due < TODAY()", "result": "bool"}, True, True),
        ({"value": "TODAY()", "result": "date"}, "2026-11-21", "2026-11-21"),
        ({"value": "b - a", "result": "duration"}, 60, Decimal(60)),
    )
    invalid = ((examples[0], "a"), (examples[2], ["a"]), ({"value": "TODAY()", "result": "date"}, 5))
