"""Rollup: a value computed over the records that link here."""

from __future__ import annotations

from decimal import Decimal

from runtime.kinds.computed import RESULT, SHAPE, STORED, VALUE, ComputedField


class Rollup(ComputedField):
    """An aggregate over related records, such as SUM(lines.amount)."""

    name = "rollup"
    label = {"en": "Rollup", "zh": "汇总"}
    help = {"en": "A sum, count, smallest or largest over related records.", "zh": "对关联记录求和、计数、最大或最小。"}
    icon = "sum"
    usual = "number"
    options = {"value": VALUE, "result": {**RESULT, "default": "number"}, "stored": STORED, **SHAPE}
    required_options = ("value",)
    examples = ({"value": "SUM(lines.amount)"}, {"value": "MAX(visits.day)", "result": "date"})
    valid = (
        (examples[0], "100.10", Decimal("100.1")),
        (examples[0], 3, Decimal(3)),
        (examples[1], "2026-11-21", "2026-11-21"),
    )
    invalid = ((examples[0], "a"), (examples[0], [1]), (examples[1], "a"))
