"""Simulation of a draft on a record that is there: the path it would take, and nothing stored."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime.base.errors import Conflict, Invalid, NotFound
from runtime.base.sqltext import Sql, ident
from runtime.engine import publish, records
from runtime.engine.simulation import Asked, simulate
from runtime.meta import load
from tests.conftest import Shop
from tests.engine.test_scenarios import APP, MODEL

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def firm(shop: Shop) -> Shop:
    publish.publish(shop.workspace, documents())
    upper = shop.user("zhao", "boss")
    boss = shop.user("wang", "boss", manager=upper)
    shop.user("li", "staff", manager=boss)
    return shop


def documents(model: str = MODEL) -> load.Loaded:
    return load.from_texts([("app.yaml", APP), ("a.yaml", model)])


def stored(shop: Shop) -> list[Any]:
    names = ("s_instance", "s_task", "s_timer", "s_flow_event", "s_notice", "s_flow", "s_history")
    return [shop.database.rows(Sql(f"SELECT count(*) FROM {ident(shop.workspace.schema, one)}")) for one in names]


def order(shop: Shop, amount: int) -> str:
    return records.create(shop.session("li"), "order", {"name": f"A{amount}", "amount": amount}).id


def test_path_people_timers_changes_and_nothing_stored(firm: Shop) -> None:
    record = order(firm, 5000)
    before = stored(firm)
    found = simulate(firm.workspace, Asked("check", record, now=NOW), language="zh")
    assert (found["state"], found["initiator"], found["stopped"]) == ("approved", "li", None)
    steps = [one for one in found["path"] if one["step"]]
    assert [one["step"] for one in steps] == ["boss", "both"]
    assert [one["ways"] for one in found["path"] if one["step"] is None] == [[0]]
    assert [one["person"] for one in steps[0]["people"]] == ["wang"]
    assert steps[0]["reasons"] == [{"rule": "sources", "what": ["wang"], "text": "由节点指定"}]
    assert {one["person"] for one in steps[1]["people"]} == {"wang", "zhao"}
    assert [(one["step"], one["fire_at"]) for one in found["timers"]] == [("boss", "2026-03-03T02:30:00.000000Z")]
    changed = {one["field"]: (one["before"], one["after"]) for one in found["changes"]}
    assert changed["status"] == ("draft", "ok") and set(changed) == {"status", "at"}
    assert stored(firm) == before


@pytest.mark.parametrize("amount", [150, 900, 1001, 5000])
def test_the_simulated_path_is_the_real_one(firm: Shop, amount: int) -> None:
    """I18: the same people at the same steps."""
    record = order(firm, amount)
    said = simulate(firm.workspace, Asked("check", record))
    begun = firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": record})
    real: dict[str, set[str]] = {}
    names = {firm.session(one).user_id: one for one in ("li", "wang", "zhao")}
    while True:
        found = firm.ask("GET", f"/workflows/instances/{begun.get_json()['instance']}", "admin").get_json()
        open_tasks = [one for one in found["tasks"] if one["state"] == "open"]
        for one in found["tasks"]:
            real.setdefault(one["node"], set()).add(names[one["assignee"]])
        if not open_tasks:
            break
        one = open_tasks[0]
        assert firm.ask("POST", f"/tasks/{one['id']}/agree", names[one["assignee"]], json={}).status_code == 200
    assert found["state"] == said["state"]
    told = {one["step"]: {each["person"] for each in one["people"]} for one in said["path"] if one["step"]}
    assert told == real


def test_decisions_and_a_title(firm: Shop) -> None:
    order(firm, 5000)
    found = simulate(firm.workspace, Asked("check", "A5000", decisions={"both": "reject"}))
    assert found["state"] == "rejected"
    returned = simulate(firm.workspace, Asked("check", "A5000", decisions={"boss": "fly"}))
    assert returned["state"] == "running" and "boss" in returned["stopped"]


def test_a_draft_on_live_records(firm: Shop) -> None:
    record = order(firm, 500)
    draft = publish.plan(firm.workspace, documents(MODEL.replace("amount > 1000", "amount > 100")))
    assert [one["step"] for one in simulate(firm.workspace, Asked("check", record), draft)["path"] if one["step"]] == [
        "boss", "both",
    ]  # fmt: skip
    live = simulate(firm.workspace, Asked("check", record))
    assert [one["step"] for one in live["path"] if one["step"]] == ["boss"]
    wider = MODEL.replace("  buddy:", "  more: {type: number, label: {en: M, zh: 多}}\n  buddy:")
    with pytest.raises(Invalid, match="publish the objects first"):
        simulate(firm.workspace, Asked("check", record), publish.plan(firm.workspace, documents(wider)))


def test_refusals(firm: Shop) -> None:
    record = order(firm, 500)
    with pytest.raises(NotFound):
        simulate(firm.workspace, Asked("nothing", record))
    with pytest.raises(NotFound):
        simulate(firm.workspace, Asked("check", "no such record"))
    with pytest.raises(NotFound):
        simulate(firm.workspace, Asked("check", record, initiator="nobody"))
    with pytest.raises(Invalid):
        simulate(firm.workspace, Asked("check", order(firm, 5)))
    firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": record})
    with pytest.raises(Conflict):
        simulate(firm.workspace, Asked("check", record))


def test_by_the_command(firm: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order(firm, 5000)
    (tmp_path / "app.yaml").write_text(APP)
    (tmp_path / "a.yaml").write_text(MODEL)
    monkeypatch.setenv("DOUGONG_DATABASE_URL", firm.settings.dsn)
    program = "from runtime.cli import main; main()"
    command = [sys.executable, "-c", program, "model", "simulate", str(tmp_path), "check", "--record", "A5000",
               "--decide", "both=reject", "--data", str(tmp_path / "data")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "started by li: rejected" in done.stdout and "wang: agreed" in done.stdout, done.stdout
