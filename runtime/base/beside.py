"""A process beside this one, that ends with it; one that dies is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread

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
    ended, starting = Event(), Lock()
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
            with starting:  # What is started while this process ends would stay behind.
                if not ended.is_set():
                    process = started(command)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with starting:
            ended.set()
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        watcher.join(timeout=5)


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """The process, which knows beside whom it runs; what is typed at the terminal reaches this one alone."""
    return subprocess.Popen(command, env={**os.environ, BESIDE: str(os.getpid())}, process_group=0)


def alone() -> Callable[[], bool]:
    """Whether the process that this one was started beside is gone; False for one that was started by itself."""
    parent = os.environ.get(BESIDE)
    return lambda: parent is not None and os.getppid() != int(parent)


def follow() -> None:
    """Tell this process to end when the one that it was started beside is gone, however that ended.

    Where two signals come at once, another thread may take both, and the main thread, which is to deal with them,
    waits on (seen with SIGINT and SIGTERM at once, as often as not). So it is woken now and then to look.
    """
    if BESIDE not in os.environ:
        return
    left, main = alone(), threading.main_thread().ident
    assert main is not None
    signal.signal(signal.SIGUSR2, lambda *_: None)

    def watch() -> None:
        while True:
            time.sleep(LOOK)
            if left():
                os.kill(os.getpid(), signal.SIGTERM)
            signal.pthread_kill(main, signal.SIGUSR2)

    Thread(target=watch, daemon=True).start()
