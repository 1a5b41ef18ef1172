"""Instances of workflows and what belongs to them in the database. It decides nothing and checks no right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text
from runtime.store.database import Connection, Database, Question, run


class Bound(Database):
    """A database whose every statement takes place inside of one transaction that somebody else ends."""

    def __init__(self, connection: Connection) -> None:
        self.bound = connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The transaction's connection; what fails leaves the transaction as it was."""
        with self.bound.transaction():
            yield self.bound


class Looking(Bound):
    """The same for what only reads and cannot fail: without a savepoint around each statement."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The transaction's connection."""
        yield self.bound

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A part of the transaction that is taken back by itself."""
        with self.bound.transaction():
            yield self.bound


class Writing(Bound):
    """The same for writes inside of a part that is taken back as a whole: what only asks needs no savepoint."""

    def rows(self, statement: Sql, *, prepare: bool = False) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        return run(self.bound, statement, prepare=prepare)


@dataclass(frozen=True)
class Row:
    """One instance as stored, its state as JSON."""

    id: str
    flow: str
    workflow: str
    kind: str
    object_key: str
    record_id: str
    title: str
    state: str
    initiator: str | None
    parent: str | None
    parent_run: int | None
    revokes: str | None
    seq: int
    data: Mapping[str, Any]


def load(text: bytes | str) -> Any:
    """JSON whose whole numbers are ints, as numbers of tasks and places in lists must be; others stay exact."""
    return json.loads(text, parse_float=Decimal)


COLUMNS = (
    "id::text, flow, workflow, kind, object_key, record_id::text, title, state, initiator::text, parent::text, "
    "parent_run, revokes::text, seq, data"
)


def _row(found: tuple[Any, ...]) -> Row:
    return Row(*(*found[:-1], load(found[-1])))


def lock(connection: Connection, schema: str, instance: str) -> Row | None:
    """The instance, locked until the end of the transaction, the one it is a part of before it."""
    table = ident(schema, "s_instance")
    whole = f"SELECT {COLUMNS} FROM {table} WHERE id = %s::uuid"
    found = run(connection, Sql(f"{whole} AND parent IS NULL FOR UPDATE", (instance,)), prepare=True)
    if not found:
        seen = run(connection, Sql(f"SELECT parent::text FROM {table} WHERE id = %s::uuid", (instance,)))
        if not seen:
            return None
        lock(connection, schema, seen[0][0])
        found = run(connection, Sql(f"{whole} FOR UPDATE", (instance,)), prepare=True)
    return _row(found[0])


def read(database: Database, schema: str, instance: str) -> Row | None:
    """The instance as it is."""
    found = database.row(Sql(f"SELECT {COLUMNS} FROM {ident(schema, 's_instance')} WHERE id = %s::uuid", (instance,)))
    return _row(found) if found else None


def opening(schema: str, ids: Sequence[str], but_for: str | None = None) -> Question:
    """The question that :func:`open_on` asks."""
    return Question(Sql(
        "SELECT i.record_id::text, i.id::text, f.doc, CASE WHEN i.kind = 'proposal' THEN coalesce(p.kind, 'update') "
        "ELSE '' END, i.initiator::text, ARRAY(SELECT jsonb_object_keys(p.patch)), "
        "ARRAY(SELECT e->>'id' FROM jsonb_array_elements(p.lines) e) "
        f"FROM {ident(schema, 's_instance')} i LEFT JOIN {ident(schema, 's_proposal')} p ON p.instance = i.id "
        f"JOIN {ident(schema, 's_flow')} f ON f.hash = i.flow WHERE i.record_id = ANY(%s::uuid[]) "
        "AND i.state IN ('running', 'returned') AND i.kind IN ('normal', 'proposal') AND NOT (i.kind = 'normal' "
        "AND i.state = 'returned' "
        f"AND EXISTS (SELECT 1 FROM {ident(schema, 's_task')} t WHERE t.instance = i.id AND t.kind = 'resubmit' "
        "AND t.state = 'open' AND t.assignee = %s::uuid))", (list(ids), but_for)))  # fmt: skip


def open_on(
    database: Database, schema: str, ids: Sequence[str], but_for: str | None = None
) -> dict[str, tuple[str, Mapping[str, Any], str, str | None, Sequence[str], Sequence[str]]]:
    """By record: the open instance on it, its document, the kind of the change that it is about ('' for none), who
    began it, and the keys and lines of that change.

    Without one that was returned to ``but_for``, who mends the record; what waits is mended by its own steps.
    """
    rows = database.ask(opening(schema, ids, but_for))
    return {record: (instance, load(doc), *rest) for record, instance, doc, *rest in rows}


def outdated(database: Database, schema: str, workflow: str, hash: str, instance: str | None) -> list[str]:
    """The open instances of a workflow (or one of them) that go by another version."""
    one = " AND id = %s::uuid" if instance else ""
    rows = database.rows(Sql(
        f"SELECT id::text FROM {ident(schema, 's_instance')} WHERE workflow = %s AND flow <> %s "
        f"AND state IN ('running', 'returned'){one} ORDER BY id",
        (workflow, hash, *([instance] if instance else []))))  # fmt: skip
    return [row[0] for row in rows]


def follow(connection: Connection, schema: str, instance: str, hash: str) -> None:
    """An instance goes by another version from now on."""
    table = ident(schema, "s_instance")
    run(connection, Sql(f"UPDATE {table} SET flow = %s WHERE id = %s::uuid", (hash, instance)))


def share(connection: Connection, table: str, ids: Sequence[str]) -> None:
    """Records stay as they are until the transaction ends, and no workflow begins on them."""
    run(connection, Sql(f"SELECT 1 FROM {table} WHERE id = ANY(%s::uuid[]) ORDER BY id FOR SHARE", (list(ids),)))


def state_of(connection: Connection, schema: str, instance: str) -> str:
    """The state of an instance that is there."""
    table = ident(schema, "s_instance")
    return str(run(connection, Sql(f"SELECT state FROM {table} WHERE id = %s::uuid", (instance,)))[0][0])


def owner_of(database: Database, table: str, key: str, record: str) -> str | None:
    """The record that a line item belongs to."""
    found = database.row(Sql(f"SELECT data->>%s FROM {table} WHERE id = %s::uuid", (key, record)))
    return found[0] if found else None


def know(connection: Connection, schema: str, hash: str, name: str, doc: Any, fields: Sequence[str]) -> None:
    """Keep a definition under its hash, once."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_flow')} (hash, name, doc, fields) VALUES (%s, %s, %s::jsonb, %s::jsonb) "
        "ON CONFLICT DO NOTHING", (hash, name, dump_text(doc), dump_text(list(fields)))))  # fmt: skip


def flow(connection: Connection, schema: str, hash: str) -> tuple[Mapping[str, Any], Sequence[str]]:
    """The document of a definition and its condition fields."""
    found = run(connection, Sql(f"SELECT doc, fields FROM {ident(schema, 's_flow')} WHERE hash = %s", (hash,)))[0]
    return load(found[0]), load(found[1])


def add(connection: Connection, schema: str, row: Row) -> None:
    """A new instance. Raises UniqueViolation when the record has an open one."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_instance')} (id, flow, workflow, kind, object_key, record_id, title, state, "
        "initiator, parent, parent_run, revokes, data) VALUES (%s::uuid, %s, %s, %s, %s, %s::uuid, %s, %s, %s::uuid, "
        "%s::uuid, %s, %s::uuid, %s::jsonb)",
        (row.id, row.flow, row.workflow, row.kind, row.object_key, row.record_id, row.title, row.state, row.initiator,
         row.parent, row.parent_run, row.revokes, dump_text(dict(row.data)))))  # fmt: skip


def store(connection: Connection, schema: str, instance: str, state: Mapping[str, Any], seq: int,
          events: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]],
          timers: Sequence[Mapping[str, Any]], notices: Sequence[Mapping[str, Any]],
          asked: Sequence[int] = ()) -> dict[int, str]:  # fmt: skip
    """What a command has done, in one statement; the ids of the tasks ``asked`` for. A notice names its task by number.

    Everything takes the instance's id from the row that it changes: nothing is written of one that is not there.
    The statement sees the tasks as they were before it: those that it makes give their ids themselves.
    """
    name = {one: ident(schema, one) for one in ("s_instance", "s_flow_event", "s_task", "s_timer", "s_notice")}
    found = run(connection, Sql(
        f"WITH i AS (UPDATE {name['s_instance']} SET data = %s::jsonb, state = %s, ended_at = %s::timestamptz, "
        "seq = %s WHERE id = %s::uuid RETURNING id), "
        f"e AS (INSERT INTO {name['s_flow_event']} (instance, seq, at, type, data) SELECT i.id, r.* FROM i, "
        "jsonb_to_recordset(%s::jsonb) AS r(seq int, at timestamptz, type text, data jsonb)), "
        f"m AS (INSERT INTO {name['s_timer']} (instance, number, fire_at, state) SELECT i.id, r.* FROM i, "
        "jsonb_to_recordset(%s::jsonb) AS r(number int, fire_at timestamptz, state text) "
        "ON CONFLICT (instance, number) DO UPDATE SET fire_at = excluded.fire_at, state = excluded.state), "
        f"t AS (INSERT INTO {name['s_task']} (instance, id, number, node, kind, assignee, principal, shared, state, "
        "opened_at, due_at, decided_at, decided_by) SELECT i.id, r.* FROM i, jsonb_to_recordset(%s::jsonb) AS r("
        "id uuid, number int, node text, kind text, assignee uuid, principal uuid, shared boolean, state text, "
        "opened_at timestamptz, due_at timestamptz, decided_at timestamptz, decided_by uuid) "
        "ON CONFLICT (instance, number) DO UPDATE SET "
        "state = excluded.state, opened_at = excluded.opened_at, "
        "due_at = excluded.due_at, decided_at = excluded.decided_at, decided_by = excluded.decided_by "
        "RETURNING number, id), "
        f"n AS (INSERT INTO {name['s_notice']} (id, user_id, type, instance, task, text) "
        "SELECT r.id, r.user_id, r.type, i.id, t.id, r.text FROM i, jsonb_to_recordset(%s::jsonb) "
        "AS r(id uuid, user_id uuid, type text, task int, text text) LEFT JOIN t ON t.number = r.task) "
        f"SELECT s.number, s.id::text FROM {name['s_task']} s WHERE s.instance = %s::uuid AND s.number = ANY(%s) "
        "UNION ALL SELECT t.number, t.id::text FROM t",
        (dump_text(state), state["state"], state["ended"], seq, instance, dump_text(list(events)),
         dump_text(list(timers)), dump_text(list(tasks)), dump_text(list(notices)), instance, list(asked))),
        prepare=True)  # fmt: skip
    return dict(found)


def copy_to(connection: Connection, schema: str, instance: str, people: Sequence[str]) -> None:
    """People who may read along."""
    run(connection, Sql(
        f"INSERT INTO {ident(schema, 's_copy')} (instance, user_id) SELECT %s::uuid, unnest(%s::uuid[]) "
        "ON CONFLICT DO NOTHING", (instance, list(people))))  # fmt: skip


def once(connection: Connection, schema: str, actor: str, key: str, request: bytes) -> tuple[bytes, str] | None:
    """Take a key; what was asked and answered under it when it is taken already."""
    table = ident(schema, "s_flow_command")
    made = run(connection, Sql(
        f"INSERT INTO {table} (actor, key, request, response) VALUES (%s::uuid, %s, %s, '') ON CONFLICT DO NOTHING "
        "RETURNING 1", (actor, key, request)), prepare=True)  # fmt: skip
    if made:
        return None
    found = run(
        connection, Sql(f"SELECT request, response FROM {table} WHERE actor = %s::uuid AND key = %s", (actor, key))
    )
    return bytes(found[0][0]), str(found[0][1])


def answer(connection: Connection, schema: str, actor: str, key: str, text: str) -> None:
    """Keep what was answered under a key that :func:`once` has taken."""
    table = ident(schema, "s_flow_command")
    run(connection, Sql(f"UPDATE {table} SET response = %s WHERE actor = %s::uuid AND key = %s", (text, actor, key)),
        prepare=True)  # fmt: skip


TASK = (
    "t.id::text, t.instance::text, t.number, t.node, t.kind, t.assignee::text, t.principal::text, t.shared, t.state, "
    "t.opened_at, t.due_at, t.decided_at, t.decided_by::text, i.workflow, i.object_key, i.record_id::text, i.title, "
    "i.initiator::text, i.state, i.flow"
)


def task(database: Database, schema: str, task_id: str) -> tuple[Any, ...] | None:
    """One task."""
    return database.row(Sql(
        f"SELECT {TASK} FROM {ident(schema, 's_task')} t JOIN {ident(schema, 's_instance')} i ON i.id = t.instance "
        "WHERE t.id = %s::uuid", (task_id,)), prepare=True)  # fmt: skip


def task_ids(database: Database, schema: str, instance: str) -> dict[int, str]:
    """The ids of the tasks of an instance by number."""
    rows = database.rows(
        Sql(f"SELECT number, id::text FROM {ident(schema, 's_task')} WHERE instance = %s::uuid", (instance,))
    )
    return dict(rows)


def events(database: Database, schema: str, instance: str) -> list[tuple[int, datetime, str, Mapping[str, Any]]]:
    """Everything that has happened, in order."""
    rows = database.rows(Sql(
        f"SELECT seq, at, type, data FROM {ident(schema, 's_flow_event')} WHERE instance = %s::uuid ORDER BY seq",
        (instance,)))  # fmt: skip
    return [(seq, at, type, load(data)) for seq, at, type, data in rows]


def due(database: Database, schema: str, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Timers whose moment has come: (instance, number)."""
    rows = database.rows(Sql(
        f"SELECT instance::text, number FROM {ident(schema, 's_timer')} WHERE state = 'scheduled' AND fire_at <= %s "
        "ORDER BY fire_at LIMIT %s", (now, limit)))  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def take(connection: Connection, schema: str, instance: str, timer: int) -> Row | None:
    """The instance of a timer that is still to fire, locked; None when it has fired or somebody works on it.

    What an instance is a part of is locked before it, as everywhere.
    """
    table, waiting = ident(schema, "s_instance"), ident(schema, "s_timer")
    whole = (
        f"SELECT {COLUMNS} FROM {table} i WHERE id = %s::uuid AND EXISTS (SELECT 1 FROM {waiting} m "
        "WHERE m.instance = i.id AND m.number = %s AND m.state = 'scheduled')"
    )
    alone = Sql(f"{whole} AND parent IS NULL FOR UPDATE SKIP LOCKED", (instance, timer))
    found = run(connection, alone, prepare=True)
    if not found and free_above(connection, schema, instance):
        found = run(connection, Sql(f"{whole} FOR UPDATE SKIP LOCKED", (instance, timer)))
    return _row(found[0]) if found else None


def free_above(connection: Connection, schema: str, instance: str) -> bool:
    """True when an instance is a part of another and nobody works on that; it is then locked."""
    table = ident(schema, "s_instance")
    parent = run(connection, Sql(f"SELECT parent::text FROM {table} WHERE id = %s::uuid", (instance,)), prepare=True)
    if not parent or not parent[0][0]:
        return False
    above = parent[0][0]
    top = not run(connection, Sql(f"SELECT 1 FROM {table} WHERE id = %s::uuid AND parent IS NOT NULL", (above,)))
    if not top and not free_above(connection, schema, above):
        return False
    return bool(run(connection, Sql(f"SELECT 1 FROM {table} WHERE id = %s::uuid FOR UPDATE SKIP LOCKED", (above,))))


def postpone(database: Database, schema: str, instance: str, number: int, until: datetime) -> None:
    """A timer that could not be carried out is tried again later."""
    database.rows(Sql(
        f"UPDATE {ident(schema, 's_timer')} SET fire_at = %s WHERE instance = %s::uuid AND number = %s "
        "AND state = 'scheduled'", (until, instance, number)))  # fmt: skip


def waiting_for(database: Database, schema: str, user: str | None, limit: int) -> list[str]:
    """The instances that wait, now or later, for somebody; for nobody at all with None."""
    mine, values = ("assignee = %s::uuid", (user,)) if user else ("assignee IS NULL", ())
    parts = " UNION ".join(
        f"SELECT instance::text FROM {ident(schema, 's_task')} WHERE {mine} AND state = '{state}'"
        for state in ("open", "waiting")
    )
    return [row[0] for row in database.rows(Sql(f"{parts} LIMIT %s", (*values, *values, limit)))]


def gone_with_tasks(database: Database, schema: str) -> list[str | None]:
    """Users who have left and still have tasks; None among them when there are tasks of nobody and administrators."""
    tasks = ident(schema, "s_task")
    some = " OR ".join(
        f"EXISTS (SELECT 1 FROM {tasks} t WHERE t.assignee = u.id AND t.state = '{state}')"
        for state in ("open", "waiting")
    )
    rows = database.rows(Sql(
        f"SELECT u.id::text FROM {ident(schema, 's_user')} u WHERE NOT u.active AND ({some}) "
        f"UNION ALL SELECT NULL WHERE EXISTS (SELECT 1 FROM {tasks} WHERE assignee IS NULL AND state = 'open') "
        f"AND EXISTS (SELECT 1 FROM {ident(schema, 's_user')} WHERE active AND 'admin' = ANY(roles))"))  # fmt: skip
    return [row[0] for row in rows]


def next_due(database: Database, schema: str, until: datetime) -> tuple[str, int, datetime] | None:
    """The timer that is due first: (instance, number, moment)."""
    row = database.row(Sql(
        f"SELECT instance::text, number, fire_at FROM {ident(schema, 's_timer')} WHERE state = 'scheduled' "
        "AND fire_at <= %s ORDER BY fire_at, instance, number LIMIT 1", (until,)))  # fmt: skip
    return (row[0], row[1], row[2]) if row else None


def revoking(database: Database, schema: str, instance: str, record: str) -> list[tuple[str, str]]:
    """(id, state) of the instances that want to revoke one, or have, the newest first."""
    rows = database.rows(Sql(
        f"SELECT id::text, state FROM {ident(schema, 's_instance')} WHERE record_id = %s::uuid AND revokes = %s::uuid "
        "AND state IN ('running', 'returned', 'approved') ORDER BY id DESC", (record, instance)))  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def everything(database: Database, schema: str) -> list[Row]:
    """All instances, oldest first: for workspaces with a handful of them."""
    rows = database.rows(Sql(f"SELECT {COLUMNS} FROM {ident(schema, 's_instance')} ORDER BY id"))
    return [_row(row) for row in rows]


def told(database: Database, schema: str) -> list[tuple[str, str, str, str]]:
    """(id, who, type, text) of all notices, oldest first: for workspaces with a handful of them."""
    rows = database.rows(Sql(
        f"SELECT id::text, user_id::text, type, text FROM {ident(schema, 's_notice')} ORDER BY id"
    ))  # fmt: skip
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def family(database: Database, schema: str, instance: str) -> list[Row]:
    """An instance and those inside of it, itself first."""
    table = ident(schema, "s_instance")
    rows = database.rows(Sql(
        f"WITH RECURSIVE f AS (SELECT id FROM {table} WHERE id = %s::uuid UNION SELECT c.id FROM {table} c "
        f"JOIN f ON c.parent = f.id) SELECT {COLUMNS} FROM {table} WHERE id IN (SELECT id FROM f) ORDER BY id",
        (instance,)))  # fmt: skip
    return [_row(row) for row in rows]
