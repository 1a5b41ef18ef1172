"""A record is changed."""

from __future__ import annotations

from runtime.kinds.marks import formula, names_of
from runtime.kinds.options import one_of
from runtime.kinds.trigger import Trigger


class RecordUpdated(Trigger):
    """A record is changed."""

    name = "record_updated"
    label = {"en": "Record changed", "zh": "修改记录时"}
    help = {"en": "A record of the object is changed.", "zh": "修改该对象的记录时。"}
    icon = "pencil"
    options = {
        "fields": names_of("field", "One of these fields changes", "以下字段之一变化"),
        "when": formula("Only when", "仅当", context="automation"),
        "on": one_of(
            "Runs",
            "触发方式",
            {
                "becomes_true": ("When the condition becomes true", "条件变为真时"),
                "every_match": ("At every matching change", "每次匹配时"),
            },
            default="becomes_true",
        ),
    }
    examples = ({}, {"fields": ["stage"], "when": "stage == 'won'", "on": "becomes_true"})
