"""Calendars: records on their days as month, week, day or agenda, drawn on the server; a drag is a form as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from flask import Blueprint, Response, request

from runtime.base.errors import DougongError, Invalid, Message, NotFound
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.formula.literals import written
from runtime.kinds.field import BadValue
from runtime.meta.model import FieldDef
from runtime.meta.properties import member
from runtime.store.ids import is_id
from runtime.web import cards
from runtime.web.asked import Asked, combined, option
from runtime.web.boards import stored
from runtime.web.cards import Card
from runtime.web.editing import read
from runtime.web.filters import Builder
from runtime.web.listing import Listing, opened
from runtime.web.routes_lists import list_answer, list_page, rights
from runtime.web.session import local
from runtime.web.texts import gettext, page_language

SHOWS = ("month", "week", "day", "agenda")
MOST = 500
AGENDA_DAYS = 30
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Entry:
    """A record on one day: ``at`` is its time there, '' for the whole day; ``begins`` on its first day."""

    card: Card
    at: str = ""
    begins: bool = True


@dataclass
class Day:
    """One day of a calendar."""

    day: date
    label: str
    weekday: str
    inside: bool = True
    today: bool = False
    entries: list[Entry] = field(default_factory=list)
    new: str = ""


@dataclass
class Calendar:
    """A calendar, ready to be shown."""

    title: str
    shows: str
    days: list[Day]
    before: str
    now: str
    after: str
    ways: list[tuple[str, str, str]]
    movable: bool
    more: bool = False

    @property
    def weeks(self) -> list[list[Day]]:
        """The days in rows of seven."""
        return [self.days[start : start + 7] for start in range(0, len(self.days), 7)]


def moment_field(made: Listing, name: str) -> FieldDef | None:
    """The field or property that an option of the view names, when it is a day or a moment that may be read."""
    found = member(made.access.object, str(option(made.view, name) or ""))
    if found is None or (found.name in made.access.object.fields and not made.access.readable(found.name)):
        return None
    return found if found.kind.type().name in ("date", "datetime") else None


def span(shows: str, on: date) -> tuple[date, date]:
    """The first day and the one behind the last that are shown."""
    if shows == "day":
        return on, on + timedelta(1)
    if shows == "agenda":
        return on, on + timedelta(AGENDA_DAYS)
    if shows == "week":
        monday = on - timedelta(on.weekday())
        return monday, monday + timedelta(7)
    first = on.replace(day=1)
    start = first - timedelta(first.weekday())
    last = (first + timedelta(31)).replace(day=1) - timedelta(1)
    return start, last + timedelta(7 - last.weekday())


def stepped(shows: str, on: date, way: int) -> date:
    """The day to look at one step earlier or later."""
    if shows == "month":
        first = on.replace(day=1)
        return first - timedelta(1) if way < 0 else (first + timedelta(31)).replace(day=1)
    return on + timedelta(way * {"week": 7, "day": 1}.get(shows, AGENDA_DAYS))


def bound(session: Session, definition: FieldDef, day: date) -> str:
    """The beginning of a day as a formula, in the form of the field."""
    if definition.kind.type().name == "date":
        return written(day)
    return written(datetime.combine(day, time(), ZoneInfo(session.context().time_zone)))


def within(session: Session, start: FieldDef, end: FieldDef | None, first: date, behind: date) -> str:
    """The condition for records that touch the days."""
    a, b = start.name, end.name if end else ""
    begins = f"{a} >= {bound(session, start, first)} and {a} < {bound(session, start, behind)}"
    if end is None:
        return begins
    lasts = f"{a} < {bound(session, start, behind)} and {b} >= {bound(session, end, first)}"
    return f"({begins}) or ({lasts})"


def local_moment(session: Session, definition: FieldDef, value: Any) -> tuple[date, str] | None:
    """(day, time or '') of a stored value where the caller is."""
    if value is None:
        return None
    typed = definition.kind.typed(value)
    if isinstance(typed, datetime):
        there = typed.astimezone(ZoneInfo(session.context().time_zone))
        return there.date(), there.strftime("%H:%M")
    return (typed, "") if isinstance(typed, date) else None


def calendar(session: Session, made: Listing, start: FieldDef, end: FieldDef | None) -> Calendar:
    """The days that are asked with what is on them."""
    access, asked = made.access, made.asked
    name = access.object.name
    usual = str(option(made.view, "shows") or "month")
    shows = asked.shows if asked.shows in SHOWS else usual if usual in SHOWS else "month"
    today = datetime.now(ZoneInfo(session.context().time_zone)).date()
    on = day_of(asked.on) or today
    first, behind = span(shows, on)
    fields = [start.name, *([end.name] if end else [])]
    window = cards.read(
        session, made, filter=combined(made.view, asked.filter, within(session, start, end, first, behind)),
        sort=(start.name,), limit=MOST, more=fields,
    )  # fmt: skip
    days = {
        first + timedelta(n): empty_day(first + timedelta(n), on, today, shows) for n in range((behind - first).days)
    }
    if access.may("create") and access.writable(start.name) and access.object.owner_link is None:
        for one in days.values():
            one.new = f"/o/{name}/new?{start.name}={one.day.isoformat()}"
    for card, record in zip(window.cards, window.records, strict=True):
        place(session, days, card, record, start, end)
    ways = [(one, label, asked.address(name, shows=one, on=on.isoformat())) for one, label in labels().items()]
    made.asked.shows = shows
    return Calendar(
        title_of(shows, on, first, behind), shows, list(days.values()),
        asked.address(name, shows=shows, on=stepped(shows, on, -1).isoformat()),
        asked.address(name, shows=shows, on=today.isoformat()),
        asked.address(name, shows=shows, on=stepped(shows, on, 1).isoformat()),
        ways, access.may("update") and access.writable(start.name), window.cursor is not None,
    )  # fmt: skip


def labels() -> dict[str, str]:
    """What the ways to look at a calendar are called."""
    return {"month": gettext("Month"), "week": gettext("Week"), "day": gettext("Day"), "agenda": gettext("Agenda")}


def day_of(text: str) -> date | None:
    """The day of an address, None for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST <= found <= LAST else None


def empty_day(day: date, on: date, today: date, shows: str) -> Day:
    """A day without anything on it yet."""
    locale = page_language()
    inside = shows != "month" or day.month == on.month
    return Day(day, format_skeleton("MMMd", datetime.combine(day, time()), locale=locale),
               format_date(day, "EEE", locale=locale), inside, day == today)  # fmt: skip


def title_of(shows: str, on: date, first: date, behind: date) -> str:
    """What the shown days are called."""
    locale = page_language()
    if shows == "month":
        return format_skeleton("yMMMM", datetime.combine(on, time()), locale=locale)
    if shows == "day":
        return format_date(on, "full", locale=locale)
    return (
        f"{format_date(first, 'medium', locale=locale)} – {format_date(behind - timedelta(1), 'medium', locale=locale)}"
    )


def place(
    session: Session, days: Mapping[date, Day], card: Card, record: Mapping[str, Any], start: FieldDef,
    end: FieldDef | None,
) -> None:  # fmt: skip
    """Put a record on each of its days that is shown."""
    begins = local_moment(session, start, record.get(start.name))
    if begins is None:
        return
    ends = local_moment(session, end, record.get(end.name)) if end else None
    last = max(begins[0], ends[0]) if ends else begins[0]
    for day, one in days.items():
        if begins[0] <= day <= last:
            first = day == begins[0]
            one.entries.append(Entry(card, begins[1] if first else "", first))


def calendar_page(session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None) -> Response:
    """The page of a calendar; of a list where there is no day to put records on."""
    made = opened(session, access, asked)
    start, end = moment_field(made, "start"), moment_field(made, "end")
    if start is None:
        return list_page(session, access, asked, builder)
    found: Calendar | None = None
    try:
        found = calendar(session, made, start, end)
    except DougongError as error:
        made.refuse(error)
    return list_answer(session, made, "calendar.html", builder, calendar=found)


def moved(session: Session, definition: FieldDef, value: Any, days: int) -> Any:
    """A stored value so many days later, at the same time of the day. Raises BadValue."""
    found = local_moment(session, definition, value)
    if found is None:
        return None
    typed = definition.kind.typed(value)
    if isinstance(typed, datetime):
        there = typed.astimezone(ZoneInfo(session.context().time_zone)).replace(tzinfo=None) + timedelta(days)
        return definition.kind.clean(there.isoformat(sep=" "), session.context())
    return definition.kind.clean(found[0] + timedelta(days), session.context())


def longer(
    session: Session, start: FieldDef, end: FieldDef | None, record: Mapping[str, Any], until: str
) -> dict[str, Any]:  # fmt: skip
    """The change after which a record ends on a day, at the time of the day that it has. Raises BadValue, Invalid."""
    day = day_of(until)
    if end is None or day is None:
        raise Invalid(Message("say a day such as 2026-11-22", "请提供日期，例如 2026-11-22"))
    usual = record.get(end.name)
    if usual is None:  # It has no end yet: that is where its beginning is.
        typed = start.kind.typed(record[start.name])
        usual = end.kind.clean(typed.isoformat() if end.kind.type().name == "datetime" else str(typed)[:10],
                               session.context())  # fmt: skip
    ends = local_moment(session, end, usual)
    return {end.name: moved(session, end, usual, (day - ends[0]).days if ends else 0)}


def add(routes: Blueprint) -> None:
    """The routes of calendars."""

    @routes.post("/o/<object_name>/<record_id>/shift")
    def shift(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        asked = Asked.of(request.form)
        made = opened(session, access, asked)
        start, end = moment_field(made, "start"), moment_field(made, "end")
        if start is None or not is_id(record_id):
            raise NotFound()
        record = read(session, access, record_id)
        begins = local_moment(session, start, record.get(start.name))
        day = day_of(request.form.get("to", ""))
        if day is None or begins is None:
            raise Invalid(Message("say a day such as 2026-11-22", "请提供日期，例如 2026-11-22"))
        days = (day - begins[0]).days
        try:
            raw = {start.name: moved(session, start, record[start.name], days)}
            if request.form.get("until"):
                raw = longer(session, start, end, record, request.form["until"])
            elif end is not None and record.get(end.name) is not None and access.writable(end.name):
                raw[end.name] = moved(session, end, record[end.name], days)
        except (BadValue, OverflowError):
            raise Invalid(Message("the day is out of range", "日期超出范围")) from None
        return stored(session, access, record_id, raw, local(request.form.get("next") or asked.address(object_name)))
