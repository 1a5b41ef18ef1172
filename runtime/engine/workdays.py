"""The working calendars of a workspace as formulas count by them: the very days that deadlines of workflows follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property

from runtime.engine.flow import worktime
from runtime.formula.calendar import Calendar, Interval
from runtime.store import calendars
from runtime.store.calendars import DEFAULT
from runtime.store.database import Database

#: So many years back and ahead public holidays and make-up days are counted; beyond, each week is like the other.
BACK, AHEAD = 10, 5


class Workdays(Mapping[str, Calendar]):
    """The calendars that somebody keeps, by name, the usual one also as ``""``. They are read when one is asked for."""

    def __init__(self, database: Database, schema: str) -> None:
        self.database = database
        self.schema = schema

    @cached_property
    def found(self) -> dict[str, Calendar]:
        """All of them, as they were when first asked for."""
        kept = calendars.kept(self.database, self.schema)
        made = {name: counted(worktime.read_calendar(data, "UTC", None)) for name, data in kept.items()}
        return {**made, "": made[DEFAULT]} if DEFAULT in made else made

    def __getitem__(self, name: str) -> Calendar:
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def counted(kept: worktime.Calendar) -> Calendar:
    """A calendar with the days of its country written out, years around this one."""
    year = datetime.now(UTC).year
    days = set(kept.off | kept.on)
    for one in range(year - BACK, year + AHEAD + 1) if kept.country else ():
        free, made_up = worktime.public_days(kept.country or "", one)
        days |= free | made_up
    week = tuple(tuple(map(interval, spans)) for spans in kept.week)
    holidays: set[date] = set()
    workdays: dict[date, int] = {}
    for day in days:
        spans = kept.spans(day)
        if spans == kept.week[day.weekday()]:
            continue
        if spans:
            workdays[day] = kept.week.index(spans)
        else:
            holidays.add(day)
    return Calendar(week, frozenset(holidays), workdays)


def interval(span: worktime.Span) -> Interval:
    """Working hours in seconds after midnight."""
    return seconds(span[0]), seconds(span[1])


def seconds(at: time) -> int:
    """Seconds after midnight."""
    return at.hour * 3600 + at.minute * 60 + at.second
