"""Connections spread themselves over the web processes of a host.

A browser keeps its connection, and with it the process that happened to take it: the people of an office can end up
at one process while the others idle. So an answer that took its time while the same process had others to answer
ends its connection; the next request goes to whichever process takes it first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

#: Seconds. A new connection costs far less than such an answer; a quick one is not worth it.
LONG = 0.01


class Spread:
    """WSGI middleware: ends connections where a process has more than one slow request at a time."""

    def __init__(self, behind: Callable[..., Iterable[bytes]]) -> None:
        self.behind = behind
        self.under_way = 0
        self.lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun = time.perf_counter()
        with self.lock:
            self.under_way += 1
        crowded = self.under_way > 1

        def told(line: str, headers: Sequence[tuple[str, str]], *rest: Any) -> Any:
            if (crowded or self.under_way > 1) and time.perf_counter() - begun > LONG:
                headers = [*headers, ("Connection", "close")]
            return start_response(line, headers, *rest)

        try:
            return self.behind(environ, told)
        finally:
            with self.lock:
                self.under_way -= 1
