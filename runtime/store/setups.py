"""Marks of the settings that web processes and workers have started with, one row for each kind and host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text, load
from runtime.store.beats import AWAY
from runtime.store.database import Database
from runtime.store.revisions import SHARED

#: What started longer ago, and never said that it ended, is taken for gone.
FORGOTTEN = timedelta(days=90)
WORKER = "worker"


class Setup(NamedTuple):
    """What processes of one kind on one host have started with."""

    kind: str
    host: str
    marks: Mapping[str, str]


def note(database: Database, setup: Setup) -> None:
    """Processes of a kind have started on a host."""
    table = ident(SHARED, "setup")
    database.rows(Sql(
        f"INSERT INTO {table} (kind, host, marks) VALUES (%s, %s, %s::jsonb) ON CONFLICT (kind, host) DO UPDATE SET "
        "marks = excluded.marks, at = now()", (setup.kind, setup.host, dump_text(dict(setup.marks)))))  # fmt: skip


def gone(database: Database, kind: str, host: str) -> None:
    """They have ended as they should."""
    database.rows(Sql(f"DELETE FROM {ident(SHARED, 'setup')} WHERE kind = %s AND host = %s", (kind, host)))


def known(database: Database) -> list[Setup]:
    """What is there, the newest first; workers only where one says that it is there."""
    rows = database.rows(Sql(
        f"SELECT s.kind, s.host, s.marks FROM {ident(SHARED, 'setup')} s WHERE s.at > now() - %s AND (s.kind <> %s OR "
        f"EXISTS (SELECT 1 FROM {ident(SHARED, 'worker')} w WHERE w.host = s.host AND w.seen_at > now() - %s)) "
        "ORDER BY s.at DESC, s.kind, s.host", (FORGOTTEN, WORKER, AWAY)))  # fmt: skip
    return [Setup(kind, host, load(marks)) for kind, host, marks in rows]
