"""Gantt charts: bars at their days, scales, parts and predecessors, moves and longer ends through the write path, rights."""

from __future__ import annotations

import re
from datetime import date

import pytest

from runtime.web import gantts
from tests.conftest import Shop
from tests.web.browser import person, sound, without_ids
from tests.web.test_pages import make

STEP = """object: step
title: name
fields:
  name: {type: text, required: true}
  begins: {type: date}
  ends: {type: date}
  starts_at: {type: datetime}
  ends_at: {type: datetime}
  done: {type: percent}
  part_of: {type: link, to: step, reverse: parts}
  follows: {type: link, to: step, reverse: followers}
validations:
  order: {valid: ISBLANK(ends) or ends >= begins, message: {en: It cannot end before it begins, zh: 结束不能早于开始}, field: ends}
"""
VIEWS = """view: step_plan
object: step
type: gantt
label: {en: Plan, zh: 计划}
start: begins
end: ends
progress: done
parent: part_of
after: follows
card: {title: name, lines: [done]}
colors: [{when: done == 100, color: green}]
---
view: step_times
object: step
type: gantt
start: starts_at
end: ends_at
scale: day
"""
ROLES = "role: narrow\nobjects:\n  step: {read: all, update: none, fields: {done: hidden}}\n---\nrole: blind\nobjects:\n  step: {read: all, fields: {begins: hidden}}\n---\nrole: fixed\nobjects:\n  step: {read: all, update: all, fields: {ends: read}}\n"
PLAN = "/o/step?view=step_plan&on=2026-11-22"


@pytest.fixture
def steps(shop: Shop) -> Shop:
    shop.publish(STEP, VIEWS, ROLES)
    return shop


def rows(page: str) -> dict[str, str]:
    """Title -> the row."""
    parts = re.split(r'(?=<li class="ganttrow)', page)[1:]
    return {re.findall(r'class="open"[^>]*>([^<]+)<', one)[0]: one for one in parts}


def bar(row: str, kind: str = "whole") -> tuple[float, float] | None:
    """(where, how wide) in percent."""
    found = re.search(rf'<rect class="{kind}" x="([\d.]+)%" width="([\d.]+)%"', row)
    return (float(found[1]), float(found[2])) if found else None


def test_bars_stand_at_their_days(steps: Shop) -> None:
    make(steps, "step", name="first", begins="2026-11-23", ends="2026-11-29", done=50)
    make(steps, "step", name="whole", begins="2026-01-01", ends="2027-12-31", done=100)
    make(steps, "step", name="point", begins="2026-11-25")
    make(steps, "step", name="gone", begins="2026-01-01", ends="2026-01-05")
    make(steps, "step", name="never")
    li = person(steps, "li", "admin")
    page = li.text(PLAN)
    sound(page, PLAN)
    found = rows(page)
    assert set(found) == {"first", "whole", "point"}
    # Eighteen weeks from the Monday three weeks before: the fifth begins behind four of them.
    assert 'data-first="2026-10-26" data-days="126"' in page
    assert bar(found["first"]) == pytest.approx((100 * 4 / 18, 100 / 18), abs=0.001)
    assert bar(found["first"], "done") == pytest.approx((100 * 4 / 18, 50 / 18), abs=0.001)
    assert (
        "50 %" in found["first"] and "Nov 23, 2026</time>" in found["first"] and "Nov 29, 2026</time>" in found["first"]
    )
    assert bar(found["whole"]) == (0, 100) and "cut-left cut-right" in found["whole"] and "tint-green" in found["whole"]
    assert "<circle" in found["point"] and "once" in found["point"] and "<circle" not in found["first"]
    assert gantts.span("month", date(2026, 1, 31)) == (date(2025, 11, 1), date(2026, 11, 1))
    months = li.text(PLAN + "&shows=month")
    assert 'data-days="365"' in months and ">2026</text>" in months and ">Nov</text>" in months
    days = li.text(PLAN + "&shows=day")
    assert 'data-days="28"' in days and days.count('class="rest"') == 4
    zh = person(steps, "zh", "admin", language="zh").text(PLAN)
    assert "2026年11月23日" in zh and ">2026年11月</text>" in zh


def test_looking_earlier_and_later(steps: Shop) -> None:
    make(steps, "step", name="far", begins="2027-06-01", ends="2027-06-02")
    li = person(steps, "li", "admin")
    page = li.text(PLAN)
    assert "Nothing in this time" in page
    for _ in range(3):
        later = re.search(r'href="([^"]+)" aria-label="Later"', page)
        assert later
        page = li.text(later[1].replace("&amp;", "&"))
    assert "far" in rows(page)
    for on in ("0001-01-01", "nonsense", "1900-01-01", "2199-12-31", "9999-99-99"):
        for shows in ("day", "week", "month", "never"):
            assert li.get(f"/o/step?view=step_plan&on={on}&shows={shows}").status_code == 200, (on, shows)


def test_parts_stand_below_and_followers_are_named(steps: Shop) -> None:
    whole = make(steps, "step", name="whole", begins="2026-11-23", ends="2026-12-20")
    other = make(steps, "step", name="other", begins="2026-11-24", ends="2026-11-30")
    late = make(steps, "step", name="late part", begins="2026-12-05", ends="2026-12-10", part_of=whole, follows=other)
    make(steps, "step", name="hasty", begins="2026-12-10", part_of=late, follows=late)
    page = person(steps, "li", "admin").text(PLAN)
    found = rows(page)
    assert list(found) == ["whole", "late part", "hasty", "other"]
    assert "level-1" in found["late part"] and "level-2" in found["hasty"] and "level" not in found["other"]
    assert "after other" in found["late part"] and "too early" not in found["late part"]
    assert "after late part" in found["hasty"] and "begins too early" in found["hasty"]
    assert steps.ask("PATCH", f"/records/step/{whole}", json={"part_of": late}).status_code == 200
    assert set(rows(person(steps, "wang", "admin").text(PLAN))) == {"whole", "late part", "hasty", "other"}, "a ring"


def test_it_is_read_by_window(steps: Shop) -> None:
    many = [{"name": f"step {n:03}", "begins": "2026-11-23", "ends": "2026-11-29"} for n in range(130)]
    assert steps.ask("POST", "/records/step/bulk", json={"mode": "create", "records": many}).json["failed"] == 0
    li = person(steps, "li", "admin")
    page = li.text(PLAN)
    more = re.search(r'rel="next" href="([^"]+cursor[^"]+)"', page)
    assert more and len(rows(page)) == gantts.WINDOW
    rest = li.text(more[1].replace("&amp;", "&"))
    assert len(rows(rest)) == 30 and not set(rows(rest)) & set(rows(page))


def test_a_bar_moves_and_its_end_alone(steps: Shop) -> None:
    made = make(steps, "step", name="one", begins="2026-11-23", ends="2026-11-29")
    li = person(steps, "li", "admin")
    sent = {"_csrf": li.token("/o/step"), "view": "step_plan", "version": "1", "to": "2026-11-25"}
    path = f"/o/step/{made}/shift"
    assert li.post(path, sent).status_code == 303

    def stored() -> tuple[str, str]:
        found = steps.ask("GET", f"/records/step/{made}").json
        return found["begins"], found["ends"]

    assert stored() == ("2026-11-25", "2026-12-01")
    part = {**li.headers, "HX-Request": "true"}
    done = li.client.post(path, data={**sent, "version": "2", "until": "2026-12-24"}, headers=part)
    assert done.status_code == 200 and done.headers["X-Record-Version"] == "3"
    assert stored() == ("2026-11-25", "2026-12-24")
    stale = li.client.post(path, data={**sent, "version": "2", "until": "2026-12-30"}, headers=part)
    assert stale.status_code == 412
    refused = li.client.post(path, data={**sent, "version": "3", "until": "2026-11-20"}, headers=part)
    assert refused.status_code == 422 and "cannot end before" in refused.get_data(as_text=True)
    for wrong in ("soon", "9999-12-31", "1", "\0"):
        assert li.post(path, {**sent, "version": "3", "until": wrong}).status_code == 422, wrong
    assert stored() == ("2026-11-25", "2026-12-24")


def test_moments_keep_their_time_and_an_end_is_made(steps: Shop) -> None:
    made = make(steps, "step", name="long", starts_at="2026-11-03T16:30:00Z", ends_at="2026-11-05T02:00:00Z")
    bare = make(steps, "step", name="bare", starts_at="2026-11-03T16:30:00Z")
    li = person(steps, "li", "admin")
    sent = {"_csrf": li.token("/o/step"), "view": "step_times", "version": "1", "to": "2026-11-04"}
    assert li.post(f"/o/step/{made}/shift", {**sent, "until": "2026-11-08"}).status_code == 303
    assert steps.ask("GET", f"/records/step/{made}").json["ends_at"] == "2026-11-08T02:00:00.000Z"
    assert li.post(f"/o/step/{bare}/shift", {**sent, "until": "2026-11-08"}).status_code == 303
    found = steps.ask("GET", f"/records/step/{bare}").json
    assert (found["starts_at"], found["ends_at"]) == ("2026-11-03T16:30:00.000Z", "2026-11-07T16:30:00.000Z")


def test_who_may_not(steps: Shop) -> None:
    made = make(steps, "step", name="one", begins="2026-11-23", ends="2026-11-29", done=37)
    narrow, blind, fixed = (person(steps, one, one) for one in ("narrow", "blind", "fixed"))
    page = narrow.text(PLAN)
    assert "one" in rows(page) and "37" not in without_ids(rows(page)["one"]) and "data-movable" not in page
    assert bar(rows(page)["one"], "done") is None
    sent = {"_csrf": narrow.token("/o/step"), "view": "step_plan", "version": "1", "to": "2026-11-25"}
    narrow.post(f"/o/step/{made}/shift", sent)
    assert "ganttrow" not in blind.text(PLAN) and "Nov 23" not in blind.text(PLAN), "a list without the day"
    blinded = {"_csrf": blind.token("/o/step"), "view": "step_plan", "to": "2026-11-25"}
    assert blind.post(f"/o/step/{made}/shift", blinded).status_code == 404
    assert "data-resizable" not in fixed.text(PLAN) and "data-movable" not in fixed.text(PLAN)
    longer = {"_csrf": fixed.token("/o/step"), "view": "step_plan", "version": "1", "to": "2026-11-23"}
    fixed.post(f"/o/step/{made}/shift", {**longer, "until": "2026-12-24"})
    found = steps.ask("GET", f"/records/step/{made}").json
    assert (found["version"], found["begins"], found["ends"]) == (1, "2026-11-23", "2026-11-29")
