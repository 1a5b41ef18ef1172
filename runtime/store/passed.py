"""The models whose scenarios have passed, by hash."""

from __future__ import annotations

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database
from runtime.store.revisions import SHARED


def known(database: Database, hash: str) -> bool:
    """Whether a model's scenarios have passed."""
    return database.row(Sql(f"SELECT 1 FROM {ident(SHARED, 'passed')} WHERE hash = %s", (hash,))) is not None


def note(database: Database, hash: str) -> None:
    """They have."""
    database.rows(Sql(f"INSERT INTO {ident(SHARED, 'passed')} (hash) VALUES (%s) ON CONFLICT DO NOTHING", (hash,)))
