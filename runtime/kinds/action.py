"""The action kind: what an automation or a workflow does. It never runs itself."""

from __future__ import annotations

from runtime.base.kind import Kind


class Action(Kind):
    """One thing that is done, picked by the only key of a step."""

    family = "action"
