"""Working time: make-up workdays, holidays, and that adding and measuring undo each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.engine.flow.worktime import Calendar, read_calendar, split

CHINA = Calendar()
#: What is told is what comes out: how long it takes on a busy machine is no matter here.
unhurried = settings(deadline=None)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_the_spring_festival_of_2026() -> None:
    assert CHINA.working(at("2026-02-14T00:00").date()), "a Saturday that is worked"
    assert not CHINA.working(at("2026-02-17T00:00").date())
    assert CHINA.add(at("2026-02-14T17:00"), "2wh") == at("2026-02-24T10:00")
    assert CHINA.add(at("2026-02-13T10:00"), "2wd") == at("2026-02-24T10:00")
    assert CHINA.add(at("2026-02-24T10:00"), "-2wh") == at("2026-02-14T17:00")
    assert CHINA.add(at("2026-02-13T10:00"), "2d") == at("2026-02-15T10:00")


def test_lists_that_an_administrator_keeps_go_first() -> None:
    kept = read_calendar({"tz": "Europe/Berlin", "week": {"mon": [["08:00", "12:00"]]}, "holidays": ["2026-03-02"],
                          "workdays": ["2026-03-07"]}, "UTC", None)  # fmt: skip
    assert not kept.working(datetime(2026, 3, 2).date())
    assert kept.working(datetime(2026, 3, 7).date())
    with pytest.raises(ValueError, match="no length of time"):
        split("soon")


@unhurried
@given(moments, st.integers(0, 400))
def test_between_undoes_add(start: datetime, hours: int) -> None:
    length = timedelta(hours=hours)
    assert CHINA.between(start, CHINA.add(start, f"{hours}wh")) == length


@unhurried
@given(moments, moments, st.integers(0, 100))
def test_add_keeps_the_order(one: datetime, other: datetime, hours: int) -> None:
    low, high = sorted((one, other))
    assert CHINA.add(low, f"{hours}wh") <= CHINA.add(high, f"{hours}wh")


@unhurried
@given(moments, st.integers(0, 50), st.integers(1, 50))
def test_add_twice_is_adding_the_sum(start: datetime, one: int, other: int) -> None:
    assert CHINA.add(CHINA.add(start, f"{one}wh"), f"{other}wh") == CHINA.add(start, f"{one + other}wh")
