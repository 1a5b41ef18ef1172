"""Rights: what is taken away holds at the next request everywhere; sharing, assigning, lines, masks, other workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.app import create_app, make_services
from runtime.base.errors import Forbidden
from runtime.engine import accounts
from runtime.engine.access import DOING, SCOPED, SWITCHES, demand_object
from runtime.engine.workspace import Session
from runtime.store import people, provisioning
from tests.conftest import Shop
from tests.engine.tables import codes, dump, problem

DOCUMENTS = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}}
  phone: {type: phone, label: {en: P, zh: 话}}
  mail: {type: email, label: {en: E, zh: 邮}}
  pay: {type: number, label: {en: A, zh: 额}}
  region: {type: text, label: {en: R, zh: 区}}
---
object: deal
label: {en: Deal, zh: 交易}
fields:
  name: {type: text, label: {en: N, zh: 名}}
  firm: {type: link, to: firm, label: {en: F, zh: 公}}
---
object: line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, to: deal, label: {en: D, zh: 交}, reverse: lines, owned: true, required: true}
  price: {type: number, label: {en: P, zh: 价}}
  cost: {type: number, label: {en: C, zh: 本}}
---
role: own
label: {en: Own, zh: 本人}
objects:
  firm: {create: true, read: own, update: own, delete: own, share: own, bulk: true, fields: {phone: masked, mail: masked, pay: read}}
  deal: {create: true, read: own, update: all, delete: own, bulk: true}
  line: {fields: {cost: hidden}}
---
role: sharer
label: {en: Sharer, zh: 共享}
objects:
  firm: {read: all, update: own, share: all, assign: none}
---
role: boss
label: {en: Boss, zh: 主管}
administer: true
objects:
  firm: {read: department_below, update: department, assign: all, create: true}
---
role: west
label: {en: West, zh: 西区}
objects:
  firm: {create: true, read: {where: region == 'west'}, update: all, bulk: true}
"""


@pytest.fixture(scope="module")
def town(shared_shop: Shop) -> Shop:
    shop = shared_shop
    shop.publish(*DOCUMENTS.split("---\n"))
    for name, role in (("ann", "own"), ("bob", "own"), ("sue", "sharer"), ("joe", "boss"), ("wes", "west")):
        shop.user(name, role)
    return shop


def make(shop: Shop, user: str, name: str, /, **values: Any) -> dict[str, Any]:
    answer = shop.ask("POST", f"/records/{name}", user, json=values)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def me(shop: Shop, user: str) -> str:
    return str(shop.ask("GET", "/me", user).get_json()["id"])


@pytest.fixture
def apart(town: Shop) -> Iterator[Any]:
    """Another process: an application of its own on the same database."""
    app = create_app(town.settings, make_services(town.settings))
    yield lambda user, path="/me": app.test_client().get(
        f"/api/v1{path}", headers={"Authorization": f"Bearer {town.token(user)}"}
    )
    app.extensions["dougong"].workspaces.database.close()


def test_what_is_taken_away_is_gone_at_the_next_request_of_any_process(town: Shop, apart: Any) -> None:
    town.user("tim", "own")
    firm = make(town, "tim", "firm", name="f")["id"]
    path = f"/records/firm/{firm}"
    assert apart("tim", path).status_code == 200
    change = f"/admin/users/{me(town, 'tim')}"
    assert town.ask("PATCH", change, json={"roles": []}).status_code == 200
    assert apart("tim", path).status_code == 404 and apart("tim").status_code == 200
    assert town.ask("PATCH", change, json={"roles": ["own"]}).status_code == 200
    assert apart("tim", path).status_code == 200
    assert town.ask("PATCH", change, json={"active": False}).status_code == 200
    assert apart("tim", path).status_code == 401 and apart("tim", "/records/firm").status_code == 401
    town.user("tom", "own")
    assert apart("tom").status_code == 200
    assert town.ask("POST", "/logout", "tom").status_code == 200
    assert apart("tom").status_code == 401 and apart("tom", "/records/firm").status_code == 401


def test_ids_of_another_workspace_are_not_there(town: Shop) -> None:
    provisioning.create(town.database, "second")
    second = town.services.workspaces.named("second")
    stranger = accounts.create_user(
        Session(second, user_id=None, channel="test"), {"name": "admin", "roles": ["admin"]}
    )
    department = people.add_department(town.database, second.schema, "there", None, None)
    for path in (f"/admin/users/{stranger['id']}", f"/admin/departments/{department}", f"/files/{stranger['id']}"):
        problem(town.ask("GET", path), 404)
    before = dump(town)
    refused = [
        ("POST", "/records/firm", {"name": "x", "owner": stranger["id"]}),
        ("POST", "/admin/users", {"name": "n", "manager": stranger["id"]}),
        ("POST", "/admin/users", {"name": "n", "department": department}),
        ("POST", "/admin/departments", {"name": "n", "parent": department}),
        ("POST", "/admin/departments", {"name": "n", "head": stranger["id"]}),
    ]
    for method, path, body in refused:
        answer = town.ask(method, path, json=body)
        problem(answer, 422)
        assert {code for _, code in codes(answer)} == {"not_found"}
    assert dump(town) == before


def test_sharing_gives_what_one_has_and_no_more(town: Shop) -> None:
    firm = make(town, "ann", "firm", name="shared")
    path = f"/records/firm/{firm['id']}"
    problem(town.ask("GET", path, "bob"), 404)
    department = people.add_department(town.database, town.workspace.schema, "east", None, None)
    for kind, grantee in (("user", me(town, "bob")), ("role", "own"), ("department", department)):
        if kind == "department":
            town.ask("PATCH", f"/admin/users/{me(town, 'bob')}", json={"department": department})
        share = {"kind": kind, "with": grantee, "level": "read"}
        assert town.ask("PUT", f"{path}/shares", "ann", json=share).status_code == 200
        assert town.ask("GET", path, "bob").status_code == 200, kind
        problem(town.ask("PATCH", path, "bob", json={"name": "x"}), 403)
        assert town.ask("PUT", f"{path}/shares", "ann", json={**share, "level": "write"}).status_code == 200
        assert town.ask("PATCH", path, "bob", json={"name": kind}).status_code == 200
        assert town.ask("PUT", f"{path}/shares", "ann", json={**share, "level": "none"}).status_code == 200
        problem(town.ask("GET", path, "bob"), 404)
    myself = {"kind": "user", "with": me(town, "sue"), "level": "write"}
    problem(town.ask("PUT", f"{path}/shares", "sue", json=myself), 403)
    assert town.ask("PUT", f"{path}/shares", "sue", json={**myself, "level": "read"}).status_code == 200
    problem(town.ask("PATCH", path, "sue", json={"name": "mine"}), 403)


def test_owners_are_changed_by_those_who_may_assign(town: Shop) -> None:
    firm = make(town, "ann", "firm", name="owned")
    bob = me(town, "bob")
    problem(town.ask("PATCH", f"/records/firm/{firm['id']}", "ann", json={"owner": bob}), 403)
    answer = town.ask("POST", "/records/firm", "ann", json={"name": "x", "owner": bob})
    problem(answer, 422)
    results = town.ask("POST", "/records/firm/bulk", "ann",
                       json={"mode": "update", "records": [{"id": firm["id"], "owner": bob}]}).get_json()["results"]  # fmt: skip
    assert results[0]["status"] == 403
    assert town.ask("PATCH", f"/records/firm/{firm['id']}", json={"owner": bob}).get_json()["owner"] == bob
    problem(town.ask("GET", f"/records/firm/{firm['id']}", "ann"), 404)


def test_nobody_gives_what_he_does_not_hold(town: Shop) -> None:
    before = dump(town)
    ann = me(town, "ann")
    for body in ({"roles": ["own", "admin"]}, {"roles": ["own", "west"]}, {"password": "long enough 1"}):
        problem(town.ask("PATCH", f"/admin/users/{ann}", "joe", json=body), 403)
    problem(town.ask("POST", "/admin/users", "joe", json={"name": "new", "roles": ["own"]}), 403)
    problem(town.ask("PATCH", f"/admin/users/{me(town, 'admin')}", "joe", json={"active": False}), 403)
    problem(town.ask("PATCH", f"/admin/users/{me(town, 'joe')}", "joe", json={"roles": ["boss", "own"]}), 403)
    for method, path in (("GET", "/admin/users"), ("POST", "/admin/users"), ("GET", f"/admin/users/{ann}")):
        problem(town.ask(method, path, "ann", json={} if method == "POST" else None), 403)
    assert dump(town) == before
    assert town.ask("POST", "/admin/users", "joe", json={"name": "new", "roles": ["boss"]}).status_code == 201


def test_lines_follow_their_parent(town: Shop) -> None:
    mine, theirs = make(town, "ann", "deal", name="m")["id"], make(town, "bob", "deal", name="t")["id"]
    line = make(town, "ann", "line", deal=mine, price=1)
    assert "cost" not in line
    answer = town.ask("POST", "/records/line", "ann", json={"deal": theirs, "price": 1})
    problem(answer, 422)
    assert codes(answer) == {("deal", "not_found")}, "update: all says nothing of a parent that one may not read"
    bulk = town.ask(
        "POST", "/records/line/bulk", "ann", json={"mode": "create", "records": [{"deal": theirs}, {"deal": mine}]}
    )
    assert [one["status"] for one in bulk.get_json()["results"]] == [422, 201]
    problem(town.ask("PATCH", f"/records/line/{line['id']}", "ann", json={"deal": theirs}), 422)
    problem(town.ask("PATCH", f"/records/line/{line['id']}", "ann", json={"cost": 1}), 422)
    problem(town.ask("GET", f"/records/line/{line['id']}", "bob"), 404)
    problem(town.ask("DELETE", f"/records/line/{line['id']}", "bob"), 404)
    assert town.ask("DELETE", f"/records/line/{line['id']}", "ann").status_code == 204


def test_masks_read_as_masks_and_do_nothing_else(town: Shop) -> None:
    firm = make(town, "ann", "firm", name="masked")
    path = f"/records/firm/{firm['id']}"
    town.ask("PATCH", path, json={"phone": "13812341234", "mail": "anna@example.com", "pay": 5})
    seen = town.ask("GET", path, "ann").get_json()
    assert (
        "****" in seen["phone"]
        and "1234123" not in seen["phone"]
        and seen["mail"].startswith("a***@")
        and seen["pay"] == 5
    )
    for query in ("filter=phone == 'x'", "sort=phone", "filter=ISBLANK(mail)"):
        problem(town.ask("GET", f"/records/firm?{query}", "ann"), 422)
    for body in ({"group_by": ["phone"]}, {"measures": {"n": "COUNTD(mail)"}}):
        problem(town.ask("POST", "/records/firm/aggregate", "ann", json=body), 422)
    for body in ({"phone": "13900001111"}, {"pay": 6}):
        problem(town.ask("PATCH", path, "ann", json=body), 422)
    assert town.ask("GET", "/records/firm?q=13812341234", "ann").get_json()["data"] == []
    changes = [one["changes"] for one in town.ask("GET", f"{path}/history", "ann").get_json()["data"]]
    assert changes[0]["phone"] == {"old": None, "new": "****"} and "1381234" not in str(changes)


def test_nobody_saves_a_record_out_of_his_own_sight(town: Shop) -> None:
    before = dump(town)
    problem(town.ask("POST", "/records/firm", "wes", json={"name": "x", "region": "east"}), 403)
    bulk = {
        "mode": "create",
        "records": [{"name": "x", "region": "east"}, {"name": "y", "region": "west"}],
        "atomic": True,
    }
    answer = town.ask("POST", "/records/firm/bulk", "wes", json=bulk)
    assert answer.status_code == 422 and [one["status"] for one in answer.get_json()["results"]] == [403, 424]
    assert dump(town) == before
    firm = make(town, "wes", "firm", name="x", region="west")
    problem(town.ask("PATCH", f"/records/firm/{firm['id']}", "wes", json={"region": "east"}), 403)
    assert town.ask("GET", f"/records/firm/{firm['id']}", "wes").get_json()["region"] == "west"


@pytest.mark.parametrize(
    ("right", "en", "zh"),
    [
        ("import", "you may not import records of 'Firm'", "您没有权限导入“公司”的记录"),
        ("bulk", "you may not bulk-edit records of 'Firm'", "您没有权限批量处理“公司”的记录"),
        ("assign", "you may not assign records of 'Firm'", "您没有权限转交“公司”的记录"),
    ],
)
def test_what_is_not_allowed_is_said_in_words(town: Shop, right: str, en: str, zh: str) -> None:
    session = town.session("sue")
    access = demand_object(session.snapshot, session.person, "firm")
    with pytest.raises(Forbidden) as refused:
        access.demand(right)
    assert (refused.value.message.en, refused.value.message.zh) == (en, zh)


def test_every_right_has_a_word() -> None:
    assert DOING.keys() == {*SCOPED, *SWITCHES}
