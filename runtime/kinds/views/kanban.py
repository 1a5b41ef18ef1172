"""A board: cards in columns, moved by hand."""

from __future__ import annotations

from runtime.kinds.marks import described, name_of
from runtime.kinds.options import option
from runtime.kinds.parts import CARD, COLORS
from runtime.kinds.view import View


class Kanban(View):
    """A board: cards in columns, moved by hand."""

    name = "kanban"
    label = {"en": "Board", "zh": "看板"}
    help = {"en": "Cards in columns of a choice; a move changes the value.", "zh": "按选项分列的卡片；拖动即修改。"}
    icon = "layout-kanban"
    look = "board"
    options = {
        "by": name_of(
            "field", "Columns by", "分列字段", ("A field with options, such as a stage", "带选项的字段，如阶段")
        ),
        "card": CARD,
        "totals": {
            **described(
                {
                    "type": "object",
                    "x-keys": {"ref": "field"},
                    "additionalProperties": {"enum": ["sum", "avg", "min", "max", "count"]},
                },
                "Totals of a column",
                "每列合计",
                None,
            )
        },
        "colors": COLORS,
        "hide": option("array", "Columns not shown", "隐藏的列", items={"type": "string"}, uniqueItems=True),
    }
    required_options = ("by",)
    examples = (
        {"by": "stage"},
        {"by": "stage", "card": {"title": "name", "lines": ["customer", "amount"]}, "totals": {"amount": "sum"}},
    )
