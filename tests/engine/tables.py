"""What tests of faults look at: everything that an installation holds, before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runtime.base.sqltext import Sql, ident
from tests.conftest import Shop

#: Tables that a refused request may touch: who asked, and numbers that may have gaps.
APART = ("s_counter", "s_audit")


def dump(shop: Shop, *apart: str) -> dict[str, str]:
    """A hash of the content of every table of every schema but those named: the same when nothing has changed."""
    found = {}
    for schema, table in shop.database.rows(
        Sql(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
    ):
        if table not in (apart or APART):
            rows = shop.database.rows(Sql(f"SELECT t::text FROM {ident(schema, table)} t ORDER BY 1"))
            found[f"{schema}.{table}"] = hashlib.sha256("\n".join(row[0] for row in rows).encode()).hexdigest()
    return found


def count(shop: Shop, table: str, where: str = "true") -> int:
    """The number of rows of a table of the workspace."""
    row = shop.database.row(Sql(f"SELECT count(*) FROM {ident(shop.workspace.schema, table)} WHERE {where}"))
    return int(row[0]) if row else 0


@contextmanager
def guarded_no_more(shop: Shop, table: str) -> Iterator[None]:
    """A table that is only added to, as who owns it can change it: with its guards taken down for a while."""
    place = ident(shop.workspace.schema, table)
    shop.database.rows(Sql(f"ALTER TABLE {place} DISABLE TRIGGER USER"))
    try:
        yield
    finally:
        shop.database.rows(Sql(f"ALTER TABLE {place} ENABLE TRIGGER USER"))


def codes(answer: Any) -> set[tuple[str | None, str]]:
    """(field, code) of every error of an answer."""
    return {(one["field"], one["code"]) for one in answer.get_json()["errors"]}


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The body of a refusal, which has the shape of all refusals."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = dict(answer.get_json())
    assert {"type", "title", "status", "detail", "errors"} <= set(body) and body["status"] == status
    return body
