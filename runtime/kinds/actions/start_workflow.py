"""Starts a workflow."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of
from runtime.kinds.options import one_of


class StartWorkflow(Action):
    """Starts a workflow."""

    name = "start_workflow"
    label = {"en": "Start a workflow", "zh": "启动流程"}
    help = {"en": "Starts a workflow on the record.", "zh": "对记录启动流程。"}
    icon = "player-play"
    options = {
        "workflow": name_of("workflow", "Workflow", "流程"),
        "as": one_of("As", "身份", {"system": ("The system", "系统"), "triggering_user": ("Who caused it", "触发人")}),
    }  # fmt: skip
    required_options = ("workflow",)
    examples = ({"workflow": "contract_approval"},)
