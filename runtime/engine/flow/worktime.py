"""Working time: which hours of which days count, public holidays and make-up workdays among them.

``add`` and ``between`` are exact inverses; a length is 30m, 4h, 3d, 2w, 24wh (working hours) or 5wd (working days).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

LENGTH = re.compile(r"^(-?)([0-9]{1,5})(m|h|d|w|wh|wd)$")
PLAIN = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
FARTHEST = 366 * 5
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[time, time]
USUAL: tuple[Span, ...] = ((time(9), time(12)), (time(13, 30), time(18)))


@lru_cache(maxsize=64)
def public_days(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(public holidays, make-up workdays) of a country in a year; nothing for an unknown one."""
    try:
        found = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return frozenset(), frozenset()
    made_up = {day for day in getattr(found, "weekend_workdays", ()) if day.year == year}
    return frozenset(found), frozenset(made_up)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The codes of the countries whose public holidays are known."""
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@dataclass(frozen=True)
class Calendar:
    """A week of hours, holidays and make-up workdays; the editable lists go before the country's."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    week: tuple[tuple[Span, ...], ...] = (USUAL, USUAL, USUAL, USUAL, USUAL, (), ())
    country: str | None = "CN"
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def spans(self, day: date) -> tuple[Span, ...]:
        """The working hours of a day."""
        usual = self.week[day.weekday()]
        if day in self.on:
            return usual or self._busiest()
        if day in self.off:
            return ()
        if self.country:
            free, made_up = public_days(self.country, day.year)
            if day in made_up:
                return usual or self._busiest()
            if day in free:
                return ()
        return usual

    def _busiest(self) -> tuple[Span, ...]:
        return max(self.week, key=lambda spans: sum(_minutes(one) for one in spans))

    def working(self, day: date) -> bool:
        """Whether anybody works on a day."""
        return bool(self.spans(day))

    def add(self, moment: datetime, length: str) -> datetime:
        """The moment a length of time later, or earlier when the length begins with ``-``."""
        sign, amount, unit = split(length)
        if unit in PLAIN:
            return moment + PLAIN[unit] * amount * sign
        if unit == "wd":
            return self._days(moment, amount * sign)
        return self._hours(moment, timedelta(hours=amount), sign)

    def _days(self, moment: datetime, amount: int) -> datetime:
        local = moment.astimezone(self.zone)
        day, left = local.date(), abs(amount)
        for _ in range(FARTHEST):
            if not left:
                break
            day += timedelta(days=1 if amount > 0 else -1)
            left -= self.working(day)
        return datetime.combine(day, local.time(), self.zone).astimezone(UTC)

    def _intervals(self, day: date) -> list[tuple[datetime, datetime]]:
        return [
            (
                datetime.combine(day, start, self.zone).astimezone(UTC),
                datetime.combine(day, end, self.zone).astimezone(UTC),
            )
            for start, end in self.spans(day)
        ]

    def _ahead(self, moment: datetime, sign: int) -> Iterator[tuple[datetime, datetime]]:
        day = moment.astimezone(self.zone).date()
        for _ in range(FARTHEST):
            yield from self._intervals(day)[::sign]
            day += timedelta(days=sign)

    def _hours(self, moment: datetime, left: timedelta, sign: int) -> datetime:
        moment = moment.astimezone(UTC)
        at = moment
        for start, end in self._ahead(moment, sign):
            low, high = (max(start, moment), end) if sign > 0 else (start, min(end, moment))
            if high <= low:
                continue
            if left <= high - low:
                return low + left if sign > 0 else high - left
            left -= high - low
            at = high if sign > 0 else low
        return at

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time between two moments, negative when they stand the other way round."""
        if end < start:
            return -self.between(end, start)
        total = timedelta()
        for low, high in self._ahead(start, 1):
            if low >= end:
                break
            total += max(timedelta(), min(high, end) - max(low, start))
        return total


def _minutes(span: Span) -> int:
    return (span[1].hour - span[0].hour) * 60 + span[1].minute - span[0].minute


def split(length: str) -> tuple[int, int, str]:
    """(sign, amount, unit) of a length. Raises ValueError."""
    found = LENGTH.match(length)
    if not found:
        raise ValueError(f"{length!r} is no length of time such as 30m, 4h, 3d, 2w, 24wh or 5wd")
    return -1 if found[1] else 1, int(found[2]), found[3]


def _time(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def read_calendar(data: Mapping[str, Any], zone: str, country: str | None) -> Calendar:
    """A calendar from its stored form: {tz, country, week: {mon: [["09:00", "12:00"]]}, holidays: [], workdays: []}."""
    week: Mapping[str, Sequence[Sequence[str]]] | None = data.get("week")
    made = Calendar().week if week is None else tuple(
        tuple((_time(one[0]), _time(one[1])) for one in week.get(day, ())) for day in DAYS
    )  # fmt: skip
    return Calendar(
        ZoneInfo(str(data.get("tz", zone))),
        made,
        data.get("country", country),
        frozenset(date.fromisoformat(one) for one in data.get("holidays", ())),
        frozenset(date.fromisoformat(one) for one in data.get("workdays", ())),
    )
