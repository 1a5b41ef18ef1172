"""Copies line items."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of


class CopyChildren(Action):
    """Copies line items."""

    name = "copy_children"
    label = {"en": "Copy line items", "zh": "复制明细"}
    help = {"en": "Copies the line items of a linked record.", "zh": "复制关联记录的明细。"}
    icon = "copy"
    options = {
        "from": name_of("relation", "Lines of", "来源明细"),
        "to": name_of("relation", "Into", "目标明细"),
    }  # fmt: skip
    required_options = ("from", "to")
    examples = ({"from": "quote_lines", "to": "lines"},)
