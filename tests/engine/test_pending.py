"""New records that wait for an approval (2.8): stored, out of force everywhere, in force only when approved."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import bulk, compound
from runtime.engine.compound import Lines
from runtime.store.layout import HELD
from tests.conftest import Shop

FIRM = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  orders_total: {type: rollup, value: SUM(orders.total), result: number, stored: true}
  orders_now: {type: rollup, value: COUNT(orders)}
"""
ORDER = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true, unique: true}
  firm: {type: link, to: firm, reverse: orders}
  upper: {type: link, to: order, reverse: lower}
  discount: {type: number, label: {en: Discount, zh: 折扣}, default: 0}
  note: {type: text}
  scan: {type: file}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, live: {en: L, zh: 生效}}, default: live}
  total: {type: rollup, value: SUM(lines.amount), result: number, stored: true}
  number: {type: autonumber, pattern: "O-{0000}"}
validations:
  not_13: {valid: discount != 13, message: {en: Not 13, zh: 不可为 13}, field: discount}
"""
LINE = """
object: line
label: {en: Line, zh: 明细}
title: product
fields:
  order: {type: link, to: order, reverse: lines, owned: true, required: true}
  product: {type: text, required: true}
  price: {type: number, default: 10, min: 0}
  amount: {type: formula, value: price * (1 - order.discount / 100), result: number, stored: true}
"""
FLOW = """
workflow: new_orders
label: {en: New orders, zh: 新订单}
object: order
start:
  on_create: {mode: pending}
  when: status == 'live'
  allow: {withdraw: any_time}
title: name & ' ' & total
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    fields: {editable: [note]}
  - branch:
      - when: total > 100
        nodes: [{approve: chief, who: {user: chief}}]
      - else: []
after:
  approved: [{update: {note: "=note & '!'"}}]
  rejected: [{update: {note: refused}}]
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  order: {create: true, read: all, update: all, delete: all, bulk: true, import: true, export: true}
  firm: {create: true, read: all, update: all, delete: all}
"""
FREE = """
role: free
label: {en: Free, zh: 免审}
objects:
  order: {create: true, read: all, update: all, bulk: true, bypass_approval: true}
  firm: {read: all}
"""
DOCUMENTS = (FIRM, ORDER, LINE, FLOW, SALES, FREE)


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(*DOCUMENTS)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("chief", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("wu", "sales", manager=boss)
    shop.user("fang", "free", manager=boss)
    return shop


def ask(shop: Shop, user: str, path: str) -> Any:
    answer = shop.ask("GET", path, user)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def make(shop: Shop, user: str = "li", **values: Any) -> str:
    answer = shop.ask("POST", "/records/order", user, json={"name": "A", **values})
    assert answer.status_code == 202, answer.text
    found = answer.get_json()
    assert found["pending"]["kind"] == "create"
    assert found["record"]["_state"] == "pending"
    return str(found["record"]["id"])


def with_lines(shop: Shop, *prices: int, user: str = "li", **values: Any) -> compound.Written:
    lines = [{"product": f"p{number}", "price": price} for number, price in enumerate(prices)]
    return compound.save(shop.session(user), "order", None, {"name": "A", **values}, [Lines("lines", creates=lines)])


def decide(shop: Shop, user: str, action: str, **body: Any) -> Any:
    task = ask(shop, user, "/tasks")["data"][0]["id"]
    answer = shop.ask("POST", f"/tasks/{task}/{action}", user, json=body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def firm(shop: Shop) -> str:
    return str(shop.ask("POST", "/records/firm", "root", json={"name": "F"}).get_json()["id"])


def listed(shop: Shop, user: str = "root", query: str = "") -> list[str]:
    return [one["name"] for one in ask(shop, user, f"/records/order{query}")["data"]]


def events(shop: Shop) -> list[tuple[str, str]]:
    rows = shop.workspace.database.rows(Sql(
        f"SELECT type, payload->>'record' FROM {shop.workspace.schema}.s_outbox ORDER BY id"))  # fmt: skip
    return [(row[0], row[1]) for row in rows]


def test_nobody_counts_it_until_it_is_approved(office: Shop) -> None:
    customer = firm(office)
    start = events(office)
    done = with_lines(office, 10, 20, firm=customer)
    assert done.pending is not None and done.pending.kind == "create"
    record = done.id
    assert listed(office) == []
    assert ask(office, "root", "/records/line")["data"] == []
    found = ask(office, "root", f"/records/firm/{customer}")
    assert (found["orders_total"], found["orders_now"]) == (0, 0)
    body = {"measures": {"n": "COUNT()", "t": "SUM(total)"}}
    assert office.ask("POST", "/records/order/aggregate", "root", json=body).get_json()["data"] == [{"n": 0, "t": 0}]
    assert ask(office, "root", "/search?q=A")["data"] == []
    assert "A" not in office.ask("GET", "/records/order/export?format=csv", "li").text.splitlines()[1:]
    assert ask(office, "root", "/records/order?deleted=true")["data"] == [], "nor is it in the recycle bin"
    assert events(office) == start, "nobody is told of it"
    own = ask(office, "li", f"/records/order/{record}")
    assert (own["_state"], own["total"], own["number"]) == ("pending", 30, "O-0001")
    assert [one["total"] for one in ask(office, "li", "/records/order?state=pending")["data"]] == [30]
    assert len(ask(office, "li", f"/records/line?state=pending&filter=order=='{record}'")["data"]) == 2
    assert decide(office, "boss", "agree")["state"] == "approved"
    now = ask(office, "wu", f"/records/order/{record}")
    assert "_state" not in now and (now["total"], now["note"]) == (30, "!")
    found = ask(office, "root", f"/records/firm/{customer}")
    assert (found["orders_total"], found["orders_now"]) == (30, 1)
    told = events(office)[len(start) :]
    assert ("record_created", record) in told
    assert [one for one, _ in told].count("record_created") == 3, "its lines too"
    story = ask(office, "root", f"/records/order/{record}/history")["data"]
    assert [one["action"] for one in reversed(story)] == ["created", "approved", "updated"]
    assert ask(office, "li", "/records/order?state=pending")["data"] == []


def test_who_may_know_of_it(office: Shop) -> None:
    record = make(office)
    path = f"/records/order/{record}"
    assert ask(office, "li", path)["_state"] == "pending"
    assert ask(office, "boss", path)["_state"] == "pending", "who is asked"
    assert ask(office, "root", path)["_state"] == "pending"
    for user in ("wu", "fang", "chief"):
        assert office.ask("GET", path, user).status_code == 404
        assert listed(office, user, "?state=pending") == []
        assert office.ask("PATCH", path, user, json={"note": "x"}).status_code == 404
        assert office.ask("DELETE", path, user).status_code == (403 if user == "fang" else 404)
        assert office.ask("POST", f"{path}/restore", user).status_code in (403, 404)
    assert listed(office, "boss", "?state=pending") == ["A"]
    refused = office.ask("GET", "/records/order?state=other", "li")
    assert refused.status_code == 400 and "pending" in refused.text


def test_held_as_a_whole(office: Shop) -> None:
    done = with_lines(office, 10)
    path = f"/records/order/{done.id}"
    for method, body in (("PATCH", {"note": "x"}), ("DELETE", None)):
        refused = office.ask(method, path, "li", json=body)
        assert refused.status_code == 423, refused.text
        assert "正在等待审批" in refused.text
    assert office.ask("POST", f"{path}/restore", "li").status_code == 423
    line = ask(office, "li", "/records/line?state=pending")["data"][0]["id"]
    assert office.ask("PATCH", f"/records/line/{line}", "li", json={"price": 5}).status_code == 423
    assert office.ask("POST", "/records/line", "li", json={"order": done.id, "product": "n"}).status_code == 422
    assert ask(office, "li", path)["total"] == 10
    bulk = office.ask(
        "POST", "/records/order/bulk", "li", json={"mode": "update", "records": [{"id": done.id, "note": "x"}]}
    )
    assert bulk.get_json()["results"][0]["status"] == 404, "a bulk finds what is in force"


def test_links_to_it_are_refused(office: Shop) -> None:
    record = make(office)
    body = {"name": "B", "upper": record, "status": "draft"}
    refused = office.ask("POST", "/records/order", "li", json=body)
    assert refused.status_code == 422 and "自身正在等待审批" in refused.text
    hidden = office.ask("POST", "/records/order", "wu", json=body)
    assert hidden.status_code == 422 and "没有该记录" in hidden.text
    many = office.ask("POST", "/records/order/bulk", "li", json={"mode": "create", "records": [body]})
    assert "自身正在等待审批" in many.text


def test_its_unique_values_are_taken(office: Shop) -> None:
    make(office)
    for user in ("li", "wu"):
        for status in ("draft", "live"):
            refused = office.ask("POST", "/records/order", user, json={"name": "A", "status": status})
            assert refused.status_code == 409, refused.text
    many = office.ask(
        "POST", "/records/order/bulk", "wu", json={"mode": "create", "records": [{"name": "A"}, {"name": "B"}]}
    )
    assert [one["status"] for one in many.get_json()["results"]] == [409, 202]
    draft = office.ask("POST", "/records/order", "li", json={"name": "C", "status": "draft"}).get_json()["id"]
    assert office.ask("PATCH", f"/records/order/{draft}", "li", json={"name": "A"}).status_code == 409
    assert decide(office, "boss", "reject")["state"] == "rejected"
    name = listed(office, "root", "?deleted=true")[0]
    assert office.ask("PATCH", f"/records/order/{draft}", "li", json={"name": name}).status_code == 200


def test_what_does_not_wait(office: Shop) -> None:
    answer = office.ask("POST", "/records/order", "li", json={"name": "D", "status": "draft"})
    assert answer.status_code == 201
    assert office.ask("POST", "/records/order?bypass_approval=true", "fang", json={"name": "F"}).status_code == 201
    refused = office.ask("POST", "/records/order?bypass_approval=true", "li", json={"name": "G"})
    assert refused.status_code == 403
    assert sorted(listed(office)) == ["D", "F"]
    rows = office.workspace.database.rows(Sql(
        f"SELECT count(*) FROM {office.workspace.schema}.s_audit WHERE event = 'bypass_approval'"))  # fmt: skip
    assert rows[0][0] == 1


def test_refused_at_once_what_could_never_be(office: Shop) -> None:
    for body, status in (({"name": "A", "discount": 13}, 422), ({"name": ""}, 422), ({"name": "A", "firm": "x"}, 422)):
        assert office.ask("POST", "/records/order", "li", json=body).status_code == status
    assert listed(office, "root", "?state=pending") == []
    assert ask(office, "boss", "/tasks")["data"] == []


def test_conditions_and_titles_see_its_sums(office: Shop) -> None:
    with_lines(office, 60, 70)
    assert ask(office, "boss", "/tasks")["data"][0]["title"] == "A 130"
    assert decide(office, "boss", "agree")["state"] == "running"
    assert listed(office) == []
    assert decide(office, "chief", "agree")["state"] == "approved"
    assert listed(office) == ["A"]


def test_steps_set_its_fields_while_it_waits(office: Shop) -> None:
    record = make(office)
    start = events(office)
    assert decide(office, "boss", "agree", values={"note": "seen"})["state"] == "approved"
    assert ask(office, "li", f"/records/order/{record}")["note"] == "seen!"
    assert [one for one, _ in events(office)[len(start) :] if one.startswith("record")] == [
        "record_created",
        "record_updated",
    ]


@pytest.mark.parametrize("end", ["reject", "withdraw", "terminate"])
def test_it_goes_to_the_recycle_bin_and_does_not_come_back_around_the_approval(office: Shop, end: str) -> None:
    customer = firm(office)
    start = events(office)
    done = with_lines(office, 10, 20, firm=customer)
    instance = done.pending.instance  # type: ignore[union-attr]
    if end == "reject":
        assert decide(office, "boss", "reject")["state"] == "rejected"
    else:
        user = "li" if end == "withdraw" else "root"
        answer = office.ask("POST", f"/workflows/instances/{instance}/{end}", user, json={"reason": "no"})
        assert answer.status_code == 200, answer.text
    path = f"/records/order/{done.id}"
    assert office.ask("GET", path, "li").status_code == 404
    assert listed(office, "li", "?deleted=true") == ["A"]
    assert [one for one, _ in events(office)[len(start) :] if one.startswith("record")] == [], "it never came"
    assert office.ask("POST", f"{path}/restore", "li").status_code in (200, 202)
    again = ask(office, "li", path)
    assert (again["_state"], again["total"]) == ("pending", 30)
    assert again["note"] == ("refused" if end == "reject" else None)
    assert listed(office) == []
    assert [one for one, _ in events(office)[len(start) :] if one.startswith("record")] == []
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert ask(office, "root", f"/records/firm/{customer}")["orders_total"] == 30
    assert office.ask("DELETE", path, "li").status_code == 204
    assert office.ask("POST", f"{path}/restore", "li").status_code == 200
    assert "_state" not in ask(office, "li", path), "it has been in force: nothing is asked again"


def test_returned_and_mended(office: Shop) -> None:
    done = with_lines(office, 10)
    path = f"/records/order/{done.id}"
    assert decide(office, "boss", "return", to="start")["state"] == "returned"
    start = events(office)
    assert office.ask("PATCH", path, "boss", json={"note": "x"}).status_code == 423
    mended = office.ask("PATCH", path, "li", json={"discount": 50})
    assert mended.status_code == 200, mended.text
    assert (mended.get_json()["_state"], mended.get_json()["total"]) == ("pending", 5)
    refused = office.ask("PATCH", path, "li", json={"discount": 13})
    assert refused.status_code == 422
    line = ask(office, "li", "/records/line?state=pending")["data"][0]["id"]
    compound.save(office.session("li"), "order", done.id, {"note": "mended"}, [
        Lines("lines", creates=[{"product": "q", "price": 100}], deletes=[{"id": line}])])  # fmt: skip
    assert ask(office, "li", path)["total"] == 50
    assert events(office) == start
    assert listed(office) == []
    assert decide(office, "li", "submit")["state"] == "running"
    held = office.ask("PATCH", path, "li", json={"note": "x"})
    assert held.status_code == 423 and held.get_json()["link"].startswith("/tasks/flows/")
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert (ask(office, "wu", path)["total"], ask(office, "wu", path)["note"]) == (50, "mended!")


def test_mended_in_the_task(office: Shop) -> None:
    record = make(office)
    assert decide(office, "boss", "return", to="start")["state"] == "returned"
    assert decide(office, "li", "submit", values={"discount": 20})["state"] == "running"
    assert ask(office, "li", f"/records/order/{record}")["discount"] == 20


def test_what_does_not_fit_any_more_goes_back_to_who_made_it(office: Shop) -> None:
    customer = firm(office)
    record = make(office, firm=customer)
    assert office.ask("DELETE", f"/records/firm/{customer}", "root").status_code == 204
    assert decide(office, "boss", "agree")["state"] == "running"
    assert listed(office) == []
    assert [one["kind"] for one in ask(office, "li", "/tasks")["data"]] == ["conflict"]
    assert office.ask("PATCH", f"/records/order/{record}", "li", json={"firm": None}).status_code == 200
    assert decide(office, "li", "rebase")["state"] == "running"
    assert decide(office, "boss", "agree")["state"] == "approved"
    assert listed(office) == ["A"]


def test_a_rule_of_now_is_asked(office: Shop) -> None:
    make(office, discount=20)
    office.publish(FIRM, ORDER.replace("discount != 13", "discount < 15"), LINE, FLOW, SALES, FREE)
    assert decide(office, "boss", "agree")["state"] == "running"
    assert listed(office) == []
    assert decide(office, "li", "discard")["state"] == "withdrawn"
    assert listed(office, "li", "?deleted=true") == ["A"]


@pytest.mark.parametrize("batch", [1, 500])
def test_bulk_and_import(office: Shop, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", batch)
    rows = [{"name": "A"}, {"name": "B", "status": "draft"}, {"name": "C", "discount": 13}]
    found = office.ask("POST", "/records/order/bulk", "li", json={"mode": "create", "records": rows}).get_json()
    assert [one["status"] for one in found["results"]] == [202, 201, 422]
    nothing = office.ask("POST", "/records/order/bulk", "li", json={"mode": "create", "records": rows, "atomic": True})
    assert {one["status"] for one in nothing.get_json()["results"]} <= {409, 422, 424}
    both = [{"name": "E"}, {"name": "F"}]
    found = office.ask("POST", "/records/order/bulk", "li", json={"mode": "create", "records": both, "atomic": True})
    assert [one["status"] for one in found.get_json()["results"]] == [202, 202]
    data = {"file": (io.BytesIO(b"name\nG\nH\n"), "x.csv"), "mapping": json.dumps({"name": "name"})}
    told = office.ask("POST", "/records/order/import", "li", data=data).get_json()
    assert (told["created"], told["pending"]) == (0, 2), told
    assert listed(office) == ["B"]
    assert sorted(listed(office, "li", "?state=pending")) == ["A", "E", "F", "G", "H"]
    tasks = [one["id"] for one in ask(office, "boss", "/tasks")["data"]]
    for one in tasks:
        assert office.ask("POST", f"/tasks/{one}/agree", "boss", json={}).status_code == 200
    assert sorted(listed(office)) == ["A", "B", "E", "F", "G", "H"]


def test_publishing_meanwhile(office: Shop) -> None:
    record = make(office)
    free = FLOW.replace("  on_create: {mode: pending}\n", "")
    office.publish(FIRM, ORDER, LINE, free, SALES, FREE)
    assert listed(office) == [], "nothing comes into force silently"
    assert ask(office, "li", f"/records/order/{record}")["_state"] == "pending"
    assert office.ask("POST", "/records/order", "li", json={"name": "B"}).status_code == 201
    office.publish(*DOCUMENTS)
    assert listed(office) == ["B"]
    assert decide(office, "boss", "agree")["state"] == "approved", "after the documents that it began with"
    assert sorted(listed(office)) == ["A", "B"]


def test_a_value_taken_while_nobody_held_it(office: Shop) -> None:
    make(office)
    office.publish(FIRM, ORDER, LINE, FLOW.replace("  on_create: {mode: pending}\n", ""), SALES, FREE)
    assert office.ask("POST", "/records/order", "wu", json={"name": "A"}).status_code == 201
    assert decide(office, "boss", "agree")["state"] == "running"
    task = ask(office, "li", "/tasks")["data"][0]
    assert task["kind"] == "conflict"
    assert listed(office) == ["A"]


def test_the_same_key_makes_one(office: Shop) -> None:
    headers = {"Idempotency-Key": "k"}
    first = office.ask("POST", "/records/order", "li", json={"name": "A"}, headers=headers)
    second = office.ask("POST", "/records/order", "li", json={"name": "A"}, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json()["record"]["id"] == second.get_json()["record"]["id"]
    assert listed(office, "li", "?state=pending") == ["A"]


def test_nobody_to_ask_is_in_force_at_once(office: Shop) -> None:
    flow = FLOW.replace("title: name & ' ' & total\n", "allow_all_auto: true\nempty: {policy: auto_pass}\n")
    flow = flow.replace("who: {manager: {of: initiator}}", "who: {role: nobody}")
    office.publish(FIRM, ORDER, LINE, flow, SALES, FREE, "role: nobody\nlabel: {en: N, zh: 无}\nobjects: {}\n")
    answer = office.ask("POST", "/records/order", "li", json={"name": "A"})
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["note"] == "!"
    assert listed(office) == ["A"]
    many = office.ask("POST", "/records/order/bulk", "li", json={"mode": "create", "records": [{"name": "B"}]})
    assert [one["status"] for one in many.get_json()["results"]] == [201]


def test_other_objects_pay_nothing(office: Shop) -> None:
    rows = office.workspace.database.rows(Sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s", (office.workspace.schema,)))  # fmt: skip
    told = {name: definition for name, definition in rows if "9999" in definition}
    assert told and all(name.startswith("o_order__") for name in told)
    unique = next(one for one in told.values() if "UNIQUE" in one)
    assert "deleted_at IS NULL" in unique and HELD.split("'")[1][:10] in unique
