"""A publishing process that is killed at any moment: wholly before or wholly after, and the next one finishes it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.engine import publish
from runtime.store import versions
from tests.conftest import Shop

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 1500


def document(kind: str, number: int) -> str:
    return (
        "object: thing\nlabel: {en: Thing, zh: 东西}\nfields:\n"
        f"  value: {{type: {kind}, label: {{en: Value, zh: 值}}}}\n"
        f"  extra_{number}: {{type: number, label: {{en: E, zh: e}}, indexed: true}}\n"
    )


def start(shop: Shop, file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.publisher", shop.settings.dsn, str(file)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "begins\n"
    return process


def whole(shop: Shop, expected: set[str]) -> str:
    """The type in force, after looking that everything fits it."""
    session = shop.session()
    session.settle()
    kind = session.model.objects["thing"].fields["value"].type
    assert kind in expected
    assert publish.inconsistent(shop.workspace) == []
    answer = shop.ask("POST", "/records/thing/aggregate", json={"measures": {"n": "COUNT()", "d": "COUNTD(value)"}})
    assert answer.get_json()["data"] == [{"n": RECORDS, "d": RECORDS}], (kind, answer.get_json())
    return kind


def test_killed_at_random_moments(shop: Shop, tmp_path: Path) -> None:
    shop.publish(document("text", 0))
    for at in range(0, RECORDS, 500):
        values = [{"value": str(number)} for number in range(at, at + 500)]
        assert (
            shop.ask("POST", "/records/thing/bulk", json={"mode": "create", "records": values}).get_json()["ok"] == 500
        )
    kinds, moments, ends = ["text", "number"], random.Random(7), []
    for number in range(1, 11):
        wanted = kinds[number % 2]
        file = tmp_path / f"{number}.yaml"
        file.write_text(document(wanted, number))
        process = start(shop, file)
        time.sleep(moments.uniform(0.02, 0.5))
        process.kill()
        process.communicate()
        was = whole(shop, set(kinds))
        publish.resume(shop.workspace)
        states = {one.state for one in versions.history(shop.database, shop.workspace.schema)}
        assert "preparing" not in states
        now = whole(shop, {was, wanted})
        ends.append((was == wanted, now == wanted))
        shop.publish(document(wanted, number))
        assert whole(shop, {wanted}) == wanted
    print("before and after resuming, in force:", ends)


def test_two_publishes_at_once_come_one_after_the_other(shop: Shop) -> None:
    texts = [document("text", number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(shop.publish, texts))
    session = shop.session()
    session.settle()
    fields = [*session.model.objects["thing"].fields]
    assert len(fields) == 2 and fields[0] == "value"
    history = versions.history(shop.database, shop.workspace.schema)
    assert [one.state for one in history] == ["live", "past", "past", "past"]
    assert sorted(one.number for one in history) == [1, 2, 3, 4]
