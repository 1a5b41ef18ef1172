"""A company adds an object by a document and keeps records in it."""

from __future__ import annotations

from tests.conftest import Shop

LEAD = """
object: lead
label: {en: Lead, zh: 线索}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  score: {type: number, label: {en: Score, zh: 评分}, min: 0, max: 100, indexed: true}
"""


def test_first_record(shop: Shop) -> None:
    shop.publish(LEAD)
    made = shop.ask("POST", "/records/lead", json={"name": "张三", "score": 80})
    assert made.status_code == 201, made.get_data(as_text=True)
    found = shop.ask("GET", f"/records/lead/{made.json['id']}")
    assert found.json == made.json
    assert found.headers["ETag"] == '"1"'
