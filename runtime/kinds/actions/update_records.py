"""Sets fields of other records."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import formula, name_of, values_of, within
from runtime.kinds.options import option


class UpdateRecords(Action):
    """Sets fields of other records."""

    name = "update_records"
    label = {"en": "Change other records", "zh": "修改其他记录"}
    help = {
        "en": "Sets fields of up to 1,000 records that a condition finds.",
        "zh": "修改条件找到的记录，最多 1,000 条。",
    }
    icon = "pencil-plus"
    options = {
        "object": name_of("object", "Object", "对象"),
        "where": within(formula("Records for which", "记录条件", context="filter"), "object", "object"),
        "set": values_of("Values", "赋值", of={"key": "object", "as": "object"}),
        "limit": option("integer", "At most", "最多", minimum=1, maximum=1000, default=1000),
    }  # fmt: skip
    required_options = ("object", "where", "set")
    examples = ({"object": "activity", "where": "status == 'open'", "set": {"status": "closed"}},)
