"""A form that is sent when its session has ended: shown again behind the login, to who has filled it in, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runtime.store import people
from runtime.web.entrance import AGAIN, KEPT
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs, person, sound

NOTE = """
object: note
label: {en: Note, zh: 便签}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  text: {type: long_text, label: {en: Text, zh: 正文}}
  tags: {type: multiselect, label: {en: Tags, zh: 标签}, options: {a: {en: A, zh: 甲}, b: {en: B, zh: 乙}}}
---
object: item
label: {en: Item, zh: 明细}
title: name
fields:
  note: {type: link, to: note, reverse: items, owned: true, required: true}
  name: {type: text, label: {en: Name, zh: 名称}}
---
form: note
object: note
label: {en: Note, zh: 便签}
layout:
- {section: main, items: [name, text, tags]}
- {lines: items, columns: [name]}
---
role: staff
label: {en: Staff, zh: 员工}
objects: {note: {create: true, read: all, update: all}}
"""
TYPED = {"name": 'Ä <b>&amp;"', "text": "two\r\nlines", "tags": ["a", "b"], "items-0-name": "Chair"}


@pytest.fixture
def desk(shop: Shop) -> Shop:
    shop.publish(NOTE)
    return shop


def notes(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ask("GET", "/records/note?sort=id").get_json()["data"]
    return found


def sent(page: Any, values: Mapping[str, Any]) -> Any:
    """The inputs of a form as a person has filled them in."""
    found = page.values.copy()
    for name, value in values.items():
        found.setlist(name, value if isinstance(value, list) else [value])
    return found


def entry(page: str) -> dict[str, str]:
    """The inputs of the form that logs in."""
    return Inputs(page[page.index('action="/login"') :]).values.to_dict()


def back(browser: Browser, answer: Any, name: str = "li") -> Any:
    """Log in on the page that a refused form has led to; its answer."""
    assert answer.status_code == 401
    page = answer.get_data(as_text=True)
    sound(page, "/login")
    assert "What you have entered is kept" in page
    return browser.post("/login", {**entry(page), "username": name, "password": PASSWORD})


@pytest.mark.parametrize("lost", ["cookie", "token"])
def test_a_new_record_is_shown_again_as_it_was_typed(desk: Shop, lost: str) -> None:
    li = person(desk, "li", "staff")
    form = sent(Inputs(li.text("/o/note/new")), TYPED)
    if lost == "cookie":
        li.client.delete_cookie("session")
    else:
        people.revoke_user(desk.database, desk.workspace.schema, desk._users["li"][0])
    answer = back(li, li.post("/o/note/new", form))
    assert answer.status_code == 200 and notes(desk) == []
    page = answer.get_data(as_text=True)
    sound(page, "resume")
    assert "It is not saved yet" in page and 'action="/o/note/new"' in page
    again = Inputs(page).values
    shown = li.post("/o/note/new", again)
    assert shown.status_code == 200 and notes(desk) == []
    text = shown.get_data(as_text=True)
    assert "Your session had ended" in text
    kept = Inputs(text).values
    assert AGAIN not in kept and kept["name"] == TYPED["name"] and kept["text"].splitlines() == ["two", "lines"]
    assert kept.getlist("tags") == ["", "a", "b"] and "Chair" in text
    assert li.post("/o/note/new", kept).status_code == 303
    (made,) = notes(desk)
    assert made["name"] == TYPED["name"] and made["tags"] == ["a", "b"]
    assert [one["name"] for one in desk.ask("GET", "/records/item").get_json()["data"]] == ["Chair"]


def test_a_change_of_somebody_else_meanwhile_is_not_overwritten(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    record = desk.ask("POST", "/records/note", json={"name": "N", "text": "old"}).get_json()["id"]
    form = sent(Inputs(li.text(f"/o/note/{record}/edit")), {"name": "Mine"})
    li.client.delete_cookie("session")
    answer = back(li, li.post(f"/o/note/{record}/edit", form))
    shown = li.post(f"/o/note/{record}/edit", Inputs(answer.get_data(as_text=True)).values)
    assert desk.ask("PATCH", f"/records/note/{record}", json={"text": "new"}).status_code == 200
    refused = li.post(f"/o/note/{record}/edit", Inputs(shown.get_data(as_text=True)).values)
    assert refused.status_code == 412 and notes(desk)[0]["name"] == "N" and notes(desk)[0]["text"] == "new"


def test_what_one_has_typed_is_not_shown_to_another(desk: Shop) -> None:
    li, _ = person(desk, "li", "staff"), person(desk, "bo", "staff")
    form = sent(Inputs(li.text("/o/note/new")), {"name": "secret"})
    li.client.delete_cookie("session")
    answer = back(li, li.post("/o/note/new", form), "bo")
    assert answer.status_code == 303 and "secret" not in answer.get_data(as_text=True)


def test_a_wrong_password_keeps_it_too(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    form = sent(Inputs(li.text("/o/note/new")), {"name": "N"})
    li.client.delete_cookie("session")
    page = li.post("/o/note/new", form).get_data(as_text=True)
    once = li.post("/login", {**entry(page), "username": "li", "password": "wrong"})
    kept = entry(once.get_data(as_text=True))
    assert once.status_code == 401 and kept[KEPT] == entry(page)[KEPT] != ""
    answer = li.post("/login", {**kept, "username": "li", "password": PASSWORD})
    assert 'value="N"' in answer.get_data(as_text=True)


def test_a_form_of_before_another_login_is_shown_again_at_once(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    form = sent(Inputs(li.text("/o/note/new")), {"name": "N"})
    li.client.delete_cookie("session")
    assert li.login("li").status_code == 303  # In another tab of the same browser.
    answer = li.post("/o/note/new", form)
    assert answer.status_code == 200 and "It is not saved yet" in answer.get_data(as_text=True) and notes(desk) == []
    again = Inputs(answer.get_data(as_text=True)).values
    again["_csrf"] = "forged"
    assert li.post("/o/note/new", again).status_code == 400, "no browser goes round in circles"


def test_other_forms_lead_back_to_their_page(desk: Shop) -> None:
    li = person(desk, "li", "admin")
    record = desk.ask("POST", "/records/note", json={"name": "N"}).get_json()["id"]
    form = Inputs(li.text(f"/o/note/{record}/delete")).values
    li.client.delete_cookie("session")
    li.headers["Referer"] = f"http://localhost/o/note/{record}?tab=1"
    page = li.post(f"/o/note/{record}/delete", form).get_data(as_text=True)
    assert f'name="next" value="/o/note/{record}?tab=1"' in page and KEPT not in page
    li.headers["Referer"] = "http://evil.example/x"
    assert 'name="next" value="/"' in li.post(f"/o/note/{record}/delete", form).get_data(as_text=True)


def test_nobody_is_led_elsewhere_with_it(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    li.client.delete_cookie("session")
    whose = f"_whose={desk._users['li'][0]}&name=x"
    for wanted in ("https://evil.example/o/note/new", "//evil.example/o/note/new", "/logout", "/o/note/new/../../x"):
        data = {"_csrf": li.token(), "next": wanted, KEPT: whose, "username": "li", "password": PASSWORD}
        assert li.post("/login", data).status_code == 303, wanted
        li.client.delete_cookie("session")


def piece(browser: Browser, path: str, data: Mapping[str, Any] | None = None) -> Any:
    """A request for a piece of the page ``/o/note``, as the page's scripts make it."""
    headers = {**browser.headers, "Accept": "*/*", "HX-Request": "true", "Referer": "http://localhost/o/note?q=a"}
    return browser.client.open(path, method="GET" if data is None else "POST", data=data, headers=headers)


@pytest.mark.parametrize("lost", ["cookie", "token"])
def test_a_piece_of_a_page_says_that_the_login_has_ended(desk: Shop, lost: str) -> None:
    li = person(desk, "li", "staff")
    record = desk.ask("POST", "/records/note", json={"name": "N"}).get_json()["id"]
    token = li.token(f"/o/note/{record}/edit")
    if lost == "cookie":
        li.client.delete_cookie("session")
    else:
        people.revoke_user(desk.database, desk.workspace.schema, desk._users["li"][0])
    cell = {"_csrf": token, "name": "Changed", "version": "1"}
    asked = [
        (f"/o/note/{record}/quick", None), (f"/o/note/{record}/cell/name", None), ("/o/note/new", None),
        (f"/o/note/{record}/cell/name", cell), (f"/o/note/{record}/move", {**cell, "to": "x"}), ("/o/note/new", cell),
    ]  # fmt: skip
    for path, data in asked:
        found = piece(li, path, data)
        assert found.status_code == 401 and found.mimetype == "text/plain", path
        assert found.get_data(as_text=True) == "Your login has ended. Log in again."
        assert (
            found.headers["HX-Redirect"] == "/login?next=%2Fo%2Fnote%3Fq%3Da" and found.headers["X-Again"] == "Log%20in"
        )
    li.headers["Accept-Language"] = "zh"
    assert piece(li, "/o/note/new").get_data(as_text=True) == "登录已失效，请重新登录。"
    assert [one["name"] for one in notes(desk)] == ["N"]


def test_a_piece_of_a_page_of_before_another_login_says_so(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    record = desk.ask("POST", "/records/note", json={"name": "N"}).get_json()["id"]
    cell = {"_csrf": li.token(f"/o/note/{record}/edit"), "name": "Changed", "version": "1"}
    li.client.delete_cookie("session")
    assert li.login("li").status_code == 303
    found = piece(li, f"/o/note/{record}/cell/name", cell)
    assert found.status_code == 400 and found.get_data(as_text=True) == "this page is too old, load it again"
    assert found.headers["X-Again"] == "Load%20the%20page%20again" and "HX-Redirect" not in found.headers
    assert notes(desk)[0]["name"] == "N"


def test_other_refusals_of_a_piece_are_a_sentence_too(desk: Shop) -> None:
    li = person(desk, "li", "staff")
    nobody = "01a20829-6f4f-70c1-a0fc-a415ffb2f09d"
    for path in (f"/o/note/{nobody}/quick", "/o/nothing/new", "/nowhere"):
        found = piece(li, path)
        text = found.get_data(as_text=True)
        assert (
            found.status_code == 404 and found.mimetype == "text/plain" and text and "<" not in text and "{" not in text
        )
        assert "X-Again" not in found.headers and "HX-Redirect" not in found.headers
    assert piece(li, "/api/v1/records/note").mimetype == "application/problem+json"
