"""Decisions that are signed by hand: on the page, over the API, in the history; what is no signature is refused."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest

from runtime.engine import records
from runtime.engine.simulation import Asked, simulate
from tests.conftest import Shop
from tests.web.browser import PASSWORD, sound
from tests.web.test_tasks import at, command, send, task_of

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DOCUMENTS = """
object: deal
label: {en: Deal, zh: 合同}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  paper: {type: signature, label: {en: Signed by, zh: 签字}}
---
workflow: sealing
label: {en: Sealing, zh: 用印审批}
object: deal
title: name
start: {trigger: manual}
nodes:
  - approve: boss
    label: {en: Head, zh: 主管}
    who: {manager: {of: initiator}}
    opinion: {comment: on_reject, signature: true}
  - approve: second
    who: {role: chief}
---
role: sales
objects:
  deal: {create: true, read: own, update: own}
---
role: chief
objects:
  deal: {read: all}
"""
SCENARIO = """
scenario: signed
people: {ann: {roles: [sales], manager: ben}, ben: {roles: [chief]}, cho: {roles: [chief]}}
steps:
  - {as: ann, create: deal, set: {name: A}, call: a}
  - {as: ann, start: sealing, on: a}
  - {as: ben, decide: agree, node: boss, unsigned: true, refused: signature}
  - {as: ben, decide: agree, node: boss}
  - {as: cho, decide: agree}
  - expect: {state: {a: approved}}
"""


@pytest.fixture
def office(shop: Shop) -> Shop:
    shop.publish(DOCUMENTS)
    boss = shop.user("boss", "chief", full_name="Ben Boss", password=PASSWORD, language="en")
    shop.user("li", "sales", full_name="Li X", password=PASSWORD, language="en", manager=boss)
    shop.user("eve", "sales", full_name="Eve X", password=PASSWORD, language="en")
    shop.user("fang", "chief", full_name="Fang X", password=PASSWORD, language="zh")
    return shop


def start(shop: Shop, name: str = "D") -> str:
    record = records.create(shop.session("li"), "deal", {"name": name}).id
    body = {"object": "deal", "record": record}
    found = shop.ask("POST", "/workflows/sealing/start", "li", json=body)
    assert found.status_code == 201, found.text
    return str(found.json["instance"])


def upload(shop: Shop, user: str, content: bytes = PICTURE, name: str = "s.png") -> str:
    found = shop.ask("POST", "/files", user, data={"file": (io.BytesIO(content), name)})
    assert found.status_code == 201, found.text
    return str(found.json["id"])


def decide(shop: Shop, action: str = "agree", user: str = "boss", **body: Any) -> Any:
    return shop.ask("POST", f"/tasks/{task_of(shop, user)}/{action}", user, json=body)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.json["errors"]]


def test_the_page_asks_for_it_and_shows_it(office: Shop) -> None:
    instance = start(office)
    boss = at(office, "boss")
    page = boss.text(f"/tasks/{task_of(office, 'boss')}")
    sound(page, "to be signed")
    assert 'data-signing data-label="Sign here with a finger' in page and 'accept="image/png' in page
    answer = send(boss, page, "agree", comment="kept words")
    assert answer.status_code == 422 and "a signature is needed here" in answer.text and "kept words" in answer.text
    assert 'href="#agree-signature"' in answer.text and 'id="agree-signature-error"' in answer.text
    answer = send(boss, answer.text, "reject", comment="")
    assert "a signature is needed here" in answer.text and "a comment is needed here" in answer.text, "both at once"

    sent = command(answer.text, "reject")
    address = sent.pop("_address")
    answer = boss.post(address, {**sent, "signature-file": (io.BytesIO(PICTURE), "signature.png")})
    assert answer.status_code == 422 and "a signature is needed here" not in answer.text
    held = re.search(r'name="signature" value="([^"]+)" checked', answer.text)
    assert held and f'<img src="/files/{held[1]}"' in answer.text, "what was drawn is kept while a comment is missing"
    sound(answer.text, "refused with a signature")
    assert send(boss, answer.text, "agree", comment="fine", signature=held[1]).status_code == 303

    page = boss.text(f"/tasks/flows/{instance}")
    assert f'<img src="/files/{held[1]}" alt="Signature of Ben Boss">' in page
    shown = at(office, "li").get(f"/files/{held[1]}")
    assert shown.status_code == 200 and shown.data == PICTURE and shown.content_type == "image/png"
    assert at(office, "eve").get(f"/files/{held[1]}").status_code == 404
    assert "Ben Boss的签名" in at(office, "fang").text(f"/tasks/flows/{instance}")


def test_the_api(office: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = start(office)
    takes = office.ask("GET", f"/tasks/{task_of(office, 'boss')}", "boss").json["actions"]
    assert takes["agree"]["signature"] and takes["reject"]["signature"] and "signature" not in takes["return"]
    for action, more in (("agree", {}), ("reject", {"comment": "no"}), ("agree", {"signature": ""})):
        answer = decide(office, action, **more)
        assert answer.status_code == 422 and codes(answer) == [("signature", "signature")], answer.text
    strange = upload(office, "li")
    for signature, code in ((strange, "file"), ("nothing", "file"), (upload(office, "boss", b"%PDF-1.4 x"), "picture")):
        answer = decide(office, signature=signature)
        assert answer.status_code == 422 and codes(answer) == [("signature", code)], answer.text
    monkeypatch.setattr("runtime.engine.flowargs.LARGEST_SIGNATURE", 1000)
    huge = upload(office, "boss", PICTURE + b"\0" * 1000)
    assert codes(decide(office, signature=huge)) == [("signature", "picture")]
    for broken in (7, ["x"], {"id": strange}, "x" * 20_000):
        answer = decide(office, signature=broken)
        assert answer.status_code == 400, answer.text
    mine = upload(office, "boss")
    assert codes(decide(office, signature=mine, files=[mine])) == [("signature", "file")]
    assert codes(decide(office, "return", to="start", comment="x", signature=mine)) == [("signature", "not_signed")]
    assert codes(decide(office, "transfer", to="fang", signature=mine)) == [("signature", "not_signed")]
    answer = decide(office, signature=mine)
    assert answer.status_code == 200, answer.text
    story = office.ask("GET", f"/workflows/instances/{instance}", "li").json["history"]
    assert [one["data"].get("signature") for one in story if one["type"] == "command"] == [None, mine]
    start(office, "E")
    answer = decide(office, signature=mine)
    assert codes(answer) == [("signature", "file")], "nobody signs twice with one picture"


def test_a_step_without_one_takes_none(office: Shop) -> None:
    start(office)
    assert decide(office, signature=upload(office, "boss")).status_code == 200
    task = task_of(office, "fang")
    page = at(office, "fang").text(f"/tasks/{task}")
    assert "data-signing" not in page
    answer = decide(office, user="fang", signature=upload(office, "fang"))
    assert answer.status_code == 422 and codes(answer) == [("signature", "not_signed")]
    assert decide(office, user="fang").status_code == 200


def test_signers_after_me_are_my_signature_too(office: Shop) -> None:
    start(office)
    answer = decide(office, "add_sign", kind="after", people=["fang"])
    assert codes(answer) == [("signature", "signature")]
    page = at(office, "boss").text(f"/tasks/{task_of(office, 'boss')}")
    assert 'id="add_sign-signature"' in page
    sound(page, "two pads")
    assert decide(office, "add_sign", kind="before", people=["fang"]).status_code == 200, "that is no decision yet"
    assert codes(decide(office, user="fang")) == [("signature", "signature")], "whoever is added signs as well"
    assert decide(office, user="fang", signature=upload(office, "fang")).status_code == 200


def test_many_at_once_are_not_signed(office: Shop) -> None:
    start(office)
    body = {"action": "agree", "tasks": [task_of(office, "boss")]}
    answer = office.ask("POST", "/tasks/batch", "boss", json=body)
    assert answer.json["data"][0]["code"] == "open_it"


def test_scenarios_and_simulations_sign(office: Shop) -> None:
    office.publish(DOCUMENTS, SCENARIO)  # It is refused while the scenario fails.
    record = records.create(office.session("li"), "deal", {"name": "S"}).id
    found = simulate(office.workspace, Asked("sealing", record, initiator="li"))
    assert found["state"] == "approved", found["stopped"]


def test_a_field_of_a_record_has_the_same_pad(office: Shop) -> None:
    li = at(office, "li")
    record = records.create(office.session("li"), "deal", {"name": "S"}).id
    page = li.text(f"/o/deal/{record}/edit")
    assert "data-signing" in page and 'name="paper-file"' in page
    sound(page, "a field to be signed")
    form = {"_csrf": li.token("/"), "name": "S", "version": "1", "paper-file": (io.BytesIO(PICTURE), "signature.png")}
    assert li.post(f"/o/deal/{record}/edit", form).status_code == 303
    held = office.ask("GET", f"/records/deal/{record}", "li").json["paper"]["id"]
    page = li.text(f"/o/deal/{record}/edit")
    assert f'<img src="/files/{held}"' in page and f'src="/files/{held}"' in li.text(f"/o/deal/{record}")
