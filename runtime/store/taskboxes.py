"""The lists of tasks and instances that people look at. It decides nothing and checks no right.

Every list goes by an index of its own and begins after the last row seen: what others have to do costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database, Question

TASK = (
    "t.id::text, t.instance::text, t.number, t.node, t.kind, t.assignee::text, t.principal::text, t.shared, t.state, "
    "t.opened_at, t.due_at, t.decided_at, t.decided_by::text, i.workflow, i.object_key, i.record_id::text, i.title, "
    "i.initiator::text, i.state, i.flow"
)
INSTANCE = (
    "i.id::text, i.workflow, i.object_key, i.record_id::text, i.title, i.state, i.initiator::text, i.created_at, "
    "i.ended_at, i.flow"
)


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to, and where it goes on."""

    workflow: str = ""
    text: str = ""
    overdue: bool = False
    after: str | None = None
    limit: int = 50

    def conditions(self) -> tuple[str, list[Any]]:
        """The conditions on the instance ``i``, and for late ones on the task ``t``."""
        said, values = "", []
        if self.workflow:
            said += " AND i.workflow = %s"
            values.append(self.workflow)
        if self.text:
            said += " AND strpos(lower(i.title), %s) > 0"
            values.append(self.text.lower())
        if self.overdue:
            said += " AND t.state = 'open' AND t.due_at < now()"
        return said, values


def own(schema: str, columns: str, user: str, newest: Sql | None = None) -> Sql:
    """Somebody's open tasks: those that he has, and those that he shares with his stand-in. Each part has its index.

    ``newest``: which of each part, where more than are asked for need not be looked at.
    """
    table, more = ident(schema, "s_task"), newest or Sql("")
    return (
        Sql(f"(SELECT {columns} FROM {table} t WHERE assignee = %s::uuid AND state = 'open'", (user,)) + more
        + Sql(f") UNION ALL (SELECT {columns} FROM {table} t WHERE principal = %s::uuid AND shared AND state = 'open' "
              "AND assignee IS DISTINCT FROM principal", (user,)) + more + ")"
    )  # fmt: skip


def todo(database: Database, schema: str, user: str, wanted: Wanted) -> list[tuple[Any, ...]]:
    """Somebody's open tasks, newest first."""
    more, values = wanted.conditions()
    order = f"ORDER BY t.id DESC LIMIT {wanted.limit:d}"
    later = Sql(" AND t.id < %s::uuid", (wanted.after,)) if wanted.after else Sql("")
    # What other conditions look at is known after the join only.
    part = later if more else later + f" {order}"
    said = Sql(f"SELECT {TASK} FROM (") + own(schema, "*", user, part) + Sql(
        f") t JOIN {ident(schema, 's_instance')} i ON i.id = t.instance WHERE true{more} {order}", tuple(values)
    )  # fmt: skip
    return database.rows(said, prepare=not more)


def done(database: Database, schema: str, user: str, wanted: Wanted) -> list[tuple[Any, ...]]:
    """The tasks that somebody has decided, the last one first."""
    more, values = wanted.conditions()
    table = ident(schema, "s_task")
    later, after = "", []
    if wanted.after:
        later = f" AND (t.decided_at, t.id) < ((SELECT l.decided_at FROM {table} l WHERE l.id = %s::uuid), %s::uuid)"
        after = [wanted.after, wanted.after]
    return database.rows(Sql(
        f"SELECT {TASK} FROM {table} t JOIN {ident(schema, 's_instance')} i ON i.id = t.instance "
        f"WHERE t.decided_by = %s::uuid{later}{more} ORDER BY t.decided_at DESC, t.id DESC LIMIT {wanted.limit:d}",
        (user, *after, *values)), prepare=not more)  # fmt: skip


def started(database: Database, schema: str, user: str, wanted: Wanted) -> list[tuple[Any, ...]]:
    """The instances that somebody has started, newest first."""
    more, values = wanted.conditions()
    later = " AND i.id < %s::uuid" if wanted.after else ""
    after = [wanted.after] if wanted.after else []
    return database.rows(Sql(
        f"SELECT {INSTANCE} FROM {ident(schema, 's_instance')} i WHERE i.initiator = %s::uuid{later}{more} "
        f"ORDER BY i.id DESC LIMIT {wanted.limit:d}", (user, *after, *values)), prepare=not more)  # fmt: skip


def copied(database: Database, schema: str, user: str, wanted: Wanted) -> list[tuple[Any, ...]]:
    """The instances that somebody may read along, the newest instance first."""
    more, values = wanted.conditions()
    later = " AND c.instance < %s::uuid" if wanted.after else ""
    after = [wanted.after] if wanted.after else []
    return database.rows(Sql(
        f"SELECT {INSTANCE} FROM {ident(schema, 's_copy')} c JOIN {ident(schema, 's_instance')} i ON i.id = c.instance "
        f"WHERE c.user_id = %s::uuid{later}{more} ORDER BY c.instance DESC LIMIT {wanted.limit:d}",
        (user, *after, *values)), prepare=not more)  # fmt: skip


def counting(schema: str, user: str, most: int) -> Question:
    """The question that :func:`counts` asks."""
    return Question("SELECT (SELECT count(*) FROM (" + own(schema, "1", user) + Sql(
        f" LIMIT {most:d}) a), (SELECT count(*) FROM (SELECT 1 FROM {ident(schema, 's_notice')} "
        f"WHERE user_id = %s::uuid AND read_at IS NULL LIMIT {most:d}) b)", (user,)))  # fmt: skip


def counts(database: Database, schema: str, user: str, most: int) -> tuple[int, int]:
    """How many open tasks and unread notices somebody has, each counted no further than ``most``."""
    found = database.ask(counting(schema, user, most))
    return int(found[0][0]), int(found[0][1])


def about(schema: str, record_id: str, limit: int) -> Question:
    """The question that :func:`of_record` asks."""
    return Question(Sql(
        f"SELECT {INSTANCE}, i.kind, i.data FROM {ident(schema, 's_instance')} i WHERE i.record_id = %s::uuid "
        f"ORDER BY i.created_at DESC, i.id DESC LIMIT {limit:d}", (record_id,)))  # fmt: skip


def of_record(database: Database, schema: str, record_id: str, limit: int) -> list[tuple[Any, ...]]:
    """The instances on a record, newest first, each with its state as JSON."""
    return database.ask(about(schema, record_id, limit))


def mine(database: Database, schema: str, instances: Sequence[str], user: str) -> Mapping[str, str]:
    """By instance: the first open task that somebody has in it."""
    if not instances:
        return {}
    rows = database.rows(Sql(
        f"SELECT DISTINCT ON (instance) instance::text, id::text FROM {ident(schema, 's_task')} "
        "WHERE instance = ANY(%s::uuid[]) AND (assignee = %s::uuid OR (shared AND principal = %s::uuid)) "
        "AND state = 'open' ORDER BY instance, id", (list(instances), user, user)))  # fmt: skip
    return dict(rows)


def busy(database: Database, schema: str, people: Sequence[str]) -> dict[str, tuple[int, str]]:
    """(open tasks, when the last one was got or done) of those of the people who have had any."""
    table = ident(schema, "s_task")
    rows = database.rows(Sql(
        f"SELECT p::text, (SELECT count(*) FROM {table} WHERE assignee = p AND state = 'open'), "
        f"greatest((SELECT max(opened_at) FROM {table} WHERE assignee = p AND state = 'open'), "
        f"(SELECT decided_at FROM {table} WHERE decided_by = p ORDER BY decided_at DESC LIMIT 1)) "
        "FROM unnest(%s::uuid[]) p", (list(people),)))  # fmt: skip
    return {one: (count, last.isoformat()) for one, count, last in rows if last is not None}
