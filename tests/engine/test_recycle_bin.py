"""Deleting and coming back: restrict, clear, cascade; and nobody ever links to a record that is gone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.base.sqltext import Sql
from tests.conftest import Shop
from tests.engine.tables import codes, dump, problem

FIRM = (
    "object: firm\nlabel: {en: Firm, zh: 公司}\nfields:\n  name: {type: text, label: {en: N, zh: 名}, unique: true}\n"
)
DEAL = """
object: deal
label: {en: Deal, zh: 交易}
fields:
  name: {type: text, label: {en: N, zh: 名}}
  keeps: {type: link, to: firm, label: {en: K, zh: 留}, on_delete: restrict}
  loses: {type: link, to: firm, label: {en: L, zh: 失}, on_delete: clear}
  follows: {type: link, to: firm, label: {en: F, zh: 随}, on_delete: cascade}
  many: {type: links, to: firm, label: {en: M, zh: 多}}
"""
LINE = """
object: line
label: {en: Line, zh: 明细}
fields:
  deal: {type: link, to: deal, label: {en: D, zh: 交}, reverse: lines, owned: true, required: true}
  code: {type: text, label: {en: C, zh: 码}, unique: true}
"""


@pytest.fixture(scope="module")
def bin(shared_shop: Shop) -> Shop:
    shared_shop.publish(FIRM, DEAL, LINE)
    return shared_shop


def make(shop: Shop, name: str, /, **values: Any) -> str:
    answer = shop.ask("POST", f"/records/{name}", json=values)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["id"])


def get(shop: Shop, name: str, record_id: str) -> Any:
    answer = shop.ask("GET", f"/records/{name}/{record_id}")
    return answer.get_json() if answer.status_code == 200 else None


def test_the_three_rules(bin: Shop) -> None:
    for field in ("keeps", "many"):
        firm = make(bin, "firm")
        make(bin, "deal", **{field: [firm] if field == "many" else firm})
        before = dump(bin)
        problem(bin.ask("DELETE", f"/records/firm/{firm}"), 409)
        assert dump(bin) == before
    firm = make(bin, "firm")
    loses, follows = make(bin, "deal", loses=firm), make(bin, "deal", follows=firm)
    line = make(bin, "line", deal=follows)
    assert bin.ask("DELETE", f"/records/firm/{firm}").status_code == 204
    assert get(bin, "deal", loses)["loses"] is None and get(bin, "deal", loses)["version"] == 2
    assert get(bin, "deal", follows) is None and get(bin, "line", line) is None
    problem(bin.ask("DELETE", f"/records/firm/{firm}"), 404)
    deleted = bin.ask("GET", "/records/firm?deleted=true&limit=500").get_json()["data"]
    assert firm in [one["id"] for one in deleted]
    assert bin.ask("POST", f"/records/firm/{firm}/restore").status_code == 200
    assert get(bin, "deal", follows) and get(bin, "line", line), "what went with it comes back with it"
    problem(bin.ask("POST", f"/records/firm/{firm}/restore"), 422)


def test_restoring_meets_what_has_happened_since(bin: Shop) -> None:
    firm = make(bin, "firm", name="same")
    bin.ask("DELETE", f"/records/firm/{firm}")
    make(bin, "firm", name="same")
    answer = bin.ask("POST", f"/records/firm/{firm}/restore")
    problem(answer, 409)
    assert codes(answer) == {("name", "taken")}
    deal = make(bin, "deal")
    make(bin, "line", deal=deal, code="same")
    bin.ask("DELETE", f"/records/deal/{deal}")
    make(bin, "line", deal=make(bin, "deal"), code="same")
    answer = bin.ask("POST", f"/records/deal/{deal}/restore")
    problem(answer, 409)
    assert codes(answer) == {("code", "taken")} and get(bin, "deal", deal) is None
    firm = make(bin, "firm")
    deal = make(bin, "deal", keeps=firm)
    bin.ask("DELETE", f"/records/deal/{deal}")
    bin.ask("DELETE", f"/records/firm/{firm}")
    answer = bin.ask("POST", f"/records/deal/{deal}/restore")
    problem(answer, 409)
    assert codes(answer) == {("keeps", "referenced")}


@pytest.mark.parametrize("way", ["create", "update", "bulk", "restore", "clear", "many"])
def test_nothing_living_links_to_what_is_deleted(bin: Shop, way: str) -> None:
    """Fifty pairs: one deletes a record while the other links to it."""
    field = {"clear": "loses", "many": "many"}.get(way, "keeps")
    firms = [make(bin, "firm") for _ in range(50)]
    deals = [make(bin, "deal") for _ in firms]
    if way == "restore":
        for firm, deal in zip(firms, deals, strict=True):
            bin.ask("PATCH", f"/records/deal/{deal}", json={field: firm})
            bin.ask("DELETE", f"/records/deal/{deal}")

    def link(number: int) -> int:
        value: Any = [firms[number]] if way == "many" else firms[number]
        if way == "create":
            return bin.ask("POST", "/records/deal", json={field: value}).status_code
        if way == "bulk":
            body = {"mode": "update", "records": [{"id": deals[number], field: value}]}
            return int(bin.ask("POST", "/records/deal/bulk", json=body).get_json()["results"][0]["status"])
        if way == "restore":
            return bin.ask("POST", f"/records/deal/{deals[number]}/restore").status_code
        return bin.ask("PATCH", f"/records/deal/{deals[number]}", json={field: value}).status_code

    def pair(number: int) -> tuple[int, int]:
        gate = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            gone = pool.submit(
                lambda: (gate.wait(), bin.ask("DELETE", f"/records/firm/{firms[number]}").status_code)[1]
            )
            linked = pool.submit(lambda: (gate.wait(), link(number))[1])
            return gone.result(), linked.result()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(pair, range(50)))
    session = bin.session()
    deal, firm = session.layout.object("deal"), session.layout.object("firm")
    column = f"f_{field}"
    test = f"f.id = ANY(d.{column})" if way == "many" else f"f.id = d.{column}"
    row = bin.database.row(
        Sql(
            f"SELECT count(*) FROM {deal.table} d JOIN {firm.table} f ON {test} WHERE d.deleted_at IS NULL AND f.deleted_at IS NOT NULL"
        )
    )
    assert row == (0,), found
    assert {one for one, _ in found} <= {204, 409} and {one for _, one in found} <= {200, 201, 409, 422}, found
    if way != "clear":
        assert not [one for one in found if one[0] == 204 and one[1] in (200, 201)]
