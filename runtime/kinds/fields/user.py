"""User: a person of the workspace."""

from __future__ import annotations

from runtime.kinds.fields.link import EXAMPLE, FILTER, Link
from runtime.kinds.options import option


class User(Link):
    """One person of the workspace."""

    name = "user"
    label = {"en": "Person", "zh": "成员"}
    help = {"en": "A person of the workspace.", "zh": "工作区内的一位成员。"}
    icon = "user"
    widget = "user"
    options = {
        "role": option("string", "Only people of the role", "限定角色", maxLength=63),
        "reverse": Link.options["reverse"],
        "filter": FILTER,
    }
    required_options = ()
    examples = ({}, {"role": "sales"})
    valid = (({}, EXAMPLE.upper(), EXAMPLE), ({}, {"id": EXAMPLE, "name": "李"}, EXAMPLE), ({}, " ", None))
    invalid = (({}, "li"), ({}, 1), ({}, [EXAMPLE]))

    def target_object(self) -> str:
        return "user"
