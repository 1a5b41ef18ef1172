"""Walking lists page by page and grouping them, against what Python says of the same records."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from runtime.base.sqltext import Sql, ident
from runtime.engine.workspace import Workspace
from tests.conftest import Shop
from tests.engine.tables import problem

DOCUMENTS = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}}
  size: {type: number, label: {en: S, zh: 大}}
---
object: deal
label: {en: Deal, zh: 交易}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}}
  code: {type: text, label: {en: C, zh: 码}}
  amount: {type: number, label: {en: A, zh: 额}, scale: 4}
  price: {type: money, label: {en: P, zh: 价}}
  day: {type: date, label: {en: D, zh: 日}}
  at: {type: datetime, label: {en: T, zh: 时}}
  kind: {type: select, label: {en: K, zh: 类}, options: {x: {en: X, zh: 甲}, y: {en: Y, zh: 乙}, z: {en: Z, zh: 丙}}}
  done: {type: checkbox, label: {en: O, zh: 完}}
  span: {type: duration, label: {en: U, zh: 长}}
  firm: {type: link, to: firm, label: {en: F, zh: 公}, reverse: deals}
  twice: {type: formula, label: {en: W, zh: 倍}, value: amount * 2, result: number}
"""
SORTABLE = ["code", "amount", "price", "day", "at", "kind", "done", "twice", "created_at", "version", "owner", "title"]


@pytest.fixture(scope="module")
def deals(shared_shop: Shop) -> Shop:
    shared_shop.publish(DOCUMENTS)
    firms = [
        shared_shop.ask("POST", "/records/firm", json={"name": f"f{n}", "size": n}).get_json()["id"] for n in range(3)
    ]
    answer = shared_shop.ask(
        "POST", "/records/deal/bulk", json={"mode": "create", "records": [one(n, firms) for n in range(150)]}
    )
    assert answer.get_json()["failed"] == 0, answer.get_json()["results"][:3]
    return shared_shop


def one(number: int, firms: list[str]) -> dict[str, Any]:
    r = random.Random(number)
    values = {
        "name": r.choice(["张三", "李四", "Anna", "bert", "王五"]), "code": r.choice(["a", "B", "中", "a b", "ß"]),
        "amount": r.randint(-20, 20) / 4, "price": r.randint(0, 9), "day": f"2026-0{r.randint(1, 6)}-1{r.randint(0, 9)}",
        "at": f"2026-01-0{r.randint(1, 9)}T0{r.randint(0, 9)}:00:00Z", "kind": r.choice("xyz"), "done": r.random() < 0.5,
        "firm": r.choice(firms),
    }  # fmt: skip
    return {key: value for key, value in values.items() if r.random() < 0.75}


def walk(
    shop: Shop, sort: str, limit: int, between: Callable[[], None] = lambda: None, extra: str = ""
) -> Iterator[dict[str, Any]]:
    cursor = ""
    for _ in range(400):
        page = shop.ask("GET", f"/records/deal?sort={sort}&limit={limit}&cursor={cursor}{extra}")
        assert page.status_code == 200, page.get_data(as_text=True)
        body = json.loads(page.data, parse_float=Decimal)
        yield from body["data"]
        cursor = body["next_cursor"]
        if cursor is None:
            return
        between()
    raise AssertionError("the walk does not end")


def key(value: Any) -> tuple[bool, Any]:
    """Blanks are lowest; texts by code point."""
    return (value is not None, value if value is not None else 0)


def sorted_like(rows: list[dict[str, Any]], sort: list[str]) -> list[dict[str, Any]]:
    found = sorted(rows, key=lambda row: str(row["id"]), reverse=sort[-1].startswith("-"))
    for name in reversed(sort):
        bare = name.lstrip("-")
        found.sort(key=lambda row, bare=bare: key(row[bare]), reverse=name.startswith("-"))  # type: ignore[misc]
    return found


@pytest.mark.parametrize("field", [one for one in SORTABLE if one != "title"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_page_once_and_in_order(deals: Shop, field: str, sign: str) -> None:
    everything = list(walk(deals, "id", 500))
    found = list(walk(deals, sign + field, 37))
    assert [row["id"] for row in found] == [row["id"] for row in sorted_like(everything, [sign + field])]


@pytest.mark.parametrize("seed", range(8))
def test_mixed_directions_blanks_and_equal_values(deals: Shop, seed: int) -> None:
    r = random.Random(seed)
    names = r.sample([one for one in SORTABLE if one not in ("title", "created_at")], r.randint(2, 4))
    sort = [r.choice(["", "-"]) + one for one in names]
    everything = list(walk(deals, "id", 500))
    found = list(walk(deals, ",".join(sort), 23))
    assert [row["id"] for row in found] == [row["id"] for row in sorted_like(everything, sort)]


@pytest.mark.parametrize("sort", ["name", "-name", "title", "-title,amount"])
def test_titles_go_by_pinyin_and_each_record_comes_once(deals: Shop, sort: str) -> None:
    found = list(walk(deals, sort, 19))
    assert len({row["id"] for row in found}) == len(found) == 150
    names = [row["name"] for row in found if row["name"]]
    order = ["Anna", "bert", "李四", "王五", "张三"]
    ranks = [order.index(name) for name in names]
    assert ranks == sorted(ranks, reverse=sort.startswith("-"))


def test_texts_that_hold_what_stands_between_records_stay_whole(deals: Shop) -> None:
    """Fields refuse such characters; what somebody has put into the database must not tear a page apart all the same."""
    said = {"name": "torn", "code": "c", "amount": 7000}
    made = [deals.ask("POST", "/records/deal", json=said).get_json()["id"] for _ in range(3)]
    place = deals.workspace.snapshot().layout.object("deal")
    column = ident(place.places[place.object.fields["code"].key].column or "")
    torn = '},{\x1e"id":'
    deals.database.rows(Sql(f"UPDATE {place.table} SET {column} = %s WHERE id = ANY(%s::uuid[])", (torn, made)))
    found = deals.ask("GET", "/records/deal?filter=amount == 7000&limit=2").get_json()
    rest = deals.ask("GET", f"/records/deal?filter=amount == 7000&limit=2&cursor={found['next_cursor']}").get_json()
    shown = [*found["data"], *rest["data"]]
    assert [one["id"] for one in shown] == made[::-1] and len(found["data"]) == 2 and rest["next_cursor"] is None
    assert [one["code"] for one in shown] == [torn] * 3
    for one in made:
        assert deals.ask("DELETE", f"/records/deal/{one}").status_code == 204


def test_inserts_and_deletes_between_pages_lose_nobody(deals: Shop) -> None:
    standing = [row["id"] for row in walk(deals, "id", 500)]
    fresh: list[str] = []

    def between() -> None:
        if fresh and len(fresh) % 2:
            assert deals.ask("DELETE", f"/records/deal/{fresh.pop()}").status_code == 204
        made = deals.ask(
            "POST", "/records/deal", json={"code": "B", "amount": random.Random(len(fresh)).randint(-5, 5)}
        )
        fresh.append(made.get_json()["id"])

    for sort in ("amount,-code", "-day"):
        found = [row["id"] for row in walk(deals, sort, 20, between)]
        assert len(set(found)) == len(found) and set(standing) <= set(found)
    for record_id in fresh:
        deals.ask("DELETE", f"/records/deal/{record_id}")


def cursor(sort: list[str], values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps({"s": sort, "v": values}).encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", ["x", "AAAA", "e30", cursor(["amount"], ["1"]), cursor(["amount"], ["x", "y"]), cursor(["amount"], [1, 2]),
                                  cursor(["day"], ["1", "2"]), cursor(["amount"], ["1", None, "x"]), cursor(["amount"], "12"),
                                  cursor(["amount"], ["\0", "y"]), cursor(["amount"], ["1", "x'; --"]), cursor(["amount"], ["9" * 200, "x"])])  # fmt: skip
def test_cursors_that_no_list_gave(deals: Shop, text: str) -> None:
    problem(deals.ask("GET", f"/records/deal?sort=amount&cursor={text}"), 400)


@pytest.mark.parametrize("group", ["kind", "done", "firm", "MONTH(day)", "firm.name", "YEAR(at)", "amount > 0", "code"])
def test_groups_and_measures_are_what_python_says(deals: Shop, group: str) -> None:
    rows = list(walk(deals, "id", 500))
    sizes = {row["id"]: row["name"] for row in deals.ask("GET", "/records/firm").get_json()["data"]}
    of: dict[str, Callable[[dict[str, Any]], Any]] = {
        "MONTH(day)": lambda row: int(row["day"][5:7]) if row["day"] else None,
        "YEAR(at)": lambda row: int(row["at"][:4]) if row["at"] else None,
        "firm.name": lambda row: sizes.get(row["firm"]),
        "amount > 0": lambda row: row["amount"] is not None and row["amount"] > 0,
    }
    value = of.get(group, lambda row: row[group])
    expected: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        expected.setdefault(value(row), []).append(row)
    measures = {
        "n": "COUNT()",
        "total": "SUM(amount)",
        "least": "MIN(amount)",
        "filled": "COUNT(amount)",
        "mean": "ROUND(AVG(price), 4)",
    }
    answer = deals.ask("POST", "/records/deal/aggregate", json={"group_by": [group], "measures": measures})
    found = json.loads(answer.data, parse_float=Decimal)["data"]
    assert len(found) == len(expected)
    for row in found:
        mine = expected[row[group]]
        amounts = [Decimal(str(one["amount"])) for one in mine if one["amount"] is not None]
        prices = [Decimal(str(one["price"])) for one in mine if one["price"] is not None]
        assert row["n"] == len(mine) and row["filled"] == len(amounts)
        assert Decimal(str(row["total"] or 0)) == sum(amounts)
        assert row["least"] == (min(amounts) if amounts else None)
        mean = (sum(prices) / len(prices)).quantize(Decimal("0.0001"), ROUND_HALF_UP) if prices else None
        assert row["mean"] == mean


CLOCKED = """
object: visit
label: {en: Visit, zh: 拜访}
title: name
fields:
  name: {type: text, label: {en: N, zh: 名}}
  due: {type: date, label: {en: D, zh: 日}}
  late: {type: formula, label: {en: L, zh: 迟}, value: "due < TODAY()", result: bool}
  hour: {type: formula, label: {en: H, zh: 时}, value: "HOUR(NOW())", result: number}
---
role: punctual
label: {en: Punctual, zh: 准时}
objects:
  visit: {create: true, read: {where: "due >= TODAY()"}}
---
view: visit_late
object: visit
type: list
label: {en: Late, zh: 迟}
filter: late
columns: [name, due, late]
"""


def test_a_statement_that_is_kept_says_what_is_true_at_its_moment(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish(CLOCKED)
    shop.user("kim", "punctual")
    shop.ask("POST", "/records/visit", json={"name": "a", "due": "2026-03-05"})
    real = Workspace.env
    for day in (*range(1, 12), 3):  # Often enough for all that is prepared at all to be prepared, and back again.
        moment = datetime(2026, 3, day, day, tzinfo=UTC)
        monkeypatch.setattr(Workspace, "env", lambda *args, at=moment: replace(real(*args), now=at))
        expected = {"late": day > 5, "hour": day + 8}
        made = shop.ask("POST", "/records/visit", json={"name": f"b{day}", "due": "2026-03-05"}).get_json()
        assert {name: made[name] for name in expected} == expected
        again = shop.ask("GET", f"/records/visit/{made['id']}").get_json()
        assert {name: again[name] for name in expected} == expected
        rows = shop.ask("GET", "/records/visit?fields=name,late,hour&sort=name&limit=1").get_json()["data"]
        assert {name: rows[0][name] for name in expected} == expected
        late = shop.ask("GET", "/records/visit?filter=late&limit=1").get_json()["data"]
        assert bool(late) is (day > 5)
        assert shop.ask("GET", f"/records/visit/{made['id']}", user="kim").status_code == (404 if day > 5 else 200)
        seen = shop.ask("GET", "/records/visit?limit=1", user="kim").get_json()["data"]
        assert bool(seen) is (day <= 5)
