"""The database goes away and comes back; the pool is exhausted: refusals in time, and work again without a restart."""

from __future__ import annotations

import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from psycopg.conninfo import make_conninfo

from runtime.base.kind import Catalog
from runtime.store.embedded import Cluster
from tests.conftest import Shop, prepared
from tests.engine.tables import problem

NOTE = "object: note\nlabel: {en: Note, zh: 便签}\nfields:\n  text: {type: text, label: {en: T, zh: 文}}\n"


def test_the_server_stops_and_starts_again(tmp_path: Path, catalog: Catalog) -> None:
    folder = Path(tempfile.mkdtemp(prefix="dougong-test-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, durable=False)
    try:
        dsn = cluster.start()
        prepared(dsn, "away")
        shop = Shop(make_conninfo(dsn, dbname="away"), tmp_path, catalog)
        shop.user("admin", "admin")
        shop.publish(NOTE)
        with ThreadPoolExecutor(8) as pool:  # all connections of the pool have been used
            list(pool.map(lambda _: shop.ask("POST", "/records/note", json={"text": "a"}), range(24)))
        cluster.stop()
        for method, path in (
            ("GET", "/records/note"),
            ("POST", "/records/note"),
            ("GET", "/me"),
            ("POST", "/records/note/bulk"),
        ):
            body = {"records": [{"text": "x"}]} if path.endswith("bulk") else {"text": "x"}
            begun = time.monotonic()
            answer = shop.ask(method, path, json=None if method == "GET" else body)
            assert time.monotonic() - begun < 6
            problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
        assert cluster.start() == dsn
        found = [shop.ask("POST", "/records/note", json={"text": "b"}).status_code for _ in range(12)]
        assert found == [201] * 12, "the pool forgets all dead connections at once"
        assert len(shop.ask("GET", "/records/note").get_json()["data"]) == 36
        shop.database.close()
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_an_exhausted_pool_refuses_in_time(shop: Shop) -> None:
    shop.publish(NOTE)
    assert shop.ask("GET", "/records/note").status_code == 200
    with ExitStack() as taken:
        for _ in range(8):
            taken.enter_context(shop.database.connection())
        begun = time.monotonic()
        answer = shop.ask("GET", "/records/note")
        assert time.monotonic() - begun < 3.5, "one wait of two seconds, not several"
        problem(answer, 503)
        assert answer.headers["Retry-After"]
    assert shop.ask("GET", "/records/note").status_code == 200
