"""Servers and databases for tests: throw-away clusters, a fresh copy of a prepared database for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.store.embedded import Cluster

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def throw_away(binaries: Path | None = None) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="dougong-test-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, binaries, durable=False)
    try:
        yield cluster.start()
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pg18_dsn() -> Iterator[str]:
    """A connection string of a throw-away PostgreSQL 18."""
    yield from throw_away()


@pytest.fixture(scope="session")
def pg15_dsn() -> Iterator[str]:
    """A connection string of a throw-away PostgreSQL 15, where its programs are installed."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed (package postgresql-15)")
    yield from throw_away(DEBIAN_15)
