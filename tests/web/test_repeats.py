"""Two at once, and the same twice: versions, Idempotency-Key, double submits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.app import create_app, make_services
from runtime.engine import finding
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


FIRM = """
object: firm
label: {en: Firm, zh: 公司}
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  secret: {type: number, label: {en: Secret, zh: 秘密}}
  phone: {type: phone, label: {en: Phone, zh: 电话}}
"""
CLERK = """
role: clerk
label: {en: Clerk, zh: 职员}
objects:
  firm: {create: true, read: own, fields: {secret: hidden, phone: masked}}
"""


def test_a_repeated_request_tells_what_its_caller_may_read_now(shop: Shop) -> None:
    shop.publish(FIRM, CLERK)
    person = shop.user("one", "admin")
    body, headers = {"name": "A", "secret": 77, "phone": "13812345678"}, {"Idempotency-Key": "k"}

    def send() -> Any:
        return shop.ask("POST", "/records/firm", "one", json=body, headers=headers)

    made = send().get_json()
    assert made["secret"] == 77
    shop.ask("PATCH", f"/admin/users/{person}", json={"roles": ["clerk"]})
    again = send()
    assert again.status_code == 201 and again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json() == shop.ask("GET", f"/records/firm/{made['id']}", "one").get_json()
    assert "secret" not in again.get_json() and "12345678" not in again.get_data(as_text=True)
    shop.ask("PATCH", f"/records/firm/{made['id']}", json={"owner": None})
    unseen = send()
    assert unseen.status_code == 201 and unseen.get_json() == {"id": made["id"], "version": 1}
    shop.ask("PATCH", f"/admin/users/{person}", json={"roles": []})
    problem(send(), 404)


@pytest.mark.parametrize("atomic", [False, True])
def test_many_new_records_with_a_key_are_made_once(notes: Shop, atomic: bool) -> None:
    body = {"mode": "create", "atomic": atomic, "records": [{"text": "x"}, {"text": "y"}]}
    headers = {"Idempotency-Key": f"many {atomic}"}
    before = count(notes, "o_note")
    first = notes.ask("POST", "/records/note/bulk", json=body, headers=headers)
    assert [one["status"] for one in first.get_json()["results"]] == [201, 201]
    assert notes.ask("POST", "/records/note/bulk", json=body, headers=headers).data == first.data
    assert count(notes, "o_note") == before + 2
    other = {**body, "records": [{"text": "z"}]}
    problem(notes.ask("POST", "/records/note/bulk", json=other, headers=headers), 422)
    with ThreadPoolExecutor(4) as pool:
        key = {"Idempotency-Key": f"at once {atomic}"}
        found = list(
            pool.map(lambda _: notes.ask("POST", "/records/note/bulk", json=body, headers=key).get_json(), range(8))
        )
    answered = [one["results"] for one in found if "results" in one]
    assert answered and all(one == answered[0] for one in answered)
    assert count(notes, "o_note") == before + 4


def test_of_many_a_repeated_request_makes_what_was_refused(notes: Shop) -> None:
    headers = {"Idempotency-Key": "partly"}
    body = {"mode": "create", "records": [{"text": "x"}, {"n": "x"}, {"text": "y"}]}
    before = count(notes, "o_note")
    one, two = (notes.ask("POST", "/records/note/bulk", json=body, headers=headers).get_json() for _ in range(2))
    assert one == two and [each["status"] for each in one["results"]] == [201, 422, 201]
    assert count(notes, "o_note") == before + 2


PART = "object: part\nlabel: {en: Part, zh: 件}\nfields:\n  code: {type: text, label: {en: C, zh: 码}, unique: true}\n  n: {type: autonumber, label: {en: N, zh: 号}, pattern: 'P-{0000}', gap_free: true}\n  by: {type: number, label: {en: B, zh: 由}}\n"


def test_the_same_new_keys_from_several_at_once_are_one_record_each(shop: Shop) -> None:
    shop.publish(PART)
    sent = [[{"code": f"c{number}", "by": who} for number in range(6)] for who in range(6)]

    def upsert(records: Any) -> Any:
        body = {"mode": "upsert", "key": "code", "records": records}
        return shop.ask("POST", "/records/part/bulk", json=body).get_json()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(upsert, sent))
    assert count(shop, "o_part") == 6
    for one in found:
        statuses = {each["status"] for each in one["results"]} if "results" in one else {one["status"]}
        assert statuses <= {200, 201, 503}, "nobody is told that the key by which he looks is taken"


@pytest.mark.parametrize("atomic", [False, True])
def test_a_key_that_is_taken_after_it_was_looked_for_is_changed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    shop.publish(PART)
    others = [{"code": "late", "by": 1}]
    look_up = finding.look_up

    def slow(*args: Any) -> Any:
        found = look_up(*args)
        while others:
            assert shop.ask("POST", "/records/part", json=others.pop()).status_code == 201
        return found

    monkeypatch.setattr(finding, "look_up", slow)
    body = {"mode": "upsert", "key": "code", "atomic": atomic, "records": [{"code": "late", "by": 2}]}
    (one,) = shop.ask("POST", "/records/part/bulk", json=body).get_json()["results"]
    assert not others and one["status"] == 200 and count(shop, "o_part") == 1
    assert shop.ask("GET", f"/records/part/{one['id']}").get_json()["by"] == 2


@pytest.mark.parametrize("atomic", [False, True])
def test_what_is_deleted_already_is_not_found_together_either(notes: Shop, atomic: bool) -> None:
    record = make(notes).get_json()["id"]
    assert notes.ask("DELETE", f"/records/note/{record}").status_code == 204
    body = {"mode": "delete", "atomic": atomic, "records": [{"id": record}, {"id": "x"}]}
    found = notes.ask("POST", "/records/note/bulk", json=body).get_json()["results"]
    assert [one["status"] for one in found] == [404, 404]
    assert found[0]["errors"] == found[1]["errors"]
