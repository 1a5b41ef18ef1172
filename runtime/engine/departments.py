"""The working calendars of departments, inherited downwards: which is whose, and what follows when that changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.engine.workspace import Session, Workspace
from runtime.store import calendars, flows, outbox, people, recounts
from runtime.store.database import Database

FIELD = "calendar"


def check(session: Session, value: Any) -> Iterator[Problem]:
    """What is wrong with the calendar that a department is to name."""
    if value is None:
        return
    if not isinstance(value, str) or not value:
        yield Problem("type", Message("must be the name of a calendar", "必须是日历名称"), field=FIELD)
        return
    known = calendars.names(session.database, session.workspace.schema)
    known = [calendars.DEFAULT, *(one for one in known if one != calendars.DEFAULT)]
    if value not in known:
        yield unknown(Message("working calendar", "工作日历"), value[:60], known, "unknown_calendar").at(field=FIELD)


def naming(database: Database, schema: str, calendar: str) -> list[str]:
    """The names of the departments that name a calendar themselves."""
    return [one.name for one in people.departments(database, schema) if one.calendar == calendar]


def followed(database: Database, schema: str) -> dict[str, str | None]:
    """By user: the calendar that the nearest of his department and those above it names, None where none does."""
    departments = {one.id: one for one in people.departments(database, schema)}
    if not any(one.calendar for one in departments.values()):
        return {}

    def nearest(at: str | None) -> str | None:
        seen = set[str]()
        while at is not None and at in departments and at not in seen:
            seen.add(at)
            if departments[at].calendar:
                return departments[at].calendar
            at = departments[at].parent
        return None

    return {one.id: nearest(one.department) for one in people.users(database, schema)}


def followers(database: Database, schema: str, calendar: str) -> list[str]:
    """The users who follow a calendar through their department."""
    return [user for user, name in followed(database, schema).items() if name == calendar]


@contextmanager
def moving(workspace: Workspace) -> Iterator[Database]:
    """What moves people or departments, or gives these another calendar, in one transaction.

    Deadlines of whoever follows another calendar afterwards are counted anew. One such change after the other: of two
    at the same moment neither would see what they mean together.
    """
    with workspace.database.transaction() as connection:
        bound, schema = flows.Bound(connection), workspace.schema
        people.alone(connection, schema)
        before = followed(bound, schema)
        yield bound
        after = followed(bound, schema)
        moved = [user for user in {**before, **after} if before.get(user) != after.get(user)]
        if moved:
            recounts.add(connection, schema, None, moved)
    if moved:
        outbox.wake(workspace.database, workspace.schema)
