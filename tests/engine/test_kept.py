"""Computed values that are kept with their records say at every moment what the formula says."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.base.errors import DougongError
from runtime.base.sqltext import Sql
from runtime.engine import bulk, keeping, publish, records
from runtime.engine.workspace import Session
from tests.conftest import Shop

APP = """
object: region
label: {en: Region, zh: 区域}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  rate: {type: number, label: {en: Rate, zh: 税率}}
---
object: customer
label: {en: Customer, zh: 客户}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  region: {type: link, label: {en: Region, zh: 区域}, to: region, on_delete: clear}
  quoted: {type: rollup, label: {en: Quoted, zh: 报价额}, value: SUM(quotes.total), stored: true, indexed: true}
  largest: {type: rollup, label: {en: Largest, zh: 最大}, value: "MAX(quotes.total, discount < 50)", stored: true}
---
object: product
label: {en: Product, zh: 产品}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  price: {type: number, label: {en: Price, zh: 单价}}
  twice: {type: formula, label: {en: Twice, zh: 两倍}, value: price * 2, result: number}
---
object: quote
label: {en: Quote, zh: 报价}
title: "name & ' ' & customer.title & ' ' & customer.region.name"
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  customer: {type: link, label: {en: Customer, zh: 客户}, to: customer, reverse: quotes}
  discount: {type: number, label: {en: Discount, zh: 折扣}}
  buyer: {type: lookup, label: {en: Buyer, zh: 买方}, value: customer.name, result: text, stored: true}
  place: {type: formula, label: {en: Place, zh: 地区}, value: "customer.region.name & '/' & customer.name", result: text, stored: true}
  goods: {type: rollup, label: {en: Goods, zh: 货款}, value: SUM(lines.amount), stored: true}
  total: {type: formula, label: {en: Total, zh: 合计}, value: "ROUND(goods * (100 - discount) / 100 * (1 + customer.region.rate), 2)", result: number, stored: true}
  big: {type: formula, label: {en: Big, zh: 大单}, value: total > 100, result: bool, stored: true}
validations:
  possible: {valid: "goods >= 0 and customer.quoted < 1000000 and total < 1000000", message: {en: Too much, zh: 超出}}
---
object: line
label: {en: Line, zh: 明细}
fields:
  quote: {type: link, label: {en: Quote, zh: 报价}, to: quote, owned: true, required: true, reverse: lines}
  product: {type: link, label: {en: Product, zh: 产品}, to: product, on_delete: clear}
  count: {type: number, label: {en: Count, zh: 数量}}
  amount: {type: formula, label: {en: Amount, zh: 金额}, value: count * product.twice / 2, result: number, stored: true}
---
view: quotes
object: quote
type: list
label: {en: Quotes, zh: 报价}
sort: [-total]
columns: [name, total]
"""
VIRTUAL = APP.replace(", stored: true, indexed: true", "").replace(", stored: true", "")
OBJECTS = ("region", "customer", "product", "quote", "line")
FIELDS = {
    "region": {"name": "text", "rate": "rate"},
    "customer": {"name": "text", "region": "region"},
    "product": {"name": "text", "price": "number"},
    "quote": {"name": "text", "customer": "customer", "discount": "number"},
    "line": {"quote": "quote", "product": "product", "count": "number"},
}


@pytest.fixture
def sold(shop: Shop) -> Iterator[Shop]:
    """The app with kept values."""
    shop.publish(APP)
    yield shop


def columns(session: Session) -> dict[str, list[tuple[str, Any, Any]]]:
    """For each kept value: (record, what stands in its column, what the formula says now)."""
    found = {}
    for one in session.formulas.kept.values:
        statement = keeping.statements.values(session.layout, session.formulas, session.env(), one)
        found[f"{one.object.name}.{one.field.name}"] = session.database.rows(statement)
    return found


def right(shop: Shop) -> None:
    """Every kept value that is relied on is what its formula says."""
    session = shop.session()
    session.settle()
    found = columns(session)
    for one in session.formulas.kept.values:
        if session.layout.object(one.object.name).kept[one.field.key].ready:
            name = f"{one.object.name}.{one.field.name}"
            assert [row for row in found[name] if row[1] != row[2]] == [], name
    for title in session.formulas.kept.titles.values():
        if title.column not in session.layout.ready.get(title.object.key, ()):
            continue
        table = session.layout.object(title.object.name).table
        ids = [row[0] for row in session.database.rows(Sql(f"SELECT id::text FROM {table} WHERE deleted_at IS NULL"))]
        with session.database.connection() as connection:
            assert keeping.other_titles(session, connection, title, ids) == {}
    assert publish.inconsistent(shop.workspace) == []


def ready(shop: Shop) -> bool:
    """True when all kept values are relied on."""
    session = shop.session()
    session.settle()
    return not list(keeping.unready(session))


def wait(shop: Shop) -> None:
    """Until all kept values can be relied on."""
    until = time.monotonic() + 60
    while not ready(shop):
        assert time.monotonic() < until
        time.sleep(0.05)


def some(rng: random.Random, kind: str, ids: dict[str, list[str]]) -> Any:
    if rng.random() < 0.1:
        return None
    if kind == "text":
        return rng.choice(("a", "b", "甲"))
    if kind == "number":
        return rng.choice((0, 1, 10, 25.5, 99))
    if kind == "rate":
        return rng.choice((0, 0.06, 0.13))
    return rng.choice(ids[kind]) if ids[kind] else None


def record(rng: random.Random, name: str, ids: dict[str, list[str]], whole: bool) -> dict[str, Any]:
    return {field: some(rng, kind, ids) for field, kind in FIELDS[name].items() if whole or rng.random() < 0.5} | (
        {"quote": rng.choice(ids["quote"])} if name == "line" and whole else {}
    )


def step(session: Session, rng: random.Random, ids: dict[str, list[str]], gone: dict[str, list[str]]) -> None:
    """One thing that somebody does."""
    name = rng.choice(OBJECTS)
    if name == "line" and not ids["quote"]:
        return
    what = rng.choice(("create", "create", "update", "update", "update", "delete", "restore", "bulk", "change"))
    try:
        if what == "create":
            ids[name].append(records.create(session, name, record(rng, name, ids, True)).id)
        elif what == "bulk":
            done = bulk.bulk(session, name, "create", [record(rng, name, ids, True) for _ in range(3)])
            ids[name] += [str(one.id) for one in done if one.status == 201]
        elif what == "change" and ids[name]:
            chosen = rng.sample(ids[name], min(3, len(ids[name])))
            bulk.bulk(session, name, "update", [{"id": one, **record(rng, name, ids, False)} for one in chosen])
        elif what == "update" and ids[name]:
            records.update(session, name, rng.choice(ids[name]), record(rng, name, ids, False))
        elif what == "delete" and ids[name] and rng.random() < 0.4:
            one = rng.choice(ids[name])
            records.delete(session, name, one)
            ids[name].remove(one)
            gone[name].append(one)
        elif what == "restore" and gone[name]:
            one = gone[name].pop()
            records.restore(session, name, one)
            ids[name].append(one)
    except DougongError:
        pass  # A refused step changes nothing.


def nothing() -> dict[str, list[str]]:
    return {name: [] for name in OBJECTS}


def test_whatever_is_done(sold: Shop) -> None:
    rng, ids, gone = random.Random(3), nothing(), nothing()
    session = sold.session()
    for number in range(350):
        step(session, rng, ids, gone)
        if number % 10 == 0:
            right(sold)
    right(sold)
    assert ready(sold)
    kept = columns(sold.session())
    assert all(any(row[1] is not None for row in rows) for rows in kept.values()), "all were asked"


def test_too_many_to_change_at_once(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then they are computed when they are read until they have been filled again; nobody sees an old value."""
    rng, ids, gone = random.Random(4), nothing(), nothing()
    session = sold.session()
    for _ in range(100):
        step(session, rng, ids, gone)
    monkeypatch.setattr(keeping, "MOST", 2)
    given_up = []
    real = keeping.Keeping.give_up
    monkeypatch.setattr(keeping.Keeping, "give_up", lambda self, names: (given_up.append(names), real(self, names)))
    for number in range(60):
        step(session, rng, ids, gone)
        if number % 10 == 0:
            right(sold)
    wait(sold)
    right(sold)
    assert given_up
    virtual = sold.session()
    virtual.settle()


def test_at_the_same_time(sold: Shop) -> None:
    """Many who change the two ends of the same ways: nothing that one of them writes is lost on the other."""
    rng, ids, gone = random.Random(5), nothing(), nothing()
    session = sold.session()
    for _ in range(120):
        step(session, rng, ids, gone)

    def work(seed: int) -> None:
        mine = random.Random(seed)
        own = {name: list(values) for name, values in ids.items()}
        at = sold.session()
        for _ in range(60):
            step(at, mine, own, nothing())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(sold)
    right(sold)


def test_becoming_kept_and_changing(shop: Shop) -> None:
    """A publish fills the values; another formula is another column; without `stored` the column goes in time."""
    shop.publish(VIRTUAL)
    rng, ids, gone = random.Random(6), nothing(), nothing()
    session = shop.session()
    for _ in range(150):
        step(session, rng, ids, gone)

    def told() -> dict[str, Any]:
        found = {}
        for name in OBJECTS:
            page = shop.ask("GET", f"/records/{name}?limit=500").get_json()["data"]
            found |= {one["id"]: {key: value for key, value in one.items() if key != "updated_at"} for one in page}
        return found

    before = told()
    shop.publish(APP)
    right(shop)
    assert ready(shop) and told() == before
    changed = APP.replace("value: price * 2", "value: price * 3")
    shop.publish(changed)
    right(shop)
    assert ready(shop)
    assert told() != before
    shop.publish(VIRTUAL)
    assert told() == before
    shop.publish(VIRTUAL + "---\nobject: other\nlabel: {en: Other, zh: 其他}\nfields:\n  a: {type: text, label: A}\n")
    session = shop.session()
    session.settle()
    table = session.layout.object("quote").name
    rows = session.database.rows(
        Sql("SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,))
    )
    assert not [row[0] for row in rows if row[0].startswith("k_")]


def test_titles_follow(sold: Shop) -> None:
    """A record that is called after others is called right when they are, is found by it, and after a publish."""

    def made(kind: str, **values: Any) -> str:
        return str(sold.ask("POST", f"/records/{kind}", json=values).get_json()["id"])

    def found(text: str) -> list[str]:
        return [one["id"] for one in sold.ask("GET", f"/records/quote?q={text}").get_json()["data"]]

    north = made("region", name="north")
    customer = made("customer", name="old", region=north)
    quote = made("quote", name="q1", customer=customer)
    line = made("line", quote=quote)
    version = sold.ask("GET", f"/records/quote/{quote}").get_json()["version"]
    sold.ask("PATCH", f"/records/customer/{customer}", json={"name": "renamed"})
    sold.ask("PATCH", f"/records/region/{north}", json={"name": "south"})
    told = sold.ask("GET", f"/records/line/{line}?expand=quote").get_json()["quote"]
    assert told["title"] == "q1 renamed south"
    assert found("renamed") == [quote] and found("old") == []
    assert sold.ask("GET", f"/records/quote/{quote}").get_json()["version"] == version, "nobody has changed it"
    sold.publish(APP.replace("title: \"name & ' ' &", "title: \"name & ' of ' &"))
    told = sold.ask("GET", f"/records/line/{line}?expand=quote").get_json()["quote"]
    assert told["title"] == "q1 of renamed south"


def test_lists_use_the_index(sold: Shop) -> None:
    session = sold.session()
    table = session.layout.object("quote").name
    rows = session.database.rows(Sql("SELECT indexdef FROM pg_indexes WHERE tablename = %s", (table,)))
    column = session.layout.object("quote").kept["total"].column
    assert any(column in row[0] for row in rows), "the declared view sorts by it"
    customer = session.layout.object("customer")
    rows = session.database.rows(Sql("SELECT indexdef FROM pg_indexes WHERE tablename = %s", (customer.name,)))
    assert any(customer.kept["quoted"].column in row[0] for row in rows)


@pytest.mark.parametrize(
    ("value", "result", "said"),
    [
        ("TODAY()", "date", "E_VOLATILE_STORED"),
        ("owner.name", "text", "users"),
        ("LOOKUP('product', price > 1, name)", "text", "LOOKUP"),
        ("late", "bool", "moment"),
    ],
)
def test_what_cannot_be_kept(shop: Shop, value: str, result: str, said: str) -> None:
    extra = f'''
  late: {{type: formula, label: Late, value: "TODAY() > DATE(2026, 1, 1)", result: bool}}
  bad: {{type: formula, label: Bad, value: "{value}", result: {result}, stored: true}}
'''
    text = APP.replace("  price: {type: number, label: {en: Price, zh: 单价}}\n",
                       "  price: {type: number, label: {en: Price, zh: 单价}}" + extra)  # fmt: skip
    with pytest.raises(DougongError) as refused:
        shop.publish(text)
    assert said in " ".join(f"{one.code} {one.message.en}" for one in refused.value.problems)
