"""A small HTTP load: keep-alive connections, one request after the other on each, requests made beforehand."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Requests a second, and the worst answers."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """The bytes of one request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def exchange(connection: socket.socket, sent: bytes) -> tuple[int, bytes]:
    """Send a request, give the status and body of its answer."""
    connection.sendall(sent)
    found = b""
    while (end := found.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        found += piece
    head = found[:end].lower()
    start = head.find(b"content-length:")
    length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
    pieces = [found[end + 4 :]]
    left = length - len(pieces[0])
    while left > 0:
        piece = connection.recv(min(left, 1 << 20))
        if not piece:
            raise ConnectionError("closed")
        pieces.append(piece)
        left -= len(piece)
    return int(head[9:12]), b"".join(pieces)


def load(port: int, make: Callable[[int], bytes], *, seconds: float, connections: int = 8) -> Measured:
    """Ask for ``seconds`` over ``connections``; ``make(n)`` gives the n-th request.

    Through wrk (a Debian package) where it is installed: on a machine of two cores a client in Python takes so
    much of them that every ratio comes out nearer to 1 than it is.
    """
    if shutil.which("wrk"):
        return load_with_wrk(port, make, seconds=seconds, connections=connections)
    return load_with_threads(port, make, seconds=seconds, connections=connections)


def load_with_wrk(port: int, make: Callable[[int], bytes], *, seconds: float, connections: int) -> Measured:
    """The requests are made beforehand and asked in turn, each once where there are enough."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = max(2000, int(seconds * 2500))
        lines = []
        for number in range(count):
            sent = make(number)
            lines.append(f"[=====[{sent.decode()}]=====]")
        (folder / "requests.lua").write_text("return {\n" + ",\n".join(lines) + "\n}\n")
        script = folder / "run.lua"
        script.write_text(
            f'local all = dofile("{folder}/requests.lua")\nlocal at = 0\n'
            "function request() at = at % #all + 1 return all[at] end\n"
        )
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(script),
             f"http://127.0.0.1:{port}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return read_wrk(done.stdout)


def read_wrk(text: str) -> Measured:
    """The figures in what wrk prints."""
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0}

    def percentile(mark: str) -> float:
        found = re.search(rf"{mark}%\s+([\d.]+)(us|ms|s)", text)
        return float(found[1]) * units[found[2]] if found else 0.0

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Measured(float(rate[1]) if rate else 0.0, percentile("50"), percentile("99"), int(bad[1]) if bad else 0)


def load_with_threads(port: int, make: Callable[[int], bytes], *, seconds: float, connections: int) -> Measured:
    """The same in Python."""
    stop = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in range(connections)]
    failed = [0] * connections

    def work(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = number
            while (before := time.perf_counter()) < stop:
                status, _ = exchange(connection, make(step))
                times[number].append(time.perf_counter() - before)
                failed[number] += status >= 400
                step += connections

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    every: Sequence[float] = sorted(one for group in times for one in group)
    if not every:
        return Measured(0, 0, 0, sum(failed))
    return Measured(len(every) / took, every[len(every) // 2] * 1000, every[int(len(every) * 0.99)] * 1000, sum(failed))


def peak(server: int) -> float:
    """The most memory that one of a server's web processes has had so far, in MB, what they share counted too."""
    found = []
    for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        status = Path(f"/proc/{child}/status").read_text()
        found.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
    return max(found)
