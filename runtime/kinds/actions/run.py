"""Runs another automation."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of


class Run(Action):
    """Runs another automation."""

    name = "run"
    label = {"en": "Run an automation", "zh": "运行自动化"}
    help = {"en": "Runs another automation on the record.", "zh": "对记录运行另一个自动化。"}
    icon = "arrow-ramp-right"
    options = {
        "automation": name_of("automation", "Automation", "自动化"),
    }  # fmt: skip
    required_options = ("automation",)
    examples = ({"automation": "rescore"},)
