"""What must not grow: a list page at a million records, a publish under writers, an import's memory, a large model."""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from runtime.base.memory import settle
from runtime.config import bundled_plugins
from runtime.engine import accounts, imports, publish, reading, records
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.meta import load
from runtime.store import migrate, provisioning
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from tests.benchmarks.api import HERE, customer

DOCUMENT = (HERE / "customer.yaml").read_text()
APP = ("app.yaml", "app: bench\nversion: 1.0.0\nlabel: {en: Bench, zh: 测试}\n")
ASK = reading.Ask(filter="level == 'A' and industry == 'energy'", sort=("-amount",))


def memory(field: str = "VmRSS") -> int:
    """This process's memory in MB; ``VmHWM`` is its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) // 1024
    return 0


def workspace(database: Database, name: str, *documents: str) -> Workspace:
    """A new workspace with the documents published."""
    provisioning.create(database, name)
    made = Workspaces(database, load_catalog(bundled_plugins())).named(name)
    texts = [APP, *((f"{number}.yaml", text) for number, text in enumerate(documents))]
    publish.publish(made, load.from_texts(texts, "bench"))
    return made


def user(made: Workspace) -> Session:
    """A session of a salesperson."""
    system = Session(made, user_id=None, channel="cli")
    found = accounts.create_user(system, {"name": "sales", "roles": ["sales"]})
    return Session(made, user_id=found["id"], channel="api")


def fill(session: Session, count: int) -> None:
    """``count`` records as the write path leaves them, made by the database itself."""
    place = session.layout.object("customer")
    number = "lpad(n::text, 8, '0')"
    level, industry = (
        "(ARRAY['A','B','C','D'])[1 + n %% 4]",
        "(ARRAY['energy','manufacturing','retail','software','health'])[1 + (n / 4) %% 5]",
    )
    amount, score = "round((n::bigint * 7919 %% 1000003)::numeric / 7, 2)", "(n::bigint * 31 %% 101)::numeric"
    statement = f"""
INSERT INTO {place.table} (id, owner_id, created_by, title, title_key, data, search, f_name, f_code, f_level, f_industry,
                           f_city, f_amount, f_score, f_active)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %s::uuid, %s::uuid, 'C' || n, 'c' || n,
       jsonb_build_object('name', 'C' || n, 'code', {number}, 'level', {level}, 'industry', {industry}, 'city', '北京',
                          'amount', {amount}, 'score', {score}, 'active', true),
       to_tsvector('simple', 'c' || n), 'C' || n, {number}, {level}, {industry}, '北京', {amount}, {score}, true
FROM generate_series(1, %s) n"""
    with session.database.connection() as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute(statement, (session.user_id, session.user_id, count))
        connection.execute(f"VACUUM ANALYZE {place.table}")


def pages(small: Session, large: Session) -> None:
    """A list page at 1,000 and at 1,000,000 records, in turns."""
    ratios = []
    for session in (small, large):
        for _ in range(20):
            reading.listed(session, "customer", ASK).body()
    for _ in range(7):
        took = []
        for session in (small, large):
            begun = time.perf_counter()
            for _ in range(60):
                reading.listed(session, "customer", ASK).body()
            took.append(time.perf_counter() - begun)
        ratios.append(took[1] / took[0])
    print(f"list page, 1,000,000 records relative to 1,000: {statistics.median(ratios):.2f} (must <= 1.3)")


def publishing(session: Session, records_count: int) -> None:
    """A new field, an index and an object while four writers work; the longest wait of any of them."""
    stop = threading.Event()
    waits: list[float] = []
    failures: list[str] = []

    def write(number: int) -> None:
        mine = Session(session.workspace, user_id=session.user_id, channel="api")
        rng = random.Random(number)
        while not stop.is_set():
            key = f"01900000-0000-7000-8000-{rng.randrange(1, records_count):012x}"
            begun = time.perf_counter()
            try:
                records.update(mine, "customer", key, {"score": rng.randrange(100)})
            except Exception as error:
                failures.append(repr(error)[:200])
            waits.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    quiet, done = max(waits), len(waits)
    changed = DOCUMENT.replace(
        "  note: {", "  region: {type: text, indexed: true}\n  grade: {type: number}\n  note: {", 1
    ).replace("score: {type: number,", "score: {type: number, indexed: true,", 1)
    other = "object: visit\nfields:\n  about: {type: text}\n  customer: {type: link, to: customer, reverse: visits}\n"
    before = time.perf_counter()
    publish.publish(session.workspace, load.from_texts([APP, ("0.yaml", changed), ("1.yaml", other)], "bench"))
    took = time.perf_counter() - before
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    during = waits[done:]
    print(
        f"publish of 2 fields, 2 indexes, 1 object at {records_count:,} records: {took:.1f} s, {len(during):,} writes meanwhile, "
        f"{len(failures)} failed, longest {max(during) * 1000:.0f} ms (before: {quiet * 1000:.0f} ms; must <= 250 ms)"
    )
    for one in failures[:3]:
        print("  ", one)


def importing(session: Session, rows: int) -> None:
    """A file through full validation; speed and growth of memory."""
    rng = random.Random(5)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        first = customer(20_000_000, rng)
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        for number in range(rows):
            writer.writerow(customer(20_000_000 + number, rng))
        file.flush()
        marks: list[int] = []
        begun = time.perf_counter()
        outcome = imports.run(
            session,
            "customer",
            Path(file.name),
            imports.Options(on_duplicate="create"),
            lambda done, total: marks.append(memory()),
        )
        took = time.perf_counter() - begun
    quarter = marks[len(marks) // 4] if marks else 0
    print(
        f"import of {rows:,} rows: {rows / took:,.0f} rows/s (must >= 4,000), {outcome.created:,} created, {outcome.failed} failed, "
        f"memory {quarter} MB after a quarter, {marks[-1] if marks else 0} MB at the end"
    )


def large_model(database: Database) -> None:
    """300 objects of 50 fields: time to load and compile, and what a request on it costs."""

    def document(number: int) -> str:
        fields = [f"  f{one}: {{type: number, indexed: {str(one < 3).lower()}}}" for one in range(40)]
        fields += [f"  c{one}: {{type: formula, value: f{one} * 2 + f{one + 1}, result: number}}" for one in range(9)]
        return f"object: thing_{number}\ntitle: name\nfields:\n  name: {{type: text}}\n" + "\n".join(fields) + "\n"

    large = workspace(database, "large", *(document(number) for number in range(300)))
    tiny = workspace(database, "tiny", document(0))
    begun = time.perf_counter()
    made = Workspaces(database, large.catalog).named("large")
    session = Session(made, user_id=None, channel="api")
    key = records.create(session, "thing_7", {"name": "a", "f1": 1}).id
    print(
        f"model of 300 objects of 50 fields: {time.perf_counter() - begun:.2f} s from nothing to the first record (must < 3 s)"
    )
    other = Session(tiny, user_id=None, channel="api")
    second = records.create(other, "thing_0", {"name": "a", "f1": 1}).id
    ratios = []
    for _ in range(5):
        took = []
        for mine, name, one in ((session, "thing_7", key), (other, "thing_0", second)):
            begun = time.perf_counter()
            for _ in range(200):
                reading.get(mine, name, one)
            took.append(time.perf_counter() - begun)
        ratios.append(took[0] / took[1])
    print(f"get in it relative to a model of one object: {statistics.median(ratios):.2f} (must be about 1)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", default="")
    options: Any = parser.parse_args()
    settle()  # As every process of the product does.
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        database = Database(cluster.start(), pool_size=8)
        try:
            migrate.migrate_shared(database)
            if options.only in ("", "pages", "publish"):
                small, big = user(workspace(database, "small", DOCUMENT)), user(workspace(database, "big", DOCUMENT))
                fill(small, 1000)
                fill(big, options.records)
                pages(small, big)
                publishing(big, options.records)
            if options.only in ("", "import"):
                importing(user(workspace(database, "main", DOCUMENT)), options.rows)
            if options.only in ("", "model"):
                large_model(database)
        finally:
            database.close()
            cluster.stop()


if __name__ == "__main__":
    main()
