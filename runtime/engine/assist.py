"""What helps somebody who types a formula: the names he may write, and records to try it on. It evaluates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.values import load
from runtime.engine import presenting, reading
from runtime.engine.access import demand_object, object_access, readable
from runtime.engine.workspace import Session
from runtime.formula.env import USER_TYPES
from runtime.formula.functions.registry import FUNCTIONS
from runtime.formula.scope import Member
from runtime.kinds.field import Chooses
from runtime.meta.model import SYSTEM_OBJECTS, ObjectDef
from runtime.meta.properties import PROPERTIES
from runtime.meta.scope import ModelScope, object_by_key

SAMPLES = 10


def words(session: Session, object_name: str) -> dict[str, Any]:
    """The members of an object that the caller may read, with labels, types, options and where links lead.

    Raises NotFound for an object that he may not know.
    """
    if object_name not in SYSTEM_OBJECTS:
        demand_object(session.snapshot, session.person, object_name)
    snapshot, person = session.snapshot, session.person
    scope = ModelScope(session.model, object_name, lambda one, member: readable(snapshot, person, one, member))
    return {"object": scope.name, "members": [member_json(session, scope.definition, one) for one in scope.members()]}


def member_json(session: Session, definition: ObjectDef | None, member: Member) -> dict[str, Any]:
    """One name for the editor. ``to`` is the object behind a link or a set of records."""
    found: dict[str, Any] = {
        "name": member.name,
        "labels": labels_of(session, definition, member),
        "type": member.type.name,
    }
    item = member.type.item if member.type.name == "list" else member.type
    target = object_by_key(session.model, item.of) if item is not None and item.of and member.key != "id" else None
    if target is not None:
        found["to"] = target
    field = definition.fields.get(member.name) if definition else None
    if field is not None and isinstance(field.kind, Chooses):
        found["options"] = [{"key": one.key, "labels": dict(one.label)} for one in field.kind.choices()]
    return found


def labels_of(session: Session, definition: ObjectDef | None, member: Member) -> Mapping[str, str]:
    """What people call a member, in both languages; empty where only its name is known."""
    if definition is not None and member.name in definition.fields:
        return dict(definition.fields[member.name].label)
    if definition is not None and member.name in PROPERTIES:
        return dict(PROPERTIES[member.name].label)
    if member.type.name == "children" and member.type.of:
        source = session.model.objects.get(object_by_key(session.model, member.type.of) or "")
        return dict(source.label) if source else {}
    return {}


def functions(context: str, language: str) -> list[dict[str, Any]]:
    """The functions that may be written in a context, with their help."""
    return [
        {
            "name": one.name, "aliases": list(one.aliases), "signature": one.signature, "help": one.help[language],
            "example": one.examples[0][0] if one.examples else "",
        }
        for one in FUNCTIONS.values()
        if (not one.contexts or context in one.contexts)
        and not (one.volatile and context == "computed")
        and one.rule != "user"
    ]  # fmt: skip


def people(context: str) -> list[str]:
    """``USER.name`` and the like, where a formula may ask who acts."""
    return [f"USER.{key}" for key in USER_TYPES] if context in FUNCTIONS["USER"].contexts else []


def samples(session: Session, object_name: str, limit: int = SAMPLES) -> list[dict[str, str]]:
    """The first records that the caller may read, to try a formula on; none where he reads none."""
    if not demand_object(session.snapshot, session.person, object_name).may("read"):
        return []
    page = reading.listed(session, object_name, reading.Ask(fields=("id",), limit=limit))
    ids = [str(load(one)["id"]) for one in page.records]
    titles = presenting.titles(session, object_name, ids)
    return [{"id": one, "title": titles.get(one) or one} for one in ids]


def objects(session: Session) -> list[ObjectDef]:
    """The objects that the caller may know and that stand for themselves, to choose one of."""
    return [one for one in session.model.objects.values() if object_access(session.snapshot, session.person, one).known]
