"""The people of a workspace as workflows ask for them: who manages whom, who leads what, who is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from weakref import WeakKeyDictionary

from runtime.engine.flow.world import Deputy
from runtime.engine.workspace import ADMIN, Session, Snapshot
from runtime.store import people, standins, taskboxes
from runtime.store.database import Database


class Everybody:
    """All people and departments under one stamp."""

    def __init__(self, snapshot: Snapshot) -> None:
        workspace = snapshot.workspace
        self.users = {one.id: one for one in people.users(workspace.database, workspace.schema)}
        self.by_name = {one.name: one.id for one in self.users.values()}
        self.departments = {one.id: one for one in snapshot.departments}
        model = snapshot.model
        roles = model.pieces.get("role", {})
        self.managing = {ADMIN, *(name for name, piece in roles.items() if piece.doc.get("administer"))}
        self._workspace = workspace

    @cached_property
    def arranging(self) -> frozenset[str]:
        """Who may have a stand-in: a first one moves the stamp."""
        return standins.arranging(self._workspace.database, self._workspace.schema)


_known: WeakKeyDictionary[Snapshot, Everybody] = WeakKeyDictionary()


def everybody(snapshot: Snapshot) -> Everybody:
    """The people under a snapshot, read once."""
    found = _known.get(snapshot)
    if found is None:
        found = _known[snapshot] = Everybody(snapshot)
    return found


class People:
    """What :class:`runtime.engine.flow.world.Directory` promises, over the workspace's people."""

    def __init__(self, session: Session, database: Database) -> None:
        self.all = everybody(session.snapshot)
        self.database = database
        self.schema = session.workspace.schema

    def active(self, user: str) -> bool:
        """Whether somebody is there and may work."""
        found = self.all.users.get(user)
        return found is not None and found.active

    def find(self, text: str) -> str | None:
        """Somebody by id or login name."""
        return text if text in self.all.users else self.all.by_name.get(text)

    def manager(self, user: str) -> str | None:
        """Somebody's manager."""
        found = self.all.users.get(user)
        return found.manager if found else None

    def handover(self, user: str) -> str | None:
        """Who is named to take over the work of somebody who has left."""
        found = self.all.users.get(user)
        return found.handover if found else None

    def department(self, user: str) -> str | None:
        """Somebody's department."""
        found = self.all.users.get(user)
        return found.department if found else None

    def head(self, department: str) -> str | None:
        """Who leads a department."""
        found = self.all.departments.get(department)
        return found.head if found else None

    def above(self, department: str) -> str | None:
        """The department above."""
        found = self.all.departments.get(department)
        return found.parent if found else None

    def members(self, department: str) -> Sequence[str]:
        """The active people of a department, by its id or name."""
        ids = {one.id for one in self.all.departments.values() if department in (one.id, one.name)}
        return [one.id for one in self.all.users.values() if one.active and one.department in ids]

    def has_role(self, user: str, role: str) -> bool:
        """Whether somebody has a role."""
        found = self.all.users.get(user)
        return found is not None and role in found.roles

    def in_role(self, role: str) -> Sequence[str]:
        """The active people in a role."""
        return [one.id for one in self.all.users.values() if one.active and role in one.roles]

    def admins(self) -> Sequence[str]:
        """The active administrators."""
        return [one.id for one in self.all.users.values() if one.active and self.all.managing & set(one.roles)]

    def busy(self, people: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """How many open tasks each of the people has, and when he last got or did one."""
        return taskboxes.busy(self.database, self.schema, people)

    def delegate(self, user: str, workflow: str, now: datetime) -> Deputy | None:
        """Who stands in for somebody now."""
        if user not in self.all.arranging:
            return None
        found = standins.delegate(self.database, self.schema, user, workflow, now)
        return Deputy(found[0], found[1] == standins.SHARE) if found else None
