"""workflow: what administrators do with running workflows."""

from __future__ import annotations

import click

from runtime.commands.base import Place, place_options
from runtime.engine import migrating


@click.group(name="workflow")
def group() -> None:
    """Running workflows."""


@group.command(name="migrate")
@click.argument("name")
@click.option("--instance", help="Only this one.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@place_options
def migrate(place: Place, name: str, instance: str | None, dry_run: bool) -> None:
    """Let running instances of NAME go on after the live version; those that cannot are said with their reasons."""
    with place.session() as (_, session):
        found = migrating.migrate(session, name, instance=instance, dry_run=dry_run)
    language = place.output.language
    rows = [one.json(language) for one in found]
    done = "can go on" if dry_run else "goes on"
    lines = [f"{row['instance']} {row['title']}: " + ("; ".join(row["blockers"]) or done) for row in rows]
    blocked = sum(1 for row in rows if row["blockers"])
    lines.append(
        f"{len(rows) - blocked} of {len(rows)} instances of other versions" + (" (dry run)" if dry_run else "")
    )
    place.output.show({"instances": rows, "dry_run": dry_run}, lines)
    if blocked:
        raise SystemExit(1)
