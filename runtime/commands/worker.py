"""worker: what happens by itself, in as many processes on as many hosts as wanted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Event, Thread

import click

from runtime.base.beside import alone
from runtime.commands.base import Place, place_options
from runtime.engine import import_jobs, mailing, setups, worker
from runtime.engine.watch import IMPORTS, MAIL, WORK, Watch


@click.command(name="worker")
@click.option("--concurrency", default=1, show_default=True, help="So many at the same time.")
@place_options
def worker_command(place: Place, concurrency: int) -> None:
    """Timers and events of workflows, mail, large imports; any number of these, on any host."""
    ended = Event()
    left = alone()

    def over() -> bool:
        return ended.is_set() or left()

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
