"""What has become of the lines of a record since a moment: moved ones too, by whichever way, found by indexes alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.base.sqltext import Sql
from runtime.engine import bulk, compound, linehistory, records
from runtime.engine.access import object_access
from runtime.engine.assembling import Lines
from runtime.engine.importing import Options as ImportOptions
from runtime.engine.imports import run as import_file
from runtime.store import records as stored
from tests.conftest import Shop

DOCUMENTS = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text}
---
object: line
label: {en: Line, zh: 明细}
title: name
fields:
  order: {type: link, to: order, reverse: lines, owned: true, required: true}
  name: {type: text}
  code: {type: text, unique: true}
  quantity: {type: number, default: 1}
---
role: sales
objects:
  order: {create: true, bulk: true, import: true, read: all, update: all, delete: all}
---
role: narrow
objects:
  order: {read: own, update: own}
"""
#: (what, {field: (old, new)}) of each line, by its title.
Told = Mapping[str, tuple[str, Mapping[str, tuple[Any, Any]]]]


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(DOCUMENTS)
    for name in ("li", "wang"):
        shop.user(name, "sales")
    shop.user("narrow", "narrow")
    return shop


class Desk:
    """Some orders, whose lines are looked at as they were when it was made ready."""

    def __init__(self, office: Shop, **orders: str) -> None:
        self.office = office
        self.session = office.session("li")
        self.orders = {
            name: compound.save(
                self.session, "order", None, {"name": name}, [Lines("lines", creates=[{"name": one} for one in names.split()])]
            ).id
            for name, names in orders.items()
        }  # fmt: skip
        rows = office.ask("GET", "/records/line?limit=200", "li").json["data"]
        self.lines = {one["name"]: one["id"] for one in rows}
        self.moment = datetime.now(UTC)

    def move(self, line: str, order: str, **more: Any) -> None:
        """Give a line to another order."""
        records.update(self.session, "line", self.lines[line], {"order": self.orders[order], **more})

    def since(self, order: str, user: str = "li") -> Told:
        """What a reader is told of an order's lines."""
        return {
            one.title: (one.what, {name: (pair["old"], pair["new"]) for name, pair in one.changes.items()})
            for found in self.related(order, user)
            for one in found.lines
        }

    def related(self, order: str, user: str = "li") -> list[linehistory.Related]:
        session = self.office.session(user)
        session.settle()
        access = object_access(session.snapshot, session.person, session.model.objects["order"])
        return linehistory.since(session, access, self.orders[order], self.moment)

    def what(self, order: str, user: str = "li") -> dict[str, str]:
        """What became of each line."""
        return {title: what for title, (what, _) in self.since(order, user).items()}


def test_a_moved_line_is_removed_there_and_added_here(office: Shop) -> None:
    desk = Desk(office, A="nut bolt", B="pin")
    desk.move("nut", "B")
    records.update(desk.session, "line", desk.lines["nut"], {"quantity": 7})
    whole = {"code": (None, None), "quantity": (1, None), "name": ("nut", None)}
    assert desk.since("A") == {"nut": ("removed", whole)}, "as it was there, and not a word of where it is"
    told = desk.since("B")
    assert told.keys() == {"nut"} and told["nut"][0] == "added" and told["nut"][1]["quantity"] == (None, 7)


def test_nothing_is_told_of_a_line_that_is_where_the_reader_may_not_look(
    office: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(office, A="a b c d e", B="pin")
    desk.office.ask("PATCH", f"/records/order/{desk.orders['A']}", json={"owner": office.session("narrow").user_id})
    desk.moment = datetime.now(UTC)
    desk.move("a", "B", quantity=9)
    desk.move("b", "B")
    assert desk.what("A") == {"a": "removed", "b": "removed"}, "who may read both"
    assert desk.related("A", "narrow") == []
    records.delete(desk.session, "line", desk.lines["c"])
    assert desk.what("A", "narrow") == {"c": "removed"}
    monkeypatch.setattr(linehistory, "MOST", 1)
    assert [(len(one.lines), one.more) for one in desk.related("A", "narrow")] == [(1, 0)], "nor are they counted"
    assert [(len(one.lines), one.more) for one in desk.related("A")] == [(1, 2)]
    monkeypatch.undo()
    records.delete(desk.session, "line", desk.lines["a"])
    assert desk.what("A", "narrow") == {"c": "removed"}, "deleted there, and still not his"
    desk.move("b", "A")
    assert desk.what("A", "narrow") == {"c": "removed"}, "what came back is what it was"


def test_twice_there_and_back_and_through(office: Shop) -> None:
    desk = Desk(office, A="twice back gone same", B="through pin", C="bolt")
    desk.move("twice", "B")
    desk.move("twice", "C")
    desk.move("back", "B", quantity=5)
    desk.move("back", "A")
    desk.move("same", "C")
    desk.move("same", "A")
    desk.move("through", "A")
    desk.move("through", "C")
    desk.move("gone", "B")
    records.delete(desk.session, "line", desk.lines["gone"])
    told = desk.since("A")
    assert {title: what for title, (what, _) in told.items()} == {
        "twice": "removed", "back": "changed", "gone": "removed"}  # fmt: skip
    assert told["back"][1] == {"quantity": (1, 5)}
    assert desk.what("B") == {"through": "removed"}
    assert desk.what("C") == {"twice": "added", "through": "added"}


def test_what_was_made_since_or_restored_and_then_moved(office: Shop) -> None:
    desk = Desk(office, A="old late", B="pin")
    records.delete(desk.session, "line", desk.lines["old"])
    desk.moment = datetime.now(UTC)
    desk.lines["new"] = records.create(desk.session, "line", {"name": "new", "order": desk.orders["A"]}).id
    desk.move("new", "B")
    records.restore(desk.session, "line", desk.lines["old"])
    assert desk.what("A") == {"old": "added"}
    desk.move("old", "B")
    assert desk.what("A") == {}, "neither was here before, neither is now"
    records.delete(desk.session, "line", desk.lines["late"])
    records.restore(desk.session, "line", desk.lines["late"])
    assert desk.what("A") == {}
    desk.move("late", "B")
    assert desk.what("A") == {"late": "removed"}
    assert desk.what("B") == {"new": "added", "old": "added", "late": "added"}


def test_deleted_and_restored_with_the_record(office: Shop) -> None:
    desk = Desk(office, A="nut bolt", B="pin")
    desk.move("bolt", "B")
    records.delete(desk.session, "order", desk.orders["A"])
    records.delete(desk.session, "order", desk.orders["B"])
    records.restore(desk.session, "order", desk.orders["A"])
    assert desk.what("A") == {"bolt": "removed"}, "the nut came back with its record"
    records.restore(desk.session, "order", desk.orders["B"])
    assert desk.what("A") == {"bolt": "removed"} and desk.what("B") == {"bolt": "added"}


@pytest.mark.parametrize("atomic", [True, False])
def test_moved_in_bulk(office: Shop, atomic: bool) -> None:
    desk = Desk(office, A=" ".join(f"n{number}" for number in range(30)), B="pin", C="bolt")
    rows = [{"id": desk.lines[f"n{number}"], "order": desk.orders["BC"[number % 2]]} for number in range(20)]
    done = bulk.bulk(desk.session, "line", "update", rows, atomic=atomic)
    assert {one.status for one in done} == {200}
    assert desk.what("A") == {f"n{number}": "removed" for number in range(20)}
    assert desk.what("C") == {f"n{number}": "added" for number in range(1, 20, 2)}


def test_imported_and_moved_by_an_import(office: Shop) -> None:
    desk = Desk(office, A="nut", B="pin")

    def take(*rows: dict[str, Any]) -> None:
        text = "\n".join(json.dumps(one) for one in rows)
        options = ImportOptions(name="lines.jsonl", on_duplicate="update", key="code")
        assert not import_file(office.session("li"), "line", BytesIO(text.encode()), options).failed

    take(*({"code": f"c{number}", "name": f"i{number}", "order": desk.orders["A"]} for number in range(5)))
    assert desk.what("A") == {f"i{number}": "added" for number in range(5)}
    desk.moment = datetime.now(UTC)
    take(*({"code": f"c{number}", "order": desk.orders["B"]} for number in range(3)))
    assert desk.what("A") == {f"i{number}": "removed" for number in range(3)}
    assert desk.what("B") == {f"i{number}": "added" for number in range(3)}


def test_the_history_of_a_record_tells_of_no_field_by_it(office: Shop) -> None:
    desk = Desk(office, A="nut", B="pin")
    desk.move("nut", "B")
    entry = office.ask("GET", f"/records/order/{desk.orders['A']}/history", "li").json["data"][0]
    assert entry["action"] == "lines" and entry["changes"] == {}
    assert desk.lines["nut"] not in json.dumps(entry)


def test_lines_of_a_record_that_waits_for_the_approval_of_its_coming(office: Shop) -> None:
    flow = """
workflow: coming
label: {en: Coming, zh: 新增审批}
object: order
start: {on_create: {mode: pending}}
nodes: [{approve: boss, who: {user: wang}}]
"""
    office.publish(DOCUMENTS + "---" + flow)
    desk = Desk(office, A="nut bolt")
    for one in office.ask("GET", "/records/line?state=pending", "li").json["data"]:
        desk.lines[one["name"]] = one["id"]
    task = office.ask("GET", "/tasks", "wang").json["data"][0]["id"]
    assert office.ask("POST", f"/tasks/{task}/return", "wang", json={"to": "start"}).status_code == 200
    change = Lines("lines", creates=[{"name": "pin"}], updates=[{"id": desk.lines["bolt"], "quantity": 3}],
                   deletes=[{"id": desk.lines["nut"]}])  # fmt: skip
    compound.save(office.session("li"), "order", desk.orders["A"], {}, [change])
    for reader in ("li", "wang"):
        assert desk.what("A", reader) == {"nut": "removed", "bolt": "changed", "pin": "added"}
    assert desk.related("A", "narrow") == []


def test_a_story_that_is_cut_is_not_told_by_half(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(office, A="nut bolt")
    for line in ("nut", "bolt"):
        for quantity in (5, 1):
            records.update(desk.session, "line", desk.lines[line], {"quantity": quantity})
    records.update(desk.session, "line", desk.lines["nut"], {"quantity": 3})
    monkeypatch.setattr(linehistory, "ENTRIES", 4)
    assert desk.what("A") == {"nut": "changed"}, "of the bolt only the change that was undone would be seen"


def test_lines_are_found_by_indexes(office: Shop, dsn: str) -> None:
    """However much has been deleted elsewhere; with the plan that a prepared statement gets."""
    desk = Desk(office, A="nut bolt", **{f"B{number}": "pin" for number in range(20)})
    session = desk.session
    session.settle()
    place, history = session.layout.object("line"), session.layout.system("s_history")
    others = [one for name, one in desk.orders.items() if name != "A"]
    office.database.rows(Sql(
        f"INSERT INTO {place.table} (id, deleted_at, data, f_order) SELECT gen_random_uuid(), now(), "
        "jsonb_build_object('order', o), o FROM (SELECT (%s::uuid[])[1 + g %% 20] AS o FROM generate_series(1, 6000) g) g",
        (others,)))  # fmt: skip
    office.database.rows(Sql(
        f"INSERT INTO {history} (record_id, version, object_key, channel, action) "
        f"SELECT id, 1, 'line', 'x', 'deleted' FROM {place.table} WHERE deleted_at IS NOT NULL"))  # fmt: skip
    for table in (place.table, history):
        office.database.rows(Sql(f"ANALYZE {table}"))
    access = object_access(session.snapshot, session.person, session.model.objects["line"])
    asked = linehistory.asked(session, access, access.object.fields["order"], desk.orders["A"],
                              desk.moment - timedelta(hours=1))  # fmt: skip
    restoring = stored.deleted_with(place, "order", session.layout.object("order"), desk.orders["A"])
    for statement in (asked, restoring):
        plan = planned(dsn, statement)
        assert "Seq Scan" not in plan and "o_line__bin_order" in plan, plan


def planned(dsn: str, statement: Sql) -> str:
    """The plan that serves all values, as statements of the product get it."""
    text = statement.text
    for number in range(len(statement.params)):
        text = text.replace("%s", f"${number + 1}", 1)
    given = (one if isinstance(one, str) else one.isoformat() for one in statement.params)
    values = sql.SQL(", ").join(map(sql.Literal, given))
    with psycopg.connect(dsn, options="-c plan_cache_mode=force_generic_plan") as connection:
        connection.execute(sql.SQL("PREPARE asked AS " + text))  # type: ignore[arg-type]
        rows = connection.execute(sql.SQL("EXPLAIN EXECUTE asked ({})").format(values)).fetchall()
    return "\n".join(row[0] for row in rows)
