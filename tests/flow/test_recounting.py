"""A changed calendar in the core: which moments move, which stay, that counting twice changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runtime.engine.flow.machine import Machine
from runtime.engine.flow.recounting import recount
from runtime.engine.flow.state import dump, fold
from runtime.engine.flow.worktime import Calendar
from tests.flow.world import Play

TUESDAY, SATURDAY = date(2026, 3, 3), date(2026, 3, 7)
HOLIDAY = Calendar(off=frozenset({TUESDAY}))
MADE_UP = Calendar(on=frozenset({SATURDAY}))


def step(due: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nodes": [{"approve": "a", "who": {"users": ["wang"]}, "due": due, **more}]}


def changed(p: Play, calendar: Calendar) -> bool:
    """The calendar is another one from now on; whether that has moved anything."""
    machine = Machine(p.definition, p.state, replace(p.world(), calendar=calendar))
    done = recount(machine)
    p.events += machine.events
    assert dump(fold(p.events)) == dump(p.state)
    return done


def moments(p: Play) -> list[str]:
    """When the timers that wait are to fire, in Shanghai."""
    zone = timedelta(hours=8)
    at = [one.fire_at for one in p.state.timers.values() if one.state == "scheduled"]
    return [f"{datetime.strptime(one, '%Y-%m-%dT%H:%M:%S.%fZ') + zone:%d %H:%M}" for one in at]


def test_a_holiday_moves_deadline_and_reminders() -> None:
    p = Play(step({"in": "10wh", "steps": [{"at": "-1wh", "do": "remind"}, {"at": "1wd", "do": "auto_agree"}]}))
    p.start()
    assert moments(p) == ["03 10:30", "04 11:30"]  # Monday at nine: 7.5 hours that day, 2.5 on Tuesday.
    assert changed(p, HOLIDAY)
    assert moments(p) == ["04 10:30", "05 11:30"]
    assert p.task("wang").due == "2026-03-04T03:30:00.000000Z"
    assert not changed(p, HOLIDAY), "counting twice changes nothing"
    assert [one.data for one in p.events if one.type == "recounted"] == [
        {
            "due": {"1": "2026-03-04T03:30:00.000000Z"},
            "timers": {"1": "2026-03-04T02:30:00.000000Z", "2": "2026-03-05T03:30:00.000000Z"},
        }
    ]


def test_a_make_up_workday_brings_them_forward_but_never_into_the_past() -> None:
    p = Play(step({"in": "5wd", "steps": [{"at": 0, "do": "auto_agree"}]}))
    p.now = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    p.start()
    assert moments(p) == ["12 09:00"]
    assert changed(p, MADE_UP)
    assert moments(p) == ["11 09:00"]
    p.now = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
    p.state.timers[1].fire_at = "2026-03-12T01:00:00.000000Z"  # As if nobody had come to it until now.
    p.events[:] = [one for one in p.events if one.type != "recounted"]
    p.state.tasks[1].due = p.state.timers[1].fire_at
    assert changed(p, MADE_UP)
    assert moments(p) == ["11 17:00"], "at once"
    assert not changed(p, MADE_UP)


def test_a_wait_in_working_time_moves_and_a_plain_one_stays() -> None:
    p = Play({"nodes": [{"parallel": {"branches": [
        {"nodes": [{"wait": {"for": "2wd"}}]}, {"nodes": [{"wait": {"for": "2d"}}]}]}}]}).start()  # fmt: skip
    assert moments(p) == ["04 09:00", "04 09:00"]
    assert changed(p, HOLIDAY)
    assert moments(p) == ["05 09:00", "04 09:00"]
    p.forward(timedelta(days=3))
    assert p.state.state == "approved"


def test_what_has_fired_stays_and_the_rest_moves() -> None:
    p = Play(step({"in": "10wh", "steps": [{"at": "-9wh", "do": "remind"}, {"at": 0, "do": "auto_agree"}]})).start()
    p.forward(timedelta(hours=2))
    fired = p.state.timers[1]
    assert fired.state == "fired"
    before = fired.fire_at
    assert changed(p, HOLIDAY)
    assert (fired.state, fired.fire_at) == ("fired", before) and moments(p) == ["04 11:30"]


def test_a_task_that_was_passed_on_keeps_the_beginning_of_its_deadline() -> None:
    p = Play(step({"in": "10wh", "steps": [{"at": 0, "do": "remind"}]}, actions={"transfer": {}, "agree": {}})).start()
    p.now += timedelta(hours=5)
    p.says("wang", "transfer", to="zhao")
    assert moments(p) == ["03 11:30"]
    assert not changed(p, Calendar()), "the calendar is the same"
    assert changed(p, HOLIDAY)
    assert moments(p) == ["04 11:30"]
    p.now += timedelta(hours=1)
    p.says("zhao", "transfer", to="qian")
    assert changed(p, Calendar()) and moments(p) == ["03 11:30"]


def test_a_deadline_of_a_field_stays_its_reminders_in_working_time_move() -> None:
    p = Play(step({"at": "day", "steps": [{"at": "-1wd", "do": "remind"}]}), day=datetime(2026, 3, 4, 8, tzinfo=UTC))
    p.start()
    assert moments(p) == ["03 16:00"]
    assert changed(p, HOLIDAY)
    assert moments(p) == ["02 16:00"] and p.task("wang").due == "2026-03-04T08:00:00.000000Z"


def test_a_date_waited_for_begins_where_the_calendar_stands() -> None:
    p = Play({"nodes": [{"wait": {"until": "day"}}]}, day=date(2026, 3, 4)).start()
    assert moments(p) == ["04 00:00"]
    assert changed(p, Calendar(zone=ZoneInfo("Asia/Tokyo")))
    assert moments(p) == ["03 23:00"]


def test_a_decision_may_still_be_taken_back_after_it() -> None:
    two = step({"in": "10wh", "steps": [{"at": 0, "do": "remind"}]}, mode="all", who={"users": ["wang", "zhao"]})
    p = Play(two).start().says("wang", "agree")
    assert changed(p, HOLIDAY)
    p.do("retrieve", "wang")
    assert sorted(p.open()) == ["wang", "zhao"]
    assert p.task("wang").since == p.task("zhao").since
