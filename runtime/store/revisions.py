"""Which steps of the database layout there are, and which schemas lack some. It runs none: see ``migrate``.

Who only asks does not have to load what runs them, which every web process would keep in memory.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database

#: The schema that all workspaces share.
SHARED = "dougong"
MIGRATIONS = Path(__file__).parent / "migrations"


@cache
def head(which: str) -> str:
    """The last step of the layout of ``shared`` or of ``workspace``. Files of steps are named NUMBER_what."""
    steps = (MIGRATIONS / which / "versions").glob("[0-9]*_*.py")
    return max(one.stem.partition("_")[0] for one in steps)


def pending(database: Database) -> list[str]:
    """The schemas that are not up to date, for ``/readyz`` and ``doctor``."""
    if database.row(Sql("SELECT to_regclass(%s)", (f"{SHARED}.s_migration",))) == (None,):
        return [SHARED]
    schemas = [(SHARED, "shared")]
    rows = database.rows(Sql(f"SELECT schema_name FROM {ident(SHARED)}.workspace WHERE archived_at IS NULL"))
    schemas.extend((row[0], "workspace") for row in rows)
    found = []
    for schema, which in schemas:
        current = database.row(Sql(f"SELECT version_num FROM {ident(schema)}.s_migration"))
        if not current or current[0] != head(which):
            found.append(schema)
    return found
