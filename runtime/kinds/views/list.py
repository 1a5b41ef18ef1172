"""A list: one row a record."""

from __future__ import annotations

from runtime.kinds.marks import described, name_of
from runtime.kinds.options import option
from runtime.kinds.parts import COLORS, COLUMNS
from runtime.kinds.view import View


class List(View):
    """A list: one row a record."""

    name = "list"
    label = {"en": "List", "zh": "列表"}
    help = {
        "en": "One row a record, sorted and filtered, edited in place.",
        "zh": "一行一条记录，可排序、筛选、就地编辑。",
    }
    icon = "list"
    options = {
        "columns": COLUMNS,
        "colors": COLORS,
        "group": name_of("field", "Grouped by", "分组字段"),
        "totals": {
            **described(
                {
                    "type": "object",
                    "x-keys": {"ref": "field"},
                    "additionalProperties": {"enum": ["sum", "avg", "min", "max", "count"]},
                },
                "Totals",
                "合计",
                ("Field and how it is summed up", "字段及汇总方式"),
            )
        },
        "page_size": option("integer", "Rows on a page", "每页行数", minimum=10, maximum=500, default=50),
        "edit": option("boolean", "Editable in place", "可就地编辑", default=False),
    }
    required_options = ("columns",)
    examples = (
        {"columns": ["name"]},
        {"columns": ["name", {"field": "grade", "width": 90}], "colors": [{"when": "grade == 'A'", "color": "red"}]},
    )
