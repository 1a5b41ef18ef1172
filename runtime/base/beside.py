"""A process beside this one, that ends with it; one that dies is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

#: The process that one ends with, in its environment.
BESIDE = "DOUGONG_BESIDE"
#: Seconds until one that has died is started again, more each time up to the last.
PAUSES = (1, 2, 5, 10, 30)
#: Seconds that it has to end by itself.
PATIENCE = 10
#: Seconds between two looks whether the other process is there.
LOOK = 2.0


@contextmanager
def beside(command: Sequence[str], name: str) -> Iterator[None]:
    """Keep a process running meanwhile; ``name`` is what it is called when it has died."""
    ended = Event()
    process = started(command)

    def watch() -> None:
        nonlocal process
        deaths = 0
        while not ended.is_set():
            process.wait()
            if ended.is_set():
                return
            sys.stderr.write(f"the {name} has ended (status {process.returncode}) and is started again\n")
            ended.wait(PAUSES[min(deaths, len(PAUSES) - 1)])
            deaths += 1
            if not ended.is_set():
                process = started(command)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        watcher.join(timeout=5)


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """The process, which knows beside whom it runs."""
    return subprocess.Popen(command, env={**os.environ, BESIDE: str(os.getpid())})


def alone() -> Callable[[], bool]:
    """Whether the process that this one was started beside is gone; False for one that was started by itself."""
    parent = os.environ.get(BESIDE)
    return lambda: parent is not None and os.getppid() != int(parent)


def follow() -> None:
    """Tell this process to end when the one that it was started beside is gone, however that ended."""
    left = alone()

    def watch() -> None:
        while not left():
            time.sleep(LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    if BESIDE in os.environ:
        Thread(target=watch, daemon=True).start()
