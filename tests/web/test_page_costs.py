"""What a page may cost: its statements are counted, do not grow with what it shows, and never outlive a right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from runtime.engine.workspace import Person, Workspace
from runtime.formula.env import Env
from runtime.store.database import Database
from tests.conftest import Shop
from tests.web.browser import Browser, person

RELATED = 6
DOCUMENTS = [
    """object: firm
title: name
fields:
  name: {type: text, required: true}
  until: {type: datetime}
---
form: firm
object: firm
layout:
  - section: {en: Firm, zh: 公司}
    items: [name, until]
""",
    *(
        f"""object: part{number}
title: name
fields:
  name: {{type: text}}
  firm: {{type: link, to: firm, reverse: parts{number}}}
"""
        for number in range(RELATED)
    ),
    """role: timed
objects:
  firm: {read: {where: until > NOW()}}
  part0: {read: all, create: true}
""",
]


@pytest.fixture
def firms(shop: Shop) -> Shop:
    shop.publish("---\n".join(DOCUMENTS), app="firms")
    return shop


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts of the statements that are run meanwhile."""
    found: list[str] = []
    usual = psycopg.Connection.execute

    def noted(self: object, query: object, *more: object, **other: object) -> object:
        found.append(str(query))
        return usual(self, query, *more, **other)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", noted)
        yield found


def made(shop: Shop, what: str, **values: object) -> str:
    answer = shop.ask("POST", f"/records/{what}", json=values)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["id"])


@contextmanager
def trips(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The ways to the database and back meanwhile."""
    found: list[object] = []
    usual = Database.retrying

    def noted(self: Database, work: object) -> object:
        found.append(work)
        return usual(self, work)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Database, "retrying", noted)
        yield found


def test_a_record_page_asks_little_whatever_it_shows(firms: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = made(firms, "firm", name="Ada")
    browser = person(firms, "boss", "admin")
    path = f"/o/firm/{firm}"
    browser.text(path)
    with counted(monkeypatch) as few:
        assert browser.text(path).count("No records.") == RELATED
    for number in range(RELATED):
        for other in range(12):
            made(firms, f"part{number}", name=f"piece {number}-{other}", firm=firm)
    with counted(monkeypatch) as many:
        page = browser.text(path)
    assert page.count("10+") == RELATED and "piece 3-11" in page
    assert len(many) == len(few), "a statement for something that is shown"
    assert len(few) <= RELATED + 7, few  # The stamp, the record, its history, people, that it was looked at.
    with trips(monkeypatch) as ways:
        browser.text(path)
    assert len(ways) <= 4, "the stamp; the record with all else; names in its history; that it was looked at"


def test_a_form_and_a_list_ask_little(firms: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = made(firms, "firm", name="Ada")
    browser = person(firms, "boss", "admin")
    for path, most in ((f"/o/firm/{firm}/edit", 3), ("/o/firm/new", 2), ("/o/firm", 4)):
        browser.text(path)
        with counted(monkeypatch) as asked:
            browser.text(path)
        assert len(asked) <= most, (path, asked)
        with trips(monkeypatch) as ways:
            browser.text(path)
        assert len(ways) <= 3, path


def test_nothing_that_is_kept_outlives_a_right_that_ends_by_the_clock(
    firms: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A criterion of a linked object that looks at the clock: what was built once is not asked again later."""
    until = datetime.now(UTC) + timedelta(hours=1)
    firm = made(firms, "firm", name="Ada", until=until.strftime("%Y-%m-%dT%H:%M:%SZ"))
    piece = made(firms, "part0", name="piece", firm=firm)
    browser: Browser = person(firms, "timed", "timed")
    by_firm = "/records/part0?filter=firm.name == 'Ada'"
    for _ in range(5):
        assert "Ada" in browser.text(f"/o/part0/{piece}") and "Ada" in browser.text("/o/part0")
        assert len(firms.ask("GET", by_firm, "timed").get_json()["data"]) == 1
    usual = Workspace.env

    def later(self: Workspace, who: Person, moment: datetime | None = None) -> Env:
        found = usual(self, who, moment)
        return replace(found, now=found.now + timedelta(hours=2))

    monkeypatch.setattr(Workspace, "env", later)
    assert "Ada" not in browser.text(f"/o/part0/{piece}") and "Ada" not in browser.text("/o/part0")
    assert firms.ask("GET", by_firm, "timed").get_json()["data"] == []
