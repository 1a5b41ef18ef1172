"""Ends the run."""

from __future__ import annotations

from runtime.kinds.action import Action


class Stop(Action):
    """Ends the run."""

    name = "stop"
    label = {"en": "Stop", "zh": "停止"}
    help = {"en": "Ends the run here.", "zh": "在此结束。"}
    icon = "player-stop"
    examples = ({},)
