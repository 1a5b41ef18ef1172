"""Repeated steps at work: in the database, on pages in both languages, in scenarios with coverage, in a simulation."""

from __future__ import annotations

import re

from runtime.engine import publish, scenarios, simulation
from runtime.engine.coverage import Coverage
from runtime.meta import load
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, QUOTE, SALES, check_folds, decide, mine, quote, start
from tests.engine.test_scenarios import APP
from tests.web.browser import person

FLOW = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
start: {trigger: manual}
nodes:
  - repeat_until:
      until: amount >= 100
      max: 3
      nodes:
        - handle: mend
          label: {en: Mend it, zh: 修改报价}
          who: {initiator: true}
          fields: {editable: [amount]}
        - approve: boss
          label: {en: Head, zh: 主管}
          who: {manager: {of: initiator}}
    label: {en: Until it is large enough, zh: 直到金额足够}
after: {approved: [{update: {status: ok}}]}
"""
STAGED = """
scenario: twice
people: {li: {roles: [sales], manager: boss}, boss: {roles: [sales]}}
steps:
  - {as: li, create: quote, set: {name: Q, amount: 10}, call: q}
  - {as: li, start: quote_approval, on: q}
  - {as: li, decide: submit, set: {amount: 50}}
  - {as: boss, decide: agree}
  - expect: {tasks: {li: mend}, state: running}
  - {as: li, decide: submit, set: {amount: 150}}
  - {as: boss, decide: agree}
  - expect: {path: [mend, boss, mend, boss], state: approved, q: {status: ok}}
"""


def office(shop: Shop) -> None:
    shop.publish(QUOTE, FLOW, SALES, FINANCE)
    shop.user("root", "admin")
    shop.user("li", "sales", manager=shop.user("boss", "sales"))


def round_about(shop: Shop, amount: int) -> None:
    assert decide(shop, "li", "submit", values={"amount": amount}).status_code == 200
    assert decide(shop, "boss", "agree").status_code == 200


def test_in_the_database(shop: Shop) -> None:
    office(shop)
    instance = start(shop, quote(shop))["instance"]
    first = mine(shop, "li")[0]["id"]
    round_about(shop, 50)
    second = mine(shop, "li")[0]["id"]
    assert first != second
    assert shop.ask("POST", f"/tasks/{first}/submit", "li", json={}).status_code == 409, "that was the time before"
    round_about(shop, 60)
    assert check_folds(shop, instance).turns["0"].turn == 3
    round_about(shop, 70)
    state = check_folds(shop, instance)
    assert [task.kind for task in state.tasks.values() if task.state == "open"] == ["admin_fix"]
    page = person(shop, "chief", "admin").text(f"/tasks/flows/{instance}")
    assert "time 3 of at most 3" in page and "it has been gone round 3 times and is still not as wanted" in page
    assert re.search(r'is-blocked">\s*<div class="flow-card"', page), "who is asked is shown at the step itself"
    retry = mine(shop, "admin") or mine(shop, "root")
    user = "admin" if mine(shop, "admin") else "root"
    found = shop.ask("POST", f"/tasks/{retry[0]['id']}/retry", user, json={"reason": "once more"})
    assert found.status_code == 200, found.text
    round_about(shop, 200)
    assert check_folds(shop, instance).state == "approved"


def test_the_drawing_and_the_story(shop: Shop) -> None:
    office(shop)
    instance = start(shop, quote(shop))["instance"]
    round_about(shop, 50)
    root = person(shop, "chief", "admin")
    page = root.text(f"/tasks/flows/{instance}")
    drawn = page[page.index("flow-box") : page.index("<h2>History")]
    assert "time 2 of at most 3" in drawn and "Each time" in drawn and "Until it is large enough" in drawn
    assert "Not yet as wanted: Until it is large enough, time 2 of at most 3" in page
    assert len(re.findall(r'class="[^"]*is-ahead', drawn)) >= 1, "the head is asked again, and has not been yet"
    assert "aria-current" in drawn and "flow-fork" in drawn
    root.post("/language", {"_csrf": root.token("/"), "language": "zh", "next": "/"})
    page = root.text(f"/tasks/flows/{instance}")
    assert (
        "第 2 轮，最多 3 轮" in page and "尚未满足条件：直到金额足够，第 2 轮（最多 3 轮）" in page and "每一轮" in page
    )
    round_about(shop, 150)
    page = root.text(f"/tasks/flows/{instance}")
    assert "is-ahead" not in page[page.index("flow-box") :] and "第 2 轮，最多 3 轮" in page


def test_a_scenario_and_its_coverage(shop: Shop) -> None:
    seen = Coverage()
    documents = "---\n".join((APP, QUOTE, FLOW, SALES, FINANCE, STAGED))
    plan = publish.plan(shop.workspace, load.from_texts([("app.yaml", documents)]))
    assert not plan.errors, plan.errors
    found = scenarios.rehearse(shop.workspace, plan.loaded, list(plan.loaded.of("scenario")), seen)
    assert [one.ok for one in found] == [True], [each.problem.show() for one in found for each in one.failures]
    assert all(one["covered"] for one in seen.json("en")["quote_approval"]["places"])


def test_a_simulation_goes_round(shop: Shop) -> None:
    office(shop)
    record = quote(shop, amount=10)
    done = simulation.simulate(shop.workspace, simulation.Asked("quote_approval", record, "li"))
    assert [one["step"] for one in done["path"] if one["step"] in ("mend", "boss")] == ["mend", "boss"] * 3
