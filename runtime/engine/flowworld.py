"""The world of one command on a workflow: the live record, its formulas, writes through the one write path.

All of it happens on the connection of the command's transaction, so that it comes and goes with the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import Any

from runtime.base.errors import DougongError, Invalid, Message, Problem, Unavailable
from runtime.base.values import dump_text
from runtime.engine import adopting, amending, entering, mending, storing, submitting, waits
from runtime.engine.access import demand_object
from runtime.engine.directory import People
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.flow.worktime import Calendar, read_calendar
from runtime.engine.saving import Options, Written
from runtime.engine.storing import RETRY, Divert
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Person, Session
from runtime.formula.compiler import Compiled
from runtime.kinds.action import Action
from runtime.store import calendars, flows, proposals
from runtime.store.database import Connection
from runtime.store.ids import is_id

TRUSTED = Options(trusted=True)
#: The same, also for a record that is not in force yet.
COMING = Options(trusted=True, pending=True)
CHANNEL = "workflow"


class ByItself(Session):
    """What a workflow does by itself: with the rights of the system, under the name of who has decided."""

    def _who(self) -> Person:
        return self.snapshot.system


def unbound(*_: Any) -> Any:
    """Nothing is written before :meth:`World.acting_for` has said for which instance."""
    raise AssertionError("a world that is only looked at")


def change(
    session: Session, object_name: str, record_id: str, raw: Mapping[str, Any], options: Options, divert: Divert
) -> Written:
    """Change a record. Raises NotFound, Forbidden, Invalid, Conflict, Stale, Locked."""
    for _ in range(TRIES):
        access = demand_object(session.snapshot, session.person, object_name)
        draft = storing.read_draft(session, access, record_id, raw, options)
        found = None if draft is None else storing.write(session, access, draft, options, divert)
        if found is not None:
            stir(session, object_name)
            return found
    raise Unavailable(RETRY, extra={"retry_after": 1})


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
        self.system.database, self.writer.database, self.doer.database = looking, bound, flows.Writing(connection)
        self.object_name = object_name
        self.record_id = record_id
        self.people_known = People(session, looking)
        self._calendar = calendar
        self._draft: Draft | None = None
        #: What the last action was refused with.
        self.failure: DougongError | None = None
        self.connection = connection
        self.proposal: str | None = None
        #: What kind of change the proposal is, '' without one.
        self.kind = ""
        #: True while the record is a new one that is not in force yet.
        self.coming = False
        #: True when the record has just been deleted: nothing of it can be done any more.
        self.gone = False
        self.divert: Divert = unbound

    def acting_for(self, row: flows.Row, divert: Divert) -> None:
        """What is written from now on is a step of an instance; one about a proposal sees the record as proposed."""
        self.system.workflow = self.writer.workflow = self.doer.workflow = row.workflow
        self.divert = divert
        if row.kind == "proposal":
            self.about(row.id)
        elif row.kind == "sub":  # It may be about the new record that the workflow around it has not approved yet.
            schema = self.system.workspace.schema
            waits = proposals.of_record(self.system.database, schema, row.record_id, limit=1, open_only=True)
            if waits and waits[0].kind == proposals.CREATE:
                self.about(waits[0].instance)

    def about(self, proposal: str) -> None:
        """What is looked at is what a proposal says."""
        self.proposal = proposal
        made = proposals.read(self.system.database, self.system.workspace.schema, proposal)
        self.kind = made.kind if made else ""
        self.coming = made is not None and made.kind == proposals.CREATE and made.state in proposals.OPEN
        self._draft = None

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
        if "owner" in changed:
            draft.owner_before = before.get("owner")

    @property
    def directory(self) -> People:
        """The people."""
        return self.people_known

    @property
    def calendar(self) -> Calendar:
        """The working calendar: the workflow's, or what is usual where the workspace is."""
        return self.kept(self._calendar)

    def calendar_of(self, person: str) -> Calendar:
        """The working calendar that counts for somebody; departments are asked where the workflow names none."""
        if self._calendar is not None or not is_id(person):
            return self.calendar
        return self.kept(calendars.of_person(self.system.database, self.system.workspace.schema, person))

    def kept(self, name: str | None) -> Calendar:
        """A calendar as it is kept at this moment, the usual one without a name."""
        row = self.system.workspace.row
        kept = calendars.followed(self.system.database, self.system.workspace.schema, name)
        return read_calendar(kept, row.time_zone, row.region)

    @property
    def draft(self) -> Draft:
        """The record as it is now in this transaction. Raises NotFound."""
        while self._draft is None:
            access = demand_object(self.system.snapshot, self.system.person, self.object_name)
            self._draft = storing.read_draft(self.system, access, self.record_id, {}, COMING)
            if self._draft is not None:
                self._draft.stands = True
            if self.proposal is not None and self._draft is not None:
                amending.overlay(self.system, self._draft, self.proposal)
            if self._draft is not None:
                self._draft.goes = self.kind == proposals.DELETE
        return self._draft

    def evaluated(self, compiled: Compiled) -> Any:
        """The value of a formula for the record now, None for one that does not hold any more."""
        if not compiled.ok:
            return None
        access = demand_object(self.system.snapshot, self.system.person, self.object_name)
        draft, evaluator = self.draft, Evaluator(self.system, access)
        far = self.kind == proposals.LINES or self.coming
        if not far or self.proposal is None or evaluator.near(compiled):
            return evaluator.values([compiled], [draft])[0][0]
        with adopting.as_proposed(self.system, self.connection, self.proposal):  # Sums over lines as they would be.
            return evaluator.values([compiled], [draft])[0][0]

    def condition(self, source: str | bool) -> bool:
        """Whether a condition holds."""
        if isinstance(source, bool):
            return source
        return self.evaluated(self.system.formulas.condition(self.object_name, source, "automation")) is True

    def value(self, source: str, context: str = "automation") -> Any:
        """What a formula gives."""
        return self.evaluated(self.system.formulas.get(self.object_name, source, context))

    def again(self, source: str) -> datetime:
        """When to look again at a formula that says nothing yet."""
        return waits.again(self.system, self.object_name, source, self.now)

    def counts_days(self, source: str) -> bool:
        """Whether a formula, or a computed field that it uses, counts working days."""
        return waits.counts_days(self.system, self.object_name, source)

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
        """Those of the fields that are blank; of a record that is to be deleted none is asked for."""
        if self.kind == proposals.DELETE:
            return []
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

    def demand_rules(self) -> None:
        """The record keeps every rule, for who acts. Raises Invalid. What is proposed was asked when it was saved."""
        if self.proposal is None:
            submitting.demand(self.actor, self.connection, self.object_name, self.draft)

    def write(self, values: Mapping[str, Any], actor: str, own: bool = False) -> None:
        """Set fields of the record or of what is proposed, every rule held. Raises DougongError.

        ``own``: the actor's own rights say which he may set; otherwise the step lets him.
        """
        if self.proposal is not None and (self.coming or self.kind != proposals.CREATE):
            amending.amend(self.writer, self.connection, self.proposal, values, trusted=not own)
        else:
            options = Options() if own else TRUSTED
            change(self.writer, self.object_name, self.record_id, dict(values), options, self.divert)
        self._draft = None

    def mend(self, values: Mapping[str, Any], lines: Mapping[str, Any], actor: str) -> None:
        """Change what is proposed of the record and its lines, by the actor's own rights. Raises DougongError."""
        if self.proposal is None:
            raise Invalid(problems=[Problem("no_lines", mending.NOT_LINES, field="lines")])
        mending.mend(self.writer, self.connection, self.proposal, values, lines, trusted=False)
        self._draft = None

    def adopt(self) -> Message | None:
        """Put the proposed change into force; gives what stands against it, and then nothing has happened."""
        assert self.proposal is not None
        found = adopting.adopt(self._saving(), self.connection, self.proposal)
        self._draft = None
        self.gone = found is None and self.kind == proposals.DELETE
        self.coming = self.coming and found is not None
        return found

    def rebase(self) -> None:
        """The proposed change is meant for the record as it stands now. Raises Conflict."""
        assert self.proposal is not None
        adopting.rebase(self._saving(), self.connection, self.proposal)
        self._draft = None

    def _saving(self) -> Session:
        """The system's session for what writes and may fail."""
        found = copy(self.system)
        found.database = self.writer.database
        return found

    def perform(self, actions: Sequence[Mapping[str, Any]]) -> Message | None:
        """Carry actions out; gives what was wrong, and then nothing of them has happened."""
        catalog = self.system.workspace.catalog
        if self.gone:
            return None
        try:
            with self.system.database.transaction():
                for action in actions:
                    for name, options in action.items():
                        kind = catalog.get(Action, name)
                        if kind is None or not kind.inside:
                            return Message(
                                f"the action {name!r} is not possible inside of a workflow",
                                f"流程中不能执行动作“{name}”",
                            )
                        kind.run(self, options)
        except DougongError as error:
            self._draft = None
            self.failure = error
            return error.both
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

    def give(self, object_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Set fields of a record that another workflow is to be about. Raises DougongError."""
        given = {name: self.given(value) for name, value in values.items()}
        change(self.doer, object_name, record_id, given, TRUSTED, self.divert)
        self._draft = None

    def update(self, values: Mapping[str, Any]) -> None:
        """Set fields of the record."""
        if self.coming and self.proposal is not None:
            amending.amend(self.doer, self.connection, self.proposal, values, trusted=True)
        else:
            change(self.doer, self.object_name, self.record_id, dict(values), TRUSTED, self.divert)
        self._draft = None

    def over(self, outcome: str) -> None:
        """It has ended: what was not approved never comes into force."""
        if self.coming and outcome != "approved":
            definition = self.system.model.objects[self.object_name]
            entering.drop(self.doer, self.connection, definition, self.record_id)
            self.coming = False
