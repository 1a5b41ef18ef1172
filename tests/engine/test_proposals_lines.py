"""Changes of lines that wait for an approval (2.8): one proposal with the header's, the old lines hold until then."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import compound, import_jobs, records
from runtime.engine.compound import Lines
from runtime.engine.imports import Import, Options
from runtime.engine.saving import Options as Saving
from runtime.engine.workspace import Session
from runtime.store.files import DiskContents
from tests.conftest import Shop
from tests.engine.test_proposals import Died, decide
from tests.engine.test_proposals_delete import at_once

ORDER = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, live: {en: L, zh: 生效}}, default: live}
  discount: {type: number, default: 0}
  limit: {type: number, default: 1000}
  total: {type: rollup, value: SUM(lines.amount), result: number, stored: true}
validations:
  not_too_much: {valid: total <= limit, message: {en: Too much in all, zh: 总额过大}}
"""
LINE = """
object: line
label: {en: Line, zh: 明细}
title: product
fields:
  order: {type: link, to: order, reverse: lines, owned: true, required: true}
  product: {type: text, label: {en: Product, zh: 产品}, required: true}
  price: {type: number, label: {en: Price, zh: 单价}, default: 10, min: 0}
  cost: {type: number, label: {en: Cost, zh: 成本}}
  number: {type: autonumber, pattern: "L-{0000}"}
  code: {type: text, unique: true}
  item: {type: link, to: item, reverse: lines, on_delete: cascade}
  scan: {type: file}
  amount: {type: formula, value: price * (1 - order.discount / 100), result: number, stored: true}
"""
NOTE = """
object: remark
label: {en: Remark, zh: 备注}
title: text
fields:
  order: {type: link, to: order, reverse: remarks, owned: true, required: true}
  text: {type: text, required: true}
"""
ITEM = """
object: item
label: {en: Item, zh: 物料}
title: name
fields:
  name: {type: text, required: true}
"""
FLOW = """
workflow: order_changes
label: {en: Order changes, zh: 订单变更}
object: order
start:
  on_change: {fields: [discount], lines: [lines], mode: proposal}
  when: status == 'live'
  allow: {withdraw: any_time}
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
  - branch:
      - when: total > 100
        nodes: [{approve: chief, who: {user: chief}}]
      - else: []
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  order: {create: true, read: all, update: all, delete: all, bulk: true, import: true}
  item: {create: true, read: all, update: all, delete: all}
"""
FINANCE = """
role: finance
label: {en: Finance, zh: 财务}
objects:
  order: {create: true, read: all, update: all, bulk: true, import: true, bypass_approval: true}
  item: {read: all}
  line: {fields: {cost: hidden}}
"""
DOCUMENTS = (ORDER, LINE, NOTE, ITEM, FLOW, SALES, FINANCE)


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(*DOCUMENTS)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("chief", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("wu", "sales", manager=boss)
    shop.user("fang", "finance", manager=boss)
    return shop


def order(shop: Shop, *prices: int, **values: Any) -> str:
    """An order in force with a line of each price, as the system makes them."""
    given = {"name": "O", **values}
    made = shop.ask("POST", "/records/order", "li", json={**given, "status": "draft"}).get_json()["id"]
    for number, price in enumerate(prices):
        body = {"order": made, "product": f"p{number}", "price": price}
        assert shop.ask("POST", "/records/line", "li", json=body).status_code == 201
    if given.get("status", "live") == "live":
        assert shop.ask("PATCH", f"/records/order/{made}", "li", json={"status": "live"}).status_code == 200
    return str(made)


def of(shop: Shop, record: str, name: str = "line") -> dict[str, Any]:
    page = shop.ask("GET", f"/records/{name}?filter=order=='{record}'", "root").get_json()["data"]
    return {one["product" if name == "line" else "text"]: one for one in page}


def now(shop: Shop, record: str) -> dict[str, Any]:
    return dict(shop.ask("GET", f"/records/order/{record}", "root").get_json())


def told(shop: Shop, record: str, user: str = "root") -> list[dict[str, Any]]:
    return list(shop.ask("GET", f"/records/order/{record}/proposals", user).get_json()["data"])


def save(shop: Shop, record: str, raw: dict[str, Any], user: str = "li", remarks: Any = (), **changes: Any) -> Any:
    lines = [Lines("lines", **changes), Lines("remarks", creates=remarks)]
    return compound.save(shop.session(user), "order", record, raw, lines)


def test_a_form_is_one_proposal(office: Shop) -> None:
    record = order(office, 10, 20, 30)
    before, lines = now(office, record), of(office, record)
    done = save(
        office, record, {"discount": 10, "name": "New"}, creates=[{"product": "new", "price": 40}],
        updates=[{"id": lines["p0"]["id"], "price": 11}, {"id": lines["p1"]["id"], "price": 20}],
        deletes=[{"id": lines["p2"]["id"]}], remarks=[{"text": "with it"}],
    )  # fmt: skip
    assert done.pending is not None
    assert (done.pending.kind, done.pending.lines, sorted(done.pending.fields)) == (
        "child_changes", 4, ["discount", "name"])  # fmt: skip
    assert (now(office, record), of(office, record)) == (before, lines), "the old lines stay in force"
    assert now(office, record)["total"] == 60
    assert of(office, record, "remark") == {}, "what is not split waits as a whole"
    found = told(office, record)
    assert len(found) == 1 and found[0]["kind"] == "child_changes"
    what = {one["title"]: one["what"] for one in found[0]["lines"]}
    assert what == {"new": "added", "p0": "changed", "p2": "removed", "with it": "added"}
    changed = next(one for one in found[0]["lines"] if one["title"] == "p0")
    assert changed["changes"] == [{"field": "price", "old": 10, "new": 11}]
    assert decide(office, "boss", "agree")["state"] == "approved", "the sum as proposed, not more than 100"
    after = of(office, record)
    assert {name: one["price"] for name, one in after.items()} == {"p0": 11, "p1": 20, "new": 40}
    assert list(of(office, record, "remark")) == ["with it"]
    assert (now(office, record)["total"], now(office, record)["name"]) == (63.9, "New")
    assert told(office, record)[0]["state"] == "applied"
    story = office.ask("GET", f"/records/line/{after['new']['id']}/history", "root").get_json()["data"]
    users = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users", "root").get_json()["data"]}
    assert str(users["li"]) in json.dumps(story), "it is the change of who asked for it"


def test_conditions_see_the_sums_as_proposed(office: Shop) -> None:
    record = order(office, 10, 20)
    save(office, record, {}, creates=[{"product": "big", "price": 500}])
    assert decide(office, "boss", "agree")["state"] == "running"
    assert now(office, record)["total"] == 30, "and in force is the old one"
    assert [one["node"] for one in office.ask("GET", "/tasks", "chief").get_json()["data"]] == ["chief"]
    assert decide(office, "chief", "agree")["state"] == "approved"
    assert now(office, record)["total"] == 530


def test_what_does_not_wait(office: Shop) -> None:
    draft = order(office, 10, status="draft")
    assert save(office, draft, {}, creates=[{"product": "n"}]).pending is None, "not in force yet"
    record = order(office, 10)
    line = of(office, record)["p0"]
    assert save(office, record, {}, updates=[{"id": line["id"], "price": 10}]).pending is None, "nothing changes"
    assert save(office, record, {}, remarks=[{"text": "free"}]).pending is None, "nobody guards remarks"
    assert save(office, record, {"name": "free"}).pending is None
    session = Session(office.workspace, user_id=None, channel="system")
    records.update(session, "line", line["id"], {"price": 12}, Saving(trusted=True))
    assert of(office, record)["p0"]["price"] == 12, "the system asks nobody"
    made = compound.save(
        office.session("li"), "order", None, {"name": "new"}, [Lines("lines", creates=[{"product": "x"}])]
    )
    assert made.pending is None and len(of(office, made.id)) == 1, "a new record comes with its lines"


def test_lines_by_their_own_routes(office: Shop) -> None:
    record = order(office, 10, 20)
    lines = of(office, record)
    for method, path, body, what in (
        ("POST", "/records/line", {"order": record, "product": "n", "price": 5}, "added"),
        ("PATCH", f"/records/line/{lines['p0']['id']}", {"price": 7}, "changed"),
        ("DELETE", f"/records/line/{lines['p1']['id']}", None, "removed"),
    ):
        before = of(office, record)
        answer = office.ask(method, path, "li", json=body)
        assert answer.status_code == 202, answer.text
        found = answer.get_json()
        assert found["pending"]["kind"] == "child_changes" and found["pending"]["lines"] == 1
        assert found["record"] == (None if what == "added" else before["p0" if what == "changed" else "p1"])
        assert of(office, record) == before
        assert [one["what"] for one in told(office, record)[0]["lines"]] == [what]
        second = office.ask("POST", "/records/line", "wu", json={"order": record, "product": "m"})
        assert second.status_code == 423
        assert decide(office, "boss", "agree")["state"] == "approved"
    after = of(office, record)
    assert {name: one["price"] for name, one in after.items()} == {"n": 5, "p0": 7}
    assert after["n"]["number"].startswith("L-")


def test_the_same_key_proposes_once(office: Shop) -> None:
    record = order(office)
    headers = {"Idempotency-Key": "k1"}
    body = {"order": record, "product": "n"}
    first = office.ask("POST", "/records/line", "li", json=body, headers=headers)
    second = office.ask("POST", "/records/line", "li", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true" and len(told(office, record)) == 1
    decide(office, "boss", "agree")
    third = office.ask("POST", "/records/line", "li", json=body, headers=headers)
    assert len(of(office, record)) == 1 and third.status_code == 202


@pytest.mark.parametrize("atomic", [False, True])
def test_bulk_is_one_proposal_for_each_record(office: Shop, atomic: bool) -> None:
    one, other, draft = order(office, 10, 20), order(office, 10), order(office, 10, status="draft")
    lines, others, drafts = of(office, one), of(office, other), of(office, draft)
    rows = [
        {"id": lines["p0"]["id"], "price": 1}, {"id": lines["p1"]["id"], "price": 2},
        {"id": others["p0"]["id"], "price": 3}, {"id": drafts["p0"]["id"], "price": 4},
    ]  # fmt: skip
    body = {"mode": "update", "atomic": atomic, "records": rows}
    found = office.ask("POST", "/records/line/bulk", "li", json=body).get_json()
    assert [each["status"] for each in found["results"]] == [202, 202, 202, 200]
    assert found["results"][0]["pending"]["instance"] == found["results"][1]["pending"]["instance"]
    assert (len(told(office, one)), len(told(office, other))) == (1, 1)
    assert of(office, draft)["p0"]["price"] == 4
    for instance in {each["pending"]["instance"] for each in found["results"] if "pending" in each}:
        office.ask("POST", f"/workflows/instances/{instance}/terminate", "root", json={"reason": "r"})
    rows = [{"id": lines["p0"]["id"]}, {"id": lines["p1"]["id"]}, {"id": drafts["p0"]["id"]}]
    body = {"mode": "delete", "atomic": atomic, "records": rows}
    found = office.ask("POST", "/records/line/bulk", "li", json=body).get_json()
    assert [each["status"] for each in found["results"]] == [202, 202, 200]
    assert len(of(office, one)) == 2 and of(office, draft) == {}
    decide(office, "boss", "agree")
    assert of(office, one) == {}


def load(shop: Shop, user: str, rows: list[dict[str, Any]], **more: str) -> dict[str, Any]:
    text = b"\n".join(json.dumps(one).encode() for one in rows)
    form = {"file": (io.BytesIO(text), "x.jsonl"), "on_duplicate": "create", **more}
    answer = shop.ask("POST", "/records/line/import", user, data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_import(office: Shop) -> None:
    record, draft = order(office), order(office, status="draft")
    rows = [{"order": record, "product": f"n{number}"} for number in range(3)] + [{"order": draft, "product": "d"}]
    for found in (load(office, "li", rows, dry_run="true"), load(office, "li", rows)):
        assert (found["created"], found["pending"], found["failed"], found["total"]) == (1, 3, 0, 4)
    assert of(office, record) == {} and len(of(office, draft)) == 1
    assert len(told(office, record)) == 1 and len(told(office, record)[0]["lines"]) == 3
    decide(office, "boss", "agree")
    assert len(of(office, record)) == 3
    assert load(office, "fang", [{"order": record, "product": "b"}], bypass_approval="true")["created"] == 1
    assert len(of(office, record)) == 4


def test_an_import_that_goes_on_counts_its_lines_once(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    record = order(office)
    contents = DiskContents(office.settings.files / office.workspace.schema)
    text = "order,product\n" + "".join(f"{record},n{number}\n" for number in range(3))
    asked = Options(name="x.csv", on_duplicate="create")
    job = import_jobs.submit(office.session("li"), contents, io.BytesIO(text.encode()), "line", asked, 10**6)
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise Died

        patch.setattr(Import, "land", dies)
        with pytest.raises(Died):
            import_jobs.work_on(office.workspace, contents, job)
    schema = office.workspace.schema
    office.database.rows(Sql(f"UPDATE \"{schema}\".s_import SET leased_until = now() - interval '1 s' RETURNING 1"))
    outcome = import_jobs.work_on(office.workspace, contents, job)
    assert outcome is not None
    counts = outcome.counts()
    assert (counts["created"], counts["pending"], counts["failed"]) == (0, 3, 0)
    assert len(told(office, record)) == 1


def test_an_import_makes_one_request_a_record_however_its_rows_stand(office: Shop) -> None:
    """Rows of two records in turn over several batches, with a third that nobody guards between them."""
    one, two, draft = order(office), order(office), order(office, status="draft")
    others = [order(office, 1) for _ in range(2)]
    held = of(office, others[0])["p0"]["id"]
    office.ask("PATCH", f"/records/line/{held}", "li", json={"price": 2})
    rows: list[dict[str, Any]] = []
    for number in range(700):
        rows += [{"order": record, "product": f"n{number}", "price": 0.2} for record in (one, two)]
        rows += [{"order": draft, "product": f"d{number}"}] if number % 10 == 0 else []
    rows += [{"order": others[0], "product": "x"}, {"order": others[1], "product": "y", "price": -1}]
    found = load(office, "li", rows)
    assert (found["created"], found["pending"], found["failed"], found["total"]) == (70, 1400, 2, len(rows))
    for record in (one, two):
        assert [len(each["lines"]) for each in told(office, record)] == [700]
    assert len(of(office, draft)) > 0
    instance = told(office, one)[0]["instance"]
    task = next(each for each in office.ask("GET", "/tasks", "boss").get_json()["data"] if each["instance"] == instance)
    assert office.ask("POST", f"/tasks/{task['id']}/agree", "boss", json={}).status_code == 200
    chief = office.ask("GET", "/tasks", "chief").get_json()["data"]
    assert [each["instance"] for each in chief] == [instance], "the condition has seen all of them: 140 in all"
    assert office.ask("POST", f"/tasks/{chief[0]['id']}/agree", "chief", json={}).status_code == 200
    assert now(office, one)["total"] == 140 and now(office, two)["total"] == 0


def test_the_same_line_twice_in_a_file(office: Shop) -> None:
    record = order(office, 10, 20)
    lines = of(office, record)
    rows = [{"id": lines["p0"]["id"], "price": 11}, {"id": lines["p1"]["id"], "price": 21},
            {"id": lines["p0"]["id"], "price": 12}]  # fmt: skip
    found = load(office, "li", rows, on_duplicate="update", key="id")
    assert (found["pending"], found["failed"], found["total"]) == (2, 1, 3)
    assert [each["changes"][0]["new"] for each in told(office, record)[0]["lines"]] == [11, 21]


def test_lines_that_were_gathered_are_named_when_it_stops(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    record, draft = order(office), order(office, status="draft")
    rows = [{"order": record, "product": "n"}, {"order": draft, "product": "d"}]
    monkeypatch.setattr(Import, "land_all", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    found = load(office, "li", rows)
    assert (found["created"], found["pending"], found["failed"], found["total"]) == (1, 0, 1, 2)
    assert "stopped" in found and told(office, record) == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_gathered_import_that_dies_and_goes_on(office: Shop, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Killed while it reads, between two records of what it has gathered, and behind the last."""
    records_ = [order(office, limit=9000), order(office, limit=9000)]
    contents = DiskContents(office.settings.files / office.workspace.schema)
    text = "order,product\n" + "".join(f"{one},n{number}\n" for number in range(550) for one in records_)
    asked = Options(name="x.csv", on_duplicate="create")
    job = import_jobs.submit(office.session("li"), contents, io.BytesIO(text.encode()), "line", asked, 10**6)
    landed, usual = [0], Import.land
    with monkeypatch.context() as patch:

        def dies(self: Import) -> None:
            usual(self)
            landed[0] += 1
            if not at or (not self.gathers and len(told(office, records_[at - 1])) == 1):
                raise Died

        patch.setattr(Import, "land", dies)
        with pytest.raises(Died):
            import_jobs.work_on(office.workspace, contents, job)
    schema = office.workspace.schema
    office.database.rows(Sql(f"UPDATE \"{schema}\".s_import SET leased_until = now() - interval '1 s' RETURNING 1"))
    outcome = import_jobs.work_on(office.workspace, contents, job)
    assert outcome is not None
    counts = outcome.counts()
    assert (counts["created"], counts["pending"], counts["failed"]) == (0, 1100, 0)
    assert [[len(each["lines"]) for each in told(office, one)] for one in records_] == [[550], [550]]


def test_refused_at_once_what_could_never_be(office: Shop) -> None:
    record, other = order(office, 10, limit=100), order(office, 10)
    lines = of(office, record)
    file = office.ask("POST", "/files", "li", data={"file": (io.BytesIO(b"x"), "x.txt")}).get_json()["id"]
    office.ask(
        "PATCH", f"/records/line/{of(office, other)['p0']['id']}?bypass_approval=true", "fang", json={"code": "T"}
    )
    post = {"order": record, "product": "n"}
    for body, code in (({"price": -1}, 422), ({"product": ""}, 422), ({"code": "T"}, 409), ({"price": 500}, 422),
                       ({"scan": file}, 422), ({"item": record}, 422), ({"nonsense": 1}, 422)):  # fmt: skip
        answer = office.ask("POST", "/records/line", "li", json={**post, **body})
        assert answer.status_code == code, (body, answer.text)
        with pytest.raises(Exception) as refused:
            save(office, record, {}, creates=[{"product": "n", **body}])
        assert getattr(refused.value, "status", 500) in (422, 409)
    move = office.ask("PATCH", f"/records/line/{lines['p0']['id']}", "li", json={"order": other})
    assert (move.status_code, move.get_json()["errors"][0]["code"]) == (422, "moved_line")
    assert told(office, record) == [] and of(office, record) == lines
    assert office.ask("GET", "/tasks", "boss").get_json()["data"] == []


def test_no_way_around(office: Shop) -> None:
    record = order(office, 10)
    item = office.ask("POST", "/records/item", "li", json={"name": "I"}).get_json()["id"]
    line = of(office, record)["p0"]
    office.ask("PATCH", f"/records/line/{line['id']}?bypass_approval=true", "fang", json={"item": item})
    answer = office.ask("DELETE", f"/records/item/{item}", "li")
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (409, "needs_approval")
    gone = office.ask("DELETE", f"/records/line/{line['id']}", "li")
    assert gone.status_code == 202
    decide(office, "boss", "agree")
    back = office.ask("POST", f"/records/line/{line['id']}/restore", "li")
    assert back.status_code == 409, "coming back is a change of the record's lines"
    assert of(office, record) == {}
    assert office.ask("DELETE", f"/records/order/{record}", "li").status_code == 204, "the whole record is not guarded"


def underhand(shop: Shop, line: str, **values: Any) -> None:
    session = Session(shop.workspace, user_id=None, channel="workflow")
    session.applying = "underhand"
    records.update(session, "line", line, values, Saving(trusted=True))


def test_changed_or_gone_meanwhile(office: Shop) -> None:
    record = order(office, 10, 20, 30)
    lines = of(office, record)
    save(office, record, {}, updates=[{"id": lines[name]["id"], "price": 1} for name in ("p0", "p1")],
         deletes=[{"id": lines["p2"]["id"]}])  # fmt: skip
    underhand(office, lines["p0"]["id"], price=15)
    assert decide(office, "boss", "agree")["state"] == "running"
    assert told(office, record)[0]["state"] == "conflict" and now(office, record)["total"] == 65
    assert "p0" in told(office, record, "li")[0]["why"]
    assert decide(office, "li", "rebase")["state"] == "running"
    changes = {one["title"]: one["changes"] for one in told(office, record)[0]["lines"] if one["what"] == "changed"}
    assert changes["p0"] == [{"field": "price", "old": 15, "new": 1}]
    session = Session(office.workspace, user_id=None, channel="workflow")
    session.applying = "underhand"
    records.delete(session, "line", lines["p1"]["id"], Saving(trusted=True))
    assert decide(office, "boss", "agree")["state"] == "running"
    assert decide(office, "li", "rebase")["state"] == "running"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert {name: one["price"] for name, one in of(office, record).items()} == {"p0": 1}


def test_discarded_rejected_and_held_meanwhile(office: Shop) -> None:
    record = order(office, 10, 20)
    lines = of(office, record)
    save(office, record, {}, updates=[{"id": lines["p0"]["id"], "price": 1}])
    path = f"/records/line/{lines['p0']['id']}"
    assert office.ask("PATCH", path, "wu", json={"price": 2}).status_code == 423
    assert office.ask("DELETE", path, "wu").status_code == 423
    assert office.ask("DELETE", f"/records/order/{record}", "wu").status_code == 423
    assert office.ask("PATCH", f"/records/order/{record}", "wu", json={"name": "free"}).status_code == 200
    decide(office, "boss", "reject", comment="no")
    assert of(office, record) == lines
    assert office.ask("PATCH", path, "wu", json={"price": 2}).status_code == 202


def test_split(office: Shop) -> None:
    office.publish(
        ORDER, LINE, NOTE, ITEM, FLOW.replace("mode: proposal", "mode: proposal, split: true"), SALES, FINANCE
    )
    record = order(office, 10)
    line = of(office, record)["p0"]
    done = save(office, record, {"discount": 10, "name": "at once"}, updates=[{"id": line["id"], "price": 5}],
                remarks=[{"text": "at once"}])  # fmt: skip
    assert done.pending is not None and list(done.pending.fields) == ["discount"] and done.pending.lines == 1
    assert now(office, record)["name"] == "at once" and list(of(office, record, "remark")) == ["at once"]
    assert (now(office, record)["discount"], of(office, record)["p0"]["price"]) == (0, 10)
    decide(office, "boss", "agree")
    assert (now(office, record)["discount"], now(office, record)["total"]) == (10, 4.5)


def test_only_the_fields_that_count(office: Shop) -> None:
    flow = FLOW.replace("lines: [lines]", "lines: {lines: [price]}")
    office.publish(ORDER, LINE, NOTE, ITEM, flow, SALES, FINANCE)
    record = order(office, 10)
    path = f"/records/line/{of(office, record)['p0']['id']}"
    assert office.ask("PATCH", path, "li", json={"cost": 5}).status_code == 200
    assert save(office, record, {}, updates=[{"id": path[-36:], "cost": 6}]).pending is None
    assert of(office, record)["p0"]["cost"] == 6
    assert office.ask("PATCH", path, "li", json={"cost": 7, "price": 11}).status_code == 202
    decide(office, "boss", "reject", comment="x")
    assert office.ask("POST", "/records/line", "li", json={"order": record, "product": "n"}).status_code == 202
    decide(office, "boss", "reject", comment="x")
    assert save(office, record, {}, updates=[{"id": path[-36:], "cost": 8}], creates=[{"product": "n"}]).pending
    assert of(office, record)["p0"]["cost"] == 6


def test_nobody_sees_of_lines_what_he_may_not_read(office: Shop) -> None:
    record = order(office, 10)
    line = of(office, record)["p0"]
    save(office, record, {}, updates=[{"id": line["id"], "cost": 91827364, "price": 5}],
         creates=[{"product": "n", "cost": 91827365}])  # fmt: skip
    assert "91827364" in json.dumps(told(office, record, "root"))
    seen = office.ask("GET", f"/records/order/{record}/proposals", "fang")
    assert "91827364" not in seen.text and "91827365" not in seen.text and '"n"' in seen.text
    decide(office, "boss", "reject", comment="x")
    save(office, record, {}, updates=[{"id": line["id"], "cost": 779}])
    assert [one for one in told(office, record, "fang") if one["state"] == "open"] == [], (
        "of a change that he sees nothing of he does not know"
    )


def test_nobody_to_ask_is_in_force_at_once(office: Shop) -> None:
    flow = FLOW.replace("\nnodes:", "\nallow_all_auto: true\nempty: {policy: auto_pass}\nnodes:")
    office.publish(ORDER, LINE, NOTE, ITEM, flow, SALES, FINANCE)
    record = order(office, 10)
    answer = office.ask("POST", "/records/line", "boss", json={"order": record, "product": "n"})
    assert (answer.status_code, answer.get_json()["product"]) == (201, "n")
    assert len(of(office, record)) == 2


def test_a_rule_or_a_relation_that_has_gone_is_a_conflict(office: Shop) -> None:
    record = order(office, 10)
    save(office, record, {}, creates=[{"product": "n", "price": 50}])
    office.publish(ORDER.replace("total <= limit", "total <= 20"), *DOCUMENTS[1:])
    assert decide(office, "boss", "agree")["state"] == "running"
    assert now(office, record)["total"] == 10
    assert decide(office, "li", "discard")["state"] == "withdrawn"


def test_two_at_once(office: Shop) -> None:
    for _ in range(5):
        record = order(office, 10)
        line = of(office, record)["p0"]["id"]
        found = at_once(
            lambda line=line: office.ask("PATCH", f"/records/line/{line}", "li", json={"price": 5}).status_code,
            lambda line=line: office.ask("DELETE", f"/records/line/{line}", "wu").status_code,
        )
        assert sorted(found) == [202, 423]
        assert len(told(office, record)) == 1 and len(of(office, record)) == 1
