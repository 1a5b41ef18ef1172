"""Notices on their way out of the product. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Connection, Database, run


@dataclass(frozen=True)
class Due:
    """One notice that is to be carried on one way, with what is known of who gets it and of what it is about."""

    notice: str
    channel: str
    attempts: int
    type: str
    text: str
    task: str | None
    instance: str | None
    created_at: datetime
    read: bool
    task_state: str | None
    title: str
    user: str
    name: str
    login: str
    email: str | None
    language: str | None
    active: bool
    wanted: bool


def fan_out(database: Database, schema: str, channels: Sequence[str], newest: timedelta, limit: int) -> int:
    """Every new notice gets its way out on each channel, once; one that is too old gets none. How many there were."""
    notice = ident(schema, "s_notice")
    rows = database.rows(Sql(
        f"WITH n AS (SELECT id, created_at FROM {notice} WHERE pending ORDER BY id LIMIT {limit:d} "
        "FOR UPDATE SKIP LOCKED), "
        f"d AS (INSERT INTO {ident(schema, 's_delivery')} (notice, channel) SELECT n.id, c FROM n, "
        "unnest(%s::text[]) c WHERE n.created_at > now() - %s ON CONFLICT DO NOTHING) "
        f"UPDATE {notice} u SET pending = NULL FROM n WHERE u.id = n.id RETURNING 1",
        (list(channels), newest)), prepare=True)  # fmt: skip
    return len(rows)


def take(connection: Connection, schema: str, channel: str) -> Due | None:
    """The next one whose moment has come; nobody else takes it until the end of the transaction."""
    rows = run(connection, Sql(
        "SELECT d.notice::text, d.channel, d.attempts, n.type, n.text, n.task::text, n.instance::text, n.created_at, "
        "n.read_at IS NOT NULL, t.state, coalesce(i.title, ''), u.id::text, coalesce(nullif(u.full_name, ''), u.name), "
        "u.name, u.email, u.language, u.active, u.mail "
        f"FROM {ident(schema, 's_delivery')} d JOIN {ident(schema, 's_notice')} n ON n.id = d.notice "
        f"JOIN {ident(schema, 's_user')} u ON u.id = n.user_id LEFT JOIN {ident(schema, 's_task')} t ON t.id = n.task "
        f"LEFT JOIN {ident(schema, 's_instance')} i ON i.id = n.instance "
        "WHERE d.state = 'ready' AND d.run_at <= now() AND d.channel = %s ORDER BY d.run_at, d.notice LIMIT 1 "
        "FOR UPDATE OF d SKIP LOCKED", (channel,)), prepare=True)  # fmt: skip
    return Due(*rows[0]) if rows else None


def settle(connection: Connection, schema: str, due: Due, state: str, wait: timedelta, error: str = "") -> None:
    """What became of one: ``sent``, ``skipped``, ``failed``, or ``ready`` again after a while."""
    run(connection, Sql(
        f"UPDATE {ident(schema, 's_delivery')} SET state = %s, attempts = attempts + 1, run_at = now() + %s, "
        "error = nullif(%s, '') WHERE notice = %s::uuid AND channel = %s",
        (state, wait, error[:2000], due.notice, due.channel)))  # fmt: skip


def counts(database: Database, schema: str) -> dict[str, int]:
    """How many there are in each state."""
    rows = database.rows(Sql(f"SELECT state, count(*) FROM {ident(schema, 's_delivery')} GROUP BY state"))
    return {str(state): int(count) for state, count in rows}


def forget(database: Database, schema: str, older: timedelta) -> int:
    """What was dealt with so long ago that nobody asks."""
    rows = database.rows(Sql(
        f"DELETE FROM {ident(schema, 's_delivery')} WHERE state <> 'ready' AND run_at < now() - %s RETURNING 1",
        (older,)))  # fmt: skip
    return len(rows)
