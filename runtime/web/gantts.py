"""Gantt charts: records as bars over time, drawn on the server as a list with dates; a drag is a form of calendars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from flask import Response

from runtime.base.errors import DougongError
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef
from runtime.web import cards
from runtime.web.asked import Asked, combined, option
from runtime.web.calendars import day_of, local_moment, moment_field, within
from runtime.web.cards import Card
from runtime.web.filters import Builder
from runtime.web.listing import Listing, opened
from runtime.web.routes_lists import list_answer, list_page
from runtime.web.texts import gettext, page_language

SCALES = ("day", "week", "month")
USUAL = "week"
WINDOW = 100
DAYS, WEEKS, MONTHS = 28, 18, 12
#: A bar that is narrower than this share of the chart gets a dot, so that it can be seen and taken.
NARROW = 1 / 60
DEEPEST = 5


@dataclass(frozen=True)
class Tick:
    """A place of the axis: where, what it is called; ``far``: only where there is room."""

    x: str
    label: str
    far: bool = False


@dataclass
class Bar:
    """A record between its days, in percent of the chart. What lies outside of it is cut off on that side."""

    card: Card
    starts: date
    ends: date
    said: tuple[str, str]
    x: str = ""
    width: str = ""
    done: str = ""
    progress: str = ""
    middle: str = ""
    narrow: bool = False
    cut: tuple[bool, bool] = (False, False)
    level: int = 0
    after: Sequence[str] = ()
    clash: bool = False


@dataclass
class Gantt:
    """A chart, ready to be shown."""

    title: str
    scale: str
    first: date
    days: int
    before: str
    now: str
    after: str
    ways: list[tuple[str, str, str]]
    major: list[Tick]
    minor: list[Tick]
    rest: list[tuple[str, str]]
    today: str
    movable: bool
    resizable: bool
    bars: list[Bar] = field(default_factory=list)


def month_later(day: date, months: int) -> date:
    """The first day of a month so many months later or earlier."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def span(scale: str, on: date) -> tuple[date, date]:
    """The first day and the one behind the last that are shown: a little of what was, more of what comes."""
    monday = on - timedelta(on.weekday())
    if scale == "day":
        return monday - timedelta(7), monday + timedelta(DAYS - 7)
    if scale == "week":
        return monday - timedelta(21), monday + timedelta(7 * WEEKS - 21)
    return month_later(on, -2), month_later(on, MONTHS - 2)


def stepped(scale: str, on: date, way: int) -> date:
    """The day to look at half a chart earlier or later."""
    if scale == "month":
        return month_later(on, way * MONTHS // 2)
    return on + timedelta(way * (DAYS if scale == "day" else 7 * WEEKS) // 2)


def share(part: float, whole: float) -> str:
    """A part of the chart as SVG wants it."""
    return f"{100 * part / whole:.3f}%"


def ticks(scale: str, first: date, behind: date) -> tuple[list[Tick], list[Tick]]:
    """What stands above and below on the axis."""
    locale, whole = page_language(), (behind - first).days
    days = [first + timedelta(n) for n in range(whole)]

    def at(day: date, skeleton: str, far: bool = False) -> Tick:
        moment = datetime.combine(day, time())
        return Tick(share((day - first).days, whole), format_skeleton(skeleton, moment, locale=locale), far)

    if scale == "month":
        years = [one for one in days if one.day == 1 and (one.month == 1 or one == first)]
        return [at(one, "y") for one in years], [at(one, "MMM") for one in days if one.day == 1]
    # A month that has hardly begun before the chart ends leaves its name no room.
    room = timedelta(whole // 9)
    heads = [one for one in days if one.day == 1 and one + room / 2 <= behind]
    if not heads or heads[0] - first > room:
        heads = [first, *heads]
    low = [one for one in days if scale == "day" or one.weekday() == 0]
    return [at(one, "yMMM") for one in heads], [
        Tick(share((one - first).days, whole), str(one.day), one.weekday() != 0) for one in low
    ]


def rests(scale: str, first: date, behind: date) -> list[tuple[str, str]]:
    """(where, how wide) of the weekends, as long as days can be told apart."""
    whole = (behind - first).days
    if scale != "day":
        return []
    days = (first + timedelta(n) for n in range(whole))
    return [(share((one - first).days, whole), share(2, whole)) for one in days if one.weekday() == 5]


def gantt(session: Session, made: Listing, start: FieldDef, end: FieldDef | None) -> Gantt:
    """The chart that is asked for with what is on it."""
    access, asked = made.access, made.asked
    name = access.object.name
    usual = str(option(made.view, "scale") or USUAL)
    scale = asked.shows if asked.shows in SCALES else usual if usual in SCALES else USUAL
    today = datetime.now(ZoneInfo(session.context().time_zone)).date()
    on = day_of(asked.on) or today
    first, behind = span(scale, on)
    whole = (behind - first).days
    asked.shows = scale
    major, minor = ticks(scale, first, behind)
    other = {"cursor": "", "shows": scale}
    movable = access.may("update") and access.writable(start.name)
    found = Gantt(
        f"{said(first)} – {said(behind - timedelta(1))}", scale, first, whole,
        asked.address(name, **other, on=stepped(scale, on, -1).isoformat()),
        asked.address(name, **other, on=today.isoformat()),
        asked.address(name, **other, on=stepped(scale, on, 1).isoformat()),
        [(one, label, asked.address(name, cursor="", shows=one, on=on.isoformat())) for one, label in labels().items()],
        major, minor, rests(scale, first, behind),
        share((today - first).days + 0.5, whole) if first <= today < behind else "",
        movable and (end is None or access.writable(end.name)),
        movable and end is not None and access.writable(end.name),
    )  # fmt: skip
    read(session, made, found, start, end)
    return found


def said(day: date) -> str:
    """A day in words."""
    return format_date(day, "medium", locale=page_language())


def labels() -> dict[str, str]:
    """What the scales are called."""
    return {"day": gettext("Days"), "week": gettext("Weeks"), "month": gettext("Months")}


def named(made: Listing, name: str) -> str:
    """The field that an option of the view names, '' when the caller may not read it."""
    found = str(option(made.view, name) or "")
    return found if found in made.access.object.fields and made.access.readable(found) else ""


def read(session: Session, made: Listing, found: Gantt, start: FieldDef, end: FieldDef | None) -> None:
    """A window of the records that touch the chart, as bars."""
    progress, parent, after = (named(made, one) for one in ("progress", "parent", "after"))
    fields = [start.name, *([end.name] if end else []), *filter(None, (progress, parent, after))]
    behind = found.first + timedelta(found.days)
    window = cards.read(
        session, made, filter=combined(made.view, made.asked.filter, within(session, start, end, found.first, behind)),
        sort=(start.name,), limit=WINDOW, cursor=made.asked.cursor, more=fields,
    )  # fmt: skip
    made.next = made.asked.address(made.access.object.name, cursor=window.cursor) if window.cursor else ""
    bars: dict[str, Bar] = {}
    records = {str(one["id"]): one for one in window.records}
    for card in window.cards:
        record = records[card.id]
        begins = local_moment(session, start, record.get(start.name))
        ends = local_moment(session, end, record.get(end.name)) if end else None
        if begins is not None:
            bars[card.id] = drawn(found, card, begins[0], ends[0] if ends else begins[0], record.get(progress))
    links = {one: ids(record.get(after)) for one, record in records.items()} if after else {}
    for identity, others in links.items():
        before = [bars[one] for one in others if one in bars and identity in bars and one != identity]
        if before:
            bars[identity].after = [one.card.title for one in before]
            bars[identity].clash = any(one.ends >= bars[identity].starts for one in before)
    parents = {one: next(iter(ids(record.get(parent))), "") for one, record in records.items()} if parent else {}
    found.bars = list(nested(bars, parents))


def ids(value: Any) -> list[str]:
    """The ids that a link holds, one or many, expanded or not."""
    many = value if isinstance(value, (list, tuple)) else [value]
    return [str(one["id"] if isinstance(one, Mapping) else one) for one in many if one]


def drawn(chart: Gantt, card: Card, starts: date, ends: date, progress: Any) -> Bar:
    """A bar at its place. One that ends before it begins is as long as its first day."""
    ends = max(starts, ends)
    left, right = max(0, (starts - chart.first).days), min(chart.days, (ends - chart.first).days + 1)
    width = max(0, right - left)
    bar = Bar(card, starts, ends, (said(starts), said(ends)), share(left, chart.days), share(width, chart.days))
    bar.middle, bar.narrow = share(left + width / 2, chart.days), width < chart.days * NARROW
    bar.cut = (starts < chart.first, (ends - chart.first).days >= chart.days)
    if progress is not None and not isinstance(progress, bool):
        portion = min(100.0, max(0.0, float(progress)))
        bar.progress = f"{portion:.0f} %"
        through = ((ends - starts).days + 1) * portion / 100 - (left - (starts - chart.first).days)
        bar.done = share(min(width, max(0.0, through)), chart.days)
    return bar


def nested(bars: Mapping[str, Bar], parents: Mapping[str, str]) -> Iterator[Bar]:
    """The bars with their parts behind them, as far as both are in the window; rings are cut open."""
    children: dict[str, list[str]] = {}
    for one in bars:
        above = parents.get(one, "")
        children.setdefault(above if above in bars and above != one else "", []).append(one)
    seen: set[str] = set()

    def below(one: str, level: int) -> Iterator[Bar]:
        if one in seen:
            return
        seen.add(one)
        bars[one].level = min(level, DEEPEST)
        yield bars[one]
        for part in children.get(one, ()):
            yield from below(part, level + 1)

    for one in [*children.get("", ()), *bars]:
        yield from below(one, 0)


def gantt_page(session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None) -> Response:
    """The page of a chart; of a list where there is no day to begin at."""
    made = opened(session, access, asked)
    start, end = moment_field(made, "start"), moment_field(made, "end")
    if start is None:
        return list_page(session, access, asked, builder)
    found: Gantt | None = None
    try:
        found = gantt(session, made, start, end)
    except DougongError as error:
        made.refuse(error)
    return list_answer(session, made, "gantt.html", builder, gantt=found)
