"""worker: what happens by itself, in as many processes on as many hosts as wanted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click

from runtime.commands.base import Place, place_options
from runtime.engine import worker

#: The process that a worker ends with.
BESIDE = "DOUGONG_BESIDE"
PROGRAM = "from runtime.cli import main; main()"


@click.command(name="worker")
@click.option("--concurrency", default=1, show_default=True, help="So many at the same time.")
@place_options
def worker_command(place: Place, concurrency: int) -> None:
    """Timers of workflows; any number of these, on any host."""
    ended = Event()
    parent = os.environ.get(BESIDE)

    def rest(seconds: float) -> bool:
        return ended.wait(seconds) or (parent is not None and os.getppid() != int(parent))

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with place.services(pool=2 * concurrency + 2) as services:
        others = [
            Thread(target=worker.work, args=(services.workspaces, rest), daemon=True) for _ in range(concurrency - 1)
        ]
        for one in others:
            one.start()
        worker.work(services.workspaces, rest)
        for one in others:
            one.join(timeout=10)


@contextmanager
def beside(place: Place) -> Iterator[None]:
    """A worker process while something else runs; the database is in the environment."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "worker", "--data", str(place.data)],
                               env={**os.environ, BESIDE: str(os.getpid())})  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
