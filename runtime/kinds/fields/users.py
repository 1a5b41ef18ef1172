"""Users: several people of the workspace."""

from __future__ import annotations

from runtime.kinds.fields.link import EXAMPLE, FILTER
from runtime.kinds.fields.links import Links
from runtime.kinds.fields.user import User


class Users(Links):
    """Any number of people of the workspace."""

    name = "users"
    label = {"en": "People", "zh": "多位成员"}
    help = {"en": "Several people of the workspace.", "zh": "工作区内的多位成员。"}
    icon = "users"
    widget = "users"
    options = {"role": User.options["role"], "filter": FILTER, "max": Links.options["max"]}
    required_options = ()
    examples = ({}, {"role": "sales", "max": 5})
    valid = (({}, [EXAMPLE, EXAMPLE], [EXAMPLE]), ({}, EXAMPLE.upper(), [EXAMPLE]), ({}, "", None))
    invalid = (({}, "li"), ({}, [1]), ({}, {"id": EXAMPLE}))

    def target_object(self) -> str:
        return "user"
