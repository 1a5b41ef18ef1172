"""The API against the hand-written application: same server, same PostgreSQL, rounds in turn, ratios of medians."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import sqlalchemy as sa

from runtime.base.memory import settle
from runtime.commands.server import MEMORY
from runtime.config import bundled_plugins
from runtime.engine import accounts, bulk, publish
from runtime.engine.workspace import Session, Workspace, Workspaces, make_token
from runtime.kinds.catalog import load_catalog
from runtime.meta import load as documents
from runtime.store import migrate, people, provisioning
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from tests.benchmarks import baseline
from tests.benchmarks.client import Measured, exchange, load, peak, request

HERE = Path(__file__).parent
CITIES = ("北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安", "南京", "苏州")
PREFIX = ("华星", "远洋", "天成", "恒泰", "金石", "东方", "中科", "瑞丰", "百川", "宏图")
MUST = {
    "get one": 1.5, "list of a declared view": 3.0, "list, not declared": 1.3, "create": 1.0, "update": 1.0, "aggregate": 1.0,
}  # fmt: skip


def customer(number: int, rng: random.Random) -> dict[str, Any]:
    """One believable customer."""
    return {
        "name": f"{rng.choice(CITIES)}{rng.choice(PREFIX)}科技有限公司{number}",
        "code": f"C{number:07d}",
        "level": rng.choice(baseline.LEVELS),
        "industry": rng.choice(baseline.INDUSTRIES),
        "city": rng.choice(CITIES),
        "phone": f"138{rng.randrange(10**8):08d}",
        "email": f"c{number}@example.com",
        "amount": round(rng.random() * 1_000_000, 2),
        "employees": rng.randrange(5000),
        "signed_on": f"20{rng.randrange(10, 26)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "active": True,
        "score": rng.randrange(101),
        "website": f"https://www.example.com/{number}",
        "note": "重点客户，需定期回访。" * 3,
    }


class Bench:
    """Both applications over one server, with the same records."""

    def __init__(self, folder: Path, records: int, workers: int) -> None:
        self.folder, self.records, self.workers = folder, records, workers
        self.cluster = Cluster(folder)
        self.token = "hand"
        self.ours = ""
        self.ids: list[str] = []
        self.base_ids: list[str] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def fill(self) -> Workspace:
        """Databases, documents, records."""
        dsn = self.cluster.start()
        database = Database(dsn, pool_size=4, statement_timeout="0")
        migrate.migrate_shared(database)
        provisioning.create(database, "main")
        workspace = Workspaces(database, load_catalog(bundled_plugins())).named("main")
        app = ("app.yaml", "app: bench\nversion: 1.0.0\nlabel: {en: Bench, zh: 测试}\n")
        publish.publish(
            workspace, documents.from_texts([app, ("customer.yaml", (HERE / "customer.yaml").read_text())], "bench")
        )
        system = Session(workspace, user_id=None, channel="cli")
        made = accounts.create_user(system, {"name": "sales", "roles": ["sales"]})
        self.ours, digest = make_token(workspace.schema)
        people.add_token(database, workspace.schema, made["id"], "bench", digest, None)
        user = Session(workspace, user_id=made["id"], channel="api")
        rng = random.Random(1)
        rows = [customer(number, rng) for number in range(self.records)]
        begun = time.perf_counter()
        for start in range(0, len(rows), 10_000):
            found = bulk.bulk(user, "customer", "create", rows[start : start + 10_000])
            assert all(one.status == 201 for one in found), found[0]
            self.ids += [str(one.id) for one in found]
        took = time.perf_counter() - begun
        print(f"bulk create, same guarantees, in process: {len(rows) / took:,.0f} records/s")
        self.fill_baseline(rows)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        return workspace

    def address(self) -> str:
        """The database as SQLAlchemy writes it."""
        password = (self.folder / "postgresql.password").read_text().strip()
        return f"postgresql+psycopg://dougong:{password}@/dougong?host={self.cluster.socket}"

    def fill_baseline(self, rows: list[dict[str, Any]]) -> None:
        """The same records in the typed table."""
        engine = sa.create_engine(self.address())
        baseline.metadata.create_all(engine)
        with engine.begin() as connection:
            for start in range(0, len(rows), 5000):
                part = []
                for row in rows[start : start + 5000]:
                    values, wrong = baseline.cleaned(dict(row), new=True)
                    assert not wrong
                    key = uuid.uuid4()
                    self.base_ids.append(str(key))
                    part.append({"id": key, **values})
                connection.execute(sa.insert(baseline.customer), part)
        engine.dispose()

    def serve(self) -> tuple[int, int]:
        """Start both web servers; their ports."""
        environment = {**MEMORY, **os.environ, "DOUGONG_DATABASE_URL": self.cluster.dsn(), "DOUGONG_DATA": str(self.folder),
                       "BENCH_BASELINE": self.address(), "BENCH_TOKEN": self.token}  # fmt: skip
        ports = (8761, 8762)
        commands = (
            ["-P", "-m", "runtime.serving", "127.0.0.1", str(ports[0]), str(self.workers)],
            ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(ports[1]),
             "--workers", str(self.workers), "--blocking-threads", "8", "--no-log", "tests.benchmarks.baseline:app"],
        )  # fmt: skip
        for command in commands:
            started = subprocess.Popen([sys.executable, *command], env=environment, start_new_session=True)
            self.processes.append(started)
        for port in ports:
            until_ready(port)
        return ports

    def close(self) -> None:
        """Stop everything that was started here."""
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
        self.cluster.stop()


def until_ready(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise RuntimeError(f"nobody listens on port {port}")


def pairs(bench: Bench) -> dict[str, tuple[Callable[[int], bytes], Callable[[int], bytes]]]:
    """For each operation: our request and the yardstick's."""
    rng = random.Random(2)
    order = [rng.randrange(bench.records) for _ in range(5000)]
    ours, base = bench.ours, bench.token
    url = "/api/v1/records/customer"
    fresh = [0]

    def body(step: int) -> bytes:
        fresh[0] += 1
        return json.dumps(customer(10_000_000 + fresh[0] * 7 + step % 7, rng), ensure_ascii=False).encode()

    def ours_get(step: int) -> bytes:
        return request("GET", f"{url}/{bench.ids[order[step % 5000]]}", ours)

    def base_get(step: int) -> bytes:
        return request("GET", f"/customers/{bench.base_ids[order[step % 5000]]}", base)

    declared = "level%20%3D%3D%20%27A%27%20and%20industry%20%3D%3D%20%27energy%27"
    other = "level%20%3D%3D%20%27B%27%20and%20score%20%3E%3D%2050"
    change = [json.dumps({"score": number}).encode() for number in range(101)]
    grouped = json.dumps({"group_by": ["level"], "measures": {"n": "COUNT()", "total": "SUM(amount)"}}).encode()
    return {
        "get one": (ours_get, base_get),
        "list of a declared view": (
            lambda step: request("GET", f"{url}?filter={declared}&sort=-amount", ours),
            lambda step: request("GET", "/customers?level=A&industry=energy&sort=-amount", base),
        ),
        "list, not declared": (
            lambda step: request("GET", f"{url}?filter={other}&sort=-amount", ours),
            lambda step: request("GET", "/customers?level=B&min_score=50&sort=-amount", base),
        ),
        "aggregate": (
            lambda step: request("POST", f"{url}/aggregate", ours, grouped),
            lambda step: request("GET", "/customers/by-level", base),
        ),
        "create": (
            lambda step: request("POST", url, ours, body(step)),
            lambda step: request("POST", "/customers", base, body(step)),
        ),
        "update": (
            lambda step: request("PATCH", f"{url}/{bench.ids[order[step % 5000]]}", ours, change[step % 101]),
            lambda step: request("PATCH", f"/customers/{bench.base_ids[order[step % 5000]]}", base, change[step % 101]),
        ),
    }


def show(name: str, ours: list[Measured], base: list[Measured]) -> dict[str, Any]:
    """One line of the table."""
    mine = statistics.median(one.per_second for one in ours)
    yard = statistics.median(one.per_second for one in base)
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, base, strict=True))
    must = MUST[name]
    failed = sum(one.failed for one in [*ours, *base])
    print(f"{name:26} {mine:9,.0f}/s {yard:9,.0f}/s   ratio {ratio:5.2f}   must {must:4.1f}   "
          f"p99 {statistics.median(one.p99_ms for one in ours):6.1f} ms" + (f"   {failed} FAILED" if failed else ""))  # fmt: skip
    return {"name": name, "ours": mine, "baseline": yard, "ratio": ratio, "must": must, "failed": failed}


def deep_page(port: int, bench: Bench, seconds: float) -> None:
    """Page 1,000 of a list by cursor against page 1."""
    path = "/api/v1/records/customer?sort=-amount&fields=name,amount&limit=50"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        cursor = ""
        for _ in range(min(999, bench.records // 50 - 2)):
            _, raw = exchange(
                connection, request("GET", path + (f"&cursor={quote(cursor)}" if cursor else ""), bench.ours)
            )
            cursor = json.loads(raw)["next_cursor"]
    ratios = []
    for _ in range(5):
        first = load(port, lambda step: request("GET", path, bench.ours), seconds=seconds)
        deep = load(port, lambda step: request("GET", f"{path}&cursor={quote(cursor)}", bench.ours), seconds=seconds)
        ratios.append(deep.per_second / first.per_second)
    told = " ".join(f"{one:.2f}" for one in ratios)
    print(f"page 1,000 by cursor relative to page 1: {statistics.median(ratios):.2f} (must >= 0.8; each: {told})")


def bulk_requests(port: int, bench: Bench, rounds: int, *, atomic: bool = False) -> None:
    """New records, 10,000 a request over HTTP: from sending the JSON to having read what became of each."""
    rng = random.Random(3 + atomic)
    begin = 40_000_000 if atomic else 30_000_000
    speeds = []
    for number in range(rounds):
        rows = [customer(begin + number * 10_000 + at, rng) for at in range(10_000)]
        sent = request("POST", "/api/v1/records/customer/bulk", bench.ours,
                       json.dumps({"mode": "create", "atomic": atomic, "records": rows}, ensure_ascii=False).encode())  # fmt: skip
        with socket.create_connection(("127.0.0.1", port)) as connection:
            begun = time.perf_counter()
            status, raw = exchange(connection, sent)
            found = json.loads(raw)
            speeds.append(len(rows) / (time.perf_counter() - begun))
        assert status == 200 and found["ok"] == len(rows), raw[:500]
    told = " ".join(f"{one:,.0f}" for one in speeds)
    what = "bulk create of 10,000, all or none," if atomic else "bulk create of 10,000"
    print(f"{what} over HTTP: {statistics.median(speeds):,.0f} records/s (must >= 5,000; each: {told})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only")
    options = parser.parse_args()
    settle()  # As every process of the product does.
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        bench = Bench(folder, options.records, options.workers)
        try:
            bench.fill()
            ours_port, base_port = bench.serve()
            print(f"{options.records:,} records, 8 connections, {options.workers} web processes each; ours, baseline:")
            for label, (mine, yard) in pairs(bench).items():
                if options.only and options.only not in label:
                    continue
                for port, make in ((ours_port, mine), (base_port, yard)):
                    load(port, make, seconds=1)
                ours, base = [], []
                for _ in range(options.rounds):
                    ours.append(load(ours_port, mine, seconds=options.seconds))
                    base.append(load(base_port, yard, seconds=options.seconds))
                show(label, ours, base)
            if not options.only or "page" in options.only:
                deep_page(ours_port, bench, options.seconds / 2)
            print(f"peak memory of a web process: {peak(bench.processes[0].pid):.0f} MB (must < 150)")
            if not options.only or "bulk" in options.only:
                bulk_requests(ours_port, bench, max(options.rounds, 5))
                print(f"the same with bulk requests of 10,000: {peak(bench.processes[0].pid):.0f} MB (must < 150)")
                bulk_requests(ours_port, bench, options.rounds, atomic=True)
                print(f"the same with those of all or none: {peak(bench.processes[0].pid):.0f} MB (must < 150)")
        finally:
            bench.close()


if __name__ == "__main__":
    main()
