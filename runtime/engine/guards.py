"""What may change only after an approval: which workflows guard which fields, lines and deletions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from runtime.base.errors import Forbidden, Message
from runtime.engine import audit
from runtime.engine.access import ObjectAccess
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.triggers import PRIORITY
from runtime.engine.workspace import Session
from runtime.meta import entering
from runtime.meta.model import ObjectDef
from runtime.store.database import Connection, run

T = TypeVar("T")
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
    """A workflow that some changes of a record need. ``keys`` are the storage keys of fields; ``lines``: by the storage
    key of the object of lines, those of their fields that count when a line changes, None for all. ``deletes``: its
    deletion too.

    ``when`` is asked of the record as it is, before the change. ``split``: what else the same save says is saved at
    once.
    """

    workflow: str
    keys: frozenset[str]
    when: str | bool
    split: bool
    lines: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    deletes: bool = False
    #: New records too.
    creates: bool = False

    def holds_line(self, object_key: str, changed: Set[str] | None) -> bool:
        """Whether a line is held of which these fields change; None for one that comes or goes."""
        if object_key not in self.lines:
            return False
        counted = self.lines[object_key]
        return changed is None or counted is None or bool(counted & changed)


@dataclass(frozen=True)
class Wait:
    """Why something has to wait: the guards; of lines and their deletion, the record ``parent`` that they belong to."""

    guards: Sequence[Guard]
    parent: str | None = None

    @property
    def first(self) -> Guard:
        """The guard whose workflow is asked."""
        return self.guards[0]


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
        proposes, creates = change.get("mode") == "proposal", entering.pends(piece.doc)
        if not (proposes or creates):
            continue
        change = change if proposes else {}
        named = change.get("fields", ())
        keys = {one.key for one in map(definition.field, named) if one} | ({OWNER} & set(named))
        lines = lines_of(session, definition, change.get("lines", ()))
        split, deletes = bool(change.get("split", False)), bool(change.get("delete", False))
        guard = Guard(name, frozenset(keys), start.get("when", True), split, lines, deletes, creates)
        made.append((int(start.get("priority", PRIORITY)), name, guard))
    return [one[2] for one in sorted(made, key=lambda one: one[:2])]


def lines_of(session: Session, definition: ObjectDef, lines: Any) -> dict[str, frozenset[str] | None]:
    """The lines that a document guards (:attr:`Guard.lines`): names of relations, or the fields that count by name."""
    relations = session.model.reverses.get(definition.name, {})
    found: dict[str, frozenset[str] | None] = {}
    for name in lines:
        if name in relations and relations[name].owned:
            source = session.model.objects[relations[name].source]
            fields = lines[name] if isinstance(lines, Mapping) else None
            found[source.key] = None if fields is None else frozenset(
                one.key for one in map(source.field, fields) if one is not None)  # fmt: skip
    return found


def moved(draft: Draft) -> set[str]:
    """The storage keys that a draft changes, the owner among them."""
    return draft.changed() | ({OWNER} if draft.owner != draft.owner_before else set())


def held(session: Session, access: ObjectAccess, drafts: Sequence[Draft], *, bypass: bool) -> dict[str, list[Guard]]:
    """By draft: the guards of what it changes, or of its coming. The system itself is never held.

    Raises Forbidden for who asks to go without an approval and may not.
    """
    demand_bypass(access, bypass)
    guards = guards_of(session, access.object)
    if not guards or free(session):
        return {}
    return released(session, access, found_of(session, access, guards, drafts), bypass)


def demand_bypass(access: ObjectAccess, bypass: bool) -> None:
    """Raise Forbidden for who asks to go without an approval and may not; lines have the rights of their record."""
    if bypass and not (access.parent or access).bypasses:
        raise Forbidden(NO_BYPASS)


def free(session: Session) -> bool:
    """Whether nothing holds a session: the system itself, and what puts an approved change into force."""
    return bool(session.applying) or (session.user_id is None and session.channel != CHANNEL)


def released(session: Session, access: ObjectAccess, found: dict[str, T], bypass: bool) -> dict[str, T]:
    """What is held, by record: nothing where somebody goes without an approval, which the audit notes."""
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
    found = coming(session, access, guards, [one for one in drafts if one.new])
    for guard, touched in asked:
        if guard.workflow == session.workflow:  # Its own steps do what was approved.
            continue
        for draft, holds in zip(touched, in_force(session, access, guard, touched), strict=True):
            if holds:
                found.setdefault(draft.id, []).append(guard)
    return found


def creating(session: Session, definition: ObjectDef) -> Sequence[Guard]:
    """The guards of new records that a session has to ask."""
    return [] if free(session) else [one for one in guards_of(session, definition) if one.creates]


def coming(
    session: Session, access: ObjectAccess, guards: Sequence[Guard], drafts: Sequence[Draft],
    connection: Connection | None = None,
) -> dict[str, list[Guard]]:  # fmt: skip
    """By draft of a new record: the guards that hold it. ``connection``: where they have been stored already."""
    found: dict[str, list[Guard]] = {}
    for guard in guards if drafts else ():
        if not guard.creates:
            continue
        holds: Sequence[Any] = [guard.when] * len(drafts)
        if not isinstance(guard.when, bool):
            evaluator = Evaluator(session, access)
            if connection is not None:
                evaluator.rows = partial(run, connection)
            compiled = session.formulas.condition(access.object.name, guard.when, "automation")
            holds = evaluator.values([compiled], drafts)[0]
        for draft, one in zip(drafts, holds, strict=True):
            if one is True:
                found.setdefault(draft.id, []).append(guard)
    return found


def in_force(session: Session, access: ObjectAccess, guard: Guard, drafts: Sequence[Draft]) -> Sequence[bool]:
    """Whether a guard holds for the records as they stand."""
    if isinstance(guard.when, bool) or not drafts:
        return [bool(guard.when)] * len(drafts)
    compiled = session.formulas.condition(access.object.name, guard.when, "automation")
    stand = [
        Draft(one.id, {}, values=dict(one.before or {}), before=one.before, version=one.version,
              owner=one.owner_before, owner_before=one.owner_before, title=one.title_before or "",
              title_before=one.title_before, marks=one.marks, stands=True, goes=one.goes)
        for one in drafts
    ]  # fmt: skip
    return [value is True for value in Evaluator(session, access).values([compiled], stand)[0]]
