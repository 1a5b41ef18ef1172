"""A change of lines that was returned: its lines are mended with the record's fields, under every rule, before it is
submitted again."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.sqltext import Sql
from runtime.engine import records
from tests.conftest import Shop
from tests.engine.test_proposals import decide
from tests.engine.test_proposals_lines import FINANCE, FLOW, ITEM, LINE, NOTE, ORDER, SALES, now, of, order, save, told

RETURNING = FLOW.replace(
    "    who: {manager: {of: initiator}}\n",
    "    who: {manager: {of: initiator}}\n    actions: {return: {to: [start], resubmit: replay}}\n",
)


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(ORDER, LINE, NOTE, ITEM, RETURNING, SALES, FINANCE)
    shop.user("root", "admin")
    boss = shop.user("boss", "sales")
    shop.user("chief", "sales")
    shop.user("li", "sales", manager=boss)
    shop.user("fang", "finance", manager=boss)
    return shop


def returned(office: Shop) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A returned change: p0 gets another price, p1 goes, a line comes; the record, its lines, the proposed by title."""
    record = order(office, 10, 20, 30)
    lines = of(office, record)
    save(office, record, {}, creates=[{"product": "new", "price": 5}],
         updates=[{"id": lines["p0"]["id"], "price": 11}], deletes=[{"id": lines["p1"]["id"]}])  # fmt: skip
    decide(office, "boss", "return", to="start")
    return record, lines, {one["title"]: one["id"] for one in told(office, record)[0]["lines"]}


def submit(office: Shop, lines: Any, status: int = 200, user: str = "li", **body: Any) -> Any:
    task = office.ask("GET", "/tasks", user).get_json()["data"][0]["id"]
    answer = office.ask("POST", f"/tasks/{task}/submit", user, json={"lines": lines, **body})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def wished(office: Shop, record: str) -> dict[str, Any]:
    return {one["title"]: (one["what"], {each["field"]: each["new"] for each in one["changes"]})
            for one in told(office, record)[0]["lines"]}  # fmt: skip


def test_lines_are_mended_and_nothing_is_stored_until_it_is_approved(office: Shop) -> None:
    record, lines, proposed = returned(office)
    before = now(office, record)["version"]
    submit(office, {"lines": {
        "add": [{"product": "more", "price": 7}],
        "set": {proposed["new"]: {"price": 6}, proposed["p0"]: {"price": 12}, lines["p2"]["id"]: {"price": 31}},
        "keep": [proposed["p1"]]}}, values={"discount": 10})  # fmt: skip
    found = wished(office, record)
    assert set(found) == {"new", "more", "p0", "p2"}, "p1 stays"
    assert found["p0"] == ("changed", {"price": 12}) and found["p2"] == ("changed", {"price": 31})
    assert found["new"][0] == "added" and found["new"][1]["price"] == 6
    assert told(office, record)[0]["changes"] == [{"field": "discount", "old": 0, "new": 10}]
    assert {name: one["price"] for name, one in of(office, record).items()} == {"p0": 10, "p1": 20, "p2": 30}
    assert now(office, record)["version"] == before
    decide(office, "boss", "agree")
    after = of(office, record)
    assert {name: one["price"] for name, one in after.items()} == {"p0": 12, "p1": 20, "p2": 31, "new": 6, "more": 7}
    assert after["new"]["id"] == proposed["new"] and now(office, record)["discount"] == 10


def test_conditions_see_the_lines_as_mended(office: Shop) -> None:
    record, _, proposed = returned(office)
    submit(office, {"lines": {"set": {proposed["new"]: {"price": 90}}}})
    decide(office, "boss", "agree")
    assert [one["node"] for one in office.ask("GET", "/tasks", "chief").get_json()["data"]] == ["chief"]
    assert "new" not in of(office, record)


def test_what_a_save_would_refuse_is_refused_at_its_line(office: Shop) -> None:
    record, lines, proposed = returned(office)
    wrong = submit(office, {"lines": {"set": {proposed["new"]: {"price": -1}}, "add": [{"price": 3}]}}, 422)
    assert {one["field"] for one in wrong["errors"]} == {
        f"lines.lines.set.{proposed['new']}.price", "lines.lines.add.0.product"}  # fmt: skip
    too_much = submit(office, {"lines": {"add": [{"product": "x", "price": 5000}]}}, 422)
    assert "总额过大" in str(too_much)
    other = of(office, order(office, 1))["p0"]["id"]
    for wish, code in (
        ({"set": {other: {"price": 2}}}, "not_found"), ({"remove": [other]}, "not_found"),
        ({"set": {"x" * 36: {"price": 2}}}, "not_found"), ({"set": {lines["p0"]["id"]: {"nothing": 2}}}, "unknown"),
    ):  # fmt: skip
        found = submit(office, {"lines": wish}, 422)
        assert any(code in one["code"] for one in found["errors"]), found
    assert submit(office, {"nothing": {"add": [{"product": "x"}]}}, 422)["errors"][0]["code"] == "unknown_lines"
    nothing = {"remove": [proposed["new"]], "set": {proposed["p0"]: {"price": 10}}, "keep": [proposed["p1"]]}
    assert submit(office, {"lines": nothing}, 422)["errors"][0]["code"] == "nothing_left"
    assert wished(office, record)["p0"] == ("changed", {"price": 11}), "nothing of it has happened"
    assert now(office, record)["discount"] == 0


@pytest.mark.parametrize("lines", [
    [], "x", 3, {"lines": []}, {"lines": {"add": {}}}, {"lines": {"add": [3]}}, {"lines": {"set": []}},
    {"lines": {"set": {"x": 3}}}, {"lines": {"remove": [3]}}, {"lines": {"other": []}},
    {"lines": {"remove": ["a"], "keep": ["a"]}}, {"lines": {"add": [{}] * 2001}},
])  # fmt: skip
def test_what_is_no_change_of_lines(office: Shop, lines: Any) -> None:
    returned(office)
    submit(office, lines, 400)


def test_lines_come_with_nothing_else(office: Shop) -> None:
    record = order(office, 10)
    save(office, record, {}, creates=[{"product": "new"}])
    task = office.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    body = {"lines": {"lines": {"add": [{"product": "slipped in"}]}}}
    assert office.ask("POST", f"/tasks/{task}/agree", "boss", json=body).status_code == 422
    plain = order(office, 10)
    office.ask("PATCH", f"/records/order/{plain}", "li", json={"discount": 1})
    task = next(one["id"] for one in office.ask("GET", "/tasks", "boss").get_json()["data"] if one["record"] == plain)
    office.ask("POST", f"/tasks/{task}/return", "boss", json={"to": "start"})
    assert submit(office, body["lines"], 422)["errors"][0]["code"] == "no_lines"


def test_what_he_may_not_set_stays_as_it_was_proposed(office: Shop) -> None:
    """fang may not see the cost of a line; a line that was proposed with one keeps it."""
    record = order(office, 10)
    save(office, record, {}, user="fang", creates=[{"product": "new", "price": 5}])
    proposals = office.session().layout.system("s_proposal")
    key = office.session().model.objects["line"].fields["cost"].key
    office.database.rows(Sql(f"UPDATE {proposals} SET lines = jsonb_set(lines, '{{0,patch,{key}}}', '77') RETURNING 1"))
    decide(office, "boss", "return", to="start")
    new = told(office, record)[0]["lines"][0]["id"]
    submit(office, {"lines": {"set": {new: {"price": 6}}}}, user="fang")
    decide(office, "boss", "agree")
    assert (of(office, record)["new"]["cost"], of(office, record)["new"]["price"]) == (77, 6)
    save(office, record, {}, user="fang", creates=[{"product": "n2"}])
    decide(office, "boss", "return", to="start")
    hidden = submit(office, {"lines": {"add": [{"product": "x", "cost": 1}]}}, 422, user="fang")
    assert hidden["errors"][0]["code"] == "unknown_field" or "cost" in str(hidden)


def test_what_happened_meanwhile_is_noticed(office: Shop) -> None:
    """The values that the change was to replace stay those that its author has seen first."""
    record, lines, proposed = returned(office)
    other = office.session(channel="workflow")
    other.applying = "an approved change of another workflow"
    records.update(other, "line", lines["p0"]["id"], {"price": 15})
    submit(office, {"lines": {"set": {proposed["p0"]: {"price": 12}}}}, 409)
    assert of(office, record)["p0"]["price"] == 15 and wished(office, record)["p0"] == ("changed", {"price": 11})
