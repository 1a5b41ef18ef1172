"""Creates a record."""

from __future__ import annotations

from runtime.kinds.action import Action
from runtime.kinds.marks import NAME, name_of, values_of
from runtime.kinds.options import option


class Create(Action):
    """Creates a record."""

    name = "create"
    label = {"en": "Create a record", "zh": "新建记录"}
    help = {"en": "Creates a record of an object.", "zh": "新建一条记录。"}
    icon = "plus"
    options = {
        "object": name_of("object", "Object", "对象"),
        "set": values_of("Values", "赋值", of={"key": "object", "as": "object"}),
        "call": option("string", "Name for later steps", "后续步骤中的名称", pattern=NAME),
    }  # fmt: skip
    required_options = ("object", "set")
    examples = ({"object": "activity", "set": {"subject": "='Call ' & name"}},)
