"""A stage to try a model on: a workspace whose every change is taken back at the end, and whose clock is moved by hand.

The engine plays on it as it does at work: records, events, timers, workflows. Nothing of it is ever stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from psycopg import Rollback

from runtime.base.errors import DougongError, Invalid, Message
from runtime.base.kind import Catalog
from runtime.engine import dispatch
from runtime.engine.firing import fire
from runtime.engine.flow import signing
from runtime.engine.flow import state as states
from runtime.engine.flow.worktime import Calendar, read_calendar
from runtime.engine.flows import Flows
from runtime.engine.workspace import Person, Session, Workspace
from runtime.formula.env import Env
from runtime.meta import build, load
from runtime.meta.compiled import Formulas
from runtime.meta.model import Model
from runtime.store import calendars, ddl, files, flows, outbox, throwaway, versions
from runtime.store.database import Connection, Database
from runtime.store.layout import Layout
from runtime.store.workspaces import WorkspaceRow

CHANNEL = "workflow"
#: A scenario whose timers never come to an end is stopped.
MOST_TIMERS = 20_000


class Stage(Workspace):
    """A workspace inside of one transaction, with a clock of its own."""

    def __init__(self, base: Workspace, connection: Connection, clock: datetime, model: Model | None = None) -> None:
        super().__init__(flows.Bound(connection), base.catalog, base.row)
        self.clock = clock
        self.adopt(base, model)

    def env(self, person: Person, moment: datetime | None = None) -> Env:
        """What formulas may know, at the moment of the stage whatever the other one is."""
        return Env(now=self.clock, tz=self.row.time_zone, user=person.formula_user)

    def session(self, user: str | None = None, channel: str = "rehearsal") -> Session:
        """Somebody's work here."""
        session = Session(self, user_id=user, channel=channel)
        session.settle()
        return session

    @property
    def calendar(self) -> Calendar:
        """The usual working calendar."""
        return read_calendar(calendars.followed(self.database, self.schema, None), self.row.time_zone, self.row.region)

    def settle(self) -> None:
        """Everything that events lead to. Raises Invalid when one of them cannot be dealt with."""
        dispatch.drain(self, self.clock)
        left = outbox.counts(self.database, self.schema)
        if left:
            said = "; ".join(outbox.troubles(self.database, self.schema, 3))
            raise Invalid(Message(f"an event could not be dealt with: {said}", f"事件处理失败：{said}"))

    def advance(self, until: datetime) -> None:
        """Move the clock; what is due on the way happens at its moment."""
        for _ in range(MOST_TIMERS):
            due = flows.next_due(self.database, self.schema, until)
            if due is None:
                self.clock = max(self.clock, until)
                return
            self.clock = max(self.clock, due[2])
            session = self.session(channel=CHANNEL)
            with self.database.transaction() as connection:
                row = flows.lock(connection, self.schema, due[0])
                assert row is not None
                fired = fire(session, connection, row, due[1], self.clock)
            if fired:
                self.settle()
        raise Invalid(Message(f"more than {MOST_TIMERS} timers on the way", f"途中定时器超过 {MOST_TIMERS} 个"))

    def sign(self, user: str | None, instance: str, task: int | None, name: str) -> dict[str, str]:
        """The signature that a command is asked for, as an argument of it; nothing where none is."""
        row = flows.read(self.database, self.schema, instance) if task is not None else None
        if row is None or task is None:
            return {}
        state = states.load(row.data)
        with self.database.connection() as connection:
            definition = Flows(self.session(), self.clock).definition(connection, row)
        step = definition.by_name.get(state.runs[state.tasks[task].run].node)
        if not signing.takes(step, name):
            return {}
        return {"signature": files.add(self.database, self.schema, "signature.png", 1, "image/png", "", user).id}

    def act(self, user: str | None, instance: str, name: str, task: int | None, args: Mapping[str, Any]) -> None:
        """A command of somebody on an instance, and what follows."""
        Flows(self.session(user), self.clock).act(instance, name, task, args)
        self.settle()


@contextmanager
def on_stage(base: Workspace, clock: datetime, model: Model | None = None) -> Iterator[Stage]:
    """A stage over the tables of a workspace; all that happens on it is taken back."""
    with base.database.connection() as connection, connection.transaction():
        yield Stage(base, connection, clock, model)
        raise Rollback


@contextmanager
def rehearsal(
    database: Database, catalog: Catalog, row: WorkspaceRow | None, loaded: load.Loaded
) -> Iterator[Workspace]:
    """A throw-away workspace with a model and nobody in it, like ``row`` in language, time and region.

    Raises Invalid when the documents do not hold together.
    """
    model = build.build(loaded, catalog)
    with throwaway.schema(database) as schema:
        like = row or WorkspaceRow("main", "", {}, "zh", "Asia/Shanghai", "CN", "CNY")
        workspace = Workspace(database, catalog, replace(like, name="rehearsal", schema=schema, label={}))
        layout = Layout(schema, model, Formulas(model).kept)
        throwaway.lay_out(database, ddl.all_tables(layout, model))
        keys: dict[str, Any] = {
            one.name: {"key": one.key, "fields": {field.name: field.key for field in one.fields.values()}}
            for one in model.objects.values()
        }
        with database.transaction() as inside:
            number = versions.add(
                inside, schema, hash=model.hash, note="", author=None, keys=keys, changes=[], texts=[]
            )
            versions.go_live(inside, schema, number, {})
        workspace.adopt(workspace, model, number)
        yield workspace


def utc(text: str, zone: Any) -> datetime:
    """A moment of a document; one without a zone is meant where the workspace is. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(Message(f"{text[:40]!r} is not a moment", f"“{text[:40]}”不是时间")) from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def refusal(error: DougongError) -> Sequence[str]:
    """The codes by which a refusal can be told."""
    return [error.code, *(one.code for one in error.problems)]
