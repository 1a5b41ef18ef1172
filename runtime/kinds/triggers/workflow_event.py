"""Something happens in a workflow."""

from __future__ import annotations

from runtime.kinds.marks import name_of
from runtime.kinds.options import one_of
from runtime.kinds.trigger import Trigger


class WorkflowEvent(Trigger):
    """Something happens in a workflow."""

    name = "workflow_event"
    label = {"en": "Workflow event", "zh": "流程事件"}
    help = {"en": "A workflow is submitted, decided or late.", "zh": "流程提交、审批或超时时。"}
    icon = "git-merge"
    options = {
        "workflow": name_of("workflow", "Workflow", "流程"),
        "event": one_of(
            "Event",
            "事件",
            {
                "submitted": ("Submitted", "提交"),
                "node_entered": ("Step reached", "进入节点"),
                "task_created": ("Task created", "任务创建"),
                "agreed": ("Agreed", "同意"),
                "rejected": ("Rejected", "驳回"),
                "returned": ("Returned", "退回"),
                "approved": ("Approved", "通过"),
                "withdrawn": ("Withdrawn", "撤回"),
                "timeout": ("Late", "超时"),
            },
        ),
        "node": name_of("node", "Step", "节点"),
    }
    required_options = ("event",)
    examples = ({"workflow": "contract_approval", "event": "approved"},)
