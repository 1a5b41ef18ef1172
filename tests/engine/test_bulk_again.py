"""A batch of which a part has to be done again: what is stored is not stored twice."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from runtime.base.errors import Message, Unavailable
from runtime.base.sqltext import Sql
from runtime.engine import batching, bulk, storing
from runtime.store import batches
from tests.conftest import Shop

NOTE = """
object: note
label: {en: Note, zh: 便签}
fields:
  text: {type: text, label: {en: Text, zh: 文本}}
"""


@pytest.fixture
def notes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Every batch has to be stored record by record."""
    shop.publish(NOTE)
    shop.session().settle()
    monkeypatch.setattr(batching, "needs_single", lambda *_: True)
    return shop


def titles(shop: Shop) -> list[str]:
    found = shop.ask("GET", "/records/note?sort=id").get_json()["data"]
    return [str(one["text"]) for one in found]


def test_a_record_that_was_disturbed_is_tried_again_alone(notes: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = storing.store_prepared, []

    def disturbed(*args: Any) -> Any:
        calls.append(1)
        return None if len(calls) == 2 else real(*args)

    monkeypatch.setattr(storing, "store_prepared", disturbed)
    found = bulk.bulk(notes.session(), "note", "create", [{"text": name} for name in "abc"])
    assert [one.status for one in found] == [201, 201, 201]
    assert sorted(titles(notes)) == ["a", "b", "c"] and len({one.id for one in found}) == 3


def test_a_record_on_which_the_database_breaks_fails_alone(notes: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = storing.store_prepared

    def breaking(*args: Any) -> Any:
        if args[2].raw["text"] == "b":
            raise psycopg.DataError("broken")
        return real(*args)

    monkeypatch.setattr(storing, "store_prepared", breaking)
    found = bulk.bulk(notes.session(), "note", "create", [{"text": name} for name in "abc"])
    assert [one.status for one in found] == [201, 500, 201] and titles(notes) == ["a", "c"]


CODE = """
object: part
label: {en: Part, zh: 零件}
fields:
  code: {type: text, label: {en: Code, zh: 编码}, unique: true}
"""


@pytest.fixture
def parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Batches of ten at most."""
    shop.publish(CODE)
    monkeypatch.setattr(bulk, "BATCH", 10)
    return shop


def codes(shop: Shop) -> list[str]:
    found = shop.ask("GET", "/records/part?sort=code&limit=500").get_json()["data"]
    return [str(one["code"]) for one in found]


def test_overlapping_batches_with_a_value_twice(parts: Shop) -> None:
    """While a batch is being stored the next cannot see it: the database refuses, and only the one record."""
    names = [f"c{number:02}" for number in range(40)]
    names[25], names[17] = "c03", "c16"
    found = bulk.bulk(parts.session(), "part", "create", [{"code": name} for name in names])
    assert {number for number, one in enumerate(found) if one.status == 409} == {25, 17}
    assert all(one.status == 201 for number, one in enumerate(found) if number not in (25, 17))
    assert codes(parts) == sorted(set(names))


def test_a_publish_between_overlapping_batches(parts: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that was prepared under the model before is prepared again."""
    real, calls = bulk.Work.prepare, []

    def published(work: bulk.Work) -> None:
        real(work)
        calls.append(1)
        if len(calls) == 2:
            parts.publish(CODE.replace("unique: true}", "unique: true, max_length: 3}"))

    monkeypatch.setattr(bulk.Work, "prepare", published)
    names = [f"c{number:02}" for number in range(29)] + ["long1"]
    found = bulk.bulk(parts.session(), "part", "create", [{"code": name} for name in names])
    assert [one.status for one in found] == [201] * 29 + [422] and len(calls) > 3
    assert codes(parts) == names[:29]


def test_the_database_goes_away_between_overlapping_batches(parts: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that could not be stored says so; those beside it may have been stored and say that."""
    real = bulk.Work.finish
    start, end = list(bulk.cuts(40))[2]

    def away(work: bulk.Work) -> list[bulk.Result]:
        if work.start == start:
            raise Unavailable(Message("away", "不在"))
        return real(work)

    monkeypatch.setattr(bulk.Work, "finish", away)
    found = bulk.bulk(parts.session(), "part", "create", [{"code": f"c{number:02}"} for number in range(40)])
    assert [one.status for one in found] == [201] * start + [503] * (end - start) + [201] * (40 - end)
    assert codes(parts) == [f"c{number:02}" for number in range(40) if not start <= number < end]


def test_the_first_of_equal_keys_is_stored(parts: Shop) -> None:
    names = [f"c{number:02}" for number in range(40)]
    edges = [start for start, _ in bulk.cuts(40)][1:]
    for number in edges:
        names[number] = names[number - 1]  # The last of one batch, the first of the next.
    found = bulk.bulk(parts.session(), "part", "create", [{"code": name} for name in names])
    assert [number for number, one in enumerate(found) if one.status == 409] == edges


@pytest.mark.parametrize("total", [1, 1001, 1500, 2000, 9_999, 10_000, 20_000])
def test_small_batches_first_and_last(total: int) -> None:
    found = list(bulk.cuts(total))
    assert [number for start, end in found for number in range(start, end)] == list(range(total))
    sizes = [end - start for start, end in found]
    assert max(sizes) <= bulk.BATCH and sizes[0] <= bulk.BATCH // 4 and sizes[-1] <= bulk.BATCH // 2
    assert len(sizes) <= total // bulk.BATCH + 3


def test_values_that_are_taken_are_found_by_an_index(parts: Shop) -> None:
    """However many records there are, a batch looks only at those that have its values."""
    found = bulk.bulk(parts.session(), "part", "create", [{"code": f"x{number}"} for number in range(3000)])
    assert all(one.status == 201 for one in found)
    session = parts.session()
    session.settle()
    place = session.layout.object("part")
    column = place.places[session.model.objects["part"].fields["code"].key]
    wanted = [[f"x{number}"] for number in range(0, 3000, 3)]
    statement = batches.holders(place, [(column.column or "", column.sql_type or "text")], wanted)
    assert len(parts.database.rows(statement)) == 1000
    parts.database.rows(Sql(f"ANALYZE {place.table}"))
    plan = "\n".join(row[0] for row in parts.database.rows(Sql("EXPLAIN " + statement.text, statement.params)))
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_a_session_from_before_a_change_does_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """What is in force is asked before each of several batches, not found out by every one of them in vain."""
    shop.publish(NOTE.replace("zh: 文本}}", "zh: 文本}, unique: true}"))
    early = shop.session()
    early.settle()
    shop.user("late", "admin")  # A change of people moves the stamp.
    real, calls = batching.Work.prepare, []
    monkeypatch.setattr(batching.Work, "prepare", lambda self: (calls.append(self.start), real(self))[1])
    key = {"key": "text"} if mode == "upsert" else {}
    items = [{"text": f"n{number}"} for number in range(2 * bulk.BATCH + 1)]
    found = bulk.bulk(early, "note", mode, items, **key)
    assert all(one.status == 201 for one in found)
    whole = [0, bulk.BATCH, 2 * bulk.BATCH]
    assert sorted(calls) == (whole if mode == "upsert" else [start for start, _ in bulk.cuts(len(items))])
