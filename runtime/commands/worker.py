"""worker: what happens by itself, in as many processes on as many hosts as wanted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click

from runtime.commands.base import Place, place_options
from runtime.engine import import_jobs, mailing, setups, worker
from runtime.engine.watch import IMPORTS, MAIL, WORK, Watch

#: The process that a worker ends with.
BESIDE = "DOUGONG_BESIDE"
PROGRAM = "from runtime.cli import main; main()"
#: Seconds until a worker that has died is started again, more each time up to the last.
PAUSES = (1, 2, 5, 10, 30)


@click.command(name="worker")
@click.option("--concurrency", default=1, show_default=True, help="So many at the same time.")
@place_options
def worker_command(place: Place, concurrency: int) -> None:
    """Timers and events of workflows, mail, large imports; any number of these, on any host."""
    ended = Event()
    parent = os.environ.get(BESIDE)

    def over() -> bool:
        return ended.is_set() or (parent is not None and os.getppid() != int(parent))

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with place.services(pool=2 * concurrency + 5) as services:
        known = services.workspaces
        watch = Watch(known, over)
        # Neither a long import nor a slow mail server must hold the timers up.
        ways: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            *[(worker.work, (known, watch.ear(*WORK))) for _ in range(concurrency)],
            (import_jobs.work, (known, services.contents_of, watch.ear(IMPORTS))),
            (mailing.work, (known, os.environ, services.settings.secret, watch.ear(MAIL))),
        ]
        threads = [Thread(target=way, args=args, daemon=True) for way, args in ways]
        setups.note(known.database, setups.WORKER, services.settings.secret, os.environ)
        for one in threads:
            one.start()
        watch.run()
        for one in threads:
            one.join(timeout=10)


@contextmanager
def beside(place: Place) -> Iterator[None]:
    """A worker process while something else runs; one that dies is started again."""
    ended = Event()
    process = started(place)

    def watch() -> None:
        nonlocal process
        deaths = 0
        while not ended.is_set():
            process.wait()
            if ended.is_set():
                return
            click.echo(f"the worker has ended (status {process.returncode}) and is started again", err=True)
            ended.wait(PAUSES[min(deaths, len(PAUSES) - 1)])
            deaths += 1
            if not ended.is_set():
                process = started(place)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
        watcher.join(timeout=5)


def started(place: Place) -> subprocess.Popen[bytes]:
    """A worker process."""
    return subprocess.Popen([sys.executable, "-c", PROGRAM, "worker", "--data", str(place.data)],
                            env={**os.environ, BESIDE: str(os.getpid())})  # fmt: skip
