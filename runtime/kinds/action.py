"""The action kind: what an automation or a workflow does. It never runs itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from runtime.base.kind import Kind


class Doing(Protocol):
    """What an action may ask for while it is carried out: the record at hand, inside of one transaction."""

    def given(self, value: Any) -> Any:
        """A value of the document: literal, or what its formula gives."""

    def update(self, values: Mapping[str, Any]) -> None:
        """Set fields of the record at hand. Raises DougongError."""


class Action(Kind):
    """One thing that is done, picked by the only key of a step.

    ``inside``: it can be carried out inside of the transaction of a decision in a workflow.
    """

    family = "action"
    inside: ClassVar[bool] = False

    @classmethod
    def run(cls, doing: Doing, options: Any) -> None:
        """Do it. Raises DougongError."""
        raise NotImplementedError
