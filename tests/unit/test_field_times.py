"""Dates, instants and times of day, also where clocks are changed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kinds.field import BadValue, Context, Field
from runtime.kinds.fields.date import Date
from runtime.kinds.fields.datetime import DateTime
from runtime.kinds.fields.time import Time

SHANGHAI = Context()
NEW_YORK = Context(time_zone="America/New_York")


def read(field: Field, text: str, context: Context = SHANGHAI) -> Any:
    return field.clean(field.parse(text, context), context)


def test_clock_changes() -> None:
    # 2026-03-08 02:30 does not exist in New York: the later instant; 2026-11-01 01:30 comes twice: the earlier.
    assert DateTime().clean("2026-03-08 02:30", NEW_YORK) == "2026-03-08T07:30:00.000Z"
    assert DateTime().clean("2026-11-01 01:30", NEW_YORK) == "2026-11-01T05:30:00.000Z"
    second = "2026-11-01T06:30:00.000Z"
    assert DateTime().text(second, NEW_YORK) == "2026-11-01 01:30-05:00"
    assert read(DateTime(), DateTime().text(second, NEW_YORK), NEW_YORK) == second


MOMENTS = st.datetimes(datetime.datetime(1800, 1, 1), datetime.datetime(2100, 1, 1))


@given(MOMENTS, st.sampled_from([SHANGHAI, NEW_YORK]))
def test_instants_read_back(moment: datetime.datetime, context: Context) -> None:
    stored = DateTime().clean(moment.replace(tzinfo=datetime.UTC), context)
    assert stored is not None and len(stored) == 24
    assert read(DateTime(), DateTime().text(stored, context), context) == stored


@given(st.dates())
def test_dates_read_back(day: datetime.date) -> None:
    stored = Date().clean(day, SHANGHAI)
    assert stored is not None and Date().typed(stored) == day
    assert read(Date(), day.strftime("%Y").zfill(4) + day.strftime("%m%d")) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("20261121", "2026-11-21"), ("2026.1.2", "2026-01-02"), ("2026年1月2号", None), ("2026-01-02 08:00", None),
        ("2026/1-2", None),
    ],
)  # fmt: skip
def test_dates_of_files(text: str, stored: str | None) -> None:
    if stored is None:
        with pytest.raises(BadValue):
            read(Date(), text)
    else:
        assert read(Date(), text) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("12:30 am", "00:30"), ("12:30 pm", "12:30"), ("中午12点", "12:00"), ("中午1点", "13:00"),
        ("中午11点半", "11:30"), ("晚上8点15分", "20:15"), ("上午9:05", "09:05"), ("13:00 pm", "13:00"),
        ("9点5分3秒", "09:05:03"),
    ],
)  # fmt: skip
def test_times_of_day(text: str, stored: str) -> None:
    assert read(Time(), text) == stored


def test_bounds_are_checked() -> None:
    assert Date({"min": "2026-02-30"}).check()
    assert Date({"min": "2026-02-02", "max": "2026-02-01"}).check()
