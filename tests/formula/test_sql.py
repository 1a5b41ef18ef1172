"""The SQL back end: forms that indexes serve, measures, parameters only, nothing that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from world import ENV, U1, ValueBinder, world

from runtime.base.sqltext import Sql, fmt, ident
from runtime.formula import sql
from runtime.formula.compiler import compile
from runtime.formula.evaluate import Rows, canonical, prepare
from runtime.formula.prelude import sql as prelude
from runtime.formula.scope import Slot


class Columns:
    """Own fields are columns ``f_name``; children come from another table."""

    def __init__(self, alias: str = "") -> None:
        self.alias = alias

    def slot(self, slot: Slot) -> Sql:
        name = "f_" + "__".join(key.removeprefix("k_") for key in slot.path)
        return Sql(ident("t0" if slot.root == "parent" else self.alias, name) if self.alias else ident(name))

    def children(self, slot_path: tuple[str, ...]) -> tuple[Sql, Columns]:
        return Sql('"line" c1 WHERE c1.parent = t0.id'), Columns("c1")

    def lookup(self, object_key: str) -> tuple[Sql, Columns]:
        return Sql('"rate" r1 WHERE true'), Columns("r1")


def where(source: str) -> Sql:
    return sql.predicate(compile(source, world(), context="filter"), Columns(), ENV)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("price > 10", '("f_price" > %s::numeric)'),
        ("10 < price", '(%s::numeric < "f_price")'),
        ("price == 10", '("f_price" = %s::numeric)'),
        ("status == 'draft'", '("f_status" = %s::text)'),
        ("status in ['draft', 'won']", '("f_status" = ANY(%s::text[]))'),
        ("s == 'x'", '("f_s" = %s::text)'),
        ("s in ['x', 'y']", '("f_s" = ANY(%s::text[]))'),
        ("s > 'x'", '("f_s" COLLATE "C" > %s::text)'),
        ("s == ''", '("f_s" IS NULL OR "f_s" = \'\')'),
        ("owner == USER.id", '("f_owner" = %s::uuid)'),
        (f"owner == '{U1}'", '("f_owner" = %s::uuid)'),
        ("d >= DATE(2026, 1, 1)", '("f_d" >= %s::date)'),
        ("d < TODAY()", '("f_d" < %s::date)'),
        ("ISBLANK(d)", '("f_d" IS NULL)'),
        ("not ISBLANK(d)", '("f_d" IS NOT NULL)'),
        ("ok", '"f_ok"'),
        ("ok and price > 1", '("f_ok" AND ("f_price" > %s::numeric))'),
        ("HAS(tags, 'x')", '("f_tags" @> %s::jsonb)'),
        ("STARTSWITH(s, 'x')", 'starts_with(("f_s" COLLATE "C"), %s::text)'),
        ("BETWEEN(price, 1, 2)", '(("f_price" >= %s::numeric) AND ("f_price" <= %s::numeric))'),
    ],
)
def test_predicates_keep_indexes_usable(source: str, text: str) -> None:
    assert where(source).text == text


def test_users_text_is_never_in_the_sql() -> None:
    nasty = "x'); DROP TABLE deal; --%s{}"
    for source in (
        f's == "{nasty}"',
        f'CONTAINS(s, "{nasty}")',
        f's & "{nasty}" == t',
        f'status == "{nasty}"',
        f's in ["{nasty}"]',
    ):
        found = where(source)
        assert "DROP" not in found.text
        assert any(nasty in str(param) for param in found.params)


@pytest.fixture(scope="module", params=["pg15_dsn", "pg18_dsn"])
def server(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(request.getfixturevalue(request.param), autocommit=True) as connection:
        connection.execute(prelude().encode())
        connection.execute(prelude().encode())
        yield connection


def one(server: psycopg.Connection[Any], query: Sql) -> Any:
    found = server.execute(query.text.encode(), query.params).fetchone()
    assert found is not None
    return found[0]


DEALS = [("1.25", "draft", "甲", True), ("10", "sent", "", False), (None, "draft", "乙", None), ("3", None, None, True)]
MEASURES = [
    ("SUM(price)", "14.25"),
    ("COUNT()", "4"),
    ("COUNT(price)", "3"),
    ("COUNT(s)", "2"),
    ("COUNT(ok)", "2"),
    ("COUNTD(status)", "2"),
    ("COUNTD(s)", "2"),
    ("AVG(price)", "4.75"),
    ("MIN(price)", "1.25"),
    ("MAX(price)", "10"),
    ("SUM(price) / COUNT()", "3.5625"),
    ("SUM(price * 2)", "28.5"),
    ("SUM(IF(status == 'draft', price, 0)) / SUM(price) * 100", "8.7719298245614"),
    ("SUM(price) / 0", None),
    ("ROUND(AVG(price), 1)", "4.8"),
    ("MAX(SUM(price), 100)", "100"),
    ("IF(COUNT() > 3, 'many', 'few')", "many"),
]


@pytest.mark.parametrize(("source", "expected"), MEASURES)
def test_measures(server: psycopg.Connection[Any], source: str, expected: str | None) -> None:
    compiled = compile(source, world(), context="measure")
    assert compiled.ok, compiled.diagnostics
    found = sql.canonical_of(sql.measure(compiled, Columns(), ENV), compiled.type)
    rows = "(VALUES " + ", ".join(["(%s::numeric, %s::text, %s::text, %s::boolean)"] * len(DEALS)) + ")"
    table = Sql(f"{rows} AS m (f_price, f_status, f_s, f_ok)", tuple(value for deal in DEALS for value in deal))
    assert one(server, fmt("SELECT {} FROM {}", found, table)) == expected
    names = {"k_price": 0, "k_status": 1, "k_s": 2, "k_ok": 3}
    typed = [(None if d[0] is None else sql_number(d[0]), *d[1:]) for d in DEALS]
    values = [tuple(deal[names[slot.path[0]]] for slot in compiled.slots) for deal in typed]
    assert canonical(prepare(compiled).measure(Rows(values).rows, ENV), compiled.type) == expected


def sql_number(text: str) -> Any:
    return type(compile("1", world()).ir.value)(text)  # type: ignore[union-attr]


def test_measures_refuse_a_bare_field() -> None:
    assert not compile("SUM(price) + price", world(), context="measure").ok
    assert not compile("JOIN(s)", world(), context="measure").ok


NASTY = [
    "SUBSTITUTE(REPT(REPT('a', 100), 300), 'a', REPT(REPT('b', 100), 300))",
    "REPT(REPT('x', 1000), 1000)",
    "LPAD('x', 1e20, 'y')",
    "POWER(9999999999999999999999, 64)",
    "POWER(0.0000000000000001, -64)",
    "1e21 * 1e21 * 1e21",
    "DATE(1e21, 1e21, 1e21)",
    "DATE(1, 1, 1) - 1e21",
    "DATEADD(DATE(9999, 12, 31), 1e21, 'year')",
    "DATEADD(NOW(), -1e21, 'second')",
    "DATEADD(NOW(), 1e21, 'month')",
    "NOW() + DURATION(999999999999, 'second')",
    "NOW() - DURATION(999999999999, 'second')",
    "DURATION(1e21, 'week')",
    "DATETIME(DATE(1, 1, 1), 0, 0)",
    "DATETIME(DATE(9999, 12, 31), 23, 59, 59)",
    "EDATE(TODAY(), -1e21)",
    "EOMONTH(TODAY(), 1e21)",
    "DATEDIF(DATE(1, 1, 1), DATE(9999, 12, 31), 'D')",
    "WORKDAY(TODAY(), 1e21)",
    "WORKDAY(DATE(1, 1, 1), -5)",
    "SQRT(-1e21)",
    "1 / (a - a)",
    "VALUE(REPT('9', 80))",
    "VALUE(REPT('9', 1000))",
    "MID('abc', -1e21, 1e21)",
    "SPLITPART('abc', 'b', 1e21)",
    "FIND('a', 'abc', 1e21)",
    "RMBCAP(9999999999999999)",
    "RMBCAP(9999999999999999999999)",
    "TEXT(9999999999999999999999, '#,##0.0000000000000000%')",
    "NETWORKDAYS(DATE(1, 1, 1), DATE(9999, 12, 31))",
    "WORKHOURS(DATETIME(DATE(1, 1, 2), 0, 0), NOW())",
    "ROUND(9999999999999999999999.5, 0)",
    "DATETIMEVALUE('0001-01-01T00:00:00+15:00')",
    "DATETIMEVALUE('9999-12-31T23:59:59-15:00')",
    "DATEVALUE('9999-99-99')",
    "MOD(9999999999999999999999, 0.0000000000000001)",
    "QUOTIENT(9999999999999999999999, 0.0000000000000001)",
    "MATCHES(REPT('a', 999), '(a|b|ab){100}c{100}')",
    "CEILING(9999999999999999999999, 7777777777777777777777)",
    "INUNIT(DURATION(999999999999, 'second'), 'second')",
    "STARTOF(DATE(1, 1, 1), 'week')",
]


@pytest.mark.parametrize("source", NASTY, ids=lambda s: s[:40])
def test_extremes_never_fail_and_agree(server: psycopg.Connection[Any], source: str) -> None:
    compiled = compile(source, world(), context="automation")
    assert compiled.ok, compiled.diagnostics
    values = [None for _ in compiled.slots]
    faults: list[str] = []
    python = canonical(prepare(compiled).value(values, ENV, faults), compiled.type)
    assert "INTERNAL" not in faults
    query = fmt("SELECT {}", sql.canonical(compiled, ValueBinder(compiled.slots, values, compiled.inner), ENV))
    assert one(server, query) == python


def test_an_absent_user_matches_nothing(server: psycopg.Connection[Any]) -> None:
    env = type(ENV)(now=ENV.now)
    compiled = compile("owner == USER.id", world(), context="criteria")
    for owner in (None, U1):
        assert prepare(compiled).value([owner], env) is False
        found = sql.predicate(compiled, ValueBinder(compiled.slots, [owner], {}), env)
        assert one(server, fmt("SELECT coalesce({}, false)", found)) is False


def test_prelude_is_immutable_and_parallel_safe(server: psycopg.Connection[Any]) -> None:
    rows = server.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'fx'::regnamespace"
        " AND (provolatile <> 'i' OR proparallel <> 's')"
    ).fetchall()
    assert rows == []


def test_an_index_is_used(server: psycopg.Connection[Any]) -> None:
    server.execute(
        "CREATE TEMP TABLE deal_i AS SELECT n AS id, n::numeric AS f_price, 'k' || n % 50 AS f_status,"
        " gen_random_uuid() AS f_owner,"
        " ('x' || n) COLLATE \"C\" AS f_s FROM generate_series(1, 20000) n"
    )
    for name in ("price", "status", "owner", "s"):
        server.execute(f"CREATE INDEX ON deal_i (f_{name})".encode())
    server.execute("ANALYZE deal_i")
    for source in (
        "price > 19990",
        "owner == USER.id",
        "s == 'x17'",
        "s >= 'x99990'",
        "price in [3, 4]",
        "BETWEEN(price, 3, 9)",
    ):
        found = where(source)
        plan = server.execute(
            fmt("EXPLAIN SELECT id FROM deal_i WHERE {}", found).text.encode(), found.params
        ).fetchall()
        text = "\n".join(row[0] for row in plan)
        assert "Index" in text, (source, text)


def test_rounding_at_the_edge_of_the_range(server: psycopg.Connection[Any]) -> None:
    """The database's own ROUND and TRUNC stand in for ours where the digits are constant: the limit must still hold."""
    nines = "9999999999999999999999"
    for text in (
        nines,
        f"-{nines}",
        f"{nines}.5",
        f"-{nines}.5",
        f"{nines}.4999999999999999",
        "0.5",
        "-0.0000000000000005",
    ):
        for function in ("ROUND", "ROUNDDOWN", "TRUNC"):
            for digits in (-16, -15, -1, 0, 1, 15, 16, 17):
                compiled = compile(f"{function}(a, {digits})", world())
                values = [Decimal(text)]
                expected = canonical(prepare(compiled).value(values, ENV), compiled.type)
                found = sql.canonical(compiled, ValueBinder(compiled.slots, values, compiled.inner), ENV)
                assert one(server, fmt("SELECT {}", found)) == expected, (function, text, digits)
