"""A record with its lines in one transaction: all of it or nothing, the same rules, told line by line."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.errors import Conflict, Forbidden, Invalid, Stale
from runtime.engine import compound
from runtime.engine.compound import Lines, Refused
from runtime.engine.saving import Options
from tests.conftest import Shop
from tests.engine.tables import dump

DOCUMENTS = """
object: deal
title: name
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  limit: {type: number, default: 100}
  total: {type: rollup, value: SUM(lines.amount), result: number}
validations:
  not_too_much: {valid: total <= limit, message: {en: Too much in all, zh: 总额过大}}
  some: {valid: COUNT(lines) > 0 or name != 'full', message: {en: A full one has lines, zh: 需有明细}, field: name}
---
object: line
title: deal.name & ' ' & number
fields:
  deal: {type: link, to: deal, reverse: lines, owned: true, required: true}
  number: {type: text, unique: true, required: true}
  amount: {type: number, min: 0, default: "=deal.limit / 10"}
---
role: sales
objects:
  deal: {create: true, read: own, update: own, delete: own}
  line: {fields: {amount: read}}
---
role: looker
objects:
  deal: {read: all}
"""


@pytest.fixture
def deals(shop: Shop) -> Shop:
    shop.publish(DOCUMENTS)
    return shop


def lines(shop: Shop, deal: str) -> dict[str, Any]:
    found = shop.ask("GET", f"/records/line?filter=deal=='{deal}'").json["data"]
    return {one["number"]: one for one in found}


def save(shop: Shop, record: str | None, raw: dict[str, Any], version: int | None = None, **changes: Any) -> str:
    session = shop.session("admin", "form")
    return compound.save(session, "deal", record, raw, [Lines("lines", **changes)], Options(version=version)).id


def test_a_new_record_comes_with_its_lines(deals: Shop) -> None:
    made = save(deals, None, {"name": "full"}, creates=[{"number": "1", "amount": 5}, {"number": "2"}])
    found = deals.ask("GET", f"/records/deal/{made}").json
    assert found["total"] == 15, "the default of a line sees the record that is being made"
    there = lines(deals, made)
    assert [*sorted(there)] == ["1", "2"] and there["2"]["amount"] == 10
    history = deals.ask("GET", f"/records/line/{there['1']['id']}/history").json["data"]
    assert [one["action"] for one in history] == ["created"] and history[0]["channel"] == "form"


def test_nothing_is_stored_when_a_line_is_refused(deals: Shop) -> None:
    save(deals, None, {"name": "a"}, creates=[{"number": "taken"}])
    before = dump(deals)
    for bad, code in (({"number": "3", "amount": -1}, "range"), ({"number": "taken"}, "taken"), ({}, "required")):
        with pytest.raises(Refused) as refused:
            save(deals, None, {"name": "b"}, creates=[{"number": "2"}, bad])
        results = refused.value.outcome.results["lines", "create"]
        assert results[0].status == 424 or results[0].status < 300
        assert results[1].status in (409, 422), code
        assert dump(deals) == before, bad


def test_the_record_and_its_lines_are_told_together(deals: Shop) -> None:
    with pytest.raises(Refused) as refused:
        save(deals, None, {"name": None}, creates=[{"amount": -1}])
    assert [one.field for one in refused.value.own] == ["name"]
    assert {one.field for one in refused.value.outcome.refused[0].problems} == {"number", "amount"}


def test_rules_that_sum_up_lines_see_what_will_be(deals: Shop) -> None:
    before = dump(deals)
    with pytest.raises(Refused) as refused:
        save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 60}, {"number": "2", "amount": 41}])
    assert [one.message.en for one in refused.value.own] == ["Too much in all"]
    assert dump(deals) == before
    with pytest.raises(Refused):
        save(deals, None, {"name": "full"})
    made = save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 60}, {"number": "2", "amount": 40}])
    one, two = lines(deals, made)["1"]["id"], lines(deals, made)["2"]["id"]
    save(deals, made, {}, updates=[{"id": one, "amount": 10}, {"id": two, "amount": 90}])
    with pytest.raises(Refused):
        save(deals, made, {"limit": 99})
    save(deals, made, {"limit": 10}, deletes=[{"id": two}])
    assert deals.ask("GET", f"/records/deal/{made}").json["total"] == 10


def test_changes_creations_and_deletions_at_once(deals: Shop) -> None:
    made = save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 1}, {"number": "2", "amount": 2}])
    there = lines(deals, made)
    save(
        deals, made, {"name": "b"},
        creates=[{"number": "2", "amount": 7}],
        updates=[{"id": there["1"]["id"], "version": 1, "amount": 9}],
        deletes=[{"id": there["2"]["id"]}],
    )  # fmt: skip
    assert {number: one["amount"] for number, one in lines(deals, made).items()} == {"1": 9, "2": 7}
    assert deals.ask("GET", f"/records/deal/{made}").json["name"] == "b"


def test_somebody_was_faster(deals: Shop) -> None:
    made = save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 1}])
    line = lines(deals, made)["1"]["id"]
    deals.ask("PATCH", f"/records/line/{line}", json={"amount": 2})
    before = dump(deals)
    with pytest.raises(Refused) as refused:
        save(deals, made, {"name": "mine"}, updates=[{"id": line, "version": 1, "amount": 3}])
    assert refused.value.outcome.refused[0].status == 412 and dump(deals) == before
    deals.ask("PATCH", f"/records/deal/{made}", json={"name": "theirs"})
    with pytest.raises(Stale):
        save(deals, made, {"name": "mine"}, version=1, creates=[{"number": "9"}])
    assert "9" not in lines(deals, made)


def test_lines_of_others_are_out_of_reach(deals: Shop) -> None:
    mine = save(deals, None, {"name": "mine"})
    theirs = save(deals, None, {"name": "theirs"}, creates=[{"number": "1", "amount": 1}])
    line = lines(deals, theirs)["1"]["id"]
    before = dump(deals)
    for changes in ({"updates": [{"id": line, "amount": 2}]}, {"deletes": [{"id": line}]}):
        with pytest.raises(Refused):
            save(deals, mine, {"name": "x"}, **changes)
        assert dump(deals) == before
    made = save(deals, mine, {}, creates=[{"number": "5", "amount": 1, "deal": theirs}])
    assert "5" in lines(deals, made) and "5" not in lines(deals, theirs)
    with pytest.raises(Invalid):
        compound.save(deals.session("admin"), "deal", mine, {}, [Lines("nothing", creates=[{}])])


def test_rights_are_those_of_every_way_in(deals: Shop) -> None:
    deals.user("li", "sales")
    deals.user("lu", "looker")
    made = save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 1}])
    before = dump(deals)
    for user, record in (("lu", made), ("lu", None)):
        with pytest.raises(Forbidden):
            compound.save(
                deals.session(user), "deal", record, {"name": "x"}, [Lines("lines", creates=[{"number": "2"}])]
            )
    with pytest.raises(Refused) as refused:
        compound.save(
            deals.session("li"), "deal", None, {"name": "x"}, [Lines("lines", creates=[{"number": "2", "amount": 1}])]
        )
    assert refused.value.outcome.refused[0].problems[0].code == "readonly"
    assert dump(deals) == before
    compound.save(deals.session("li"), "deal", None, {"name": "x"}, [Lines("lines", creates=[{"number": "2"}])])


def test_the_same_request_twice_makes_one_record(deals: Shop) -> None:
    options = Options(once=("key", b"same"))
    work = [Lines("lines", creates=[{"number": "1", "amount": 1}])]
    first = compound.save(deals.session("admin"), "deal", None, {"name": "a"}, work, options)
    second = compound.save(deals.session("admin"), "deal", None, {"name": "a"}, work, options)
    assert second.replayed and second.id == first.id and len(lines(deals, first.id)) == 1
    with pytest.raises(Invalid):
        compound.save(deals.session("admin"), "deal", None, {"name": "b"}, [], Options(once=("key", b"other")))


def test_a_taken_value_of_the_record_itself(deals: Shop) -> None:
    save(deals, None, {"name": "a", "code": "x"})
    before = dump(deals)
    with pytest.raises((Conflict, Refused)) as refused:
        save(deals, None, {"name": "b", "code": "x"}, creates=[{"number": "1"}])
    assert [one.field for one in refused.value.problems] == ["code"] and dump(deals) == before


def test_stored_sums_follow_lines_that_are_deleted_in_the_form(shop: Shop) -> None:
    shop.publish(
        DOCUMENTS.replace(
            "value: SUM(lines.amount), result: number", "value: SUM(lines.amount), result: number, stored: true"
        )
    )
    made = save(shop, None, {"name": "a"}, creates=[{"number": "1", "amount": 5}, {"number": "2", "amount": 7}])
    save(shop, made, {}, deletes=[{"id": lines(shop, made)["1"]["id"]}])
    assert shop.ask("GET", f"/records/deal/{made}").json["total"] == 7
    assert [one["id"] for one in shop.ask("GET", "/records/deal?filter=total==7").json["data"]] == [made]


def test_the_version_moves_with_the_lines(deals: Shop) -> None:
    made = save(deals, None, {"name": "a"}, creates=[{"number": "1", "amount": 5}, {"number": "2", "amount": 7}])
    there = lines(deals, made)
    for changes in (
        {"updates": [{"id": there["1"]["id"], "amount": 6}]},
        {"creates": [{"number": "3"}]},
        {"deletes": [{"id": there["2"]["id"]}]},
    ):
        seen = deals.ask("GET", f"/records/deal/{made}").json
        save(deals, made, {}, version=seen["version"], **changes)
        now = deals.ask("GET", f"/records/deal/{made}").json
        assert now["version"] == seen["version"] + 1 and now["updated_at"] > seen["updated_at"]
        with pytest.raises(Stale):
            save(deals, made, {"name": "stale"}, version=seen["version"])
    story = deals.ask("GET", f"/records/deal/{made}/history").json["data"]
    assert [one["action"] for one in story] == ["lines", "lines", "lines", "created"]
    save(deals, made, {}, version=4, updates=[{"id": there["1"]["id"], "amount": 6}])
    save(deals, made, {"name": "b"}, version=4, updates=[{"id": there["1"]["id"], "amount": 8}])
    assert deals.ask("GET", f"/records/deal/{made}").json["version"] == 5, "once a save, not where nothing changes"
