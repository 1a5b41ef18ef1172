"""Changes that wait or waited for an approval, as those who may read their record see them. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runtime.base.errors import Message
from runtime.base.values import dump_text, load
from runtime.engine import linechanges
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft
from runtime.engine.guards import OWNER
from runtime.engine.linechanges import ADDED, LineEntry
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store import proposals
from runtime.store.database import Question
from runtime.store.proposals import CREATE, DELETE, Proposal

SHOWN = 50


def name_of(definition: ObjectDef, key: str) -> str:
    """How a storage key is called now."""
    field = definition.by_key.get(key)
    return field.name if field else key


def standing(draft: Draft, keys: Iterable[str]) -> dict[str, Any]:
    """The values that a record has, None for blank."""
    before = draft.before or {}
    return {key: draft.owner_before if key == OWNER else before.get(key) for key in sorted(keys)}


def changes(access: ObjectAccess, one: Proposal) -> list[dict[str, Any]]:
    """What a proposal changes, as far as the caller may read the fields: masked and hidden ones are left out."""
    found = []
    for key, value in one.patch.items():
        field = access.object.by_key.get(key)
        if key == OWNER or (field is not None and access.readable(field.name)):
            blank = field.kind.blank if field else None
            old, new = one.base.get(key), value
            found.append({"field": name_of(access.object, key), "old": blank if old is None else old,
                          "new": blank if new is None else new})  # fmt: skip
    return found


def lines(session: Session, access: ObjectAccess, one: Proposal) -> list[dict[str, Any]]:
    """What becomes of the lines, as far as the caller may read their fields: masked and hidden ones are left out."""
    found = []
    for entry in map(linechanges.read, one.lines):
        name = session.layout.names.get(entry.object_key)
        relation = linechanges.relation_of(session, access.object, entry.object_key)
        if name is None or relation is None:
            continue
        there = object_access(session.snapshot, session.person, session.model.objects[name])
        if not there.may("read"):
            continue
        told = fields_of(there, entry)
        if told or entry.what != linechanges.CHANGED:
            found.append({"relation": relation, "object": name, "id": entry.id, "title": entry.title,
                          "what": entry.what, "changes": told})  # fmt: skip
    return found


def fields_of(access: ObjectAccess, entry: LineEntry) -> list[dict[str, Any]]:
    """Old and new values of one line; of one that comes or goes what is not blank."""
    found = []
    for key in entry.patch if entry.what != linechanges.REMOVED else entry.base:
        field = access.object.by_key.get(key)
        if field is None or not access.readable(field.name) or field is access.object.owner_link:
            continue
        old, new = entry.base.get(key), entry.patch.get(key)
        if old is None and new is None:
            continue
        blank = None if entry.what == ADDED else field.kind.blank
        found.append({"field": field.name, "old": blank if old is None else old,
                      "new": (None if entry.what == linechanges.REMOVED else field.kind.blank)
                      if new is None else new})  # fmt: skip
    return found


def asked(session: Session, record_id: str) -> Question:
    """What :func:`shown` will ask about what is open."""
    return proposals.about(session.workspace.schema, record_id, limit=SHOWN, open_only=True)


def shown(session: Session, access: ObjectAccess, record_id: str, *, open_only: bool = False,
          limit: int = SHOWN) -> list[dict[str, Any]]:  # fmt: skip
    """The proposals about a record that the caller may read, newest first, as far as he may see what they change."""
    rows = proposals.of_record(session.database, session.workspace.schema, record_id, limit=limit, open_only=open_only)
    found = []
    for one in rows:
        if one.object_key != access.object.key:
            continue
        told, of_lines = changes(access, one), lines(session, access, one)
        if told or of_lines or one.kind in (DELETE, CREATE):
            at = {name: value.isoformat() if value else None for name, value in (
                ("created_at", one.created_at), ("closed_at", one.closed_at))}  # fmt: skip
            why = {}
            if one.state == "conflict" and one.why and may_know_why(session, one.created_by):
                why = {"why": reason(one).text(session.language)}
            found.append({"instance": one.instance, "kind": one.kind, "state": one.state,
                          "created_by": one.created_by, **at, **why, "changes": told, "lines": of_lines})  # fmt: skip
    return found


def may_know_why(session: Session, initiator: str | None) -> bool:
    """Whether the caller may read what stands against a change: it names fields, also those that others may not see."""
    return session.user_id == initiator or session.person.administrator


def reason(one: Proposal) -> Message:
    """Why an approved change could not be put into force; older ones have kept it in English alone."""
    kept: Any = one.why or ""
    return Message.read(load(kept) if kept.startswith("{") else kept)


def of_instance(session: Session, instance: str) -> dict[str, Any]:
    """What the change that an instance is about does (``kind``, ``changes``, ``lines``), as far as the caller may
    read it."""
    one = proposals.read(session.database, session.workspace.schema, instance)
    if one is None or one.object_key not in session.layout.names:
        return {"kind": one.kind if one else "", "changes": [], "lines": []}
    definition = session.model.objects[session.layout.names[one.object_key]]
    access = object_access(session.snapshot, session.person, definition)
    return {"kind": one.kind, "changes": changes(access, one), "lines": lines(session, access, one)}


def written(body: bytes, pending: Mapping[str, Any]) -> bytes:
    """The answer to a save that waits: what waits, and the record as it stands."""
    return b'{"pending":' + dump_text(dict(pending)).encode() + b',"record":' + body + b"}"
