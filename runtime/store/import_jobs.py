"""Imports that go on in the background, as rows: what is asked, how far it is, what came of it. It decides nothing.

Whoever works on one holds it for a while and counts up ``attempt``: what an earlier holder still says is not heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text, load
from runtime.store.database import Database
from runtime.store.ids import is_id, new_id

#: Seconds after which somebody else may go on with one that was not heard of.
LEASE = 60
COLUMNS = (
    "id::text, user_id::text, object, name, size, sha256, options, language, state, done, total, outcome, failed, "
    "attempt, created_at, updated_at"
)


@dataclass(frozen=True)
class Job:
    """One import. ``object`` is the object's key, ``failed`` the hash of the file of failed rows."""

    id: str
    user_id: str | None
    object: str
    name: str
    size: int
    sha256: str
    options: Mapping[str, Any]
    language: str
    state: str
    done: int
    total: int | None
    outcome: Mapping[str, Any]
    failed: str | None
    attempt: int
    created_at: datetime
    updated_at: datetime


def _job(row: tuple[Any, ...]) -> Job:
    values = list(row)
    values[6], values[11] = load(row[6]), load(row[11])
    return Job(*values)


def add(database: Database, schema: str, user: str | None, object_key: str, name: str, size: int, sha256: str,
        options: Mapping[str, Any], language: str) -> str:  # fmt: skip
    """A new one that waits; its id."""
    identity = new_id()
    database.rows(Sql(
        f"INSERT INTO {ident(schema, 's_import')} (id, user_id, object, name, size, sha256, options, language, state) "
        "VALUES (%s::uuid, %s::uuid, %s, %s, %s, %s, %s::jsonb, %s, 'queued')",
        (identity, user, object_key, name, size, sha256, dump_text(dict(options)), language)))  # fmt: skip
    return identity


def find(database: Database, schema: str, job_id: str) -> Job | None:
    """One, or None."""
    if not is_id(job_id):
        return None
    row = database.row(Sql(f"SELECT {COLUMNS} FROM {ident(schema, 's_import')} WHERE id = %s::uuid", (job_id,)))
    return _job(row) if row else None


def alike(database: Database, schema: str, user: str | None, object_key: str, sha256: str,
          options: Mapping[str, Any]) -> str | None:  # fmt: skip
    """The same import by the same person that was cut off, None when there is none."""
    row = database.row(Sql(
        f"SELECT id::text FROM {ident(schema, 's_import')} WHERE user_id IS NOT DISTINCT FROM %s::uuid AND object = %s "
        "AND sha256 = %s AND options = %s::jsonb AND state IN ('queued', 'running') AND (leased_until IS NULL OR "
        "leased_until < now()) ORDER BY id DESC LIMIT 1",
        (user, object_key, sha256, dump_text(dict(options)))))  # fmt: skip
    return row[0] if row else None


def claim(database: Database, schema: str, job_id: str | None = None) -> Job | None:
    """Take one that waits or that nobody has been heard of: this one, or the oldest. None when there is none."""
    table = ident(schema, "s_import")
    which, params = (" AND id = %s::uuid", (job_id,)) if job_id else ("", ())
    row = database.row(Sql(
        f"UPDATE {table} SET state = 'running', attempt = attempt + 1, updated_at = now(), "
        f"leased_until = now() + make_interval(secs => {LEASE}) WHERE id = (SELECT id FROM {table} WHERE state IN "
        f"('queued', 'running') AND (leased_until IS NULL OR leased_until < now()){which} ORDER BY id LIMIT 1 "
        f"FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}", params))  # fmt: skip
    return _job(row) if row else None


def hold(database: Database, schema: str, job: Job, done: int, total: int | None) -> bool:
    """Say how far it is and hold it on; False when it is not this attempt's any more."""
    rows = database.rows(Sql(
        f"UPDATE {ident(schema, 's_import')} SET done = greatest(done, %s), total = coalesce(%s, total), "
        f"updated_at = now(), leased_until = now() + make_interval(secs => {LEASE}) "
        "WHERE id = %s::uuid AND attempt = %s AND state = 'running' RETURNING 1",
        (done, total, job.id, job.attempt)))  # fmt: skip
    return bool(rows)


def end(database: Database, schema: str, job: Job, state: str, outcome: Mapping[str, Any], failed: str | None) -> None:
    """It is over, or (``queued``) waits for another attempt in a while."""
    later = f"now() + make_interval(secs => {LEASE})" if state == "queued" else "NULL"
    database.rows(Sql(
        f"UPDATE {ident(schema, 's_import')} SET state = %s, outcome = %s::jsonb, failed = %s, updated_at = now(), "
        f"leased_until = {later} WHERE id = %s::uuid AND attempt = %s AND state = 'running'",
        (state, dump_text(dict(outcome)), failed, job.id, job.attempt)))  # fmt: skip


def cancel(database: Database, schema: str, job_id: str) -> bool:
    """Nothing more of it is done; False when it had ended."""
    return bool(database.rows(Sql(
        f"UPDATE {ident(schema, 's_import')} SET state = 'cancelled', updated_at = now(), leased_until = NULL "
        "WHERE id = %s::uuid AND state IN ('queued', 'running') RETURNING 1", (job_id,))))  # fmt: skip
