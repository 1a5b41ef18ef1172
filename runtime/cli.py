"""The command `dougong`: it gathers the commands, no more."""

from __future__ import annotations

import click

from runtime.base import memory
from runtime.commands import data, model, people, server, templates, worker, workflow
from runtime.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="dougong")
def main() -> None:
    """Dougong: business applications from documents, over PostgreSQL."""
    memory.settle()


for command in (
    server.run, server.serve, server.migrate_command, server.doctor, templates.group, model.group, data.group,
    people.workspace, people.department, people.user, people.token,
    worker.worker_command, workflow.group,
):  # fmt: skip
    main.add_command(command)

if __name__ == "__main__":
    main()
