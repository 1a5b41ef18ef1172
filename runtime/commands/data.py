"""data: records in and out of files, under the same rules as everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from runtime.base.errors import Conflict, Invalid, Malformed, Message
from runtime.base.values import load_foreign
from runtime.commands.base import Output, Place, place_options, session_for
from runtime.engine import exports, import_jobs, importing, imports
from runtime.engine.outcome import Outcome
from runtime.engine.workspace import Session
from runtime.web.http import Services

FORMATS = {".csv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}
SHOWN_ERRORS = 20


@click.group(name="data")
def group() -> None:
    """Records: import, export."""


class Bar:
    """A progress bar on a terminal, now and then a line elsewhere."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.told = 0

    def __call__(self, done: int, total: int | None) -> None:
        if sys.stderr.isatty():
            share = f" of {total:,}" if total else ""
            click.echo(f"\r{done:,}{share} records", nl=False, err=True)
        elif done - self.told >= 10_000:
            self.told = done
            self.output.progress(f"{done:,} records")

    def close(self) -> None:
        """End the line of the bar."""
        if sys.stderr.isatty():
            click.echo("", err=True)


def mapping_of(path: Path | None) -> dict[str, Any] | None:
    """A mapping file, YAML or JSON: column -> field. Raises Invalid."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = load_foreign(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(Message(f"{path.name}: {error}", f"{path.name}：{error}")) from None
    except Malformed as error:
        said = error.both
        raise Invalid(Message(f"{path.name}: {said.en}", f"{path.name}：{said.zh}")) from None
    if not isinstance(found, dict):
        raise Invalid(Message(f"{path.name} must map columns to fields", f"{path.name} 须为列到字段的映射"))
    return found


@group.command(name="import")
@click.argument("object_name", metavar="OBJECT")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML or JSON: column -> field."
)
@click.option("--on-duplicate", type=click.Choice(importing.ON_DUPLICATE), default="fail", show_default=True)
@click.option("--key", help="The unique field by which a row finds its record.")
@click.option(
    "--blank",
    type=click.Choice(importing.BLANK),
    default="keep",
    show_default=True,
    help="What an empty cell does to a record that is there.",
)
@click.option(
    "--bypass-approval", is_flag=True, help="Change guarded fields at once, where the user's role allows that."
)
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where the failed rows go.")
@click.option("--user", help="Act with this user's rights.")
@place_options
def import_command(
    place: Place, object_name: str, file: Path, mapping: Path | None, on_duplicate: str, key: str | None, blank: str,
    bypass_approval: bool, dry_run: bool, errors: Path | None, user: str | None,
) -> None:  # fmt: skip
    """Import FILE (CSV, XLSX, JSONL) into OBJECT; wrong rows are said by their number and left out."""
    if errors and errors.exists() and errors.samefile(file):
        raise Invalid(
            Message(
                "the failed rows cannot go into the file that is being imported: name another for --errors",
                "失败的行不能写入正在导入的文件，请为 --errors 指定其他文件",
            )
        )
    bar = Bar(place.output)
    with place.session() as (services, session):
        acting = session if user is None else session_for(session.workspace, user, "import")
        sink = errors.open("wb") if errors else None
        try:
            options = imports.Options(
                mapping_of(mapping), on_duplicate, key, dry_run, blank, file.name, sink, bypass=bypass_approval
            )
            if dry_run:
                outcome = imports.run(acting, object_name, file, options, bar)
            else:
                outcome = taken_in(place, acting, services, object_name, file, options, bar)
        finally:
            if sink:
                sink.close()
            bar.close()
    language = place.output.language
    lines = [one.show(language) for one in outcome.warnings]
    lines += [
        f"row {one.row}" + (f", {one.column}" if one.column else "") + f": {one.problem.message.text(language)}"
        for one in outcome.errors[:SHOWN_ERRORS]
    ]
    if len(outcome.errors) > SHOWN_ERRORS:
        lines.append(f"... and {len(outcome.errors) - SHOWN_ERRORS} more errors")
    counts = (
        "total",
        "created",
        "updated",
        *(["pending"] if outcome.pending else []),
        "skipped",
        "failed",
        "unprocessed",
    )
    lines.append(", ".join(f"{name} {getattr(outcome, name):,}" for name in counts) + (" (dry run)" if dry_run else ""))
    if outcome.stopped:
        lines.append(outcome.stopped.message.text(language))
    place.output.show(outcome.json(language), lines)
    if outcome.failed or outcome.stopped:
        sys.exit(1)


def taken_in(place: Place, session: Session, services: Services, object_name: str, file: Path,
             options: imports.Options, bar: Bar) -> Outcome:  # fmt: skip
    """Import a file; one that was cut off, by a crash or by pulling the plug, is continued where it stood."""
    contents = services.contents(session)
    with file.open("rb") as stream:
        job, again = import_jobs.begun_before(session, contents, stream, object_name, options, sys.maxsize)
    if again:
        place.output.progress("this import was cut off before; it goes on where it stood")
    outcome = import_jobs.work_on(session.workspace, contents, job, bar, options.errors)
    if outcome is None:
        raise Conflict(Message("another process is at work on this import", "另一进程正在处理此导入"))
    return outcome


@group.command(name="export")
@click.argument("object_name", metavar="OBJECT")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--filter", "filter_text", default="", help="A formula: level == 'A'.")
@click.option("--fields", help="Field names separated by commas.")
@click.option("--sort", default="", help="Field names separated by commas, '-' before one: descending.")
@click.option("--titles", is_flag=True, help="Titles of linked records instead of their unique values.")
@click.option("--user", help="Act with this user's rights.")
@place_options
def export_command(
    place: Place, object_name: str, file: Path, filter_text: str, fields: str | None, sort: str, titles: bool,
    user: str | None,
) -> None:  # fmt: skip
    """Export OBJECT to FILE: .csv, .xlsx or .jsonl. A file is there wholly or not at all."""
    kind = FORMATS.get(file.suffix.lower())
    if kind is None:
        raise Invalid(Message("the file must end in .csv, .xlsx or .jsonl", "文件须以 .csv、.xlsx 或 .jsonl 结尾"))
    options = exports.Options(
        format=kind,
        filter=filter_text,
        fields=tuple(one.strip() for one in fields.split(",")) if fields else None,
        sort=tuple(one.strip() for one in sort.split(",") if one.strip()),
        titles=titles,
    )
    bar = Bar(place.output)
    with place.session() as (_, session):
        acting: Session = session if user is None else session_for(session.workspace, user, "export")
        half = file.with_name(f".{file.name}.part")
        try:
            with half.open("wb") as target:
                count = exports.write(acting, object_name, target, options, bar)
            half.replace(file)
        finally:
            half.unlink(missing_ok=True)
            bar.close()
    place.output.show({"records": count, "file": str(file)}, f"{count:,} records written to {file}")
