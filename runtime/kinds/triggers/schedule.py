"""A time of the clock."""

from __future__ import annotations

from runtime.kinds.marks import duration, formula
from runtime.kinds.options import option
from runtime.kinds.trigger import Trigger


class Schedule(Trigger):
    """A time of the clock."""

    name = "schedule"
    label = {"en": "Schedule", "zh": "定时"}
    help = {
        "en": "At times of the clock, over a filtered set of records or once.",
        "zh": "按时间定期执行，可作用于筛选出的记录。",
    }
    icon = "calendar-time"
    options = {
        "cron": option(
            "string", "Times (cron)", "时间表达式（cron）", pattern="^[0-9*/,a-zA-Z-]+( +[0-9*/,a-zA-Z-]+){4}$"
        ),
        "every": duration("Every", "间隔"),
        "at": option("string", "At", "时刻", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        "on": option(
            "array",
            "On the days",
            "星期",
            items={"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            uniqueItems=True,
        ),
        "filter": formula("For the records", "记录范围", context="filter"),
    }
    examples = ({"cron": "0 9 * * 1"}, {"at": "09:00", "on": ["mon"], "filter": "status == 'open'"})
