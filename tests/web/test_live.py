"""Live forms: what a page gives its script, and what the script may ask. Rights are those of the form itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, person

OBJECTS = """
object: firm
label: {en: Firm, zh: 公司}
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  grade: {type: select, label: {en: Grade, zh: 等级}, options: {A: {en: A, zh: 甲}, B: {en: B, zh: 乙}}}
  limit: {type: money, label: {en: Limit, zh: 额度}}
---
object: deal
label: {en: Deal, zh: 交易}
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  firm: {type: link, label: {en: Firm, zh: 公司}, to: firm, reverse: deals}
  amount: {type: money, label: {en: Amount, zh: 金额}}
  cost: {type: money, label: {en: Cost, zh: 成本}, default: 7}
  due: {type: date, label: {en: Due, zh: 到期}, default: =TODAY()}
  share: {type: percent, label: {en: Share, zh: 占比}}
  part: {type: formula, label: {en: Part, zh: 部分}, value: "ROUND(amount * share / 100, 2)", result: money}
  top: {type: formula, label: {en: Top, zh: 顶级}, value: "firm.grade == 'A'", result: bool}
  margin: {type: formula, label: {en: Margin, zh: 毛利}, value: amount - cost, result: money}
  shown_margin: {type: formula, label: {en: Shown, zh: 展示毛利}, value: amount - cost, result: money, expose: true}
  others: {type: rollup, label: {en: Others, zh: 其他}, value: "SUM(visits.hours) * amount"}
  total: {type: rollup, label: {en: Total, zh: 合计}, value: SUM(lines.net), result: money}
  note: {type: text, label: {en: Note, zh: 备注}, visible: amount > 100, required: total > 10}
  reason: {type: text, label: {en: Reason, zh: 理由}, visible: cost > 5}
  gift: {type: text, label: {en: Gift, zh: 礼品}, visible: firm.grade == 'A'}
validations:
  enough: {valid: amount >= 1, message: {en: too little, zh: 太少}, field: amount}
  paying: {valid: amount > cost, message: {en: below cost, zh: 低于成本}, field: amount}
---
object: line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, label: {en: Deal, zh: 交易}, to: deal, reverse: lines, owned: true, required: true}
  quantity: {type: number, label: {en: Quantity, zh: 数量}, default: 1, scale: 0}
  price: {type: money, label: {en: Price, zh: 单价}, required: quantity > 10, readonly: deal.share > 90}
  net: {type: formula, label: {en: Net, zh: 净额}, value: "quantity * price * (1 - deal.share / 100)", result: money}
---
object: visit
label: {en: Visit, zh: 拜访}
fields:
  deal: {type: link, label: {en: Deal, zh: 交易}, to: deal, reverse: visits}
  hours: {type: number, label: {en: Hours, zh: 小时}}
---
role: clerk
label: {en: Clerk, zh: 文员}
objects:
  firm: {read: {where: "grade == 'B'"}, fields: {limit: hidden}}
  deal: {read: all, create: true, update: all, fields: {cost: hidden}}
  visit: {read: all}
"""


class Clerk:
    """A clerk at a form."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.publish(*OBJECTS.split("---\n"))
        shop.user("chen", "clerk", password=PASSWORD, language="en")
        self.browser = Browser(shop)
        assert self.browser.login("chen").status_code == 303
        self.firms = {grade: self.make("firm", name=grade, grade=grade, limit=1) for grade in "AB"}
        self.deal = self.make("deal", name="D", firm=self.firms["B"], amount=200, share=10)
        self.line = self.make("line", deal=self.deal, quantity=2, price=50)
        self.make("visit", deal=self.deal, hours=3)

    def make(self, kind: str, /, **values: Any) -> str:
        made = self.shop.ask("POST", f"/records/{kind}", json=values)
        assert made.status_code == 201, made.get_data(as_text=True)
        return str(made.json["id"])

    def page(self, path: str) -> tuple[str, dict[str, Any]]:
        text = self.browser.text(path)
        found = re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
        assert found
        return text, json.loads(found[1])

    def ask(self, path: str, **question: Any) -> TestResponse:
        return self.browser.client.post(
            path, json=question, headers={**self.browser.headers, "X-CSRFToken": self.browser.token("/o/deal/new")}
        )

    def answer(self, **question: Any) -> dict[str, Any]:
        found = self.ask(f"/o/deal/{self.deal}/live", **question)
        assert found.status_code == 200, found.get_data(as_text=True)
        answered: dict[str, Any] = found.json
        return answered


@pytest.fixture(scope="module")
def clerk(shared_shop: Shop) -> Clerk:
    return Clerk(shared_shop)


def test_the_page_carries_what_the_caller_may_compute(clerk: Clerk) -> None:
    text, data = clerk.page(f"/o/deal/{clerk.deal}/edit")
    nodes = {(one["at"], one["key"]): one for one in data["nodes"]}
    assert "formula" in nodes["", "part"] and "formula" in nodes["lines", "net"] and "formula" in nodes["", "total"]
    order = [(one["at"], one["key"]) for one in data["nodes"]]
    assert order.index(("lines", "net")) < order.index(("", "total"))
    assert nodes["", "others"]["remote"] == ["amount"]
    assert data["values"]["amount"] == "200" and data["rows"]["lines"]["values"][clerk.line]["price"] == "50"
    assert [one["message"] for one in data["rules"]] == ["too little"]
    places = [one and one["at"] for one in data["conditions"]]
    assert places == ["", "", None, "", "lines", "lines"]
    cell = re.search(r'<div class="held" data-fixed="4" data-must="5">(.*?)</div>', text, re.DOTALL)
    assert cell and 'name="lines-0-price"' in cell[1]
    assert 'data-live="part"' in text and 'data-when="' in text and 'data-live="lines-0-net"' in text


def test_what_the_caller_may_not_read_is_nowhere_on_the_page(clerk: Clerk) -> None:
    for path in ("/o/deal/new", f"/o/deal/{clerk.deal}/edit"):
        text, data = clerk.page(path)
        assert "below cost" not in text and "margin" not in [one["key"] for one in data["nodes"] if "formula" in one]
        assert "cost" not in json.dumps(data)
        exposed = [one for one in data["nodes"] if one["key"] == "shown_margin"]
        assert "formula" not in exposed[0]


def test_linked_records_are_told_as_far_as_they_may_be_read(clerk: Clerk) -> None:
    ids = [clerk.firms["A"], clerk.firms["B"], "nonsense", clerk.deal]
    found = clerk.answer(links=[["", "firm", ids]])["links"][0]
    assert found[clerk.firms["B"]] == {"grade": "B"}
    assert found[clerk.firms["A"]] == {"grade": None} and "nonsense" not in found
    assert clerk.answer(links=[["", "limit", ids], ["", "nothing", ids]])["links"] == [{}, {}]


def test_texts_are_read_as_saving_would(clerk: Clerk) -> None:
    texts = [
        ["", "amount", "1.2万"],
        ["", "amount", "x"],
        ["", "cost", "5"],
        ["lines", "quantity", "１２"],
        ["", "amount", " "],
    ]
    found = clerk.answer(texts=texts)["texts"]
    assert found[0] == {"value": "12000"} and "is not a number" in found[1]["error"]
    assert found[2] == {"value": None}
    assert found[3] == {"value": "12"} and found[4] == {"value": None}


def test_far_formulas_are_computed_for_the_form_as_it_stands(clerk: Clerk) -> None:
    asked = {"values": ["others", "shown_margin", "margin", "part", "cost"], "given": {"amount": "1,000", "cost": "0"}}
    assert clerk.answer(**asked)["values"] == {"others": "3000", "shown_margin": "993"}
    fresh = clerk.ask("/o/deal/new/live", values=["others"], given={"amount": "5"})
    assert fresh.json["values"] == {"others": "0"}


def test_odd_questions_are_refused(clerk: Clerk) -> None:
    path = f"/o/deal/{clerk.deal}/live"
    for question in ({"links": [1]}, {"links": [["nowhere", "firm", []]]}, {"texts": [["", "amount"]]}, {"values": 5},
                     {"given": [1]}, {"links": {"a": 1}}):  # fmt: skip
        assert clerk.ask(path, **question).status_code == 400, question
    assert clerk.browser.client.post(path, json={}, headers=clerk.browser.headers).status_code == 400
    assert clerk.ask("/o/firm/new/live").status_code == 403
    assert clerk.ask(f"/o/deal/{clerk.line}/live").status_code == 404
    assert Browser(clerk.shop).client.post(path, json={}).status_code in (400, 401, 403)


def test_an_object_without_formulas_has_no_script_data(clerk: Clerk) -> None:
    clerk.shop.user("root", "admin", password=PASSWORD, language="en")
    browser = Browser(clerk.shop)
    browser.login("root")
    assert "live-form" not in browser.text("/o/visit/new")


def test_what_cannot_be_set_here_keeps_its_own_words(shop: Shop) -> None:
    """A script that wrote the value of a choice again would write its key in place of its label."""
    shop.publish(
        """object: job
label: {en: Job, zh: 工作}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  state: {type: select, label: {en: State, zh: 状态}, default: o, options: {o: {en: Under way, zh: 进行中}}}
  twice: {type: formula, label: {en: Twice, zh: 两倍}, value: LEN(name) * 2, result: number}
---
role: mender
label: {en: Mender, zh: 修理工}
objects:
  job: {create: true, read: all, update: all, fields: {state: read}}
"""
    )
    shop.user("boss", "admin")
    made = shop.ask("POST", "/records/job", "boss", json={"name": "roof"}).get_json()["id"]
    page = person(shop, "li", "mender").text(f"/o/job/{made}/edit")
    assert '<dd data-live="twice">' in page and 'data-live="state"' not in page
    assert re.search(r"<dt>State</dt><dd>[^\n]*Under way", page)
