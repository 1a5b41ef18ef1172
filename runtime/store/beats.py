"""The workers that are there: each says so every few seconds."""

from __future__ import annotations

from datetime import timedelta

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database
from runtime.store.revisions import SHARED

#: A worker that has not said so for this long is away.
AWAY = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


def beat(database: Database, identity: str, host: str, process: int) -> None:
    """Say that a worker is there; those that have been away for long are forgotten."""
    table = ident(SHARED, "worker")
    database.rows(Sql(
        f"WITH old AS (DELETE FROM {table} WHERE seen_at < now() - %s) INSERT INTO {table} (id, host, process) "
        "VALUES (%s::uuid, %s, %s) ON CONFLICT (id) DO UPDATE SET seen_at = now()",
        (FORGOTTEN, identity, host, process)))  # fmt: skip


def gone(database: Database, identity: str) -> None:
    """A worker ends as it should."""
    database.rows(Sql(f"DELETE FROM {ident(SHARED, 'worker')} WHERE id = %s::uuid", (identity,)))


def there(database: Database) -> int:
    """How many workers are there."""
    row = database.row(Sql(f"SELECT count(*) FROM {ident(SHARED, 'worker')} WHERE seen_at > now() - %s", (AWAY,)))
    return int(row[0]) if row else 0
