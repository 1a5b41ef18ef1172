"""What a task says has changed in the lines of its record: added, removed, changed; by the reader's rights alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runtime.engine import compound, records
from runtime.engine.compound import Lines
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, sound
from tests.web.test_tasks import at, send, task_of

DOCUMENTS = """
object: order
label: {en: Order, zh: 订单}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  total: {type: rollup, value: SUM(lines.amount), result: number}
---
object: part
label: {en: Part, zh: 配件}
title: name
fields:
  name: {type: text}
---
object: line
label: {en: Line, zh: 明细}
title: name
fields:
  order: {type: link, to: order, reverse: lines, owned: true, required: true}
  name: {type: text, label: {en: What, zh: 品名}}
  quantity: {type: number, label: {en: Quantity, zh: 数量}, default: 1}
  price: {type: number, label: {en: Price, zh: 单价}, default: 10}
  cost: {type: number, label: {en: Cost, zh: 成本}}
  supplier: {type: text, label: {en: Supplier, zh: 供应商}}
  part: {type: link, label: {en: Built from, zh: 所用配件}, to: part}
  amount: {type: formula, value: quantity * price, result: number, stored: true}
---
workflow: review
label: {en: Review, zh: 评审}
object: order
start: {trigger: manual}
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
---
role: sales
objects:
  order: {create: true, read: own, update: own}
  part: {read: all, create: true}
---
role: chief
objects:
  order: {read: all}
  line: {fields: {cost: hidden, supplier: masked}}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(DOCUMENTS)
    boss = shop.user("boss", "chief", full_name="Ben Boss", password=PASSWORD, language="en")
    shop.user("li", "sales", full_name="Li X", password=PASSWORD, language="en", manager=boss)
    return shop


def order(shop: Shop) -> tuple[str, dict[str, str]]:
    """An order with three lines, submitted, returned to who asked: its id and those of its lines."""
    session = shop.session("li", "form")
    creates = [{"name": name, "cost": 5, "supplier": "Zeta"} for name in ("bolt", "nut", "washer")]
    record = compound.save(session, "order", None, {"name": "O"}, [Lines("lines", creates=creates)]).id
    found = shop.ask("POST", "/workflows/review/start", "li", json={"object": "order", "record": record})
    assert found.status_code == 201, found.text
    boss = at(shop, "boss")
    page = boss.text(f"/tasks/{task_of(shop, 'boss')}")
    assert "Changed since" not in page
    assert send(boss, page, "return", to="start", resubmit="replay").status_code == 303
    rows = shop.ask("GET", "/records/line", "li").json["data"]
    return record, {one["name"]: one["id"] for one in rows}


def again(shop: Shop, **values: Any) -> tuple[Browser, str]:
    """Submit it again; the task as the boss sees it."""
    li = at(shop, "li")
    assert send(li, li.text(f"/tasks/{task_of(shop, 'li')}"), "submit", **values).status_code == 303
    boss = at(shop, "boss")
    return boss, boss.text(f"/tasks/{task_of(shop, 'boss')}")


def section(page: str) -> str:
    found = re.search(r'<ul class="plain changed-lines">.*?</ul>', page, re.S)
    return re.sub(r"\s+", " ", re.sub(r"<(?!/?del)[^>]*>", " ", found[0])) if found else ""


def test_lines_added_removed_and_changed_since_the_submission_before(office: Shop) -> None:
    record, ids = order(office)
    session = office.session("li", "form")
    axle = records.create(session, "part", {"name": "Axle"}).id
    change = Lines(
        "lines",
        creates=[{"name": "screw", "quantity": 7, "cost": 717273, "part": axle}, {"name": "brief"}],
        updates=[{"id": ids["bolt"], "quantity": 3, "cost": 919293, "supplier": "Yota"}],
        deletes=[{"id": ids["nut"]}],
    )
    compound.save(session, "order", record, {}, [change])
    brief = next(one["id"] for one in office.ask("GET", "/records/line", "li").json["data"] if one["name"] == "brief")
    compound.save(session, "order", record, {}, [Lines("lines", deletes=[{"id": brief}])])
    compound.save(session, "order", record, {}, [Lines("lines", updates=[{"id": ids["bolt"], "quantity": 4}])])
    boss, page = again(office)
    assert "Changed since the submission before" in page
    told = section(page)
    assert re.search(r"changed bolt .*Quantity <del>1</del> → 4 ", told)
    assert re.search(r"removed <del>nut</del> .*Quantity 1 .*Price 10 ", told)
    assert re.search(r"added screw .*Quantity 7 .*Price 10 .*Built from ", told)
    assert "washer" not in told and "brief" not in told, "what stayed, and what came and went again"
    assert "Cost" not in told and "919,293" not in page and "717,273" not in page, "hidden from him"
    assert "Zeta" not in page and "Yota" not in page, "masked for him"
    assert "Axle" not in page, "a part that he may not read has no name for him"
    sound(page, "lines changed")
    boss.post("/language", {"_csrf": boss.token("/"), "language": "zh", "next": "/"})
    told = section(boss.text(f"/tasks/{task_of(office, 'boss')}"))
    assert "修改 bolt" in told and "新增 screw" in told and "删除 <del>nut</del>" in told and "数量" in told
    li = at(office, "li")
    instance = office.ask("GET", f"/tasks/{task_of(office, 'boss')}", "boss").json["instance"]
    told = section(li.text(f"/tasks/flows/{instance}"))
    assert "Cost <del>5</del> → 919,293" in told and "Zeta</del> → Yota" in told and "Axle" in told, "he may read all"


def test_only_the_last_round_counts_and_undone_changes_do_not(office: Shop) -> None:
    record, ids = order(office)
    session = office.session("li", "form")
    compound.save(session, "order", record, {}, [Lines("lines", deletes=[{"id": ids["nut"]}])])
    boss, page = again(office)
    assert "nut" in section(page)
    assert send(boss, page, "return", to="start", resubmit="replay").status_code == 303
    for quantity in (8, 1):
        compound.save(
            session, "order", record, {}, [Lines("lines", updates=[{"id": ids["bolt"], "quantity": quantity}])]
        )
    boss, page = again(office)
    assert not section(page), "the nut went a round before, the bolt is what it was"
    assert send(boss, page, "agree").status_code == 303


def test_a_line_that_comes_back_or_from_another_record(office: Shop) -> None:
    record, ids = order(office)
    session = office.session("li", "form")
    compound.save(session, "order", None, {"name": "P"}, [Lines("lines", creates=[{"name": "pin"}])])
    pin = next(one["id"] for one in office.ask("GET", "/records/line", "li").json["data"] if one["name"] == "pin")
    compound.save(session, "order", record, {}, [Lines("lines", deletes=[{"id": ids["nut"]}])])
    records.restore(session, "line", ids["nut"])
    records.update(session, "line", pin, {"order": record})
    _, page = again(office)
    told = section(page)
    assert "added pin" in told and "nut" not in told


def test_many_lines_are_cut(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.engine.linehistory.MOST", 3)
    record, _ = order(office)
    creates = [{"name": f"n{number}"} for number in range(5)]
    compound.save(office.session("li", "form"), "order", record, {}, [Lines("lines", creates=creates)])
    _, page = again(office)
    assert section(page).count("added") == 3 and "2 more lines are not shown." in page
