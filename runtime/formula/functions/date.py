"""Functions on dates, instants and durations. Local time always means the environment's time zone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runtime.base.sqltext import Sql, fmt
from runtime.formula import moments
from runtime.formula.calendar import Calendar, networkdays
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.values import (
    add_days,
    add_months,
    divide,
    whole,
)

if TYPE_CHECKING:
    from runtime.formula.env import Env


def tz(env: Env) -> Sql:
    """The time zone's name as a parameter."""
    return Sql("%s::text", (env.tz,))


def _zoned(template: str) -> Callable[[Sequence[Sql], Env], Sql]:
    """A template whose last place is the time zone."""

    def make(args: Sequence[Sql], env: Env) -> Sql:
        return fmt(template, *args, tz(env))

    return make


def calendar_data(cal: Calendar) -> dict[str, Any]:
    """A calendar as JSON data, in the form that the SQL helpers and the browser read."""
    return {
        "week": [[list(interval) for interval in day] for day in cal.week],
        "holidays": sorted(day.isoformat() for day in cal.holidays),
        "workdays": {day.isoformat(): weekday for day, weekday in sorted(cal.workdays.items())},
    }


def _with_calendar(template: str, zoned: bool = False) -> Callable[[Sequence[Sql], Env], Sql]:
    def make(args: Sequence[Sql], env: Env) -> Sql:
        name = str(args[-1].params[0]) if args[-1].params else ""
        cal = Sql("%s::jsonb", (json.dumps(calendar_data(env.named_calendar(name))),))
        return fmt(template, *args[:-1], cal, *([tz(env)] if zoned else []))

    return make


def _unit_seconds(template: str) -> Callable[[Sequence[Sql], Env], Sql]:
    def make(args: Sequence[Sql], env: Env) -> Sql:
        return fmt(template, args[0], Sql(f"{moments.SECONDS[str(args[1].params[0])]}::numeric"))

    return make


def _part(name: str, what: str, chinese: str, field: str, read: Callable[[dt.date], int], expected: str) -> Function:
    return function(
        name,
        "date",
        f"The {what} of a date.",
        f"日期的{chinese}。",
        [(f"{name}(DATE(2026, 11, 21))", expected)],
        impl(name, "date:day", "n", lambda d: Decimal(read(d)), f"extract({field} from {{}})::numeric", bounds=(4, 0)),
    )


def _clock(
    name: str, what: str, chinese: str, field: str, read: Callable[[dt.datetime], int], expected: str
) -> Function:
    return function(
        name,
        "date",
        f"The {what} of an instant in local time.",
        f"本地时间的{chinese}。",
        [(f"{name}(DATETIME(DATE(2026, 11, 21), 13, 45, 10))", expected)],
        impl(
            name,
            "instant:dt",
            "n",
            moments.local(read),
            _zoned(f"trunc(extract({field} from fx.local({{}}, {{}})))::numeric"),
            env=True,
            edge=True,
            bounds=(2, 0),
        ),
    )


D = "DATE(2026, 11, 21)"
RANGE = {"faults": True, "code": "DATE_RANGE"}
FUNCTIONS: list[Function] = [
    function(
        "TODAY", "date", "The current date in local time.", "今天的日期。", [], rule="env", arity=(0, 0), volatile=True
    ),
    function("NOW", "date", "The current moment.", "当前时间。", [], rule="env", arity=(0, 0), volatile=True),
    function(
        "DATE",
        "date",
        "A date from year, month and day; blank when there is no such day.",
        "由年、月、日组成日期；不存在的日期为空。",
        [("DATE(2026, 2, 28)", "2026-02-28"), ("DATE(2026, 2, 30)", None), ("DATE(2024, 2, 29)", "2024-02-29")],
        impl("DATE", "year:n month:n day:n", "d", moments.date, "fx.date({}, {}, {})", **RANGE),
    ),
    function(
        "DATETIME",
        "date",
        "An instant from a date and a local time; in a clock change the later or the earlier one.",
        "由日期和本地时间组成时刻。",
        [
            ("DATETIME(DATE(2026, 11, 21), 20, 45)", "2026-11-21T12:45:00.000Z"),
            ("DATETIME(DATE(2026, 11, 21), 24, 0)", None),
        ],
        impl(
            "DATETIME",
            "date:d hour:n minute:n second:n=0",
            "dt",
            moments.datetime,
            _zoned("fx.datetime({}, {}, {}, {}, {})"),
            env=True,
            **RANGE,
        ),
    ),
    function(
        "DATEVALUE",
        "date",
        "The date a text spells (2026-11-21 or 2026/11/21), or the local date of an instant.",
        "文本（2026-11-21 或 2026/11/21）或时刻对应的日期。",
        [("DATEVALUE('2026/1/5')", "2026-01-05"), ("DATEVALUE('5.1.2026')", None), ("DATEVALUE('2026-02-29')", None)],
        impl("DATEVALUE", "text:t", "d", moments.datevalue, "fx.datevalue({})", faults=True, code="NOT_A_DATE"),
        impl(
            "LOCALDATE", "instant:dt", "d", moments.local_date, _zoned("(fx.local({}, {})::date)"), env=True, edge=True
        ),
        signature="DATEVALUE(text or instant)",
    ),
    function(
        "DATETIMEVALUE",
        "date",
        "The instant an ISO text spells; without an offset it is local time.",
        "ISO 文本对应的时刻；没有时区偏移时按本地时间。",
        [
            ("DATETIMEVALUE('2026-11-21T12:45:00Z')", "2026-11-21T12:45:00.000Z"),
            ("DATETIMEVALUE('2026-11-21 20:45')", "2026-11-21T12:45:00.000Z"),
            ("DATETIMEVALUE('soon')", None),
        ],
        impl(
            "DATETIMEVALUE",
            "text:t",
            "dt",
            moments.datetimevalue,
            _zoned("fx.datetimevalue({}, {})"),
            env=True,
            faults=True,
            code="NOT_A_DATE",
        ),
    ),
    _part("YEAR", "year", "年份", "year", lambda d: d.year, "2026"),
    _part("QUARTER", "quarter, 1 to 4", "季度（1 至 4）", "quarter", lambda d: (d.month + 2) // 3, "4"),
    _part("MONTH", "month, 1 to 12", "月份（1 至 12）", "month", lambda d: d.month, "11"),
    _part("DAY", "day of the month", "日", "day", lambda d: d.day, "21"),
    _clock("HOUR", "hour", "小时", "hour", lambda x: x.hour, "13"),
    _clock("MINUTE", "minute", "分钟", "minute", lambda x: x.minute, "45"),
    _clock("SECOND", "second", "秒", "second", lambda x: x.second, "10"),
    function(
        "WEEKDAY",
        "date",
        "The day of the week: Sunday is 1, or with type 2 Monday is 1.",
        "星期几：默认星期日为 1，类型 2 时星期一为 1。",
        [(f"WEEKDAY({D})", "7"), (f"WEEKDAY({D}, 2)", "6")],
        impl("WEEKDAY", "date:day type:n!=1", "n", moments.weekday, "fx.weekday({}, {})", bounds=(1, 0)),
        rule="weektype",
    ),
    function(
        "WEEKNUM",
        "date",
        "The week of the year as in Excel; type 1 begins on Sunday, 2 on Monday, 21 is the ISO week.",
        "一年中的第几周（同 Excel）；类型 1 从星期日开始，2 从星期一开始，21 为 ISO 周。",
        [
            ("WEEKNUM(DATE(2026, 1, 4))", "2"),
            ("WEEKNUM(DATE(2026, 1, 4), 2)", "1"),
            ("WEEKNUM(DATE(2027, 1, 1), 21)", "53"),
        ],
        impl("WEEKNUM", "date:day type:n!=1", "n", moments.weeknum, "fx.weeknum({}, {})", bounds=(2, 0)),
        rule="weektype",
    ),
    function(
        "ISOWEEKNUM",
        "date",
        "The ISO week: Monday first, week 1 holds the first Thursday.",
        "ISO 周数：星期一开始，第 1 周包含首个星期四。",
        [("ISOWEEKNUM(DATE(2027, 1, 1))", "53"), ("ISOWEEKNUM(DATE(2026, 1, 1))", "1")],
        impl(
            "ISOWEEKNUM",
            "date:day",
            "n",
            lambda d: Decimal(d.isocalendar().week),
            "extract(week from {})::numeric",
            bounds=(2, 0),
        ),
    ),
    function(
        "DATEADD",
        "date",
        "A date or instant some units later; days to years by the calendar, hours to seconds exact.",
        "日期或时刻加上若干单位；天至年按日历，小时至秒按精确时长。",
        [
            ("DATEADD(DATE(2024, 1, 31), 1, 'month')", "2024-02-29"),
            (f"DATEADD({D}, -2, 'week')", "2026-11-07"),
            ("DATEADD(DATE(9999, 12, 31), 1, 'day')", None),
        ],
        impl("DATEADD", "date:d count:n unit:t!", "d", moments.dateadd, "fx.dateadd({}, {}, {})", **RANGE),
        impl(
            "DATEADD.DT",
            "instant:dt count:n unit:t!",
            "dt",
            moments.dateadd_instant,
            _zoned("fx.dateadd_instant({}, {}, {}, {})"),
            env=True,
            **RANGE,
        ),
        rule="unit",
    ),
    function(
        "EDATE",
        "date",
        "A date some months later, held at the month's end.",
        "若干个月后的日期，超出月末取月末。",
        [("EDATE(DATE(2024, 2, 29), 12)", "2025-02-28")],
        impl("EDATE", "date:day months:n", "d", lambda d, n: add_months(d, whole(n)), "fx.addmonths({}, {})", **RANGE),
    ),
    function(
        "EOMONTH",
        "date",
        "The last day of the month some months later.",
        "若干个月后所在月份的最后一天。",
        [("EOMONTH(DATE(2026, 1, 15), 1)", "2026-02-28")],
        impl("EOMONTH", "date:day months:n", "d", moments.eomonth, "fx.eomonth({}, {})", **RANGE),
    ),
    function(
        "DATEDIF",
        "date",
        "How much later the second date is: 'D' days, 'W' weeks, 'M' months, 'Y' years, for instants 'h' 'm' 's'.",
        "第二个日期比第一个晚多少：'D' 天、'W' 周、'M' 月、'Y' 年；时刻还可用 'h' 'm' 's'。",
        [
            ("DATEDIF(DATE(2026,1,31), DATE(2026,3,1), 'M')", "1"),
            ("DATEDIF(DATE(2026,3,1), DATE(2026,1,31), 'D')", "-29"),
        ],
        impl("DATEDIF", "start:d end:d unit:t!", "n", moments.datedif, "fx.datedif({}, {}, {})", bounds=(8, 0)),
        impl(
            "DATEDIF.DT",
            "start:dt end:dt unit:t!",
            "n",
            moments.datedif_instant,
            _zoned("fx.datedif_instant({}, {}, {}, {})"),
            env=True,
            edge=True,
            bounds=(13, 0),
        ),
        rule="unit",
        aliases=("DATEDIFF",),
    ),
    function(
        "DAYS",
        "date",
        "The days from start to end.",
        "从开始到结束的天数。",
        [("DAYS(DATE(2026,3,1), DATE(2026,2,1))", "28")],
        impl(
            "DAYS",
            "end:day start:day",
            "n",
            lambda a, b: Decimal(a.toordinal() - b.toordinal()),
            "({} - {})::numeric",
            bounds=(8, 0),
        ),
    ),
    function(
        "NETWORKDAYS",
        "date",
        "The working days between two dates, both included, with holidays and make-up days.",
        "两个日期之间（含两端）的工作日数，考虑节假日和调休。",
        [("NETWORKDAYS(DATE(2026,11,20), DATE(2026,11,23))", "2")],
        impl(
            "NETWORKDAYS",
            "start:day end:day calendar:t!=",
            "n",
            lambda env, a, b, name: Decimal(networkdays(env.named_calendar(name), a, b)),
            _with_calendar("fx.networkdays({}, {}, {})"),
            env=True,
            bounds=(8, 0),
        ),
    ),
    function(
        "WORKDAY",
        "date",
        "The date some working days later.",
        "若干个工作日之后的日期。",
        [("WORKDAY(DATE(2026,11,20), 1)", "2026-11-23")],
        impl(
            "WORKDAY",
            "date:day count:n calendar:t!=",
            "d",
            moments.workday_in,
            _with_calendar("fx.workday({}, {}, {})"),
            env=True,
            **RANGE,
        ),
    ),
    function(
        "WORKHOURS",
        "date",
        "The working hours between two instants.",
        "两个时刻之间的工作小时数。",
        [("WORKHOURS(DATETIME(DATE(2026,11,20),17,0), DATETIME(DATE(2026,11,23),10,30))", "2.5")],
        impl(
            "WORKHOURS",
            "start:dt end:dt calendar:t!=",
            "n",
            moments.workhours,
            _with_calendar("fx.workhours({}, {}, {}, {})", True),
            env=True,
            **RANGE,
        ),
    ),
    function(
        "DURATION",
        "date",
        "A length of time: 'week', 'day', 'hour', 'minute' or 'second'.",
        "时长：'week'、'day'、'hour'、'minute' 或 'second'。",
        [("DURATION(1.5, 'hour')", "5400")],
        impl(
            "DURATION",
            "count:n unit:t!",
            "dur",
            moments.duration,
            _unit_seconds("fx.seconds({} * {})"),
            faults=True,
            code="NUM_RANGE",
        ),
        rule="unit",
    ),
    function(
        "INUNIT",
        "date",
        "A length of time as a number of units.",
        "把时长换算为指定单位的数字。",
        [("INUNIT(DURATION(90, 'minute'), 'hour')", "1.5")],
        impl("INUNIT", "duration:dur unit:t!", "n", moments.inunit, _unit_seconds("fx.div({}, {})"), bounds=(13, 16)),
        rule="unit",
    ),
    function(
        "STARTOF",
        "date",
        "The first day of the week (Monday), month, quarter or year; for instants also the start of the day.",
        "所在周（周一）、月、季度或年的第一天；时刻还可取当天零点。",
        [(f"STARTOF({D}, 'week')", "2026-11-16"), (f"STARTOF({D}, 'quarter')", "2026-10-01")],
        impl("STARTOF", "date:d unit:t!", "d", moments.startof, "fx.startof({}, {})", **RANGE),
        impl(
            "STARTOF.DT",
            "instant:dt unit:t!",
            "dt",
            moments.startof_instant,
            _zoned("fx.startof_instant({}, {}, {})"),
            env=True,
            **RANGE,
        ),
        rule="unit",
    ),
]
HIDDEN = [
    impl("D+N", "a:d b:n", "d", add_days, "fx.adddays({}, {})", **RANGE),
    impl("D-N", "a:d b:n", "d", lambda d, n: add_days(d, n.copy_negate()), "fx.adddays({}, -({}))", **RANGE),
    impl(
        "D-D", "a:d b:d", "n", lambda a, b: Decimal(a.toordinal() - b.toordinal()), "({} - {})::numeric", bounds=(8, 0)
    ),
    impl("DT+DUR", "a:dt b:dur", "dt", moments.shift_instant, "fx.addseconds({}, {})", **RANGE),
    impl(
        "DT-DUR",
        "a:dt b:dur",
        "dt",
        lambda x, s: moments.shift_instant(x, s.copy_negate()),
        "fx.addseconds({}, -({}))",
        **RANGE,
    ),
    impl(
        "DT-DT",
        "a:dt b:dt",
        "dur",
        moments.instant_minus,
        "fx.seconds(extract(epoch from ({} - {}))::numeric)",
        faults=True,
    ),
    impl("DUR+DUR", "a:dur b:dur", "dur", moments.add, "fx.seconds({} + {})", faults=True),
    impl("DUR-DUR", "a:dur b:dur", "dur", moments.subtract, "fx.seconds({} - {})", faults=True),
    impl("DUR*N", "a:dur b:n", "dur", moments.times, "fx.seconds({} * {})", faults=True),
    impl("DUR/N", "a:dur b:n", "dur", moments.over, "fx.duration_over({}, {})", faults=True, code="DIV_ZERO"),
    impl("DUR/DUR", "a:dur b:dur", "n", divide, "fx.div({}, {})", faults=True, code="DIV_ZERO"),
    impl("-DUR", "a:dur", "dur", lambda x: x.copy_negate(), "(-({}))"),
]
