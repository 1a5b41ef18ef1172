"""The reference of functions, the page to try formulas, and what the formula editor asks: same code and rights as the API."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from runtime.formula.check import CONTEXT_WORDS
from runtime.formula.compiler import CONTEXTS
from runtime.formula.functions.registry import FUNCTIONS
from tests.conftest import Shop
from tests.web.browser import Browser, person

DOCUMENTS = (
    """
object: client
label: {en: Client, zh: 客户}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  limit: {type: money, label: {en: Limit, zh: 额度}}
  secret: {type: number, label: {en: Secret, zh: 机密}}
  twice: {type: formula, label: {en: Twice, zh: 双倍}, value: limit * 2, result: number}
  half: {type: formula, label: {en: Half, zh: 一半}, value: twice / 4, result: number}
""",
    """
object: deal
label: {en: Deal, zh: 商机}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  amount: {type: money, label: {en: Amount, zh: 金额}}
  grade: {type: select, label: {en: Grade, zh: 等级}, options: {A: {en: Best, zh: 最好}, B: {en: Good, zh: 好}}}
  client: {type: link, to: client, reverse: deals, label: {en: Client, zh: 客户}}
""",
    """
role: sales
label: {en: Sales, zh: 销售}
objects:
  deal: {create: true, read: own}
  client: {read: all, fields: {secret: hidden}}
""",
    """
role: builder
label: {en: Builder, zh: 搭建}
build: [shop]
objects:
  deal: {create: true, read: all}
""",
)


@pytest.fixture(scope="module")
def store(shared_shop: Shop) -> Shop:
    shared_shop.publish(*DOCUMENTS)
    for number in range(3):
        values = {"name": f"d{number}", "amount": str(1000 * (number + 1)), "grade": "A"}
        assert shared_shop.ask("POST", "/records/deal", json=values).status_code == 201
    return shared_shop


def seen(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_function_is_in_the_reference(store: Shop, language: str) -> None:
    page = Browser(store, language).text("/docs/functions")
    text = seen(page)
    for name, function in FUNCTIONS.items():
        article = re.search(rf'<article id="{name}".*?</article>', page, re.DOTALL)
        assert article, name
        said = seen(article[0])
        assert function.help[language] in said and function.signature.split("␠")[0] in said, name
        for source, value in function.examples:
            assert f"{source} → {value if value is not None else {'en': 'blank', 'zh': '空'}[language]}" in said, source
    for words in CONTEXT_WORDS.values():
        assert words[language == "zh"] in text
    assert ('href="/docs/functions"' in Browser(store, language).text("/docs")) and "ISBLANK('')" in text


def test_the_reference_is_searched_without_scripts(store: Shop) -> None:
    page = Browser(store).text("/docs/functions?q=round+zero")
    assert 'id="ROUND"' in page and 'id="LEFT"' not in page
    assert 'id="RMBCAP"' in Browser(store).text("/docs/functions?q=大写")
    assert "Nothing matches" in seen(Browser(store).text("/docs/functions?q=%3Cb%3Enothing"))


def test_pages_are_strict(store: Shop) -> None:
    admin = person(store, "strict", "admin")
    for path in ("/docs/functions", "/docs/formula", "/docs/formula?object=deal&source=amount+%2B", "/o/deal"):
        page = admin.text(path)
        plain = re.sub(r'<script type="module" src="/static/dist/[^"]+"></script>', "", page)
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", plain), path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)) and page.count("<h1") == 1, path


def test_trying_is_for_builders(store: Shop) -> None:
    assert person(store, "bo", "builder").get("/docs/formula").status_code == 200
    assert person(store, "sal", "sales").get("/docs/formula").status_code == 403
    assert Browser(store).get("/docs/formula").headers["Location"].startswith("/login")
    assert "/docs/formula" not in person(store, "sam", "sales").text("/docs/functions")


def test_trying_without_scripts(store: Shop) -> None:
    admin = person(store, "tim", "admin")
    page = admin.text("/docs/formula?object=deal&context=virtual&source=amount+*+2&expected=number")
    assert "it gives a number" in seen(page)
    assert re.findall(r'data-label="Result">([^<]+)<', page) == ["6000", "4000", "2000"]
    page = seen(admin.text("/docs/formula?object=deal&source=amuont+*+2&context=odd&expected=odd"))
    assert "1: There is no field called" in page and "amount" in page
    assert "Result" not in seen(admin.text("/docs/formula?object=nothing"))


def words(browser: Browser, query: str) -> dict[str, Any]:
    found = browser.get(f"/formula/words?{query}")
    assert found.status_code == 200, found.get_data(as_text=True)
    return dict(found.get_json())


def test_the_words_of_an_object(store: Shop) -> None:
    admin = person(store, "wen", "admin", language="zh")
    found = words(admin, "object=deal&context=filter&samples")
    members = {one["name"]: one for one in found["members"]}
    assert members["amount"]["labels"] == {"en": "Amount", "zh": "金额"} and members["amount"]["type"] == "number"
    assert members["client"]["to"] == "client" and members["owner"]["to"] == "user"
    assert members["grade"]["options"][0] == {"key": "A", "labels": {"en": "Best", "zh": "最好"}}
    assert {one["name"] for one in found["functions"]} >= {"SUM", "IF"} and "USER.id" in found["people"]
    assert "OLD" not in {one["name"] for one in found["functions"]}
    assert found["texts"]["result"] == "结果" and len(found["samples"]) == 3
    stored = words(admin, "object=deal&context=computed")
    assert "TODAY" not in {one["name"] for one in stored["functions"]} and stored["people"] == [] == stored["samples"]
    relation = {one["name"]: one for one in words(admin, "object=client")["members"]}["deals"]
    assert relation["type"] == "children" and relation["to"] == "deal" and relation["labels"]["zh"] == "商机"
    assert "functions" not in words(admin, "object=user")


def test_words_and_samples_keep_to_the_rights(store: Shop) -> None:
    sales = person(store, "sid", "sales")
    found = words(sales, "object=deal&context=filter&samples")
    assert found["samples"] == []
    assert "secret" not in {one["name"] for one in words(sales, "object=client")["members"]}
    builder = person(store, "bea", "builder")
    assert builder.get("/formula/words?object=client").status_code == 404
    assert builder.get("/formula/words?object=nothing").status_code == 404
    assert Browser(store).get("/formula/words?object=deal").status_code in (303, 401)


def test_checking_needs_the_token_of_the_page(store: Shop) -> None:
    sales = person(store, "sue", "sales")
    asked = {"object": "client", "source": "secret > 1", "context": "filter"}
    assert sales.client.post("/formula/check", json=asked, headers=sales.headers).status_code == 400
    headers = {"X-CSRFToken": sales.token("/me"), "Accept": "application/json"}
    found = sales.client.post("/formula/check", json=asked, headers=headers).get_json()
    assert [one["code"] for one in found["diagnostics"]] == ["E_UNKNOWN_FIELD"]
    mine = sales.client.post("/formula/check", json={**asked, "source": "limit > 1"}, headers=headers).get_json()
    theirs = store.ask("POST", "/formula/check", "sue", json={**asked, "source": "limit > 1"}).get_json()
    assert mine == theirs and mine["type"] == "bool"


def test_a_result_only_of_a_record_that_may_be_read(store: Shop) -> None:
    admin, sales = person(store, "ada", "admin"), person(store, "sol", "sales")
    sample = words(admin, "object=deal&context=virtual&samples")["samples"][0]["id"]
    asked = {"object": "deal", "source": "amount * 2", "context": "virtual", "record": sample, "evaluate": True}
    for browser, status in ((admin, 200), (sales, 404)):
        headers = {"X-CSRFToken": browser.token("/me"), "Accept": "application/json"}
        found = browser.client.post("/formula/check", json=asked, headers=headers)
        assert found.status_code == status
    assert sample


def test_the_filter_of_a_list_is_an_editor(store: Shop) -> None:
    page = person(store, "fay", "admin").text("/o/deal?filter=amount+%3E+1500")
    assert '<formula-editor data-island object="deal" context="filter" expects="bool" samples>' in page
    assert re.search(r'<textarea id="filter" name="filter"[^>]*>\namount &gt; 1500</textarea>', page)


def test_the_filter_names_fields_by_their_labels(store: Shop) -> None:
    page = person(store, "flo", "admin").text("/o/deal")
    assert '<option value="amount">Amount</option>' in page and "<code>amount</code> Amount" in page


def test_every_context_can_be_checked(store: Shop) -> None:
    def found(source: str, context: str, **more: Any) -> dict[str, Any]:
        body = {"object": "client", "source": source, "context": context, **more}
        return dict(store.ask("POST", "/formula/check", "admin", json=body).get_json())

    for context in CONTEXTS:
        assert found("SUM(limit)" if context == "measure" else "limit > 1", context)["type"], context
    assert found("OLD(limit) == limit", "automation", evaluate=True)["value"] == "true"
    refused = found("OLD(limit) == limit", "virtual")
    assert refused["type"] is None and refused["diagnostics"][0]["code"] == "E_CONTEXT_FUNC"
    assert "automation" in store.ask("POST", "/formula/check", "admin", json={
        "object": "client", "source": "1", "context": "anywhere"}).get_json()["errors"][0]["message"]  # fmt: skip


def test_a_value_that_needs_itself_is_told_with_the_way(store: Shop) -> None:
    def codes(source: str, field: str) -> list[str]:
        body = {"object": "client", "source": source, "context": "virtual", "field": field}
        made = store.ask("POST", "/formula/check", "admin", json=body).get_json()
        return [f"{one['code']} {one['message']}" for one in made["diagnostics"] if one["severity"] == "error"]

    assert codes("limit + 1", "twice") == []
    [said] = codes("half + 1", "twice")
    assert said.startswith("E_CYCLE") and "client.twice -> client.half -> client.twice" in said
