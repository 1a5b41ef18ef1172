"""What workflows have approved: which decision on a record was the last, and whether it still holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database, Question


def approved_on(
    rows: Callable[[Sql], list[tuple[Any, ...]]], schema: str, workflow: str, ids: Sequence[str]
) -> set[str]:
    """Those of the records that a workflow has approved: the last decision counts, and that it is not revoked."""
    table = ident(schema, "s_instance")
    return {row[0] for row in rows(Sql(
        f"SELECT d.record_id::text FROM (SELECT DISTINCT ON (record_id) id, record_id, state FROM {table} "
        "WHERE record_id = ANY(%s::uuid[]) AND workflow = %s AND kind IN ('normal', 'sub') "
        "AND state IN ('approved', 'rejected') ORDER BY record_id, ended_at DESC, id DESC) d "
        f"WHERE d.state = 'approved' AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.revokes = d.id "
        "AND r.state = 'approved')", (list(ids), workflow)))}  # fmt: skip


def keeping(schema: str, workflows: Sequence[str], ids: Sequence[str]) -> Question:
    """The question that :func:`kept_on` asks."""
    table = ident(schema, "s_instance")
    return Question(Sql(
        "SELECT d.record_id::text, d.id::text, d.workflow FROM (SELECT DISTINCT ON (record_id, workflow) id, "
        f"record_id, workflow, state FROM {table} WHERE record_id = ANY(%s::uuid[]) AND workflow = ANY(%s) "
        "AND kind IN ('normal', 'sub') AND state IN ('approved', 'rejected', 'running', 'returned') "
        "ORDER BY record_id, workflow, (ended_at IS NULL) DESC, ended_at DESC, id DESC) d "
        f"WHERE d.state = 'approved' AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.revokes = d.id "
        "AND r.state = 'approved')", (list(ids), list(workflows))))  # fmt: skip


def kept_on(
    database: Database, schema: str, workflows: Sequence[str], ids: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """(instance, workflow) by record: what one of the workflows has approved last, as long as it does not run again."""
    rows = database.ask(keeping(schema, workflows, ids))
    return {record: (instance, workflow) for record, instance, workflow in rows}
