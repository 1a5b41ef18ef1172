"""Submitting asks every rule of the record as it stands, also those that were published after it was stored."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine import dispatch, publish, records, scenarios
from runtime.meta import load
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser
from tests.web.test_tasks import send, task_of

QUOTE = """
object: quote
label: {en: Quote, zh: 报价}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  terms: {type: text, label: {en: Terms, zh: 条款}}
  margin: {type: number, label: {en: Margin, zh: 毛利}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {draft: {en: D, zh: 草}, old: {en: O, zh: 旧}}, default: draft}
---
object: line
label: {en: Item, zh: 明细}
title: name
fields:
  quote: {type: link, to: quote, reverse: lines, owned: true, required: true}
  name: {type: text, label: {en: Name, zh: 名称}}
  count: {type: number, label: {en: Count, zh: 数量}}
"""
FLOW = """
workflow: approval
label: {en: Quote approval, zh: 报价审批}
object: quote
title: name
start: {trigger: [manual, on_change], on_change: {fields: [terms]}}
nodes: [{approve: boss, who: {manager: {of: initiator}}, actions: {return: {to: [start]}}}]
"""
ROLES = """
role: sales
objects: {quote: {create: true, read: own, update: own, fields: {margin: hidden}}}
---
role: chief
objects: {quote: {read: all}}
"""
#: The same with rules that the stored records have not heard of.
STRICT = (
    QUOTE.replace("en: Terms, zh: 条款}", "en: Terms, zh: 条款}, required: amount > 100")
    .replace(", old: {en: O, zh: 旧}", "")
    .replace("---\nobject: line", """validations:
  whole: {valid: "amount < 1000", field: amount, message: {en: too much, zh: 过高}}
---
object: line""")
    .replace("{en: Count, zh: 数量}", "{en: Count, zh: 数量}, required: true")
)  # fmt: skip


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(QUOTE, FLOW, ROLES)
    shop.user("root", "admin", password=PASSWORD, language="en")
    boss = shop.user("boss", "chief")
    shop.user("li", "sales", manager=boss, password=PASSWORD, language="en")
    return shop


def quote(shop: Shop, **values: Any) -> str:
    return records.create(shop.session("li"), "quote", {"name": "Q", "amount": 500, **values}).id


def start(shop: Shop, record: str, **headers: Any) -> Any:
    return shop.ask("POST", "/workflows/approval/start", "li", json={"object": "quote", "record": record}, **headers)


def wrong(answer: Any) -> set[tuple[str | None, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.content_type.startswith("application/problem+json")
    return {(one["field"], one["code"]) for one in answer.get_json()["errors"]}


def test_every_field_that_breaks_a_rule_is_told_and_nothing_begins(office: Shop) -> None:
    record, good = quote(office, status="old"), quote(office, terms="30 days")
    office.publish(STRICT, FLOW, ROLES)
    said = start(office, record)
    assert {name for name, _ in wrong(said)} == {"terms", "status"}
    assert office.ask("GET", "/tasks", "boss").get_json()["data"] == []
    assert start(office, good).status_code == 201


def test_validations_of_the_object(office: Shop) -> None:
    record = quote(office, amount=5000, terms="x")
    office.publish(STRICT, FLOW, ROLES)
    assert wrong(start(office, record)) == {("amount", "validation:whole")}


def test_a_refused_start_may_be_repeated_under_its_key(office: Shop) -> None:
    record = quote(office)
    office.publish(STRICT, FLOW, ROLES)
    key = {"headers": {"Idempotency-Key": "k1"}}
    assert wrong(start(office, record, **key)) == {("terms", "required")}
    office.publish(QUOTE, FLOW, ROLES)
    assert start(office, record, **key).status_code == 201
    assert start(office, record, **key).status_code == 201
    assert start(office, record).status_code == 409


def test_lines_keep_their_rules_too(office: Shop) -> None:
    record = quote(office, amount=1)
    line = records.create(office.session("root"), "line", {"quote": record, "name": "Chair"}).id
    fine = records.create(office.session("root"), "line", {"quote": quote(office, amount=1), "name": "Desk"}).id
    office.publish(STRICT, FLOW, ROLES)
    said = start(office, record)
    assert wrong(said) == {(f"lines.lines.{line}.count", "required")}
    assert "Item 'Chair', Count: must be filled in" in said.text and fine not in said.text
    records.delete(office.session("root"), "line", line)
    assert start(office, record).status_code == 201


#: Lines of lines, and lines that have no name in their record.
DEEPER = """
---
object: part
label: {en: Part, zh: 部件}
title: name
fields:
  line: {type: link, to: line, reverse: parts, owned: true, required: true}
  name: {type: text, label: {en: Name, zh: 名称}}
  size: {type: number, label: {en: Size, zh: 尺寸}}
---
object: remark
label: {en: Remark, zh: 备注}
title: name
fields:
  part: {type: link, to: part, owned: true, required: true}
  name: {type: text, label: {en: Name, zh: 名称}}
  size: {type: number, label: {en: Size, zh: 尺寸}}
"""


def test_lines_of_lines_and_lines_without_a_name_keep_their_rules_too(office: Shop) -> None:
    office.publish(QUOTE + DEEPER, FLOW, ROLES)
    root = office.session("root")
    record, other = quote(office, amount=1), quote(office, amount=1)
    line = records.create(root, "line", {"quote": record, "name": "Chair"}).id
    part = records.create(root, "part", {"line": line, "name": "Leg"}).id
    records.create(root, "remark", {"part": part, "name": "Oak", "size": 3})
    records.create(root, "part", {"line": records.create(root, "line", {"quote": other}).id, "name": "Top"})
    office.publish(QUOTE + DEEPER.replace("{en: Size, zh: 尺寸}", "{en: Size, zh: 尺寸}, required: true"), FLOW, ROLES)
    said = start(office, record)
    assert wrong(said) == {(f"lines.lines.{line}.lines.parts.{part}.size", "required")}
    assert "Item 'Chair', Part 'Leg', Size: must be filled in" in said.text and "Top" not in said.text
    records.update(root, "part", part, {"size": 1})
    strict = DEEPER.replace("{en: Size, zh: 尺寸}", "{en: Size, zh: 尺寸}, min: 5")
    office.publish(QUOTE + strict, FLOW, ROLES)
    records.update(root, "part", part, {"size": 7})
    said = start(office, record)
    assert [one for one, _ in wrong(said)] == [None]
    assert "Item 'Chair', Part 'Leg', Remark 'Oak', Size: " in said.text


def test_who_may_not_read_or_set_a_field_is_told_who_helps(office: Shop) -> None:
    record = quote(office, amount=1)
    office.publish(QUOTE.replace("en: Margin, zh: 毛利}", "en: Margin, zh: 毛利}, required: true"), FLOW, ROLES)
    said = start(office, record)
    assert wrong(said) == {(None, "unseen")}
    assert "an administrator must look" in said.text and "argin" not in said.text
    office.publish(QUOTE.replace("en: Margin, zh: 毛利}", "en: Margin, zh: 毛利}, required: true"), FLOW,
                   ROLES.replace("margin: hidden", "margin: read"))  # fmt: skip
    said = start(office, record)
    assert wrong(said) == {("margin", "required")} and "an administrator must look" in said.text


def test_who_may_not_submit_learns_nothing_of_the_rules(office: Shop) -> None:
    record = quote(office)
    office.publish(STRICT, FLOW.replace("[terms]}}", "[terms]}, who: {roles: [chief]}}"), ROLES)
    assert start(office, record).status_code == 403
    office.user("eve", "sales")
    ask = {"object": "quote", "record": record}
    assert office.ask("POST", "/workflows/approval/start", "eve", json=ask).status_code == 404


def test_what_a_form_does_not_show_is_not_asked(office: Shop) -> None:
    record = quote(office, status="old", amount=1)
    hidden = STRICT.replace("zh: 状态}", "zh: 状态}, visible: amount > 100")
    office.publish(hidden, FLOW, ROLES)
    assert start(office, record).status_code == 201


def test_submitting_again_asks_again_after_what_was_mended(office: Shop) -> None:
    record = quote(office)
    assert start(office, record).status_code == 201
    back = {"to": "start", "comment": "no"}
    assert office.ask("POST", f"/tasks/{task_of(office, 'boss')}/return", "boss", json=back).status_code == 200
    office.publish(STRICT, FLOW, ROLES)
    task = task_of(office, "li")
    assert wrong(office.ask("POST", f"/tasks/{task}/submit", "li", json={})) == {("terms", "required")}
    assert wrong(office.ask("POST", f"/tasks/{task}/submit", "li", json={"values": {"amount": 2000, "terms": "x"}}))
    assert office.ask("GET", f"/records/quote/{record}", "li").get_json()["amount"] == 500, "nothing is half done"
    mended = {"values": {"terms": "60 days"}}
    assert office.ask("POST", f"/tasks/{task}/submit", "li", json=mended).status_code == 200
    assert task_of(office, "boss")


def test_what_begins_by_itself_goes_on_as_it_is(office: Shop) -> None:
    record = quote(office, status="old", amount=1)
    office.publish(STRICT, FLOW, ROLES)
    answer = office.ask("PATCH", f"/records/quote/{record}", "li", json={"terms": "new"})
    assert answer.status_code == 200, answer.text
    dispatch.drain(office.workspace)
    assert task_of(office, "boss")


def test_the_pages_show_what_is_wrong_by_label(office: Shop) -> None:
    record = quote(office, status="old")
    office.publish(STRICT, FLOW, ROLES)
    li = Browser(office)
    assert li.login("li").status_code == 303
    answer = li.fill(f"/tasks/start/approval/quote/{record}", {"_begin": "1"})
    assert answer.status_code == 422
    assert "Please mend this first" in answer.text and "<li>Terms: must be filled in</li>" in answer.text
    assert "<li>Status: " in answer.text
    answer = li.fill(f"/o/quote/{record}/edit", {"terms": "x", "_start": "approval"})
    page = answer.text if answer.status_code == 422 else li.text(answer.headers["Location"])
    assert "Status" in page and "It is saved and submitted." not in page


def test_the_task_page_of_a_returned_request_shows_it(office: Shop) -> None:
    record = quote(office)
    start(office, record)
    back = {"to": "start", "comment": "no"}
    office.ask("POST", f"/tasks/{task_of(office, 'boss')}/return", "boss", json=back)
    office.publish(STRICT, FLOW, ROLES)
    li = Browser(office)
    assert li.login("li").status_code == 303
    answer = send(li, li.text(f"/tasks/{task_of(office, 'li')}"), "submit")
    assert answer.status_code == 422
    assert "This was not done" in answer.text and "Terms" in answer.text and "must be filled in" in answer.text


APP = "app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n"
SCENE = """scenario: s
people: {li: {roles: [sales], manager: wang}, wang: {roles: [chief]}}
steps:
  - {as: li, create: quote, set: {name: A, amount: 1}, call: a}
  - {as: li, start: approval, on: a, refused: %s}
"""


def test_scenarios_refuse_in_the_same_way(shop: Shop) -> None:
    """A rule that lets a record come and does not let it stay is broken by what has just been saved."""
    rule = 'validations:\n  later: {valid: "ISNEW()", message: {en: late, zh: 迟}}\n---\nobject: line'
    model = "---".join([QUOTE.replace("---\nobject: line", rule), FLOW, ROLES])
    for code, right in (("validation:later", True), ("forbidden", False)):
        made = load.from_texts([("app.yaml", APP), ("a.yaml", model), ("s.yaml", SCENE % f"'{code}'")])
        found = publish.plan(shop.workspace, made)
        assert not found.errors, found.errors
        outcome = scenarios.rehearse(shop.workspace, found.loaded, list(found.loaded.of("scenario")))[0]
        assert outcome.ok is right, [one.problem.show() for one in outcome.failures]
