"""template: apps that come with the product."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from runtime.base.errors import Message, NotFound
from runtime.commands.base import Place, ensure_layout, place_options, table, workspace_of
from runtime.engine import publish, samples
from runtime.engine.entries import Refs
from runtime.engine.workspace import Session, Workspace
from runtime.meta import load
from runtime.meta.model import label_of
from runtime.web.http import Services

TEMPLATES = Path(__file__).parent.parent.parent / "templates"


@click.group(name="template")
def group() -> None:
    """App templates."""


@group.command(name="list")
@place_options
def list_(place: Place) -> None:
    """The templates that come with the product."""
    rows = []
    for folder in sorted(one.parent for one in TEMPLATES.glob("*/app.yaml")):
        found = load.read(folder).get("app", folder.name)
        data = found.data if found else {}
        label = label_of(data.get("label"), folder.name)
        rows.append({"name": folder.name, "version": data.get("version"), "label": label[place.output.language]})
    place.output.show(rows, table(rows, ("name", "version", "label")))


@group.command(name="install")
@click.argument("name")
@click.option("--no-sample-data", is_flag=True, help="Without sample data.")
@place_options
def install_command(place: Place, name: str, no_sample_data: bool) -> None:
    """Install a template with what it requires."""
    with place.services() as services:
        ensure_layout(services)
        workspace = workspace_of(services, place.workspace)
        found = install(services, workspace, name, not no_sample_data, place.output.progress)
        made = {"installed": name, "users": found.users, "password": found.password}
        place.output.show(made, [f"installed {name}", *people_lines(found, place.output.language)])


def people_lines(found: samples.Loading, language: str) -> list[str]:
    """What is said of the people of the sample data: how to log in as one of them."""
    if not found.users:
        return []
    names = ", ".join(found.users)
    if language == "zh":
        return [f"示例用户（密码均为 {found.password}，仅显示一次）：{names}"]
    return [f"sample users, all with the password {found.password} (shown once): {names}"]


def no_template(name: str) -> NotFound:
    """What is said of a template that there is not."""
    known = ", ".join(sorted(one.parent.name for one in TEMPLATES.glob("*/app.yaml")))
    return NotFound(
        Message(f"there is no template {name[:40]!r}; there are {known}", f"没有名为“{name[:40]}”的模板；现有：{known}")
    )


def install(
    services: Services,
    workspace: Workspace,
    name: str,
    sample_data: bool,
    progress: Callable[[str], None],
    refs: Refs | None = None,
) -> samples.Loading:
    """Publish a template's app and those it requires, each with its sample data where it was not there before.

    ``refs`` are the names that rows of sample data give each other. Raises NotFound, Invalid.
    """
    folder = TEMPLATES / name
    if "/" in name or name.startswith(".") or not (folder / "app.yaml").exists():
        raise no_template(name)
    loaded = load.read(folder)
    app = loaded.get("app", name)
    session = Session(workspace, user_id=None, channel="import")
    names = refs if refs is not None else {}
    done = samples.Loading()
    for required in (app.data.get("requires") or {}) if app else {}:
        session.settle()
        if required not in session.model.apps:
            done.add(install(services, workspace, str(required), sample_data, progress, names))
    session.settle()
    fresh = name not in session.model.apps
    progress(f"installing {name}")
    publish.publish(workspace, loaded, note=f"template {name}")  # A hundred indexes: nobody wants to read them.
    if sample_data and fresh:
        session.settle()
        done.add(samples.load(session, loaded, names, progress, done.password))
    return done
