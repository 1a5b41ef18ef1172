"""Two at once, and the same twice: versions, Idempotency-Key, double submits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.app import create_app, make_services
from tests.conftest import Shop
from tests.engine.tables import count, problem

NOTE = "object: note\nlabel: {en: Note, zh: 便签}\nfields:\n  text: {type: text, label: {en: T, zh: 文}}\n  n: {type: number, label: {en: N, zh: 数}}\n"


@pytest.fixture(scope="module")
def notes(shared_shop: Shop) -> Shop:
    shared_shop.publish(NOTE)
    return shared_shop


def make(shop: Shop, **headers: str) -> Any:
    return shop.ask("POST", "/records/note", json={"text": "a", "n": 1}, headers=headers)


def test_who_saw_an_older_version_is_told_the_newer(notes: Shop) -> None:
    path = f"/records/note/{make(notes).get_json()['id']}"
    first = notes.ask("PATCH", path, json={"text": "b"}, headers={"If-Match": '"1"'})
    assert first.status_code == 200 and first.headers["ETag"] == '"2"'
    stale = notes.ask("PATCH", path, json={"text": "c"}, headers={"If-Match": '"1"'})
    assert problem(stale, 412)["current"] == first.get_json() and stale.headers["ETag"] == '"2"'
    assert problem(notes.ask("DELETE", path, headers={"If-Match": '"1"'}), 412)["current"]["text"] == "b"
    problem(notes.ask("PATCH", path, json={}, headers={"If-Match": "x"}), 400)
    assert notes.ask("GET", path, headers={"If-None-Match": '"2"'}).status_code == 304
    body = {"mode": "update", "records": [{"id": first.get_json()["id"], "version": 1, "text": "d"}]}
    assert notes.ask("POST", "/records/note/bulk", json=body).get_json()["results"][0]["status"] == 412
    assert notes.ask("GET", path).get_json()["text"] == "b"


def test_of_many_editors_of_one_version_one_wins(notes: Shop) -> None:
    path = f"/records/note/{make(notes).get_json()['id']}"

    def edit(number: int) -> int:
        return notes.ask("PATCH", path, json={"n": number + 100}, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(edit, range(12))) == [200] + [412] * 11
    with ThreadPoolExecutor(6) as pool:
        fields = [{"n": 7}, {"text": "x"}] * 4
        found = list(pool.map(lambda one: notes.ask("PATCH", path, json=one).status_code, fields))
    assert set(found) == {200}
    record = notes.ask("GET", path).get_json()
    assert (record["n"], record["text"]) == (7, "x"), "without If-Match different fields of different editors are kept"


def test_the_same_key_is_one_record(notes: Shop) -> None:
    before = count(notes, "o_note")
    first, second = (make(notes, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first.data == second.data and second.headers["Idempotent-Replayed"] == "true"
    other = notes.ask("POST", "/records/note", json={"text": "other"}, headers={"Idempotency-Key": "one"})
    problem(other, 422)
    with ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda _: make(notes, **{"Idempotency-Key": "two"}), range(20)))
    assert {one.status_code for one in many} == {201} and len({one.get_json()["id"] for one in many}) == 1
    assert count(notes, "o_note") == before + 2
    problem(make(notes, **{"Idempotency-Key": "x" * 201}), 400)
    assert notes.ask("POST", "/records/note", json={"n": "x"}, headers={"Idempotency-Key": "bad"}).status_code == 422
    mended = notes.ask("POST", "/records/note", json={"n": 5}, headers={"Idempotency-Key": "bad"})
    assert mended.status_code == 201, "a refused request has used no key"


def test_keys_are_of_one_user_who_may_still_ask(notes: Shop) -> None:
    notes.user("second", "admin")
    second = notes.ask(
        "POST", "/records/note", "second", json={"text": "a", "n": 1}, headers={"Idempotency-Key": "one"}
    )
    assert "Idempotent-Replayed" not in second.headers and second.status_code == 201
    apart = create_app(notes.settings, make_services(notes.settings))
    headers = {"Authorization": f"Bearer {notes.token('second')}", "Idempotency-Key": "one"}
    client = apart.test_client()
    again = client.post("/api/v1/records/note", headers=headers, json={"text": "a", "n": 1})
    assert again.status_code in (201, 422)
    assert notes.ask("POST", "/logout", "second").status_code == 200
    assert client.post("/api/v1/records/note", headers=headers, json={"text": "a", "n": 1}).status_code == 401
    apart.extensions["dougong"].workspaces.database.close()
