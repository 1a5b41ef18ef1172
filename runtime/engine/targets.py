"""What links lead to: whether it is there, readable and in force, and why not. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Message
from runtime.base.sqltext import Sql, ident, join
from runtime.engine import reading
from runtime.engine.access import DENY, ObjectAccess, object_access
from runtime.engine.asking import Ask
from runtime.engine.drafts import Draft
from runtime.engine.workspace import Session
from runtime.meta.model import SYSTEM_OBJECTS
from runtime.store import records
from runtime.store.binder import SYSTEM_TABLES, Frame, TableBinder
from runtime.store.ids import is_id

PENDING = Message(
    "this record waits for approval itself; it can be chosen when it is in force",
    "该记录自身正在等待审批，生效后才能选择",
)
NOTHING = Message("there is no such record", "没有该记录")


def missing(session: Session, target: str, ids: Sequence[str]) -> Message:
    """Why links cannot lead to these: one of them may wait for an approval that the caller knows of."""
    definition = session.model.object(target) if target not in SYSTEM_OBJECTS else None
    known = tuple(one for one in ids if is_id(one))
    if definition is None or not known or not object_access(session.snapshot, session.person, definition).may("read"):
        return NOTHING
    ask = Ask(fields=("id",), ids=known, limit=1, pending=True)
    return PENDING if reading.listed(session, definition.name, ask).records else NOTHING


def missing_of(session: Session, access: ObjectAccess, name: str, values: Mapping[str, Any]) -> Message:
    """The same for a link of a record with these stored values."""
    field = access.object.fields[name]
    assert field.relates is not None
    return missing(session, field.relates.target_object(), field.relates.targets(values[field.key]))


def linked(
    session: Session, access: ObjectAccess, draft: Draft, *, trusted: bool = False
) -> list[tuple[str, tuple[str, Sql, int]]]:
    """For each link that the write sets anew: its field and the gate that its target must be there and readable."""
    found: list[tuple[str, tuple[str, Sql, int]]] = []
    before = draft.before or {}
    for field in access.object.fields.values():
        relates = field.relates
        if relates is None or not field.stored or draft.values.get(field.key) is None:
            continue
        held = set(relates.targets(before[field.key])) if before.get(field.key) is not None else set()
        ids = [one for one in relates.targets(draft.values[field.key]) if one not in held]
        if not ids:
            continue
        gate = target_gate(session, f"k{len(found)}", relates.target_object(), ids, trusted, field.owned)
        found.append((field.name, gate))
    return found


def target_gate(
    session: Session, name: str, target_name: str, ids: Sequence[str], trusted: bool, owned: bool
) -> tuple[str, Sql, int]:
    """The statement that finds and locks the linked records that the caller may read (or change, as their parent)."""
    unique = sorted(set(ids))
    if target_name in SYSTEM_OBJECTS:
        table = ident(session.workspace.schema, SYSTEM_TABLES[target_name])
        alive = "active" if target_name == "user" else "deleted_at IS NULL"
        return name, Sql(f"SELECT id FROM {table} WHERE id = ANY(%s::uuid[]) AND {alive}", (unique,)), len(unique)
    target = session.model.object(target_name)
    assert target is not None
    access = object_access(session.snapshot, session.person, target)
    frame = Frame()
    alias = frame.alias()
    binder = TableBinder(session.layout, session.formulas, target.name, alias, frame, session.env())
    criteria = []
    if not trusted:
        rights = ("read", "update") if owned else ("read",)
        criteria = [access.criterion(right, binder) if access.may(right) else DENY for right in rights]
    place = session.layout.object(target.name)
    criterion = join(" AND ", [one for one in criteria if one])
    statement = records.present(place.table, alias, frame.sql(), unique, criterion)
    return name, frame.finish(statement), len(unique)
