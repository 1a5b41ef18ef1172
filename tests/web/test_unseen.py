"""A link to what its reader may not see says so: no part of an id stands in the place of a name."""

from __future__ import annotations

import re

import pytest

from runtime.engine import bulk, records
from tests.conftest import Shop
from tests.web.browser import person

DOCUMENTS = """
object: firm
label: {en: Firm, zh: 公司}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
---
object: deal
label: {en: Deal, zh: 交易}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  firm: {type: link, label: {en: Firm, zh: 公司}, to: firm}
  others: {type: links, label: {en: Others, zh: 其他}, to: firm}
---
role: staff
label: {en: Staff, zh: 员工}
objects: {deal: {read: all, update: all, create: true}}
---
role: clerk
label: {en: Clerk, zh: 文员}
objects: {deal: {read: all, update: all, create: true}, firm: {read: own}}
"""
WORDS = {"en": "deleted or not visible to you", "zh-CN": "已删除或无权查看"}


@pytest.mark.parametrize("role", ["staff", "clerk"])
@pytest.mark.parametrize("language", WORDS)
def test_words_instead_of_an_id(shop: Shop, role: str, language: str) -> None:
    shop.publish(*DOCUMENTS.split("---\n"))
    admin = shop.session("admin")
    firms = [records.create(admin, "firm", {"name": name}).id for name in ("Seen & <b>", "Other")]
    deal = records.create(admin, "deal", {"name": "D", "firm": firms[0], "others": firms}).id
    records.update(admin, "deal", deal, {"firm": firms[1]})
    browser, words = person(shop, "eve", role, language=language), WORDS[language]
    for path in (f"/o/deal/{deal}", "/o/deal", f"/o/deal/{deal}/edit"):
        page = browser.text(path)
        assert page.count(words) >= 3, path
        assert not re.search(rf"\b{firms[0][:8]}\b(?!-)", page), path  # Whole ids stand where an input sends them back.
        assert "Seen" not in page and "Other<" not in page
    boss = person(shop, "boss", "admin", language=language)
    assert "Seen &amp; &lt;b&gt;" in boss.text(f"/o/deal/{deal}")
    assert not any(one in boss.text(f"/o/deal/{deal}") for one in WORDS.values())


def test_what_is_there_is_named_however_much_it_is(shop: Shop) -> None:
    shop.publish(
        *DOCUMENTS.replace("to: firm}\n---\nrole: staff", "to: firm, max: 1000}\n---\nrole: staff").split("---\n")
    )
    admin = shop.session("admin")
    made = bulk.bulk(admin, "firm", "create", [{"name": f"F{number:03}"} for number in range(700)])
    firms = [str(one.id) for one in made]
    deal = records.create(admin, "deal", {"name": "D", "others": firms}).id
    records.update(admin, "deal", deal, {"others": firms[1:]})
    browser = person(shop, "boss", "admin")
    for path in (f"/o/deal/{deal}", f"/o/deal/{deal}/edit"):
        page = browser.text(path)
        assert "F001" in page and "F699" in page and WORDS["en"] not in page, path
