"""Lookup: a value of a linked record."""

from __future__ import annotations

import datetime
from decimal import Decimal

from runtime.kinds.computed import RESULT, SHAPE, STORED, VALUE, ComputedField


class Lookup(ComputedField):
    """A field of a linked record, shown here, such as customer.grade."""

    name = "lookup"
    label = {"en": "Lookup", "zh": "引用"}
    help = {"en": "Shows a field of a linked record.", "zh": "显示被关联记录的字段。"}
    icon = "zoom-in"
    options = {"value": VALUE, "result": RESULT, "stored": STORED, **SHAPE}
    required_options = ("value",)
    examples = ({"value": "customer.grade"}, {"value": "customer.credit", "result": "money"})
    valid = (
        (examples[0], "A", "A"),
        (examples[0], datetime.date(2026, 11, 21), "2026-11-21"),
        (examples[0], ("a", "b"), ["a", "b"]),
        (examples[0], True, True),
        (examples[1], "3.50", Decimal("3.5")),
    )
    invalid = ((examples[1], "a"), (examples[0], {"a": 1}), (examples[0], [["a"]]))
