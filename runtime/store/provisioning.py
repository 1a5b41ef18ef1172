"""New workspaces: a schema of their own with the system tables, and a line in the list."""

from __future__ import annotations

import re

from runtime.base.errors import Conflict, Invalid, Message
from runtime.base.sqltext import Sql, ident
from runtime.base.values import dump_text
from runtime.store import workspaces
from runtime.store.database import Database
from runtime.store.ids import new_id
from runtime.store.migrate import migrate_workspace
from runtime.store.revisions import SHARED

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def create(
    database: Database,
    name: str,
    *,
    language: str = "zh",
    time_zone: str = "Asia/Shanghai",
    region: str = "CN",
    currency: str = "CNY",
) -> workspaces.WorkspaceRow:
    """A new workspace with its system tables. Raises Invalid, Conflict."""
    if not NAME.fullmatch(name):
        raise Invalid(
            Message(
                f"{name[:60]!r} is not usable as a workspace name: lower-case letters, digits, '-' and '_', at most 40",
                f"“{name[:60]}”不能用作工作区名称：只允许小写字母、数字、- 和 _，最多 40 个字符",
            )
        )
    identity = new_id()
    schema = "w_" + identity.replace("-", "")[-12:]
    migrate_workspace(database, schema)
    label = dump_text({"en": name, "zh": name})
    made = database.rows(
        Sql(
            f"INSERT INTO {ident(SHARED)}.workspace (id, name, schema_name, label, language, "
            "time_zone, region, currency) "
            "VALUES (%s, %s, %s, %s::jsonb, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING RETURNING name",
            (identity, name, schema, label, language, time_zone, region, currency),
        )
    )
    if not made:
        database.rows(Sql(f"DROP SCHEMA {ident(schema)} CASCADE"))
        if any(one.name == name for one in workspaces.everyone(database)):
            raise Conflict(Message(f"there is a workspace {name!r} already", f"已有名为“{name}”的工作区"))
        raise Conflict(
            Message(
                f"the name {name!r} belongs to an archived workspace, whose data stay: choose another",
                f"名称“{name}”属于已归档的工作区（数据保留），请换一个名称",
            )
        )
    return workspaces.find(database, name)
