"""One workspace at work: the live model, the people, and sessions that notice when either has changed.

Nothing is cached that another process could make stale: every statement also reads the stamp of the workspace,
and a session that meets another stamp than its own looks everything up again and repeats.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from runtime.base.errors import DougongError, Message, NotFound, Unauthorized, Unavailable
from runtime.base.kind import Catalog
from runtime.engine.workdays import Workdays
from runtime.formula.env import Env
from runtime.kinds.field import Context
from runtime.meta import build, load
from runtime.meta.compiled import Formulas
from runtime.meta.model import EMPTY, Model
from runtime.store import people, versions, workspaces
from runtime.store.database import Database
from runtime.store.layout import Layout

if TYPE_CHECKING:
    from runtime.engine.access import ObjectAccess

T = TypeVar("T")

#: The built-in role that may do everything.
ADMIN = "admin"
#: The picture of a workspace that its pages show.
LOGO = "logo"
TRIES = 4
LOGIN_AGAIN = Message("Please log in again", "请重新登录")


@dataclass(frozen=True)
class Person:
    """Who acts: a user with roles, or the system itself (``id`` None)."""

    id: str | None
    name: str
    title: str
    roles: tuple[str, ...]
    department: str | None
    departments: tuple[str, ...]
    departments_above: tuple[str, ...]
    manager: str | None
    language: str | None
    time_zone: str | None
    administrator: bool
    build: frozenset[str]
    access: dict[str, ObjectAccess] = field(default_factory=dict, compare=False, hash=False)
    #: What pages keep of all that follows from the rights, a menu say.
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, hash=False)

    @cached_property
    def formula_user(self) -> Mapping[str, Any]:
        """The person as ``USER`` in formulas."""
        return {
            "id": self.id,
            "name": self.title,
            "department": self.department,
            "departments": self.departments,
            "manager": self.manager,
            "roles": self.roles,
        }


SYSTEM = Person(None, "system", "System", (ADMIN,), None, (), (), None, None, None, True, frozenset({"*"}))


class Snapshot:
    """Everything of one workspace under one stamp: immutable but for caches that follow from it."""

    def __init__(self, workspace: Workspace, live: versions.Live, model: Model, shared: frozenset[str]) -> None:
        self.workspace = workspace
        self.stamp = live.stamp
        self.version = live.version
        self.convert = live.convert
        self.model = model
        self.shared = shared
        self.layout = workspace.layout(model, workspace.formulas(live.version, model), live)
        self.formulas = workspace.formulas(live.version, model)
        self._people: dict[str, Person] = {}
        self._tokens: dict[bytes, tuple[str, datetime | None]] = {}

    @cached_property
    def departments(self) -> Sequence[people.Department]:
        """All departments of the workspace."""
        return people.departments(self.workspace.database, self.workspace.schema)

    @cached_property
    def logo(self) -> str:
        """A text that changes with the workspace's logo, '' when it has none."""
        return workspaces.picture_mark(self.workspace.database, self.workspace.schema, LOGO)

    @cached_property
    def workdays(self) -> Workdays:
        """The working calendars, by which formulas count days."""
        return Workdays(self.workspace.database, self.workspace.schema)

    def env(self, person: Person, moment: datetime | None = None) -> Env:
        """What formulas may know when this person works here, now or at another moment."""
        return replace(self.workspace.env(person, moment), calendars=self.workdays)

    @cached_property
    def system(self) -> Person:
        """The system itself, with what is kept of its rights under this snapshot."""
        return replace(SYSTEM, access={}, kept={})

    def person(self, user_id: str) -> Person:
        """The user with this id. Raises Unauthorized when there is none or not any more."""
        found = self._people.get(user_id)
        if found is None:
            row = people.user_by_id(self.workspace.database, self.workspace.schema, user_id)
            if row is None or not row.active:
                raise Unauthorized(LOGIN_AGAIN)
            found = self._people[user_id] = self._make(row)
        return found

    def _make(self, row: people.User) -> Person:
        documents = [found for found in (self.model.piece("role", name) for name in row.roles) if found]
        administrator = ADMIN in row.roles or any(bool(one.doc.get("administer")) for one in documents)
        build_rights = {str(app) for one in documents for app in one.doc.get("build", ())}
        if ADMIN in row.roles:
            build_rights.add("*")
        return Person(
            id=row.id,
            name=row.name,
            title=row.title,
            roles=tuple(row.roles),
            department=row.department,
            departments=people.below(self.departments, row.department),
            departments_above=people.above(self.departments, row.department),
            manager=row.manager,
            language=row.language,
            time_zone=row.time_zone,
            administrator=administrator,
            build=frozenset(build_rights),
        )

    def token(self, digest: bytes) -> tuple[str, datetime | None]:
        """(user, expiry) of a token by its hash. Raises Unauthorized."""
        found = self._tokens.get(digest)
        if found is None:
            row = people.token(self.workspace.database, self.workspace.schema, digest)
            if row is None:
                raise Unauthorized(LOGIN_AGAIN)
            found = self._tokens[digest] = (row[1], row[2])
        if found[1] is not None and found[1] <= datetime.now(UTC):
            raise Unauthorized(LOGIN_AGAIN)
        return found


class Workspace:
    """One workspace in this process."""

    def __init__(self, database: Database, catalog: Catalog, row: workspaces.WorkspaceRow) -> None:
        self.database = database
        self.catalog = catalog
        self.row = row
        self.schema = row.schema
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        self._model: tuple[int, Model] = (0, EMPTY)
        self._layout: tuple[tuple[int, Mapping[str, Sequence[str]]], Layout] | None = None
        self._formulas: tuple[int, Formulas] | None = None

    def layout(self, model: Model, formulas: Formulas, live: versions.Live) -> Layout:
        """The layout of a version; used on while the version is live and the same kept values can be relied on."""
        state = (live.version, live.kept)
        if self._layout is None or self._layout[0] != state:
            self._layout = (state, Layout(self.schema, model, formulas.kept, live.kept))
        return self._layout[1]

    def formulas(self, version: int, model: Model) -> Formulas:
        """The compiled formulas of a version; kept while the version is live."""
        if self._formulas is None or self._formulas[0] != version:
            self._formulas = (version, Formulas(model))
        return self._formulas[1]

    def snapshot(self, after: int | None = None) -> Snapshot:
        """The newest known state; looked up anew when its stamp is ``after``, the one that proved old."""
        found = self._snapshot
        if found is not None and found.stamp != after:
            return found
        with self._lock:
            if self._snapshot is None or self._snapshot.stamp == after:
                self._snapshot = self._load()
            return self._snapshot

    def _load(self) -> Snapshot:
        self.row = workspaces.by_schema(self.database, self.schema) or self.row
        live = versions.live(self.database, self.schema)
        if self._model[0] != live.version:
            self._model = (live.version, self.read_model(live.version))
        return Snapshot(self, live, self._model[1], people.shared_objects(self.database, self.schema))

    def adopt(self, other: Workspace, model: Model | None = None, version: int | None = None) -> None:
        """Begin with what another has read and compiled; ``model`` in the place of its own."""
        number = other._model[0] if version is None else version
        self._model = (number, model or other._model[1])
        if model is None:
            self._layout, self._formulas = other._layout, other._formulas

    def read_model(self, version: int) -> Model:
        """The model of any version, from its documents."""
        if version == 0:
            return EMPTY
        texts = versions.documents(self.database, self.schema, version)
        loaded = load.together(load.from_texts(entries, app) for app, entries in texts.items())
        return build.build(loaded, self.catalog, versions.keys(self.database, self.schema, version))

    def context(self, person: Person) -> Context:
        """What field types may know when this person works here."""
        return Context(
            language=person.language or self.row.language,
            time_zone=person.time_zone or self.row.time_zone,
            region=self.row.region,
            currency=self.row.currency,
        )

    def env(self, person: Person, moment: datetime | None = None) -> Env:
        """What formulas may know when this person works here, now or at another moment."""
        return Env(now=moment or datetime.now(UTC), tz=self.row.time_zone, user=person.formula_user)

    @cached_property
    def live_table(self) -> str:
        """The table with the stamp, quoted and qualified."""
        return Layout(self.schema, EMPTY).system("s_live")


class Session:
    """One caller's work in one workspace: who, through what channel, under which snapshot."""

    #: The workflow whose step is being done, where it is one that writes.
    workflow: str | None = None
    #: The instance whose approved change is being put into force.
    applying: str | None = None
    #: The moment that holds for all that is asked; None: for each question its own.
    moment: datetime | None = None

    def __init__(self, workspace: Workspace, *, user_id: str | None, channel: str, digest: bytes | None = None) -> None:
        self.workspace = workspace
        self.channel = channel
        self.user_id = user_id
        #: Which workflow the writes of this session are due to, as JSON.
        self.cause = ""
        self._digest = digest
        self.snapshot = workspace.snapshot()
        self.person = self._who()

    def _who(self) -> Person:
        if self._digest is not None:
            self.user_id = self.snapshot.token(self._digest)[0]
        return self.snapshot.system if self.user_id is None else self.snapshot.person(self.user_id)

    def renew(self) -> None:
        """Look everything up again. Raises Unauthorized when the caller has lost his access."""
        self.snapshot = self.workspace.snapshot(after=self.snapshot.stamp)
        self.person = self._who()

    def current(self, stamp: int) -> bool:
        """True when the session still works with what is in force; else it has been renewed: repeat."""
        if stamp == self.snapshot.stamp:
            return True
        self.renew()
        return False

    def settle(self) -> bool:
        """True when the session works with what is in force now; else it is renewed first.

        Whoever refuses from what he remembers must ask this before: the object may be there since a moment ago.
        """
        return self.current(versions.live(self.database, self.workspace.schema).stamp)

    def repeating(self, work: Callable[[], tuple[int, T]]) -> T:
        """The result of ``work`` under a stamp that held: ``work`` gives (stamp seen, result)."""
        for _ in range(TRIES):
            stamp, found = work()
            if self.current(stamp):
                return found
        raise Unavailable(
            Message("the application is being changed right now, please repeat", "应用正在更新，请重试"),
            extra={"retry_after": 1},
        )

    @cached_property
    def database(self) -> Database:
        """The database of the workspace."""
        return self.workspace.database

    @property
    def model(self) -> Model:
        """The live model."""
        return self.snapshot.model

    @property
    def layout(self) -> Layout:
        """The live layout."""
        return self.snapshot.layout

    @property
    def formulas(self) -> Formulas:
        """The compiled formulas of the live model."""
        return self.snapshot.formulas

    def env(self) -> Env:
        """What formulas may know now."""
        return self.snapshot.env(self.person, self.moment)

    def context(self) -> Context:
        """What field types may know."""
        return self.workspace.context(self.person)

    @property
    def language(self) -> str:
        """The caller's language."""
        return self.person.language or self.workspace.row.language


P = ParamSpec("P")


def settled(work: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """A refusal counts only when it holds for what is in force; otherwise the work is done again."""

    @wraps(work)
    def sure(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return work(session, *args, **kwargs)
            except Unavailable:
                raise  # Asking whether it holds would only wait a second time.
            except DougongError:
                if session.settle():
                    raise
        return work(session, *args, **kwargs)

    return sure


class Workspaces:
    """The workspaces that this process has met."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self.database = database
        self.catalog = catalog
        self._by_name: dict[str, Workspace] = {}
        self._by_schema: dict[str, Workspace] = {}
        self._lock = Lock()

    def named(self, name: str) -> Workspace:
        """The workspace called ``name``. Raises NotFound."""
        found = self._by_name.get(name)
        if found is None:
            found = self._keep(workspaces.find(self.database, name))
        return found

    def in_schema(self, schema: str) -> Workspace:
        """The workspace with this schema, as tokens name it. Raises Unauthorized."""
        found = self._by_schema.get(schema)
        if found is None:
            row = workspaces.by_schema(self.database, schema)
            if row is None:
                raise Unauthorized(LOGIN_AGAIN)
            found = self._keep(row)
        return found

    def _keep(self, row: workspaces.WorkspaceRow) -> Workspace:
        with self._lock:
            found = self._by_schema.get(row.schema)
            if found is None:
                found = Workspace(self.database, self.catalog, row)
                self._by_schema[row.schema] = self._by_name[row.name] = found
            return found

    def forget(self, name: str) -> None:
        """Look a workspace up again at its next use."""
        with self._lock:
            found = self._by_name.pop(name, None)
            if found is not None:
                self._by_schema.pop(found.schema, None)

    def session(self, token: str, channel: str) -> Session:
        """The session of a bearer token. Raises Unauthorized."""
        schema, digest = read_token(token)
        try:
            workspace = self.in_schema(schema)
        except NotFound:
            raise Unauthorized(LOGIN_AGAIN) from None
        return Session(workspace, user_id=None, channel=channel, digest=digest)


def make_token(schema: str) -> tuple[str, bytes]:
    """A new bearer token and the hash to keep. It names its workspace, so that one look-up finds it."""
    token = f"dg_{schema.removeprefix('w_')}_{secrets.token_urlsafe(32)}"
    return token, hashlib.sha256(token.encode()).digest()


def read_token(token: str) -> tuple[str, bytes]:
    """(schema, hash) of a bearer token. Raises Unauthorized."""
    parts = token.split("_", 2)
    if len(parts) != 3 or parts[0] != "dg" or not parts[1].isalnum() or len(token) > 200:
        raise Unauthorized(LOGIN_AGAIN)
    return f"w_{parts[1]}", hashlib.sha256(token.encode()).digest()
