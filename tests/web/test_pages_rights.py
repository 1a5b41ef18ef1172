"""Pages, like every other answer, are the same to the byte whatever the values are that their reader may not read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from runtime.engine import accounts
from tests.conftest import Shop
from tests.engine.test_rights_fuzz import World
from tests.web.browser import PASSWORD, Browser

DOCUMENTS = """
form: firm
object: firm
layout:
  - section: {en: Firm, zh: 公司}
    columns: 2
    items: [code, name, region, {field: since, visible: secret > 50}, {field: tagged, readonly: dealt > 100}, twice]
  - section: {en: More, zh: 更多}
    visible: SUM(deals.cost) > 60
    items: [phone, note, {field: dealt, visible: "COUNT(deals, paid) > 0"}]
  - related: deals
    view: rich
---
form: deal
object: deal
layout:
  - section: {en: Deal, zh: 交易}
    items: [code, firm, amount, {field: status, required: firm.secret > 50}, {field: paid, visible: margin > 0}]
  - {lines: lines, columns: [price, margin]}
  - tabs:
      - {tab: {en: Sums, zh: 合计}, visible: firm.dealt > 100, items: [lines_sum, firm_title, firm_owner]}
---
view: rich
object: deal
type: list
columns: [code, firm, firm.name, firm.phone, firm.secret, firm.owner, amount, cost, margin]
---
view: dear
object: deal
type: list
filter: firm.secret > 50
columns: [code, cost]
"""
PASSING = re.compile(r'name="(?:_csrf|_once)" value="[^"]*"|"now":"[^"]*"')


def pages(world: World) -> Iterator[str]:
    yield from ("/", "/docs", "/o/firm/new", "/o/deal/new", "/me")
    for view in (
        "",
        "?view=rich",
        "?view=dear",
        "?sort=-cost",
        "?filter=cost+%3E+50",
        "?filter=firm.secret+%3E+50",
        "?q=D1",
    ):
        yield f"/o/deal{view}"
    for query in ("", "?q=公司", "?q=138", "?sort=secret", "?filter=ANY(deals, cost > 50)"):
        yield f"/o/firm{query}"
    for name in ("firm", "deal", "line"):
        for record_id in [*world.rows[name]][:4]:
            yield from (f"/o/{name}/{record_id}", f"/o/{name}/{record_id}/edit", f"/o/{name}/{record_id}/delete")


def answers(world: World, browser: Browser) -> dict[str, str]:
    found = {}
    for path in pages(world):
        answer = browser.get(path)
        assert answer.status_code < 500, path
        found[path] = f"{answer.status} {PASSING.sub('', answer.get_data(as_text=True))}"
    return found


@pytest.mark.parametrize("seed", [1, 3])
def test_unreadable_values_change_no_page(shop: Shop, seed: int) -> None:
    world = World(shop, seed)
    shop.publish(*DOCUMENTS.split("---\n"), app="looks")
    statuses: set[str] = set()
    said = ""
    for user, identity in world.users.items():
        accounts.change_user(shop.session(), identity, {"password": PASSWORD, "language": "en"})
        browser = Browser(shop)
        assert browser.login(user).status_code == 303
        answers(world, browser)  # What was looked at stands on the start page from now on.
        before = answers(world, browser)
        world.change_unreadable(user)
        after = answers(world, browser)
        different = [path for path in before if before[path] != after[path]]
        assert not different, (
            world.roles[user.replace("u", "r")],
            different,
            before[different[0]],
            after[different[0]],
        )
        said += "".join(before.values())
        statuses |= {one[:3] for one in before.values()}
    assert {"200", "404"} <= statuses
    assert "<h2>More</h2>" in said and "****" in said, "the forms were not used"
