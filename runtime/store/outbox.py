"""The outbox: events written together with what they tell of, taken by workers, gone when they have been dealt with.

It decides nothing. Of one partition (one record) at most one event is under way, the oldest first.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg

from runtime.base.sqltext import Sql, ident
from runtime.base.values import load
from runtime.store.database import Connection, Database, run

#: What workers listen to.
CHANNEL = "dougong_work"


@dataclass(frozen=True)
class Told:
    """One event under way. ``attempts`` counts this one; it is also what shows that the event is still ours."""

    id: int
    type: str
    payload: Mapping[str, Any]
    attempts: int


def clear(database: Database, schema: str, stamp: int, wanted: Collection[str], limit: int) -> int:
    """Take away events about objects that nobody waits for; nothing when the stamp has moved meanwhile."""
    table = ident(schema, "s_outbox")
    rows = database.rows(Sql(
        f"WITH gone AS (DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE state = 'ready' "
        f"AND split_part(partition, ':', 1) <> ALL(%s) AND (SELECT stamp FROM {ident(schema, 's_live')}) = %s "
        f"ORDER BY id LIMIT {limit:d} FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM gone",
        (list(wanted), stamp)), prepare=True)  # fmt: skip
    return int(rows[0][0])


def claim(database: Database, schema: str, limit: int, lease: timedelta) -> list[Told]:
    """The oldest events, at most one of a partition; also those whose worker has not come back within its lease."""
    table = ident(schema, "s_outbox")
    rows = database.rows(Sql(
        f"WITH c AS (SELECT o.id FROM {table} o WHERE (o.state = 'ready' AND o.run_at <= now() "
        f"OR o.state = 'running' AND o.locked_until < now()) AND NOT EXISTS (SELECT 1 FROM {table} p "
        "WHERE p.partition = o.partition AND p.id < o.id AND p.state IN ('ready', 'running')) "
        f"ORDER BY o.id LIMIT {limit:d} FOR UPDATE SKIP LOCKED) "
        f"UPDATE {table} o SET state = 'running', locked_until = now() + %s, attempts = attempts + 1 FROM c "
        "WHERE o.id = c.id RETURNING o.id, o.type, o.payload, o.attempts",
        (lease,)), prepare=True)  # fmt: skip
    return sorted((Told(id, type, load(payload), tries) for id, type, payload, tries in rows), key=lambda one: one.id)


def done(connection: Connection, schema: str, events: Sequence[Told]) -> int:
    """Take events away that have been dealt with, in the transaction that did; how many of them were still ours."""
    rows = run(connection, Sql(
        f"DELETE FROM {ident(schema, 's_outbox')} o USING unnest(%s::bigint[], %s::int[]) AS m(id, attempts) "
        "WHERE o.id = m.id AND o.attempts = m.attempts AND o.state = 'running' RETURNING 1",
        ([one.id for one in events], [one.attempts for one in events])))  # fmt: skip
    return len(rows)


def give_back(database: Database, schema: str, event: Told, wait: timedelta | None, error: str) -> None:
    """An event that could not be dealt with: again after a while, or never (None) and then it holds up nobody."""
    state = "dead" if wait is None else "ready"
    database.rows(Sql(
        f"UPDATE {ident(schema, 's_outbox')} SET state = %s, run_at = now() + %s, locked_until = NULL, error = %s "
        "WHERE id = %s AND attempts = %s AND state = 'running'",
        (state, wait or timedelta(), error[:2000], event.id, event.attempts)))  # fmt: skip


def counts(database: Database, schema: str) -> dict[str, int]:
    """How many events there are in each state."""
    rows = database.rows(Sql(f"SELECT state, count(*) FROM {ident(schema, 's_outbox')} GROUP BY state"))
    return {str(state): int(count) for state, count in rows}


def troubles(database: Database, schema: str, limit: int) -> list[str]:
    """Why events are still there."""
    rows = database.rows(Sql(
        f"SELECT coalesce(error, state) FROM {ident(schema, 's_outbox')} ORDER BY id LIMIT %s", (limit,)
    ))  # fmt: skip
    return [str(row[0]) for row in rows]


def given_up(database: Database, schema: str, limit: int) -> list[str]:
    """The newest events that could not be dealt with, with the reason."""
    rows = database.rows(Sql(
        f"SELECT id, partition, error FROM {ident(schema, 's_outbox')} WHERE state = 'dead' ORDER BY id DESC LIMIT %s",
        (limit,)))  # fmt: skip
    return [f"{id} {partition}: {error}" for id, partition, error in rows]


def wake(database: Database, schema: str) -> None:
    """Tell the workers that there is something to do in a workspace."""
    database.rows(Sql("SELECT pg_notify(%s, %s)", (CHANNEL, schema)), prepare=True)


def touched(database: Database, schema: str, record: str, version: int) -> tuple[Mapping[str, Any], frozenset[str]]:
    """(the values before, the storage keys of what changed) of one version of a record."""
    row = database.row(Sql(
        f"SELECT before, after FROM {ident(schema, 's_history')} WHERE record_id = %s::uuid AND version = %s",
        (record, version)), prepare=True)  # fmt: skip
    before, after = (load(one) if one else {} for one in (row or (None, None)))
    return before, frozenset({*before, *after})


def open_about(database: Database, schema: str, records: Sequence[str], timed: bool) -> list[tuple[str, str]]:
    """(instance, record) of the instances that run on records; ``timed``: only those that wait for a moment."""
    more = (
        f" AND EXISTS (SELECT 1 FROM {ident(schema, 's_timer')} m WHERE m.instance = i.id AND m.state = 'scheduled')"
        if timed else ""
    )  # fmt: skip
    rows = database.rows(Sql(
        f"SELECT i.id::text, i.record_id::text FROM {ident(schema, 's_instance')} i "
        f"WHERE i.record_id = ANY(%s::uuid[]) AND i.state IN ('running', 'returned'){more} ORDER BY i.id",
        (list(records),)), prepare=True)  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def busy_objects(database: Database, schema: str) -> frozenset[str]:
    """The storage keys of the objects that any running instance is about."""
    rows = database.rows(Sql(
        f"SELECT DISTINCT object_key FROM {ident(schema, 's_instance')} WHERE state IN ('running', 'returned')"
    ))  # fmt: skip
    return frozenset(str(row[0]) for row in rows)


class Bell:
    """Hears when somebody calls `wake`, on a connection of its own; where that is not possible it just sleeps."""

    #: Seconds until a connection that was lost is made anew.
    PAUSE = 1.0

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection: Connection | None = None

    def wait(self, seconds: float) -> set[str] | None:
        """Wait so long at most; the schemas that were called from. None: it listens only from now on."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = self.database.connect()
                run(self.connection, Sql(f"LISTEN {ident(CHANNEL)}"))
                return None
            return {one.payload for one in self.connection.notifies(timeout=seconds, stop_after=1)}
        except psycopg.Error:
            self.close()
            time.sleep(self.PAUSE)
            return set()

    def close(self) -> None:
        """Hear nothing any more."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
