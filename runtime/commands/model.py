"""model: the documents of an app: validate, compare, plan, publish, go back, take out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runtime.base.errors import Invalid, Message, Problem, unknown
from runtime.commands.base import Place, ensure_layout, place_options, table, text, workspace_of
from runtime.config import bundled_plugins
from runtime.engine import planning, publish, scenarios, simulation
from runtime.engine.coverage import Coverage
from runtime.engine.expecting import Outcome
from runtime.engine.planning import Plan
from runtime.kinds.catalog import load_catalog
from runtime.meta import build, check, diff, load, package, validate
from runtime.store import versions

PATH = click.Path(exists=True, path_type=Path)


@click.group(name="model")
def group() -> None:
    """Documents: validate, plan, publish, go back."""


def problem_lines(problems: Sequence[Problem], language: str) -> list[str]:
    """Problems one a line, warnings marked."""
    mark = {"warning": "warning: ", "info": "info: "}
    return [mark.get(one.severity, "") + one.show(language) for one in problems]


@group.command(name="validate")
@click.argument("path", type=PATH)
@click.option("--alone", is_flag=True, help="Without the workspace: only this folder, no database.")
@click.option("--with", "others", type=PATH, multiple=True, help="An app that it builds on; no database.")
@place_options
def validate_command(place: Place, path: Path, alone: bool, others: tuple[Path, ...]) -> None:
    """Check the documents of PATH (a folder, a zip or a file): every problem with file, line and path."""
    loaded = load.read(path)
    required = any(one.data.get("requires") for one in loaded.of("app"))
    if others:
        loaded = load.together([*(load.read(one) for one in others), loaded])
    if alone or others or not required:
        catalog = load_catalog(bundled_plugins())
        problems = validate.validate(loaded, catalog)
        if not any(one.severity == "error" for one in problems):
            problems += check.check(build.build(loaded, catalog), loaded, catalog)
    else:
        with place.session() as (_, session):
            problems = publish.plan(session.workspace, loaded).problems
    errors = [one for one in problems if one.severity == "error"]
    lines = problem_lines(problems, place.output.language)
    summary = f"{len(loaded.documents)} documents, {len(errors)} errors, {len(problems) - len(errors)} warnings"
    place.output.show({"problems": [one.json(place.output.language) for one in problems]}, [*lines, summary])
    if errors:
        sys.exit(1)


@group.command(name="diff")
@click.argument("path", type=PATH)
@place_options
def diff_command(place: Place, path: Path) -> None:
    """What differs between PATH and what is live: piece by piece, and line by line."""
    loaded = load.read(path)
    with place.session() as (_, session):
        found = publish.plan(session.workspace, loaded)
        stop_on_errors(found)
        live = versions.live(session.database, session.workspace.schema)
        texts = versions.documents(session.database, session.workspace.schema, live.version)
        old = load.from_texts(texts.get(loaded.app, []), loaded.app)
    lines = [one.sentence().text(place.output.language) for one in found.changes]
    unified = diff.text_diff(old, loaded)
    changes = [planning.change_json(one, place.output.language) for one in found.changes]
    place.output.show({"changes": changes, "diff": unified}, [*lines, "", unified] if unified else ["no difference"])


@group.command(name="plan")
@click.argument("path", type=PATH)
@place_options
def plan_command(place: Place, path: Path) -> None:
    """What publishing PATH would do: changes, data, tables and indexes. Changes nothing."""
    with place.session() as (_, session):
        found = publish.plan(session.workspace, load.read(path))
    place.output.show(found.json(place.output.language), plan_lines(found, place.output.language))
    if found.errors or any(one.refuses for one in found.effects):
        sys.exit(1)


def plan_lines(found: Plan, language: str) -> list[str]:
    """A plan for people."""
    lines = problem_lines(found.problems, language)
    if found.errors:
        return lines
    if found.nothing:
        return [*lines, "only comments, or how the texts are written" if found.rewritten else "nothing to do"]
    lines += ["changes:", *(f"  {one.sentence().text(language)}" for one in found.changes)]
    if found.effects:
        lines.append("data:")
        lines += [f"  {'REFUSED ' if one.refuses else ''}{one.message.text(language)}" for one in found.effects]
    work = [f"  new table for {name}" for name in found.tables]
    work += [f"  new column {table}.{column}" for table, column in found.columns if table not in found.tables]
    for key, entries in found.conversions.items():
        work += [f"  convert {key}.{one['from']} to {one['to']} in the background" for one in entries]
    work += [f"  build index on {name} ({', '.join(index.columns)}): {index.why}" for name, index in found.builds]
    work += [f"  drop index {name}" for name in found.drops]
    return [*lines, "layout:", *work] if work else lines


@group.command(name="test")
@click.argument("path", type=PATH)
@click.option("--scenario", "names", multiple=True, help="Only this one; several are possible.")
@click.option("--coverage", is_flag=True, help="Which steps and ways of the workflows were gone through.")
@place_options
def test_command(place: Place, path: Path, names: tuple[str, ...], coverage: bool) -> None:
    """Play the scenarios of PATH on a throw-away workspace, with a clock of their own. Changes nothing."""
    loaded = load.read(path)
    language, seen = place.output.language, Coverage() if coverage else None
    with place.services() as services:
        ensure_layout(services)
        workspace = workspace_of(services, place.workspace)
        found = publish.plan(workspace, loaded)
        stop_on_errors(found)
        documents = [one for one in found.loaded.of("scenario") if one.app == loaded.app]
        chosen = [one for one in documents if not names or one.name in names]
        missing = sorted({*names} - {one.name for one in chosen})
        if missing:
            raise Invalid(problems=[
                unknown(Message("scenario", "场景"), missing[0], [one.name for one in documents], "unknown_scenario")
            ])  # fmt: skip
        outcomes = scenarios.rehearse(workspace, found.loaded, chosen, seen)
    body: dict[str, Any] = {"scenarios": [one.json(language) for one in outcomes]}
    lines = [line for one in outcomes for line in outcome_lines(one, language)]
    if seen is not None:
        body["coverage"] = seen.json(language)
        lines += coverage_lines(body["coverage"])
    failed = sum(not one.ok for one in outcomes)
    lines.append(f"{len(outcomes)} scenarios, {failed} failed")
    place.output.show(body, lines)
    if failed:
        sys.exit(1)


def outcome_lines(outcome: Outcome, language: str) -> list[str]:
    """One scenario for people."""
    word = "ok    " if outcome.ok else "FAILED"
    return [f"{word} {outcome.document.name}  {outcome.seconds:.2f} s",
            *(f"       {one.problem.show(language)}" for one in outcome.failures)]  # fmt: skip


def coverage_lines(coverage: dict[str, Any]) -> list[str]:
    """What was gone through, for people."""
    lines = []
    for name, found in coverage.items():
        lines.append(f"{name}: {found['covered']} of {found['of']} steps and ways")
        for one in found["places"]:
            title = f"{one['kind']} {one['step']}" if one["way"] is None else f"  way: {one['way']}"
            lines.append(f"  {'x' if one['covered'] else '-'} {title}")
    return lines


@group.command(name="simulate")
@click.argument("path", type=PATH)
@click.argument("workflow")
@click.option("--record", required=True, help="A record that is there: its id or its title.")
@click.option("--as", "initiator", help="Who starts it; the record's owner where nothing is said.")
@click.option("--decide", "decisions", multiple=True, help="STEP=ACTION; agree where nothing is said.")
@place_options
def simulate_command(
    place: Place, path: Path, workflow: str, record: str, initiator: str | None, decisions: tuple[str, ...]
) -> None:
    """What WORKFLOW of PATH would do with a record that is there: path, people, timers, changes. Changes nothing."""
    language = place.output.language
    asked = simulation.Asked(workflow, record, initiator, dict(one.partition("=")[::2] for one in decisions))
    with place.session() as (_, session):
        draft = publish.plan(session.workspace, load.read(path))
        found = simulation.simulate(session.workspace, asked, draft, language)
    place.output.show(found, simulation_lines(found))


def simulation_lines(found: dict[str, Any]) -> list[str]:
    """A simulation for people."""
    lines = [f"{found['workflow']} on {found['record']}, started by {found['initiator']}: {found['state']}"]
    for one in found["path"]:
        if one["step"] is None:
            lines.append(f"  {one['at']}  way {', '.join(str(way + 1) for way in one['ways'])}")
            continue
        lines.append(f"  {one['at']}  {one['step']}  {one['state']}")
        for person in one["people"]:
            due = f", due {person['due_at']}" if person["due_at"] else ""
            lines.append(f"      {person['person']}: {person['state']}{due}")
        for why in one["reasons"]:
            lines.append(f"      ({', '.join(map(str, why['what']))}: {why['text']})")
    lines += [f"  timer {one['fire_at']}  {one['step']}  {one['state']}" for one in found["timers"]]
    lines += [f"  {one['field']}: {text(one['before'])} -> {text(one['after'])}" for one in found["changes"]]
    return [*lines, f"  stopped: {found['stopped']}"] if found["stopped"] else lines


def stop_on_errors(found: Plan) -> None:
    """Raise Invalid when the documents are wrong."""
    if found.errors:
        raise Invalid(problems=found.errors)


@group.command(name="publish")
@click.argument("path", type=PATH)
@click.option("--note", default="", help="What this version is for.")
@place_options
def publish_command(place: Place, path: Path, note: str) -> None:
    """Publish PATH as a new version: wholly or not at all, while everybody goes on working.

    Refused while one of its scenarios fails.
    """
    with place.session() as (_, session):
        loaded, progress = load.read(path), place.output.progress
        number, found = publish.publish(
            session.workspace, loaded, note=note, progress=progress, check=scenarios.demand
        )  # fmt: skip
    done(place, number, found)


def done(place: Place, number: int, found: Plan) -> None:
    """Say what a publish did."""
    language = place.output.language
    lines = problem_lines(found.problems, language)
    lines += [one.message.text(language) for one in found.effects]
    same = number == found.live.version
    lines.append(f"nothing changed, version {number} stays live" if same else f"version {number} is live")
    place.output.show({**found.json(language), "version": number}, lines)


@group.command(name="rollback")
@click.argument("number", type=int)
@click.option("--note", default="", help="Why.")
@place_options
def rollback_command(place: Place, number: int, note: str) -> None:
    """Make version NUMBER live again, as a new version; values of fields that were removed are back."""
    with place.session() as (_, session):
        made, found = publish.rollback(session.workspace, number, note=note, progress=place.output.progress)
    done(place, made, found)


@group.command(name="history")
@place_options
def history_command(place: Place) -> None:
    """The versions, newest first."""
    with place.session() as (_, session):
        found = versions.history(session.database, session.workspace.schema)
    rows: list[dict[str, Any]] = [
        {"version": one.number, "state": one.state, "at": one.created_at.strftime("%Y-%m-%d %H:%M:%S"),
         "author": one.author, "changes": len(one.changes), "note": one.note}
        for one in found
    ]  # fmt: skip
    place.output.show(rows, table(rows, ("version", "state", "at", "author", "changes", "note")))


@group.command(name="export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--app", help="One app; without it every app gets a folder of its own.")
@place_options
def export_command(place: Place, folder: Path, app: str | None) -> None:
    """Write the live documents to FOLDER, byte for byte as they were published."""
    with place.session() as (_, session):
        texts = publish.export(session.workspace, app)
    written = []
    for name, entries in texts.items():
        target = folder if app else folder / name
        written += package.write_folder(load.from_texts(entries, name), target)
    place.output.show({"files": written}, f"{len(written)} files written to {folder}")
