"""The approvals of crm_basic: by discount and amount, and side by side."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.commands.templates import TEMPLATES
from runtime.engine import records
from tests.conftest import Shop


@pytest.fixture
def firm(shop: Shop) -> Shop:
    shop.publish_folder(TEMPLATES / "crm_basic")
    shop.user("root", "admin")
    top = shop.user("top", "sales")
    boss = shop.user("boss", "sales", manager=top)
    shop.user("li", "sales", manager=boss)
    shop.user("money", "finance")
    return shop


def quote(shop: Shop, price: int, discount: int) -> str:
    system = shop.session()
    customer = records.create(shop.session("li"), "customer", {"name": "客户甲"}).id
    category = records.create(system, "product_category", {"name": "泵类"}).id
    goods = {"name": "泵", "code": "P1", "list_price": price, "category": category}
    product = records.create(system, "product", goods).id
    values: dict[str, Any] = {"subject": "S", "customer": customer, "discount": discount, "approval_note": "strategic"}
    made = records.create(shop.session("li"), "quote", values).id
    records.create(shop.session("li"), "quote_line", {"quote": made, "product": product, "quantity": 1, "price": price})
    return made


def start(shop: Shop, workflow: str, name: str, record: str) -> dict[str, Any]:
    found = shop.ask("POST", f"/workflows/{workflow}/start", "li", json={"object": name, "record": record})
    assert found.status_code == 201, found.text
    return dict(found.get_json())


def agree(shop: Shop, user: str, action: str = "agree", **body: Any) -> str:
    task = shop.ask("GET", "/tasks", user).get_json()["data"][0]["id"]
    found = shop.ask("POST", f"/tasks/{task}/{action}", user, json=body)
    assert found.status_code == 200, found.text
    return str(found.get_json()["state"])


def status(shop: Shop, name: str, record: str) -> str:
    return str(shop.ask("GET", f"/records/{name}/{record}", "root").get_json()["status"])


@pytest.mark.parametrize(("price", "discount", "people"), [
    (1000, 0, []), (1000, 20, ["boss"]), (1000, 35, ["boss", "top"]), (900_000, 0, ["boss", "top"]),
])  # fmt: skip
def test_quotes(firm: Shop, price: int, discount: int, people: list[str]) -> None:
    record = quote(firm, price, discount)
    state = start(firm, "quote_approval", "quote", record)["state"]
    for person in people:
        assert (state, status(firm, "quote", record)) == ("running", "in_review")
        state = agree(firm, person)
    assert (state, status(firm, "quote", record)) == ("approved", "approved")


def test_a_rejected_and_a_withdrawn_quote(firm: Shop) -> None:
    record = quote(firm, 1000, 20)
    made = start(firm, "quote_approval", "quote", record)
    line = {"quote": record, "quantity": 2}
    assert firm.ask("POST", "/records/quote_line", "li", json=line).status_code == 423, "its lines are held too"
    firm.ask("POST", f"/workflows/instances/{made['instance']}/withdraw", "li", json={})
    assert status(firm, "quote", record) == "draft"
    start(firm, "quote_approval", "quote", record)
    assert agree(firm, "boss", "reject", comment="too cheap") == "rejected"
    assert status(firm, "quote", record) == "rejected"


def test_a_contract(firm: Shop) -> None:
    customer = records.create(firm.session("li"), "customer", {"name": "客户甲"}).id
    record = records.create(firm.session("li"), "contract", {"name": "C", "customer": customer, "amount": 5}).id
    start(firm, "contract_approval", "contract", record)
    agree(firm, "money")
    agree(firm, "boss")
    assert agree(firm, "li", "submit", values={"signed_on": "2026-11-20"}) == "approved"
    assert status(firm, "contract", record) == "effective"


def test_what_the_record_lacks_is_said_to_whoever_submits(firm: Shop) -> None:
    """No administrator is bothered with a reason that the initiator has forgotten: nothing begins."""
    record = quote(firm, 1000, 20)
    records.update(firm.session("li"), "quote", record, {"approval_note": None})
    found = firm.ask("POST", "/workflows/quote_approval/start", "li", json={"object": "quote", "record": record})
    assert found.status_code == 422 and found.get_json()["errors"][0]["field"] == "approval_note", found.text
    assert status(firm, "quote", record) == "draft" and firm.ask("GET", "/tasks", "root").get_json()["data"] == []
    records.update(firm.session("li"), "quote", record, {"approval_note": "strategic"})
    assert start(firm, "quote_approval", "quote", record)["state"] == "running"
