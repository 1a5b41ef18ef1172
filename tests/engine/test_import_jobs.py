"""Imports in the background: nothing lost and nothing twice, whoever dies and whoever goes on."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from runtime.base.errors import Conflict, NotFound
from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts, bulk, import_jobs
from runtime.engine.imports import Options
from runtime.store import import_jobs as rows
from runtime.store.files import DiskContents
from runtime.store.ids import new_id, row_id
from tests.conftest import Shop
from tests.web.browser import person

ROOT = Path(__file__).resolve().parents[2]
THING = """
object: thing
label: {en: Thing, zh: 东西}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  code: {type: text, label: {en: Code, zh: 编号}, unique: true}
  size: {type: number, label: {en: Size, zh: 大小}, min: 0}
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  thing: {create: true, read: own, update: own, import: true}
"""


class Store:
    """A workspace whose imports are worked on by hand."""

    def __init__(self, shop: Shop) -> None:
        shop.publish(THING, SALES)
        shop.user("li", "sales", language="en")
        shop.user("wang", "sales")
        self.shop = shop
        self.contents = DiskContents(shop.settings.files / shop.workspace.schema)

    def submit(self, text: str, user: str | None = "li", name: str = "things.csv", **options: Any) -> str:
        session = self.shop.session(user)
        stream = io.BytesIO(text.encode())
        return import_jobs.submit(session, self.contents, stream, "thing", Options(name=name, **options), 10**8)

    def work(self, job: str | None = None) -> Any:
        return import_jobs.work_on(self.shop.workspace, self.contents, job)

    def told(self, job: str, user: str = "li") -> dict[str, Any]:
        found = self.shop.ask("GET", f"/jobs/{job}", user)
        assert found.status_code == 200, found.text
        return dict(found.get_json())

    def records(self) -> list[tuple[Any, ...]]:
        place = self.shop.session()
        place.settle()
        table = place.layout.object("thing").table
        return self.shop.database.rows(Sql(f"SELECT title, id::text FROM {table} ORDER BY id"))

    def expire(self) -> None:
        """The holder of every job has not been heard of for long."""
        self.shop.database.rows(
            Sql(f"UPDATE {ident(self.shop.workspace.schema, 's_import')} SET leased_until = now() - interval '1 s'")
        )


@pytest.fixture
def store(shop: Shop) -> Store:
    return Store(shop)


def sheet(count: int, *, codes: bool = False) -> str:
    lines = [f"n{number},{f'c{number}' if codes else ''},{number}" for number in range(count)]
    return "name,code,size\n" + "\n".join(lines)


def test_ids_of_rows_are_ordered_and_their_own() -> None:
    one, other = new_id(), new_id()
    numbers = [0, 1, 2, 4095, 2**20 - 1, 2**20, 2**31, 2**32 - 1]
    made = [row_id(one, number) for number in numbers]
    assert made == sorted(made) and made == [row_id(one, number) for number in numbers]
    assert not set(made) & {row_id(other, number) for number in numbers}
    assert {uuid.UUID(text).version for text in made} == {7} and {uuid.UUID(text).variant for text in made} == {
        uuid.RFC_4122
    }


def test_a_job_is_done_and_told(store: Store) -> None:
    job = store.submit("name,code,size\na,1,1\nb,2,-5\nc,3,2\n")
    assert store.told(job)["state"] == "queued" and store.records() == []
    outcome = store.work()
    assert (outcome.created, outcome.failed, outcome.total) == (2, 1, 3)
    told = store.told(job)
    assert (told["state"], told["done"], told["total"], told["object"]) == ("done", 3, 3, "thing")
    assert told["outcome"]["created"] == 2 and told["outcome"]["errors"][0]["row"] == 3
    found = store.shop.ask("GET", told["failed_rows"].removeprefix("/api/v1"), "li")
    assert found.status_code == 200 and b"b,2,-5" in found.data and b"a,1,1" not in found.data
    assert store.work() is None


def test_only_its_owner_and_administrators_know_of_it(store: Store) -> None:
    job = store.submit("name\na\n")
    for path in (f"/jobs/{job}", f"/jobs/{job}/failed"):
        assert store.shop.ask("GET", path, "wang").status_code == 404
    assert store.shop.ask("POST", f"/jobs/{job}/cancel", "wang").status_code == 404
    assert store.told(job, "admin")["state"] == "queued"
    for wrong in ("nothing", new_id()):
        assert store.shop.ask("GET", f"/jobs/{wrong}", "li").status_code == 404


def test_what_is_wrong_as_a_whole_is_said_at_once(store: Store) -> None:
    for text, options in (
        ("size\n", {"on_duplicate": "update"}),
        ("a,b\n1,2\n", {}),
        ("name\nx\n", {"on_duplicate": "no"}),
    ):
        with pytest.raises(Exception) as said:
            store.submit(text, **options)
        assert getattr(said.value, "status", 0) == 422
    assert store.work() is None


@pytest.mark.parametrize("codes", [False, True])
def test_killed_at_random_moments(store: Store, codes: bool) -> None:
    count, moments = 2000, random.Random(3)
    job = store.submit(sheet(count, codes=codes), on_duplicate="update" if codes else "create")
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.importer", store.shop.settings.dsn, str(store.contents.folder)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() in ("begins\n", "")
        time.sleep(moments.uniform(0.0, 0.25))
        process.kill()
        process.communicate()
        assert store.work(job) is None or store.told(job)["state"] == "done"
        store.expire()
    before = len(store.records())
    assert before > 0
    store.work(job)
    found = store.records()
    assert sorted(title for title, _ in found) == sorted(f"n{number}" for number in range(count))
    told = store.told(job)
    assert told["state"] == "done" and told["outcome"]["failed"] == 0
    assert told["outcome"]["created"] + told["outcome"]["updated"] == count
    history = ident(store.shop.workspace.schema, "s_history")
    assert store.shop.database.rows(Sql(f"SELECT count(*) FROM {history} WHERE channel = 'import'"))[0][0] == count


def test_one_that_was_cut_off_takes_what_is_there(store: Store) -> None:
    job = store.submit(sheet(30, codes=True), on_duplicate="fail")
    first = rows.claim(store.shop.database, store.shop.workspace.schema, job)
    assert first is not None
    session = store.shop.session("li")
    some = [
        (row_id(job, number + 2), {"name": f"n{number}", "code": f"c{number}", "size": number}) for number in (0, 7, 29)
    ]
    request = bulk.Request(session, "thing", "create", None)
    made = bulk.process(request, [raw for _, raw in some], 0, [identity for identity, _ in some])
    assert [one.status for one in made] == [201] * 3
    store.expire()
    outcome = store.work(job)
    assert (outcome.created, outcome.failed) == (30, 0) and len(store.records()) == 30
    assert not rows.hold(store.shop.database, store.shop.workspace.schema, first, 1, None)


def test_two_workers_take_one_each(store: Store) -> None:
    jobs = [store.submit(f"name,code\na{number},{number}\n") for number in range(6)]
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda _: import_jobs.work_all(store.shop.workspace, store.contents), range(3)))
    assert sum(counts) == 6 and len(store.records()) == 6
    assert {store.told(job)["state"] for job in jobs} == {"done"}


def test_cancelled_in_the_middle(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    job = store.submit(sheet(100))

    def stop(done: int, total: int | None) -> None:
        if done == 30:
            assert store.shop.ask("POST", f"/jobs/{job}/cancel", "li").status_code == 200

    import_jobs.work_on(store.shop.workspace, store.contents, job, stop)
    told = store.told(job)
    assert told["state"] == "cancelled" and 30 <= len(store.records()) < 100
    assert store.work(job) is None
    with pytest.raises(Conflict):
        session = store.shop.session("li")
        session.settle()
        import_jobs.cancel(session, job)


def test_the_rights_are_those_of_the_moment(store: Store) -> None:
    job = store.submit("name\na\n")
    session = store.shop.session()
    session.settle()
    accounts.change_user(session, store.shop._users["li"][0], {"active": False})
    store.work(job)
    assert store.told(job, "admin")["state"] == "stopped" and store.records() == []


def test_it_gives_up_after_too_many_attempts(store: Store) -> None:
    job = store.submit("name\na\n")
    for _ in range(import_jobs.MOST_ATTEMPTS):
        assert rows.claim(store.shop.database, store.shop.workspace.schema, job) is not None
        store.expire()
    store.work(job)
    assert store.told(job)["state"] == "stopped" and store.records() == []


def test_a_lost_file_is_said(store: Store) -> None:
    job = store.submit("name\na\n")
    for path in store.contents.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    store.work(job)
    assert store.told(job)["state"] == "stopped" and "no such file" in str(store.told(job)["outcome"])


def test_large_files_over_the_api(store: Store) -> None:
    def post(text: str, **more: Any) -> Any:
        border, data = encode_multipart({"file": FileStorage(io.BytesIO(text.encode()), "x.csv"), **more})
        sort = f'multipart/form-data; boundary="{border}"'
        return store.shop.ask("POST", "/records/thing/import", "li", data=data, content_type=sort)

    found = post("name\na\n", background="true")
    assert found.status_code == 202 and found.headers["Location"] == f"/api/v1/jobs/{found.get_json()['id']}"
    store.work()
    assert store.told(found.get_json()["id"])["outcome"]["created"] == 1
    assert post("name\nb\n").get_json()["created"] == 1
    large = sheet(2) + "\n" + "\n".join("x" * 200 for _ in range(12_000))
    assert post(large).status_code == 202
    assert post(large, dry_run="true").status_code == 200
    assert post("name\nb\n", background="perhaps").status_code == 400


def test_the_page_follows_it(store: Store) -> None:
    li = person(store.shop, "chen", "sales")
    large = "name,code\n" + "\n".join(f"{'x' * 200}{number},{number}" for number in range(11_000))
    border, data = encode_multipart({
        "_csrf": li.token("/import/thing"), "on_duplicate": "fail", "file": FileStorage(io.BytesIO(large.encode()), "big.csv"),
    })  # fmt: skip
    sort = f'multipart/form-data; boundary="{border}"'
    sent = li.client.post("/import/thing", data=data, content_type=sort, headers=li.headers)
    assert sent.status_code == 303
    place = sent.headers["Location"]
    page = li.text(place)
    assert "waits for its turn" in page and 'hx-trigger="every 2s"' in page
    part = li.client.get(place, headers={**li.headers, "HX-Request": "true"}).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="import-state"')
    assert li.post(f"{place}/cancel", {"_csrf": li.token("/import/thing")}).status_code == 303
    page = li.text(place)
    assert "was cancelled" in page and "hx-trigger" not in page
    assert li.get(place.replace("thing/", "thing/0")).status_code == 404


def test_the_same_file_again_goes_on(store: Store) -> None:
    text = sheet(20)
    session = store.shop.session("li")
    stream = io.BytesIO(text.encode())
    job, again = import_jobs.begun_before(session, store.contents, stream, "thing", Options(), 10**8)
    assert not again
    rows.claim(store.shop.database, store.shop.workspace.schema, job)
    store.expire()
    stream.seek(0)
    assert import_jobs.begun_before(session, store.contents, stream, "thing", Options(), 10**8) == (job, True)
    stream.seek(0)
    other = import_jobs.begun_before(session, store.contents, stream, "thing", Options(on_duplicate="create"), 10**8)
    assert other[0] != job and not other[1]
    with pytest.raises(NotFound):
        import_jobs.find(store.shop.session("wang"), job)
