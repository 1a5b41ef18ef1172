"""A small world for the core: an office of people, a record, a clock that is moved by hand, sub-workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.kind import Catalog
from runtime.engine.flow.approvers import Asking
from runtime.engine.flow.commands import Command, step
from runtime.engine.flow.definition import Definition, compile_flow
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flow.moments import moment_of, stamp
from runtime.engine.flow.state import Event, Instance, Task, dump, fold, load
from runtime.engine.flow.worktime import Calendar
from runtime.engine.flow.world import Deputy, Directory
from runtime.kinds.catalog import load_catalog

CATALOG: Catalog = load_catalog()


@dataclass
class Office:
    """People by name: manager, department, roles; who is there, who is away."""

    managers: dict[str, str] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    uppers: dict[str, str] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    successors: dict[str, str] = field(default_factory=dict)
    work: dict[str, tuple[int, str]] = field(default_factory=dict)
    delegates: dict[str, tuple[str, datetime, datetime]] = field(default_factory=dict)
    #: Who keeps his tasks together with his stand-in.
    sharing: set[str] = field(default_factory=set)
    everybody: list[str] = field(default_factory=lambda: ["boss", "li", "wang", "zhao", "qian", "sun", "zhou", "admin"])

    def active(self, user: str) -> bool:
        return user in self.everybody and user not in self.gone

    def find(self, text: str) -> str | None:
        return text if text in self.everybody else None

    def manager(self, user: str) -> str | None:
        return self.managers.get(user)

    def handover(self, user: str) -> str | None:
        return self.successors.get(user)

    def department(self, user: str) -> str | None:
        return self.departments.get(user)

    def head(self, department: str) -> str | None:
        return self.heads.get(department)

    def above(self, department: str) -> str | None:
        return self.uppers.get(department)

    def members(self, department: str) -> Sequence[str]:
        return [one for one, there in self.departments.items() if there == department and self.active(one)]

    def has_role(self, user: str, role: str) -> bool:
        return user in self.roles.get(role, ())

    def in_role(self, role: str) -> Sequence[str]:
        return [one for one in self.roles.get(role, ()) if self.active(one)]

    def admins(self) -> Sequence[str]:
        return [] if "admin" in self.gone else ["admin"]

    def busy(self, people: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        return {one: self.work[one] for one in people if one in self.work}

    def delegate(self, user: str, workflow: str, now: datetime) -> Deputy | None:
        found = self.delegates.get(user)
        return Deputy(found[0], user in self.sharing) if found and found[1] <= now < found[2] else None


@dataclass
class World:
    """What one command sees; conditions are Python over the record's values."""

    now: datetime
    directory: Directory
    record: dict[str, Any]
    calendar: Calendar = field(default_factory=Calendar)
    done: list[Any] = field(default_factory=list)
    failing: bool = False

    def calendar_of(self, person: str) -> Calendar:
        if "zones" in self.record:
            return self.record["zones"].get(person, self.calendar)
        return self.calendar

    def condition(self, source: str | bool) -> bool:
        return bool(self.value(source)) if isinstance(source, str) else source

    def value(self, source: str) -> Any:
        return eval(source, {"__builtins__": {}}, self.record)

    def again(self, source: str) -> datetime:
        return self.now + timedelta(hours=1)

    def people(self, path: str) -> Sequence[str]:
        found = self.record.get(path)
        return [] if found is None else found if isinstance(found, list) else [found]

    def department(self, path: str) -> str | None:
        return self.record.get(path)

    def values(self, fields: Sequence[str]) -> Mapping[str, Any]:
        return {name: self.record.get(name) for name in fields}

    def missing(self, fields: Sequence[str]) -> Sequence[str]:
        return [name for name in fields if self.record.get(name) in (None, "")]

    def demand_rules(self) -> None:
        if self.record.get("unsound"):
            raise Invalid(problems=[Problem("value", Message("unsound", "不符"), field="unsound")])

    def write(self, values: Mapping[str, Any], actor: str, own: bool = False) -> None:
        if "bad" in values.values():
            raise Invalid(problems=[Problem("value", Message("bad", "坏"))])
        self.record.update(values)

    def adopt(self) -> Message | None:
        why = self.record.get("conflict")
        return Message(why, why) if why else None

    def rebase(self) -> None:
        self.record.pop("conflict", None)

    def perform(self, actions: Sequence[Mapping[str, Any]]) -> Message | None:
        if self.failing:
            return Message("it failed", "失败")
        self.done.extend(actions)
        for action in actions:
            self.record.update(action.get("update", {}))
        return None


class Play:
    """One instance played through: commands by name, the clock, timers in their order, a child instance."""

    def __init__(self, text: str | Mapping[str, Any], office: Office | None = None, **record: Any) -> None:
        self.definition = definition(text)
        self.office = office or Office()
        self.record: dict[str, Any] = {"amount": 0, **record}
        self.now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # Monday 09:00 in Shanghai
        self.state = Instance()
        self.events: list[Event] = []
        self.failing = False
        self.done: list[Any] = []

    def world(self) -> World:
        return World(self.now, self.office, self.record, done=self.done, failing=self.failing)

    def do(self, name: str, actor: str, task: int | None = None, admin: bool = False, **args: Any) -> list[Event]:
        """A command; refusals leave everything as it was."""
        before = deepcopy(self.record)
        command = Command(name, actor, task, args, admin)
        try:
            self.state, events = step(self.definition, self.state, command, self.world())
        except Exception:
            self.record.clear()
            self.record.update(before)
            raise
        self.events += events
        assert dump(fold(self.events)) == dump(self.state)
        assert dump(load(dump(self.state))) == dump(self.state)
        return events

    def start(self, actor: str = "li", **args: Any) -> Play:
        self.do("start", actor, **args)
        return self

    def world_now(self) -> str:
        """This moment as events write it."""
        return stamp(self.now)

    def task(self, person: str) -> Task:
        """The open task of somebody."""
        found = [one for one in self.state.tasks.values() if one.assignee == person and one.state == "open"]
        assert found, f"{person} has no open task; open: {self.open()}"
        return found[-1]

    def says(self, person: str, word: str, **args: Any) -> Play:
        """Somebody decides his open task."""
        self.do(word, person, self.task(person).id, **args)
        return self

    def asking(self) -> Asking:
        """The question for people, at no step."""
        return Asking(self.definition, self.state, self.world())

    def open(self) -> list[str]:
        """Who has an open task, in order."""
        return [one.assignee for one in self.state.tasks.values() if one.state == "open"]

    def nodes(self) -> list[str]:
        """The nodes that are active."""
        return [run.node for run in self.state.active()]

    def forward(self, until: datetime | timedelta) -> Play:
        """Move the clock; timers fire at their moments."""
        end = self.now + until if isinstance(until, timedelta) else until
        while True:
            due = sorted((one.fire_at, one.id) for one in self.state.timers.values() if one.state == "scheduled")
            if not due or moment_of(due[0][0]) > end:
                break
            self.now = max(self.now, moment_of(due[0][0]))
            self.do("fire", SYSTEM, timer=due[0][1])
        self.now = end
        return self


def definition(text: str | Mapping[str, Any]) -> Definition:
    doc = yaml.safe_load(text) if isinstance(text, str) else text
    return compile_flow(
        {"workflow": "w", "object": "thing", **doc}, CATALOG, lambda source: ["amount"] if "amount" in source else []
    )
