"""Sharing single records with a user, a role or a department."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.errors import Forbidden, Invalid, Message, Problem
from runtime.base.sqltext import EMPTY, Sql
from runtime.engine import audit, reading
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.reading import Reader
from runtime.engine.workspace import Session
from runtime.store import people
from runtime.store.database import Database

KINDS = ("user", "role", "department")
LEVELS = ("read", "write", "none")


def permitted(session: Session, object_name: str, record_id: str, level: str = "read") -> ObjectAccess:
    """The rights of somebody who may share this record, and may himself do what ``level`` allows others.

    Raises NotFound, Forbidden.
    """
    access = demand_object(session.snapshot, session.person, object_name, "read")
    reading.get(session, object_name, record_id)
    if not access.everything:
        for right in ("share", "update") if level == "write" else ("share",):
            access.demand(right)
            if not covered(session, access, right, record_id):
                raise Forbidden(Message("you may not share this record so", "您没有权限以此方式共享该记录"))
    return access


def covered(session: Session, access: ObjectAccess, right: str, record_id: str) -> bool:
    """True when the caller's right holds for this very record."""
    reader = Reader(session, access)
    criterion = access.criterion(right, reader.binder)
    statement = Sql(f"SELECT 1 FROM {reader.place.table} {reader.alias}") + reader.frame.sql()
    statement = statement + Sql(f" WHERE {reader.alias}.id = %s::uuid", (record_id,))
    statement = statement + (" AND " + criterion if criterion else EMPTY)
    return bool(session.database.rows(reader.frame.finish(statement)))


def shares(session: Session, object_name: str, record_id: str) -> list[dict[str, str]]:
    """With whom a record is shared."""
    access = permitted(session, object_name, record_id)
    rows = people.shares(session.database, session.workspace.schema, access.object.key, record_id)
    return [{"kind": kind, "with": grantee, "level": level} for kind, grantee, level in rows]


def share(session: Session, object_name: str, record_id: str, body: Mapping[str, Any]) -> list[dict[str, str]]:
    """Share a record, or take the share back (level ``none``)."""
    access = permitted(session, object_name, record_id, str(body.get("level", "read")))
    kind, grantee, level = body.get("kind"), body.get("with"), body.get("level", "read")
    if kind not in KINDS or level not in LEVELS or not isinstance(grantee, str) or not known(session, kind, grantee):
        text = Message(
            'must be {"kind": "user"|"role"|"department", "with": its id or role name, "level": "read"|"write"|"none"}',
            '须为 {"kind": "user"|"role"|"department", "with": 其 id 或角色名, "level": "read"|"write"|"none"}',
        )
        raise Invalid(problems=[Problem("share", text)])
    database: Database = session.database
    schema, key = session.workspace.schema, access.object.key
    if level == "none":
        people.unshare(database, schema, key, record_id, kind, grantee)
    else:
        people.share(database, schema, key, record_id, kind, grantee, level, session.user_id)
    detail = {"object": object_name, "record": record_id, "kind": kind, "with": grantee, "level": level}
    audit.note(session.workspace, session.user_id, "shared", detail)
    return shares(session, object_name, record_id)


def known(session: Session, kind: str, grantee: str) -> bool:
    """True when there is such a user, role or department."""
    if kind == "role":
        return session.model.piece("role", grantee) is not None
    if kind == "department":
        return any(one.id == grantee for one in session.snapshot.departments)
    return people.user_by_id(session.database, session.workspace.schema, grantee) is not None
