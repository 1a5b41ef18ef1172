"""Files in records: only one's own, each in one place, of the accepted types; read where a readable field holds them."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Shop
from tests.engine.tables import codes, problem

DOCUMENTS = """
object: paper
label: {en: Paper, zh: 文件}
fields:
  name: {type: text, label: {en: N, zh: 名}}
  scan: {type: file, label: {en: S, zh: 扫}, types: [application/pdf], max_size: 0.001}
  any: {type: file, label: {en: A, zh: 任}, many: true}
  secret: {type: file, label: {en: X, zh: 密}}
---
role: reader
label: {en: Reader, zh: 读者}
objects:
  paper: {create: true, read: all, update: all, bulk: true, fields: {secret: hidden}}
"""
PDF = b"%PDF-1.4\n1 0 obj\n"


@pytest.fixture(scope="module")
def desk(shared_shop: Shop) -> Shop:
    shared_shop.publish(*DOCUMENTS.split("---\n"))
    shared_shop.user("ann", "reader")
    shared_shop.user("bob", "reader")
    return shared_shop


def upload(shop: Shop, user: str, content: bytes = b"text", name: str = "a.txt") -> str:
    answer = shop.ask("POST", "/files", user, data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.data
    return str(answer.get_json()["id"])


def refused(answer: Any, *expected: tuple[str, str]) -> None:
    problem(answer, 422)
    assert codes(answer) == set(expected)


def test_a_file_is_taken_from_its_uploader_once(desk: Shop) -> None:
    mine, theirs = upload(desk, "ann"), upload(desk, "bob")
    refused(desk.ask("POST", "/records/paper", "ann", json={"any": [mine, theirs]}), ("any", "not_found"))
    made = desk.ask("POST", "/records/paper", "ann", json={"any": [mine]})
    assert made.get_json()["any"] == [{"id": mine, "name": "a.txt", "size": 4, "type": "text/plain"}]
    refused(desk.ask("POST", "/records/paper", "ann", json={"any": [mine]}), ("any", "not_found"))
    more = [*made.get_json()["any"], upload(desk, "ann")]
    assert (
        len(desk.ask("PATCH", f"/records/paper/{made.get_json()['id']}", "ann", json={"any": more}).get_json()["any"])
        == 2
    )
    atomic = {
        "mode": "create",
        "atomic": True,
        "records": [{"any": [upload(desk, "ann")]}, {"any": [upload(desk, "ann")]}],
    }
    answer = desk.ask("POST", "/records/paper/bulk", "ann", json=atomic)
    assert [one["status"] for one in answer.get_json()["results"]] == [201, 201], answer.data


def test_of_many_records_that_want_one_file_one_gets_it(desk: Shop) -> None:
    file = upload(desk, "ann")

    def one(_: int) -> int:
        return desk.ask("POST", "/records/paper", "ann", json={"any": [file]}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(12))) == [201] + [422] * 11
    both = upload(desk, "admin")
    problem(desk.ask("POST", "/records/paper", json={"any": [both], "secret": both}), 422)


def test_only_accepted_types_and_sizes(desk: Shop) -> None:
    refused(
        desk.ask("POST", "/records/paper", "ann", json={"scan": upload(desk, "ann", b"text", "x.pdf")}),
        ("scan", "file"),
    )
    refused(
        desk.ask("POST", "/records/paper", "ann", json={"scan": upload(desk, "ann", PDF * 200, "x.pdf")}),
        ("scan", "file"),
    )
    assert (
        desk.ask("POST", "/records/paper", "ann", json={"scan": upload(desk, "ann", PDF, "x.txt")}).status_code == 201
    )


def test_a_file_is_read_where_a_readable_field_holds_it(desk: Shop) -> None:
    loose = upload(desk, "ann")
    assert desk.ask("GET", f"/files/{loose}", "ann").data == b"text"
    problem(desk.ask("GET", f"/files/{loose}", "bob"), 404)
    problem(desk.ask("GET", f"/files/{loose}"), 404)
    record = desk.ask("POST", "/records/paper", "ann", json={"any": [loose]}).get_json()["id"]
    assert desk.ask("GET", f"/files/{loose}", "bob").status_code == 200
    hidden = upload(desk, "admin")
    desk.ask("PATCH", f"/records/paper/{record}", json={"secret": hidden})
    assert desk.ask("GET", f"/files/{hidden}").status_code == 200
    problem(desk.ask("GET", f"/files/{hidden}", "ann"), 404)
    assert desk.ask("PATCH", f"/records/paper/{record}", "ann", json={"any": []}).status_code == 200
    problem(desk.ask("GET", f"/files/{loose}", "bob"), 404)
    found = desk.ask("GET", f"/files/{hidden}")
    assert found.headers["X-Content-Type-Options"] == "nosniff" and found.headers["Content-Disposition"].startswith(
        "attachment"
    )
    desk.ask("DELETE", f"/records/paper/{record}")
    problem(desk.ask("GET", f"/files/{hidden}"), 404)
