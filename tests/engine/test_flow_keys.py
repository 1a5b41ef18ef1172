"""Keys of workflow documents that change what the installation does: each works, over the API and in the database."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine import records
from tests.conftest import Shop
from tests.engine.test_dispatch import ORDER, OTHER, STAFF, flow

LINE = """
object: part
label: {en: Part, zh: 明细}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  order: {type: link, to: order, owned: true, required: true, reverse: parts, label: {en: Order, zh: 订单}}
"""


@pytest.fixture
def firm(shop: Shop) -> Shop:
    publish(shop)
    shop.user("boss", "staff")
    shop.user("li", "staff")
    shop.user("lu", "staff")
    return shop


def publish(shop: Shop, *flows: str) -> None:
    shop.publish(ORDER, OTHER, STAFF, LINE, *flows)


def order(shop: Shop, **values: Any) -> str:
    return records.create(shop.session("li"), "order", {"name": "Pumps", **values}).id


def begin(shop: Shop, record: str, name: str = "check", user: str = "li") -> Any:
    return shop.ask("POST", f"/workflows/{name}/start", user, json={"object": "order", "record": record})


def mine(shop: Shop, user: str) -> list[dict[str, Any]]:
    return list(shop.ask("GET", "/tasks", user).get_json()["data"])


def decide(shop: Shop, user: str, action: str, **body: Any) -> None:
    found = shop.ask("POST", f"/tasks/{mine(shop, user)[0]['id']}/{action}", user, json=body)
    assert found.status_code == 200, found.text


def change(shop: Shop, record: str, **values: Any) -> Any:
    return shop.ask("PATCH", f"/records/order/{record}", "li", json=values)


def test_an_approved_record_stays_as_it_was(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: manual, allow: {revoke_days: 9}}", lock_after="true").replace(
        "lock: none", "lock: record"))  # fmt: skip
    record = order(firm)
    line = records.create(firm.session(), "part", {"name": "a", "order": record}).id
    assert change(firm, record, note="before").status_code == 200
    made = begin(firm, record).get_json()["instance"]
    decide(firm, "boss", "agree")
    held = change(firm, record, note="after")
    assert (held.status_code, held.get_json()["errors"][0]["code"]) == (423, "locked"), held.text
    assert "审批通过并保持锁定" in held.text and made in held.text
    told = held.get_json()
    assert (told["title"], told["workflow_instance"]) == ("记录已审批通过并保持锁定", made)
    assert told["link"] == f"/tasks/flows/{made}", "where the approval is"
    for method, path in (("DELETE", f"/records/order/{record}"), ("PATCH", f"/records/part/{line}")):
        found = firm.ask(method, path, "li", json={"name": "b"}).get_json()
        assert (found["title"], found["link"]) == (told["title"], told["link"]), found
    assert firm.ask("DELETE", f"/records/order/{record}", "li").status_code == 423
    assert firm.ask("PATCH", f"/records/part/{line}", json={"name": "b"}).status_code == 423
    many = {"mode": "update", "records": [{"id": record, "note": "after"}]}
    assert firm.ask("POST", "/records/order/bulk", json=many).get_json()["failed"] == 1
    assert change(firm, order(firm), note="another one").status_code == 200

    assert firm.ask("POST", f"/workflows/instances/{made}/revoke", "li", json={}).status_code == 200
    assert change(firm, record, note="not revoked yet").status_code == 423
    decide(firm, "boss", "agree")
    assert change(firm, record, note="free again").status_code == 200

    assert begin(firm, record).status_code == 201
    decide(firm, "boss", "agree")
    assert change(firm, record, note="after").status_code == 423
    assert begin(firm, record).status_code == 201, "approved once more"
    decide(firm, "boss", "return", comment="mend it")
    assert change(firm, record, note="mended").status_code == 200, "whom it was returned to may mend it"
    decide(firm, "li", "submit")
    decide(firm, "boss", "reject")
    assert change(firm, record, note="rejected").status_code == 200, "the last decision counts"


def test_without_the_key_an_approved_record_is_free(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: manual}").replace("lock: none", "lock: record"))
    record = order(firm)
    begin(firm, record)
    decide(firm, "boss", "agree")
    assert change(firm, record, note="after").status_code == 200


def test_a_sub_workflow_is_given_values(firm: Shop) -> None:
    inner = flow("inner", "{trigger: api}")
    outer = flow(
        "check", "{trigger: manual}", "[{subflow: {workflow: inner, input: {note: \"='for ' & name\", amount: 7}}}]"
    )
    publish(firm, inner, outer)
    record = order(firm, amount=1)
    assert begin(firm, record).status_code == 201
    found = firm.ask("GET", f"/records/order/{record}", "li").get_json()
    assert (found["note"], found["amount"]) == ("for Pumps", 7)
    assert [one["workflow"] for one in mine(firm, "boss")] == ["inner"]
    decide(firm, "boss", "agree")
    assert firm.ask("GET", "/tasks?box=started", "li").get_json()["data"][0]["state"] == "approved"


def test_what_a_sub_workflow_is_given_must_be_possible(firm: Shop) -> None:
    inner = flow("inner", "{trigger: api}")
    outer = flow("check", "{trigger: manual}", '[{subflow: {workflow: inner, input: {status: "=note"}}}]')
    publish(firm, inner, outer)
    record = order(firm, note="no such status")
    begin(firm, record)
    assert [one["kind"] for one in mine(firm, "admin")] == ["admin_fix"], "an administrator is asked, nothing is lost"
    change(firm, record, note="ok")
    decide(firm, "admin", "retry", reason="mended")
    assert [one["workflow"] for one in mine(firm, "boss")] == ["inner"]


def test_who_may_begin_what_only_events_begin(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: on_create}"), flow("hand", "{trigger: api}"))
    found = begin(firm, order(firm))
    assert (found.status_code, found.get_json()["type"]) == (403, "urn:dougong:not_by_hand"), found.text
    assert "（记录新建时）" in found.get_json()["detail"]
    assert begin(firm, order(firm), "hand").status_code == 201


def test_a_task_is_opened_when_its_turn_comes(firm: Shop) -> None:
    publish(
        firm,
        flow(
            "check",
            "{trigger: manual}",
            "[{approve: a, who: {users: [boss, lu]}, mode: sequential, due: {in: 1h, steps: [{at: 0, do: remind}]}}]",
        ),
    )
    begin(firm, order(firm))
    before = mine(firm, "boss")[0]["opened_at"]
    assert mine(firm, "lu") == []
    decide(firm, "boss", "agree")
    after = mine(firm, "lu")[0]
    assert after["opened_at"] > before and after["due_at"] is not None


def test_a_migration_tells_nobody_of_a_task_he_has_already(firm: Shop) -> None:
    due = "[{approve: a, who: {users: [boss]}, due: {in: %s, steps: [{at: 0, do: remind}]}}]"
    publish(firm, flow("check", "{trigger: manual}", due % "1h"))
    begin(firm, order(firm))
    before = mine(firm, "boss")[0]["due_at"]
    publish(firm, flow("check", "{trigger: manual}", due % "3h"))
    assert firm.ask("POST", "/workflows/check/migrate", json={}).get_json()["data"][0]["ok"]
    assert mine(firm, "boss")[0]["due_at"] > before
    table = ident(firm.workspace.schema, "s_notice")
    assert firm.database.rows(Sql(f"SELECT type FROM {table}")) == [("task",)]


def test_work_goes_to_who_has_least(firm: Shop) -> None:
    publish(firm, flow("check", "{trigger: manual}", "[{approve: a, who: {least_loaded: {users: [boss, lu]}}}]"),
            flow("turns", "{trigger: manual}", "[{approve: a, who: {round_robin: {users: [boss, lu]}}}]"))  # fmt: skip
    for _ in range(4):
        begin(firm, order(firm))
    assert [len(mine(firm, one)) for one in ("boss", "lu")] == [2, 2]
    for user in ("boss", "lu", "boss", "lu"):
        decide(firm, user, "agree")
    for who in ("boss", "lu", "boss"):
        begin(firm, order(firm), "turns")
        assert len(mine(firm, who)) == 1, who
        decide(firm, who, "agree")
