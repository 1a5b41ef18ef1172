"""An atomic request of many new records is prepared bit by bit; nobody sees where the bits begin."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import bulk
from tests.conftest import Shop

THING = """
object: thing
label: {en: Thing, zh: 物品}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  code: {type: text, label: {en: Code, zh: 编码}, unique: true}
  row: {type: text, label: {en: Row, zh: 排}}
  seat: {type: number, label: {en: Seat, zh: 座}}
  parent: {type: link, to: thing, label: {en: Parent, zh: 上级}}
  number: {type: autonumber, pattern: "T-{0000}", label: {en: Number, zh: 编号}}
unique: [[row, seat]]
"""


@pytest.fixture(params=[1, 3, 500])
def things(shop: Shop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Whose requests are cut into bits of so many records."""
    monkeypatch.setattr(bulk, "BATCH", request.param)
    shop.publish(THING)
    return shop


def send(shop: Shop, records: list[dict[str, Any]], mode: str = "create", **more: Any) -> tuple[int, list[Any]]:
    """The status and the results of an atomic request over HTTP, whose records stay text until they are taken."""
    body = {"mode": mode, "atomic": True, "records": records, **more}
    found = shop.ask("POST", "/records/thing/bulk", json=body)
    return found.status_code, found.get_json()["results"]


def stored(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ask("GET", "/records/thing?sort=id").get_json()["data"]
    return found


def test_all_of_them_in_their_order(things: Shop) -> None:
    rows = [{"name": f"N{at}", "code": f"C{at}", "row": "a", "seat": at} for at in range(8)]
    status, results = send(things, rows)
    assert status == 200 and [one["status"] for one in results] == [201] * 8
    made = {one["id"]: one for one in stored(things)}
    assert [made[one["id"]]["name"] for one in results] == [one["name"] for one in rows]
    assert [made[one["id"]]["number"] for one in results] == [f"T-{at:04}" for at in range(1, 9)]
    assert len(things.ask("GET", f"/records/thing/{results[5]['id']}/history").get_json()["data"]) == 1


@pytest.mark.parametrize("twice", [{"code": "C0"}, {"row": "a", "seat": 0}, {"row": "a", "seat": "0.0"}])
def test_what_stands_twice_is_found_however_far_apart(things: Shop, twice: dict[str, Any]) -> None:
    rows = [{"name": f"N{at}", "code": f"C{at}", "row": "a", "seat": at} for at in range(7)]
    rows[6] |= twice
    status, results = send(things, rows)
    assert status == 422 and [one["status"] for one in results] == [424] * 6 + [409]
    assert {one["code"] for one in results[6]["errors"]} == {"taken"}
    assert stored(things) == []


def test_everything_wrong_is_told_at_once(things: Shop) -> None:
    there = send(things, [{"name": "old", "code": "C1"}])[1][0]["id"]
    nobody = "01a20829-6f4f-70c1-a0fc-a415ffb2f09d"
    rows: list[dict[str, Any]] = [{"name": f"N{at}", "parent": there} for at in range(8)]
    rows[1] |= {"code": "C1"}
    rows[4] |= {"name": ""}
    rows[7] |= {"nothing": 1}
    status, results = send(things, rows)
    assert status == 422 and [one["status"] for one in results] == [424, 409, 424, 424, 422, 424, 424, 422]
    # Whether a linked record is there is asked when all else is right.
    rows = [{"name": f"N{at}", "parent": nobody if at in (2, 6) else there} for at in range(8)]
    status, results = send(things, rows)
    assert status == 422 and [one["status"] for one in results] == [424, 424, 422, 424, 424, 424, 422, 424]
    assert [one["name"] for one in stored(things)] == ["old"]


def test_somebody_else_was_faster(things: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is taken between the check and the transaction: everything is prepared again, from the text."""
    real, times = bulk.lock_links, []

    def taken(*args: Any) -> None:
        times.append(1)
        if len(times) == 1:
            assert things.ask("POST", "/records/thing", json={"name": "other", "code": "C5"}).status_code == 201
        real(*args)

    monkeypatch.setattr(bulk, "lock_links", taken)
    status, results = send(things, [{"name": f"N{at}", "code": f"C{at}"} for at in range(7)])
    assert status == 422 and [one["status"] for one in results] == [424] * 5 + [409, 424]
    assert [one["name"] for one in stored(things)] == ["other"]


def test_changes_are_looked_at_together(things: Shop) -> None:
    rows = [{"name": f"N{at}", "code": f"C{at}"} for at in range(5)]
    assert send(things, rows)[0] == 200
    changed = [{"code": f"C{at}", "name": "new"} for at in (0, 1, 2, 3, 0)]
    status, results = send(things, changed, "upsert", key="code")
    assert status == 422 and [one["status"] for one in results] == [424] * 4 + [409]
    assert send(things, [*changed[:4], {"code": "C9", "name": "newest"}], "upsert", key="code")[0] == 200
    assert sorted(one["name"] for one in stored(things)) == ["N4", "new", "new", "new", "new", "newest"]


def test_the_same_request_again_makes_nothing_twice(things: Shop) -> None:
    rows = [{"name": f"N{at}", "code": f"C{at}"} for at in range(7)]
    body = {"mode": "create", "atomic": True, "records": rows}
    first, second = (
        things.ask("POST", "/records/thing/bulk", json=body, headers={"Idempotency-Key": "k1"}).get_json()
        for _ in range(2)
    )
    assert [one["id"] for one in first["results"]] == [one["id"] for one in second["results"]]
    assert len(stored(things)) == 7
    table = things.session().layout.object("thing").table
    assert things.database.rows(Sql(f"SELECT count(*) FROM {table}"))[0][0] == 7
