"""A batch of which a part has to be done again: what is stored is not stored twice."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from runtime.engine import bulk, storing
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
    monkeypatch.setattr(bulk, "needs_single", lambda *_: True)
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
