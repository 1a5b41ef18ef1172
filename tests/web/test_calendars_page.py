"""Working calendars in the administration: kept as entered, followed by deadlines, nonsense refused with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from runtime.engine.flow.worktime import read_calendar
from runtime.store import calendars
from tests.conftest import Shop
from tests.web.browser import person, sound

PATH = "/admin/calendars"
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu"), "08:30-12:00, 13:00-17:30")


def kept(shop: Shop, name: str = "default") -> dict:  # type: ignore[type-arg]
    workspace = shop.workspace
    return dict(calendars.one(workspace.database, workspace.schema, name))


def test_keep_and_go_back(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    sound(li.text(PATH), PATH)
    assert 'value="09:00-12:00, 13:30-18:00"' in li.text(PATH), "what is usual at first"
    sent = {
        **WEEK,
        "fri": "",
        "sat": "10:00～12:00",
        "country": "cn",
        "holidays": "2026-12-24\n2026-12-25",
        "workdays": "2026-12-27",
    }
    assert li.fill(PATH, {"name": "default", **sent}).status_code == 303
    data = kept(shop)
    assert data["week"]["fri"] == [] and data["week"]["sat"] == [["10:00", "12:00"]] and data["country"] == "CN"
    calendar = read_calendar(data, "Asia/Shanghai", "CN")
    assert not calendar.working(date(2026, 12, 24)) and calendar.working(date(2026, 12, 27))
    at = calendar.add(datetime(2026, 11, 19, 9, 30, tzinfo=UTC), "1wh")  # Thursday 17:30 in Shanghai: Friday is free.
    assert at == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert "Days off:" in li.text(PATH) and "2026-12-24" in li.text(PATH)
    assert li.post(PATH, {"_csrf": li.token(PATH), "name": "default", "drop": "1"}).status_code == 303
    assert kept(shop) == {}


def test_several_by_name(shop: Shop) -> None:
    li = person(shop, "li", "admin", language="zh")
    token = li.token(PATH)
    assert li.post(PATH, {"_csrf": token, "name": "Shift", "new": "default"}).status_code == 303
    assert kept(shop, "shift")["week"]["mon"] == [["09:00", "12:00"], ["13:30", "18:00"]]
    again = li.post(PATH, {"_csrf": token, "name": "shift", "new": "default"})
    assert again.status_code == 409 and "已有" in again.get_data(as_text=True)
    assert li.post(PATH, {"_csrf": token, "name": "nothing", "mon": "9:00-10:00"}).status_code == 404
    assert li.get(f"{PATH}?name=nothing").status_code == 404
    assert li.post(PATH, {"_csrf": token, "name": "shift", "drop": "1"}).status_code == 303
    assert kept(shop, "shift") == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mon": "nine to five"}, "09:00-12:00"),
        ({"mon": "12:00-09:00"}, "09:00-12:00"),
        ({"mon": "25:00-26:00"}, "09:00-12:00"),
        ({"mon": "09:00-12:00, 11:00-13:00"}, "one after the other"),
        ({"mon": "9:00-10:00," * 30}, "one after the other"),
        ({"mon": ""}, "somebody must work"),
        ({"country": "Atlantis"}, "no country"),
        ({"holidays": "Christmas"}, "is not a day"),
        ({"holidays": "2026-02-30"}, "is not a day"),
        ({"holidays": "2026-05-01", "workdays": "2026-05-01"}, "cannot be a holiday and a workday"),
    ],
)
def test_nonsense_changes_nothing(shop: Shop, values: dict[str, str], words: str) -> None:
    li = person(shop, "li", "admin")
    sent = {"_csrf": li.token(PATH), "name": "default", "mon": "09:00-12:00", "country": "", **values}
    refused = li.post(PATH, sent)
    assert refused.status_code == 422 and words in refused.get_data(as_text=True)
    assert kept(shop) == {}


def test_only_administrators(shop: Shop) -> None:
    wang = person(shop, "wang")
    assert wang.get(PATH).status_code == 403
    assert wang.post(PATH, {"_csrf": wang.token("/"), "name": "default", **WEEK}).status_code == 403
    assert kept(shop) == {}
