"""A task to be done: fill in and submit."""

from __future__ import annotations

from runtime.kinds.marks import NAME
from runtime.kinds.node import At, Node
from runtime.kinds.options import option
from runtime.kinds.parts import ALLOW, DUE, FIELDS
from runtime.kinds.people import EMPTY, MODE, who


class Handle(Node):
    """A task to be done: fill in and submit."""

    name = "handle"
    label = {"en": "Task", "zh": "办理"}
    help = {
        "en": "Somebody fills in fields and submits; nobody agrees or rejects.",
        "zh": "填写字段并提交，不涉及同意或驳回。",
    }
    icon = "edit"
    decisions = ("submit",)
    options = {
        "handle": option("string", "Name", "名称", pattern=NAME),
        "who": who("Handlers", "办理人"),
        "mode": MODE,
        "fields": FIELDS,
        "actions": ALLOW,
        "due": DUE,
        "empty": EMPTY,
    }  # fmt: skip
    required_options = ("handle", "who")
    examples = ({"handle": "upload_scan", "who": {"field": "owner"}, "fields": {"required": ["scan"]}},)

    @classmethod
    def enter(cls, at: At) -> None:
        at.hand_out()
