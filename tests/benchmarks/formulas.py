"""Formulas against what a programmer would write by hand: in Python, over a million records, through an index, along paths.

CPU time is measured, of this process or of the server's process behind the connection: the machine may be busy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from runtime.base.sqltext import Sql
from runtime.engine import reading, records
from runtime.engine.workspace import Session
from runtime.formula import evaluate
from runtime.formula import sql as formula_sql
from runtime.formula.types import BOOL, NUMBER
from runtime.store import migrate
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from tests.benchmarks.large import DOCUMENT, fill, user, workspace

SOURCE = "IF(amount > 10000 and level == 'A', ROUND(amount * 0.1, 2), 0)"
BY_HAND = "CASE WHEN f_amount > 10000 AND f_level = 'A' THEN round(f_amount * 0.1, 2) ELSE 0 END"
#: A filter, and what somebody who knows the columns writes for it, with parameters as he must.
FILTERS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("amount > 142000", "f_amount > %s", (Decimal(142000),)),
    ("amount >= 1000 and amount < 1200", "f_amount >= %s AND f_amount < %s", (Decimal(1000), Decimal(1200))),
    ("level == 'A' and industry == 'energy'", "f_level = %s AND f_industry = %s", ("A", "energy")),
    ("code == '00023456'", "f_code = %s", ("00023456",)),
    ("code in ['00023456', '00054321', '00000042']", "f_code = ANY(%s)", (["00023456", "00054321", "00000042"],)),
)
ROUNDS = 5
TICK = os.sysconf("SC_CLK_TCK")
HOPS = """
object: region
title: name
fields:
  name: {type: text}
  factor: {type: number}
---
object: office
title: name
fields:
  name: {type: text}
  region: {type: link, to: region, reverse: offices}
---
object: client
title: name
fields:
  name: {type: text}
  office: {type: link, to: office, reverse: clients}
---
object: job
title: name
fields:
  name: {type: text}
  hours: {type: number}
  client: {type: link, to: client, reverse: jobs}
  place: {type: formula, value: client.office.region.name, result: text}
  price: {type: formula, value: hours * client.office.region.factor, result: number}
---
role: sales
label: {en: Sales, zh: 销售}
objects:
  region: {create: true, read: all}
  office: {create: true, read: all}
  client: {create: true, read: all}
  job: {create: true, read: all}
"""


def spent(pid: int) -> float:
    """Seconds of CPU that a process has used, as its system counts them (in ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def python(session: Session) -> None:
    """Prepared evaluations a second: every condition holding, and the records as they come."""
    compiled = session.formulas.asked("customer", SOURCE, "virtual", lambda *_: True, NUMBER)
    prepared, env = evaluate.prepare(compiled), session.env()
    names = [slot.path[0] for slot in compiled.slots]
    by_key = session.layout.object("customer").object.by_key
    keys = [by_key[name].name for name in names]

    def values(amount: Decimal, level: str) -> list[Any]:
        record = {"amount": amount, "level": level}
        return [record[key] for key in keys]

    held = [values(Decimal(20_000 + n), "A") for n in range(1000)]
    mixed = [values(Decimal(n * 7919 % 1_000_003) / 7, "ABCD"[n % 4]) for n in range(1000)]
    for rows, what in ((held, "the condition holds"), (mixed, "one in four holds")):
        took = []
        for _ in range(ROUNDS):
            begun = time.process_time()
            for _ in range(20):
                for row in rows:
                    prepared.value(row, env)
            took.append(time.process_time() - begun)
        speed = 20_000 / statistics.median(took)
        must = " (must >= 100,000)" if rows is held else ""
        print(f"prepared evaluation in Python, {what}: {speed:,.0f} a second and core{must}")


class Duel:
    """Two statements in turns over one connection; the ratio of the CPU that the server spends."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.pid = connection.info.backend_pid
        connection.execute("SET max_parallel_workers_per_gather = 0")
        connection.execute("SET statement_timeout = 0")

    def cost(self, statement: Sql, times: int) -> float:
        """CPU seconds of ``times`` executions."""
        begun = spent(self.pid)
        for _ in range(times):
            self.connection.execute(statement.text.encode(), statement.params, prepare=False).fetchall()
        return spent(self.pid) - begun

    def ratio(self, ours: Sql, theirs: Sql, least: float = 0.3) -> tuple[float, float]:
        """(median of the ratios, milliseconds of one of theirs); both must give the same rows."""
        same = [
            self.connection.execute(one.text.encode(), one.params, prepare=False).fetchall() for one in (ours, theirs)
        ]
        assert sorted(map(str, same[0])) == sorted(map(str, same[1])), (ours, len(same[0]), len(same[1]))
        times = 1
        while (once := self.cost(theirs, times)) < least:
            times = max(times * 2, int(times * least / once) if once else times * 2)
        ratios = []
        for number in range(ROUNDS):
            first, second = (ours, theirs) if number % 2 else (theirs, ours)
            took = self.cost(first, times), self.cost(second, times)
            ratios.append(took[0] / took[1] if number % 2 else took[1] / took[0])
        return statistics.median(ratios), once / times * 1000


def binder(session: Session, name: str) -> tuple[TableBinder, str]:
    """A binder at an object's table, and the beginning of a statement over it."""
    frame = Frame()
    alias = frame.alias()
    place = session.layout.object(name)
    return TableBinder(session.layout, session.formulas, name, alias, frame, session.env()), f"{place.table} {alias}"


def database(session: Session, connection: psycopg.Connection[Any]) -> None:
    """The formula's SQL over all records, and filters through indexes."""
    duel = Duel(connection)
    asked = session.formulas.asked
    compiled = asked("customer", SOURCE, "virtual", lambda *_: True, NUMBER)
    here, table = binder(session, "customer")
    value = formula_sql.value(compiled, here, here.env)
    ratio, took = duel.ratio(
        Sql("SELECT sum(") + value + f") FROM {table}", Sql(f"SELECT sum({BY_HAND}) FROM {table}"), least=1.0
    )
    print(f"SQL of the formula over all records, relative to {took:,.0f} ms by hand: {ratio:.2f} (must <= 1.3)")
    for source, hand, params in FILTERS:
        here, table = binder(session, "customer")
        found = formula_sql.predicate(asked("customer", source, "filter", lambda *_: True, BOOL), here, here.env)
        head = f"SELECT id, title, f_amount FROM {table} WHERE deleted_at IS NULL AND "
        ratio, took = duel.ratio(Sql(head) + found, Sql(head + hand, params))
        print(f"filter {source}, relative to {took:,.2f} ms by hand: {ratio:.2f} (must <= 1.1)")


def counted(session: Session, work: Callable[[], Any]) -> int:
    """How many statements some work sends through the session's database."""
    pool = session.database
    rows, row = pool.rows, pool.row
    seen: list[str] = []

    def hear(run: Callable[..., Any]) -> Callable[..., Any]:
        def heard(statement: Sql, *args: Any, **more: Any) -> Any:
            seen.append(statement.text)
            return run(statement, *args, **more)

        return heard

    pool.rows, pool.row = hear(rows), hear(row)  # type: ignore[method-assign]
    try:
        work()
    finally:
        del pool.rows, pool.row
    return len(seen)


def paths(session: Session) -> None:
    """Pages of 1 and of 50 records with computed fields three references away."""
    last = ""
    for number in range(60):
        region = records.create(session, "region", {"name": f"r{number}", "factor": number}).id
        office = records.create(session, "office", {"name": f"o{number}", "region": region}).id
        client = records.create(session, "client", {"name": f"c{number}", "office": office}).id
        last = records.create(session, "job", {"name": f"j{number}", "hours": 3, "client": client}).id
    assert last
    fields = ("name", "client", "place", "price")

    def page(limit: int) -> Callable[[], Any]:
        ask = reading.Ask(filter="client.office.region.factor >= 0", sort=("name",), fields=fields, limit=limit)
        return lambda: reading.listed(session, "job", ask).body()

    for limit in (1, 50):
        page(limit)()
    counts = [counted(session, page(limit)) for limit in (1, 50)]
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(20):
            page(50)()
        took.append((time.perf_counter() - begun) / 20)
    print(
        f"page with two fields and a filter three references away: {counts[0]} statement(s) for 1 record, {counts[1]} for 50 "
        f"(must be the same), {statistics.median(took) * 1000:.1f} ms for 50"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        pool = Database(cluster.start(), pool_size=4)
        try:
            migrate.migrate_shared(pool)
            session = user(workspace(pool, "main", DOCUMENT))
            python(session)
            paths(user(workspace(pool, "paths", HOPS)))
            fill(session, options.records)
            with pool.connect() as connection:
                database(session, connection)
        finally:
            pool.close()
            cluster.stop()


if __name__ == "__main__":
    main()
