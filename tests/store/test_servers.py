"""The store on both supported servers: layout, writing, reading, changing types; and what scale.md asks of statements."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from runtime.base.kind import Catalog
from runtime.base.sqltext import Sql
from runtime.engine import publish
from runtime.store import migrate, provisioning, revisions, workspaces
from runtime.store.database import Connection, Database
from tests.conftest import Shop

DOCUMENTS = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}, unique: true}
  size: {type: number, label: {en: S, zh: 大}, indexed: true}
---
object: deal
label: {en: Deal, zh: 交易}
fields:
  name: {type: text, label: {en: N, zh: 名}}
  note: {type: long_text, label: {en: O, zh: 注}}
  amount: {type: money, label: {en: A, zh: 额}}
  at: {type: datetime, label: {en: T, zh: 时}}
  firm: {type: link, to: firm, label: {en: F, zh: 公}, reverse: deals}
  all: {type: links, to: firm, label: {en: L, zh: 多}}
  person: {type: user, label: {en: P, zh: 人}}
  late: {type: formula, label: {en: L, zh: 迟}, value: "DATEADD(at, 1, 'month') > NOW()", result: bool}
  words: {type: formula, label: {en: W, zh: 词}, value: "UPPER(LEFT(name, 2)) & RMBCAP(amount)", result: text}
---
view: big
object: deal
type: list
label: {en: B, zh: 大}
filter: firm == null
sort: [-amount]
columns: [name]
"""


class Statements:
    """Everything that is said to a server, by a hook on its connections."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def listen(self, connection: Connection) -> None:
        original, texts = connection.execute, self.texts

        def execute(query: Any, *args: Any, **more: Any) -> Any:
            texts.append(query.decode() if isinstance(query, bytes) else str(query))
            return original(query, *args, **more)

        connection.execute = execute  # type: ignore[method-assign]


def statements_of(cursor_log: list[str]) -> list[str]:
    return [" ".join(re.sub(r"/\*.*?\*/|--[^\n]*", " ", one, flags=re.S).split()) for one in cursor_log]


@pytest.fixture(scope="module")
def place(server_dsn: str) -> Iterator[str]:
    """A bare database on one of the servers."""
    name = f"s{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_conninfo(server_dsn, dbname=name)
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def heard(place: str) -> Statements:
    return Statements()


@pytest.fixture(scope="module")
def town(place: str, heard: Statements, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An installation made from nothing, every statement of which is heard."""
    database = Database(place, pool_size=3, on_connect=heard.listen)
    migrate.migrate_shared(database)
    provisioning.create(database, "main")
    database.close()
    shop = Shop(place, tmp_path_factory.mktemp("town"), catalog)
    shop.database._on_connect = heard.listen
    shop.database.engine.dispose()
    shop.user("admin", "admin")
    shop.publish(*DOCUMENTS.split("---\n"))
    yield shop
    shop.database.close()


def test_the_layout_is_up_to_date_and_functions_are_there(town: Shop) -> None:
    assert revisions.pending(town.database) == []
    row = town.database.row(
        Sql(
            "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname LIKE 'fx\\_%%' OR n.nspname = 'fx'"
        )
    )
    assert row is not None and row[0] > 5
    before = town.database.row(Sql("SELECT value FROM dougong.installed WHERE name = 'fx'"))
    migrate.migrate_shared(town.database)
    assert town.database.row(Sql("SELECT value FROM dougong.installed WHERE name = 'fx'")) == before


def test_records_are_written_read_grouped_and_changed(town: Shop) -> None:
    firms = [town.ask("POST", "/records/firm", json={"name": f"f{n}", "size": n}).get_json()["id"] for n in range(5)]
    me = town.ask("GET", "/me").get_json()["id"]
    for number in range(20):
        body = {"name": f"ab{number}", "note": "长" * 3000, "amount": number, "firm": firms[number % 5], "all": firms[:3], "person": me,
                "at": "2026-01-31T10:00:00Z"}  # fmt: skip
        answer = town.ask("POST", "/records/deal", json=body)
        assert answer.status_code == 201, answer.data
    record = answer.get_json()
    assert record["words"].startswith("AB壹拾玖元") and record["late"] is False
    path = f"/records/deal/{record['id']}"
    assert town.ask("PATCH", path, json={"note": None, "amount": None}).get_json()["note"] is None
    found = town.ask(
        "GET",
        "/records/deal?filter=firm.size > 2 and CONTAINS(name, 'b')&sort=-amount,at&expand=firm,person&count=exact",
    )
    assert found.get_json()["count"] == 8, found.data
    groups = town.ask(
        "POST",
        "/records/deal/aggregate",
        json={"group_by": ["firm.name"], "measures": {"n": "COUNT()", "s": "SUM(amount)"}},
    )
    assert [row["n"] for row in groups.get_json()["data"]] == [4] * 5
    upsert = {"mode": "upsert", "key": "name", "records": [{"name": "f1", "size": 9}, {"name": "new"}]}
    assert [one["status"] for one in town.ask("POST", "/records/firm/bulk", json=upsert).get_json()["results"]] == [
        200,
        201,
    ]
    assert town.ask("DELETE", f"/records/firm/{firms[0]}").status_code == 409
    assert town.ask("DELETE", path).status_code == 204 and town.ask("POST", f"{path}/restore").status_code == 200


def test_types_change_on_both_servers(town: Shop) -> None:
    changed = DOCUMENTS.replace("note: {type: long_text", "note: {type: text").replace(
        "amount: {type: money", "amount: {type: number"
    )
    plan = town.publish(*changed.split("---\n"))
    assert {one.code for one in plan.effects} >= {"type_changed"}
    town.session().settle()
    assert publish.inconsistent(town.workspace) == []
    publish.rollback(town.workspace, 1)
    assert publish.inconsistent(town.workspace) == []


def test_every_statement_keeps_to_one_workspace(town: Shop, heard: Statements) -> None:
    """The rules of scale.md, read from everything that was said so far: migrations, publishing, requests."""
    provisioning.create(town.database, "second")
    schema = town.workspace.schema
    known = {one.schema for one in workspaces.everyone(town.database)} | {revisions.SHARED, "fx"}
    mine = {"pg_catalog", "information_schema", "public", *known}
    said = statements_of(heard.texts)
    assert any("CREATE TABLE" in one for one in said) and any("INDEX CONCURRENTLY" in one for one in said)
    for one in said:
        plain = re.sub(r"'(?:[^']|'')*'", "''", one)
        named = set(re.findall(r'"(w_[0-9a-f]+)"', plain))
        assert len(named) <= 1, f"two workspaces in one statement: {one[:300]}"
        assert named <= known | mine
        upper = plain.upper()
        assert not re.search(r"CREATE\s+(LOCAL\s+|GLOBAL\s+)?TEMP", upper), one[:300]
        assert "CREATE STATISTICS" not in upper and "CREATE EXTENSION" not in upper, one[:300]
        assert not re.search(r"CREATE\s+SEQUENCE|NEXTVAL\s*\(", upper), one[:300]
        assert not re.search(r"\bLISTEN\b|\bDECLARE\b.*CURSOR WITH HOLD", upper), one[:300]
        if "REFERENCES" in upper and "ALTER TABLE" in upper:
            assert named == {schema} or len(named) == 1


def test_the_hook_hears(town: Shop, heard: Statements) -> None:
    before = len(heard.texts)
    town.ask("GET", "/records/firm")
    assert any("o_firm" in one for one in heard.texts[before:])


def test_no_sequence_or_key_leads_out_of_its_schema(town: Shop) -> None:
    rows = town.database.rows(
        Sql(
            "SELECT n.nspname, f.nspname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class t ON t.oid = k.confrelid "
            "JOIN pg_namespace f ON f.oid = t.relnamespace WHERE k.contype = 'f'"
        )
    )
    assert rows and all(one == other or other == revisions.SHARED for one, other, _ in rows)
    defaults = town.database.rows(
        Sql("SELECT table_schema, column_default FROM information_schema.columns WHERE column_default LIKE 'nextval%%'")
    )
    assert all(schema in str(default) for schema, default in defaults)


def test_the_linter_of_statements_finds_what_it_looks_for(tmp_path: Path) -> None:
    wrong = ['SELECT 1 FROM "w_1a".x JOIN "w_2b".y ON true', "CREATE TEMP TABLE t()"]
    assert len(set(re.findall(r'"(w_[0-9a-f]+)"', wrong[0]))) == 2
    assert re.search(r"CREATE\s+(LOCAL\s+|GLOBAL\s+)?TEMP", wrong[1])
