"""Figures for monitoring, in the text form of Prometheus: requests by route and status, the pool, the database.

Several web processes of one host share a folder (``PROMETHEUS_MULTIPROC_DIR``), so that whichever of them is asked
answers for all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from runtime.base.errors import DougongError
from runtime.store import beats, outbox, versions, workspaces
from runtime.store.database import Database

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Where a request says which route it took; what took none is counted as one.
ROUTE = "dougong.route"
ELSEWHERE = "other"
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
#: Seconds between two looks at the figures that are not counted as they happen.
INTERVAL = 5.0
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class Metrics:
    """The figures of this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.registry = CollectorRegistry()
        # The library decides when it is imported; a web process is forked off later, when the folder is known.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        self.requests = Histogram(
            "dougong_http_request_seconds", "Time until an answer began, by method, route and status.",
            ("method", "route", "status"), buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.pool = Gauge(
            "dougong_database_connections_in_use", "Database connections taken from the pools.",
            registry=self.registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.memory = Gauge(
            "dougong_process_resident_bytes", "Memory of each web process.", ("process",),
            registry=self.registry, multiprocess_mode="livemostrecent",
        )  # fmt: skip
        self._next = 0.0
        self._known: dict[tuple[str, str, str], Any] = {}

    def observe(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count one request."""
        key = (method, route, status)
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = self.requests.labels(*key)
        child.observe(seconds)
        now = time.monotonic()
        if now > self._next:
            self._next = now + INTERVAL
            self.note()

    def note(self) -> None:
        """The figures of this process that are not counted as they happen."""
        self.pool.set(self.database.in_use)
        with open("/proc/self/statm") as text:
            self.memory.labels(str(os.getpid())).set(int(text.read().split()[1]) * PAGE_SIZE)

    def text(self) -> bytes:
        """Everything as Prometheus reads it."""
        self.note()
        if os.environ.get(FOLDER):
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return generate_latest(shared) + generate_latest(self.asked())
        return generate_latest(self.registry) + generate_latest(self.asked())

    def asked(self) -> CollectorRegistry:
        """What the database says, the same for all processes."""
        found = CollectorRegistry()
        up = Gauge("dougong_database_up", "1 while the database answers.", registry=found)
        try:
            rows = workspaces.everyone(self.database)
            live = [versions.live(self.database, one.schema).version for one in rows]
            events = [outbox.counts(self.database, one.schema) for one in rows]
            workers = beats.there(self.database)
        except DougongError:
            up.set(0)
            return found
        up.set(1)
        version = Gauge("dougong_model_version", "The live version of each workspace.", ("workspace",), registry=found)
        for one, number in zip(rows, live, strict=True):
            version.labels(one.name).set(number)
        Gauge("dougong_workers", "Workers that are there.", registry=found).set(workers)
        told = Gauge("dougong_events", "Events of records that wait (ready, running) or were given up (dead).",
                     ("workspace", "state"), registry=found)  # fmt: skip
        for one, counts in zip(rows, events, strict=True):
            for state in ("ready", "running", "dead"):
                told.labels(one.name, state).set(counts.get(state, 0))
        return found


class Measured:
    """WSGI middleware: every request is counted with the route that it took."""

    def __init__(self, metrics: Metrics, behind: Callable[..., Iterable[bytes]]) -> None:
        self.metrics = metrics
        self.behind = behind

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun = time.perf_counter()
        status = "500"

        def noted(line: str, *rest: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, *rest)

        try:
            return self.behind(environ, noted)
        finally:
            method = environ["REQUEST_METHOD"]
            self.metrics.observe(
                method if method in METHODS else ELSEWHERE,
                environ.get(ROUTE, ELSEWHERE), status, time.perf_counter() - begun,
            )  # fmt: skip
