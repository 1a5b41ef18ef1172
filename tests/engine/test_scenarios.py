"""Scenarios: played on a throw-away workspace, told with file and line when they fail, asked at publish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime.base.errors import Invalid
from runtime.base.sqltext import Sql
from runtime.commands.templates import TEMPLATES
from runtime.engine import publish, scenarios
from runtime.engine.coverage import Coverage
from runtime.engine.expecting import Outcome, same
from runtime.meta import load
from runtime.store import throwaway, versions
from tests.conftest import Shop

APP = """app: shop
version: 1.0.0
label: {en: Shop, zh: 商店}
"""
MODEL = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, unique: true}
  amount: {type: money, label: {en: Amount, zh: 金额}}
  on: {type: date, label: {en: On, zh: 日期}, default: "=TODAY()"}
  at: {type: datetime, label: {en: At, zh: 时刻}}
  status: {type: select, label: {en: S, zh: 状}, options: {draft: {en: D, zh: 草}, ok: {en: O, zh: 过}}, default: draft}
  buddy: {type: user, label: {en: Buddy, zh: 伙伴}}
---
role: staff
label: {en: Staff, zh: 员工}
objects: {order: {create: true, read: all, update: all, delete: all}}
---
workflow: check
label: {en: Check, zh: 审核}
object: order
title: name
start: {trigger: [manual, on_create], when: "amount > 100"}
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
    due: {in: 8wh, steps: [{at: 0, do: remind}]}
  - branch:
      - when: amount > 1000
        label: {en: Large, zh: 大额}
        nodes: [{approve: both, who: {role: boss}, mode: all}]
      - else: []
  - cc: told
    who: {field: buddy}
after: {approved: [{update: {status: ok, at: "=NOW()"}}]}
---
role: boss
"""
PEOPLE = "people: {li: {roles: [staff], manager: wang}, wang: {roles: [boss], department: a}, zhao: {roles: [boss]}}\n"


def scenario(*steps: str, name: str = "s", head: str = PEOPLE) -> str:
    return f"scenario: {name}\nnow: 2026-03-02T10:00:00\n{head}steps:\n" + "".join(f"  - {one}\n" for one in steps)


NEW = "{as: li, create: order, set: {name: A, amount: 500, buddy: zhao}, call: a}"


def loaded(*texts: str) -> load.Loaded:
    return load.from_texts([("app.yaml", APP), ("a.yaml", MODEL), *((f"s{n}.yaml", t) for n, t in enumerate(texts))])


def play(shop: Shop, *texts: str, coverage: Coverage | None = None) -> list[Outcome]:
    found = publish.plan(shop.workspace, loaded(*texts))
    assert not found.errors, found.errors
    return scenarios.rehearse(shop.workspace, found.loaded, list(found.loaded.of("scenario")), coverage)


def one(shop: Shop, *steps: str, head: str = PEOPLE) -> Outcome:
    return play(shop, scenario(*steps, head=head))[0]


def left(shop: Shop) -> list[Any]:
    return shop.database.rows(Sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'x!_rehearsal!_%%' ESCAPE '!'"))


def test_a_whole_story(shop: Shop) -> None:
    found = one(
        shop,
        NEW,
        "expect: {tasks: {wang: boss}, notified: [wang], state: running, a: {owner: li, on: 2026-03-02, amount: 500.00}}",
        "{as: zhao, decide: agree, of: wang, refused: forbidden}",
        "{as: li, update: a, set: {amount: 5}, refused: locked}",
        "{as: li, create: order, set: {name: A}, refused: taken}",
        "clock: 8wh",
        "expect: {messages: [{to: wang, type: reminded, text: A}], notified: [wang]}",
        "{as: wang, decide: agree}",
        "expect: {state: {a: approved}, path: {a: [boss]}, tasks: {}, notified: [li, zhao], a: {status: ok, at: '2026-03-03T10:30:00+08:00', buddy: zhao}}",
    )
    assert found.ok, [one.problem.show() for one in found.failures]
    assert left(shop) == []
    assert shop.database.rows(Sql(f'SELECT count(*) FROM "{shop.workspace.schema}".s_user')) == [(1,)], "only the admin"


@pytest.mark.parametrize(
    ("step", "path", "said"),
    [
        ("expect: {a: {amount: 7}}", "steps[1].expect.a.amount", "expected 7, found 500"),
        ("expect: {a: {status: ok}}", "steps[1].expect.a.status", "expected ok, found draft"),
        ("expect: {tasks: {li: boss}}", "steps[1].expect.tasks", "expected {li: boss}, found {wang: [boss]}"),
        ("expect: {tasks: {}}", "steps[1].expect.tasks", "expected {}, found {wang: [boss]}"),
        ("expect: {path: [both]}", "steps[1].expect.path", "expected [both], found [boss]"),
        ("expect: {state: approved}", "steps[1].expect.state", "expected approved, found running"),
        ("expect: {notified: [li]}", "steps[1].expect.notified", "expected [li], found [wang]"),
        ("expect: {messages: [{to: li}]}", "steps[1].expect.messages[0]", "expected {to: li}, found [{to: wang"),
        ("{as: wang, decide: agree, refused: true}", "steps[1].refused", "it was not refused"),
        ("{as: wang, decide: agree, of: zhao}", "steps[1].decide", "zhao has no task here; open: {wang: [boss]}"),
        ("{as: li, decide: agree, of: wang, refused: locked}", "steps[1].refused", "expected locked, found forbidden"),
        ("{as: li, start: check, on: a}", "steps[1].start", "this record is in a workflow already"),
        ("{as: li, update: a, set: {amount: =1}}", "steps[1].update", "no formulas"),
        ("{as: wang, create: order, set: {name: B}}", "steps[1].create", "order"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(shop: Shop, step: str, path: str, said: str) -> None:
    found = one(shop, NEW, step)
    assert not found.ok
    problem = found.failures[0].problem
    assert (problem.file, problem.line, problem.path) == ("shop/s0.yaml", 6, path), problem
    assert said in problem.message.en, problem.message.en
    assert any("一" <= letter <= "鿿" for letter in problem.message.zh)


def test_scenarios_know_nothing_of_each_other(shop: Shop) -> None:
    same_name = scenario(NEW, name="first"), scenario(NEW, "expect: {tasks: {wang: boss}}", name="second")
    assert [one.ok for one in play(shop, *same_name)] == [True, True]


def test_people_who_leave_or_are_away(shop: Shop) -> None:
    head = "people: {li: {roles: [staff], manager: wang}, wang: {manager: zhao}, zhao: {}, sun: {}}\n"
    found = one(
        shop,
        "{away: zhao, to: sun, for: 5d}",
        NEW,
        "leaves: wang",
        "expect: {tasks: {zhao: boss}}",
        "{as: zhao, decide: transfer, to: sun}",
        "{as: admin, decide: reassign, of: sun, to: zhao, reason: r}",
        "{as: zhao, decide: return}",
        "expect: {tasks: {li: start}, state: returned}",
        "{as: li, decide: submit, set: {amount: 200}}",
        "expect: {tasks: {sun: boss}}",
        "{as: zhao, decide: take_over}",
        "{as: zhao, decide: add_sign, kind: before, people: [sun]}",
        "expect: {tasks: {sun: boss}}",
        "{as: sun, decide: agree}",
        "{as: zhao, decide: reject, comment: no}",
        "expect: {state: rejected, a: {amount: 200}}",
        head=head,
    )
    assert found.ok, [one.problem.show() for one in found.failures]


def test_a_stand_in_who_shares(shop: Shop) -> None:
    head = "people: {li: {roles: [staff], manager: wang}, wang: {manager: zhao}, zhao: {}, sun: {}}\n"
    both = "expect: {tasks: {wang: boss, sun: boss}}"
    found = one(shop, "{away: wang, to: sun, mode: share}", NEW, both, "{as: wang, decide: agree}", head=head)
    assert found.ok, [one.problem.show() for one in found.failures]
    found = one(shop, "{away: wang, to: sun, mode: share}", NEW, both, "{as: sun, decide: agree}",
                "{as: wang, decide: agree}", head=head)  # fmt: skip
    assert not found.ok and "ended already: approved (sun: agreed)" in found.failures[0].problem.message.en
    assert not one(shop, "{away: wang, to: sun}", NEW, "{as: wang, decide: agree}", head=head).ok


def test_a_successor_in_a_scenario(shop: Shop) -> None:
    head = "people: {li: {roles: [staff], manager: wang}, wang: {manager: zhao}, zhao: {}, sun: {}}\n"
    found = one(shop, NEW, "{leaves: wang, handover: sun}", "expect: {tasks: {sun: boss}}", head=head)
    assert found.ok, [one.problem.show() for one in found.failures]
    found = one(shop, NEW, "{leaves: wang, handover: wang}", head=head)
    assert "takes over from himself" in found.failures[0].problem.message.en


def test_coverage_tells_what_was_not_gone_through(shop: Shop) -> None:
    seen = Coverage()
    play(shop, scenario(NEW, "{as: wang, decide: agree}"), coverage=seen)
    lines = {(one["kind"], one["step"], one["way"]): one["covered"] for one in seen.json("en")["check"]["places"]}
    assert lines == {
        ("approve", "boss", None): True, ("branch", "1", None): True, ("branch", "1", "Large"): False,
        ("branch", "1", "else"): True, ("approve", "both", None): False, ("cc", "told", None): True,
    }  # fmt: skip
    play(shop, scenario(NEW.replace("500", "5000"), "{as: wang, decide: agree}"), coverage=seen)
    assert seen.json("en")["check"]["covered"] == 6


def test_publish_refuses_while_a_scenario_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions.live(shop.database, shop.workspace.schema).version
    with pytest.raises(Invalid) as refused:
        wrong = loaded(scenario(NEW, "expect: {state: approved}"))
        publish.publish(shop.workspace, wrong, check=scenarios.demand)
    assert refused.value.problems[0].line == 6
    assert versions.live(shop.database, shop.workspace.schema).version == before
    plays: list[int] = []
    real = scenarios.rehearse
    monkeypatch.setattr(scenarios, "rehearse", lambda *given: plays.append(1) or real(*given))
    right = loaded(scenario(NEW, "expect: {state: running}"))
    publish.publish(shop.workspace, right, check=scenarios.demand)
    publish.publish(shop.workspace, loaded(), check=scenarios.demand)
    publish.publish(shop.workspace, right, check=scenarios.demand)
    assert plays == [1], "not again for what has passed, and not for an app without scenarios"


def test_schemas_of_the_dead_are_dropped(shop: Shop) -> None:
    program = f"""
import os
from runtime.store import throwaway
from runtime.store.database import Database
with throwaway.schema(Database({shop.settings.dsn!r})) as name:
    print(name, flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -9 and left(shop) == [(done.stdout.strip(),)]
    with throwaway.schema(shop.database) as name:
        assert left(shop) == [(name,)], "one that lives is left alone"
        assert throwaway.sweep(shop.database) == 0
    assert left(shop) == []


def test_values_by_what_they_are() -> None:
    assert same(5, "5.00") and same("2026-03-02T10:00:00+08:00", "2026-03-02T02:00:00.000Z") and same(None, "")
    assert same(["a"], ["a"]) and same({"amount": 5}, {"amount": "5", "currency": "CNY"})
    assert not same(5, 6) and not same(True, "true") and not same("a", None) and not same(["a"], [])


def test_the_approvals_of_crm_basic_are_covered(shop: Shop) -> None:
    found = publish.plan(shop.workspace, load.read(TEMPLATES / "crm_basic"))
    seen = Coverage()
    outcomes = scenarios.rehearse(shop.workspace, found.loaded, list(found.loaded.of("scenario")), seen)
    assert [one.problem.show() for outcome in outcomes for one in outcome.failures] == []
    for name in ("quote_approval", "contract_approval"):
        missing = [one for one in seen.json("en")[name]["places"] if not one["covered"]]
        assert missing == []


def test_by_the_command(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, text in enumerate([APP, MODEL, scenario(NEW, "expect: {state: approved}")]):
        (tmp_path / f"{number}.yaml").write_text(text)
    monkeypatch.setenv("DOUGONG_DATABASE_URL", shop.settings.dsn)
    program = "from runtime.cli import main; main()"
    command = [sys.executable, "-c", program, "model", "test", str(tmp_path), "--data", str(tmp_path / "data")]
    done = subprocess.run([*command, "--coverage"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "FAILED s" in done.stdout and "steps[1].expect.state: expected approved, found running" in done.stdout
    assert "check: 1 of 6 steps and ways" in done.stdout and "1 scenarios, 1 failed" in done.stdout
    unknown = subprocess.run([*command, "--scenario", "t"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 1 and "scenario" in unknown.stderr
