"""Does one thing or another."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import formula, kinds


class Choose(Action):
    """Does one thing or another."""

    name = "choose"
    label = {"en": "If", "zh": "条件"}
    help = {
        "en": "Does one thing when a condition is true, else another.",
        "zh": "条件为真时执行一组动作，否则执行另一组。",
    }
    icon = "git-branch"
    options = {
        "if": formula("If", "如果", context="automation"),
        "then": kinds("action", "only_key", "Then", "则", minItems=1),
        "else": kinds("action", "only_key", "Otherwise", "否则"),
    }  # fmt: skip
    required_options = ("if", "then")
    examples = ({"if": "amount > 100", "then": [{"stop": {}}]},)
