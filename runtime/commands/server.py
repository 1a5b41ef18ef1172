"""run, serve, migrate, doctor: the installation itself."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import NoReturn

import click

from runtime.base.errors import DougongError, Message
from runtime.commands.base import ADDRESS, Place, place_options, terminal_language, workspace_of
from runtime.commands.templates import TEMPLATES, install, no_template, people_lines
from runtime.engine import accounts, audit, housekeeping, publish, samples, setups
from runtime.engine.workspace import ADMIN, Session, Workspace
from runtime.store import ddl, migrate, outbox, people, revisions, workspaces
from runtime.store.embedded import Cluster
from runtime.version import VERSION
from runtime.web.http import Services

#: What keeps web processes small, unless it is set otherwise: large texts go back to the system when they are done
#: with, and threads share their pools.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_ARENA_MAX": "2"}
ENDING = (signal.SIGINT, signal.SIGTERM)
PORT = click.IntRange(1, 65_535)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Web processes.")
@click.option("--template", default="crm_basic", show_default=True, help="App template of a first start, '' for none.")
@click.option("--no-sample-data", is_flag=True, help="Without the template's sample data.")
@click.option("--admin-password", envvar="DOUGONG_ADMIN_PASSWORD", help="Password of 'admin' at a first start.")
@place_options
def run(
    place: Place, host: str, port: int, workers: int, template: str, no_sample_data: bool, admin_password: str | None
) -> None:
    """Everything in one process tree: embedded PostgreSQL, the web server and the worker."""
    free_port(host, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The database must not stay behind.
    own = [] if os.environ.get(ADDRESS) else ["embedded"]
    with ExitStack() as held:
        if own:
            cluster = Cluster(place.data)
            held.callback(cluster.stop)
            cluster.start()
        with place.services() as services:
            sample = first_start(services, place, template, not no_sample_data, admin_password)
        click.echo(f"Dougong {VERSION}  http://{host}:{port}")
        for line in people_lines(sample, terminal_language()):
            click.echo(line)
        hold()
        held.pop_all()  # The database goes on: the server takes hold of it.
    become_server(place, host, port, workers, *own, "worker")


def free_port(host: str, port: int) -> None:
    """Raise DougongError when somebody else listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DougongError(
                Message(
                    f"cannot listen on {host}:{port}: {error.strerror}; use --port",
                    f"无法监听 {host}:{port}：{error.strerror}，请用 --port 换一个端口",
                )
            ) from None


def first_start(
    services: Services, place: Place, template: str, sample_data: bool, password: str | None
) -> samples.Loading:
    """Bring the layout up to date; at a first start make the workspace, the administrator and the template's app.

    A password that is made here is said at once: what comes after it may be cut off. Gives what came of the sample
    data. Raises NotFound for a template that there is not.
    """
    database = services.workspaces.database
    migrate.migrate_shared(database)
    for row in workspaces.everyone(database):
        migrate.migrate_workspace(database, row.schema)
    workspace = workspace_of(services, place.workspace)
    housekeeping.begin(workspace, place.output.progress)
    if people.users(database, workspace.schema):
        return samples.Loading()
    if template and not (TEMPLATES / template / "app.yaml").exists():
        raise no_template(template)
    chosen = password or secrets.token_urlsafe(9)
    system = Session(workspace, user_id=None, channel="cli")
    accounts.create_user(system, {"name": ADMIN, "roles": [ADMIN], "password": chosen})
    if not password:
        click.echo(
            f"用户名 admin，密码 {chosen}（仅显示一次）"
            if terminal_language() == "zh"
            else f"user admin, password {chosen} (shown once)"
        )
        sys.stdout.flush()
    if not template:
        return samples.Loading()
    return install(services, workspace, template, sample_data, place.output.progress)


def hold() -> None:
    """What asks this process to end waits from now on for the server, which lets go of all that is held."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def become_server(place: Place, host: str, port: int, workers: int, *parts: str) -> NoReturn:
    """Go on as the web server, under the same process id: nothing of what the command had in memory is left."""
    sys.stdout.flush()
    hold()
    environment = {**MEMORY, **os.environ, "DOUGONG_DATA": str(place.data)}
    command = [sys.executable, "-P", "-m", "runtime.serving", host, str(port), str(workers), *parts]
    os.execve(command[0], command, environment)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Web processes.")
@place_options
def serve(place: Place, host: str, port: int, workers: int) -> None:
    """The production web server, over the database of the environment."""
    if not os.environ.get(ADDRESS):
        raise DougongError(Message(f"set {ADDRESS} (or use 'dougong run')", f"请设置 {ADDRESS}（或使用 dougong run）"))
    free_port(host, port)
    with place.services() as services:
        waiting = revisions.pending(services.workspaces.database)
        if waiting:
            raise DougongError(
                Message("the database layout is old: run 'dougong migrate'", "数据库结构较旧：请执行 dougong migrate")
            )
        for row in workspaces.everyone(services.workspaces.database):
            housekeeping.begin(services.workspaces.named(row.name), place.output.progress)
    become_server(place, host, port, workers)


@click.command(name="migrate")
@place_options
def migrate_command(place: Place) -> None:
    """Bring the database layout up to date; a failed step is never skipped."""
    with place.services() as services:
        database = services.workspaces.database
        migrate.migrate_shared(database)
        names = []
        for row in workspaces.everyone(database):
            migrate.migrate_workspace(database, row.schema)
            housekeeping.begin(services.workspaces.named(row.name), place.output.progress)
            names.append(row.name)
        place.output.show({"workspaces": names}, f"up to date: {len(names)} workspaces")


@click.command()
@place_options
def doctor(place: Place) -> None:
    """Look for trouble: server version, layout, settings of web processes and workers that are not the same,
    unfinished publishes, invalid indexes, the audit's chain."""
    found: list[dict[str, object]] = []
    with place.services() as services:
        database = services.workspaces.database
        with database.connection() as connection:
            version = connection.info.server_version // 10000
        found.append({"check": "server", "ok": 15 <= version <= 18, "detail": f"PostgreSQL {version}"})
        waiting = revisions.pending(database)
        found.append({"check": "layout", "ok": not waiting, "detail": ", ".join(waiting)})
        if not waiting:
            language = place.output.language
            wrong = [one.text(language) for one in setups.differing(database)]
            found.append({"check": "settings", "ok": not wrong, "detail": "; ".join(wrong)})
            for row in workspaces.everyone(database):
                found += examine(services.workspaces.named(row.name))
    bad = [one for one in found if not one["ok"]]
    lines = [f"{'ok ' if one['ok'] else 'BAD'}  {one['check']}  {one['detail']}".rstrip() for one in found]
    place.output.show({"checks": found}, lines)
    if bad:
        sys.exit(1)


def examine(workspace: Workspace) -> list[dict[str, object]]:
    """What is to be said of one workspace."""
    name = workspace.row.name
    database = workspace.database
    invalid = [index for index, (_, valid) in ddl.existing_indexes(database, workspace.schema).items() if not valid]
    checks: list[tuple[str, Callable[[], list[object]]]] = [
        ("indexes", lambda: list(invalid)),
        ("audit", lambda: list(audit.broken(workspace))),
        ("values", lambda: list(publish.inconsistent(workspace))),
        ("events", lambda: list(outbox.given_up(workspace.database, workspace.schema, 10))),
    ]
    found = []
    for check, look in checks:
        wrong = look()
        found.append({"check": f"{name} {check}", "ok": not wrong, "detail": ", ".join(map(str, wrong[:10]))})
    return found
