"""The world of one command on a workflow: the live record, its formulas, writes through the one write path.

All of it happens on the connection of the command's transaction, so that it comes and goes with the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runtime.base.errors import DougongError
from runtime.base.values import dump_text
from runtime.engine import records, storing
from runtime.engine.access import demand_object
from runtime.engine.directory import People
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.flow.worktime import Calendar, read_calendar
from runtime.engine.storing import Options
from runtime.engine.workspace import SYSTEM, Person, Session
from runtime.formula.compiler import Compiled
from runtime.kinds.action import Action
from runtime.store import flows
from runtime.store.database import Connection

TRUSTED = Options(trusted=True)
CHANNEL = "workflow"


class ByItself(Session):
    """What a workflow does by itself: with the rights of the system, under the name of who has decided."""

    def _who(self) -> Person:
        return SYSTEM


class World:
    """What :class:`runtime.engine.flow.world.Env` promises, over a record of the workspace."""

    def __init__(self, session: Session, connection: Connection, object_name: str, record_id: str,
                 now: datetime | None = None, calendar: str | None = None) -> None:  # fmt: skip
        self.now = now or datetime.now(UTC)
        bound, looking = flows.Bound(connection), flows.Looking(connection)
        self.actor = session
        self.system = Session(session.workspace, user_id=None, channel=CHANNEL)
        self.writer = Session(session.workspace, user_id=session.user_id, channel=CHANNEL)
        self.doer = ByItself(session.workspace, user_id=session.user_id, channel=CHANNEL)
        self.system.database, self.writer.database, self.doer.database = looking, bound, bound
        self.object_name = object_name
        self.record_id = record_id
        self.people_known = People(session, looking)
        self._calendar = calendar
        self._draft: Draft | None = None

    def acting_for(self, workflow: str) -> None:
        """What is written from now on is a step of the workflow."""
        self.system.workflow = self.writer.workflow = self.doer.workflow = workflow

    def because(self, cause: Mapping[str, Any]) -> None:
        """What the writes from now on are due to."""
        self.system.cause = self.writer.cause = self.doer.cause = dump_text(cause)

    def since(self, before: Mapping[str, Any] | None, changed: Iterable[str]) -> None:
        """Conditions compare with the values by storage key that ``changed`` had; None: the record is new."""
        draft = self.draft
        if before is None:
            draft.before = None
            return
        was = {key: value for key, value in draft.values.items() if key not in set(changed)}
        draft.before = {**was, **before}

    @property
    def directory(self) -> People:
        """The people."""
        return self.people_known

    @property
    def calendar(self) -> Calendar:
        """The working calendar: the workflow's, or what is usual where the workspace is."""
        row = self.system.workspace.row
        kept = flows.calendar(self.system.database, self.system.workspace.schema, self._calendar or "default")
        return read_calendar(kept, row.time_zone, row.region)

    @property
    def draft(self) -> Draft:
        """The record as it is now in this transaction. Raises NotFound."""
        while self._draft is None:
            access = demand_object(self.system.snapshot, self.system.person, self.object_name)
            self._draft = storing.read_draft(self.system, access, self.record_id, {}, TRUSTED)
        return self._draft

    def evaluated(self, compiled: Compiled) -> Any:
        """The value of a formula for the record now, None for one that does not hold any more."""
        if not compiled.ok:
            return None
        access = demand_object(self.system.snapshot, self.system.person, self.object_name)
        return Evaluator(self.system, access).values([compiled], [self.draft])[0][0]

    def condition(self, source: str | bool) -> bool:
        """Whether a condition holds."""
        if isinstance(source, bool):
            return source
        return self.evaluated(self.system.formulas.condition(self.object_name, source, "automation")) is True

    def value(self, source: str, context: str = "automation") -> Any:
        """What a formula gives."""
        return self.evaluated(self.system.formulas.get(self.object_name, source, context))

    def people(self, path: str) -> Sequence[str]:
        """The people, or the departments' people, that a field names."""
        found = self.value(path)
        known = self.people_known
        out: list[str] = []
        for one in found if isinstance(found, (list, tuple)) else [found]:
            text = str(getattr(one, "id", one)) if one is not None else ""
            if known.find(text):
                out.append(text)
            elif text in known.all.departments:
                out.extend(known.members(text))
        return out

    def department(self, path: str) -> str | None:
        """The department that a field names, or that of the person it names."""
        found = self.value(path)
        text = str(getattr(found, "id", found)) if found is not None else ""
        return text if text in self.people_known.all.departments else self.people_known.department(text)

    def values(self, fields: Sequence[str]) -> Mapping[str, Any]:
        """The stored values of fields as text that can be compared."""
        return {name: dump_text(self._stored(name)) for name in fields}

    def missing(self, fields: Sequence[str]) -> Sequence[str]:
        """Those of the fields that are blank."""
        return [name for name in fields if self._stored(name) in (None, "", [])]

    def _stored(self, name: str) -> Any:
        if name == "owner":
            return self.draft.owner
        definition = self.system.model.objects[self.object_name]
        field = definition.field(name)
        if field is None:
            return None
        if field.computed is not None:
            return str(self.value(name))
        return self.draft.values.get(field.key)

    def write(self, values: Mapping[str, Any], actor: str, own: bool = False) -> None:
        """Set fields of the record, every rule held, the rights of the actor too when ``own``. Raises DougongError."""
        options = Options() if own else TRUSTED
        records.update(self.writer, self.object_name, self.record_id, dict(values), options)
        self._draft = None

    def perform(self, actions: Sequence[Mapping[str, Any]]) -> str | None:
        """Carry actions out; gives what was wrong, and then nothing of them has happened."""
        catalog = self.system.workspace.catalog
        try:
            with self.system.database.transaction():
                for action in actions:
                    for name, options in action.items():
                        kind = catalog.get(Action, name)
                        if kind is None or not kind.inside:
                            return f"the action {name!r} is not possible inside of a workflow"
                        kind.run(self, options)
        except DougongError as error:
            self._draft = None
            return error.show("en")
        return None

    # -- what actions may ask for (runtime.kinds.action.Doing) ------------------------------------------

    def given(self, value: Any) -> Any:
        """A value of a document: literal, or what its formula gives, in the form that comes over the wire."""
        if isinstance(value, str) and value.startswith("="):
            found = self.value(value[1:])
            if isinstance(found, datetime):
                return found.astimezone(UTC).isoformat()
            return (
                str(getattr(found, "id", found)) if found is not None and not isinstance(found, (bool, int)) else found
            )
        return value

    def update(self, values: Mapping[str, Any]) -> None:
        """Set fields of the record."""
        records.update(self.doer, self.object_name, self.record_id, dict(values), TRUSTED)
        self._draft = None
