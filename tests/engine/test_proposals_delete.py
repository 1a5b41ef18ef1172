"""Deletions that wait for an approval (2.8): by every way out, nothing happens before, all rules hold again then."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import records
from runtime.engine.saving import Options
from runtime.engine.workspace import Session
from tests.conftest import Shop
from tests.engine.test_proposals import CLIENT, FINANCE, FLOW, SALES, SITE, bulk, change, client, decide, now, told

GUARDED = FLOW.replace("mode: proposal", "mode: proposal, delete: true").replace(
    "fields: [name,", "fields: [upper, name,"
)
VISIT = """
object: visit
label: {en: Visit, zh: 拜访}
fields:
  client: {type: link, to: client, reverse: visits, required: true, on_delete: restrict, label: {en: Client, zh: 客户}}
"""
BRANCH = """
object: branch
label: {en: Branch, zh: 分部}
title: name
fields:
  name: {type: text, required: true}
"""
BRANCHED = CLIENT.replace(
    "  upper: {", "  branch: {type: link, to: branch, reverse: clients, on_delete: cascade}\n  upper: {"
)
SELL = SALES + "  visit: {create: true, read: all, update: all, delete: all}\n"
CHIEF = SELL + "  branch: {create: true, read: all, update: all, delete: all}\n"


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(CLIENT, SITE, VISIT, GUARDED, SELL, FINANCE)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("wu", "sales", manager=boss)
    shop.user("fang", "finance")
    return shop


def remove(shop: Shop, record: str, user: str = "li", query: str = "") -> Any:
    return shop.ask("DELETE", f"/records/client/{record}{query}", user)


def there(shop: Shop, record: str) -> bool:
    return bool(shop.ask("GET", f"/records/client/{record}", "root").status_code == 200)


def ask(shop: Shop, record: str, user: str = "li") -> str:
    answer = remove(shop, record, user)
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["pending"]["instance"])


def test_asked_for_approved_gone(office: Shop) -> None:
    record = client(office)
    site = office.ask("POST", "/records/site", "li", json={"client": record, "city": "X"}).get_json()["id"]
    before = now(office, record)
    answer = remove(office, record)
    body = answer.get_json()
    assert answer.status_code == 202
    assert (body["pending"]["kind"], body["pending"]["fields"], body["record"]) == ("delete", [], before)
    assert answer.headers["Location"].endswith(body["pending"]["instance"])
    assert now(office, record) == before, "it stays in force"
    waits = told(office, record)[0]
    assert (waits["kind"], waits["state"], waits["changes"], waits["lines"]) == ("delete", "open", [], [])
    listed = office.ask("GET", "/tasks", "boss").get_json()["data"][0]
    assert listed["title"] == "删除：Ada", "nobody agrees to a deletion unawares"
    task = listed["id"]
    shown = office.ask("GET", f"/tasks/{task}", "boss").get_json()
    assert shown["proposes"] == "delete" and shown["actions"]["agree"]["editable"] == []
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert not there(office, record)
    assert office.ask("GET", f"/records/site/{site}", "root").status_code == 404, "with all that belongs to it"
    assert told_of_row(office, record) == ("delete", "applied")
    restored = office.ask("POST", f"/records/client/{record}/restore", "root")
    assert restored.status_code == 200
    story = office.ask("GET", f"/records/client/{record}/history", "root").get_json()["data"]
    gone = next(one for one in story if one["action"] == "deleted")
    users = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users", "root").get_json()["data"]}
    actor = gone["actor"]
    assert (actor["id"] if isinstance(actor, dict) else actor) == users["li"], "it is the deletion of who asked for it"
    assert gone["channel"] == "workflow"


def told_of_row(shop: Shop, record: str) -> tuple[str, str]:
    schema = shop.workspace.schema
    row = shop.database.rows(
        Sql(f'SELECT kind, state FROM "{schema}".s_proposal WHERE record_id = %s::uuid', (record,))
    )
    return row[0][0], row[0][1]


def test_what_does_not_wait(office: Shop) -> None:
    assert remove(office, client(office, name="D", status="draft")).status_code == 204, "not in force yet"
    record = client(office, name="E")
    system = Session(office.workspace, user_id=None, channel="system")
    records.delete(system, "client", record, Options(trusted=True))
    assert not there(office, record), "the system itself asks nobody"
    office.publish(CLIENT, SITE, VISIT, FLOW, SELL, FINANCE)
    assert remove(office, client(office, name="F")).status_code == 204, "only where the document says so"


def test_everything_else_is_refused_meanwhile(office: Shop) -> None:
    record = client(office)
    site = office.ask("POST", "/records/site", "li", json={"client": record, "city": "X"}).get_json()["id"]
    ask(office, record)
    again = remove(office, record, "wu")
    assert again.status_code == 423
    assert "li" in again.get_json()["detail"], "it tells who has asked for it"
    for user in ("wu", "li"):
        assert change(office, record, user, note="n").status_code == 423
    assert change(office, record, "fang", "?bypass_approval=true", credit=1).status_code == 423
    assert office.ask("PATCH", f"/records/site/{site}", "wu", json={"city": "Y"}).status_code == 423
    assert office.ask("POST", "/records/site", "wu", json={"client": record}).status_code == 423
    assert office.ask("DELETE", f"/records/site/{site}", "wu").status_code == 423
    rows = [{"id": record}]
    assert bulk(office, "root", mode="delete", records=rows)["results"][0]["status"] == 423
    assert bulk(office, "root", mode="delete", records=rows, atomic=True)["results"][0]["status"] == 423
    assert bulk(office, "root", mode="update", records=[{"id": record, "note": "x"}])["results"][0]["status"] == 423
    assert len(told(office, record)) == 1


@pytest.mark.parametrize("end", ["reject", "withdraw", "terminate"])
def test_rejected_withdrawn_terminated(office: Shop, end: str) -> None:
    record = client(office)
    before = now(office, record)
    instance = ask(office, record)
    if end == "reject":
        decide(office, "boss", "reject", comment="no")
    else:
        user = "li" if end == "withdraw" else "root"
        path = f"/workflows/instances/{instance}/{end}"
        assert office.ask("POST", path, user, json={"reason": "r"} if end == "terminate" else {}).status_code == 200
    assert now(office, record) == before
    assert change(office, record, note="free").status_code == 200
    ask(office, record)


def test_refused_at_once_what_could_never_be(office: Shop) -> None:
    record = client(office)
    office.ask("POST", "/records/visit", "li", json={"client": record})
    answer = remove(office, record)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (409, "referenced")
    assert told(office, record) == []
    assert remove(office, client(office, name="N"), "fang").status_code == 403, "a right is still needed"


def test_every_rule_is_asked_again(office: Shop) -> None:
    record = client(office)
    ask(office, record)
    made = office.ask("POST", "/records/visit", "wu", json={"client": record})
    assert made.status_code == 201, "what links to it is free"
    assert decide(office, "boss", "agree")["state"] == "running"
    assert there(office, record)
    assert told(office, record)[0]["state"] == "conflict"
    assert "引用" in str(told(office, record, "li")[0]["why"])
    office.ask("DELETE", f"/records/visit/{made.get_json()['id']}", "wu")
    assert decide(office, "li", "rebase")["state"] == "running"
    assert there(office, record), "asked for anew"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert not there(office, record)


def test_a_right_that_was_lost(office: Shop) -> None:
    record = client(office)
    ask(office, record)
    office.publish(CLIENT, SITE, VISIT, GUARDED, SELL.replace("delete: all, bulk", "delete: none, bulk"), FINANCE)
    assert decide(office, "boss", "agree")["state"] == "running"
    assert there(office, record)
    assert "无权删除" in told(office, record, "li")[0]["why"]
    assert decide(office, "li", "discard")["state"] == "withdrawn"


def test_nobody_to_ask_is_gone_at_once(office: Shop) -> None:
    flow = GUARDED.replace("\nnodes:", "\nallow_all_auto: true\nempty: {policy: auto_pass}\nafter: {approved: "
                           "[{update: {note: done}}]}\nnodes:")  # fmt: skip
    office.publish(CLIENT, SITE, VISIT, flow, SELL, FINANCE)
    record = client(office, user="boss")
    assert remove(office, record, "boss").status_code == 204
    assert not there(office, record)


@pytest.mark.parametrize("atomic", [False, True])
def test_bulk(office: Shop, atomic: bool) -> None:
    live, draft = client(office, name="a"), client(office, name="b", status="draft")
    found = bulk(office, "li", mode="delete", records=[{"id": live}, {"id": draft}], atomic=atomic)
    assert [one["status"] for one in found["results"]] == [202, 200]
    assert (found["ok"], found["pending"], found["failed"]) == (1, 1, 0)
    assert (there(office, live), there(office, draft)) == (True, False)
    assert len(told(office, live)) == 1


def test_without_approval_needs_the_right(office: Shop) -> None:
    finance = FINANCE.replace("update: all", "update: all, delete: all")
    office.publish(CLIENT, SITE, VISIT, GUARDED, SELL, finance)
    record = client(office)
    query = "?bypass_approval=true"
    assert remove(office, record, query=query).status_code == 403
    assert remove(office, record, "root", query).status_code == 403
    assert remove(office, record, "fang", query).status_code == 204
    assert not there(office, record)


def test_no_way_around_through_other_records(office: Shop) -> None:
    office.publish(BRANCH, BRANCHED, SITE, VISIT, GUARDED, CHIEF, FINANCE)
    branch = office.ask("POST", "/records/branch", "li", json={"name": "North"}).get_json()["id"]
    record = client(office, name="Ada", branch=branch)
    for answer in (
        office.ask("DELETE", f"/records/branch/{branch}", "li"),
        office.ask("POST", "/records/branch/bulk", "root",
                   json={"mode": "delete", "atomic": True, "records": [{"id": branch}]}),
    ):  # fmt: skip
        assert answer.status_code == 409, answer.text
        assert "Ada" in answer.text, "it names the record"
    assert there(office, record) and office.ask("GET", f"/records/branch/{branch}", "li").status_code == 200
    ask(office, record)
    decide(office, "boss", "agree")
    assert office.ask("DELETE", f"/records/branch/{branch}", "li").status_code == 204


def test_a_guarded_link_is_not_blanked_by_a_deletion(office: Shop) -> None:
    upper = CLIENT.replace("reverse: lower}", "reverse: lower, on_delete: clear}")
    office.publish(upper, SITE, VISIT, GUARDED, SELL, FINANCE)
    above = client(office, name="above", status="draft")
    record = client(office, name="below", upper=above)
    answer = remove(office, above)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (409, "needs_approval")
    assert "below" in answer.text and now(office, record)["upper"] == above


def test_the_name_of_what_one_may_not_read_is_not_told(office: Shop) -> None:
    clerk = "role: clerk\nlabel: {en: C, zh: 员}\nobjects:\n  branch: {read: all, delete: all}\n"
    office.publish(BRANCH, BRANCHED, SITE, VISIT, GUARDED, CHIEF, FINANCE, clerk)
    office.user("lo", "clerk")
    branch = office.ask("POST", "/records/branch", "li", json={"name": "North"}).get_json()["id"]
    client(office, name="Ada", branch=branch)
    answer = office.ask("DELETE", f"/records/branch/{branch}", "lo")
    assert answer.status_code == 409 and "Ada" not in answer.text


def at_once(*works: Any) -> list[Any]:
    gate, found = threading.Barrier(len(works)), []

    def run(work: Any) -> None:
        gate.wait()
        found.append(work())

    threads = [threading.Thread(target=run, args=(one,)) for one in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def test_one_deletes_one_edits(office: Shop) -> None:
    for number in range(6):
        record = client(office, name=f"c{number}")
        found = at_once(
            lambda record=record: ("delete", remove(office, record).status_code),
            lambda record=record: ("edit", change(office, record, "wu", note="n").status_code),
        )
        done = dict(found)
        assert done["edit"] in (200, 423) and done["delete"] in (202, 412), done
        assert there(office, record)
        assert len(told(office, record)) == (1 if done["delete"] == 202 else 0)


def test_two_delete_and_two_approve(office: Shop) -> None:
    office.user("su", "sales")
    flow = GUARDED.replace("who: {manager: {of: initiator}}", "who: {users: [boss, su]}\n    mode: any")
    office.publish(CLIENT, SITE, VISIT, flow, SELL, FINANCE)
    for number in range(4):
        record = client(office, name=f"c{number}")
        found = at_once(*(lambda user=user, record=record: remove(office, record, user).status_code
                          for user in ("li", "wu")))  # fmt: skip
        assert sorted(found) == [202, 423] and len(told(office, record)) == 1
        tasks = {user: office.ask("GET", "/tasks", user).get_json()["data"][0]["id"] for user in ("boss", "su")}
        found = at_once(*(lambda user=user, task=task: office.ask("POST", f"/tasks/{task}/agree", user, json={})
                          .status_code for user, task in tasks.items()))  # fmt: skip
        assert sorted(found) == [200, 409]
        assert not there(office, record)


def test_a_formula_can_ask_whether_it_is_a_deletion(office: Shop) -> None:
    """True in the conditions (those that the database answers too) and the title of a workflow about a deletion."""
    flow = """
workflow: client_changes
label: {en: Client changes, zh: 客户变更}
object: client
title: "IF(ISDELETION(), 'Away with ', 'Change of ') & name"
start: {on_change: {fields: [credit], mode: proposal, delete: true}, when: "status == 'live' or ISDELETION()"}
nodes:
  - branch:
      - when: ISDELETION() and COUNT(sites) == 0
        nodes: [{approve: bare, who: {user: boss}}]
      - when: ISDELETION()
        nodes: [{approve: gone, who: {user: boss}}]
      - else: [{approve: other, who: {user: boss}}]
"""
    office.publish(CLIENT, SITE, VISIT, flow, SELL, FINANCE)
    with_site, bare, changed = (client(office, name=name) for name in ("A1", "A2", "A3"))
    office.ask("POST", "/records/site", "li", json={"client": with_site, "city": "X"})
    ask(office, with_site)
    ask(office, bare)
    assert office.ask("PATCH", f"/records/client/{changed}", "li", json={"credit": 7}).status_code == 202
    tasks = {one["record"]: one for one in office.ask("GET", "/tasks", "boss").get_json()["data"]}
    assert [tasks[one]["node"] for one in (with_site, bare, changed)] == ["gone", "bare", "other"]
    assert "Away with" in tasks[bare]["title"] and tasks[changed]["title"].startswith("Change of")
    draft = client(office, name="A4", status="draft")
    assert office.ask("PATCH", f"/records/client/{draft}", "li", json={"credit": 7}).status_code == 200
    assert remove(office, draft).status_code == 202, "what is in force can depend on it"
