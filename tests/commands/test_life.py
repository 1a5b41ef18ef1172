"""``dougong run`` from its start to its end: whenever it is told to end, nothing of it stays behind."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx
import pytest

from runtime.serving import WebServer

pytestmark = pytest.mark.slow
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from runtime.cli import main; main()"
)

#: The server, told to end at the moment at which it has started the worker.
TOLD = """
import os, signal, sys
from runtime import serving
from runtime.base import beside

begin = beside.started

def started(command):
    process = begin(command)
    os.kill(os.getpid(), signal.SIGTERM)
    return process

beside.started = started
sys.exit(serving.main("127.0.0.1", int(sys.argv[1]), 2, "embedded", "worker"))
"""


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(data: Path, at: int) -> subprocess.Popen[bytes]:
    words = ("run", "--data", str(data), "--port", str(at), "--template", "", "--admin-password", "Tdd-12345678")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOUGONG_")}
    with (data.parent / "log").open("ab") as log:
        command = [sys.executable, "-c", PROGRAM, *words]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def commands() -> dict[int, str]:
    """All processes: id -> command."""
    found = {}
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # It has just ended.
            found[int(one.parent.name)] = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def left(data: Path, at: int) -> dict[int, str]:
    """The processes that have something to do with the data folder or the port."""
    marks = (str(data), f"runtime.serving 127.0.0.1 {at} ")
    return {one: words for one, words in commands().items() if any(mark in words for mark in marks)}


def until(true: Callable[[], bool], seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.1)


def answers(at: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{at}/readyz", timeout=5).json().get("workers") == 1
    except httpx.TransportError:
        return False


def children(of: int) -> dict[int, str]:
    """The processes that one has started: id -> command."""
    found: set[int] = set()
    for task in Path(f"/proc/{of}/task").iterdir():
        with suppress(OSError):
            found.update(map(int, (task / "children").read_text().split()))
    return {one: words for one, words in commands().items() if one in found}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the server's account can reach."""
    with tempfile.TemporaryDirectory(prefix="dougong-life-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"


def test_it_is_told_to_end_where_it_begins_to_wait() -> None:
    server = WebServer("runtime.wsgi:app")

    def told() -> None:
        with server.main_loop_interrupt._cond:  # type: ignore[attr-defined]
            server.signal_handler_interrupt()

    telling = Thread(target=told, daemon=True)
    telling.start()
    telling.join(10)
    assert not telling.is_alive() and server.main_loop_interrupt.wait(10) and server.interrupt_signal


def test_it_lives_and_ends_as_a_whole(place: Path) -> None:
    data, at, log = place, port(), place.parent / "log"
    process = start(data, at)
    try:
        until(lambda: answers(at), 120, log)
        web = [one for one, words in children(process.pid).items() if "runtime.serving" in words]
        worker = [one for one, words in children(process.pid).items() if "runtime.serving" not in words]
        assert len(web) == 2 and len(worker) == 1
        os.kill(web[0], signal.SIGKILL)
        os.kill(worker[0], signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM):  # Two at once, as a service manager or a terminal may do.
            with suppress(ProcessLookupError):
                os.kill(web[1], number)
        until(lambda: len(set(children(process.pid)) - {*web, *worker}) == 3, 30, log)
        until(lambda: answers(at), 30, log)
        process.terminate()
        assert process.wait(60) == 0
        assert not left(data, at) and "Traceback" not in log.read_text()

        told = subprocess.run([sys.executable, "-c", TOLD, str(at)], env={**os.environ, "DOUGONG_DATA": str(data)})
        assert told.returncode == 0 and not left(data, at)

        # Told to end at any moment of its start, by the system or at the terminal.
        rng = random.Random(5)
        for number in (signal.SIGTERM, signal.SIGINT) * 3:
            process = start(data, at)
            time.sleep(rng.uniform(0.5, 3.5))
            process.send_signal(number)
            process.wait(60)
            assert not left(data, at), (number, left(data, at), log.read_text()[-2000:])

        # Killed with no time to say anything: only the database stays, and the next start takes hold of it.
        process = start(data, at)
        until(lambda: answers(at), 60, log)
        process.kill()
        process.wait(30)
        until(lambda: not [words for words in left(data, at).values() if "postgres" not in words], 30, log)
        assert left(data, at)
        process = start(data, at)
        until(lambda: answers(at), 60, log)
        process.terminate()
        assert process.wait(60) == 0 and not left(data, at)
    finally:
        for one in left(data, at):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        process.wait(30)
