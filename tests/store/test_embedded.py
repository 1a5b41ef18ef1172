"""The embedded server: closed to others, shared by processes, never started on data of another version."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from runtime.store.embedded import Cluster, EmbeddedError


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's account can reach."""
    made = Path(tempfile.mkdtemp(prefix="dougong-embedded-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_closed_to_others(folder: Path) -> None:
    cluster = Cluster(folder, durable=False)
    dsn = cluster.start()
    try:
        with psycopg.connect(dsn) as connection:
            shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in ("listen_addresses", "port")}
        assert shown["listen_addresses"] == ("",), "no TCP port"
        secret = folder / "postgresql.password"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE(cluster.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
        wrong = dsn.replace(secret.read_text().strip(), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
    finally:
        cluster.stop()


def test_stops_with_its_last_user(folder: Path) -> None:
    first, second = Cluster(folder, durable=False), Cluster(folder, durable=False)
    first.start()
    second.start()
    first.stop()
    assert second.running()
    second.stop()
    assert not second.running()


def test_a_killed_user_does_not_hold_it(folder: Path) -> None:
    """kill -9 of a process leaves the server up; the next process takes it over and can stop it."""
    code = f"from pathlib import Path; from runtime.store.embedded import Cluster; Cluster(Path({str(folder)!r}), durable=False).start(); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    cluster = Cluster(folder, durable=False)
    assert cluster.running()
    with psycopg.connect(cluster.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    cluster.stop()
    assert not cluster.running()


def test_refuses_data_of_another_version(folder: Path) -> None:
    cluster = Cluster(folder, durable=False)
    cluster.start()
    cluster.stop()
    version = cluster.data / "PG_VERSION"
    before = version.read_text()
    version.write_text("15\n")
    with pytest.raises(EmbeddedError) as refused:
        Cluster(folder, durable=False).start()
    assert "PostgreSQL 15" in refused.value.detail("en")
    assert "pg_dump" in refused.value.detail("zh") and "pg_dump" in refused.value.detail("en")
    version.write_text(before)
    with psycopg.connect(cluster.start()):
        pass
    cluster.stop()


def test_an_initialisation_that_was_cut_off_is_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(folder, durable=False)
    run, made = cluster._run, []

    def cut_off(program: str, *arguments: str, timeout: float = 90) -> subprocess.CompletedProcess[str]:
        done = run(program, *arguments, timeout=timeout)
        if program == "initdb":
            made.append(Path(arguments[1]))
            (made[0] / "global" / "pg_control").unlink()
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as cut:
        cut.setattr(cluster, "_run", cut_off)
        with pytest.raises(KeyboardInterrupt):
            cluster.start()
    assert (made[0] / "PG_VERSION").exists(), "initdb writes it first of all"
    with psycopg.connect(cluster.start()):
        pass
    cluster.stop()
    assert not made[0].exists()


def test_a_start_that_was_cut_off_before_there_was_a_database_is_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(folder, durable=False)
    with monkeypatch.context() as cut:
        cut.setattr(cluster, "_settle", lambda: exit(9))
        with pytest.raises(SystemExit):
            cluster.start()
    again = Cluster(folder, durable=False)
    assert again.running(), "its server is up"
    with psycopg.connect(again.start()):
        pass
    again.stop()


def test_what_is_no_database_is_neither_started_nor_removed(folder: Path) -> None:
    cluster = Cluster(folder, durable=False)
    cluster.data.mkdir(parents=True)
    (cluster.data / "half").write_text("x")
    with pytest.raises(EmbeddedError, match="PG_VERSION is missing"):
        cluster.start()
    assert (cluster.data / "half").read_text() == "x"


def test_a_database_that_has_gone_is_not_begun_anew(folder: Path) -> None:
    cluster = Cluster(folder, durable=False)
    cluster.start()
    cluster.stop()
    cluster.data.rename(folder / "elsewhere")
    with pytest.raises(EmbeddedError, match="is not there any more"):
        cluster.start()
    (folder / "elsewhere").rename(cluster.data)
    with psycopg.connect(cluster.start()):
        pass
    cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's account cannot reach")
def test_a_folder_out_of_reach_keeps_a_pointer(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    cluster = Cluster(private / "data", durable=False)
    with psycopg.connect(cluster.start()):
        pass
    try:
        assert not str(cluster.data).startswith(str(private))
        assert stat.S_IMODE(private.stat().st_mode) == 0o700, "no folder above is opened"
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
