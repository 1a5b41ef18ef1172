"""The templates installed with their sample data: nothing is refused, figures are right, everybody sees his own."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runtime.base.values import load_foreign
from runtime.commands.templates import TEMPLATES, install
from runtime.engine import accounts, samples
from runtime.engine.workspace import make_token
from runtime.meta import load
from runtime.store import people
from tests.conftest import Shop

CENT = Decimal("0.01")
Records = list[dict[str, Any]]


def silent(text: str) -> None:
    """Nobody looks on."""


def installed(shop: Shop, name: str, sample_data: bool = True) -> samples.Loading:
    return install(shop.services, shop.workspace, name, sample_data, silent)


@pytest.fixture(scope="module")
def company(shared_shop: Shop) -> Iterator[Shop]:
    """crm_basic, then crm_project_sales on top of it, each with its sample data."""
    first = installed(shared_shop, "crm_basic")
    second = installed(shared_shop, "crm_project_sales")
    assert len(first.users) == 16 and len(second.users) == 4
    assert sum(first.records.values()) > 1000 and sum(second.records.values()) > 400
    for name in (*first.users, *second.users):
        user = people.user_by_name(shared_shop.database, shared_shop.workspace.schema, name)
        assert user is not None
        token, digest = make_token(shared_shop.workspace.schema)
        people.add_token(shared_shop.database, shared_shop.workspace.schema, user.id, "test", digest, None)
        shared_shop._users[name] = (user.id, token)
    yield shared_shop


def records(shop: Shop, name: str, user: str = "admin", **query: str) -> Records:
    """All records of an object that somebody sees."""
    found: Records = []
    cursor: str | None = None
    while True:
        asked = {"limit": "500", **query, **({"cursor": cursor} if cursor else {})}
        answer = shop.ask("GET", f"/records/{name}", user, query_string=asked)
        assert answer.status_code == 200, answer.text
        body = load_foreign(answer.text)
        found += body["data"]
        cursor = body["next_cursor"]
        if not cursor:
            return found


def status(shop: Shop, method: str, path: str, user: str, **body: Any) -> int:
    return shop.ask(method, path, user, **({"json": body} if body else {})).status_code


def today_there() -> datetime.date:
    """The day in the workspace."""
    return datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date()


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


# -- loading ------------------------------------------------------------------------------------------------


def test_the_passwords_work_and_are_one(shop: Shop) -> None:
    found = installed(shop, "crm_project_sales")
    assert found.password is not None
    assert {"linyue", "chengyan"} <= set(found.users)
    for name in ("linyue", "chengyan"):
        accounts.login(shop.workspace, name, found.password)
    user = people.user_by_name(shop.database, shop.workspace.schema, "linyue")
    assert user is not None and list(user.roles) == ["sales", "project_sales"]
    again = installed(shop, "crm_basic")
    assert (again.users, again.records) == ([], {})


def test_without_sample_data(shop: Shop) -> None:
    assert installed(shop, "crm_basic", sample_data=False).records == {}
    assert records(shop, "customer") == []
    assert people.user_by_name(shop.database, shop.workspace.schema, "linyue") is None
    found = installed(shop, "crm_project_sales")
    assert (found.records, found.users) == ({}, []), "there is nothing that the data could link to"
    assert records(shop, "project") == []


def test_a_person_of_the_same_name_is_left_alone(shop: Shop) -> None:
    shop.publish_folder(TEMPLATES / "crm_basic")
    shop.user("linyue", "marketing", email="lin@elsewhere.example")
    session = shop.session()
    session.settle()
    found = samples.load(session, load.read(TEMPLATES / "crm_basic"), {}, silent)
    user = people.user_by_name(shop.database, shop.workspace.schema, "linyue")
    assert user is not None and list(user.roles) == ["marketing"]
    assert "linyue" not in found.users


def test_days_move_by_weeks(shop: Shop) -> None:
    shop.publish_folder(TEMPLATES / "crm_basic")
    session = shop.session()
    session.settle()
    activity = session.model.objects["activity"]
    data = b"subject,start_at,next_on\n2026-11-18,2026-11-18 09:30,2026-12-28\nb,,\n"
    assert (
        samples.moved(data, activity, 2) == b"subject,start_at,next_on\n2026-11-18,2026-12-02 09:30,2027-01-11\nb,,\n"
    )
    assert samples.moved(data, activity, -1).splitlines()[1] == b"2026-11-18,2026-11-11 09:30,2026-12-21"


def test_the_data_are_alive(company: Shop) -> None:
    """Something was done lately, something is planned, something is late."""
    activities = records(company, "activity")
    today = today_there()
    days = [(datetime.date.fromisoformat(one["start_at"][:10]) - today).days for one in activities]
    assert -10 < max(day for day, one in zip(days, activities, strict=True) if one["status"] == "done") <= 0
    assert any(day > 0 for day, one in zip(days, activities, strict=True) if one["status"] == "planned")
    assert any(one["late"] for one in activities)
    assert {one["stage"] for one in records(company, "opportunity")} == {
        "discover", "qualify", "propose", "negotiate", "won", "lost"}  # fmt: skip
    assert {one["grade"] for one in records(company, "customer")} == {"A", "B", "C"}
    assert all(one["key_contact"] for one in records(company, "customer"))


def test_found_by_pinyin(company: Shop) -> None:
    name = records(company, "customer", limit="500")[0]["short_name"]
    assert name
    stem = next(one for one in records(company, "customer") if "云栖" in one["name"])
    for text in ("yunqi", "yq", "云栖"):
        found = records(company, "customer", q=text)
        assert stem["id"] in {one["id"] for one in found}, text


# -- figures ------------------------------------------------------------------------------------------------


def test_sums_of_quotes(company: Shop) -> None:
    """Every quote of the sample data against the rule, counted by hand: rounded line by line."""
    products = {one["id"]: one for one in records(company, "product")}
    customers = {one["id"]: one for one in records(company, "customer")}
    lines: dict[str, Records] = {}
    for one in records(company, "quote_line"):
        lines.setdefault(one["quote"], []).append(one)
    for quote in records(company, "quote"):
        own = lines[quote["id"]]
        amounts = [cents(one["quantity"] * one["price"] * (1 - one["discount"] / 100)) for one in own]
        nets = [cents(one * (1 - quote["discount"] / 100)) for one in amounts]
        taxes = [cents(net * one["tax_rate"] / 100) for net, one in zip(nets, own, strict=True)]
        listed = sum(one["quantity"] * one["list_price"] for one in own)
        cost = sum(one["quantity"] * products[one["product"]]["cost"] for one in own)
        assert quote["subtotal"] == sum(amounts)
        assert quote["net_total"] == sum(nets)
        assert quote["discount_amount"] == sum(amounts) - sum(nets)
        assert quote["tax_total"] == sum(taxes)
        assert quote["total"] == sum(nets) + sum(taxes)
        assert quote["cost_total"] == cost
        assert quote["margin"] == cents((sum(nets) - cost) / sum(nets) * 100)
        full = cents((listed - sum(nets)) / listed * 100)
        assert quote["full_discount"] == full
        below = sum(
            net < one["quantity"] * products[one["product"]]["floor_price"] for net, one in zip(nets, own, strict=True)
        )
        allowed = 25 if customers[quote["customer"]]["grade"] == "A" else 15
        assert quote["needs_approval"] is bool(below > 0 or full > allowed)
    assert {one["needs_approval"] for one in records(company, "quote")} == {True, False}


def test_a_quote_counted_by_hand(company: Shop) -> None:
    made = company.ask("POST", "/records/customer", json={"name": "试算有限公司"})
    product = company.ask(
        "POST", "/records/product",
        json={"code": "T-1", "name": "试算", "category": records(company, "product_category")[0]["id"],
              "list_price": 333.33, "floor_price": 250, "cost": 200, "tax_rate": 13},
    )  # fmt: skip
    assert (made.status_code, product.status_code) == (201, 201), made.text + product.text
    quote = load_foreign(
        company.ask(
            "POST", "/records/quote", json={"subject": "试算", "customer": load_foreign(made.text)["id"], "discount": 5}
        ).text
    )
    path = f"/records/quote/{quote['id']}"
    line = {"quote": quote["id"], "product": load_foreign(product.text)["id"]}
    first = company.ask("POST", "/records/quote_line", json={**line, "quantity": 3, "discount": 10})
    second = company.ask("POST", "/records/quote_line", json={**line, "quantity": 1, "price": 100, "tax_rate": 6})
    assert (first.status_code, second.status_code) == (201, 201), first.text + second.text
    found = load_foreign(company.ask("GET", path).text)
    # 3 x 333.33 - 10 % = 899.99; less 5 % = 854.99, tax 111.15. 100 less 5 % = 95.00, tax 5.70.
    expected = {"subtotal": "999.99", "net_total": "949.99", "discount_amount": "50.00", "tax_total": "116.85",
                "total": "1066.84", "deepest_discount": "10", "cost_total": "800"}  # fmt: skip
    assert {name: found[name] for name in expected} == {name: Decimal(value) for name, value in expected.items()}
    assert found["below_floor"] == 1 and found["needs_approval"] is True
    refused = company.ask("PATCH", path, json={"status": "in_review"})
    assert refused.status_code == 422 and "approval_note" in refused.text
    assert company.ask("PATCH", path, json={"status": "in_review", "approval_note": "首单"}).status_code == 200


def test_money_of_contracts_and_customers(company: Shop) -> None:
    paid: dict[str, Decimal] = {}
    for one in records(company, "payment"):
        if one["status"] == "confirmed":
            paid[one["contract"]] = paid.get(one["contract"], Decimal(0)) + one["amount"]
    assert any(one["status"] == "registered" for one in records(company, "payment"))
    plans: dict[str, Records] = {}
    for one in records(company, "payment_plan"):
        plans.setdefault(one["contract"], []).append(one)
    owed: dict[str, Decimal] = {}
    quotes = {one["id"]: one for one in records(company, "quote")}
    today = today_there().isoformat()
    for one in records(company, "contract"):
        money = paid.get(one["id"], Decimal(0))
        assert one["paid"] == money
        assert one["outstanding"] == one["amount"] - money
        assert one["planned"] == one["amount"] and one["unplanned"] == 0
        assert one["amount"] == quotes[one["quote"]]["total"], "a contract is signed for what was quoted"
        late = sum((each["outstanding"] for each in plans[one["id"]] if each["due_on"] < today), Decimal(0))
        assert one["overdue"] == late
        owed[one["customer"]] = owed.get(one["customer"], Decimal(0)) + one["outstanding"]
    for one in records(company, "customer"):
        assert one["outstanding"] == owed.get(one["id"], 0)
        assert one["credit_left"] == one["credit_limit"] - owed.get(one["id"], 0)
    assert any(one["overdue"] > 0 for one in records(company, "contract"))


def test_opportunities_and_contacts(company: Shop) -> None:
    shares = {"discover": 10, "qualify": 25, "propose": 50, "negotiate": 75, "won": 100, "lost": 0}
    for one in records(company, "opportunity"):
        assert one["weighted"] == cents((one["amount"] or 0) * Decimal(shares[one["stage"]]) / 100)
    last: dict[str, str] = {}
    for one in records(company, "activity"):
        if one["customer"] and one["status"] == "done":
            last[one["customer"]] = max(last.get(one["customer"], ""), one["start_at"])
    for one in records(company, "customer"):
        assert one["last_contact_at"] == last.get(one["id"])


def test_margins_and_milestones(company: Shop) -> None:
    solutions = {one["id"]: one for one in records(company, "solution")}
    for one in records(company, "project_quote"):
        cost = solutions[one["solution"]]["full_cost"]
        assert one["cost"] == cost and one["profit"] == one["net_total"] - cost
        assert one["margin"] == cents((one["net_total"] - cost) / one["net_total"] * 100)
    contracts = {one["id"]: one for one in records(company, "contract")}
    for one in records(company, "project_contract"):
        assert one["share_total"] == 100
        assert one["outstanding"] == contracts[one["contract"]]["outstanding"]
    done = records(company, "project_contract")[0]
    wrong = records(company, "project_milestone", filter=f"project_contract == '{done['id']}'")[0]
    assert company.ask("PATCH", f"/records/project_milestone/{wrong['id']}", json={"share": 99}).status_code == 200
    refused = company.ask("PATCH", f"/records/project_contract/{done['id']}", json={"note": "x"})
    assert refused.status_code == 422
    company.ask("PATCH", f"/records/project_milestone/{wrong['id']}", json={"share": float(wrong["share"])})


# -- rights -------------------------------------------------------------------------------------------------


def test_sales_sees_his_own(company: Shop) -> None:
    me = company._users["linyue"][0]
    mine = records(company, "customer", "linyue")
    assert mine and all(one["owner"] == me for one in mine)
    assert len(mine) == sum(one["owner"] == me for one in records(company, "customer"))
    ids = {one["id"] for one in mine}
    for name in ("contact", "ticket"):
        assert all(one["customer"] in ids or one["owner"] == me for one in records(company, name, "linyue")), name
    contracts = {one["id"] for one in records(company, "contract", "linyue")}
    payments = records(company, "payment", "linyue")
    assert payments and all(one["contract"] in contracts for one in payments), "entered by finance, seen by sales"
    assert any(one["paid"] for one in records(company, "contract", "linyue"))


@pytest.mark.parametrize(
    ("user", "name", "hidden"),
    [
        ("linyue", "product", {"cost", "margin"}),
        ("linyue", "quote", {"cost_total", "margin"}),
        ("linyue", "quote_line", {"cost", "cost_amount"}),
        ("linyue", "campaign", {"cost", "roi"}),
        ("linyue", "project_quote", {"cost", "profit", "margin"}),
        ("linyue", "solution", {"full_cost", "material_cost"}),
        ("guqingyi", "customer", {"tax_number", "bank_account", "credit_limit", "outstanding"}),
        ("luoxiaotong", "contract", {"amount", "paid", "outstanding", "overdue"}),
        ("luoxiaotong", "order", {"net_total", "total", "cost_total"}),
        ("luoxiaotong", "customer", {"credit_limit", "contracted", "bank_account"}),
        ("fangjingyi", "customer", {"decision_way", "closeness"}),
        ("weiran", "project", {"cost"}),
    ],
)
def test_hidden_from(company: Shop, user: str, name: str, hidden: set[str]) -> None:
    found = records(company, name, user)
    assert found, "something is there to be seen"
    assert not hidden & set(found[0])
    for one in hidden:
        asked = company.ask("GET", f"/records/{name}", user, query_string={"filter": f"NOT(ISBLANK({one}))"})
        assert asked.status_code == 422, one


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("luoxiaotong", "opportunity"), ("luoxiaotong", "lead"), ("luoxiaotong", "payment"), ("guqingyi", "contract"),
        ("guqingyi", "quote"), ("guqingyi", "ticket"), ("fangjingyi", "lead"), ("fangjingyi", "ticket"),
        ("chengyan", "contract"), ("chengyan", "payment"), ("weiran", "project_quote"), ("tangzimo", "project"),
    ],
)  # fmt: skip
def test_not_there_for(company: Shop, user: str, name: str) -> None:
    assert status(company, "GET", f"/records/{name}", user) == 404


def test_managers_see_their_departments(company: Shop) -> None:
    everything = len(records(company, "customer"))
    sales = {name: len(records(company, "customer", name)) for name in ("linyue", "suwanqing", "hejiamin")}
    assert len(records(company, "customer", "xuzhixing")) == sales["linyue"] + sales["suwanqing"]
    assert len(records(company, "customer", "luchengyu")) >= everything - 1
    assert "margin" in records(company, "quote", "xuzhixing")[0]
    assert "margin" in records(company, "project_quote", "luchengyu")[0]
    east = records(company, "payment", "xuzhixing")
    assert east and len(east) < len(records(company, "payment", "luchengyu"))


def test_what_everybody_may_do(company: Shop) -> None:
    mine = records(company, "customer", "linyue")[0]["id"]
    other = records(company, "customer", "hejiamin")[0]["id"]
    assert status(company, "PATCH", f"/records/customer/{mine}", "linyue", note="x") == 200
    assert status(company, "PATCH", f"/records/customer/{mine}", "linyue", credit_limit=9) in (403, 422)
    assert status(company, "PATCH", f"/records/customer/{other}", "linyue", note="x") == 404
    assert status(company, "DELETE", f"/records/customer/{mine}", "linyue") == 403
    waits = status(company, "PATCH", f"/records/customer/{mine}", "fangjingyi", credit_limit=900000)
    assert waits == 202, "of an active customer it waits for approval"
    assert status(company, "PATCH", f"/records/customer/{mine}", "fangjingyi", grade="A") in (403, 422)
    assert status(company, "PATCH", f"/records/customer/{mine}", "luoxiaotong", note="x") == 403
    waiting = next(one for one in records(company, "payment", "fangjingyi") if one["status"] == "registered")
    assert status(company, "PATCH", f"/records/payment/{waiting['id']}", "luchengyu", status="confirmed") == 403
    assert status(company, "PATCH", f"/records/payment/{waiting['id']}", "fangjingyi", status="confirmed") == 200
    assert status(company, "GET", "/records/lead/export?format=csv", "guqingyi") == 200
    assert status(company, "GET", "/records/customer/export?format=csv", "linyue") == 403
    assert status(company, "POST", "/records/product", "linyue", code="X1", name="x") == 403
    assert status(
        company, "PATCH", f"/records/ticket/{records(company, 'ticket')[0]['id']}", "luoxiaotong", note=""
    ) in (200, 422)
    assert len(records(company, "ticket", "yezhiqiu")) == len(records(company, "ticket"))


def test_project_manager_sees_his_contracts(company: Shop) -> None:
    mine = records(company, "project_contract", "weiran")
    assert mine and all(one["manager"] == company._users["weiran"][0] for one in mine)
    contracts = records(company, "contract", "weiran")
    assert {one["id"] for one in contracts} == {one["contract"] for one in mine}
    plans = records(company, "payment_plan", "weiran")
    assert plans and {one["contract"] for one in plans} <= {one["contract"] for one in mine}
