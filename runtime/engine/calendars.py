"""Working calendars of a workspace: kept by administrators, followed by the deadlines of workflows.

A change reaches the deadlines that run too, as soon as a worker comes to them (:mod:`runtime.engine.recounting`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Any

from runtime.base.errors import Conflict, Invalid, Message, NotFound, Problem, nearest
from runtime.engine import audit, departments
from runtime.engine.accounts import demand_administration
from runtime.engine.flow.worktime import DAYS, Calendar, countries, read_calendar
from runtime.engine.workspace import Session, Workspace
from runtime.meta.load import Loaded
from runtime.store import calendars as store
from runtime.store import flows, outbox, people, recounts

#: The calendar of whoever names none.
DEFAULT = store.DEFAULT
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–—~～至]\s*([0-9]{1,2}):([0-9]{2})")
SEPARATORS = re.compile(r"[,;，；、\n]+")
MOST_SPANS, MOST_DATES, MOST_CALENDARS = 6, 1000, 50
LONGEST = 20_000


def kept(session: Session) -> list[str]:
    """The names of the calendars that somebody has kept. Raises Forbidden."""
    demand_administration(session)
    return store.names(session.database, session.workspace.schema)


def names(session: Session) -> list[str]:
    """The names of the calendars, the usual one first whether it is kept or not. Raises Forbidden."""
    return [DEFAULT, *(one for one in kept(session) if one != DEFAULT)]


def one(session: Session, name: str) -> Calendar:
    """A calendar; the usual one where nobody has kept any. Raises Forbidden, NotFound."""
    if name not in names(session):
        raise NotFound()
    row = session.workspace.row
    return read_calendar(
        store.one(session.database, session.workspace.schema, name), row.time_zone, row.region
    )  # fmt: skip


def unkept(workspace: Workspace, loaded: Loaded) -> Iterator[Problem]:
    """Warnings about workflows that count in a calendar that nobody keeps here: until then the usual one counts."""
    asked = [one for one in loaded.of("workflow") if one.data.get("calendar") not in (None, DEFAULT)]
    known = store.names(workspace.database, workspace.schema) if asked else []
    for one in asked:
        name = str(one.data["calendar"])
        if name not in known:
            near = nearest(name, known)
            en = f"nobody keeps a working calendar {name!r} here; the usual one counts until somebody does"
            zh = f"此工作区中没有名为“{name}”的工作日历，建立之前按默认日历计算"
            if near:
                en, zh = f"{en} (did you mean {near!r}?)", f"{zh}（是否指“{near}”？）"
            yield one.problem("calendar", Message(en, zh), ("calendar",), severity="warning")


def save(session: Session, name: str, values: Mapping[str, str], *, new: bool = False) -> None:
    """Keep a calendar from texts: the hours of each weekday, ``country``, ``holidays``, ``workdays``.

    Raises Forbidden, NotFound, Conflict, Invalid.
    """
    known = names(session)
    if new and name in known:
        raise Conflict(Message(f"there is a calendar {name!r} already", f"已有名为“{name}”的日历"))
    if not new and name not in known:
        raise NotFound()
    if not NAME.fullmatch(name):
        text = Message("small letters, digits and _, beginning with a letter, at most 40 characters",
                       "由小写字母、数字和 _ 组成、以字母开头、最多 40 个字符")  # fmt: skip
        raise Invalid(problems=[Problem("name", text, field="name")])
    if len(known) >= MOST_CALENDARS and new:
        text = Message(f"at most {MOST_CALENDARS} calendars", f"最多 {MOST_CALENDARS} 个日历")
        raise Invalid(problems=[Problem("too_many", text, field="name")])
    problems: list[Problem] = []
    data: dict[str, Any] = {
        "country": country(values.get("country", ""), problems),
        "week": {day: hours(day, values.get(day, ""), problems) for day in DAYS},
        "holidays": dates("holidays", values.get("holidays", ""), problems),
        "workdays": dates("workdays", values.get("workdays", ""), problems),
    }
    both = sorted(set(data["holidays"]) & set(data["workdays"]))
    if both:
        text = Message(f"{both[0]} cannot be a holiday and a workday", f"{both[0]} 不能既是假日又是工作日")
        problems.append(Problem("both", text, field="workdays"))
    if not problems and not any(data["week"].values()):
        text = Message("somebody must work on some day", "至少要有一个工作日")
        problems.append(Problem("empty", text, field=DAYS[0]))
    if problems:
        raise Invalid(problems=problems)
    with session.database.transaction() as connection:
        bound, schema = flows.Bound(connection), session.workspace.schema
        if store.one(bound, schema, name) == data:
            return
        store.keep(bound, schema, name, data)
        people.touch(connection, schema)  # Formulas count by it.
        recounts.add(connection, schema, name, departments.followers(bound, schema, name))
    outbox.wake(session.database, session.workspace.schema)
    audit.note(session.workspace, session.user_id, "calendar_changed", {"name": name})


def drop(session: Session, name: str) -> None:
    """Forget a calendar; the usual one is then as it was at first. Raises Forbidden, NotFound, Conflict."""
    demand_administration(session)
    users = [one.label["en"] for one in session.model.all("workflow") if one.doc.get("calendar") == name]
    if users and name != DEFAULT:
        shown = ", ".join(users[:5])
        raise Conflict(Message(f"workflows follow it: {shown}", f"仍有流程使用该日历：{shown}"))
    with session.database.transaction() as connection:
        bound, schema = flows.Bound(connection), session.workspace.schema
        people.alone(connection, schema)
        named = departments.naming(bound, schema, name)
        if named and name != DEFAULT:
            shown = ", ".join(named[:5])
            raise Conflict(Message(f"departments follow it: {shown}", f"仍有部门使用该日历：{shown}"))
        if not store.drop(bound, schema, name):
            raise NotFound()
        people.touch(connection, schema)
        recounts.add(connection, schema, name, departments.followers(bound, schema, name))
    outbox.wake(session.database, session.workspace.schema)
    audit.note(session.workspace, session.user_id, "calendar_removed", {"name": name})


def country(text: str, problems: list[Problem]) -> str | None:
    """The country whose public holidays count, None for none."""
    code = text.strip().upper()
    if code and code not in countries():
        said = Message("no country whose holidays are known", "未收录该国家/地区的节假日")
        problems.append(Problem("country", said, field="country"))
    return code or None


def hours(day: str, text: str, problems: list[Problem]) -> list[list[str]]:
    """The working hours of a day: ``09:00-12:00, 13:30-18:00``; [] for a free one."""
    found: list[list[str]] = []
    last = time(0)
    for part in parts(text[:200]):
        match = SPAN.fullmatch(part)
        spelled = [int(one) for one in match.groups()] if match else []
        right = bool(spelled) and max(spelled[0], spelled[2]) < 24 and max(spelled[1], spelled[3]) < 60
        start, end = (time(one, two) for one, two in (spelled[:2], spelled[2:])) if right else (time(0), time(0))
        if not right or end <= start or (found and start < last) or len(found) >= MOST_SPANS:
            said = Message(f"{part[:40]!r}: hours such as 09:00-12:00, 13:30-18:00, one after the other",
                           f"“{part[:40]}”：请填写如 09:00-12:00, 13:30-18:00 的先后时段")  # fmt: skip
            problems.append(Problem("hours", said, field=day))
            return []
        found.append([start.strftime("%H:%M"), end.strftime("%H:%M")])
        last = end
    return found


def dates(name: str, text: str, problems: list[Problem]) -> list[str]:
    """Days, one a line."""
    found = set()
    for part in parts(text[:LONGEST]):
        try:
            found.add(date.fromisoformat(part).isoformat())
        except ValueError:
            said = Message(f"{part[:40]!r} is not a day such as 2026-10-01", f"“{part[:40]}”不是日期，例如 2026-10-01")
            problems.append(Problem("date", said, field=name))
            return []
    if len(found) > MOST_DATES or len(text) > LONGEST:
        said = Message(f"at most {MOST_DATES} days", f"最多 {MOST_DATES} 天")
        problems.append(Problem("too_many", said, field=name))
    return sorted(found)


def parts(text: str) -> Iterator[str]:
    """What stands between commas and line ends."""
    return (one.strip() for one in SEPARATORS.split(text) if one.strip())


def spelled(spans: Sequence[Sequence[Any]]) -> str:
    """Working hours as they are entered."""
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in spans)
