"""Another automation calls."""

from __future__ import annotations

from runtime.kinds.trigger import Trigger


class Called(Trigger):
    """Another automation calls."""

    name = "called"
    label = {"en": "Called", "zh": "被调用"}
    help = {"en": "Another automation calls this one.", "zh": "由其他自动化调用。"}
    icon = "arrow-ramp-right"
    examples = ({},)
