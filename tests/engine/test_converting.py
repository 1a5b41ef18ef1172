"""Conversions: several linked records out of one, all or nothing, with the rights of whoever converts, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Shop

APP = """object: firm
title: name
fields:
  name: {type: text, required: true, unique: true}
  size: {type: number}
  secret: {type: text}
---
object: person
title: name
fields:
  name: {type: text, required: true}
  firm: {type: link, to: firm, required: true, reverse: people}
  phone: {type: text}
---
object: deal
title: name
fields:
  name: {type: text, required: true}
  firm: {type: link, to: firm, required: true, reverse: deals}
  person: {type: link, to: person, reverse: deals}
  worth: {type: number, min: 0}
validations:
  same: {valid: ISBLANK(person) or person.firm == firm, message: {en: another firm, zh: 其他公司}, field: person}
---
object: lead
title: name
fields:
  name: {type: text, required: true}
  company: {type: text}
  phone: {type: text}
  worth: {type: number}
  hint: {type: text}
  status: {type: select, options: {new: New, done: Done}, default: new}
  firm: {type: link, to: firm, reverse: leads}
  person: {type: link, to: person}
  deal: {type: link, to: deal}
  on: {type: date}
conversions:
  sale:
    label: {en: Convert, zh: 转化}
    when: status == 'new'
    into:
      - {link: firm, existing: true, set: {name: "=COALESCE(company, name)", secret: =hint}}
      - {link: person, set: {name: =name, firm: =firm, phone: =phone}}
      - {link: deal, optional: true, set: {name: "=name & ' at ' & firm.name", firm: =firm, person: =person, worth: =worth}}
    then: {status: done, on: =TODAY()}
---
role: seller
objects:
  firm: {read: own, create: true, update: own}
  person: {read: own, create: true}
  deal: {read: own, create: true}
  lead: {read: all, update: all, fields: {hint: hidden}}
---
role: helper
objects:
  firm: {read: all}
  person: {read: own, create: true}
  lead: {read: all, update: all}
---
role: looker
objects:
  lead: {read: all}
"""


@pytest.fixture
def leads(shop: Shop) -> Shop:
    shop.publish(APP, app="leads")
    return shop


def lead(shop: Shop, **values: Any) -> str:
    body = {"name": "Ada", "company": "Engines", "phone": "1", "worth": 5, "hint": "rich", **values}
    made = shop.ask("POST", "/records/lead", json=body)
    assert made.status_code == 201, made.get_data(as_text=True)
    return str(made.get_json()["id"])


def convert(shop: Shop, record: str, body: Any = None, user: str = "admin", **headers: str) -> Any:
    return shop.ask("POST", f"/records/lead/{record}/convert/sale", user, json=body or {}, headers=headers)


def everything(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    return {name: shop.ask("GET", f"/records/{name}").get_json()["data"] for name in ("firm", "person", "deal", "lead")}


def test_all_of_it_in_one_go(leads: Shop) -> None:
    record = lead(leads)
    shown = leads.ask("GET", f"/records/lead/{record}/convert/sale").get_json()["data"]
    assert [(one["link"], one["object"], one["existing"], one["optional"]) for one in shown] == [
        ("firm", "firm", True, False), ("person", "person", False, False), ("deal", "deal", False, True),
    ]  # fmt: skip
    assert shown[0]["values"] == {"name": "Engines", "secret": "rich"} and shown[1]["values"] == {
        "name": "Ada",
        "phone": "1",
    }
    made = convert(leads, record)
    assert made.status_code == 200, made.get_data(as_text=True)
    body = made.get_json()
    assert body["status"] == "done" and body["on"] and made.headers["ETag"] == '"2"'
    found = everything(leads)
    firm, person, deal = found["firm"][0], found["person"][0], found["deal"][0]
    assert (firm["name"], firm["secret"]) == ("Engines", "rich")
    assert (person["firm"], person["phone"]) == (firm["id"], "1")
    assert (deal["name"], deal["firm"], deal["person"], deal["worth"]) == (
        "Ada at Engines",
        firm["id"],
        person["id"],
        5,
    )
    assert [body["firm"], body["person"], body["deal"]] == [firm["id"], person["id"], deal["id"]]


def test_an_existing_one_other_values_and_one_left_out(leads: Shop) -> None:
    firm = leads.ask("POST", "/records/firm", json={"name": "Old"}).get_json()["id"]
    choices = {"firm": {"id": firm}, "person": {"values": {"name": "Eve", "phone": None}}, "deal": None}
    made = convert(leads, lead(leads), choices)
    assert made.status_code == 200, made.get_data(as_text=True)
    found = everything(leads)
    assert [one["name"] for one in found["firm"]] == ["Old"] and found["deal"] == []
    assert (found["person"][0]["name"], found["person"][0]["phone"], found["person"][0]["firm"]) == ("Eve", None, firm)
    assert made.get_json()["deal"] is None
    # A link that is filled already is kept, without anybody choosing.
    again = convert(leads, lead(leads, firm=firm), {"deal": None})
    assert again.status_code == 200 and again.get_json()["firm"] == firm
    assert len(everything(leads)["firm"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"nothing": {}}, "nothing"),
        ({"firm": 5}, "firm"),
        ({"firm": {"id": 5}}, "firm"),
        ({"firm": {"id": "x", "values": {}}}, "firm"),
        ({"firm": {"name": "x"}}, "firm"),
        ({"firm": None}, "firm"),
        ({"person": {"id": "01900000-0000-7000-8000-000000000001"}}, "person"),
        ({"firm": {"id": "01900000-0000-7000-8000-000000000001"}}, "person.firm"),
        ({"firm": {"values": {"name": None}}}, "firm.name"),
        ({"firm": {"values": {"nmae": "x"}}}, "firm.nmae"),
        ({"deal": {"values": {"worth": -1}}}, "deal.worth"),
        ({"deal": {"values": {"worth": "x" * 10_000}}}, "deal.worth"),
    ],
)
def test_a_refusal_leaves_nothing_behind(leads: Shop, body: dict[str, Any], field: str) -> None:
    record = lead(leads)
    before = everything(leads)
    found = convert(leads, record, body)
    assert found.status_code == 422, found.get_data(as_text=True)
    assert [one["field"] for one in found.get_json()["errors"]] == [field]
    assert everything(leads) == before


def test_a_taken_value_is_told_at_its_place(leads: Shop) -> None:
    leads.ask("POST", "/records/firm", json={"name": "Engines"})
    before = everything(leads)
    found = convert(leads, lead(leads))
    assert found.status_code == 409 and found.get_json()["errors"][0]["field"] == "firm.name"
    assert {**everything(leads), "lead": []} == {**before, "lead": []}


def test_once_only(leads: Shop) -> None:
    record = lead(leads)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: convert(leads, record), range(6)))
    assert sorted(one.status_code for one in found) == [200, 409, 409, 409, 409, 409]
    assert {one.get_json().get("type") for one in found if one.status_code == 409} != {None}
    assert [len(rows) for rows in everything(leads).values()] == [1, 1, 1, 1]


def test_the_same_request_twice_answers_the_same(leads: Shop) -> None:
    record = lead(leads)
    first, second = (convert(leads, record, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert second.headers["Idempotent-Replayed"] == "true" and first.get_json() == second.get_json()
    assert len(everything(leads)["firm"]) == 1
    assert convert(leads, lead(leads, name="Other", company="O"), **{"Idempotency-Key": "k1"}).status_code == 422
    third = lead(leads, name="Third", company="T")
    assert convert(leads, third, **{"If-Match": '"7"'}).status_code == 412


def test_the_same_request_again_with_fewer_rights(leads: Shop) -> None:
    person = leads.user("boss", "admin")
    record = lead(leads)
    key = {"Idempotency-Key": "k2"}
    assert convert(leads, record, None, "boss", **key).get_json()["hint"] == "rich"
    leads.ask("PATCH", f"/admin/users/{person}", json={"roles": ["seller"]})
    again = convert(leads, record, None, "boss", **key)
    assert again.headers["Idempotent-Replayed"] == "true"
    seen = leads.ask("GET", f"/records/lead/{record}", "boss")
    assert seen.status_code == 200 and again.get_json() == seen.get_json() and "hint" not in seen.get_json()


def test_rights(leads: Shop) -> None:
    for name in ("seller", "helper", "looker"):
        leads.user(name, name)
    record = lead(leads)
    assert convert(leads, record, user="looker").status_code == 403
    shown = leads.ask("GET", f"/records/lead/{record}/convert/sale", "seller").get_json()["data"]
    assert "secret" not in shown[0]["values"], "what may not be read is not copied"
    foreign = leads.ask("POST", "/records/firm", json={"name": "Foreign"}).get_json()["id"]
    refused = convert(leads, record, {"firm": {"id": foreign}}, "seller")
    assert refused.status_code == 422, "a record that may not be seen is not there"
    done = convert(leads, record, {}, "seller")
    assert done.status_code == 200, done.get_data(as_text=True)
    firm = next(one for one in everything(leads)["firm"] if one["name"] == "Engines")
    assert firm["secret"] is None
    # The helper may make no firm, but choose one; he may make no deal, so none is made.
    other = lead(leads, name="Bob", company="B")
    assert convert(leads, other, {}, "helper").status_code == 403
    assert convert(leads, other, {"firm": {"id": foreign}}, "helper").status_code == 200
    assert [one["name"] for one in everything(leads)["deal"]] == ["Ada at Engines"]


def test_nonsense(leads: Shop) -> None:
    record = lead(leads)
    assert leads.ask("POST", f"/records/lead/{record}/convert/none", json={}).status_code == 422
    assert leads.ask("POST", f"/records/firm/{record}/convert/sale", json={}).status_code == 422
    assert leads.ask("POST", "/records/lead/nothing/convert/sale", json={}).status_code == 404
    assert leads.ask("POST", f"/records/lead/{record}/convert/sale", json=[1]).status_code == 400
    assert leads.ask("POST", f"/records/lead/{record}/convert/sale", data=b"{").status_code == 400
    assert everything(leads)["firm"] == []
