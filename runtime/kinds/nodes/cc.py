"""A copy: people are told."""

from __future__ import annotations

from runtime.kinds.marks import NAME
from runtime.kinds.node import At, Node
from runtime.kinds.options import option
from runtime.kinds.people import who


class Cc(Node):
    """A copy: people are told."""

    name = "cc"
    label = {"en": "Copy", "zh": "抄送"}
    help = {"en": "People are told and may read.", "zh": "通知并允许查阅。"}
    icon = "mail-forward"
    silent = True
    options = {
        "cc": option("string", "Name", "名称", pattern=NAME),
        "who": who("Who is told", "抄送人"),
        "when_entered": option("boolean", "As soon as the step is reached", "到达即抄送",
                               ("Else when the workflow has ended", "否则在流程结束时抄送"), default=True),
    }  # fmt: skip
    required_options = ("cc", "who")
    examples = ({"cc": "team", "who": {"dept_of": "initiator"}},)

    @classmethod
    def enter(cls, at: At) -> None:
        at.copy(at_end=not at.options.get("when_entered", True))
        at.done()
