"""The write path over HTTP: defaults, conditions, validations, uniqueness, links, numbers, titles, search."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Shop
from tests.engine.tables import codes, dump, problem

DOCUMENTS = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  grade: {type: select, label: {en: Grade, zh: 等级}, options: {a: {en: A, zh: 甲}, b: {en: B, zh: 乙}}, default: b}
  phone: {type: phone, label: {en: Phone, zh: 电话}}
---
object: deal
label: {en: Deal, zh: 交易}
title: number & ' ' & name
fields:
  number: {type: autonumber, label: {en: No., zh: 编号}, pattern: "D-{0000}", gap_free: true}
  name: {type: text, label: {en: Name, zh: 名称}, required: true, max_length: 50}
  firm: {type: link, label: {en: Firm, zh: 公司}, to: firm, reverse: deals}
  helpers: {type: links, label: {en: Helpers, zh: 协助}, to: firm}
  status:
    type: select
    label: {en: Status, zh: 状态}
    options: {draft: {en: Draft, zh: 草稿}, sent: {en: Sent, zh: 已发}, done: {en: Done, zh: 完成}}
    default: draft
  grade_then: {type: text, label: {en: Grade then, zh: 当时等级}, default: "=firm.grade"}
  opened: {type: date, label: {en: Opened, zh: 开始}, default: "=TODAY()"}
  closed: {type: date, label: {en: Closed, zh: 结束}, default: "=DATEADD(opened, 10, 'day')"}
  amount: {type: money, label: {en: Amount, zh: 金额}, min: 0}
  discount: {type: percent, label: {en: Discount, zh: 折扣}, max: 40, readonly: status != 'draft', default: 0}
  reason: {type: text, label: {en: Reason, zh: 原因}, required: discount > 10, visible: status != 'sent'}
  approved: {type: checkbox, label: {en: Approved, zh: 已批}}
  fixed: {type: text, label: {en: Fixed, zh: 固定}, readonly: true, default: always}
  net: {type: formula, label: {en: Net, zh: 净额}, value: "ROUND(amount * (1 - discount / 100), 2)", result: number}
  total: {type: rollup, label: {en: Total, zh: 合计}, value: SUM(lines.quantity), result: number}
  code: {type: text, label: {en: Code, zh: 代码}, unique: true}
  year: {type: number, label: {en: Year, zh: 年}, scale: 0}
  place: {type: text, label: {en: Place, zh: 地点}}
unique: [[year, place]]
validations:
  order_of_dates:
    valid: ISBLANK(closed) or closed >= opened
    message: {en: It closes after it opens, zh: 结束不能早于开始}
    field: closed
  only_a:
    valid: discount <= 20 or firm.grade == 'a'
    message: {en: More than 20 only for grade A, zh: 超过 20 仅限甲级}
    field: discount
  never_back:
    valid: not (ISCHANGED(status) and OLD(status) == 'done')
    message: {en: Done stays done, zh: 完成后不可更改}
  begins_as_draft:
    valid: not ISNEW() or status == 'draft'
    message: {en: It begins as a draft, zh: 只能从草稿开始}
    field: status
  few_lines:
    valid: COUNT(lines) <= 2 or approved
    message: {en: More than two lines are approved first, zh: 超过两行须先批准}
---
object: line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, label: {en: Deal, zh: 交易}, to: deal, reverse: lines, owned: true, required: true}
  quantity: {type: number, label: {en: Quantity, zh: 数量}, default: 1, min: 1}
  price: {type: money, label: {en: Price, zh: 单价}, default: "=deal.amount"}
---
object: ticket
label: {en: Ticket, zh: 工单}
title: number
fields:
  number: {type: autonumber, label: {en: No., zh: 编号}, pattern: "T{0000}", start: 5}
  about: {type: text, label: {en: About, zh: 主题}}
"""


@pytest.fixture(scope="module")
def deals(shared_shop: Shop) -> Shop:
    shared_shop.publish(DOCUMENTS)
    return shared_shop


def make(shop: Shop, name: str, /, **values: Any) -> dict[str, Any]:
    answer = shop.ask("POST", f"/records/{name}", json=values)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def refused(shop: Shop, values: dict[str, Any], status: int, *expected: tuple[str | None, str]) -> None:
    """Creating a deal is refused with exactly these problems, and nothing has changed."""
    before = dump(shop)
    answer = shop.ask("POST", "/records/deal", json=values)
    problem(answer, status)
    assert codes(answer) == set(expected)
    assert dump(shop) == before


def test_defaults_are_literal_values_and_formulas_with_paths(deals: Shop) -> None:
    firm = make(deals, "firm", name="华星", grade="a")
    made = make(deals, "deal", name="x", firm=firm["id"], opened="2026-01-05")
    assert made["status"] == "draft" and made["grade_then"] == "a" and made["closed"] == "2026-01-15"
    assert make(deals, "deal", name="x")["grade_then"] is None
    assert make(deals, "deal", name="x", grade_then=None, firm=firm["id"])["grade_then"] is None, "blank was said"
    line = make(deals, "line", deal=make(deals, "deal", name="y", amount=12.5)["id"])
    assert line["price"] == 12.5 and line["quantity"] == 1


def test_values_are_normalised(deals: Shop) -> None:
    firm = make(deals, "firm", name=" 华星 ", phone="138 1234 5678")
    assert firm["name"] == "华星" and firm["phone"] == "+8613812345678"


def test_required_asks_what_is_visible(deals: Shop) -> None:
    refused(deals, {}, 422, ("name", "required"))
    refused(deals, {"name": "x", "discount": 15}, 422, ("reason", "required"))
    made = make(deals, "deal", name="x", discount=15, reason="big")
    hidden = deals.ask("PATCH", f"/records/deal/{made['id']}", json={"status": "sent", "reason": None})
    assert hidden.status_code == 200, "what is not shown is not asked for"


def test_readonly_holds_from_the_change_on(deals: Shop) -> None:
    made = make(deals, "deal", name="x", discount=5)
    path = f"/records/deal/{made['id']}"
    assert deals.ask("PATCH", path, json={"discount": 6}).status_code == 200
    assert deals.ask("PATCH", path, json={"status": "sent"}).status_code == 200
    answer = deals.ask("PATCH", path, json={"discount": 7, "name": "y"})
    problem(answer, 422)
    assert codes(answer) == {("discount", "readonly")}
    assert deals.ask("GET", path).get_json()["name"] == "x"


def test_a_field_that_is_always_read_only_is_never_set(deals: Shop) -> None:
    refused(deals, {"name": "x", "fixed": "mine"}, 422, ("fixed", "readonly"))
    made = make(deals, "deal", name="x")
    assert made["fixed"] == "always"
    answer = deals.ask("PATCH", f"/records/deal/{made['id']}", json={"fixed": "mine"})
    assert answer.status_code == 422 and codes(answer) == {("fixed", "readonly")}


def test_validations_look_at_own_values_paths_and_lines(deals: Shop) -> None:
    refused(deals, {"name": "x", "opened": "2026-02-01", "closed": "2026-01-01"}, 422,
            ("closed", "validation:order_of_dates"))  # fmt: skip
    low, high = make(deals, "firm", name="b"), make(deals, "firm", name="a", grade="a")
    refused(deals, {"name": "x", "discount": 30, "reason": "r", "firm": low["id"]}, 422,
            ("discount", "validation:only_a"))  # fmt: skip
    make(deals, "deal", name="x", discount=30, reason="r", firm=high["id"])
    refused(deals, {"name": "x", "status": "sent"}, 422, ("status", "validation:begins_as_draft"))
    made = make(deals, "deal", name="lines")
    for _ in range(3):
        make(deals, "line", deal=made["id"])
    answer = deals.ask("PATCH", f"/records/deal/{made['id']}", json={"name": "more"})
    assert codes(answer) == {(None, "validation:few_lines")}
    assert deals.ask("PATCH", f"/records/deal/{made['id']}", json={"approved": True}).get_json()["total"] == 3


def test_validations_see_the_value_before(deals: Shop) -> None:
    made = make(deals, "deal", name="x")
    path = f"/records/deal/{made['id']}"
    assert deals.ask("PATCH", path, json={"status": "done"}).status_code == 200
    assert deals.ask("PATCH", path, json={"name": "still done"}).status_code == 200
    answer = deals.ask("PATCH", path, json={"status": "draft"})
    assert answer.status_code == 422 and codes(answer) == {(None, "validation:never_back")}


def test_unique_alone_and_combined(deals: Shop) -> None:
    make(deals, "deal", name="x", code="U1", year=2026, place="p")
    refused(deals, {"name": "y", "code": "U1"}, 409, ("code", "taken"))
    refused(deals, {"name": "y", "year": 2026, "place": "p"}, 409, ("year", "taken"), ("place", "taken"))
    other = make(deals, "deal", name="y", year=2026, place="q")
    make(deals, "deal", name="z", year=2026)
    make(deals, "deal", name="z", year=2026)
    answer = deals.ask("PATCH", f"/records/deal/{other['id']}", json={"place": "p"})
    assert answer.status_code == 409 and codes(answer) == {("year", "taken"), ("place", "taken")}


def test_a_unique_value_of_many_at_once_is_taken_once(deals: Shop) -> None:
    def one(number: int) -> int:
        return deals.ask("POST", "/records/deal", json={"name": str(number), "code": "RACE"}).status_code

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(one, range(12)))
    assert found == [201] + [409] * 11


def test_links_lead_to_living_records_of_the_right_object(deals: Shop) -> None:
    firm, gone = make(deals, "firm", name="f"), make(deals, "firm", name="g")
    assert deals.ask("DELETE", f"/records/firm/{gone['id']}").status_code == 204
    stranger = make(deals, "ticket", about="t")
    missing = "0190f3c2-7a1b-7c00-8000-000000000001"
    for wrong in (gone["id"], stranger["id"], missing):
        refused(deals, {"name": "x", "firm": wrong}, 422, ("firm", "not_found"))
        refused(deals, {"name": "x", "helpers": [firm["id"], wrong]}, 422, ("helpers", "not_found"))
    made = make(deals, "deal", name="x", helpers=[firm["id"], firm["id"]])
    assert made["helpers"] == [firm["id"]]
    answer = deals.ask("POST", "/records/line", json={"quantity": 1})
    assert answer.status_code == 422 and codes(answer) == {("deal", "required")}


def test_numbers_without_gaps_have_none(deals: Shop) -> None:
    def one(number: int) -> int:
        values: dict[str, Any] = {"name": str(number)}
        if number % 3 == 0:
            values["firm"] = "0190f3c2-7a1b-7c00-8000-000000000001"  # refused inside of the transaction
        if number % 4 == 1:
            values["code"] = "GAP"
        return deals.ask("POST", "/records/deal", json=values).status_code

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(one, range(36)))
    assert set(found) == {201, 422, 409}
    rows = deals.ask("GET", "/records/deal?fields=number&limit=500&sort=id").get_json()["data"]
    numbers = sorted(int(one["number"].removeprefix("D-")) for one in rows)
    assert numbers == list(range(1, len(numbers) + 1))
    made = make(deals, "deal", name="last")
    found_title = deals.ask("GET", f"/search?q={made['number']}").get_json()["data"]
    assert [one["title"] for one in found_title] == [f"{made['number']} last"]


def test_other_numbers_are_given_once(deals: Shop) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: make(deals, "ticket")["number"], range(30)))
    assert len(set(found)) == 30 and min(found) >= "T0005"


@pytest.mark.parametrize("term", ["华星", "huaxing", "bjhx", "北京", "hx", "科技", "13900"])
def test_search_by_characters_pinyin_and_initials(deals: Shop, term: str) -> None:
    made = make(deals, "firm", name=f"北京华星科技 {term}", phone="13900001111")
    found = deals.ask("GET", f"/records/firm?q={term}&limit=500").get_json()["data"]
    assert made["id"] in [one["id"] for one in found]
    assert deals.ask("GET", "/records/firm?q=完全没有").get_json()["data"] == []


def test_nobody_sets_what_the_system_gives(deals: Shop) -> None:
    some = "0190f3c2-7a1b-7c00-8000-000000000001"
    values = {"id": some, "version": 7, "created_at": "2020-01-01", "created_by": some, "updated_at": None,
              "updated_by": some, "number": "D-1", "net": 5, "total": 1, "nonsense": 1, "name": "x"}  # fmt: skip
    expected = {(one, "readonly") for one in values if one not in ("nonsense", "name")} | {
        ("nonsense", "unknown_field")
    }
    refused(deals, values, 422, *expected)
    made = make(deals, "deal", name="x")
    before = dump(deals)
    answer = deals.ask("PATCH", f"/records/deal/{made['id']}", json=values)
    assert answer.status_code == 422 and codes(answer) == expected and dump(deals) == before
    refused(deals, {"name": "x", "owner": some}, 422, ("owner", "not_found"))
    refused(deals, {"name": "x", "deleted_at": None, "title": "t"}, 422,
            ("deleted_at", "unknown_field"), ("title", "unknown_field"))  # fmt: skip
