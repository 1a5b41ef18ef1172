"""Formulas count working days by the calendars that somebody keeps, everywhere alike, from the next request on."""

from __future__ import annotations

from datetime import date
from typing import Any

from runtime.engine import calendars
from tests.conftest import Shop

DOCUMENTS = """
object: job
label: {en: Job, zh: 工作}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  begins: {type: date, label: {en: Begins, zh: 开始}}
  ends: {type: date, label: {en: Ends, zh: 结束}}
  days: {type: formula, label: {en: Days, zh: 天数}, result: number, scale: 0, value: "NETWORKDAYS(begins, ends)"}
  shop: {type: formula, label: {en: Days of the shop, zh: 门店天数}, result: number, scale: 0, value: "NETWORKDAYS(begins, ends, 'shop')"}
  due: {type: date, label: {en: Due, zh: 到期}, default: "=WORKDAY(DATE(2026,9,30), 1)"}
---
role: clerk
label: {en: Clerk, zh: 职员}
objects:
  job: {create: true, read: {where: "NETWORKDAYS(begins, ends) <= 5"}, update: all}
"""
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00")
OPEN = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "10:00-20:00")


def one(shop: Shop, who: str = "root", **values: Any) -> dict[str, Any]:
    answer = shop.ask("POST", "/records/job", who, json={"name": "x", **values})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(shop.ask("GET", f"/records/job/{answer.get_json()['id']}", "root").get_json())


def test_kept_calendars_count_in_values_filters_defaults_and_rights(shop: Shop) -> None:
    """China's National Day 2026: 1 to 7 October are free, Sunday 20 September and Saturday 10 October are worked."""
    shop.publish(DOCUMENTS)
    shop.user("root", "admin")
    shop.user("li", "clerk")
    week = {"begins": "2026-09-28", "ends": "2026-10-11"}
    made = one(shop, **week)
    assert (made["days"], made["shop"], made["due"]) == (10, 10, "2026-10-01"), "Monday to Friday while none is kept"
    assert shop.ask("GET", f"/records/job/{made['id']}", "li").status_code == 404

    root = shop.session("root")
    calendars.save(root, "default", {**WEEK, "country": "CN"})
    seen = shop.ask("GET", f"/records/job/{made['id']}").get_json()
    assert (seen["days"], seen["shop"]) == (6, 6), "28 to 30 September, 8 to 10 October"
    assert one(shop, **week)["due"] == "2026-10-08"
    assert len(shop.ask("GET", "/records/job?filter=days == 6").get_json()["data"]) == 2
    found = shop.ask("GET", "/records/job?filter=NETWORKDAYS(begins, ends) == 10").get_json()
    assert found["data"] == []

    calendars.save(root, "shop", {**OPEN, "holidays": "2026-10-01"}, new=True)
    seen = shop.ask("GET", f"/records/job/{made['id']}").get_json()
    assert (seen["days"], seen["shop"]) == (6, 13), "the shop is open all days but one"

    calendars.save(root, "default", {**WEEK, "country": "CN", "holidays": "2026-10-08, 2026-10-09"})
    assert shop.ask("GET", f"/records/job/{made['id']}", "li").get_json()["days"] == 4, "rights count by it too"
    calendars.drop(root, "default")
    assert shop.ask("GET", f"/records/job/{made['id']}").get_json()["days"] == 10
    assert shop.ask("GET", f"/records/job/{made['id']}", "li").status_code == 404


def test_what_the_browser_computes_counts_by_the_same_days(shop: Shop) -> None:
    shop.publish(DOCUMENTS)
    shop.user("root", "admin")
    calendars.save(shop.session("root"), "default", {**WEEK, "country": "CN"})
    env = shop.session("root").env()
    kept = env.named_calendar("")
    assert kept.is_workday(date(2026, 10, 10)) and not kept.is_workday(date(2026, 10, 1))
    assert env.named_calendar("nobody keeps this") == kept == env.named_calendar("default")
