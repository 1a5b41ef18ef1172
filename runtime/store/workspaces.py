"""The list of workspaces; each has a schema of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Message, NotFound
from runtime.base.sqltext import Sql, ident, join
from runtime.base.values import dump_text, load
from runtime.store import recounts
from runtime.store.database import Database, run
from runtime.store.revisions import SHARED

COLUMNS = "name, schema_name, label, language, time_zone, region, currency"


@dataclass(frozen=True)
class WorkspaceRow:
    """One workspace as it is listed."""

    name: str
    schema: str
    label: Mapping[str, str]
    language: str
    time_zone: str
    region: str
    currency: str


def _row(found: tuple[Any, ...]) -> WorkspaceRow:
    name, schema, label, language, zone, region, currency = found
    return WorkspaceRow(
        str(name),
        str(schema),
        load(label),
        str(language),
        str(zone),
        str(region),
        str(currency),
    )


def find(database: Database, name: str) -> WorkspaceRow:
    """The live workspace called ``name``. Raises NotFound."""
    found = database.row(
        Sql(f"SELECT {COLUMNS} FROM {ident(SHARED)}.workspace WHERE name = %s AND archived_at IS NULL", (name,))
    )
    if found is None:
        raise NotFound(Message(f"there is no workspace {name[:40]!r}", f"没有名为“{name[:40]}”的工作区"))
    return _row(found)


def by_schema(database: Database, schema: str) -> WorkspaceRow | None:
    """The live workspace whose schema is ``schema``, or None."""
    found = database.row(
        Sql(
            f"SELECT {COLUMNS} FROM {ident(SHARED)}.workspace WHERE schema_name = %s AND archived_at IS NULL", (schema,)
        )
    )
    return _row(found) if found else None


def everyone(database: Database) -> list[WorkspaceRow]:
    """All live workspaces by name."""
    rows = database.rows(
        Sql(f"SELECT {COLUMNS} FROM {ident(SHARED)}.workspace WHERE archived_at IS NULL ORDER BY name")
    )
    return [_row(row) for row in rows]


def archive(database: Database, name: str) -> None:
    """Take a workspace out of use; its data stay. Raises NotFound."""
    row = find(database, name)
    database.rows(
        Sql(f"UPDATE {ident(SHARED)}.workspace SET archived_at = now() WHERE schema_name = %s", (row.schema,))
    )


def change(database: Database, name: str, values: Mapping[str, str], label: Mapping[str, str] | None = None) -> None:
    """Change the settings of a workspace; ``values`` are columns whose values are checked already."""
    columns = {one: values[one] for one in ("language", "time_zone", "region", "currency") if one in values}
    texts: dict[str, Any] = dict(columns)
    if label is not None:
        texts["label"] = dump_text(dict(label))
    if not texts:
        return
    sets = join(", ", [Sql(f"{ident(one)} = %s" + ("::jsonb" if one == "label" else ""), (value,))
                       for one, value in texts.items()])  # fmt: skip
    row = find(database, name)
    with database.transaction() as connection:
        run(connection, Sql(f"UPDATE {ident(SHARED)}.workspace SET ") + sets + Sql(" WHERE name = %s", (name,)))
        run(connection, Sql(f"UPDATE {ident(row.schema, 's_live')} SET stamp = stamp + 1"))
        if (columns.get("time_zone", row.time_zone), columns.get("region", row.region)) != (row.time_zone, row.region):
            recounts.add(connection, row.schema, None)  # Calendars stand in the one, with the holidays of the other.


def picture(database: Database, schema: str, name: str) -> tuple[str, bytes] | None:
    """(type, content) of a picture of the workspace, None when there is none."""
    found = database.row(Sql(f"SELECT type, content FROM {ident(schema, 's_picture')} WHERE name = %s", (name,)))
    return (str(found[0]), bytes(found[1])) if found else None


def picture_mark(database: Database, schema: str, name: str) -> str:
    """A text that changes with a picture of the workspace, '' when there is none."""
    statement = f"SELECT extract(epoch FROM updated_at)::bigint::text FROM {ident(schema, 's_picture')} WHERE name = %s"
    found = database.row(Sql(statement, (name,)))
    return str(found[0]) if found else ""


def set_picture(database: Database, schema: str, name: str, kind: str, content: bytes | None) -> None:
    """Keep a picture of the workspace; None takes it away."""
    table = ident(schema, "s_picture")
    if content is None:
        database.rows(Sql(f"DELETE FROM {table} WHERE name = %s RETURNING 1", (name,)))
        return
    database.rows(
        Sql(
            f"INSERT INTO {table} (name, type, content) VALUES (%s, %s, %s) ON CONFLICT (name) "
            "DO UPDATE SET type = excluded.type, content = excluded.content, updated_at = now() RETURNING 1",
            (name, kind, content),
        )
    )
