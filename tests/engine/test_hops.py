"""Paths through links cost a join each and no statement for a record: a page of fifty takes as many as a page of one."""

from __future__ import annotations

import pytest

from runtime.base.values import load
from runtime.engine import reading, records
from tests.benchmarks.formulas import HOPS, counted
from tests.conftest import Shop

RECORDS = 55


@pytest.fixture(scope="module")
def store(shared_shop: Shop) -> Shop:
    shared_shop.publish(*HOPS.split("---\n"))
    session = shared_shop.session()
    for number in range(RECORDS):
        region = records.create(session, "region", {"name": f"r{number:02}", "factor": number}).id
        office = records.create(session, "office", {"name": f"o{number}", "region": region}).id
        client = records.create(session, "client", {"name": f"c{number}", "office": office}).id
        records.create(session, "job", {"name": f"j{number:02}", "hours": 2, "client": client})
    return shared_shop


@pytest.mark.parametrize("expand", [(), ("client",)])
@pytest.mark.parametrize("who", [None, "sal"])
def test_a_page_of_fifty_takes_no_more_statements_than_one_of_one(
    store: Shop, who: str | None, expand: tuple[str, ...]
) -> None:
    if who and who not in store._users:
        store.user(who, "sales")
    session = store.session(who)

    def page(limit: int) -> reading.Page:
        ask = reading.Ask(
            filter="client.office.region.factor >= 0", sort=("name",), fields=("name", "client", "place", "price"),
            limit=limit, expand=expand,
        )  # fmt: skip
        return reading.listed(session, "job", ask)

    found = [load(one) for one in page(50).records]
    assert [one["place"] for one in found] == [f"r{number:02}" for number in range(50)]
    assert [str(one["price"]) for one in found[:4]] == ["0", "2", "4", "6"]
    page(1)
    assert counted(session, lambda: page(1)) == counted(session, lambda: page(50)) <= 2
