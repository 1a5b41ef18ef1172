"""Deletes this record or others."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import formula, name_of, within


class Delete(Action):
    """Deletes this record or others."""

    name = "delete"
    label = {"en": "Delete", "zh": "删除"}
    help = {
        "en": "Deletes this record, or up to 1,000 others that a condition finds.",
        "zh": "删除本记录，或条件找到的其他记录（最多 1,000 条）。",
    }
    icon = "trash"
    options = {
        "object": name_of("object", "Object", "对象"),
        "where": within(formula("Records for which", "记录条件", context="filter"), "object", "object"),
    }  # fmt: skip
    examples = ({}, {"object": "activity", "where": "status == 'closed'"})
