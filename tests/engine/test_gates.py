"""Stage gates: every demand by every way in; nothing has changed after a refusal; the same record without the fault passes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from runtime.base.errors import Invalid
from runtime.engine import compound, records
from tests.conftest import Shop
from tests.engine.tables import dump
from tests.web.browser import PASSWORD, Browser, Inputs

DEAL = """
object: deal
label: {en: Deal, zh: 交易}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, unique: true, required: true}
  amount: {type: number, label: {en: Amount, zh: 金额}}
  budget: {type: number, label: {en: Budget, zh: 预算}}
  note: {type: text, label: {en: Note, zh: 备注}}
  reason: {type: text, label: {en: Reason, zh: 原因}, visible: "stage in ['lost', 'shown']"}
  secret: {type: text, label: {en: Secret, zh: 机密}}
  twice: {type: formula, label: {en: Twice, zh: 双倍}, value: "IF(ISBLANK(amount), NULL, amount * 2)", result: number}
  paid: {type: rollup, label: {en: Paid, zh: 已付}, value: SUM(lines.amount)}
  urgent: {type: checkbox, label: {en: Urgent, zh: 加急}}
  number: {type: autonumber, label: {en: No., zh: 编号}}
  stage:
    type: stage
    label: {en: Stage, zh: 阶段}
    default: open
    stages:
      open: {en: Open, zh: 初始}
      filled: {en: Filled, zh: 已填, gate: {require: [budget, twice]}}
      shown: {en: Shown, zh: 显示, gate: {require: [reason]}}
      half: {en: Half, zh: 过半, gate: {completeness: 60}}
      rich: {en: Rich, zh: 大额, gate: {valid: amount > 100, message: {en: Too small, zh: 金额太小}}}
      paid: {en: Paid, zh: 已付, gate: {valid: paid > 0}}
      hush: {en: Hush, zh: 保密, gate: {require: [secret]}}
      agreed: {en: Agreed, zh: 已批, gate: {workflow: deal_approval}}
      won: {en: Won, zh: 赢, end: won}
      lost: {en: Lost, zh: 输, end: lost, gate: {require: [reason]}}
"""
LINE = """
object: deal_line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, to: deal, reverse: lines, owned: true, required: true}
  amount: {type: number, label: {en: Amount, zh: 金额}}
"""
FLOW = """
workflow: deal_approval
label: {en: Deal approval, zh: 交易审批}
object: deal
start: {trigger: manual, allow: {revoke_days: 5}}
lock: none
nodes:
  - approve: boss
    who: {user: admin}
    fields: {editable: [stage]}
"""
OTHER = """
workflow: other
label: {en: Other, zh: 其他}
object: deal
lock: none
nodes:
  - {action: go, do: [{update: {stage: agreed}}], on_error: block}
"""
OWN = """
workflow: own_gate
label: {en: Own, zh: 自有}
object: deal
lock: none
nodes:
  - {action: go, do: [{update: {stage: filled}}], on_error: block}
"""
CLERK = """
role: clerk
label: {en: Clerk, zh: 职员}
objects:
  deal:
    create: true
    read: all
    update: all
    delete: all
    bulk: true
    import: true
    fields: {secret: hidden}
"""
VIEW = """
view: board
object: deal
type: kanban
label: {en: Board, zh: 看板}
by: stage
card: {title: name}
"""
FORM = """
form: deal
object: deal
layout:
  - section: {en: All, zh: 全部}
    items: [name, amount, budget, note, reason, stage, urgent]
  - lines: lines
    columns: [amount]
"""

#: Demand -> (what breaks it, the field that is named, its code, what mends it).
RULES: dict[str, tuple[dict[str, Any], str, str, dict[str, Any] | None]] = {
    "a field": ({"stage": "filled", "amount": 3}, "budget", "gate", {"budget": 1}),
    "a computed field": ({"stage": "filled", "budget": 3}, "twice", "gate", {"amount": 1}),
    "a field shown by the stage": ({"stage": "lost"}, "reason", "gate", {"reason": "price"}),
    "completeness": ({"stage": "half"}, "stage", "gate_completeness", {"amount": 1, "budget": 1}),
    "a condition": ({"stage": "rich", "amount": 3}, "stage", "gate_condition", {"amount": 101}),
    "a condition on a sum": ({"stage": "paid"}, "stage", "gate_condition", None),
    "a hidden field": ({"stage": "hush"}, "stage", "gate", None),
    "an approval": ({"stage": "agreed"}, "stage", "gate_workflow", None),
}


class Deals:
    """The installation, a standing record and the clerk's browser."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.publish(DEAL, LINE, FLOW, OTHER, OWN, CLERK, VIEW, FORM)
        shop.user("clerk", "clerk", password=PASSWORD)
        self.standing = self.made(name="standing")
        self.browser = Browser(shop)
        assert self.browser.login("clerk").status_code == 303

    def made(self, **values: Any) -> str:
        answer = self.shop.ask("POST", "/records/deal", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def errors(self, answer: Any) -> list[tuple[str, str]]:
        """(field, code) of a refusal, [] when it was taken."""
        assert answer.status_code < 500, answer.text
        if answer.status_code < 400:
            return []
        assert answer.get_json()["errors"], answer.text
        return [(one["field"], one["code"]) for one in answer.get_json()["errors"]]

    # -- ways in: each gives what was said ---------------------------------------------------------------

    def api_create(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.errors(self.shop.ask("POST", "/records/deal", "clerk", json={"name": "new", **values}))

    def api_update(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.errors(self.shop.ask("PATCH", f"/records/deal/{self.standing}", "clerk", json=values))

    def bulk(self, **body: Any) -> list[tuple[str, str]]:
        answer = self.shop.ask("POST", "/records/deal/bulk", "clerk", json=body)
        assert answer.status_code in (200, 422), answer.text
        return [(e["field"], e["code"]) for one in answer.get_json()["results"] for e in one.get("errors", ())]

    def bulk_create(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.bulk(mode="create", records=[{"name": "new", **values}])

    def bulk_update(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.bulk(mode="update", records=[{"id": self.standing, **values}])

    def atomic(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.bulk(mode="update", atomic=True, records=[{"id": self.standing, **values}])

    def upsert(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.bulk(mode="upsert", key="name", records=[{"name": "standing", **values}])

    def file(self, name: str, values: dict[str, Any]) -> list[tuple[str, str]]:
        line = json.dumps({"name": name, **values}).encode()
        form = {"file": (io.BytesIO(line), "x.jsonl"), "key": "name", "on_duplicate": "update"}
        answer = self.shop.ask("POST", "/records/deal/import", "clerk", data=form)
        assert answer.status_code == 200, answer.text
        return [(one["field"], one["code"]) for one in answer.get_json()["errors"]]

    def import_new(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.file("new", values)

    def import_known(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.file("standing", values)

    def form(self, path: str, values: dict[str, Any]) -> list[tuple[str, str]]:
        sent = Inputs(self.browser.text(path)).values
        for name, value in values.items():
            sent[name] = str(value)
        answer = self.browser.post(path, sent)
        return [] if answer.status_code == 303 else [("page", answer.get_data(as_text=True))]

    def form_new(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.form("/o/deal/new", {"name": "new", **values})

    def form_edit(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        return self.form(f"/o/deal/{self.standing}/edit", values)

    def with_lines(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        lines = [compound.Lines("lines", creates=[{"amount": 0}])]
        try:
            compound.save(self.shop.session("clerk"), "deal", self.standing, values, lines)
        except compound.Refused as error:
            return [(str(one.field), one.code) for one in error.problems]
        return []


WAYS: dict[str, Callable[[Deals, dict[str, Any]], list[tuple[str, str]]]] = {
    "API create": Deals.api_create,
    "API update": Deals.api_update,
    "bulk create": Deals.bulk_create,
    "bulk update": Deals.bulk_update,
    "bulk update, atomic": Deals.atomic,
    "bulk upsert": Deals.upsert,
    "import of a new record": Deals.import_new,
    "import of a known record": Deals.import_known,
    "form of a new record": Deals.form_new,
    "form of a known record": Deals.form_edit,
    "record with lines": Deals.with_lines,
}


@pytest.fixture(scope="module")
def deals(shared_shop: Shop) -> Deals:
    return Deals(shared_shop)


def clean(deals: Deals) -> None:
    """The standing record as it was; no other."""
    for row in deals.shop.ask("GET", "/records/deal?limit=500").get_json()["data"]:
        if row["id"] != deals.standing:
            assert deals.shop.ask("DELETE", f"/records/deal/{row['id']}").status_code == 204
    blank = dict.fromkeys(("amount", "budget", "note", "reason", "secret"))
    answer = deals.shop.ask("PATCH", f"/records/deal/{deals.standing}", json={"stage": "open", **blank})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rule", RULES)
def test_every_gate_on_every_way_in(deals: Deals, rule: str, way: str) -> None:
    clean(deals)
    values, field, code, mended = RULES[rule]
    before = dump(deals.shop)
    said = WAYS[way](deals, values)
    assert said, f"{way} takes what breaks {rule!r}"
    if not way.startswith("form"):
        assert (field, code) in said
    elif field in ("budget", "reason", "stage"):
        assert re.search(rf'href="#[^"]*{field}"', said[0][1]), "the page leads to the field"
    after = dump(deals.shop)
    assert {k: v for k, v in after.items() if not k.endswith("s_import")} == {
        k: v for k, v in before.items() if not k.endswith("s_import")
    }
    if mended is not None:
        assert WAYS[way](deals, {**values, **mended}) == []


def test_lines_of_the_same_save_count(deals: Deals) -> None:
    clean(deals)
    lines = [compound.Lines("lines", creates=[{"amount": 5}])]
    compound.save(deals.shop.session("clerk"), "deal", deals.standing, {"stage": "paid"}, lines)
    assert deals.shop.ask("GET", f"/records/deal/{deals.standing}").get_json()["stage"] == "paid"


def test_what_is_said(deals: Deals) -> None:
    """What is missing and for which stage, in both languages; never a field that the caller may not see."""
    clean(deals)
    path = f"/records/deal/{deals.standing}"

    def said(values: dict[str, Any], language: str) -> str:
        with pytest.raises(Invalid) as refused:
            records.update(deals.shop.session("clerk"), "deal", deals.standing, values)
        return refused.value.problems[0].message.text(language)

    assert said({"stage": "filled", "amount": 1}, "en") == "must be filled in before 'Filled'"
    assert said({"stage": "filled", "amount": 1}, "zh") == "进入“已填”前必填"
    assert "needs 60 % of the fields, 40 % are filled; blank: Amount, Budget, Note" in said({"stage": "half"}, "en")
    assert said({"stage": "rich"}, "zh") == "金额太小（不满足进入“大额”的条件）"
    assert "Deal approval" in said({"stage": "agreed"}, "en")
    hushed = deals.shop.ask("PATCH", path, "clerk", json={"stage": "hush"}).text
    assert "secret" not in hushed
    assert "Secret" not in hushed
    assert deals.shop.ask("PATCH", path, "admin", json={"stage": "hush"}).get_json()["errors"][0]["field"] == "secret"


def test_only_the_gate_that_is_entered(deals: Deals) -> None:
    """Stages in between are not asked, nor is the gate of the stage that the record is in already."""
    clean(deals)
    path = f"/records/deal/{deals.standing}"
    assert deals.shop.ask("PATCH", path, json={"stage": "filled", "amount": 1, "budget": 1}).status_code == 200
    assert deals.shop.ask("PATCH", path, json={"budget": None}).status_code == 200, "it is in the stage already"
    assert deals.shop.ask("PATCH", path, json={"stage": "filled", "note": "n"}).status_code == 200
    assert deals.shop.ask("PATCH", path, json={"stage": "won"}).status_code == 200
    assert deals.shop.ask("PATCH", path, json={"stage": "filled"}).status_code == 422, "it comes back: asked again"


def test_board_and_cell(deals: Deals) -> None:
    clean(deals)
    page = deals.browser.text("/o/deal?view=board")
    token = Inputs(page).values["_csrf"]
    part = {**deals.browser.headers, "HX-Request": "true"}
    move = f"/o/deal/{deals.standing}/move"
    body = {"_csrf": token, "view": "board", "to": "filled"}
    answer = deals.browser.client.post(move, data=body, headers=part)
    assert answer.status_code == 422
    assert "must be filled in before" in answer.text
    assert deals.shop.ask("GET", f"/records/deal/{deals.standing}").get_json()["stage"] == "open"
    answer = deals.browser.client.post(f"/o/deal/{deals.standing}/cell/stage", data={"_csrf": token, "stage": "filled"},
                                       headers=part)  # fmt: skip
    assert deals.shop.ask("GET", f"/records/deal/{deals.standing}").get_json()["stage"] == "open"
    assert "must be filled in before" in answer.text
    deals.shop.ask("PATCH", f"/records/deal/{deals.standing}", json={"amount": 1, "budget": 2})
    assert deals.browser.client.post(move, data=body, headers=part).status_code == 200


def start(deals: Deals, workflow: str, record: str) -> dict[str, Any]:
    answer = deals.shop.ask("POST", f"/workflows/{workflow}/start", json={"object": "deal", "record": record})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_approval_opens_the_gate_until_it_is_revoked(deals: Deals) -> None:
    clean(deals)
    record = deals.made(name="approved")
    path = f"/records/deal/{record}"
    made = start(deals, "deal_approval", record)
    assert deals.shop.ask("PATCH", path, json={"stage": "agreed"}).status_code == 422, "not decided yet"
    task = made["open_tasks"][0]["id"]
    assert deals.shop.ask("POST", f"/tasks/{task}/agree").get_json()["state"] == "approved"
    assert deals.shop.ask("PATCH", path, json={"stage": "agreed"}).status_code == 200
    assert deals.shop.ask("PATCH", path, json={"stage": "open"}).status_code == 200
    revoke = deals.shop.ask("POST", f"/workflows/instances/{made['instance']}/revoke").get_json()
    assert deals.shop.ask("PATCH", path, json={"stage": "agreed"}).status_code == 200, "not revoked yet"
    deals.shop.ask("PATCH", path, json={"stage": "open"})
    assert deals.shop.ask("POST", f"/tasks/{revoke['open_tasks'][0]['id']}/agree").get_json()["state"] == "approved"
    assert deals.shop.ask("PATCH", path, json={"stage": "agreed"}).status_code == 422
    again = start(deals, "deal_approval", record)
    deals.shop.ask("POST", f"/tasks/{again['open_tasks'][0]['id']}/reject")
    assert deals.shop.ask("PATCH", path, json={"stage": "agreed"}).status_code == 422


def refused(deals: Deals, workflow: str, record: str) -> None:
    """The first step sets the stage: the start is refused with what the gate says."""
    answer = deals.shop.ask("POST", f"/workflows/{workflow}/start", json={"object": "deal", "record": record})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"].startswith("gate")


def test_a_workflow_passes_its_own_gate_and_no_other(deals: Deals) -> None:
    clean(deals)
    record = deals.made(name="inside")
    task = start(deals, "deal_approval", record)["open_tasks"][0]["id"]
    answer = deals.shop.ask("POST", f"/tasks/{task}/agree", json={"values": {"stage": "agreed"}})
    assert answer.status_code == 200, answer.text
    second = deals.made(name="outside")
    refused(deals, "other", second)
    assert deals.shop.ask("GET", f"/records/deal/{second}").get_json()["stage"] == "open"
    third = deals.made(name="third")
    refused(deals, "own_gate", third)
    assert deals.shop.ask("GET", f"/records/deal/{third}").get_json()["stage"] == "open", "other demands hold for all"
    fourth = deals.made(name="fourth", amount=1, budget=1)
    assert start(deals, "own_gate", fourth)["state"] == "approved"


def test_share_of_a_thousand_rows(deals: Deals) -> None:
    """One statement a gate and batch, and each row is judged by itself."""
    clean(deals)
    lines = b"\n".join(
        json.dumps(
            {"name": f"r{number}", "stage": "filled", "amount": 1, **({"budget": 1} if number % 2 else {})}
        ).encode()
        for number in range(400)
    )
    form = {"file": (io.BytesIO(lines), "x.jsonl"), "on_duplicate": "create"}
    outcome = deals.shop.ask("POST", "/records/deal/import", data=form).get_json()
    assert (outcome["created"], outcome["failed"]) == (200, 200)
