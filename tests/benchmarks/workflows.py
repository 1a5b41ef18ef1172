"""Workflows under load: timers, decisions at the same moment, processes that are killed, lists and costs beside many others.

Instances are copied by the database from one that the engine has made, so that there are many of them at once.
"""

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from runtime.base.memory import settle
from runtime.base.sqltext import Sql, ident
from runtime.config import bundled_plugins
from runtime.engine import accounts, publish, records, taskboxes
from runtime.engine.flow import state as states
from runtime.engine.flow.state import Event
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session, Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.meta import load
from runtime.store import flows, migrate, provisioning
from runtime.store.database import Database
from runtime.store.embedded import Cluster
from tests.benchmarks.api import until_ready

PASSWORD = "a long enough one"

MODEL = (
    """
app: load
version: 1.0.0
label: {en: Load, zh: 负载}
---
object: doc
label: {en: Document, zh: 单据}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  status: {type: select, label: {en: S, zh: 状}, options: {draft: {en: D, zh: 草}, ok: {en: O, zh: 过}}, default: draft}
---
role: staff
label: {en: Staff, zh: 员工}
objects: {doc: {create: true, read: all, update: all}}
---
workflow: hold
label: {en: Hold, zh: 等待}
object: doc
nodes: [{wait: {for: 1d}}, {action: done, do: [{update: {status: ok}}]}]
---
workflow: pair
label: {en: Pair, zh: 双人}
object: doc
nodes: [{approve: either, who: {users: [ada, bob]}, mode: any}]
after: {approved: [{update: {status: ok}}]}
---
workflow: chain
label: {en: Chain, zh: 串行}
object: doc
nodes:
"""
    + "".join(f"  - {{approve: step{number}, who: {{user: ada}}}}\n" for number in range(1, 11))
    + """
after: {approved: [{update: {status: ok}}]}
"""
)


class Office:
    """A workspace with people, and copies of instances in it."""

    def __init__(self, dsn: str, name: str) -> None:
        self.database = Database(dsn, pool_size=6, statement_timeout="0")
        provisioning.create(self.database, name)
        self.workspace = self.known().named(name)
        publish.publish(self.workspace, load.from_texts([("all.yaml", MODEL)]))
        self.people = {one: self.person(one) for one in ("li", "ada", "bob", "eve")}

    def known(self) -> Workspaces:
        """The workspaces of the installation."""
        return Workspaces(self.database, load_catalog(bundled_plugins()))

    def person(self, name: str) -> str:
        """A new user's id."""
        system = Session(self.workspace, user_id=None, channel="cli")
        system.settle()
        return str(accounts.create_user(system, {"name": name, "roles": ["staff"]})["id"])

    def session(self, name: str) -> Session:
        """Somebody at work."""
        return Session(self.workspace, user_id=self.people[name], channel="cli")

    def start(self, workflow: str) -> dict[str, Any]:
        """One instance as the engine makes it."""
        record = records.create(self.session("li"), "doc", {"name": "D"}).id
        return {**Flows(self.session("li")).start(workflow, "doc", record), "record": record}

    def table(self, name: str) -> str:
        """A system table."""
        return ident(self.workspace.schema, name)

    def run(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement."""
        return self.database.rows(Sql(text, values))

    def copies(self, made: Mapping[str, Any], count: int, mark: int, **change: str) -> None:
        """``count`` copies of an instance with its record, tasks, timers and events; ``mark`` keeps their ids apart."""

        def new(what: int) -> str:
            return f"('0190{mark:04x}-000{what}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"

        doc = self.workspace.snapshot().layout.object("doc").table
        one, record = made["instance"], made["record"]
        self.copy(doc, {"id": new(1)}, "id = %s::uuid", record, count)
        self.copy(self.table("s_instance"), {"id": new(2), "record_id": new(1), **change}, "id = %s::uuid", one, count)
        for name in ("s_flow_event", "s_timer"):
            self.copy(self.table(name), {"instance": new(2)}, "instance = %s::uuid", one, count)
        number = "('0190' || lpad(to_hex({mark}), 4, '0') || '-3' || lpad(to_hex(number), 3, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
        ids = {"id": number.replace("{mark}", str(mark)), "instance": new(2)}
        self.copy(self.table("s_task"), ids, "instance = %s::uuid", one, count)

    def copy(self, table: str, other: Mapping[str, str], where: str, value: str, count: int) -> None:
        """Rows many times over."""
        with self.database.connection() as connection:
            columns = [row[0] for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
                "AND attgenerated = ''", (table,))]  # fmt: skip
            chosen = ", ".join(other.get(one, f'"{one}"') for one in columns)
            named = ", ".join(f'"{one}"' for one in columns)
            text = f"INSERT INTO {table} ({named}) SELECT {chosen} FROM {table}, generate_series(1, {count}) n WHERE {where}"
            connection.execute(text, (value,))
            connection.execute(f"ANALYZE {table}")


@contextmanager
def workers(dsn: str, count: int, data: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes."""
    environment = {**os.environ, "DOUGONG_DATABASE_URL": dsn}
    program = [sys.executable, "-c", "from runtime.cli import main; main()", "worker", "--data", str(data)]
    found = [subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield found
    finally:
        for one in found:
            one.kill()
            one.wait()


def until(condition: Any, seconds: float) -> None:
    """Wait. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


# -- timers -----------------------------------------------------------------------------------------------------


def timers(office: Office, dsn: str, data: Path, count: int, kills: int = 0) -> float:
    """Seconds in which two workers fire ``count`` due timers, each once; some of them are killed on the way."""
    mark = 1 + kills
    made = office.start("hold")
    office.copies(made, count, mark)
    timer, event = office.table("s_timer"), office.table("s_flow_event")
    like = f"0190{mark:04x}-%"
    with workers(dsn, 2, data) as there:
        until(lambda: office.run(f"SELECT count(*) FROM {ident('dougong', 'worker')}")[0][0] >= 2, 120)
        begun = time.monotonic()
        office.run(f"UPDATE {timer} SET fire_at = now() WHERE instance::text LIKE %s", like)
        left = f"SELECT count(*) FROM {timer} WHERE state = 'scheduled' AND instance::text LIKE %s"
        for _ in range(kills):
            time.sleep(random.uniform(0.2, 1.5))
            dead = random.randrange(2)
            there[dead].send_signal(signal.SIGKILL)
            there[dead].wait()
            there[dead] = subprocess.Popen(there[dead].args, env={**os.environ, "DOUGONG_DATABASE_URL": dsn},
                                           stderr=subprocess.DEVNULL)  # fmt: skip
        until(lambda: office.run(left, like)[0][0] == 0, 600)
        took = time.monotonic() - begun
    fired = office.run(
        f"SELECT count(*), count(DISTINCT instance) FROM {event} WHERE type = 'timer_closed' AND instance::text LIKE %s", like
    )[0]  # fmt: skip
    ended = office.run(
        f"SELECT count(*), count(DISTINCT instance) FROM {event} WHERE type = 'ended' AND instance::text LIKE %s", like
    )[0]  # fmt: skip
    assert fired == ended == (count, count), (fired, ended)
    return took


# -- two at the same moment -------------------------------------------------------------------------------------

DECIDER = """
import sys
from runtime.base.errors import DougongError
from runtime.config import bundled_plugins
from runtime.engine.flows import Flows
from runtime.engine.workspace import Session, Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.store.database import Database
database = Database(sys.argv[1], pool_size=2)
workspace = Workspaces(database, load_catalog(bundled_plugins())).named(sys.argv[2])
session = Session(workspace, user_id=sys.argv[3], channel="cli")
print("ready", flush=True)
for line in sys.stdin:
    instance, action, task = line.split()
    try:
        Flows(session).act(instance, action, int(task), {"comment": "x"})
        print("done", flush=True)
    except DougongError as error:
        print(error.status, error.code, error.extra.get("state"), flush=True)
"""


def pairs(office: Office, dsn: str, count: int) -> dict[str, int]:
    """Two processes decide ``count`` times at the same moment: exactly one of each pair has, the other is told."""
    made = office.start("pair")
    office.copies(made, count, 0x100)
    deciders = [
        subprocess.Popen([sys.executable, "-c", DECIDER, dsn, office.workspace.row.name, office.people[name]],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("ada", "bob")
    ]  # fmt: skip
    first = 0
    try:
        for one in deciders:
            assert one.stdout and one.stdout.readline() == "ready\n"
        for number in range(1, count + 1):
            instance = f"01900100-0002-7000-8000-{number:012x}"
            asked = [("agree", 1), (random.choice(("agree", "reject")), 2)]
            for one, (action, task) in zip(deciders, asked, strict=True):
                assert one.stdin
                one.stdin.write(f"{instance} {action} {task}\n")
                one.stdin.flush()
            answers = [one.stdout.readline().split() for one in deciders if one.stdout]
            assert sorted(answer[0] for answer in answers) == ["409", "done"], answers
            lost = next(answer for answer in answers if answer[0] == "409")
            assert lost[1] in ("already_ended", "task_cancelled") and lost[2] != "None", lost
            first += answers[0][0] == "done"
    finally:
        for one in deciders:
            one.kill()
            one.communicate()
    folded(office, [f"01900100-0002-7000-8000-{number:012x}" for number in range(1, count + 1, 20)])
    return {"pairs": count, "first": first, "second": count - first}


def folded(office: Office, instances: Sequence[str]) -> None:
    """Folding the events of each gives what is stored, and there is one end."""
    for one in instances:
        row = flows.read(office.database, office.workspace.schema, one)
        assert row is not None
        told = flows.events(office.database, office.workspace.schema, one)
        assert states.dump(states.fold(Event(type, data) for _, _, type, data in told)) == states.dump(
            states.load(row.data)
        )
        assert [type for _, _, type, _ in told].count("ended") == (row.state not in states.OPEN_STATES)


# -- beside many others -----------------------------------------------------------------------------------------


def listing(dsn: str, others: int, mine: int = 200) -> dict[str, float]:
    """The first page of somebody's tasks, alone and beside many of others: milliseconds and their ratio."""
    offices = [Office(dsn, "alone"), Office(dsn, "crowd")]
    for number, office in enumerate(offices):
        office.copies(office.start("pair"), mine, 0x200)
        if number:
            made = office.start("pair")
            office.run(f"UPDATE {office.table('s_task')} SET assignee = %s::uuid WHERE instance = %s::uuid",
                       office.people["eve"], made["instance"])  # fmt: skip
            office.copies(made, others, 0x201)
    found: list[list[float]] = [[], []]
    sessions = [office.session("ada") for office in offices]
    for _ in range(60):
        for number, session in enumerate(sessions):
            begun = time.perf_counter()
            body = taskboxes.listing(session)
            found[number].append((time.perf_counter() - begun) * 1000)
            assert len(body["data"]) == 50
    alone, crowd = (statistics.median(one[10:]) for one in found)
    for office in offices:
        office.database.close()
    return {"alone": alone, "crowd": crowd, "ratio": crowd / alone}


def decisions(dsn: str, finished: int, rounds: int = 300) -> dict[str, float]:
    """What a decision costs beside 10 and beside ``finished`` finished instances: milliseconds and their ratio."""
    offices = [Office(dsn, "few"), Office(dsn, "many")]
    for office, count in zip(offices, (10, finished), strict=True):
        made = office.start("pair")
        Flows(office.session("ada")).act(made["instance"], "agree", 1, {})
        office.copies(made, count, 0x300)
        office.copies(office.start("pair"), rounds, 0x301)
    found: list[list[float]] = [[], []]
    for number in range(1, rounds + 1):
        for place, office in enumerate(offices if number % 2 else offices[::-1]):
            session = office.session("ada")
            begun = time.perf_counter()
            Flows(session).act(f"01900301-0002-7000-8000-{number:012x}", "agree", 1, {})
            found[place if number % 2 else 1 - place].append((time.perf_counter() - begun) * 1000)
    few, many = (statistics.median(one[20:]) for one in found)
    for office in offices:
        office.database.close()
    return {"few": few, "many": many, "ratio": many / few}


def rate(dsn: str, count: int = 60) -> dict[str, float]:
    """Decisions a second of one thread, each with a key: in chains of ten steps, and where each one ends its instance.

    What ends an instance also changes the record.
    """
    office = Office(dsn, "rate")
    session, found = office.session("ada"), {}
    for workflow, steps, rounds in (("chain", 10, count), ("pair", 1, count * 5)):
        made = [office.start(workflow)["instance"] for _ in range(rounds + 5)]

        def decide(instances: Sequence[str], steps: int = steps) -> None:
            for instance in instances:
                for number in range(1, steps + 1):
                    answer = Flows(session).act(instance, "agree", number, {}, f"{instance}-{number}")
                assert answer["state"] == "approved", answer

        decide(made[:5])
        begun = time.perf_counter()
        decide(made[5:])
        found[workflow] = rounds * steps / (time.perf_counter() - begun)
    office.database.close()
    return {"chain": found["chain"], "ending": found["pair"]}


# -- web processes that are killed ------------------------------------------------------------------------------


def web(office: Office, dsn: str, data: Path, count: int, kills: int) -> dict[str, int]:
    """Decisions over HTTP while web processes are killed: each has its effect once, whatever the client was told."""
    made = office.start("pair")
    office.copies(made, count, 0x400)
    accounts.change_user(Session(office.workspace, user_id=None, channel="cli"), office.people["ada"],
                         {"password": PASSWORD})  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DOUGONG_DATABASE_URL": dsn}
    program = [sys.executable, "-c", "from runtime.cli import main; main()", "serve", "--port", str(port), "--workers", "2",
               "--data", str(data)]  # fmt: skip

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)

    server = begin()
    again = killed = 0
    try:
        until_ready(port)
        login = {"username": "ada", "password": PASSWORD, "workspace": office.workspace.row.name}
        token = request(port, "/login", login, {})[1]["token"]
        at = sorted(random.sample(range(count // 10, count), kills))
        for number in range(1, count + 1):
            if at and number >= at[0]:
                at.pop(0)
                if server.poll() is not None:
                    server = begin()
                    until_ready(port)
                there = Path(f"/proc/{server.pid}/task/{server.pid}/children")
                until(there.read_text, 60)  # Those that were killed before are just being started again.
                os.kill(int(random.choice(there.read_text().split())), signal.SIGKILL)
                killed += 1
            task = f"01900400-3001-7000-8000-{number:012x}"
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"k{number}"}
            status, body = 0, None
            end = time.monotonic() + 120  # A server may need long to start again on a busy machine.
            while time.monotonic() < end:
                try:
                    status, body = request(port, f"/tasks/{task}/agree", {}, headers)
                except (OSError, HTTPException):
                    again += 1
                    time.sleep(0.05)
                    # One whose processes die one after the other gives up; the service manager starts it again.
                    if server.poll() is not None:
                        server = begin()
                    continue
                if status != 503:
                    break
            assert status == 200 and body["state"] == "approved", (number, status, body)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    decided = office.run(
        f"SELECT count(*), count(DISTINCT instance) FROM {office.table('s_flow_event')} WHERE type = 'command' "
        "AND data->>'name' = 'agree' AND instance::text LIKE '01900400-%%'"
    )[0]  # fmt: skip
    assert decided == (count, count), decided
    folded(office, [f"01900400-0002-7000-8000-{number:012x}" for number in range(1, count + 1, 10)])
    return {"decisions": count, "killed": killed, "asked again": again}


def request(port: int, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, Any]:
    """(status, answer) of a request to the API."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", f"/api/v1{path}", json.dumps(body),
                           {"Content-Type": "application/json", **headers})  # fmt: skip
        found = connection.getresponse()
        return found.status, json.loads(found.read())
    finally:
        connection.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timers", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--others", type=int, default=100_000)
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("timers", "killed", "pairs", "web", "tasks", "decisions", "rate"))
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        cluster = Cluster(place, durable=False)
        settle()
        try:
            dsn = cluster.start()
            database = Database(dsn, pool_size=2)
            migrate.migrate_shared(database)
            print(f"{datetime.now(UTC):%H:%M:%S} PostgreSQL without fsync, load {os.getloadavg()[0]:.1f}", flush=True)
            if asked.only in (None, "timers", "killed", "pairs", "web"):
                office = Office(dsn, "main")
            if asked.only in (None, "timers"):
                took = timers(office, dsn, place, asked.timers)
                print(f"timers: {asked.timers} in {took:.1f} s by two workers, none twice", flush=True)
            if asked.only in (None, "killed"):
                took = timers(office, dsn, place, max(asked.timers // 5, 200), kills=8)
                print(f"timers with 8 workers killed on the way: {took:.1f} s, none lost, none twice", flush=True)
            if asked.only in (None, "pairs"):
                print(f"pairs: {pairs(office, dsn, asked.pairs)}", flush=True)
            if asked.only in (None, "web"):
                print(f"web processes killed: {web(office, dsn, place, 500, 10)}", flush=True)
            if asked.only in (None, "tasks"):
                print(f"tasks beside {asked.others} of others: {listing(dsn, asked.others)}", flush=True)
            if asked.only in (None, "rate"):
                print(f"decisions a second, one thread: {rate(dsn)}", flush=True)
            if asked.only in (None, "decisions"):
                print(f"decision beside {asked.finished} finished: {decisions(dsn, asked.finished)}", flush=True)
            database.close()
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
