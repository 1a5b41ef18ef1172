"""Deadlines that are to be counted anew after a change of working calendars, and how far that has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run

#: Whatever was under way when a calendar was changed is over by then, also where numbers of transactions began anew.
OVER = timedelta(minutes=10)


class Recount(NamedTuple):
    """One change: of which calendar (None: of all), and the last instance that has been dealt with."""

    id: int
    calendar: str | None
    reached: str | None
    #: Whose deadlines are meant: of those who follow it through their department, or follow another one from now on.
    people: Sequence[str] | None = None


def add(connection: Connection, schema: str, calendar: str | None, people: Sequence[str] | None = None) -> None:
    """What follows a calendar is to be counted anew, or what people have to do where no workflow names a calendar.

    To be called in the transaction that changes it. Neither: everything.
    """
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_recount')} (calendar, people) VALUES (%s, %s::uuid[])",
        (calendar, None if people is None else list(people))))  # fmt: skip


def take(connection: Connection, schema: str) -> Recount | None:
    """The oldest change that nobody works on, locked.

    Not before every transaction is over that may have counted by the calendar as it was: what it stores is not seen
    until then, and would be left out.
    """
    found = run(connection, Sql(
        f"SELECT id, calendar, reached::text, people::text[] FROM {ident(schema, 's_recount')} "
        "WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) OR asked_at < now() - %s "
        "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED", (OVER,)), prepare=True)  # fmt: skip
    return Recount(*found[0]) if found else None


def instances(connection: Connection, schema: str, recount: Recount, usual: str, limit: int) -> list[str]:
    """The next open instances with timers that follow the calendar.

    ``usual`` is followed where none is named, or one that nobody keeps; people may follow another one instead.
    """
    which, values = "", list[Any]()
    if recount.calendar is not None or recount.people is not None:
        which = (
            " AND (f.doc::text LIKE '%%\"until\"%%' OR f.doc->>'calendar' = %s OR (%s AND NOT EXISTS (SELECT 1 "
            f"FROM {ident(schema, 's_calendar')} c WHERE c.name = f.doc->>'calendar')) "
            "OR (f.doc->>'calendar' IS NULL AND (i.initiator = ANY(%s::uuid[]) OR EXISTS (SELECT 1 "
            f"FROM {ident(schema, 's_task')} t WHERE t.instance = i.id AND t.assignee = ANY(%s::uuid[])))))"
        )
        concerned = list(recount.people or ())
        values = [recount.calendar, recount.calendar == usual, concerned, concerned]
    if recount.reached is not None:
        which, values = f"{which} AND i.id > %s::uuid", [*values, recount.reached]
    rows = run(connection, Sql(
        f"SELECT i.id::text FROM {ident(schema, 's_instance')} i JOIN {ident(schema, 's_flow')} f ON f.hash = i.flow "
        f"WHERE i.state IN ('running', 'returned') AND EXISTS (SELECT 1 FROM {ident(schema, 's_timer')} m "
        f"WHERE m.instance = i.id AND m.state = 'scheduled'){which} "
        "ORDER BY i.id LIMIT %s", (*values, limit)))  # fmt: skip
    return [row[0] for row in rows]


def reach(connection: Connection, schema: str, recount: Recount, instance: str) -> None:
    """So far it has come."""
    table = ident(schema, "s_recount")
    run(connection, Sql(f"UPDATE {table} SET reached = %s::uuid WHERE id = %s", (instance, recount.id)))


def end(connection: Connection, schema: str, recount: Recount) -> None:
    """All of them have been dealt with."""
    run(connection, Sql(f"DELETE FROM {ident(schema, 's_recount')} WHERE id = %s", (recount.id,)))


def waiting(database: Database, schema: str) -> int:
    """How many changes are still to be dealt with."""
    row = database.row(Sql(f"SELECT count(*) FROM {ident(schema, 's_recount')}"))
    return int(row[0]) if row else 0
