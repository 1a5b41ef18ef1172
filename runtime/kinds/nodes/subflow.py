"""Another workflow as one step."""

from __future__ import annotations

from runtime.kinds.marks import name_of, values_of
from runtime.kinds.node import At, Node
from runtime.kinds.options import one_of, option


class Subflow(Node):
    """Another workflow as one step."""

    name = "subflow"
    label = {"en": "Sub-workflow", "zh": "子流程"}
    help = {"en": "Another workflow, waited for.", "zh": "启动另一个流程并等待其结束。"}
    icon = "subtask"
    lasting = True
    options = {
        "subflow": option(
            "object",
            "Sub-workflow",
            "子流程",
            properties={
                "workflow": name_of("workflow", "Workflow", "流程"),
                "record": name_of("field", "On the record that a field links", "关联记录字段"),
                "input": values_of(
                    "Given to its record",
                    "写入其记录",
                    (
                        "Fields of the record that the other workflow is about, set before it begins",
                        "子流程所针对记录的字段，启动前写入",
                    ),
                    of={"key": "workflow", "as": "workflow"},
                ),
                "on_reject": one_of(
                    "When it is rejected",
                    "被驳回时",
                    {"reject": ("Reject this too", "一并驳回"), "continue": ("Go on", "继续")},
                ),
            },
            required=["workflow"],
            additionalProperties=False,
        ),
    }
    required_options = ("subflow",)
    examples = ({"subflow": {"workflow": "payment_plan", "on_reject": "reject"}},)

    @classmethod
    def enter(cls, at: At) -> None:
        options = at.options["subflow"]
        at.start(
            str(options["workflow"]), options.get("record"), options.get("input", {}),
            str(options.get("on_reject", "reject")),
        )  # fmt: skip
