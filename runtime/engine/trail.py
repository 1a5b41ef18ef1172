"""What happened to a record, and finding records across objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine import conversion, reading
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.reading import Reader
from runtime.engine.workspace import Session, settled
from runtime.store import query
from runtime.store.database import Question

MOST = 500
MASKED = "****"
#: What the history of a record calls a save that has changed only its lines.
LINES_CHANGED = "lines"


@settled
def history(session: Session, object_name: str, record_id: str) -> list[dict[str, Any]]:
    """The changes of a record that the caller may read, newest first; of fields that he may read."""
    access = demand_object(session.snapshot, session.person, object_name, "read")
    try:
        reading.get(session, object_name, record_id)
    except NotFound:
        reading.get(session, object_name, record_id, reading.Ask(deleted=True))
    return entries(session, access, record_id, MOST)


def asked(session: Session, access: ObjectAccess, record_id: str, most: int) -> Question:
    """The question that :func:`entries` asks."""
    table = session.layout.system("s_history")
    users = session.layout.system("s_user")
    return Question(
        Sql(
            f"SELECT h.version, h.at, h.actor::text, coalesce(nullif(u.full_name, ''), u.name), h.channel, h.action, "
            f"h.before, h.after FROM {table} h LEFT JOIN {users} u ON u.id = h.actor "
            f"WHERE h.record_id = %s::uuid AND h.object_key = %s ORDER BY h.version DESC LIMIT {most:d}",
            (record_id, access.object.key),
        )
    )


def entries(session: Session, access: ObjectAccess, record_id: str, most: int) -> list[dict[str, Any]]:
    """The newest changes of a record that the caller has read."""
    return [
        {
            "version": version,
            "at": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
            "actor": {"id": actor, "title": name} if actor else None,
            "channel": channel,
            "action": action,
            "changes": changes(access, load(before) if before else {}, load(after) if after else {}),
        }
        for version, at, actor, name, channel, action, before, after in session.database.ask(
            asked(session, access, record_id, most)
        )
    ]


def changes(access: ObjectAccess, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``{field: {"old":, "new":}}`` by present names; hidden fields and removed ones left out."""
    found: dict[str, Any] = {}
    for key in [*before, *(one for one in after if one not in before)]:
        if key == "owner":
            found["owner"] = {"old": before.get(key), "new": after.get(key)}
            continue
        old, new, field = before.get(key), after.get(key), access.object.by_key.get(key)
        if field is None:  # Perhaps it was of another type then.
            key, (old, new) = conversion.presently(access.snapshot, access.object.key, key, (old, new))
            field = access.object.by_key.get(key)
            if old is None and new is None:
                continue
        if field is None or not access.visible(field.name):
            continue
        if not access.readable(field.name):
            old, new = (None if one is None else MASKED for one in (old, new))
        found[field.name] = {"old": old, "new": new}
    return found


def search(session: Session, text: str, limit: int) -> list[dict[str, Any]]:
    """Records of all objects that the caller may read and search, the newest of each object first."""
    if not 1 <= limit <= 100:
        problem = Problem("range", Message("must be from 1 to 100", "必须在 1 到 100 之间"), field="limit")
        raise Invalid(problems=[problem])
    if not text.strip():
        return []

    def work() -> tuple[int, list[dict[str, Any]]]:
        found: list[dict[str, Any]] = []
        stamp = session.snapshot.stamp
        for definition in session.model.objects.values():
            access = object_access(session.snapshot, session.person, definition)
            if definition.owner_link is not None or not access.may("read"):
                continue
            reader = Reader(session, access)
            record = Sql(f"json_build_object('id', {reader.alias}.id, 'title', {reader.alias}.title)::text")
            statement = query.page(
                reader.place, reader.alias, reader.frame,
                record=record, where=reader.where(reader.search(text)), orders=reader.orders(()), after=None,
                limit=limit, live=session.workspace.live_table,
            )  # fmt: skip
            stamp, _, texts, *_ = session.database.rows(statement)[0]
            found += [{"object": definition.name, **load(one)} for one in query.apart(texts)]
            if len(found) >= limit:
                break
        return stamp, found[:limit]

    return session.repeating(work)
