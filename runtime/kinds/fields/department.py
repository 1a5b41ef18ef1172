"""Department: a part of the company."""

from __future__ import annotations

from runtime.kinds.fields.link import EXAMPLE, FILTER, Link


class Department(Link):
    """One department of the workspace."""

    name = "department"
    label = {"en": "Department", "zh": "部门"}
    help = {"en": "A department of the workspace.", "zh": "工作区内的一个部门。"}
    icon = "building"
    widget = "department"
    options = {"reverse": Link.options["reverse"], "filter": FILTER}
    required_options = ()
    examples = ({}, {"reverse": "customers"})
    valid = (({}, EXAMPLE.upper(), EXAMPLE), ({}, {"id": EXAMPLE}, EXAMPLE), ({}, "", None))
    invalid = (({}, "sales"), ({}, 1), ({}, [EXAMPLE]))

    def target_object(self) -> str:
        return "department"
