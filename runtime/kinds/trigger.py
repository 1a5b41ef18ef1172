"""The trigger kind: what starts an automation. It never listens itself."""

from __future__ import annotations

from runtime.base.kind import Kind


class Trigger(Kind):
    """What starts an automation, picked by the only key of `when`."""

    family = "trigger"
