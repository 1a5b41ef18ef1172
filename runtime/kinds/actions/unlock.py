"""Unlocks the record."""

from __future__ import annotations

from runtime.kinds.action import Action


class Unlock(Action):
    """Unlocks the record."""

    name = "unlock"
    label = {"en": "Unlock", "zh": "解锁"}
    help = {"en": "The record can be changed again.", "zh": "记录可再次修改。"}
    icon = "lock-open"
    examples = ({},)
