"""worker: what happens by itself, in as many processes on as many hosts as wanted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click

from runtime.commands.base import Place, place_options
from runtime.engine import worker

PROGRAM = "from runtime.cli import main; main()"


@click.command(name="worker")
@click.option("--concurrency", default=1, show_default=True, help="So many at the same time.")
@place_options
def worker_command(place: Place, concurrency: int) -> None:
    """Timers of workflows; any number of these, on any host."""
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with place.services(pool=2 * concurrency + 2) as services:
        others = [
            Thread(target=worker.work, args=(services.workspaces, ended.wait), daemon=True)
            for _ in range(concurrency - 1)
        ]
        for one in others:
            one.start()
        worker.work(services.workspaces, ended.wait)
        for one in others:
            one.join(timeout=10)


@contextmanager
def beside(place: Place) -> Iterator[None]:
    """A worker process while something else runs; the database is in the environment."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "worker", "--data", str(place.data)])
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
