"""Which workflows begin by themselves: what the live model says, made once for each version of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Message
from runtime.engine.waits import waits_of
from runtime.engine.workspace import Session
from runtime.meta import entering
from runtime.meta.model import Model, ObjectDef
from runtime.store import outbox

#: The order of a workflow that names none: smaller ones are asked first.
PRIORITY = 100
ON_CREATE, ON_CHANGE, MANUAL, API = "on_create", "on_change", "manual", "api"
#: When those begin that nobody starts, in words.
BY_ITSELF = {
    ON_CREATE: Message("when a record is created", "记录新建时"),
    ON_CHANGE: Message("when a record is changed", "记录变更时"),
}
#: The channel that workflows write through.
CHANNEL = "workflow"


@dataclass(frozen=True)
class Beginning:
    """A workflow that begins when a record changes. ``fields`` are storage keys, none for a new record."""

    workflow: str
    priority: int
    trigger: str
    fields: frozenset[str]
    start: Mapping[str, Any]


class Triggers:
    """The workflows of one model by the object they are about."""

    def __init__(self, model: Model) -> None:
        self.by_object: dict[str, list[Beginning]] = {}
        self.about: set[str] = set()
        #: The workflows by object whose approval keeps a record as it was.
        self.keeping: dict[str, list[str]] = {}
        for piece in model.all("workflow"):
            definition = model.object(str(piece.object))
            if definition is None:
                continue
            self.about.add(definition.name)
            if piece.doc.get("lock_after"):
                self.keeping.setdefault(definition.name, []).append(piece.name)
            self.by_object.setdefault(definition.name, []).extend(beginnings(piece.name, piece.doc, definition))
        for found in self.by_object.values():
            found.sort(key=lambda one: (one.priority, one.workflow))

    def of(self, name: str, trigger: str) -> Sequence[Beginning]:
        """The workflows that an event of an object may begin, in the order in which they are asked."""
        return [one for one in self.by_object.get(name, ()) if one.trigger == trigger]

    def listens(self, definition: ObjectDef) -> bool:
        """Whether anybody may want to know of changes of an object's records."""
        return definition.name in self.about or self.parent(definition) is not None

    def parent(self, definition: ObjectDef) -> str | None:
        """The object that line items belong to, when workflows are about it."""
        link = definition.owner_link
        found = link.relates.target_object() if link is not None and link.relates is not None else None
        return found if found in self.about else None


def begun_by(doc: Mapping[str, Any]) -> list[str]:
    """How a workflow begins: manual, api, on_create, on_change.

    One that answers for guarded fields or new records begins when somebody changes or makes them, unless its document
    says more.
    """
    start: Mapping[str, Any] = doc.get("start") or {}
    guarded = [
        *([ON_CHANGE] if (start.get("on_change") or {}).get("mode") == "proposal" else []),
        *([ON_CREATE] if entering.pends(doc) else []),
    ]
    given = start.get("trigger", guarded or MANUAL)
    return [given] if isinstance(given, str) else list(given)


def beginnings(name: str, doc: Mapping[str, Any], definition: ObjectDef) -> list[Beginning]:
    """How one workflow begins by itself; changes that are only proposed are no concern of events."""
    start = doc.get("start") or {}
    named = begun_by(doc)
    priority = int(start.get("priority", PRIORITY))
    found = []
    if ON_CREATE in named and not entering.pends(doc):
        found.append(Beginning(name, priority, ON_CREATE, frozenset(), start))
    change = start.get("on_change") or {}
    if ON_CHANGE in named and change.get("mode", "after") == "after":
        fields = [(one, definition.field(one)) for one in change.get("fields", ())]
        keys = frozenset(field.key if field else name for name, field in fields)
        found.append(Beginning(name, priority, ON_CHANGE, keys, start))
    return found


def triggers_of(model: Model) -> Triggers:
    """The triggers of a model."""
    found: Triggers | None = model.derived.get(Triggers)
    if found is None:
        found = model.derived[Triggers] = Triggers(model)
    return found


def listens(session: Session, definition: ObjectDef) -> bool:
    """Whether anybody may want to know of changes of an object's records: also what waits for something of them."""
    return triggers_of(session.model).listens(definition) or definition.name in waits_of(session).by_source


def stir(session: Session, *objects: str) -> None:
    """Tell the workers of a change, when there may be something for them to do: they need not wait for their round.

    To be called after the commit; without objects, when any may have changed. What a workflow writes is not told: it is
    inside of a transaction, whose commit would have to wait for its turn. Whoever ends that one calls.
    """
    if session.channel == CHANNEL:
        return
    triggers = triggers_of(session.model)
    found = [session.model.object(name) for name in objects] if objects else session.model.objects.values()
    if triggers.about and any(one is not None and listens(session, one) for one in found):
        outbox.wake(session.database, session.workspace.schema)
