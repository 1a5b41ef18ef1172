"""Steps that are gone through again and again until a condition holds, so many times at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Message
from runtime.kinds.marks import formula, kinds
from runtime.kinds.node import At, Loop, Node, Way
from runtime.kinds.options import one_of, option

MOST = 10


class RepeatUntil(Node):
    """Steps that are gone through again and again until a condition holds, so many times at most."""

    name = "repeat_until"
    label = {"en": "Repeat until", "zh": "重复直到"}
    help = {
        "en": "The steps inside, again and again until the condition holds; it is asked after each time round.",
        "zh": "反复执行其中的节点，每轮结束后判断条件，满足为止。",
    }
    icon = "repeat"
    loops = True
    options = {
        "repeat_until": option(
            "object",
            "Repeat until",
            "重复直到",
            properties={
                "until": formula("Until", "直到", context="automation"),
                "max": option("integer", "At most so many times", "最多次数", minimum=1, maximum=MOST, default=MOST),
                "on_max": one_of(
                    "When that is not enough",
                    "达到次数仍不满足",
                    {
                        "block": ("Ask an administrator", "由管理员处理"),
                        "reject": ("Reject", "驳回"),
                        "continue": ("Go on", "继续"),
                    },
                    default="block",
                ),
                "nodes": kinds("node", "any_key", "Nodes", "节点", labelled=True, minItems=1),
            },
            required=["until", "nodes"],
            additionalProperties=False,
        ),
    }
    required_options = ("repeat_until",)
    examples = (
        {"repeat_until": {"until": "complete", "max": 3, "nodes": [{"handle": "mend", "who": {"role": "sales"}}]}},
    )

    @classmethod
    def ways(cls, options: Mapping[str, Any]) -> Sequence[Way]:
        label = {"en": "Each time", "zh": "每一轮"}
        return [Way(options["repeat_until"]["nodes"], label=label, place=("repeat_until", "nodes"))]

    @classmethod
    def loop(cls, options: Mapping[str, Any]) -> Loop:
        given = options["repeat_until"]
        return Loop(given["until"], int(given.get("max", MOST)))

    @classmethod
    def enter(cls, at: At) -> None:
        at.go_round(1)

    @classmethod
    def way_ended(cls, at: At, way: int, passed: bool) -> None:
        loop, rule = cls.loop(at.options), at.options["repeat_until"].get("on_max", "block")
        if not passed:
            at.failed()
        elif at.met(loop.until):
            at.done()
        elif at.turn < loop.most:
            at.go_round(at.turn + 1)
        elif rule == "continue":
            at.done()
        elif rule == "reject":
            at.failed()
        else:
            at.stand(Message(
                f"it has been gone round {loop.most} times and is still not as wanted",
                f"已重复 {loop.most} 次，仍不满足条件"))  # fmt: skip
