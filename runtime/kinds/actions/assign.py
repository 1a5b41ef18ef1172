"""Changes the owner."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import name_of
from runtime.kinds.people import who


class Assign(Action):
    """Changes the owner."""

    name = "assign"
    label = {"en": "Assign", "zh": "分配"}
    help = {
        "en": "Gives the record to somebody: fixed, in turn, least loaded, most senior, by rules.",
        "zh": "分配负责人：指定、轮流、最少负荷、最资深或按规则。",
    }
    icon = "user-share"
    options = {
        "to": who("To", "分配给"),
        "field": name_of("people", "Field", "字段", ("The owner when nothing is given", "缺省为负责人")),
    }  # fmt: skip
    required_options = ("to",)
    examples = ({"to": {"most_senior": {"role": "sales"}}}, {"to": {"manager_of": "owner"}})
