"""Functions on dates, instants and durations. Local time always means the environment's time zone."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from runtime.base.sqltext import Sql, fmt
from runtime.formula.calendar import Calendar, networkdays, workday, worked_seconds
from runtime.formula.functions.declare import Function, function, impl
from runtime.formula.functions.text import BLANKS
from runtime.formula.values import (
    CTX,
    EPOCH,
    add_days,
    add_months,
    divide,
    month_length,
    seconds,
    to_local,
    to_utc,
    whole,
)

if TYPE_CHECKING:
    from runtime.formula.env import Env

SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DATE_SHAPE = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})\Z")
INSTANT_SHAPE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?\Z"
)
MICRO = Decimal("0.000001")


def _date(y: Decimal, m: Decimal, d: Decimal) -> dt.date | None:
    try:
        return dt.date(whole(y), whole(m), whole(d))
    except (ValueError, OverflowError):
        return None


def _datetime(env: Env, d: dt.date, h: Decimal, mi: Decimal, s: Decimal) -> dt.datetime | None:
    try:
        local = dt.datetime(d.year, d.month, d.day, whole(h), whole(mi), whole(s))
    except (ValueError, OverflowError):
        return None
    return to_utc(local, env.zone)


def _datevalue(text: str) -> dt.date | None:
    match = DATE_SHAPE.match(text.strip(BLANKS))
    if not match:
        return None
    try:
        return dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def _local_date(env: Env, x: dt.datetime) -> dt.date | None:
    local = to_local(x, env.zone)
    return local.date() if local else None


def _datetimevalue(env: Env, text: str) -> dt.datetime | None:
    match = INSTANT_SHAPE.match(text.strip(BLANKS))
    if not match:
        return None
    y, mo, d, h, mi, s, ms, offset = match.groups()
    try:
        local = dt.datetime(
            int(y), int(mo), int(d), int(h), int(mi), int(s or 0), int((ms or "0").ljust(3, "0")) * 1000
        )
        if offset is None:
            return to_utc(local, env.zone)
        if offset == "Z":
            return local.replace(tzinfo=dt.UTC)
        minutes = int(offset[1:3]) * 60 + int(offset[4:6])
        if int(offset[4:6]) > 59 or minutes > 15 * 60:
            return None
        shift = dt.timedelta(minutes=minutes if offset[0] == "+" else -minutes)
        return (local - shift).replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None


def _local(part: Callable[[dt.datetime], int]) -> Callable[..., Decimal | None]:
    def read(env: Env, x: dt.datetime) -> Decimal | None:
        local = to_local(x, env.zone)
        return Decimal(part(local)) if local else None

    return read


def _weekday(d: dt.date, kind: Decimal) -> Decimal:
    return Decimal(d.isoweekday() % 7 + 1 if kind == 1 else d.isoweekday())


def _weeknum(d: dt.date, kind: Decimal) -> Decimal:
    number = int(kind)
    if number == 21:
        return Decimal(d.isocalendar().week)
    first = {1: 6, 2: 0}.get(number, (number - 11) % 7)
    offset = (d.replace(month=1, day=1).weekday() - first) % 7
    return Decimal((d.timetuple().tm_yday - 1 + offset) // 7 + 1)


def _shift_instant(x: dt.datetime, secs: Decimal) -> dt.datetime | None:
    micros = int(CTX.multiply(secs, Decimal(1_000_000)))
    try:
        return x + dt.timedelta(days=micros // 86_400_000_000, microseconds=micros % 86_400_000_000)
    except OverflowError:
        return None


def _dateadd(d: dt.date, n: Decimal, unit: str) -> dt.date | None:
    count = whole(n)
    if unit in MONTHS:
        return add_months(d, count * MONTHS[unit])
    return add_days(d, Decimal(count * (7 if unit == "week" else 1)))


def _dateadd_instant(env: Env, x: dt.datetime, n: Decimal, unit: str) -> dt.datetime | None:
    if unit in ("hour", "minute", "second"):
        return _shift_instant(x, Decimal(int(n) * SECONDS[unit]))
    local = to_local(x, env.zone)
    if local is None:
        return None
    day = _dateadd(local.date(), n, unit)
    return to_utc(dt.datetime.combine(day, local.time()), env.zone) if day else None


def _eomonth(d: dt.date, n: Decimal) -> dt.date | None:
    first = add_months(d.replace(day=1), whole(n))
    return first.replace(day=month_length(first.year, first.month)) if first else None


def _months_between(a: dt.date, b: dt.date) -> int:
    low, high = (a, b) if a <= b else (b, a)
    months = (high.year - low.year) * 12 + high.month - low.month - (high.day < low.day)
    return months if a <= b else -months


def _datedif(a: dt.date, b: dt.date, unit: str) -> Decimal:
    if unit in ("M", "Y"):
        months = _months_between(a, b)
        years = abs(months) // 12
        return Decimal(months if unit == "M" else (years if months >= 0 else -years))
    days = b.toordinal() - a.toordinal()
    if unit == "D":
        return Decimal(days)
    return Decimal(abs(days) // 7 if days >= 0 else -(abs(days) // 7))


def _epoch(x: dt.datetime) -> Decimal:
    delta = x - EPOCH
    micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    return CTX.multiply(Decimal(micros), MICRO)


def _between(a: dt.datetime, b: dt.datetime) -> Decimal:
    return CTX.subtract(_epoch(b), _epoch(a))


def _datedif_instant(env: Env, a: dt.datetime, b: dt.datetime, unit: str) -> Decimal | None:
    size = {"h": 3_600, "m": 60, "s": 1}.get(unit)
    if size:
        return CTX.divide_int(_between(a, b), Decimal(size))
    first, last = to_local(a, env.zone), to_local(b, env.zone)
    return _datedif(first.date(), last.date(), unit) if first and last else None


def _startof(d: dt.date, unit: str) -> dt.date | None:
    match unit:
        case "week":
            return add_days(d, Decimal(-d.weekday()))
        case "month":
            return d.replace(day=1)
        case "quarter":
            return d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return d.replace(month=1, day=1)
    return d


def _startof_instant(env: Env, x: dt.datetime, unit: str) -> dt.datetime | None:
    local = to_local(x, env.zone)
    if local is None:
        return None
    day = _startof(local.date(), unit)
    return to_utc(dt.datetime(day.year, day.month, day.day), env.zone) if day else None


def _workhours(env: Env, a: dt.datetime, b: dt.datetime, name: str) -> Decimal | None:
    first, last = to_local(a, env.zone), to_local(b, env.zone)
    if first is None or last is None:
        return None
    total = worked_seconds(env.named_calendar(name), first, last)
    return divide(Decimal(total), Decimal(3_600_000)) if total is not None else None


def _workday(env: Env, d: dt.date, n: Decimal, name: str) -> dt.date | None:
    return workday(env.named_calendar(name), d, whole(n))


def _duration(n: Decimal, unit: str) -> Decimal | None:
    return seconds(CTX.multiply(n, Decimal(SECONDS[unit])))


def _inunit(x: Decimal, unit: str) -> Decimal | None:
    return divide(x, Decimal(SECONDS[unit]))


def _instant_minus(a: dt.datetime, b: dt.datetime) -> Decimal | None:
    return seconds(_between(b, a))


def _add(a: Decimal, b: Decimal) -> Decimal | None:
    return seconds(CTX.add(a, b))


def _subtract(a: Decimal, b: Decimal) -> Decimal | None:
    return seconds(CTX.subtract(a, b))


def _times(a: Decimal, n: Decimal) -> Decimal | None:
    return seconds(CTX.multiply(a, n))


def _over(a: Decimal, n: Decimal) -> Decimal | None:
    if not n:
        return None
    return seconds(CTX.divide(a, n).quantize(MICRO, rounding=ROUND_DOWN, context=CTX))


def tz(env: Env) -> Sql:
    """The time zone's name as a parameter."""
    return Sql("%s::text", (env.tz,))


def _zoned(template: str) -> Callable[[Sequence[Sql], Env], Sql]:
    """A template whose last place is the time zone."""

    def make(args: Sequence[Sql], env: Env) -> Sql:
        return fmt(template, *args, tz(env))

    return make


def calendar_json(cal: Calendar) -> str:
    """A calendar in the form the SQL helpers read."""
    return json.dumps(
        {
            "week": [[list(interval) for interval in day] for day in cal.week],
            "holidays": sorted(day.isoformat() for day in cal.holidays),
            "workdays": {day.isoformat(): weekday for day, weekday in sorted(cal.workdays.items())},
        }
    )


def _with_calendar(template: str, zoned: bool = False) -> Callable[[Sequence[Sql], Env], Sql]:
    def make(args: Sequence[Sql], env: Env) -> Sql:
        name = str(args[-1].params[0]) if args[-1].params else ""
        cal = Sql("%s::jsonb", (calendar_json(env.named_calendar(name)),))
        return fmt(template, *args[:-1], cal, *([tz(env)] if zoned else []))

    return make


def _unit_seconds(template: str) -> Callable[[Sequence[Sql], Env], Sql]:
    def make(args: Sequence[Sql], env: Env) -> Sql:
        return fmt(template, args[0], Sql(f"{SECONDS[str(args[1].params[0])]}::numeric"))

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
            _local(read),
            _zoned(f"trunc(extract({field} from fx.local({{}}, {{}})))::numeric"),
            env=True,
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
        impl("DATE", "year:n month:n day:n", "d", _date, "fx.date({}, {}, {})", **RANGE),
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
            _datetime,
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
        impl("DATEVALUE", "text:t", "d", _datevalue, "fx.datevalue({})", faults=True, code="NOT_A_DATE"),
        impl("LOCALDATE", "instant:dt", "d", _local_date, _zoned("(fx.local({}, {})::date)"), env=True, edge=True),
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
            _datetimevalue,
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
        impl("WEEKDAY", "date:day type:n!=1", "n", _weekday, "fx.weekday({}, {})", bounds=(1, 0)),
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
        impl("WEEKNUM", "date:day type:n!=1", "n", _weeknum, "fx.weeknum({}, {})", bounds=(2, 0)),
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
        impl("DATEADD", "date:d count:n unit:t!", "d", _dateadd, "fx.dateadd({}, {}, {})", **RANGE),
        impl(
            "DATEADD.DT",
            "instant:dt count:n unit:t!",
            "dt",
            _dateadd_instant,
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
        impl("EOMONTH", "date:day months:n", "d", _eomonth, "fx.eomonth({}, {})", **RANGE),
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
        impl("DATEDIF", "start:d end:d unit:t!", "n", _datedif, "fx.datedif({}, {}, {})", bounds=(8, 0)),
        impl(
            "DATEDIF.DT",
            "start:dt end:dt unit:t!",
            "n",
            _datedif_instant,
            _zoned("fx.datedif_instant({}, {}, {}, {})"),
            env=True,
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
            _workday,
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
            _workhours,
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
            _duration,
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
        impl("INUNIT", "duration:dur unit:t!", "n", _inunit, _unit_seconds("fx.div({}, {})"), bounds=(13, 16)),
        rule="unit",
    ),
    function(
        "STARTOF",
        "date",
        "The first day of the week (Monday), month, quarter or year; for instants also the start of the day.",
        "所在周（周一）、月、季度或年的第一天；时刻还可取当天零点。",
        [(f"STARTOF({D}, 'week')", "2026-11-16"), (f"STARTOF({D}, 'quarter')", "2026-10-01")],
        impl("STARTOF", "date:d unit:t!", "d", _startof, "fx.startof({}, {})", **RANGE),
        impl(
            "STARTOF.DT",
            "instant:dt unit:t!",
            "dt",
            _startof_instant,
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
    impl("DT+DUR", "a:dt b:dur", "dt", _shift_instant, "fx.addseconds({}, {})", **RANGE),
    impl(
        "DT-DUR",
        "a:dt b:dur",
        "dt",
        lambda x, s: _shift_instant(x, s.copy_negate()),
        "fx.addseconds({}, -({}))",
        **RANGE,
    ),
    impl(
        "DT-DT", "a:dt b:dt", "dur", _instant_minus, "fx.seconds(extract(epoch from ({} - {}))::numeric)", faults=True
    ),
    impl("DUR+DUR", "a:dur b:dur", "dur", _add, "fx.seconds({} + {})", faults=True),
    impl("DUR-DUR", "a:dur b:dur", "dur", _subtract, "fx.seconds({} - {})", faults=True),
    impl("DUR*N", "a:dur b:n", "dur", _times, "fx.seconds({} * {})", faults=True),
    impl("DUR/N", "a:dur b:n", "dur", _over, "fx.duration_over({}, {})", faults=True, code="DIV_ZERO"),
    impl("DUR/DUR", "a:dur b:dur", "n", divide, "fx.div({}, {})", faults=True, code="DIV_ZERO"),
    impl("-DUR", "a:dur", "dur", lambda x: x.copy_negate(), "(-({}))"),
]
