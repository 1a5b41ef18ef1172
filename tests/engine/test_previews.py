"""What computed values would be while a change waits (2.8): old and proposed, by the rights of who reads."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.sqltext import Sql
from tests.conftest import Shop
from tests.engine import test_proposals as plain
from tests.engine import test_proposals_lines as lines

READER = """
role: reader
label: {en: Reader, zh: 查看者}
objects:
  client: {read: all, fields: {credit: hidden}}
"""
office = pytest.fixture(plain.office.__wrapped__)  # type: ignore[attr-defined]
orders = pytest.fixture(lines.office.__wrapped__)  # type: ignore[attr-defined]


def by_field(found: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {one["field"]: (one["old"], one["new"]) for one in found}


def test_formulas_and_rollups_of_the_record(office: Shop) -> None:
    record = plain.client(office)
    before = plain.now(office, record)
    assert plain.change(office, record, credit=500, tax="T").status_code == 202
    found = plain.told(office, record)[0]
    assert by_field(found["computed"]) == {"double": (200, 1000)}
    task = office.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert by_field(office.ask("GET", f"/tasks/{task}", "boss").get_json()["computed"]) == {"double": (200, 1000)}
    assert plain.now(office, record) == before, "looking changes nothing, not even the version"
    history = office.ask("GET", f"/records/client/{record}/history", "root").get_json()["data"]
    assert [one["action"] for one in history] == ["created"]
    assert plain.decide(office, "boss", "agree")["state"] == "approved"
    assert plain.now(office, record)["double"] == 1000
    assert plain.told(office, record)[0]["computed"] == [], "it is in force: nothing is ahead"


def test_sums_over_lines_that_wait(orders: Shop) -> None:
    record = lines.order(orders, 10, 20)
    lines.save(orders, record, {"discount": 10}, creates=[{"product": "new", "price": 70}])
    for _ in range(2):
        assert by_field(lines.told(orders, record)[0]["computed"]) == {"total": (30, 90)}
    assert lines.now(orders, record)["total"] == 30
    assert len(lines.of(orders, record)) == 2


def test_who_may_not_read_what_it_is_made_from_reads_nothing(office: Shop) -> None:
    office.publish(READER, app="more")
    office.user("eve", "reader")
    record = plain.client(office)
    assert plain.change(office, record, credit=500, tax="T").status_code == 202
    found = plain.told(office, record, "eve")[0]
    assert [one["field"] for one in found["changes"]] == ["tax"]
    assert found["computed"] == []
    assert "1000" not in office.ask("GET", f"/records/client/{record}/proposals", "eve").text


def test_a_deletion_moves_no_value_and_a_conflict_tells_none(office: Shop) -> None:
    record = plain.client(office)
    assert plain.change(office, record, credit=500).status_code == 202
    plain.underhand(office, record, credit=50)
    assert plain.told(office, record)[0]["computed"] == [], "it could not be put into force as it stands"


def test_who_looks_does_not_wait_for_who_writes(office: Shop) -> None:
    record = plain.client(office)
    assert plain.change(office, record, credit=500).status_code == 202
    place = office.session("li").layout.object("client")
    with office.workspace.database.transaction() as connection:
        connection.execute(Sql(f"SELECT 1 FROM {place.table} WHERE id = %s FOR UPDATE").text, (record,))
        found = plain.told(office, record)[0]
    assert (found["computed"], len(found["changes"])) == ([], 1)
    assert by_field(plain.told(office, record)[0]["computed"]) == {"double": (200, 1000)}
