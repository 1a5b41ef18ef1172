"""Actions of the automation inside of a workflow."""

from __future__ import annotations

from runtime.kinds.marks import NAME, kinds
from runtime.kinds.node import At, Node
from runtime.kinds.options import option
from runtime.kinds.parts import ON_ERROR


class Action(Node):
    """Actions of the automation inside of a workflow."""

    name = "action"
    label = {"en": "Actions", "zh": "自动动作"}
    help = {"en": "Changes records without anybody's help.", "zh": "自动修改记录，无需人工。"}
    icon = "bolt"
    lasting = True
    silent = True
    options = {
        "action": option("string", "Name", "名称", pattern=NAME),
        "do": kinds("action", "only_key", "Does", "执行", minItems=1),
        "on_error": ON_ERROR,
    }  # fmt: skip
    required_options = ("action", "do")
    examples = ({"action": "set_status", "do": [{"update": {"status": "effective"}}], "on_error": "block"},)

    @classmethod
    def enter(cls, at: At) -> None:
        at.perform(at.options["do"], str(at.options.get("on_error", "block")))
