"""Web processes and workers whose settings are not the same: `doctor` says so, by marks that give nothing away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import setups
from runtime.store import beats
from runtime.store.ids import new_id
from runtime.store.revisions import SHARED
from tests.conftest import Shop

MAIL = {"DOUGONG_SMTP_URL": "smtp://crm:word@mail.example.com", "DOUGONG_BASE_URL": "https://crm.example.com"}


@pytest.fixture
def hosts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> object:
    def start(kind: str, host: str, secret: str = "s", **environment: str) -> None:
        monkeypatch.setattr(setups, "gethostname", lambda: host)
        setups.note(shop.database, kind, secret, environment)
        if kind == setups.WORKER:
            beats.beat(shop.database, new_id(), host, 1)

    return start


def said(shop: Shop) -> list[str]:
    return [one.en for one in setups.differing(shop.database)]


def test_what_differs_is_said_with_where(shop: Shop, hosts: object) -> None:
    assert callable(hosts)
    assert said(shop) == []
    hosts("web", "a", **MAIL)
    hosts("worker", "b", **MAIL)
    assert said(shop) == []
    hosts("web", "a", DOUGONG_BASE_URL=MAIL["DOUGONG_BASE_URL"])
    assert said(shop) == ["DOUGONG_SMTP_URL differs: web on a | worker on b"]
    hosts("web", "c", secret="other", **MAIL)
    assert said(shop) == ["DOUGONG_SECRET_KEY differs: web on c | web on a, worker on b"], "then nothing else is told"
    setups.gone(shop.database, "web")
    hosts("web", "a", **MAIL)
    assert said(shop) == []
    kept = str(shop.database.rows(Sql(f"SELECT marks FROM {ident(SHARED, 'setup')}")))
    assert "word" not in kept and "example" not in kept


def test_a_worker_that_is_not_there_any_more_does_not_count(shop: Shop, hosts: object) -> None:
    assert callable(hosts)
    hosts("web", "a", **MAIL)
    hosts("worker", "b")
    assert len(said(shop)) == 2
    shop.database.rows(Sql(f"UPDATE {ident(SHARED, 'worker')} SET seen_at = now() - interval '2 minutes'"))
    assert said(shop) == []


def test_the_doctor_says_it(shop: Shop, hosts: object, tmp_path: Path) -> None:
    assert callable(hosts)
    program = "from runtime.cli import main; main()"
    command = [sys.executable, "-c", program, "doctor", "--data", str(tmp_path)]
    environment = {**os.environ, "DOUGONG_DATABASE_URL": shop.settings.dsn, "DOUGONG_LANGUAGE": "en"}
    assert subprocess.run(command, env=environment, check=False, capture_output=True).returncode == 0
    hosts("web", "a", **MAIL)
    hosts("worker", "b")
    found = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert found.returncode == 1
    assert "BAD  settings  DOUGONG_BASE_URL differs: worker on b | web on a" in found.stdout
