"""Boards, calendars and galleries: columns by options, days by dates, moves through the write path, rights."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Shop
from tests.web.browser import Browser, person
from tests.web.test_pages import make

DEAL = """object: deal
title: name
fields:
  name: {type: text, required: true}
  amount: {type: money}
  secret: {type: text}
  stage: {type: stage, label: {en: Stage, zh: 阶段}, stages: {a: {en: First, zh: 一, color: blue}, b: {en: Second, zh: 二}, c: {en: Won, zh: 赢, end: won}}}
  begins: {type: date}
  starts_at: {type: datetime}
  ends_at: {type: datetime}
  photo: {type: image}
validations:
  big: {valid: "stage != 'c' or amount > 10", message: {en: Only large ones are won, zh: 金额不足}, field: stage}
"""
VIEWS = """view: deal_board
object: deal
type: kanban
by: stage
sort: [name]
card: {title: name, lines: [amount, secret]}
totals: {amount: sum}
colors: [{when: amount > 100, color: red}]
---
view: deal_days
object: deal
type: calendar
start: begins
card: {title: name, lines: [amount]}
---
view: deal_times
object: deal
type: calendar
start: starts_at
end: ends_at
shows: week
---
view: deal_pictures
object: deal
type: gallery
picture: photo
card: {title: name, lines: [amount]}
"""
ROLES = "role: narrow\nobjects:\n  deal: {read: all, update: none, fields: {secret: hidden}}\n---\nrole: blind\nobjects:\n  deal: {read: all, fields: {stage: hidden, begins: hidden}}\n"


@pytest.fixture
def deals(shop: Shop) -> Shop:
    shop.publish(DEAL, VIEWS, ROLES)
    return shop


def lanes(page: str) -> dict[str, list[str]]:
    """The titles of the cards in each column."""
    parts = re.split(r'data-lane="([^"]+)"', page)[1:]
    return {
        key: re.findall(r'class="open"[^>]*>([^<]+)<', body) for key, body in zip(parts[::2], parts[1::2], strict=True)
    }


def test_a_board_has_the_columns_of_its_options(deals: Shop) -> None:
    make(deals, "deal", name="one", stage="a", amount=5, secret="hush")
    make(deals, "deal", name="two", stage="b", amount=500)
    make(deals, "deal", name="three")
    li = person(deals, "li", "admin")
    page = li.text("/o/deal?view=deal_board")
    assert lanes(page) == {"a": ["one"], "b": ["two"], "c": [], "-": ["three"]}
    assert "tone-blue" in page and "tint-red" in page and "500.00" in page and "hush" in page
    assert 'name="to"' in page
    page = li.text("/o/deal?view=deal_board&filter=amount+%3E+100")
    assert lanes(page)["b"] == ["two"] and lanes(page)["a"] == []


def test_a_card_moves_without_javascript_and_with(deals: Shop) -> None:
    card = make(deals, "deal", name="one", stage="a", amount=5)
    li = person(deals, "li", "admin")
    sent = {"_csrf": li.token("/o/deal"), "view": "deal_board", "version": "1", "to": "b"}
    assert li.post(f"/o/deal/{card}/move", sent).headers["Location"] == "/o/deal?view=deal_board"
    assert deals.ask("GET", f"/records/deal/{card}").json["stage"] == "b"
    part = {**li.headers, "HX-Request": "true"}
    stale = li.client.post(f"/o/deal/{card}/move", data=sent, headers=part)
    assert stale.status_code == 412 and "Somebody else" in stale.get_data(as_text=True)
    refused = li.client.post(f"/o/deal/{card}/move", data={**sent, "version": "2", "to": "c"}, headers=part)
    assert refused.status_code == 422 and refused.get_data(as_text=True) == "Only large ones are won"
    done = li.client.post(f"/o/deal/{card}/move", data={**sent, "version": "2", "to": "-"}, headers=part)
    assert done.status_code == 200 and done.headers["X-Record-Version"] == "3"
    page = li.text(li.post(f"/o/deal/{card}/move", {**sent, "version": "3", "to": "c"}).headers["Location"])
    assert "Only large ones are won" in page


def test_a_board_is_read_by_window(deals: Shop) -> None:
    rows = [{"name": f"card {number:03}", "stage": "a"} for number in range(60)]
    assert deals.ask("POST", "/records/deal/bulk", json={"mode": "create", "records": rows}).json["failed"] == 0
    li = person(deals, "li", "admin")
    page = li.text("/o/deal?view=deal_board")
    assert len(lanes(page)["a"]) == 25
    seen = lanes(page)["a"]
    for count in (25, 10):
        more = re.search(r'hx-get="(/o/deal/lane[^"]+)"', page)
        assert more
        page = li.text(more[1].replace("&amp;", "&"))
        found = re.findall(r'class="open"[^>]*>([^<]+)<', page)
        assert len(found) == count
        seen += found
    assert seen == [f"card {number:03}" for number in range(60)] and "hx-get" not in page
    assert 'id="figures-a" hx-swap-oob="true">60' in li.text("/o/deal/lanes?view=deal_board")


def test_boards_tell_nothing_that_one_may_not_read(deals: Shop) -> None:
    card = make(deals, "deal", name="one", stage="a", secret="hush", begins="2026-11-05")
    lu = person(deals, "lu", "narrow")
    page = lu.text("/o/deal?view=deal_board")
    assert "hush" not in page and 'name="to"' not in page and "one" in page
    sent = {"_csrf": lu.token("/o/deal"), "view": "deal_board", "to": "b"}
    assert deals.ask("GET", f"/records/deal/{card}").json["stage"] == "a"
    lu.post(f"/o/deal/{card}/move", sent)
    assert deals.ask("GET", f"/records/deal/{card}").json["stage"] == "a"
    blind = person(deals, "blind", "blind")
    for path in ("/o/deal?view=deal_board", "/o/deal?view=deal_days"):
        found = blind.get(path)
        assert found.status_code in (200, 404) and "First" not in found.get_data(as_text=True), path
    assert blind.get("/o/deal/lane?view=deal_board&on=a").status_code == 404


def test_a_calendar_shows_records_on_their_days(deals: Shop) -> None:
    make(deals, "deal", name="one", begins="2026-11-05", amount=3)
    make(deals, "deal", name="far", begins="2027-03-05")
    make(deals, "deal", name="long", starts_at="2026-11-03T16:30:00Z", ends_at="2026-11-05T02:00:00Z")
    li = person(deals, "li", "admin")
    page = li.text("/o/deal?view=deal_days&on=2026-11-20")
    assert page.count("data-day=") == 42 and "November 2026" in page and "far" not in page
    day = page[page.index('data-day="2026-11-05"') : page.index('data-day="2026-11-06"')]
    assert ">one<" in day and "/o/deal/new?begins=2026-11-05" in day
    week = li.text("/o/deal?view=deal_times&on=2026-11-04")
    assert week.count("data-day=") == 7 and week.count(">long<") == 2 and "<time>00:30</time>" in week
    agenda = li.text("/o/deal?view=deal_days&shows=agenda&on=2026-11-01")
    assert agenda.count("data-day=") == 1 and "3.00" in agenda
    assert li.text("/o/deal?view=deal_days&on=nonsense&shows=nonsense").count("data-day=") >= 28
    assert li.get("/o/deal?view=deal_days&on=0001-01-01").status_code == 200


def test_a_record_moves_to_another_day_and_keeps_its_time(deals: Shop) -> None:
    made = make(deals, "deal", name="long", starts_at="2026-11-03T16:30:00Z", ends_at="2026-11-05T02:00:00Z")
    li = person(deals, "li", "admin")
    sent = {"_csrf": li.token("/o/deal"), "view": "deal_times", "version": "1", "to": "2026-11-10"}
    assert li.post(f"/o/deal/{made}/shift", sent).status_code == 303
    found = deals.ask("GET", f"/records/deal/{made}").json
    assert found["starts_at"] == "2026-11-09T16:30:00.000Z" and found["ends_at"] == "2026-11-11T02:00:00.000Z"
    assert li.post(f"/o/deal/{made}/shift", {**sent, "version": "2", "to": "soon"}).status_code == 422


def test_a_gallery(deals: Shop) -> None:
    make(deals, "deal", name="one", amount=3)
    li = Browser(deals, "zh")
    deals.user("wang", "admin", password="a long enough one", language="zh")
    li.login("wang")
    page = li.text("/o/deal?view=deal_pictures")
    assert "gallery" in page and ">one<" in page


TABS = """view: thing_zoo
object: thing
type: list
label: {en: Blue ones, zh: 蓝色}
filter: name == 'blue'
columns: [name]
---
view: thing_short
object: thing
type: list
label: {en: Short list, zh: 简表}
columns: [name]
---
view: thing_all
object: thing
type: list
label: {en: Everything, zh: 所有}
sort: [-name]
columns: [name, number]
---
view: thing_adults
object: thing
type: list
label: {en: Old ones, zh: 旧的}
filter: number > 5
columns: [name]
"""
THING = """object: thing
title: name
fields:
  name: {type: text}
  number: {type: number}
  first: {type: link, to: thing, label: {en: First, zh: 甲}, reverse: seconds}
  maker: {type: link, to: thing, label: {en: Maker, zh: 乙}, reverse: made}
---
form: thing
object: thing
layout:
  - {section: {en: A, zh: 甲}, items: [name, {related: seconds, view: thing_short}]}
"""


def tabs(page: str) -> list[str]:
    bar = re.search(r'<nav class="tabs".*?</nav>', page, re.DOTALL)
    return re.findall(r">([^<>]+)</a>", bar.group()) if bar else []


def test_tabs_stand_as_the_documents_do(shop: Shop) -> None:
    """The list of all records comes first and is the usual one; a list made for a related list is no tab."""
    shop.publish(THING, TABS)
    one = make(shop, "thing", name="amber", number=1)
    make(shop, "thing", name="blue", number=9, first=one, maker=one)
    li = person(shop, "li", "admin")
    page = li.text("/o/thing")
    assert tabs(page) == ["Everything", "Blue ones", "Old ones"]
    assert 'aria-current="page">Everything</a>' in page and page.index(">blue</a>") < page.index(">amber</a>")
    assert 'aria-current="page">Everything</a>' in li.text("/o/thing?view=thing_all")
    assert "/cell/name" not in li.text("/o/thing?view=thing_zoo")
    assert "Short list" in tabs(li.text("/o/thing?view=thing_short"))
    record = li.text(f"/o/thing/{one}")
    assert "Thing (First)" in record and "Thing (Maker)" in record
    assert record.count("New thing:") == 1


def test_without_a_list_of_all_there_is_a_tab_for_it(shop: Shop) -> None:
    shop.publish(THING.split("---")[0], TABS.split("---")[0])
    assert tabs(person(shop, "li", "admin").text("/o/thing")) == ["All", "Blue ones"]
