"""What people bring into workflows: files, mentions, stand-ins, notices, a returned record that is mended."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.base.errors import DougongError, Invalid, NotFound
from runtime.engine import notices, records, standins
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, FLOW, QUOTE, check_folds, decide, mine, office, quote, start

__all__ = ["office"]
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def upload(shop: Shop, user: str, name: str = "a.txt") -> str:
    found = shop.ask("POST", "/files", user, data={"file": (io.BytesIO(b"words"), name)})
    assert found.status_code == 201, found.text
    return str(found.get_json()["id"])


def comment(shop: Shop, user: str, instance: str, **body: Any) -> Any:
    return shop.ask("POST", f"/workflows/instances/{instance}/comment", user, json=body)


def test_files_of_a_comment(office: Shop) -> None:
    made = start(office, quote(office))["instance"]
    mine_, other = upload(office, "li"), upload(office, "feng")
    office.user("stranger")
    for bad in ([other], ["x"], [mine_, other], [mine_, "00000000-0000-7000-8000-000000000000"]):
        assert comment(office, "li", made, comment="see", files=bad).status_code == 422
    assert office.ask("GET", f"/files/{mine_}", "boss").status_code == 404, "a refused command has tied nothing"
    assert comment(office, "li", made, comment="see", files=[mine_]).status_code == 200
    assert office.ask("GET", f"/files/{mine_}", "boss").status_code == 200
    assert office.ask("GET", f"/files/{mine_}", "stranger").status_code == 404
    assert comment(office, "li", made, comment="again", files=[mine_]).status_code == 422, "it belongs there already"


@pytest.mark.parametrize("body", [
    {"comment": 7}, {"comment": "x" * 10_001}, {"comment": "\0"}, {"files": "x"}, {"files": [7]},
    {"mentions": ["x"] * 201}, {"mentions": {"a": 1}}, {"people_for": [1]}, {"values": "x"}, {"to": ["a"]},
])  # fmt: skip
def test_bad_arguments(office: Shop, body: dict[str, Any]) -> None:
    made = start(office, quote(office))["instance"]
    assert comment(office, "li", made, **body).status_code == 400
    check_folds(office, made)


def test_a_bad_choice(office: Shop) -> None:
    body = {"object": "quote", "record": quote(office), "choice": "x"}
    assert office.ask("POST", "/workflows/quote_approval/start", "li", json=body).status_code == 400


def test_who_is_mentioned_can_read_it_and_is_told_once(office: Shop) -> None:
    made = start(office, quote(office))["instance"]
    office.user("helper")
    assert office.ask("GET", f"/workflows/instances/{made}", "helper").status_code == 404
    assert comment(office, "helper", made, comment="hello").status_code == 404, "only who takes part says anything"
    assert (
        comment(office, "li", made, comment="@helper look", mentions=["helper", "helper", "nobody"]).status_code == 200
    )
    assert office.ask("GET", f"/workflows/instances/{made}", "helper").status_code == 200
    assert comment(office, "helper", made, comment="fine").status_code == 200
    told = notices.listing(office.session("helper"))["data"]
    assert [(one["type"], one["text"], one["title"]) for one in told] == [("commented", "@helper look", "Quote Q")]
    check_folds(office, made)


def test_notices_are_ones_own(office: Shop) -> None:
    made = [start(office, quote(office))["instance"] for _ in range(3)]
    boss, li = office.session("boss"), office.session("li")
    told = notices.listing(boss)["data"]
    assert [one["instance"] for one in told] == made[::-1] and all(one["read_at"] is None for one in told)
    assert notices.listing(boss, limit=2)["next_cursor"] == told[1]["id"]
    assert [one["id"] for one in notices.listing(boss, cursor=told[1]["id"])["data"]] == [told[2]["id"]]
    for bad in (told[0]["id"].replace("0", "1"), "x"):
        with pytest.raises(NotFound):
            notices.opened(boss, bad)
    with pytest.raises(NotFound):
        notices.opened(li, told[0]["id"])
    assert notices.opened(boss, told[0]["id"]) == (made[2], told[0]["task"]) and told[0]["task"]
    assert len(notices.listing(boss, unread=True)["data"]) == 2
    assert notices.read_all(li, told[0]["id"]) == 0
    notices.read_about(boss, made[0])
    assert notices.read_all(boss, told[0]["id"]) == 1 and notices.listing(boss, unread=True)["data"] == []
    assert notices.listing(office.session())["data"] == []


def test_a_returned_record_is_mended_by_who_is_asked(office: Shop) -> None:
    """The lock opens for who holds the returned record, and for nobody else; rights hold as ever."""
    office.publish(QUOTE, "role: sales\nobjects:\n  quote: {create: true, read: own, update: own, fields: {secret: hidden, terms: read}}\n",
                   FLOW, FINANCE)  # fmt: skip
    record = quote(office)
    made = start(office, record)["instance"]
    assert decide(office, "boss", "return", to="start", comment="mend it").status_code == 200
    task = mine(office, "li")[0]["id"]
    for values in ({"terms": "mine"}, {"secret": "x"}, {"nothing": 1}):
        found = office.ask("POST", f"/tasks/{task}/submit", "li", json={"values": values})
        assert found.status_code in (403, 422), (values, found.text)
    assert office.ask("PATCH", f"/records/quote/{record}", "root", json={"amount": 7}).status_code == 423
    assert office.ask("DELETE", f"/records/quote/{record}", "li").status_code in (403, 423)
    assert office.ask("PATCH", f"/records/quote/{record}", "li", json={"amount": 8}).status_code == 200
    assert office.ask("POST", f"/tasks/{task}/submit", "li", json={"values": {"name": "Better"}}).status_code == 200
    assert office.ask("PATCH", f"/records/quote/{record}", "li", json={"amount": 9}).status_code == 423
    assert office.ask("GET", f"/records/quote/{record}", "root").get_json()["name"] == "Better"
    check_folds(office, made)


def test_stand_ins(office: Shop) -> None:
    boss, feng = office.session("boss"), office.session("feng")
    people = {name: str(office.session(name).user_id) for name in ("boss", "feng", "fang", "li")}
    made = standins.add(boss, people["feng"], NOW - DAY, NOW + DAY)
    start(office, quote(office))
    assert (mine(office, "feng")[0]["principal"], mine(office, "boss")) == (people["boss"], [])
    assert [one.id for one in standins.of(boss)[0]] == [made] == [one.id for one in standins.of(feng)[1]]
    with pytest.raises(NotFound):
        standins.end(feng, made)
    standins.end(boss, made)
    with pytest.raises(NotFound):
        standins.end(boss, made)
    start(office, quote(office))
    assert len(mine(office, "boss")) == 1 and standins.of(boss) == ([], [])


@pytest.mark.parametrize(("to", "begins", "ends", "workflows", "field"), [
    ("boss", NOW, NOW + DAY, (), "stand_in"), ("nobody", NOW, NOW + DAY, (), "stand_in"),
    ("feng", NOW + DAY, NOW, (), "until"), ("feng", NOW, NOW, (), "until"),
    ("feng", NOW - 2 * DAY, NOW - DAY, (), "until"), ("feng", NOW, NOW + 400 * DAY, (), "until"),
    ("feng", NOW, NOW + DAY, ("nothing",), "workflows"), ("gone", NOW, NOW + DAY, (), "stand_in"),
])  # fmt: skip
def test_what_is_no_stand_in(office: Shop, to: str, begins: Any, ends: Any, workflows: Any, field: str) -> None:
    office.user("gone")
    users = {one["name"]: one["id"] for one in office.ask("GET", "/admin/users").get_json()["data"]}
    assert office.ask("PATCH", f"/admin/users/{users['gone']}", json={"active": False}).status_code == 200
    with pytest.raises(Invalid) as error:
        standins.add(office.session("boss"), users.get(to, "x"), begins, ends, workflows)
    assert error.value.problems[0].field == field
    assert standins.of(office.session("boss")) == ([], [])


def test_stand_ins_neither_overlap_nor_run_in_circles(office: Shop) -> None:
    boss, feng, fang = (office.session(name) for name in ("boss", "feng", "fang"))
    standins.add(boss, str(feng.user_id), NOW, NOW + DAY, ["quote_approval"])
    for session, to in ((boss, fang), (feng, boss)):
        with pytest.raises(Invalid):
            standins.add(session, str(to.user_id), NOW, NOW + 2 * DAY)
    standins.add(feng, str(fang.user_id), NOW, NOW + DAY)
    with pytest.raises(Invalid):
        standins.add(fang, str(boss.user_id), NOW, NOW + DAY)
    standins.add(fang, str(boss.user_id), NOW + DAY, NOW + 2 * DAY)
    standins.add(boss, str(fang.user_id), NOW + 3 * DAY, NOW + 4 * DAY)


def test_two_circles_at_once(office: Shop) -> None:
    """Two people who name each other at the same moment: one of them is refused."""
    for number in range(10):
        begins, ends = NOW + (2 * number) * DAY, NOW + (2 * number + 1) * DAY
        found: list[str] = []

        def arrange(name: str, to: str, begins: Any = begins, ends: Any = ends, found: list[str] = found) -> None:
            try:
                found.append(standins.add(office.session(name), str(office.session(to).user_id), begins, ends))
            except DougongError as error:
                found.append(str(error.status))

        threads = [threading.Thread(target=arrange, args=pair) for pair in (("feng", "fang"), ("fang", "feng"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found).count("422") == 1, found


def test_a_file_of_a_record_is_no_file_of_a_workflow(office: Shop) -> None:
    made = start(office, quote(office))["instance"]
    office.publish("object: paper\ntitle: name\nfields:\n  name: {type: text}\n  scan: {type: file}\n", app="papers")
    scan = upload(office, "root")
    records.create(office.session("root"), "paper", {"name": "P", "scan": scan})
    assert comment(office, "root", made, comment="x", files=[scan]).status_code == 422
