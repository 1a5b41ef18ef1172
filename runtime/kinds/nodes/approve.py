"""An approval: people agree or reject."""

from __future__ import annotations

from runtime.kinds.marks import NAME
from runtime.kinds.node import At, Node
from runtime.kinds.options import one_of, option
from runtime.kinds.parts import ALLOW, DUE, FIELDS
from runtime.kinds.people import EMPTY, MODE, who


class Approve(Node):
    """An approval: people agree or reject."""

    name = "approve"
    label = {"en": "Approval", "zh": "审批"}
    help = {"en": "People agree or reject.", "zh": "审批人同意或驳回。"}
    icon = "circle-check"
    decisions = ("agree", "reject")
    judges = True
    options = {
        "approve": option("string", "Name", "名称", pattern=NAME),
        "who": who("Approvers", "审批人"),
        "mode": MODE,
        "reject_rule": one_of(
            "When rejected",
            "驳回规则",
            {"first": ("By the first", "一人驳回即驳回"), "all_voted": ("When all have voted", "全部表决后")},
            default="first",
        ),
        "fields": FIELDS,
        "actions": ALLOW,
        "before_sign_reject": one_of(
            "Rejection by a before-signer",
            "前加签人驳回",
            {"advice": ("Is advice", "仅作意见"), "reject": ("Rejects", "直接驳回")},
            default="advice",
        ),
        "opinion": option(
            "object",
            "Opinion",
            "审批意见",
            properties={
                "comment": one_of(
                    "Comment",
                    "意见",
                    {
                        "never": ("Not needed", "不需要"),
                        "on_reject": ("When rejecting", "驳回时必填"),
                        "always": ("Always", "必填"),
                    },
                ),
                "attachment": option("boolean", "With files", "可附文件"),
                "signature": option("boolean", "With signature", "手写签名"),
            },
            additionalProperties=False,
        ),
        "due": DUE,
        "empty": EMPTY,
    }
    required_options = ("approve", "who")
    examples = (
        {"approve": "boss", "who": {"manager": {"of": "initiator", "level": 1}}},
        {"approve": "legal", "who": {"role": "legal"}, "mode": {"ratio": 60}},
    )

    @classmethod
    def enter(cls, at: At) -> None:
        at.hand_out()
