"""Commands about workflows: running ones go on after a new version; imports that pass by an approval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.engine import audit
from runtime.store import flows
from tests.commands.test_cli import Run
from tests.commands.test_cli import dougong as dougong
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, QUOTE, SALES, check_folds, quote, start
from tests.engine.test_migrating import ONE, TWO
from tests.engine.test_proposals import CLIENT, SITE, client, now, told
from tests.engine.test_proposals import FINANCE as MONEY
from tests.engine.test_proposals import FLOW as KEY_FIELDS
from tests.engine.test_proposals import SALES as CLIENTS

GONE = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
nodes:
  - approve: another
    who: {user: boss}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, ONE, SALES, FINANCE)
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("root", "admin")
    shop.user("fang", "finance")
    shop.user("feng", "finance")
    return shop


def version(shop: Shop, instance: str) -> str:
    row = flows.read(shop.database, shop.workspace.schema, instance)
    assert row is not None
    return row.flow


def test_migrate_tried_then_one_then_all(office: Shop, dougong: Run) -> None:
    first, second = (str(start(office, quote(office))["instance"]) for _ in range(2))
    assert "0 of 0 instances" in dougong("workflow", "migrate", "quote_approval").stdout, "all go by the live version"
    office.publish(QUOTE, TWO, SALES, FINANCE)
    before = version(office, first)
    tried = json.loads(dougong("workflow", "migrate", "quote_approval", "--dry-run", "--json").stdout)
    assert tried["dry_run"] is True
    assert [(one["instance"], one["ok"], one["blockers"]) for one in tried["instances"]] == [
        (first, True, []), (second, True, [])]  # fmt: skip
    shown = dougong("workflow", "migrate", "quote_approval", "--dry-run").stdout
    assert f"{first} " in shown and "can go on" in shown and "2 of 2 instances of other versions (dry run)" in shown
    assert version(office, first) == before == version(office, second), "nothing is changed"
    shown = dougong("workflow", "migrate", "quote_approval", "--instance", second).stdout
    assert "goes on" in shown and "1 of 1 instances" in shown and first not in shown
    assert version(office, first) == before != version(office, second)
    assert "1 of 1 instances" in dougong("workflow", "migrate", "quote_approval").stdout
    assert version(office, first) == version(office, second)
    for one in (first, second):
        check_folds(office, one)


def test_migrate_says_what_stands_against_it(
    office: Shop,
    dougong: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance = str(start(office, quote(office))["instance"])
    before = version(office, instance)
    office.publish(QUOTE, GONE, SALES, FINANCE)
    for more in ([], ["--dry-run"], ["--instance", instance]):
        shown = dougong("workflow", "migrate", "quote_approval", *more, status=1).stdout
        assert "the step 'boss' is under way and not there any more" in shown and "0 of 1 instances" in shown
    monkeypatch.setenv("DOUGONG_LANGUAGE", "zh")
    assert "正在进行的节点“boss”在新版本中不存在" in dougong("workflow", "migrate", "quote_approval", status=1).stdout
    assert version(office, instance) == before


def test_migrate_of_nothing(office: Shop, dougong: Run) -> None:
    assert "there is no workflow 'nothing'" in dougong("workflow", "migrate", "nothing", status=1).stderr
    assert (
        "no such workflow or task"
        in dougong("workflow", "migrate", "quote_approval", "--instance", "x", status=1).stderr
    )
    dougong("workflow", "migrate", status=2)
    dougong("workflow", "nonsense", status=2)


@pytest.fixture
def clients(shop: Shop) -> Shop:
    shop.publish(CLIENT, SITE, KEY_FIELDS, CLIENTS, MONEY)
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    shop.user("root", "admin")
    shop.user("fang", "finance")
    return shop


def audited(shop: Shop) -> list[str]:
    """The entries about changes without approval, as text."""
    return [str(one) for one in audit.entries(shop.workspace, 10, event="bypass_approval")]


def test_import_without_approval(clients: Shop, dougong: Run, tmp_path: Path) -> None:
    record, sheet = client(clients, name="known"), tmp_path / "clients.csv"
    sheet.write_text("name,credit\nknown,700\n")
    command = ["data", "import", "client", sheet, "--key", "name", "--on-duplicate", "update", "--json"]
    waits = json.loads(dougong(*command, "--user", "li", "--dry-run").stdout)
    assert (waits["pending"], waits["updated"]) == (1, 0)
    refused = dougong(*command, "--user", "li", "--bypass-approval", status=1)
    assert "bypass_approval" in refused.output
    nobody = dougong(*command, "--bypass-approval", status=1)
    assert "bypass_approval" in nobody.output, "the system has no role that allows it: name a user"
    assert now(clients, record)["credit"] == 100 and told(clients, record) == [] and audited(clients) == []
    done = json.loads(dougong(*command, "--user", "fang", "--bypass-approval").stdout)
    assert (done["pending"], done["updated"], done["failed"]) == (0, 1, 0)
    assert now(clients, record)["credit"] == 700 and told(clients, record) == []
    entries = audited(clients)
    assert len(entries) == 1 and "fang" in entries[0] and "client" in entries[0] and record in entries[0]
    sheet.write_text("name,credit\nknown,800\n")
    held = json.loads(dougong(*command, "--user", "fang").stdout)
    assert (held["pending"], held["updated"]) == (1, 0), "without the option his change waits like anybody's"
    assert now(clients, record)["credit"] == 700 and len(audited(clients)) == 1
