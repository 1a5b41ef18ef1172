"""Events of workflows, the audit and the histories of records are only added to: the database refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from runtime.base.errors import Conflict
from runtime.base.kind import Catalog
from runtime.base.sqltext import Sql, ident
from runtime.engine import audit, records
from runtime.store import flows, migrate, provisioning, throwaway, workspaces
from runtime.store.database import Database
from runtime.store.ids import new_id
from tests.conftest import Shop, copied, prepared
from tests.engine.tables import count, guarded_no_more
from tests.engine.test_flows import FINANCE, FLOW, QUOTE, SALES

KEPT = ("s_flow_event", "s_audit", "s_history")
#: What somebody may try, and columns of each table that it could be tried with.
COLUMN = {"s_flow_event": "type", "s_audit": "detail", "s_history": "channel"}
ATTEMPTS = {
    "change": "UPDATE {t} SET {c} = 'x'",
    "change of one": "UPDATE {t} SET {c} = {c} WHERE ctid = (SELECT min(ctid) FROM {t})",
    "deletion": "DELETE FROM {t}",
    "emptying": "TRUNCATE {t}",
    "merge": "MERGE INTO {t} USING (SELECT 1) AS o ON true WHEN MATCHED THEN DELETE",
    "another insert": "INSERT INTO {t} {o} SELECT * FROM {t} ON CONFLICT ({k}) DO UPDATE SET {c} = 'x'",
    "inside of another": "WITH gone AS (DELETE FROM {t} RETURNING 1) SELECT count(*) FROM gone",
}
KEYS = {"s_flow_event": "instance, seq", "s_audit": "id", "s_history": "record_id, version"}


@pytest.fixture(scope="module", params=["18", "15"])
def used(request: pytest.FixtureRequest, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An installation where something has happened, on both servers."""
    server = str(request.getfixturevalue(f"pg{request.param}_dsn"))
    template = request.getfixturevalue("template_18") if request.param == "18" else "prepared_15"
    if request.param == "15":
        prepared(server, template)
    for dsn in copied(server, template):
        made = Shop(dsn, tmp_path_factory.mktemp("used"), catalog)
        made.user("boss", "admin")
        made.user("admin", "admin", manager=made._users["boss"][0])
        made.publish(QUOTE, FLOW, SALES, FINANCE)
        record = records.create(made.session("admin"), "quote", {"name": "q", "amount": 5}).id
        body = {"object": "quote", "record": record}
        assert made.ask("POST", "/workflows/quote_approval/start", json=body).status_code == 201
        yield made
        made.database.close()


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("table", KEPT)
def test_refused_to_the_programs_own_connection(used: Shop, table: str, attempt: str) -> None:
    before = content(used, table)
    assert before
    over = "OVERRIDING SYSTEM VALUE" if table == "s_audit" else ""
    place = ident(used.workspace.schema, table)
    text = ATTEMPTS[attempt].format(t=place, c=COLUMN[table], k=KEYS[table], o=over)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"{table} is only added to"):
        used.database.rows(Sql(text))
    assert content(used, table) == before


@pytest.mark.parametrize("text", ["TRUNCATE {t} CASCADE", "DELETE FROM {t}", "DELETE FROM {t} WHERE state = 'running'",
                                  "MERGE INTO {t} i USING {t} o ON o.id = i.id WHEN MATCHED THEN DELETE"])  # fmt: skip
def test_instances_stay(used: Shop, text: str) -> None:
    tables = ("s_instance", "s_flow_event", "s_task")
    before = {table: content(used, table) for table in tables}
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="rows of s_instance are never deleted"):
        used.database.rows(Sql(text.format(t=ident(used.workspace.schema, "s_instance"))))
    assert all(before.values()) and before == {table: content(used, table) for table in tables}


def test_nothing_is_written_of_an_instance_that_is_not_there(used: Shop) -> None:
    state = {"state": "running", "ended": None}
    moment = "2026-11-22T00:00:00Z"
    event = {"seq": 1, "at": moment, "type": "started", "data": {}}
    task = {"id": new_id(), "number": 1, "node": "n", "kind": "task", "shared": False, "state": "open",
            "opened_at": moment}  # fmt: skip
    timer = {"number": 1, "fire_at": moment, "state": "scheduled"}
    notice = {"id": new_id(), "user_id": new_id(), "type": "task", "task": 1, "text": "t"}
    tables = ("s_instance", "s_flow_event", "s_task", "s_timer", "s_notice")
    before = {table: content(used, table) for table in tables}
    with used.database.transaction() as connection:
        schema = used.workspace.schema
        assert flows.store(connection, schema, new_id(), state, 1, [event], [task], [timer], [notice], [1]) == {}
    assert before == {table: content(used, table) for table in tables}


def content(shop: Shop, table: str) -> list[tuple[object, ...]]:
    return shop.database.rows(Sql(f"SELECT t::text FROM {ident(shop.workspace.schema, table)} t ORDER BY 1"))


def test_a_refusal_leaves_nothing_half_done(used: Shop) -> None:
    counter = ident(used.workspace.schema, "s_counter")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), used.database.transaction() as connection:
        connection.execute(f"INSERT INTO {counter} VALUES ('a', 'b', 'c', 1)".encode())
        connection.execute(f"DELETE FROM {ident(used.workspace.schema, 's_audit')}".encode())
    assert count(used, "s_counter", "object_key = 'a'") == 0


def test_what_is_added_is_added(used: Shop) -> None:
    before = {table: count(used, table) for table in KEPT}
    task = used.ask("GET", "/tasks", "boss").get_json()["data"][0]
    assert used.ask("POST", f"/tasks/{task['id']}/agree", "boss", json={}).status_code == 200
    one = records.create(used.session("admin"), "quote", {"name": "r", "amount": 1}).id
    records.delete(used.session("admin"), "quote", one)
    records.restore(used.session("admin"), "quote", one)
    audit.note(used.workspace, None, "tried", {"a": 1})
    assert all(count(used, table) > before[table] for table in KEPT)
    assert audit.broken(used.workspace) == []


def test_who_goes_round_the_guard_breaks_the_chain(used: Shop) -> None:
    with guarded_no_more(used, "s_audit"):
        place = ident(used.workspace.schema, "s_audit")
        text = f"UPDATE {place} SET detail = detail || ' ' WHERE id = (SELECT min(id) FROM {place}) RETURNING id"
        first = used.database.rows(Sql(text))
    assert audit.broken(used.workspace) == [first[0][0]]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        used.database.rows(Sql(f"DELETE FROM {place}"))


def test_schemas_go_away_as_a_whole(server_dsn: str) -> None:
    """What a rehearsal was played in, and a workspace whose name was taken meanwhile, with everything in them."""
    made = make_conninfo(server_dsn, dbname="goes_away")
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute('CREATE DATABASE "goes_away"')
    database = Database(made, pool_size=4)
    migrate.migrate_shared(database)
    provisioning.create(database, "main")
    one = "(gen_random_uuid(), 1, 'o', now(), NULL, 'c', 'a')"
    with throwaway.schema(database) as name:
        database.rows(Sql(f"INSERT INTO {ident(name, 's_history')} VALUES {one} RETURNING 1"))
    with pytest.raises(Conflict):
        provisioning.create(database, "main")
    left = "SELECT pronamespace::regnamespace::text FROM pg_proc WHERE proname = 's_only_added_to'"
    assert database.rows(Sql(left)) == [(workspaces.find(database, "main").schema,)]
    database.close()
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute('DROP DATABASE "goes_away" WITH (FORCE)')
