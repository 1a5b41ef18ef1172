"""What all commands share: where the installation is, how results and refusals are printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from runtime.app import make_services
from runtime.base.errors import Conflict, DougongError, Invalid, Message
from runtime.base.values import dump_text
from runtime.config import from_environment
from runtime.engine.workspace import Session, Workspace
from runtime.store import migrate, people, provisioning, revisions, workspaces
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from runtime.web.http import Services

P = ParamSpec("P")
R = TypeVar("R")
ADDRESS = "DOUGONG_DATABASE_URL"


@dataclass
class Output:
    """How a command speaks: JSON for scripts or lines for people, in the terminal's language."""

    as_json: bool
    language: str

    def show(self, value: Any, lines: Sequence[str] | str) -> None:
        """Print a result."""
        if self.as_json:
            click.echo(json.dumps(json.loads(dump_text(value)), ensure_ascii=False, indent=2))
        else:
            for line in [lines] if isinstance(lines, str) else lines:
                click.echo(line)

    def progress(self, text: str) -> None:
        """Print how far long work is, beside the result."""
        if not self.as_json:
            click.echo(text, err=True)


def terminal_language() -> str:
    """The language of the terminal: Chinese where the environment says so."""
    for name in ("DOUGONG_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        found = os.environ.get(name)
        if found:
            return "zh" if found.lower().startswith("zh") else "en"
    return "en"


@dataclass
class Place:
    """Which installation and workspace a command works on."""

    data: Path
    workspace: str
    output: Output

    @contextmanager
    def services(self, *, pool: int = 4) -> Iterator[Services]:
        """The installation's services, its embedded server running meanwhile."""
        with self.database_address() as dsn:
            settings = from_environment(dsn, self.data, pool_size=pool)
            database = Database(dsn, pool_size=pool, statement_timeout="0")
            try:
                yield make_services(settings, database)
            finally:
                database.close()

    @contextmanager
    def database_address(self) -> Iterator[str]:
        """The database of the environment, or the embedded one of the data folder."""
        given = os.environ.get(ADDRESS)
        if given:
            yield given
            return
        cluster = Cluster(self.data)
        try:
            yield cluster.start()
        finally:
            cluster.stop()

    @contextmanager
    def session(self, user: str | None = None, *, channel: str = "cli") -> Iterator[tuple[Services, Session]]:
        """A session as the system, or as a user with his rights."""
        with self.services() as services:
            ensure_layout(services)
            workspace = services.workspaces.named(self.workspace)
            yield services, session_for(workspace, user, channel)


def ensure_layout(services: Services) -> None:
    """Make the shared layout where there is none at all; an old one is brought up to date by `migrate` alone."""
    waiting = revisions.pending(services.workspaces.database)
    if waiting == [revisions.SHARED]:
        migrate.migrate_shared(services.workspaces.database)
        return
    if waiting:
        names = ", ".join(waiting)
        raise Invalid(
            Message(
                f"the database layout is older ({names}): run 'dougong migrate'",
                f"数据库结构较旧（{names}）：请执行 dougong migrate",
            )
        )


def session_for(workspace: Workspace, user: str | None, channel: str) -> Session:
    """A session of a user by name. Raises Invalid."""
    if user is None:
        return Session(workspace, user_id=None, channel=channel)
    found = people.user_by_name(workspace.database, workspace.schema, user)
    if found is None or not found.active:
        raise Invalid(Message(f"there is no active user {user!r}", f"没有名为“{user}”的启用用户"))
    return Session(workspace, user_id=found.id, channel=channel)


def place_options(command: Callable[P, R]) -> Callable[..., R]:
    """The options that every command takes; the command gets a :class:`Place` first."""

    @click.option("--data", type=click.Path(path_type=Path), default=Path("data"), envvar="DOUGONG_DATA",
                  show_default=True, help="The data folder.")  # fmt: skip
    @click.option("--workspace", "-W", default="main", show_default=True, help="The workspace.")
    @click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
    @wraps(command)
    def wrapped(*args: Any, data: Path, workspace: str, as_json: bool, **kwargs: Any) -> R:
        output = Output(as_json, terminal_language())
        place = Place(data.resolve(), workspace, output)
        try:
            return command(place, *args, **kwargs)  # type: ignore[arg-type]
        except DougongError as error:
            refuse(output, error)
        except OSError as error:
            if error.filename is None:
                raise
            refuse(output, unusable(error))

    return wrapped


def unusable(error: OSError) -> Invalid:
    """What is said of a file or folder that cannot be read or written."""
    why = error.strerror or str(error)
    return Invalid(Message(f"{error.filename} cannot be used: {why}", f"无法使用 {error.filename}：{why}"))


def refuse(output: Output, error: DougongError) -> NoReturn:
    """Say a refusal on stderr and end with status 1."""
    if output.as_json:
        body = {"title": error.title.text(output.language), "detail": error.detail(output.language),
                "errors": [one.json(output.language) for one in error.problems]}  # fmt: skip
        click.echo(json.dumps(json.loads(dump_text(body)), ensure_ascii=False, indent=2), err=True)
    else:
        click.echo(error.show(output.language), err=True)
    sys.exit(1)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Rows as aligned lines for people."""
    if not rows:
        return ["(none)"]
    cells = [[text(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(row[number]) for row in cells)) for number, column in enumerate(columns)]
    lines = ["  ".join(column.ljust(width) for column, width in zip(columns, widths, strict=True)).rstrip()]
    return lines + [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def text(value: Any) -> str:
    """A cell for people."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def workspace_of(services: Services, name: str) -> Workspace:
    """The workspace called ``name``, made where it is the default one and there is none."""
    database = services.workspaces.database
    if name == "main" and not workspaces.everyone(database):
        with suppress(Conflict):  # Another process has been faster.
            provisioning.create(database, name)
    return services.workspaces.named(name)
