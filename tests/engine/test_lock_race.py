"""A workflow that begins between the look at its lock and the write: two real connections, one order or the other."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

from runtime.base.errors import Locked
from runtime.engine import locks, records
from runtime.engine.flows import Flows
from tests.conftest import Shop

DOCUMENTS = """
object: deal
label: {en: Deal, zh: 交易}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
---
object: item
label: {en: Item, zh: 明细}
fields:
  deal: {type: link, to: deal, reverse: items, owned: true, required: true}
  name: {type: text, label: {en: Name, zh: 名称}}
---
workflow: approval
label: {en: Approval, zh: 审批}
object: deal
nodes:
  - {approve: boss, who: {user: admin}}
"""


@pytest.fixture
def shop_of_deals(shop: Shop) -> Shop:
    shop.publish(*DOCUMENTS.split("---\n"))
    return shop


def begun_in_between(shop: Shop, deal: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After the first look at the lock a workflow begins, whole, on another connection."""
    real, begun = locks.refuse, []

    def looked(*args: Any) -> None:
        real(*args)
        if not begun:
            begun.append(1)
            Flows(shop.session("admin")).start("approval", "deal", deal)

    monkeypatch.setattr(locks, "refuse", looked)
    return begun


def made(shop: Shop) -> tuple[str, str]:
    deal = records.create(shop.session("admin"), "deal", {"name": "A"}).id
    return deal, records.create(shop.session("admin"), "item", {"deal": deal, "name": "x"}).id


@pytest.mark.parametrize("way", ["record", "line", "new line", "bulk", "atomic bulk"])
def test_a_workflow_begins_before_the_write(shop_of_deals: Shop, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    shop = shop_of_deals
    deal, item = made(shop)
    begun = begun_in_between(shop, deal, monkeypatch)
    if way == "record":
        status = shop.ask("PATCH", f"/records/deal/{deal}", json={"name": "B"}).status_code
    elif way == "line":
        status = shop.ask("PATCH", f"/records/item/{item}", json={"name": "B"}).status_code
    elif way == "new line":
        status = shop.ask("POST", "/records/item", json={"deal": deal, "name": "B"}).status_code
    else:
        body = {"mode": "update", "records": [{"id": deal, "name": "B"}], "atomic": way == "atomic bulk"}
        status = shop.ask("POST", "/records/deal/bulk", json=body).get_json()["results"][0]["status"]
    assert begun
    assert status == 423
    assert shop.ask("GET", f"/records/deal/{deal}").get_json()["name"] == "A"
    names = [one["name"] for one in shop.ask("GET", "/records/item").get_json()["data"]]
    assert names == ["x"]


def test_a_deletion(shop_of_deals: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_of_deals
    deal, _ = made(shop)
    real, calls = locks.refuse_deletion, []

    def looked(*args: Any, **more: Any) -> None:
        real(*args, **more)
        if not calls:
            calls.append(1)
            Flows(shop.session("admin")).start("approval", "deal", deal)

    monkeypatch.setattr(locks, "refuse_deletion", looked)
    assert shop.ask("DELETE", f"/records/deal/{deal}").status_code == 423
    assert shop.ask("GET", f"/records/deal/{deal}").status_code == 200
    body = {"mode": "delete", "records": [{"id": deal}], "atomic": True}
    assert shop.ask("POST", "/records/deal/bulk", json=body).get_json()["results"][0]["status"] == 423


def test_many_at_once(shop_of_deals: Shop) -> None:
    """Whatever the order: a write that was taken was over when the workflow began."""
    shop = shop_of_deals
    for _ in range(25):
        deal, _ = made(shop)
        gate = threading.Barrier(2)
        titles: list[str] = []

        def write(deal: str = deal, gate: Any = gate) -> None:
            gate.wait()
            with suppress(Locked):
                records.update(shop.session("admin"), "deal", deal, {"name": "B"})

        def begin(deal: str = deal, gate: Any = gate, titles: list[str] = titles) -> None:
            gate.wait()
            made_one = Flows(shop.session("admin")).start("approval", "deal", deal)["instance"]
            titles.append(shop.ask("GET", f"/workflows/instances/{made_one}").get_json()["title"])

        threads = [threading.Thread(target=one) for one in (write, begin)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert titles == [shop.ask("GET", f"/records/deal/{deal}").get_json()["name"]], "what began is what is reviewed"
