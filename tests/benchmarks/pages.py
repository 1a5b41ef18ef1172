"""Pages at 1,000 and 100,000 customers of crm_basic: server time at four users, and what a page costs the processors."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from runtime.commands.server import MEMORY
from runtime.config import bundled_plugins
from runtime.engine import accounts, publish, records
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.meta import load
from runtime.store import migrate, provisioning
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from runtime.store.layout import column_name
from tests.benchmarks.api import until_ready
from tests.benchmarks.client import peak

APP = Path(__file__).parents[2] / "templates" / "crm_basic"
PASSWORD = "a long enough one"
USERS = 4
#: Two web processes a core, as docs/operations.md says for installations.
WORKERS = 2 * (os.cpu_count() or 1)
TICK = 1000 / os.sysconf("SC_CLK_TCK")


def prepared(database: Database, name: str) -> Workspace:
    """A workspace with the app and an administrator."""
    provisioning.create(database, name)
    made = Workspaces(database, load_catalog(bundled_plugins())).named(name)
    publish.publish(made, load.read(APP))
    accounts.create_user(
        Session(made, user_id=None, channel="cli"), {"name": name, "roles": ["admin"], "password": PASSWORD}
    )
    return made


def fill(made: Workspace, count: int) -> list[str]:
    """``count`` copies of one customer, written by the database; the last ones have contacts and opportunities."""
    session = Session(made, user_id=None, channel="cli")
    first = records.create(session, "customer", {"name": "样例客户有限公司"}).id
    place = session.layout.object("customer")
    name = column_name(session.model.objects["customer"].fields["name"].key)
    with session.database.connection() as connection:
        connection.execute("SET statement_timeout = 0")
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
                "AND attgenerated = ''", (place.table,),
            )
        ]  # fmt: skip
        other = {"id": "('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
                 "title": "'客户' || n", "title_key": "'客户' || n", name: "'客户' || n",
                 "data": "data || jsonb_build_object('name', '客户' || n)"}  # fmt: skip
        chosen = ", ".join(other.get(one, f'"{one}"') for one in columns)
        named = ", ".join(f'"{one}"' for one in columns)
        connection.execute(
            f"INSERT INTO {place.table} ({named}) SELECT {chosen} FROM {place.table}, generate_series(1, %s) n "
            "WHERE id = %s", (count, first),
        )  # fmt: skip
        connection.execute(f"VACUUM ANALYZE {place.table}")
    ids = [f"01900000-0000-7000-8000-{number:012x}" for number in range(count - 19, count + 1)]
    for one in ids:
        for number in range(3):
            records.create(
                session, "contact", {"name": f"联系人{number}", "mobile": f"1380000000{number}", "customer": one}
            )
            records.create(session, "opportunity", {"name": f"商机{number}", "customer": one, "amount": 1000})
    return ids


class Visitor:
    """One person at a browser that keeps its connection."""

    def __init__(self, port: int, name: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port)
        self.cookie = ""
        page = self.ask("/login").decode()
        found = re.search(r'name="_csrf"[^>]*value="([^"]+)"', page)
        asked = {"_csrf": found.group(1) if found else "", "username": name, "workspace": name, "password": PASSWORD}
        self.ask("/login", urlencode(asked))

    def ask(self, path: str, body: str | None = None) -> bytes:
        """The answer to a request. Raises ConnectionError where it is not what was asked for."""
        head = {"Cookie": self.cookie, "Accept": "text/html", "Accept-Encoding": "identity"}
        if body is not None:
            head["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if body is None else "POST", path, body, head)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in ((200,) if body is None else (302, 303)):
            raise ConnectionError(f"{path}: {answer.status}")
        for one in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = one.split(";")[0]
        return text


def spent(root: int) -> float:
    """Milliseconds of processor that a process and all below it have used."""
    below: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                rest = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            below.setdefault(int(rest[1]), []).append(int(entry.name))
            used[int(entry.name)] = (int(rest[11]) + int(rest[12])) * TICK
    found, total = [root], 0.0
    while found:
        one = found.pop()
        total += used.get(one, 0.0)
        found += below.get(one, [])
    return total


def measured(
    visitors: Sequence[Visitor], paths: Sequence[str], rounds: int, roots: Sequence[int]
) -> tuple[float, float, float]:
    """Median and p95 in ms with all visitors at once, and the processors' ms a page."""
    took: list[float] = []

    def walk(visitor: Visitor) -> None:
        for number in range(rounds):
            begun = time.perf_counter()
            visitor.ask(paths[number % len(paths)])
            took.append((time.perf_counter() - begun) * 1000)

    for visitor in visitors:
        visitor.ask(paths[0])
    before = sum(spent(one) for one in roots)
    threads = [threading.Thread(target=walk, args=(one,)) for one in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cost = (sum(spent(one) for one in roots) - before) / len(took)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1], cost


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as folder_name:
        folder = Path(folder_name)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        database = Database(cluster.start(), pool_size=4, statement_timeout="0")
        process: subprocess.Popen[bytes] | None = None
        try:
            migrate.migrate_shared(database)
            known = {"small": fill(prepared(database, "small"), 1000)}
            known["large"] = fill(prepared(database, "large"), options.records)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = int(free.getsockname()[1])
            environment = {
                **MEMORY,
                **os.environ,
                "DOUGONG_DATABASE_URL": cluster.dsn(),
                "DOUGONG_DATA": str(folder),
                "DOUGONG_LOGINS_PER_MINUTE": "1000",
            }
            command = [sys.executable, "-P", "-m", "runtime.serving", "127.0.0.1", str(port), str(WORKERS)]
            process = subprocess.Popen(command, env=environment, start_new_session=True)
            until_ready(port)
            roots = (process.pid, int((cluster.data / "postmaster.pid").read_text().split()[0]))
            costs: dict[tuple[str, str], float] = {}
            for name, ids in known.items():
                visitors = [Visitor(port, name) for _ in range(USERS)]
                pages = {
                    "list": ["/o/customer"],
                    "record": [f"/o/customer/{one}" for one in ids],
                    "form": [f"/o/customer/{one}/edit" for one in ids],
                    "empty form": ["/o/customer/new"],
                }
                for page, paths in pages.items():
                    measured(visitors, paths, 10, roots)
                    middle, late, cost = measured(visitors, paths, options.rounds, roots)
                    costs[name, page] = cost
                    print(
                        f"{page}, {name}: median {middle:.0f} ms, p95 {late:.0f} ms at {USERS} users (must < 60 ms), "
                        f"{cost:.1f} ms of processor a page",
                        flush=True,
                    )
            ratio = costs["large", "list"] / costs["small", "list"]
            print(f"list page, {options.records:,} customers relative to 1,000: {ratio:.2f} (must <= 1.3)")
            print(f"peak memory of a web process: {peak(process.pid):.0f} MB (must < 150)")
        finally:
            if process is not None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(20)
            database.close()
            cluster.stop()


if __name__ == "__main__":
    main()
