"""Does something for each of several records."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import formula, kinds, name_of, within


class Repeat(Action):
    """Does something for each of several records."""

    name = "repeat"
    label = {"en": "For each", "zh": "逐条执行"}
    help = {"en": "Does something for each of up to 500 related records.", "zh": "对最多 500 条相关记录逐条执行。"}
    icon = "repeat"
    options = {
        "each": name_of("relation", "Each of", "遍历"),
        "where": within(formula("For which", "条件", context="filter"), "each", "relation"),
        "do": within(kinds("action", "only_key", "Does", "执行", minItems=1), "each", "relation"),
    }  # fmt: skip
    required_options = ("each", "do")
    examples = ({"each": "lines", "do": [{"update": {"checked": True}}]},)
