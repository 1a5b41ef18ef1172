"""The web server: a process that has loaded the web part and nothing else, and the web processes forked off it.

They share what it has loaded, do not carry what else a command has in memory, and are there again at once when one has
died. The command that has prepared everything becomes this process.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from granian.constants import Interfaces
from granian.server.mp import MPServer

import runtime.app  # noqa: F401  Loaded before the web processes are forked off.
from runtime.base import memory
from runtime.base.beside import BESIDE, beside
from runtime.config import from_environment
from runtime.engine import setups
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from runtime.web.metrics import FOLDER

THREADS = 8
#: Seconds that a web process has to end its requests when the server is to end; then it is killed, which loses nothing.
PATIENCE = 30
ENDING = (signal.SIGINT, signal.SIGTERM)
WORKER = "from runtime.cli import main; main()"


class WebServer(MPServer):
    """A server that may be told to end at any moment.

    The one of the library sets its event where the signal is dealt with: if that is where the same thread begins to
    wait for the event, it waits for itself for ever.
    """

    def signal_handler_interrupt(self, *_: object) -> None:
        """Note it, and wake the main loop from outside of it."""
        self.interrupt_signal = True
        start_new_thread(self.main_loop_interrupt.set, ())  # Takes no lock, which Thread.start does.


def main(host: str, port: int, workers: int, *parts: str) -> int:
    """Serve HTTP until the process is told to end; the status to end with.

    ``parts``: ``embedded`` for the database of the data folder, ``worker`` for a worker beside the server.
    """
    server = WebServer(
        "runtime.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        workers_kill_timeout=PATIENCE,
        blocking_threads=THREADS,
        backpressure=THREADS * 16,
        respawn_failed_workers=True,
        log_enabled=False,
    )
    # Whoever asks this process to end is heard between two steps: none is left half done.
    for number in ENDING:
        signal.signal(number, server.signal_handler_interrupt)
    data = Path(os.environ["DOUGONG_DATA"])
    with ExitStack() as stack:
        if "embedded" in parts:
            cluster = Cluster(data)
            stack.callback(cluster.stop)
            os.environ["DOUGONG_DATABASE_URL"] = cluster.start()
        release()  # The command has left them waiting.
        if "worker" in parts and not server.interrupt_signal:
            command = [sys.executable, "-P", "-c", WORKER, "worker", "--data", str(data)]
            stack.enter_context(beside(command, "worker"))
        stack.enter_context(noted(data))
        stack.enter_context(figures())
        os.environ[BESIDE] = str(os.getpid())
        memory.settle()
        os.register_at_fork(before=hold, after_in_parent=release, after_in_child=apart)
        if not server.interrupt_signal:
            server.serve()
    if server.interrupt_signal:
        return 0
    sys.stderr.write("the web processes ended as soon as they had begun\n")
    return 1


def hold() -> None:
    """Signals wait: what reaches a web process before it is itself would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def release() -> None:
    """Signals are heard again, also what has come meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def apart() -> None:
    """A web process is told to end by the server alone, not by the terminal too: requests are then done with in order.

    One that does not listen yet ends at once when it is told, instead of being waited for.
    """
    os.setpgid(0, 0)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    release()


@contextmanager
def noted(data: Path) -> Iterator[None]:
    """While web processes run here, what they have started with can be compared; no connection is held for it."""
    settings = from_environment(os.environ["DOUGONG_DATABASE_URL"], data)
    database = Database(settings.dsn, pool_size=1)
    setups.note(database, setups.WEB, settings.secret, os.environ)
    database.close()
    try:
        yield
    finally:
        setups.gone(database, setups.WEB)
        database.close()


@contextmanager
def figures() -> Iterator[None]:
    """The folder in which the web processes share their figures."""
    with tempfile.TemporaryDirectory(prefix="dougong-figures-") as shared:
        own = os.environ.setdefault(FOLDER, shared) == shared
        try:
            yield
        finally:
            if own:  # The folder goes; what is done afterwards must not count in it.
                del os.environ[FOLDER]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
