"""What the core may ask of the world outside: people, the record, the clock. Whoever runs it gives an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from runtime.base.errors import Message
from runtime.engine.flow.worktime import Calendar


class Deputy(NamedTuple):
    """Who stands in for somebody; ``shared``: who is represented may act as well."""

    person: str
    shared: bool = False


class Directory(Protocol):
    """The people and departments of a workspace, by their ids."""

    def active(self, user: str) -> bool:
        """Whether somebody is there and may work."""

    def find(self, text: str) -> str | None:
        """Somebody by id or login name."""

    def manager(self, user: str) -> str | None:
        """Somebody's manager."""

    def handover(self, user: str) -> str | None:
        """Who has taken over the work of somebody who has left."""

    def department(self, user: str) -> str | None:
        """Somebody's department."""

    def head(self, department: str) -> str | None:
        """Who leads a department."""

    def above(self, department: str) -> str | None:
        """The department above."""

    def members(self, department: str) -> Sequence[str]:
        """The active people of a department."""

    def has_role(self, user: str, role: str) -> bool:
        """Whether somebody has a role."""

    def in_role(self, role: str) -> Sequence[str]:
        """The active people in a role."""

    def admins(self) -> Sequence[str]:
        """The active administrators."""

    def busy(self, people: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """How many open tasks each of the people has, and when he got his last one; nobody without any is named."""

    def delegate(self, user: str, workflow: str, now: datetime) -> Deputy | None:
        """Who stands in for somebody now."""


class Env(Protocol):
    """One command's world; the clock stands still while it is carried out."""

    @property
    def now(self) -> datetime:
        """This moment."""

    @property
    def directory(self) -> Directory:
        """The people."""

    @property
    def calendar(self) -> Calendar:
        """The working calendar: the workflow's, else the usual one."""

    def calendar_of(self, person: str) -> Calendar:
        """The working calendar that counts for somebody: the workflow's, else his department's, else the usual one."""

    def condition(self, source: str | bool) -> bool:
        """Whether a condition holds for the record now."""

    def value(self, source: str) -> Any:
        """What a formula gives for the record now."""

    def again(self, source: str) -> datetime:
        """When to look again at a formula that gives neither a moment nor true, if nobody asks before."""

    def people(self, path: str) -> Sequence[str]:
        """The people, or the departments' people, that a field of the record names."""

    def department(self, path: str) -> str | None:
        """The department that a field of the record names, or that of the person it names."""

    def values(self, fields: Sequence[str]) -> Mapping[str, Any]:
        """The values of fields now, to be compared later."""

    def missing(self, fields: Sequence[str]) -> Sequence[str]:
        """Those of the fields that are blank."""

    def demand_rules(self) -> None:
        """The record, as it stands, keeps every rule. Raises Invalid with all that is wrong."""

    def write(self, values: Mapping[str, Any], actor: str, own: bool = False) -> None:
        """Set fields of the record; ``own``: only those that the actor may set anyhow. Raises DougongError."""

    def mend(self, values: Mapping[str, Any], lines: Mapping[str, Any], actor: str) -> None:
        """Change what the actor has asked for, its lines too, as far as he may set it. Raises DougongError."""

    def adopt(self) -> Message | None:
        """Put the change that the instance is about into force; gives what stands against it."""

    def rebase(self) -> None:
        """That change is meant for the record as it stands now. Raises Conflict when nothing of it is left."""

    def perform(self, actions: Sequence[Mapping[str, Any]]) -> Message | None:
        """Carry actions out; gives what was wrong, and then nothing of them has happened."""
