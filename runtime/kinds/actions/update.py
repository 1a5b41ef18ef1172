"""Sets fields of this record."""

from __future__ import annotations

from typing import Any

from runtime.kinds.action import Action, Doing
from runtime.kinds.marks import values_of


class Update(Action):
    """Sets fields of this record."""

    name = "update"
    label = {"en": "Change this record", "zh": "修改本记录"}
    help = {
        "en": "Sets fields of the record; each value literal or a formula after =.",
        "zh": "设置本记录的字段；值为常量，或以 = 开头的公式。",
    }
    icon = "pencil"
    inside = True
    examples = ({"status": "effective", "approved_at": "=NOW()"},)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {
            **super().schema(),
            **{"minProperties": 1, "x-keys": values_of("Values", "赋值")["x-keys"]},
            "additionalProperties": True,
        }

    @classmethod
    def run(cls, doing: Doing, options: Any) -> None:
        doing.update({name: doing.given(value) for name, value in options.items()})
