"""Approval of key-field changes (2.8): held by every way in, in force only when approved, S36 and S37 in the database."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import compound, import_jobs, locks, records
from runtime.engine.imports import Import, Options
from runtime.store import proposals
from runtime.store.files import DiskContents
from tests.conftest import Shop

CLIENT = """
object: client
label: {en: Client, zh: 客户}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, unique: true, required: true}
  credit: {type: number, label: {en: Credit, zh: 额度}, min: 0}
  tax: {type: text, label: {en: Tax, zh: 税号}}
  note: {type: text, label: {en: Note, zh: 备注}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, live: {en: L, zh: 生效}}, default: live}
  upper: {type: link, label: {en: Upper, zh: 上级}, to: client, reverse: lower}
  double: {type: formula, label: {en: Double, zh: 双倍}, value: credit * 2, result: number, stored: true}
  below: {type: rollup, label: {en: Below, zh: 下级额度}, value: SUM(lower.credit)}
  scan: {type: file, label: {en: Scan, zh: 扫描件}}
validations:
  not_13: {valid: credit != 13, message: {en: Not 13, zh: 不可为 13}, field: credit}
"""
SITE = """
object: site
label: {en: Site, zh: 地点}
fields:
  client: {type: link, to: client, reverse: sites, owned: true, required: true}
  city: {type: text, label: {en: City, zh: 城市}}
"""
FLOW = """
workflow: key_fields
label: {en: Key fields, zh: 关键字段变更}
object: client
start:
  on_change: {fields: [name, credit, tax, owner], mode: proposal}
  when: status == 'live'
  allow: {withdraw: any_time}
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    fields: {editable: [tax]}
  - branch:
      - when: credit > 1000
        nodes: [{approve: finance, who: {role: finance}}]
      - else: []
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  client: {create: true, read: all, update: all, delete: all, bulk: true, import: true, assign: all}
"""
FINANCE = """
role: finance
label: {en: Finance, zh: 财务}
objects:
  client: {create: true, read: all, update: all, bulk: true, import: true, bypass_approval: true, fields: {tax: hidden}}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(CLIENT, SITE, FLOW, SALES, FINANCE)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("wu", "sales", manager=boss)
    shop.user("fang", "finance")
    return shop


def client(shop: Shop, user: str = "li", **values: Any) -> str:
    answer = shop.ask("POST", "/records/client", user, json={"name": "Ada", "credit": 100, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def change(shop: Shop, record: str, user: str = "li", query: str = "", **values: Any) -> Any:
    return shop.ask("PATCH", f"/records/client/{record}{query}", user, json=values)


def now(shop: Shop, record: str) -> dict[str, Any]:
    return dict(shop.ask("GET", f"/records/client/{record}", "root").get_json())


def decide(shop: Shop, user: str, action: str, **body: Any) -> Any:
    task = shop.ask("GET", "/tasks", user).get_json()["data"][0]["id"]
    answer = shop.ask("POST", f"/tasks/{task}/{action}", user, json=body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def told(shop: Shop, record: str, user: str = "root") -> list[dict[str, Any]]:
    return list(shop.ask("GET", f"/records/client/{record}/proposals", user).get_json()["data"])


def test_s36_held_approved_applied(office: Shop) -> None:
    record = client(office)
    before = now(office, record)
    answer = change(office, record, credit=500)
    assert answer.status_code == 202
    body = answer.get_json()
    assert body["pending"]["fields"] == ["credit"]
    assert body["pending"]["state"] == "running"
    assert (body["record"]["credit"], body["record"]["version"]) == (100, before["version"])
    assert answer.headers["Location"].endswith(body["pending"]["instance"])
    assert now(office, record) == before, "the old value stays in force"
    page = office.ask("GET", "/records/client?filter=credit == 100", "li").get_json()["data"]
    assert [one["id"] for one in page] == [record]
    sums = office.ask("POST", "/records/client/aggregate", "li", json={"measures": {"s": "SUM(double)"}}).get_json()
    assert sums["data"][0]["s"] == 200
    assert "100" in office.ask("GET", "/records/client/export?fields=credit&format=csv", "root").text
    assert told(office, record)[0]["changes"] == [{"field": "credit", "old": 100, "new": 500}]
    assert decide(office, "boss", "agree")["state"] == "approved"
    after = now(office, record)
    assert (after["credit"], after["double"], after["version"]) == (500, 1000, before["version"] + 1)
    story = office.ask("GET", f"/records/client/{record}/history", "root").get_json()["data"][0]
    users = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users", "root").get_json()["data"]}
    actor = story["actor"]
    assert (actor["id"] if isinstance(actor, dict) else actor) == users["li"], "it is the initiator's change"
    assert told(office, record)[0]["state"] == "applied"
    assert change(office, record, note="free again").status_code == 200


def test_what_does_not_wait(office: Shop) -> None:
    record = client(office)
    assert change(office, record, note="n").status_code == 200, "not guarded"
    assert change(office, record, credit=100).status_code == 200, "nothing changes"
    draft = client(office, name="D", status="draft")
    assert change(office, draft, credit=7).status_code == 200, "not in force yet"
    assert change(office, draft, credit=8, status="live").status_code == 200, "asked of the record as it was"
    live = client(office, name="E")
    assert change(office, live, credit=9, status="draft").status_code == 202, "no way around"


def test_whole_save_waits_or_is_split(office: Shop) -> None:
    record = client(office)
    assert change(office, record, credit=500, note="with it").status_code == 202
    assert now(office, record)["note"] is None
    assert {one["field"] for one in told(office, record)[0]["changes"]} == {"credit", "note"}
    assert change(office, record, note="other").status_code == 423, "the patch holds its fields"
    assert change(office, record, upper=record).status_code == 200, "and no other"
    decide(office, "boss", "agree")
    assert (now(office, record)["credit"], now(office, record)["note"]) == (500, "with it")
    office.publish(CLIENT, SITE, FLOW.replace("mode: proposal", "mode: proposal, split: true"), SALES, FINANCE)
    answer = change(office, record, credit=600, note="at once")
    assert (answer.status_code, answer.get_json()["record"]["note"], answer.get_json()["record"]["credit"]) == (
        202, "at once", 500)  # fmt: skip
    assert now(office, record)["note"] == "at once"
    decide(office, "boss", "agree")
    assert now(office, record)["credit"] == 600


def test_rejected_withdrawn_terminated_keep_the_proposal(office: Shop) -> None:
    record = client(office)
    before = now(office, record)
    change(office, record, credit=500)
    assert decide(office, "boss", "reject", comment="no")["state"] == "rejected"
    instance = change(office, record, credit=600).get_json()["pending"]["instance"]
    assert office.ask("POST", f"/workflows/instances/{instance}/withdraw", "li").status_code == 200
    instance = change(office, record, credit=700).get_json()["pending"]["instance"]
    body = {"reason": "mistake"}
    assert office.ask("POST", f"/workflows/instances/{instance}/terminate", "root", json=body).status_code == 200
    assert now(office, record) == before
    assert [one["state"] for one in told(office, record)] == ["terminated", "withdrawn", "rejected"]


def test_refused_at_once_what_could_never_be(office: Shop) -> None:
    record, other = client(office), client(office, name="Bob")
    assert change(office, record, credit=13).status_code == 422
    assert change(office, record, credit=-1).status_code == 422
    assert change(office, record, name="Bob").status_code == 409
    assert change(office, record, credit=5, upper="0190f3c2-7a1b-7c00-8000-000000000001").status_code == 422
    assert change(office, record, credit="x").status_code == 422
    assert told(office, record) == told(office, other) == []
    assert office.ask("GET", "/tasks", "boss").get_json()["data"] == []


def test_locked_while_it_waits(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    again = change(office, record, user="wu", credit=600)
    assert again.status_code == 423
    assert again.get_json()["errors"][0]["field"] == "credit"
    assert change(office, record, user="wu", tax="T1").status_code == 423, "another guarded field has to wait too"
    gone = office.ask("DELETE", f"/records/client/{record}", "li")
    assert gone.status_code == 423 and "请先撤回该变更" in gone.get_json()["detail"], gone.text
    assert "withdraw that change" in locks.GOES.en
    found = bulk(office, "root", mode="delete", records=[{"id": record}])["results"][0]
    assert found["status"] == 423, "nor many at once"
    assert change(office, record, user="fang", query="?bypass_approval=true", credit=5).status_code == 423
    assert (
        office.ask("POST", "/workflows/key_fields/start", "li", json={"object": "client", "record": record}).status_code
        == 403
    ), "it is begun by changes alone"


def bulk(shop: Shop, user: str, **body: Any) -> dict[str, Any]:
    answer = shop.ask("POST", "/records/client/bulk", user, json=body)
    assert answer.status_code in (200, 422), answer.text
    return dict(answer.get_json())


@pytest.mark.parametrize("atomic", [False, True])
def test_bulk(office: Shop, atomic: bool) -> None:
    ids = [client(office, name=f"c{number}") for number in range(4)]
    rows = [
        {"id": ids[0], "credit": 1}, {"id": ids[1], "note": "n"}, {"id": ids[2], "credit": 3, "note": "m"},
        {"id": ids[3], "credit": 100},
    ]  # fmt: skip
    found = bulk(office, "li", mode="update", records=rows, atomic=atomic)
    assert [one["status"] for one in found["results"]] == [202, 200, 202, 200]
    assert (found["ok"], found["pending"], found["failed"]) == (2, 2, 0)
    assert found["results"][0]["pending"]["fields"] == ["credit"]
    assert [now(office, one)["credit"] for one in ids] == [100] * 4
    assert now(office, ids[1])["note"] == "n"
    again = bulk(office, "li", mode="update", records=[{"id": ids[0], "credit": 2}], atomic=atomic)
    assert again["results"][0]["status"] == 423
    refused = bulk(office, "li", mode="update", records=[{"id": ids[1], "credit": 2}, {"id": ids[3], "credit": 13}],
                   atomic=atomic)  # fmt: skip
    assert [one["status"] for one in refused["results"]] == ([424, 422] if atomic else [202, 422])
    assert len(told(office, ids[1])) == (0 if atomic else 1)


def load(shop: Shop, user: str, rows: list[dict[str, Any]], **more: str) -> dict[str, Any]:
    text = b"\n".join(json.dumps(one).encode() for one in rows)
    form = {"file": (io.BytesIO(text), "x.jsonl"), "key": "name", "on_duplicate": "update", **more}
    answer = shop.ask("POST", "/records/client/import", user, data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_import(office: Shop) -> None:
    record = client(office, name="known")
    rows = [{"name": "known", "credit": 7}, {"name": "new", "credit": 8}]
    tried = load(office, "li", rows, dry_run="true")
    found = load(office, "li", rows)
    for one in (tried, found):
        assert (one["created"], one["updated"], one["pending"], one["failed"], one["total"]) == (1, 0, 1, 0, 2)
    assert now(office, record)["credit"] == 100
    assert len(told(office, record)) == 1


def test_with_lines(office: Shop) -> None:
    record = client(office)
    session = office.session("li")
    lines = [compound.Lines("sites", creates=[{"city": "X"}])]
    done = compound.save(session, "client", record, {"credit": 5}, lines)
    assert done.pending is not None and (done.pending.kind, done.pending.lines) == ("child_changes", 1)
    assert office.ask("GET", "/records/site", "root").get_json()["data"] == [], "what is not split waits as a whole"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert [one["city"] for one in office.ask("GET", "/records/site", "root").get_json()["data"]] == ["X"]
    assert now(office, record)["credit"] == 5
    done = compound.save(session, "client", record, {"credit": 6}, [compound.Lines("sites")])
    assert done.pending is not None and done.pending.kind == "update"
    assert now(office, record)["credit"] == 5
    compound.save(session, "client", record, {}, lines)
    assert len(office.ask("GET", "/records/site", "root").get_json()["data"]) == 2, (
        "lines that nobody guards wait for nothing by themselves"
    )


def test_without_approval_needs_the_right(office: Shop) -> None:
    record = client(office)
    query = "?bypass_approval=true"
    assert change(office, record, query=query, credit=5).status_code == 403
    assert change(office, record, user="root", query=query, credit=5).status_code == 403, "administrators neither"
    assert change(office, record, user="fang", credit=5).status_code == 202, "only who asks for it"
    decide_all(office, record)
    assert change(office, record, user="fang", query=query, credit=6).status_code == 200
    assert now(office, record)["credit"] == 6
    body = {"mode": "update", "bypass_approval": True, "records": [{"id": record, "credit": 7}]}
    assert bulk(office, "fang", **body)["results"][0]["status"] == 200
    assert office.ask("POST", "/records/client/bulk", "li", json=body).status_code == 403
    assert load(office, "fang", [{"name": "Ada", "credit": 8}], bypass_approval="true")["updated"] == 1
    schema = office.workspace.schema
    rows = office.database.rows(Sql(f'SELECT count(*) FROM "{schema}".s_audit WHERE event = %s', ("bypass_approval",)))
    assert rows == [(3,)]


def decide_all(shop: Shop, record: str) -> None:
    for one in told(shop, record):
        if one["state"] == "open":
            path = f"/workflows/instances/{one['instance']}/terminate"
            assert shop.ask("POST", path, "root", json={"reason": "r"}).status_code == 200


@pytest.mark.parametrize("end", ["agree", "reject"])
def test_what_is_said_afterwards_does_not_end_it_again(office: Shop, end: str) -> None:
    record = client(office)
    change(office, record, credit=500)
    decide(office, "boss", end, comment="no")
    before = told(office, record)[0]
    for action, body in (("comment", {"comment": "well"}), ("copy", {"people": [office.session("wu").user_id]})):
        path = f"/workflows/instances/{before['instance']}/{action}"
        assert office.ask("POST", path, "boss", json=body).status_code == 200
    assert told(office, record)[0] == before, "closed when it was decided, not when somebody said something"


def test_nobody_reads_a_proposal_of_fields_that_he_may_not_read(office: Shop) -> None:
    record = client(office)
    change(office, record, tax="T9", credit=500)
    assert {one["field"] for one in told(office, record)[0]["changes"]} == {"credit", "tax"}
    assert told(office, record, "fang")[0]["changes"] == [{"field": "credit", "old": 100, "new": 500}]
    assert "T9" not in office.ask("GET", f"/records/client/{record}/proposals", "fang").text
    decide_all(office, record)
    change(office, record, tax="T10")
    assert len(told(office, record, "fang")) == 1, "of a change that he sees nothing of he does not know"
    task = office.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert office.ask("GET", f"/tasks/{task}", "boss").get_json()["changes"] == [
        {"field": "tax", "old": None, "new": "T10"}
    ]


def test_conditions_see_the_record_as_proposed(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=5000)
    assert decide(office, "boss", "agree")["state"] == "running"
    assert now(office, record)["credit"] == 100
    assert decide(office, "fang", "agree")["state"] == "approved"
    assert now(office, record)["credit"] == 5000


def test_an_approver_amends_the_proposal(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    answer = decide(office, "boss", "agree", values={"tax": "T5"})
    assert answer["state"] == "approved"
    assert (now(office, record)["tax"], now(office, record)["credit"]) == ("T5", 500)


def test_returned_and_mended(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    decide(office, "boss", "return", to="start", comment="less")
    assert now(office, record)["credit"] == 100
    assert decide(office, "li", "submit", values={"credit": 300})["state"] == "running"
    assert told(office, record)[0]["changes"] == [{"field": "credit", "old": 100, "new": 300}]
    decide(office, "boss", "agree")
    assert now(office, record)["credit"] == 300


def underhand(shop: Shop, record: str, **values: Any) -> None:
    """A change that nothing stops: as something of the workspace itself would make it."""
    session = shop.session(channel="workflow")
    session.applying = "somebody"
    records.update(session, "client", record, values)


def test_s37_base_changed_meanwhile_rebase(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    underhand(office, record, credit=150)
    assert decide(office, "boss", "agree")["state"] == "running", "it is not simply put over the other"
    assert now(office, record)["credit"] == 150
    task = office.ask("GET", "/tasks", "li").get_json()["data"][0]
    assert task["kind"] == "conflict"
    actions = office.ask("GET", f"/tasks/{task['id']}", "li").get_json()["actions"]
    assert set(actions) == {"rebase", "discard"}
    assert told(office, record)[0]["state"] == "conflict"
    assert change(office, record, credit=1).status_code == 423
    assert decide(office, "li", "rebase")["state"] == "running"
    assert told(office, record)[0]["changes"] == [{"field": "credit", "old": 150, "new": 500}]
    assert now(office, record)["credit"] == 150, "the other base has to be approved too"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert now(office, record)["credit"] == 500


def test_s37_discard(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    underhand(office, record, credit=150)
    decide(office, "boss", "agree")
    assert decide(office, "li", "discard")["state"] == "withdrawn"
    assert now(office, record)["credit"] == 150
    assert told(office, record)[0]["state"] == "withdrawn"
    assert change(office, record, credit=200).status_code == 202


def test_a_rule_that_has_changed_is_a_conflict(office: Shop) -> None:
    record = client(office)
    change(office, record, credit=500)
    office.publish(CLIENT.replace("credit != 13", "credit < 400"), SITE, FLOW, SALES, FINANCE)
    assert decide(office, "boss", "agree")["state"] == "running"
    assert now(office, record)["credit"] == 100
    assert decide(office, "li", "discard")["state"] == "withdrawn"


def test_publish_meanwhile(office: Shop) -> None:
    """A field that is renamed is found; one that is gone is a conflict."""
    record, other = client(office), client(office, name="Bob")
    change(office, record, credit=500)
    change(office, other, tax="T1", credit=7)
    renamed = (
        CLIENT.replace("  credit: {", "  limit: {was: credit, ")
        .replace("credit", "limit")
        .replace("was: limit", "was: credit")
    )
    gone = "\n".join(line for line in renamed.splitlines() if not line.startswith("  tax:"))
    flow = FLOW.replace("credit", "limit").replace(", tax", "").replace("fields: {editable: [tax]}", "mode: any")
    office.publish(gone, SITE, flow, SALES, FINANCE.replace(", fields: {tax: hidden}", ""))
    assert told(office, record)[0]["changes"] == [{"field": "limit", "old": 100, "new": 500}]
    assert change(office, record, limit=3).status_code == 423
    assert decide(office, "boss", "agree")["state"] == "running"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert (now(office, record)["limit"], now(office, other)["limit"]) == (500, 100)
    assert decide(office, "li", "rebase")["state"] == "running"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert now(office, other)["limit"] == 7


def test_two_at_the_same_time(office: Shop) -> None:
    for number in range(6):
        record = client(office, name=f"c{number}")
        gate, found = threading.Barrier(2), []

        def save(user: str, value: int, record: str = record, gate: Any = gate, found: Any = found) -> None:
            gate.wait()
            found.append(change(office, record, user=user, credit=value).status_code)

        threads = [threading.Thread(target=save, args=one) for one in (("li", 5), ("wu", 6))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(found) == [202, 423]
        assert len(told(office, record)) == 1
        assert now(office, record)["credit"] == 100


def test_the_same_key_proposes_once(office: Shop) -> None:
    record = client(office)
    headers = {"Idempotency-Key": "k1"}
    first = office.ask("PATCH", f"/records/client/{record}", "li", json={"credit": 5}, headers=headers)
    second = office.ask("PATCH", f"/records/client/{record}", "li", json={"credit": 5}, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(told(office, record)) == 1


def test_nobody_to_ask_is_in_force_at_once(office: Shop) -> None:
    flow = FLOW.replace("\nnodes:", "\nallow_all_auto: true\nempty: {policy: auto_pass}\nnodes:")
    office.publish(CLIENT, SITE, flow, SALES, FINANCE)
    record = client(office, user="boss")
    answer = change(office, record, user="boss", credit=5)
    assert (answer.status_code, answer.get_json()["credit"]) == (200, 5)
    assert told(office, record)[0]["state"] == "applied"


def test_owner_and_a_stale_version(office: Shop) -> None:
    record = client(office)
    users = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users", "root").get_json()["data"]}
    version = now(office, record)["version"]
    stale = office.ask(
        "PATCH", f"/records/client/{record}", "li", json={"credit": 4}, headers={"If-Match": f'"{version + 1}"'}
    )
    assert stale.status_code == 412
    assert change(office, record, owner=users["wu"]).status_code == 202
    assert now(office, record)["owner"] == users["li"]
    decide(office, "boss", "agree")
    assert now(office, record)["owner"] == users["wu"]


def test_a_file_cannot_wait(office: Shop) -> None:
    record = client(office)
    made = office.ask("POST", "/files", "li", data={"file": (io.BytesIO(b"x"), "x.txt")}).get_json()["id"]
    answer = change(office, record, credit=5, scan=made)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "scan")


def test_resubmitting_gives_no_more_rights_than_saving(office: Shop) -> None:
    flow = FLOW.replace("{manager: {of: initiator}}", "{user: boss}")
    office.publish(CLIENT, SITE, flow, SALES, FINANCE)
    record = client(office)
    change(office, record, user="fang", credit=500)
    decide(office, "boss", "return", to="start", comment="x")
    task = office.ask("GET", "/tasks", "fang").get_json()["data"][0]["id"]
    answer = office.ask("POST", f"/tasks/{task}/submit", "fang", json={"values": {"tax": "T1"}})
    assert answer.status_code == 422, "the field is hidden from him"


def test_the_row_tells_all(office: Shop) -> None:
    record = client(office)
    instance = change(office, record, credit=500).get_json()["pending"]["instance"]
    one = proposals.read(office.database, office.workspace.schema, instance)
    assert one is not None
    assert (one.record_id, dict(one.patch), dict(one.base), one.base_version, one.state) == (
        record, {"credit": 500}, {"credit": 100}, 1, "open")  # fmt: skip


class Died(BaseException):
    """As when the process is killed: nothing of what follows happens."""


@pytest.mark.parametrize("approved", [False, True])
def test_an_import_that_goes_on_counts_what_waits_as_it_would_have(
    office: Shop, monkeypatch: pytest.MonkeyPatch, approved: bool
) -> None:
    """The first attempt dies behind the batch that has stored the proposals, before it is counted."""
    names = [f"known {number}" for number in range(4)]
    clients = {name: client(office, name=name) for name in names}
    contents = DiskContents(office.settings.files / office.workspace.schema)
    rows = [{"name": name, "credit": 7} for name in names] + [{"name": "new", "credit": 8}]
    text = "name,credit\n" + "".join(f"{one['name']},{one['credit']}\n" for one in rows)
    asked = Options(name="x.csv", key="name", on_duplicate="update")
    job = import_jobs.submit(office.session("li"), contents, io.BytesIO(text.encode()), "client", asked, 10**6)
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise Died

        patch.setattr(Import, "land", dies)
        with pytest.raises(Died):
            import_jobs.work_on(office.workspace, contents, job)
    table = ident(office.workspace.schema, "s_import")
    office.database.rows(Sql(f"UPDATE {table} SET leased_until = now() - interval '1 s' RETURNING 1"))
    assert [len(told(office, record)) for record in clients.values()] == [1] * 4
    if approved:
        decide(office, "boss", "agree")
    outcome = import_jobs.work_on(office.workspace, contents, job)
    assert outcome is not None and outcome.stopped is None
    counts = outcome.counts()
    assert (counts["created"], counts["updated"], counts["pending"], counts["failed"]) == (1, 0, 4, 0)
    assert [len(told(office, record)) for record in clients.values()] == [1] * 4
    stored = sorted(now(office, record)["credit"] for record in clients.values())
    assert stored == [7 if approved else 100, 100, 100, 100]


def test_an_import_whose_change_was_in_force_at_once_counts_it_so(
    office: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.publish(CLIENT, SITE, FLOW.replace(
        "nodes:\n  - approve: boss\n    who: {manager: {of: initiator}}\n    fields: {editable: [tax]}\n", "nodes:\n"),
        SALES, FINANCE)  # fmt: skip
    record = client(office, name="known")
    contents = DiskContents(office.settings.files / office.workspace.schema)
    asked = Options(name="x.csv", key="name", on_duplicate="update")
    job = import_jobs.submit(
        office.session("li"), contents, io.BytesIO(b"name,credit\nknown,7\n"), "client", asked, 10**6
    )
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise Died

        patch.setattr(Import, "land", dies)
        with pytest.raises(Died):
            import_jobs.work_on(office.workspace, contents, job)
    table = ident(office.workspace.schema, "s_import")
    office.database.rows(Sql(f"UPDATE {table} SET leased_until = now() - interval '1 s' RETURNING 1"))
    outcome = import_jobs.work_on(office.workspace, contents, job)
    assert outcome is not None and outcome.counts()["updated"] == 1 and now(office, record)["credit"] == 7
