"""Withdraws the open workflow."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of


class WithdrawWorkflow(Action):
    """Withdraws the open workflow."""

    name = "withdraw_workflow"
    label = {"en": "Withdraw the workflow", "zh": "撤回流程"}
    help = {"en": "Withdraws the open workflow of the record.", "zh": "撤回记录上进行中的流程。"}
    icon = "player-stop"
    options = {
        "workflow": name_of("workflow", "Workflow", "流程"),
    }  # fmt: skip
    examples = ({}, {"workflow": "contract_approval"})
