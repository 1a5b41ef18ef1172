"""template: apps that come with the product."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from runtime.base.errors import Invalid, Message, NotFound
from runtime.commands.base import Place, ensure_layout, place_options, table, workspace_of
from runtime.engine import imports, publish
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
        install(services, workspace, name, not no_sample_data, place.output.progress)
        place.output.show({"installed": name}, f"installed {name}")


def install(
    services: Services, workspace: Workspace, name: str, sample_data: bool, progress: Callable[[str], None]
) -> None:
    """Publish a template's app and those it requires, then import its sample data. Raises NotFound, Invalid."""
    folder = TEMPLATES / name
    if not (folder / "app.yaml").exists() or "/" in name or name.startswith("."):
        raise NotFound(Message(f"there is no template {name[:40]!r}", f"没有名为“{name[:40]}”的模板"))
    loaded = load.read(folder)
    app = loaded.get("app", name)
    session = Session(workspace, user_id=None, channel="import")
    for required in (app.data.get("requires") or {}) if app else {}:
        session.settle()
        if required not in session.model.apps:
            install(services, workspace, str(required), sample_data, progress)
    progress(f"installing {name}")
    publish.publish(workspace, loaded, note=f"template {name}", progress=progress)
    if sample_data:
        session.settle()
        for file in sorted((folder / "data").glob("*.csv")):
            object_name = file.stem.split("-", 1)[-1]
            with file.open("rb") as source:
                outcome = imports.run(
                    session, object_name, source, imports.Options(name=file.name, on_duplicate="create")
                )
            progress(f"{object_name}: {outcome.created} records")
            if outcome.failed:
                raise_first(outcome)


def raise_first(outcome: imports.Outcome) -> None:
    """Sample data that does not fit is a fault of the template: say the first."""
    raise Invalid(problems=[one.problem.at(path=f"row {one.row}") for one in outcome.errors])
