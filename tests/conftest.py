"""Servers and databases for tests: throw-away clusters, a fresh copy of a prepared database for each test."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from werkzeug.test import TestResponse

from runtime.app import create_app
from runtime.base.kind import Catalog
from runtime.config import Settings, bundled_plugins
from runtime.engine import accounts, publish
from runtime.engine.planning import Plan
from runtime.engine.workspace import Session, Workspace, Workspaces, make_token
from runtime.kinds.catalog import load_catalog
from runtime.meta import load
from runtime.store import migrate, people, provisioning
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from runtime.web.http import Services
from runtime.web.limits import Limits
from runtime.web.metrics import Metrics

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def throw_away(binaries: Path | None = None) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="dougong-test-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, binaries, durable=False)
    try:
        yield cluster.start()
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pg18_dsn() -> Iterator[str]:
    """A connection string of a throw-away PostgreSQL 18."""
    yield from throw_away()


@pytest.fixture(scope="session")
def pg15_dsn() -> Iterator[str]:
    """A connection string of a throw-away PostgreSQL 15, where its programs are installed."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed (package postgresql-15)")
    yield from throw_away(DEBIAN_15)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """All kinds, with those of the bundled plugins."""
    return load_catalog(bundled_plugins())


@pytest.fixture(scope="session", params=["18", "15"])
def server_dsn(request: pytest.FixtureRequest) -> str:
    """Both supported servers, one after the other: for tests of the store."""
    return str(request.getfixturevalue(f"pg{request.param}_dsn"))


def prepared(dsn: str, name: str) -> str:
    """A database with the shared layout and an empty workspace ``main``, to be copied for each test."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    made = make_conninfo(dsn, dbname=name)
    database = Database(made, pool_size=2)
    migrate.migrate_shared(database)
    provisioning.create(database, "main")
    database.close()
    return made


@pytest.fixture(scope="session")
def template_18(pg18_dsn: str) -> str:
    """The name of the prepared database on PostgreSQL 18."""
    prepared(pg18_dsn, "prepared")
    return "prepared"


@pytest.fixture
def dsn(pg18_dsn: str, template_18: str) -> Iterator[str]:
    """A fresh database with an empty workspace ``main`` (PostgreSQL 18)."""
    yield from copied(pg18_dsn, template_18)


def copied(dsn: str, template: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex[:16]}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_conninfo(dsn, dbname=name)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Shop:
    """An installation under test: services, a workspace, a way to publish documents and to ask over HTTP."""

    def __init__(self, dsn: str, folder: Path, catalog: Catalog) -> None:
        self.settings = Settings(dsn, folder, "a secret of tests", folder / "files", logins_per_minute=1000)
        self.database = Database(dsn, pool_size=8)
        self.services = Services(
            self.settings, Workspaces(self.database, catalog), Limits(1000), Metrics(self.database)
        )
        self.catalog = catalog
        self.app = create_app(self.settings, self.services)
        self._users: dict[str, tuple[str, str]] = {}

    @property
    def workspace(self) -> Workspace:
        return self.services.workspaces.named("main")

    def session(self, user: str | None = None, channel: str = "test") -> Session:
        """A session as the system, or as a user that :meth:`user` made."""
        return Session(self.workspace, user_id=self._users[user][0] if user else None, channel=channel)

    def publish(self, *documents: str, app: str = "shop") -> Plan:
        """Publish YAML documents as the app ``shop``."""
        texts = [("app.yaml", f"app: {app}\nversion: 1.0.0\nlabel: {{en: Shop, zh: 商店}}\n")]
        texts += [(f"documents/{number}.yaml", text) for number, text in enumerate(documents)]
        return publish.publish(self.workspace, load.from_texts(texts, app))[1]

    def publish_folder(self, path: Path) -> Plan:
        """Publish an app's folder."""
        return publish.publish(self.workspace, load.read(path))[1]

    def user(self, name: str, *roles: str, **more: object) -> str:
        """A new user's id; he can ask over HTTP from now on."""
        session = self.session()
        session.settle()
        made = accounts.create_user(session, {"name": name, "roles": list(roles), **more})
        token, digest = make_token(self.workspace.schema)
        people.add_token(self.database, self.workspace.schema, made["id"], "test", digest, None)
        self._users[name] = (made["id"], token)
        return str(made["id"])

    def token(self, user: str) -> str:
        """The bearer token of a user."""
        return self._users[user][1]

    def ask(
        self,
        method: str,
        path: str,
        user: str | None = "admin",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """A request to the API; ``path`` below ``/api/v1``."""
        sent = dict(headers or {})
        if user is not None:
            sent["Authorization"] = f"Bearer {self._users[user][1]}"
        client = self.app.test_client()
        return client.open(f"/api/v1{path}", method=method, headers=sent, **more)


@pytest.fixture(scope="module")
def shared_shop(
    pg18_dsn: str, template_18: str, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """An installation with an administrator ``admin`` for all tests of one file, which leave each other alone."""
    for dsn in copied(pg18_dsn, template_18):
        made = Shop(dsn, tmp_path_factory.mktemp("shop"), catalog)
        made.user("admin", "admin")
        yield made
        made.database.close()


@pytest.fixture
def shop(dsn: str, tmp_path: Path, catalog: Catalog) -> Iterator[Shop]:
    """An empty installation with an administrator ``admin``."""
    made = Shop(dsn, tmp_path, catalog)
    made.user("admin", "admin")
    yield made
    made.database.close()
