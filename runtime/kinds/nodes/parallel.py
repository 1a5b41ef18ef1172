"""Branches side by side."""

from __future__ import annotations

from runtime.kinds.marks import LABEL, described, formula, kinds
from runtime.kinds.node import Node
from runtime.kinds.options import one_of, option


class Parallel(Node):
    """Branches side by side."""

    name = "parallel"
    label = {"en": "Parallel", "zh": "并行"}
    help = {"en": "Branches that run side by side and come together again.", "zh": "多个分支同时进行后再汇合。"}
    icon = "arrows-split"
    options = {
        "parallel": option(
            "object",
            "Parallel",
            "并行",
            properties={
                "join": described(
                    {
                        "anyOf": [
                            {"enum": ["all", "any"]},
                            {
                                "type": "object",
                                "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 50}},
                                "required": ["count"],
                                "additionalProperties": False,
                            },
                        ],
                        "x-expects": {"en": "all, any or {count: 2}", "zh": "all、any 或 {count: 2}"},
                    },
                    "Goes on when",
                    "汇合条件",
                    None,
                ),
                "reject": one_of(
                    "A rejection ends",
                    "驳回范围",
                    {"instance": ("Everything", "整个流程"), "branch": ("Its branch", "本分支")},
                ),
                "branches": {
                    "type": "array",
                    "minItems": 2,
                    "maxItems": 20,
                    "items": {
                        "type": "object",
                        "properties": {
                            "label": LABEL,
                            "when": formula("If", "条件", context="automation"),
                            "nodes": kinds("node", "any_key", "Nodes", "节点"),
                        },
                        "required": ["nodes"],
                        "additionalProperties": False,
                    },
                },
            },
            required=["branches"],
            additionalProperties=False,
        ),
    }
    required_options = ("parallel",)
    examples = ({"parallel": {"join": "all", "branches": [{"nodes": []}, {"nodes": []}]}},)
