"""The page on which a record becomes others: looked over, chosen instead, left out, refused at its place, done once."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Shop
from tests.engine.test_converting import APP, everything, lead
from tests.web.browser import Browser, person, sound


@pytest.fixture
def leads(shop: Shop) -> Shop:
    shop.publish(APP, app="leads")
    return shop


def test_look_over_and_convert(leads: Shop) -> None:
    record = lead(leads)
    boss = person(leads, "boss", "admin")
    assert f'href="/o/lead/{record}/convert/sale">Convert</a>' in boss.text(f"/o/lead/{record}")
    path = f"/o/lead/{record}/convert/sale"
    page = boss.text(path)
    sound(page, path)
    assert 'name="firm-name" value="Engines"' in page and 'name="person-phone" value="1"' in page
    assert 'name="person-firm"' not in page, "a link that an earlier step fills is nobody's business"
    done = boss.fill(path, {"firm-name": "Better Engines", "deal-worth": "7"})
    assert done.status_code == 303 and done.headers["Location"].endswith(f"/o/lead/{record}")
    found = everything(leads)
    assert found["firm"][0]["name"] == "Better Engines" and found["deal"][0]["worth"] == 7
    shown = boss.text(f"/o/lead/{record}")
    assert "Done: Convert" in shown and "convert/sale" not in shown
    assert f'href="/o/deal/{found["deal"][0]["id"]}"' in shown
    again = boss.get(path)
    assert again.status_code == 303
    assert "cannot be converted any more" in boss.text(f"/o/lead/{record}")


def test_an_existing_one_and_one_left_out(leads: Shop) -> None:
    firm = leads.ask("POST", "/records/firm", json={"name": "Old"}).get_json()["id"]
    record = lead(leads)
    boss = person(leads, "boss", "admin", language="zh")
    done = boss.fill(f"/o/lead/{record}/convert/sale", {"_use-firm": firm}, drop=("_make-deal",))
    assert done.status_code == 303
    found = everything(leads)
    assert [one["name"] for one in found["firm"]] == ["Old"] and found["deal"] == []
    assert found["person"][0]["firm"] == firm and found["lead"][0]["firm"] == firm


def test_a_refusal_stands_at_its_input_and_nothing_is_lost(leads: Shop) -> None:
    leads.ask("POST", "/records/firm", json={"name": "Engines"})
    record = lead(leads)
    boss = person(leads, "boss", "admin")
    path = f"/o/lead/{record}/convert/sale"
    refused = boss.fill(path, {"person-name": "Typed", "deal-worth": "3"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 409 and 'id="firm-name-error"' in page
    assert 'value="Typed"' in page and everything(leads)["person"] == []
    sound(page, path)
    refused = boss.fill(path, {"firm-name": "New", "deal-worth": "much"})
    assert refused.status_code == 422 and 'id="deal-worth-error"' in refused.get_data(as_text=True)
    assert [one["name"] for one in everything(leads)["firm"]] == ["Engines"]


def test_the_same_form_twice_converts_once(leads: Shop) -> None:
    record = lead(leads)
    boss = person(leads, "boss", "admin")
    path = f"/o/lead/{record}/convert/sale"
    once = re.search(r'name="_once" value="([^"]+)"', boss.text(path))
    assert once
    sent = {
        "_csrf": boss.token(path),
        "_once": once[1],
        "firm-name": "F",
        "person-name": "P",
        "_make-deal": "1",
        "deal-name": "D",
    }
    for _ in range(2):
        assert boss.post(path, sent).status_code == 303
        assert "Done: Convert" in boss.text(f"/o/lead/{record}")
    assert [len(one) for one in everything(leads).values()] == [1, 1, 1, 1]


def test_who_may_not_is_offered_nothing(leads: Shop) -> None:
    record = lead(leads)
    looker, seller = person(leads, "looker", "looker"), person(leads, "seller", "seller")
    assert "convert/sale" not in looker.text(f"/o/lead/{record}")
    assert looker.get(f"/o/lead/{record}/convert/sale").status_code == 403
    page = seller.text(f"/o/lead/{record}/convert/sale")
    assert "rich" not in page
    assert Browser(leads).get(f"/o/lead/{record}/convert/sale").status_code == 303
    assert seller.get(f"/o/lead/{record}/convert/nothing").status_code == 422
    assert seller.get("/o/lead/nothing/convert/sale").status_code == 404
