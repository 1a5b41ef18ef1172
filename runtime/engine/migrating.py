"""Running instances of a workflow go on after its live version, as far as that is possible; told before it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runtime.base.errors import Message
from runtime.engine.accounts import demand_administration
from runtime.engine.flow import migration
from runtime.engine.flow import state as states
from runtime.engine.flow.definition import Definition
from runtime.engine.flow.machine import Machine
from runtime.engine.flowrows import stored
from runtime.engine.flows import Flows, divert, live_definition, unknown_instance
from runtime.engine.flowworld import World
from runtime.engine.workspace import Session
from runtime.store import flows, outbox
from runtime.store.ids import is_id


@dataclass
class Migrated:
    """What became of one instance: gone on (or able to), or what stands against it."""

    instance: str
    title: str
    record: str
    blockers: list[Message] = field(default_factory=list)

    def json(self, language: str) -> dict[str, Any]:
        """An entry of the answer."""
        said = [one.text(language) for one in self.blockers]
        return {"instance": self.instance, "title": self.title, "record": self.record, "ok": not said, "blockers": said}


def migrate(session: Session, workflow: str, *, instance: str | None = None, dry_run: bool = False) -> list[Migrated]:
    """Let the open instances of other versions (or one of them) go on after the live one, each by itself.

    Raises Forbidden for who does not administer, NotFound.
    """
    demand_administration(session)
    if instance is not None and not is_id(instance):
        raise unknown_instance()
    version, definition = live_definition(session, workflow)
    ids = flows.outdated(session.database, session.workspace.schema, workflow, version, instance)
    found = [one(session, identity, version, definition, dry_run) for identity in ids]
    if found and not dry_run:  # Deadlines have other moments now.
        outbox.wake(session.database, session.workspace.schema)
    return [each for each in found if each is not None]


def one(session: Session, instance: str, version: str, definition: Definition, dry_run: bool) -> Migrated | None:
    """One instance in a transaction of its own; None when it has ended meanwhile."""
    schema = session.workspace.schema
    work = Flows(session)
    with session.database.transaction() as connection:
        row = flows.lock(connection, schema, instance)
        if row is None or row.state not in states.OPEN_STATES or row.flow == version:
            return None
        told = Migrated(row.id, row.title, row.record_id)
        state = states.load(row.data)
        moves = migration.moves(state, work.definition(connection, row), definition)
        if str(definition.doc["object"]) != session.layout.names.get(row.object_key):
            moves.refuse("the workflow is about another object now", "流程现针对另一对象")
        told.blockers = moves.blockers
        if told.blockers or dry_run:
            return told
        name = session.layout.names[row.object_key]
        world = World(session, connection, name, row.record_id, work.now, definition.doc.get("calendar"))
        world.acting_for(row, divert)
        machine = Machine(definition, state, world)
        migration.migrate(machine, moves, version, work.actor)
        flows.know(connection, schema, version, row.workflow, definition.doc, definition.condition_fields)
        flows.follow(connection, schema, row.id, version)
        stored(connection, work.schema, row, machine)
        work.noted(connection, row, "migrate", "")
        return told
