"""The lines of a returned change as rows of inputs in its task: as they are proposed, told where something is wrong."""

from __future__ import annotations

import pytest

from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, Inputs
from tests.web.test_waiting_lines import DOCUMENTS, entered, flat, lines_of, order

RETURNING = DOCUMENTS.replace(
    "fields: {editable: [note], required: [note]}}", "actions: {return: {to: [start], resubmit: replay}}}"
)


@pytest.fixture
def page(shop: Shop) -> tuple[Shop, Browser, str]:
    shop.publish(*RETURNING.split("---\n"))
    for name, role in (("li", "sales"), ("boss", "sales"), ("lo", "looker")):
        shop.user(name, role, password=PASSWORD)
    return shop, entered(shop, "li"), order(shop, "O-1")


def returned(shop: Shop, browser: Browser, record: str) -> str:
    """A returned change of a price with a new line and one that goes; the address of its author's task."""
    sent = Inputs(browser.text(f"/o/order/{record}/edit")).values
    sent |= {"lines-0-price": "15", "lines-1-delete": "1", "lines-2-product": "new", "lines-2-price": "7"}
    assert browser.post(f"/o/order/{record}/edit", sent).status_code == 303
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert shop.ask("POST", f"/tasks/{task}/return", "boss", json={"to": "start"}).status_code == 200
    return f"/tasks/{shop.ask('GET', '/tasks', 'li').get_json()['data'][0]['id']}"


def test_lines_are_mended_in_the_task(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = returned(shop, browser, record)
    text = browser.text(path)
    assert "Mend it here, then submit it again" in text
    sent = Inputs(text).values
    assert (sent["lines-0-price"], sent["lines-2-product"], sent["lines-2-price"]) == ("15", "new", "7")
    assert sent["lines-1-delete"] == "1", "what is to go stands there with its mark"
    del sent["lines-1-delete"]
    sent |= {"lines-0-price": "16", "lines-2-price": "8", "lines-3-product": "more", "lines-3-price": "-"}
    sent |= {"action": "submit"}
    wrong = browser.post(path, sent)
    assert wrong.status_code in (400, 422) and "This was not done" in wrong.text
    assert Inputs(wrong.text).values["lines-0-price"] == "16", "nothing that was typed is lost"
    sent |= {"lines-3-price": "9"}
    assert browser.post(path, sent).status_code == 303
    story = flat(browser.text(f"/o/order/{record}"))
    assert "changed box Price 10 → 16" in story and "added new" in story and "removed" not in story, story
    assert {name: one["price"] for name, one in lines_of(shop, record).items()} == {"box": 10, "lid": 1}
    task = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["id"]
    assert "lines" in flat(entered(shop, "boss").text(f"/tasks/{task}")), "the story tells it"
    assert shop.ask("POST", f"/tasks/{task}/agree", "boss", json={}).status_code == 200
    after = {name: one["price"] for name, one in lines_of(shop, record).items()}
    assert after == {"box": 16, "lid": 1, "new": 8, "more": 9}


def test_what_is_wrong_stands_at_its_row(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = returned(shop, browser, record)
    sent = Inputs(browser.text(path)).values | {"lines-2-product": "", "action": "submit"}
    wrong = browser.post(path, sent)
    assert wrong.status_code == 422
    assert 'id="lines-2-product-error"' in wrong.text and 'href="#lines-2-product"' in wrong.text
    assert {name: one["price"] for name, one in lines_of(shop, record).items()} == {"box": 10, "lid": 1}


def test_submitting_without_touching_them(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = returned(shop, browser, record)
    assert browser.post(path, Inputs(browser.text(path)).values | {"action": "submit"}).status_code == 303
    instance = shop.ask("GET", "/tasks", "boss").get_json()["data"][0]["instance"]
    history = shop.ask("GET", f"/workflows/instances/{instance}").get_json()["history"]
    assert not [one for one in history if one["type"] == "fields_set"]
    found = shop.ask("GET", f"/records/order/{record}/proposals").get_json()["data"][0]["lines"]
    assert {one["title"]: one["what"] for one in found} == {"box": "changed", "lid": "removed", "new": "added"}


def test_only_its_author_gets_the_rows(page: tuple[Shop, Browser, str]) -> None:
    shop, browser, record = page
    path = returned(shop, browser, record)
    instance = shop.ask("GET", "/tasks", "li").get_json()["data"][0]["instance"]
    whole = entered(shop, "boss").text(f"/tasks/flows/{instance}")
    assert 'name="lines-0-price"' not in whole
    assert 'name="lines-0-price"' in browser.text(path)
