"""Python, PostgreSQL 15, PostgreSQL 18, the browser and the oracle give the same value for random formulas on hard rows.

FORMULA_EQUALITY=50000 runs more formulas (each on twenty rows), FORMULA_SEED=7 others. One file of tests for each
time zone, so that they run at the same time.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import nodejs
import oracle
import psycopg
from generate import Formulas, value_of
from world import ENV, SCALARS, typed, world

from runtime.base.sqltext import Sql, fmt, ident
from runtime.formula import browser, sql
from runtime.formula.compiler import Compiled, compile
from runtime.formula.env import Env
from runtime.formula.evaluate import canonical, prepare
from runtime.formula.prelude import sql as prelude
from runtime.formula.scope import Slot
from runtime.formula.sql import COLUMN
from runtime.formula.types import NUMBER, TEXT, Type, choice, ref

FORMULAS = int(os.environ.get("FORMULA_EQUALITY", "20000"))
SEED = int(os.environ.get("FORMULA_SEED", "1"))
ROWS = 20
BATCH = 10
FRESH = 1_000  # after so many formulas come other rows
PATHS: dict[tuple[str, ...], Type] = {
    **{(m.key,): m.type for m in SCALARS},
    ("k_customer", "k_limit"): NUMBER,
    ("k_customer", "k_name"): TEXT,
    ("k_customer", "k_grade"): choice("A", "B"),
}
CHILD: dict[tuple[str, ...], Type] = {(m.key,): m.type for m in world().targets["k_lines"].items}
CHILD[("id",)] = ref("line")


def column(path: tuple[str, ...]) -> str:
    return "f_" + "__".join(path)


@dataclass
class TableBinder:
    """Slots are columns of a real table, rows of children those of a second one."""

    alias: str = "t0"
    outer: str = ""

    def slot(self, slot: Slot) -> Sql:
        return Sql(ident(self.outer if slot.root == "parent" else self.alias, column(slot.path)))

    def children(self, slot_path: tuple[str, ...]) -> tuple[Sql, TableBinder]:
        return Sql('"kid" c1 WHERE c1.parent = t0.id'), TableBinder("c1", self.alias)

    def lookup(self, object_key: str) -> tuple[Sql, TableBinder]:
        raise AssertionError


Row = tuple[dict[tuple[str, ...], Any], list[dict[tuple[str, ...], Any]]]


def make_rows(rng: random.Random) -> list[Row]:
    rows: list[Row] = []
    for number in range(ROWS):
        own = {path: value_of(rng, t.name, path[-1].removeprefix("k_")) for path, t in PATHS.items()}
        kids = []
        for kid in range(rng.randint(0, 4)):
            values = {path: value_of(rng, t.name, "") for path, t in CHILD.items() if path != ("id",)}
            values["id",] = f"01890000-0000-7000-8000-{number:08}{kid:04}"
            kids.append(values)
        rng.shuffle(kids)
        rows.append((own, kids))
    return rows


@contextmanager
def connected(dsns: Sequence[str]) -> Iterator[list[psycopg.Connection[Any]]]:
    """A connection to each server, with the helpers installed."""
    connections = [psycopg.connect(dsn, autocommit=True) for dsn in dsns]
    for connection in connections:
        connection.execute("SET TIME ZONE 'America/New_York'")  # nothing may depend on the session
        connection.execute(prelude().encode())
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def load(connection: psycopg.Connection[Any], rows: list[Row]) -> None:
    for name, paths in (("main", PATHS), ("kid", CHILD)):
        columns = ", ".join(f"{ident(column(path))} {COLUMN[t.name]}" for path, t in paths.items())
        connection.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (id int, parent int, {columns})".encode())
    for number, (own, kids) in enumerate(rows):
        insert(connection, "main", PATHS, number, None, own)
        for kid in kids:
            insert(connection, "kid", CHILD, None, number, kid)


def insert(
    connection: psycopg.Connection[Any],
    table: str,
    paths: dict[tuple[str, ...], Type],
    key: int | None,
    parent: int | None,
    values: dict[tuple[str, ...], Any],
) -> None:
    cells = Sql("%s, %s", (key, parent))
    for path, t in paths.items():
        cells = fmt("{}, {}", cells, typed(values[path], t))
    query = fmt("INSERT INTO " + table + " VALUES ({})", cells)
    connection.execute(query.text.encode(), query.params)


def slot_values(compiled: Compiled, row: Row) -> list[Any]:
    own, kids = row
    out: list[Any] = []
    for index, slot in enumerate(compiled.slots):
        if slot.type.name == "children":
            out.append(tuple(tuple(kid[s.path] for s in compiled.inner[index]) for kid in kids))
        else:
            out.append(own[slot.path])
    return out


def formulas(rng: random.Random, count: int) -> Iterator[tuple[str, Compiled]]:
    scope = world()
    refused = made = 0
    while made < count:
        kind = rng.choice(["n", "n", "t", "t", "b", "b", "b", "d", "dt", "dur", "L"])
        source = Formulas(rng).make(kind, rng.randint(1, 4))
        compiled = compile(source, scope, context="automation", blank=rng.choice(["zero", "zero", "null"]))
        if not compiled.ok:
            assert all(d.code.startswith(("E_LIMIT", "W_")) for d in compiled.diagnostics), (
                source,
                compiled.diagnostics,
            )
            refused += 1
            assert refused < 50 + made / 4
            continue
        made += 1
        yield source, compiled


def agree(dsns: Sequence[str], engine: nodejs.Engine, zone: str) -> None:
    """Half of the formulas in one time zone; the first difference ends the test with all that led to it."""
    env = replace(ENV, tz=zone)
    engine.ask({"env": everything(env)})
    rng = random.Random(f"{SEED} {zone}")
    rows = make_rows(rng)
    with connected(dsns) as servers:
        for connection in servers:
            load(connection, rows)
        batch: list[tuple[str, Compiled]] = []
        for number, found in enumerate(formulas(rng, FORMULAS // 2), 1):
            batch.append(found)
            if len(batch) == BATCH:
                check(servers, engine, batch, rows, env)
                batch = []
            if number % FRESH == 0:
                rows = make_rows(rng)
                for connection in servers:
                    load(connection, rows)


def everything(env: Env) -> dict[str, Any]:
    """The environment with all that any of the random formulas asks for."""
    asked = ["NETWORKDAYS(d, d, 'spring')", "OPTIONLABEL(status)", *(f"LEN(JOIN([USER.{k}]))" for k in ("name",))]
    asked += ["owner == USER.id", "owner == USER.manager", "HASROLE('sales')"]
    compiled = [compile(source, world(), context="automation") for source in asked]
    return browser.environment(env, [one for one in compiled if one.ok])


def check(
    servers: list[psycopg.Connection[Any]],
    engine: nodejs.Engine,
    batch: list[tuple[str, Compiled]],
    rows: list[Row],
    env: Env,
) -> None:
    expected: list[list[str | None]] = []
    for source, compiled in batch:
        column_of = []
        given = [slot_values(compiled, row) for row in rows]
        fourth = oracle.evaluator(compiled, env)
        engine.send(nodejs.question(compiled, given))
        for values in given:
            faults: list[str] = []
            python = canonical(prepare(compiled).value(values, env, faults), compiled.type)
            assert "INTERNAL" not in faults, source
            assert python == fourth(values), ("oracle", source, values)
            column_of.append(python)
        expected.append(column_of)
        found = engine.receive()
        assert found == column_of, (
            "browser",
            source,
            [(values, got, want) for values, got, want in zip(given, found, column_of, strict=True) if got != want],
        )
    select = Sql("SELECT t0.id")
    for _source, compiled in batch:
        select = fmt("{}, {}", select, sql.canonical(compiled, TableBinder(), env))
    query = fmt("{} FROM main t0 ORDER BY t0.id", select)
    for connection in servers:
        version = connection.info.server_version
        result = connection.execute(query.text.encode(), query.params).fetchall()
        for number, record in enumerate(result):
            for index, (source, compiled) in enumerate(batch):
                got, want = record[index + 1], expected[index][number]
                assert got == want, (version, source, slot_values(compiled, rows[number]), got, want)
        for index, (source, compiled) in enumerate(batch):
            if compiled.type.name == "bool":
                where = fmt(
                    "SELECT t0.id FROM main t0 WHERE {} ORDER BY 1", sql.predicate(compiled, TableBinder(), env)
                )
                ids = [record[0] for record in connection.execute(where.text.encode(), where.params)]
                assert ids == [i for i, text in enumerate(expected[index]) if text == "true"], (version, source)
