"""Why something could not be done, in the reader's language: failed actions, sub-workflows, changes that do not fit."""

from __future__ import annotations

import pytest

from runtime.base.errors import Message
from runtime.base.sqltext import Sql, ident
from tests.conftest import Shop
from tests.engine.tables import guarded_no_more
from tests.engine.test_flows import FINANCE, QUOTE, SALES, quote, start
from tests.engine.test_proposals import CLIENT, SITE, change, client, decide, told
from tests.engine.test_proposals import FINANCE as MONEY
from tests.engine.test_proposals import FLOW as KEY_FIELDS
from tests.engine.test_proposals import SALES as CLIENTS
from tests.web.browser import Browser, person

FAILS = """
workflow: quote_approval
label: {en: Quote approval, zh: 报价审批}
object: quote
lock: none
nodes:
  - approve: boss
    who: {manager: {of: initiator}}
  - NODE
"""
OTHER = """
workflow: other
label: {en: Other, zh: 另一}
object: quote
nodes: [{approve: boss, who: {user: boss}}]
"""


def histories(shop: Shop, instance: str) -> tuple[str, str]:
    """What the history says to a reader of English and to one of Chinese."""
    if "ada" not in shop._users:
        person(shop, "ada", "admin", language="en")
        person(shop, "gao", "admin", language="zh")
    pages = []
    for name in ("ada", "gao"):
        browser = Browser(shop)
        assert browser.login(name).status_code == 303
        pages.append(browser.text(f"/tasks/flows/{instance}"))
    return pages[0], pages[1]


def office(shop: Shop, node: str) -> str:
    strict = QUOTE.replace("name: {type: text,", "name: {type: text, required: true,")
    shop.publish(strict, FAILS.replace("NODE", node), OTHER, SALES, FINANCE)
    shop.user("li", "sales", manager=shop.user("boss", "sales"))
    return str(start(shop, quote(shop))["instance"])


@pytest.mark.parametrize("on_error", ["block", "skip"])
def test_a_failed_action(shop: Shop, on_error: str) -> None:
    instance = office(shop, "{action: bad, do: [{update: {name: ''}}], on_error: " + on_error + "}")
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert shop.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    english, chinese = histories(shop, instance)
    assert "An action was not possible: name: must be filled in" in english
    assert "自动动作未能执行：name: 必填" in chinese and "must be filled" not in chinese
    assert (on_error == "block") == ("an administrator is asked" in english)
    # What was kept before in one language is shown as it is.
    table = ident(shop.workspace.schema, "s_flow_event")
    with guarded_no_more(shop, "s_flow_event"):
        shop.database.rows(Sql(
            f"UPDATE {table} SET data = jsonb_set(data, '{{error}}', '\"an old sentence\"') WHERE type = 'performed' "
            "RETURNING 1"))  # fmt: skip
    for page in histories(shop, instance):
        assert "an old sentence" in page


def test_a_sub_workflow_that_cannot_begin(shop: Shop) -> None:
    instance = office(shop, "{subflow: {workflow: other}}")
    shop.publish(QUOTE, FAILS.replace("  - NODE\n", ""), SALES, FINANCE)  # The other one is no more.
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert shop.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    english, chinese = histories(shop, instance)
    assert "an administrator is asked: " in english and "there is no workflow" in english
    assert "已转交管理员处理：" in chinese and "没有名为“other”的流程" in chinese


def test_a_change_that_does_not_fit_any_more(shop: Shop) -> None:
    shop.publish(CLIENT, SITE, KEY_FIELDS, CLIENTS, MONEY)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("wu", "sales", manager=boss)
    record = client(shop)
    instance = change(shop, record, credit=500).get_json()["pending"]["instance"]
    shop.publish(CLIENT.replace("credit != 13", "credit < 400").replace("Not 13", "Less").replace("不可为 13", "须更少"),
                 SITE, KEY_FIELDS, CLIENTS, MONEY)  # fmt: skip
    decide(shop, "boss", "agree")
    english, chinese = histories(shop, instance)
    assert "could not be put into force: credit: Less" in english
    assert "已通过的变更未能生效：credit: 须更少" in chinese
    assert told(shop, record)[0]["why"] == "credit: 须更少", "the language of the workspace"
    assert "why" in told(shop, record, "li")[0] and "why" not in told(shop, record, "wu")[0]
    table = ident(shop.workspace.schema, "s_proposal")
    shop.database.rows(Sql(f"UPDATE {table} SET why = 'an old sentence' RETURNING 1"))
    assert told(shop, record)[0]["why"] == "an old sentence"


def test_what_is_kept_is_read_again() -> None:
    said = Message("one", "一")
    assert Message.read(said.json()) == said
    assert Message.read("old") == Message("old", "old") and Message.read({"en": "x"}) == Message("x", "x")
