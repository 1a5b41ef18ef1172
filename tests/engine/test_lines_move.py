"""The version of a record moves with its lines, by whichever way they are saved, and who has seen others is told."""

from __future__ import annotations

import json
from io import BytesIO
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest

from runtime.base.errors import Conflict, Stale
from runtime.base.sqltext import Sql
from runtime.engine import bulk, compound, records
from runtime.engine.assembling import Lines
from runtime.engine.importing import Options as ImportOptions
from runtime.engine.imports import run as import_file
from runtime.engine.saving import Options
from tests.conftest import Shop
from tests.engine.test_dispatch import STAFF
from tests.engine.test_held_lines import OBJECTS

#: How many transactions the database has taken back because they stood in each other's way.
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture
def firm(shop: Shop) -> Shop:
    shop.publish(OBJECTS, STAFF)
    shop.user("li", "staff")
    shop.user("boss", "staff")
    return shop


def version(firm: Shop, order: str) -> int:
    return int(firm.ask("GET", f"/records/order/{order}").get_json()["version"])


def told(firm: Shop, order: str) -> list[tuple[int, str, Any]]:
    """(version, action, who) of the record's history, newest first."""
    rows = firm.ask("GET", f"/records/order/{order}/history", "li").get_json()["data"]
    return [(one["version"], one["action"], (one["actor"] or {}).get("title")) for one in rows]


def test_each_way_of_a_line_moves_its_record(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    line = firm.ask("POST", "/records/part", "li", json={"name": "a", "price": 5, "order": order}).get_json()["id"]
    assert version(firm, order) == 2
    firm.ask("PATCH", f"/records/part/{line}", "boss", json={"price": 6})
    assert version(firm, order) == 3
    firm.ask("PATCH", f"/records/part/{line}", "boss", json={"price": 6})
    assert version(firm, order) == 3, "nothing has changed"
    assert firm.ask("PATCH", f"/records/part/{line}", "boss", json={"price": "x"}).status_code == 422
    assert version(firm, order) == 3, "nothing was done"
    assert firm.ask("DELETE", f"/records/part/{line}", "li").status_code == 204
    assert version(firm, order) == 4
    assert firm.ask("POST", f"/records/part/{line}/restore", "li").status_code == 200
    assert version(firm, order) == 5
    history = [(5, "lines", "li"), (4, "lines", "li"), (3, "lines", "boss"), (2, "lines", "li")]
    assert told(firm, order)[:-1] == history and told(firm, order)[-1][:2] == (1, "created")


def test_a_moved_line_moves_both(firm: Shop) -> None:
    one, two = (records.create(firm.session("li"), "order", {"name": name}).id for name in "AB")
    line = records.create(firm.session("li"), "part", {"name": "a", "price": 5, "order": one}).id
    assert (version(firm, one), version(firm, two)) == (2, 1)
    records.update(firm.session("boss"), "part", line, {"order": two})
    assert (version(firm, one), version(firm, two)) == (3, 2)


def test_a_batch_moves_each_record_once(firm: Shop) -> None:
    one, two = (records.create(firm.session("li"), "order", {"name": name}).id for name in "AB")
    rows = [{"name": str(number), "price": 1, "order": (one, two)[number % 2]} for number in range(20)]
    made = bulk.bulk(firm.session("li"), "part", "create", rows)
    assert {each.status for each in made} == {201}
    assert (version(firm, one), version(firm, two)) == (2, 2)
    changes = [{"id": each.id, "price": 2} for each in made if each.id][:3]
    assert [each.status for each in bulk.bulk(firm.session("li"), "part", "update", changes)] == [200] * 3
    assert (version(firm, one), version(firm, two)) == (3, 3)
    bulk.bulk(firm.session("li"), "part", "update", changes)
    assert (version(firm, one), version(firm, two)) == (3, 3), "nothing has changed"
    some = [{"id": made[0].id, "price": 3}, {"id": made[1].id, "price": "x"}]
    assert [each.status for each in bulk.bulk(firm.session("li"), "part", "update", some)] == [200, 422]
    assert (version(firm, one), version(firm, two)) == (4, 3), "only where one was stored"
    assert {each.status for each in bulk.bulk(firm.session("li"), "part", "update", some, atomic=True)} == {422, 424}
    assert (version(firm, one), version(firm, two)) == (4, 3)
    gone = [{"id": each.id} for each in made[:4]]
    assert {each.status for each in bulk.bulk(firm.session("li"), "part", "delete", gone, atomic=True)} == {200}
    assert (version(firm, one), version(firm, two)) == (5, 4)


def test_an_import_moves_them(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    rows = "\n".join(json.dumps({"name": str(number), "price": 1, "order": order}) for number in range(5))
    options = ImportOptions(name="parts.jsonl", on_duplicate="create")
    done = import_file(firm.session("admin"), "part", BytesIO(rows.encode()), options)
    assert done.created == 5 and version(firm, order) == 2


def test_who_has_seen_other_lines_is_told(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    seen = version(firm, order)
    records.create(firm.session("boss"), "part", {"name": "a", "price": 5, "order": order})
    with pytest.raises(Stale):
        records.update(firm.session("li"), "order", order, {"name": "B"}, Options(version=seen))
    assert firm.ask("PATCH", f"/records/order/{order}", "li", json={"name": "B"},
                    headers={"If-Match": f'"{seen}"'}).status_code == 412  # fmt: skip
    begun = firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": order,
                                                                   "version": seen})  # fmt: skip
    assert begun.status_code == 409
    assert [one["name"] for one in begun.get_json()["happened"]] == ["boss"]
    assert "明细" in begun.get_json()["detail"]
    mine = version(firm, order)
    records.create(firm.session("li"), "part", {"name": "b", "price": 5, "order": order})
    begun = firm.ask("POST", "/workflows/check/start", "li", json={"object": "order", "record": order,
                                                                   "version": mine})  # fmt: skip
    assert begun.status_code == 201, "what he has done himself counts for nothing"


def test_lines_saved_with_their_record_move_it_once(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    lines = Lines("parts", creates=[{"name": "a", "price": 1}, {"name": "b", "price": 2}])
    assert compound.save(firm.session("li"), "order", order, {}, [lines]).version == 2
    ids = [one["id"] for one in firm.ask("GET", "/records/part?sort=name").get_json()["data"]]
    lines = Lines("parts", creates=[{"name": "c", "price": 1}], updates=[{"id": ids[0], "price": 9}],
                  deletes=[{"id": ids[1]}])  # fmt: skip
    assert (
        compound.save(firm.session("li"), "order", order, {"name": "B"}, [lines]).version == version(firm, order) == 3
    )


def test_a_key_has_its_effect_once(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    body = {"name": "a", "price": 5, "order": order}
    for _ in range(2):
        firm.ask("POST", "/records/part", "li", json=body, headers={"Idempotency-Key": "k1"})
    assert version(firm, order) == 2


def test_a_deleted_record_moves_once_and_its_lines_with_it(firm: Shop) -> None:
    order = records.create(firm.session("li"), "order", {"name": "A"}).id
    records.create(firm.session("li"), "part", {"name": "a", "price": 5, "order": order})
    records.delete(firm.session("li"), "order", order)
    assert [one[:2] for one in told(firm, order)] == [(3, "deleted"), (2, "lines"), (1, "created")]
    records.restore(firm.session("li"), "order", order)
    assert told(firm, order)[0][:2] == (4, "restored")


def test_writers_of_the_same_lines_wait_in_order_and_never_in_a_circle(firm: Shop, dsn: str) -> None:
    """Forms, lines by themselves and batches over two records at once: every one is done, none is taken back."""
    orders = [records.create(firm.session("li"), "order", {"name": name}).id for name in "AB"]
    lines = [records.create(firm.session("li"), "part", {"name": "a", "price": 0, "order": one}).id for one in orders]
    start, wrong = Barrier(4), []

    def guarded(work: Any) -> Thread:
        def go() -> None:
            start.wait()
            for turn in range(12):
                try:
                    work(turn)
                except (Conflict, Stale) as error:
                    wrong.append(error)

        return Thread(target=go)

    def form(turn: int) -> None:
        one = turn % 2
        change = Lines("parts", updates=[{"id": lines[one], "price": 100 + turn}])
        compound.save(firm.session("li"), "order", orders[one], {}, [change])

    def single(turn: int) -> None:
        records.update(firm.session("boss"), "part", lines[turn % 2], {"price": 200 + turn})

    def batch(turn: int) -> None:
        rows = [{"name": "x", "price": turn, "order": one} for one in (orders if turn % 2 else orders[::-1])]
        assert {one.status for one in bulk.bulk(firm.session("li"), "part", "create", rows)} == {201}

    def across(turn: int) -> None:
        made = records.create(firm.session("li"), "part", {"name": "y", "price": 1, "order": orders[turn % 2]}).id
        records.update(firm.session("li"), "part", made, {"order": orders[1 - turn % 2]})
        records.delete(firm.session("li"), "part", made)

    threads = [guarded(one) for one in (form, single, batch, across)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
    for order in orders:
        statement = f"SELECT count(DISTINCT version) FROM {firm.session().layout.system('s_history')}"
        entries = firm.database.rows(Sql(f"{statement} WHERE record_id = %s::uuid", (order,)))[0][0]
        assert entries == version(firm, order), "each version has its entry"
    firm.database.close()  # What a connection has counted is told when it ends.
    with psycopg.connect(dsn) as connection:
        assert connection.execute(DEADLOCKS).fetchone() == (0,)
