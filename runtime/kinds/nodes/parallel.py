"""Branches side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.kinds.marks import LABEL, described, formula, kinds
from runtime.kinds.node import At, Node, Way
from runtime.kinds.options import one_of, option


class Parallel(Node):
    """Branches side by side."""

    name = "parallel"
    label = {"en": "Parallel", "zh": "并行"}
    help = {"en": "Branches that run side by side and come together again.", "zh": "多个分支同时进行后再汇合。"}
    icon = "arrows-split"
    forks = True
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
                            "nodes": kinds("node", "any_key", "Nodes", "节点", labelled=True),
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

    @classmethod
    def ways(cls, options: Mapping[str, Any]) -> Sequence[Way]:
        return [
            Way(entry["nodes"], entry.get("when"), False, entry.get("label"), ("parallel", "branches", number, "nodes"))
            for number, entry in enumerate(options["parallel"]["branches"])
        ]

    @classmethod
    def enter(cls, at: At) -> None:
        chosen = [number for number, way in enumerate(at.ways) if way.when is None or at.condition(way.when)]
        if not chosen:
            at.done()
            return
        join = at.options["parallel"].get("join", "all")
        need = {"all": len(chosen), "any": 1}.get(join) if isinstance(join, str) else int(join["count"])
        at.fork(chosen, min(need or 1, len(chosen)))

    @classmethod
    def way_ended(cls, at: At, way: int, passed: bool) -> None:
        if not passed and at.options["parallel"].get("reject", "instance") == "instance":
            at.failed()
            return
        found = at.joined(way, passed)
        if found == "passed":
            at.done()
        elif found == "failed":
            at.failed()
