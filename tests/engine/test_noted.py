"""What the system notes of a record (maker, moments, owner, title, version) in rules, and what was there before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.base.kind import Catalog
from runtime.base.sqltext import Sql
from runtime.engine import dispatch
from runtime.kinds.field import Computed, Field, HoldsFiles, Numbered, Relates
from tests.conftest import Shop
from tests.web.test_tasks import task_of

DOCUMENTS = """
object: note
label: {en: Note, zh: 便签}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  size: {type: number, label: {en: Size, zh: 尺寸}}
  text: {type: long_text, label: {en: Text, zh: 正文}}
  twice: {type: formula, label: {en: Twice, zh: 两倍}, value: size * 2, result: number}
  mine: {type: formula, label: {en: Mine, zh: 我的}, value: owner == created_by, result: bool}
%s
---
object: sheet
label: {en: Sheet, zh: 页}
title: name
fields:
  note: {type: link, to: note, reverse: sheets}
  name: {type: text, label: {en: Name, zh: 名称}}
---
role: staff
label: {en: Staff, zh: 员工}
objects:
  note: {create: true, read: all, update: all, assign: all, bulk: true}
  sheet: {create: true, read: all}
"""
#: True of every record: with it, only the database can answer.
FAR = "COUNT(sheets) >= 0"
#: Rules that a change by bo of li's record (name N -> M, size 2 -> 5, owner li -> bo) keeps, and that it breaks.
KEPT = [
    "created_by != USER.id",
    "updated_by == USER.id",
    "created_at < DATETIME(DATE(2021, 1, 1), 0, 0)",
    "updated_at > DATETIME(DATE(2021, 1, 1), 0, 0)",
    "OLD(updated_at) < DATETIME(DATE(2021, 1, 1), 0, 0)",
    "version == 2 and OLD(version) == 1",
    "title == 'M' and OLD(title) == 'N'",
    "owner == USER.id and OLD(owner) == created_by",
    "ISCHANGED(owner) and ISCHANGED(size) and ISCHANGED(twice) and ISCHANGED(updated_by)",
    "not ISCHANGED(created_by) and not ISCHANGED(text) and not ISCHANGED(id)",
    "OLD(twice) == 4 and twice == 10 and OLD(text) == 'long'",
    "OLD(updated_by) == created_by and not mine",
]


def published(shop: Shop, rule: str) -> tuple[str, str]:
    """The ids of li, and of a record that li made years ago, under a rule for changes."""
    asked = f"ISNEW() or ({rule})"
    shop.publish(DOCUMENTS % f'validations:\n  rule: {{valid: "{asked}", message: {{en: REFUSED, zh: 拒绝}}}}')
    li = shop.user("li", "staff")
    shop.user("bo", "staff")
    made = shop.ask("POST", "/records/note", "li", json={"name": "N", "size": 2, "text": "long"})
    assert made.status_code == 201, made.text
    place = shop.workspace.snapshot().layout.object("note")
    shop.database.rows(Sql(f"UPDATE {place.table} SET created_at = '2020-01-01', updated_at = '2020-01-01'"))
    return li, made.get_json()["id"]


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
@pytest.mark.parametrize("way", ["one", "bulk"])
def test_rules_see_who_made_a_record_and_what_was_there(shop: Shop, way: str, far: bool) -> None:
    rule = " and ".join(f"({one})" for one in KEPT)
    _, record = published(shop, f"{rule} and {FAR}" if far else rule)
    bo = shop._users["bo"][0]
    change: dict[str, Any] = {"name": "M", "size": 5, "owner": bo}
    if way == "one":
        answer = shop.ask("PATCH", f"/records/note/{record}", "bo", json=change)
        assert answer.status_code == 200, answer.text
    else:
        body = {"mode": "update", "records": [{"id": record, **change}]}
        answer = shop.ask("POST", "/records/note/bulk", "bo", json=body)
        assert answer.get_json()["ok"] == 1, answer.text


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
@pytest.mark.parametrize("rule", KEPT)
def test_the_contrary_is_refused(shop: Shop, rule: str, far: bool) -> None:
    _, record = published(shop, f"not ({rule})" + (f" and {FAR}" if far else ""))
    change = {"name": "M", "size": 5, "owner": shop._users["bo"][0]}
    answer = shop.ask("PATCH", f"/records/note/{record}", "bo", json=change)
    assert answer.status_code == 422 and "拒绝" in answer.text, answer.text


def test_of_a_new_record_nothing_was_there(shop: Shop) -> None:
    for far in ("", f" and {FAR}"):
        rule = f"ISBLANK(OLD(owner)) and ISBLANK(OLD(version)) and ISCHANGED(owner) and created_by == USER.id{far}"
        shop.publish(DOCUMENTS % f'validations:\n  rule: {{valid: "{rule}", message: {{en: REFUSED, zh: 拒绝}}}}')
        answer = shop.ask("POST", "/records/note", json={"name": "N"})
        assert answer.status_code == 201, answer.text


FLOW = """
workflow: check
label: {en: Check, zh: 检查}
object: note
start: {trigger: on_change, on_change: {fields: [size, owner]}, when: "%s"}
nodes: [{approve: boss, who: {field: created_by}}]
"""


def test_a_workflow_sees_the_record_as_it_is(shop: Shop) -> None:
    """Its conditions speak of who made and who changed it, its steps may go to either."""
    when = "created_by != updated_by and version == 2 and title == 'N' and OLD(size) == 2"
    shop.publish(DOCUMENTS % "", FLOW % when)
    shop.user("li", "staff")
    bo = shop.user("bo", "staff")
    record = shop.ask("POST", "/records/note", "li", json={"name": "N", "size": 2}).get_json()["id"]
    assert shop.ask("PATCH", f"/records/note/{record}", "bo", json={"size": 5}).status_code == 200
    dispatch.drain(shop.workspace)
    assert task_of(shop, "li")
    shop.publish(DOCUMENTS % "", FLOW % "OLD(owner) == created_by and owner != created_by")
    other = shop.ask("POST", "/records/note", "li", json={"name": "O"}).get_json()["id"]
    assert shop.ask("PATCH", f"/records/note/{other}", "bo", json={"owner": bo}).status_code == 200
    dispatch.drain(shop.workspace)
    assert len(shop.ask("GET", "/tasks", "li").get_json()["data"]) == 2


def every_kind(catalog: Catalog) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """(fields, values that they take) with a field for each example of each kind whose values need nothing else."""
    fields: dict[str, Any] = {}
    taken: dict[str, list[Any]] = {}
    for kind in catalog.family("field").values():
        assert issubclass(kind, Field)
        for options, raw, stored in kind.valid:
            doc = {"type": kind.name, **json.loads(json.dumps(dict(options), default=str))}
            made = kind(doc)
            if isinstance(made, (Relates, HoldsFiles, Computed, Numbered)) or stored is None:
                continue
            text = json.dumps(doc, sort_keys=True)
            name = next((one for one, known in fields.items() if known[0] == text), f"f{len(fields)}")
            fields[name] = (text, doc)
            taken.setdefault(name, []).append(raw)
    return {name: {"label": {"en": name, "zh": name}, **doc} for name, (_, doc) in fields.items()}, taken


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
def test_every_kind_of_value_knows_whether_it_changes(shop: Shop, catalog: Catalog, far: bool) -> None:
    fields, taken = every_kind(catalog)
    beast = {"object": "beast", "label": {"en": "B", "zh": "兽"}, "fields": {"plain": {"type": "number"}, **fields}}
    link = {"type": "link", "to": "beast", "reverse": "parts"}
    part = {"object": "part", "label": {"en": "P", "zh": "件"}, "fields": {"beast": link}}
    more = " and COUNT(parts) >= 0" if far else ""
    shop.publish(json.dumps(beast), json.dumps(part))
    values = {name: given[0] for name, given in taken.items()}
    made = shop.ask("POST", "/records/beast", json={"plain": 1, **values})
    assert made.status_code == 201, made.text
    address = f"/records/beast/{made.get_json()['id']}"
    rules = {
        f"r_{name}": {"valid": f"not ISCHANGED({name}){more}", "message": {"en": name, "zh": name}} for name in fields
    }
    shop.publish(json.dumps({**beast, "validations": rules}), json.dumps(part))
    answer = shop.ask("PATCH", address, json={"plain": 2, **values})
    assert answer.status_code == 200, answer.text
    answer = shop.ask("PATCH", address, json=dict.fromkeys(fields))
    assert answer.status_code == 422, answer.text
    assert {one["message"] for one in answer.get_json()["errors"]} == set(fields)
