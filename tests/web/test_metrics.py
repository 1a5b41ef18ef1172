"""The figures for monitoring."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import make_conninfo

from runtime.app import create_app
from runtime.store import setups
from tests.conftest import Shop

NOTE = "object: note\nlabel: {en: Note, zh: 便签}\nfields:\n  text: {type: text, label: {en: T, zh: 文}}\n"


def figures(text: str) -> dict[str, float]:
    """Name with labels -> value."""
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def test_only_with_its_own_token(shop: Shop) -> None:
    client = shop.app.test_client()
    assert client.get("/metrics").status_code == 404, "no token is set"
    settings = replace(shop.settings, metrics_token="figures")
    client = create_app(settings, replace(shop.services, settings=settings)).test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {shop.token('admin')}"}).status_code == 401
    found = client.get("/metrics", headers={"Authorization": "Bearer figures"})
    assert found.status_code == 200 and found.headers["Content-Type"].startswith("text/plain; version=")


def test_what_is_counted(shop: Shop) -> None:
    shop.publish(NOTE)
    settings = replace(shop.settings, metrics_token="figures")
    client = create_app(settings, replace(shop.services, settings=settings)).test_client()
    own = {"Authorization": f"Bearer {shop.token('admin')}"}
    made = client.post("/api/v1/records/note", json={"text": "a"}, headers=own).get_json()
    for _ in range(3):
        assert client.get(f"/api/v1/records/note/{made['id']}", headers=own).status_code == 200
    client.get("/api/v1/records/note/nothing", headers=own)
    client.get("/nowhere/../../x?secret=1")
    client.open("/api/v1/me", method="STRANGE")
    found = figures(client.get("/metrics", headers={"Authorization": "Bearer figures"}).get_data(as_text=True))
    one = "/api/v1/records/<object_name>/<record_id>"

    def count(method: str, route: str, status: int) -> float:
        return found[f'dougong_http_request_seconds_count{{method="{method}",route="{route}",status="{status}"}}']

    assert count("GET", one, 200) == 3 and count("GET", one, 404) == 1
    assert count("POST", "/api/v1/records/<object_name>", 201) == 1
    assert count("GET", "other", 404) >= 1 and count("other", "other", 405) == 1
    assert found["dougong_database_up"] == 1 and found['dougong_model_version{workspace="main"}'] >= 1
    assert "secret" not in str(found) and made["id"] not in str(found)


@pytest.fixture
def address(shop: Shop) -> str:
    """The database as a setting."""
    return make_conninfo(shop.database.dsn)


def test_several_processes_answer_as_one(shop: Shop, address: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DOUGONG_DATABASE_URL": address, "DOUGONG_METRICS_TOKEN": "figures"}
    command = [
        sys.executable,
        "-m",
        "runtime.cli",
        "serve",
        "--port",
        str(port),
        "--workers",
        "2",
        "--data",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        base = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{base}/healthz")
                break
            except httpx.TransportError:
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.2)
        for _ in range(40):  # each over a connection of its own, so that both processes are asked
            assert httpx.get(f"{base}/healthz").status_code == 200
        name = 'dougong_http_request_seconds_count{method="GET",route="/healthz",status="200"}'
        answers = [httpx.get(f"{base}/metrics", headers={"Authorization": "Bearer figures"}).text for _ in range(8)]
        assert {figures(one)[name] for one in answers} == {41.0}
        assert any(len(re.findall("^dougong_process_resident_bytes", one, re.MULTILINE)) == 2 for one in answers)
        process.terminate()
        assert process.wait(60) == 0, "it ends as it should"
        assert not setups.known(shop.database), "nothing is left of it to compare settings with"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
