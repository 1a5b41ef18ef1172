"""An exclusive choice: the first true branch is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.kinds.marks import LABEL, formula, kinds
from runtime.kinds.node import At, Node, Way


class Branch(Node):
    """An exclusive choice: the first true branch is taken."""

    name = "branch"
    label = {"en": "Branch", "zh": "条件分支"}
    help = {
        "en": "The first branch whose condition is true; the last one is `else`.",
        "zh": "执行第一个满足条件的分支；最后一个必须是 else。",
    }
    icon = "git-branch"
    options = {
        "branch": {
            "type": "array",
            "minItems": 2,
            "maxItems": 50,
            "contains": {"required": ["else"]},
            "maxContains": 1,
            "x-expects": {
                "en": "two or more branches, exactly one of them `else`",
                "zh": "两个以上分支，且恰有一个 else",
            },
            "x-label": {"en": "Branches", "zh": "分支"},
            "items": {
                "type": "object",
                "properties": {
                    "when": formula("If", "条件", context="automation"),
                    "label": LABEL,
                    "nodes": kinds("node", "any_key", "Then", "节点", labelled=True),
                    "else": kinds("node", "any_key", "Otherwise", "否则", labelled=True),
                },
                "oneOf": [{"required": ["when", "nodes"]}, {"required": ["else"]}],
                "additionalProperties": False,
                "x-expects": {"en": "a branch with when and nodes, or else", "zh": "带 when 和 nodes 的分支，或 else"},
            },
        },
    }
    required_options = ("branch",)
    examples = ({"branch": [{"when": "amount > 100", "nodes": []}, {"else": []}]},)

    @classmethod
    def ways(cls, options: Mapping[str, Any]) -> Sequence[Way]:
        found = []
        for number, entry in enumerate(options["branch"]):
            key = "else" if "else" in entry else "nodes"
            place = ("branch", number, key)
            found.append(Way(entry[key], entry.get("when"), key == "else", entry.get("label"), place))
        return found

    @classmethod
    def enter(cls, at: At) -> None:
        for number, way in enumerate(at.ways):
            if not way.otherwise and way.when is not None and at.condition(way.when):
                at.choose(number)
                return
        at.choose(next(number for number, way in enumerate(at.ways) if way.otherwise))
