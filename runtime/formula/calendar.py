"""Working time: which days and hours are worked, with public holidays and make-up days.

Pure arithmetic on dates; where calendars are kept and chosen is the business of rooms above.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

Interval = tuple[int, int]
OFFICE: tuple[Interval, ...] = ((9 * 3600, 12 * 3600), (13 * 3600, 18 * 3600))
MAX_WORKDAYS = 10_000
MAX_SPAN = 20_000


@dataclass(frozen=True, slots=True)
class Calendar:
    """``week``: Monday first, the worked intervals of each day in seconds after midnight. ``workdays``:
    make-up days and the weekday (0 = Monday) whose hours they have; they win over holidays.
    """

    week: tuple[tuple[Interval, ...], ...] = (OFFICE,) * 5 + ((), ())
    holidays: frozenset[dt.date] = frozenset()
    workdays: Mapping[dt.date, int] = field(default_factory=dict)

    def intervals(self, day: dt.date) -> tuple[Interval, ...]:
        """The worked intervals of a day, in order."""
        if day in self.workdays:
            return self.week[self.workdays[day]]
        if day in self.holidays:
            return ()
        return self.week[day.weekday()]

    def is_workday(self, day: dt.date) -> bool:
        """True when any time of the day is worked."""
        return bool(self.intervals(day))


DEFAULT = Calendar()


def networkdays(cal: Calendar, a: dt.date, b: dt.date) -> int:
    """The worked days from ``a`` to ``b``, both included; negative when reversed."""
    first, last = (a, b) if a <= b else (b, a)
    worked = [day for day in range(7) if cal.week[day]]
    days = (last - first).days + 1
    full, rest = divmod(days, 7)
    start = first.weekday()
    total = full * len(worked) + sum(1 for i in range(rest) if (start + i) % 7 in worked)
    for day in cal.holidays | cal.workdays.keys():
        if first <= day <= last:
            total += int(cal.is_workday(day)) - int(bool(cal.week[day.weekday()]))
    return total if a <= b else -total


def workday(cal: Calendar, d: dt.date, n: int) -> dt.date | None:
    """The ``n``-th worked day after (before, for negative ``n``) ``d``; ``d`` itself for 0."""
    if not any(cal.week) or abs(n) > MAX_WORKDAYS:
        return d if n == 0 else None
    step = 1 if n > 0 else -1
    place, left = d.toordinal(), abs(n)
    while left:
        place += step
        if not 1 <= place <= 3_652_059:
            return None
        if cal.is_workday(dt.date.fromordinal(place)):
            left -= 1
    return dt.date.fromordinal(place)


def worked_seconds(cal: Calendar, a: dt.datetime, b: dt.datetime) -> int | None:
    """The worked time between two wall-clock times in milliseconds; None when they lie too far apart."""
    first, last = (a, b) if a <= b else (b, a)
    if (last.date() - first.date()).days > MAX_SPAN:
        return None
    total = 0
    for place in range(first.toordinal(), last.toordinal() + 1):
        day = dt.date.fromordinal(place)
        low = _millis(first) if day == first.date() else 0
        high = _millis(last) if day == last.date() else 86_400_000
        for start, end in cal.intervals(day):
            total += max(0, min(high, end * 1000) - max(low, start * 1000))
    return total if a <= b else -total


def _millis(x: dt.datetime) -> int:
    return ((x.hour * 60 + x.minute) * 60 + x.second) * 1000 + x.microsecond // 1000
