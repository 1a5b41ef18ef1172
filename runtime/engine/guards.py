"""Fields that may change only after an approval: which workflows guard which fields, and which drafts they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Forbidden, Message
from runtime.engine import audit
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.triggers import PRIORITY
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef

OWNER = "owner"
#: How many records an entry of the audit names.
NOTED = 20
NO_BYPASS = Message(
    "changes without approval need the right bypass_approval in one of your roles",
    "免审批变更需要您的角色具备 bypass_approval 权限",
)
#: The channel that workflows write through.
CHANNEL = "workflow"


@dataclass(frozen=True)
class Guard:
    """A workflow that a change of some fields needs. ``keys`` are storage keys.

    ``when`` is asked of the record as it is, before the change. ``split``: the other fields of the same save are
    saved at once.
    """

    workflow: str
    keys: frozenset[str]
    when: str | bool
    split: bool


def guards_of(session: Session, definition: ObjectDef) -> Sequence[Guard]:
    """The guards of an object in the order in which they are asked."""
    key = ("guards", definition.key)
    found: Sequence[Guard] | None = session.model.derived.get(key)
    if found is None:
        found = session.model.derived[key] = _found(session, definition)
    return found


def _found(session: Session, definition: ObjectDef) -> Sequence[Guard]:
    made: list[tuple[int, str, Guard]] = []
    for name, piece in session.model.pieces.get("workflow", {}).items():
        if session.model.object(str(piece.object)) is not definition:
            continue
        start: Mapping[str, Any] = piece.doc.get("start") or {}
        change: Mapping[str, Any] = start.get("on_change") or {}
        if change.get("mode") != "proposal":
            continue
        fields = [definition.field(one) for one in change["fields"]]
        keys = {one.key for one in fields if one} | ({OWNER} & set(change["fields"]))
        guard = Guard(name, frozenset(keys), start.get("when", True), bool(change.get("split", False)))
        made.append((int(start.get("priority", PRIORITY)), name, guard))
    return [one[2] for one in sorted(made, key=lambda one: one[:2])]


def moved(draft: Draft) -> set[str]:
    """The storage keys that a draft changes, the owner among them."""
    return draft.changed() | ({OWNER} if draft.owner != draft.owner_before else set())


def held(session: Session, access: ObjectAccess, drafts: Sequence[Draft], *, bypass: bool) -> dict[str, list[Guard]]:
    """By draft: the guards of what it changes. New records, and the system itself, are never held.

    Raises Forbidden for who asks to go without an approval and may not.
    """
    if bypass and not access.bypasses:
        raise Forbidden(NO_BYPASS)
    guards = guards_of(session, access.object)
    if not guards or session.applying or (session.user_id is None and session.channel != CHANNEL):
        return {}
    found = found_of(session, access, guards, drafts)
    if bypass and found:
        detail = {"object": access.object.name, "records": list(found)[:NOTED], "number": len(found)}
        audit.note(session.workspace, session.user_id, "bypass_approval", detail)
        return {}
    return found


def found_of(
    session: Session, access: ObjectAccess, guards: Sequence[Guard], drafts: Sequence[Draft]
) -> dict[str, list[Guard]]:
    """By draft: the guards that hold it."""
    asked = [(guard, [one for one in drafts if not one.new and moved(one) & guard.keys]) for guard in guards]
    found: dict[str, list[Guard]] = {}
    for guard, touched in asked:
        if guard.workflow == session.workflow:  # Its own steps do what was approved.
            continue
        for draft, holds in zip(touched, in_force(session, access, guard, touched), strict=True):
            if holds:
                found.setdefault(draft.id, []).append(guard)
    return found


def in_force(session: Session, access: ObjectAccess, guard: Guard, drafts: Sequence[Draft]) -> Sequence[bool]:
    """Whether a guard holds for the records as they stand."""
    if isinstance(guard.when, bool) or not drafts:
        return [bool(guard.when)] * len(drafts)
    compiled = session.formulas.condition(access.object.name, guard.when, "automation")
    stand = [
        Draft(one.id, {}, values=dict(one.before or {}), before=one.before, version=one.version,
              owner=one.owner_before, owner_before=one.owner_before, title=one.title_before or "")
        for one in drafts
    ]  # fmt: skip
    return [value is True for value in Evaluator(session, access).values([compiled], stand)[0]]
