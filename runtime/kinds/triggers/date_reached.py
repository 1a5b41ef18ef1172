"""A date of the record comes near."""

from __future__ import annotations

from runtime.kinds.marks import duration, formula, name_of
from runtime.kinds.options import option
from runtime.kinds.trigger import Trigger


class DateReached(Trigger):
    """A date of the record comes near."""

    name = "date_reached"
    label = {"en": "Date of a record", "zh": "到达日期"}
    help = {"en": "Before, at or after a date of the record.", "zh": "在记录日期之前、当天或之后。"}
    icon = "calendar-due"
    options = {
        "field": name_of("field", "Date", "日期字段"),
        "offset": duration("Before (-) or after", "提前（-）或延后"),
        "at": option("string", "At", "时刻", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        "filter": formula("For the records", "记录范围", context="filter"),
    }  # fmt: skip
    required_options = ("field",)
    examples = ({"field": "end_date", "offset": "-30d", "at": "09:00"},)
