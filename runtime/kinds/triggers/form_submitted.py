"""A public form is submitted."""

from __future__ import annotations

from runtime.kinds.marks import name_of
from runtime.kinds.trigger import Trigger


class FormSubmitted(Trigger):
    """A public form is submitted."""

    name = "form_submitted"
    label = {"en": "Form submitted", "zh": "提交表单时"}
    help = {"en": "Somebody submits a form.", "zh": "有人提交表单时。"}
    icon = "forms"
    options = {
        "form": name_of("form", "Form", "表单"),
    }  # fmt: skip
    examples = ({}, {"form": "web_to_lead"})
