"""Records as files: what the caller may read and no more, safe to open, ready to be imported again."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook

from runtime.base.errors import Forbidden, Invalid, NotFound
from runtime.base.sqltext import Sql
from runtime.engine import accounts, exports, imports
from runtime.engine.exports import Options
from tests.conftest import Shop

FIRM = """
object: firm
label: {en: Firm, zh: 企业}
title: name
fields:
  code: {type: text, label: {en: Code, zh: 编号}, unique: true}
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  phone: {type: phone, label: {en: Phone, zh: 电话}}
  level: {type: select, label: {en: Level, zh: 级别}, options: {a: {en: Gold, zh: 金}, b: {en: Silver, zh: 银}}}
  credit: {type: money, label: {en: Credit, zh: 额度}}
  rate: {type: percent, label: {en: Rate, zh: 比例}}
  since: {type: date, label: {en: Since, zh: 起始日期}}
  called: {type: datetime, label: {en: Called, zh: 最近联系}}
  spent: {type: duration, label: {en: Spent, zh: 用时}}
  vip: {type: checkbox, label: {en: VIP, zh: 重点}}
  tags: {type: tags, label: {en: Tags, zh: 标签}}
  notes: {type: long_text, label: {en: Notes, zh: 备注}}
  parent: {type: link, label: {en: Parent, zh: 上级}, to: firm}
  partners: {type: links, label: {en: Partners, zh: 伙伴}, to: firm}
  double: {type: formula, label: {en: Double, zh: 两倍}, value: credit * 2, result: money}
"""
ROLES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  firm:
    {create: true, read: {where: code != 'f0'}, update: all, import: true, export: true, assign: all,
     fields: {phone: masked, notes: hidden}}
---
role: reader
label: {en: Reader, zh: 只读}
objects:
  firm: {read: all}
"""
MOBILES = ["138 1234 5678", "139 1234 5678", "+1 650 253 0000"]


@pytest.fixture
def firms(shop: Shop) -> Shop:
    shop.publish(FIRM, ROLES)
    shop.session().settle()
    shop.user("li", "sales")
    shop.user("zhao", "reader")
    parent = None
    for number in range(3):
        body = {
            "code": f"f{number}", "name": ["=1+1", "-华星", "'=x"][number], "phone": MOBILES[number], "level": "a",
            "credit": "12345.67", "rate": "-12.5", "since": "2026-11-21", "called": "2026-11-21T04:05:06.000Z",
            "spent": 5400, "vip": number == 0, "tags": ["x", "y"], "notes": "one\n\"two\", three", "parent": parent,
            "partners": [parent] if parent else [],
        }  # fmt: skip
        made = shop.ask("POST", "/records/firm", json=body)
        assert made.status_code == 201, made.get_data(as_text=True)
        parent = made.get_json()["id"]
    return shop


def export(shop: Shop, user: str | None = None, **options: Any) -> bytes:
    return b"".join(exports.export(shop.session(user), "firm", Options(**options)))


def sheet(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_is_complete_and_safe(firms: Shop) -> None:
    content = export(firms, sort=("code",))
    assert content.startswith(b"\xef\xbb\xbf")
    found = sheet(content)
    assert list(found[0])[:3] == ["id", "code", "name"] and list(found[0])[-2:] == ["double", "owner"]
    assert [one["name"] for one in found] == ["'=1+1", "'-华星", "''=x"]
    assert [one["phone"] for one in found] == ["138 1234 5678", "139 1234 5678", "'+1 650-253-0000"]
    one = found[0]
    assert (one["level"], one["credit"], one["rate"], one["since"], one["called"], one["vip"], one["double"]) == (
        "金", "12345.67", "-12.5", "2026-11-21", "2026-11-21 12:05:06", "是", "24691.34",
    )  # fmt: skip
    assert one["notes"] == 'one\n"two", three' and found[1]["parent"] == one["code"] == "f0"
    assert not export(firms, mark=False).startswith(b"\xef")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_what_goes_out_comes_in_again(firms: Shop, kind: str) -> None:
    content = export(firms, format=kind, sort=("code",))
    before = firms.ask("GET", "/records/firm?sort=code").get_json()["data"]
    unchanged = imports.run(
        firms.session(), "firm", io.BytesIO(content), imports.Options(on_duplicate="update", key="id", name=f"x.{kind}")
    )
    assert (unchanged.updated, unchanged.failed) == (3, 0), unchanged.errors
    assert firms.ask("GET", "/records/firm?sort=code").get_json()["data"] == before
    for one in before[::-1]:
        assert firms.ask("DELETE", f"/records/firm/{one['id']}").status_code == 204
    fields = [name for name in before[0] if name not in ("id", "parent", "partners")]
    found = imports.run(firms.session(), "firm", io.BytesIO(export_lines(content, kind)),
                        imports.Options(on_duplicate="fail", name=f"x.{kind}"))  # fmt: skip
    assert (found.created, found.failed) == (3, 0), found.errors
    after = firms.ask("GET", "/records/firm?sort=code").get_json()["data"]
    kept = [name for name in fields if name not in ("version", "created_at", "created_by", "updated_at", "updated_by")]
    assert [{name: one[name] for name in kept} for one in after] == [
        {name: one[name] for name in kept} for one in before
    ]


def export_lines(content: bytes, kind: str) -> bytes:
    """The same file without the links to records that are gone."""
    if kind == "xlsx":
        book = load_workbook(io.BytesIO(content))
        for cell in list(book.active[1]):
            if cell.value in ("parent", "partners"):
                for row in range(2, book.active.max_row + 1):
                    book.active.cell(row, cell.column).value = None
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()
    if kind == "jsonl":
        lines = [json.loads(line) | {"parent": None, "partners": []} for line in content.splitlines()]
        return "\n".join(json.dumps(line) for line in lines).encode()
    rows = sheet(content)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "parent": "", "partners": ""} for row in rows)
    return text.getvalue().encode()


def test_links_go_to_another_workspace(firms: Shop) -> None:
    """By the only unique field of what they lead to; people by name, while they are there."""
    li, gone = firms.user("wu", "sales"), firms.user("gone")
    rows = firms.ask("GET", "/records/firm?sort=code").get_json()["data"]
    for one, owner in zip(rows, (li, gone, None), strict=True):
        firms.ask("PATCH", f"/records/firm/{one['id']}", json={"owner": owner})
    zero, two, three = (one["id"] for one in rows)
    firms.ask("PATCH", f"/records/firm/{three}", json={"partners": [two, zero]})
    firms.ask("PATCH", f"/records/firm/{two}", json={"code": "a, b"})
    accounts.change_user(firms.session(), gone, {"active": False})
    names = ("code", "name", "parent", "partners", "owner")
    content = export(firms, sort=("code",), fields=names)
    told = {one["code"]: one for one in sheet(content)}
    assert (told["f2"]["parent"], told["f2"]["partners"], told["f2"]["owner"]) == ("a, b", f"{two}, f0", "")
    assert (told["f0"]["owner"], told["a, b"]["owner"]) == ("wu", gone)
    book = load_workbook(io.BytesIO(export(firms, format="xlsx", sort=("code",), fields=names)))
    assert [cell.value for cell in list(book.active.rows)[-1]][2:] == ["a, b", f"{two}, f0", None]
    for one in (three, two, zero):
        assert firms.ask("DELETE", f"/records/firm/{one}").status_code == 204
    elsewhere = content.replace(two.encode(), b"f0").replace(gone.encode(), b"wu")
    done = imports.run(firms.session(), "firm", io.BytesIO(elsewhere), imports.Options(name="x.csv"))
    assert (done.created, done.failed) == (3, 0), done.errors
    came = firms.ask("GET", "/records/firm").get_json()["data"]
    named, last = {one["id"]: one["code"] for one in came}, next(one for one in came if one["code"] == "f2")
    assert named[last["parent"]] == "a, b" and [named[one] for one in last["partners"]] == ["f0"]


def test_links_to_what_may_not_be_read_keep_their_id(firms: Shop) -> None:
    first = firms.ask("GET", "/records/firm?sort=code").get_json()["data"][0]
    firms.user("bo", "sales")
    found = {one["code"]: one for one in sheet(export(firms, "bo", sort=("code",)))}
    assert found["f1"]["parent"] == first["id"], "sales may not read f0"
    assert found["f2"]["parent"] == "f1" and found["f2"]["partners"] == "f1"


def test_spreadsheet_has_typed_cells(firms: Shop) -> None:
    book = load_workbook(io.BytesIO(export(firms, format="xlsx", sort=("code",), fields=(
        "name", "credit", "rate", "since", "called", "vip", "tags", "double", "created_at"))))  # fmt: skip
    header, first, *_ = book.active.iter_rows()
    assert [one.value for one in header][:2] == ["name", "credit"] and book.active.title == "企业"
    assert [one.value for one in first][:8] == [
        "=1+1", 12345.67, -12.5, datetime.datetime(2026, 11, 21), datetime.datetime(2026, 11, 21, 12, 5, 6), True,
        "x, y", 24691.34,
    ]  # fmt: skip
    assert first[0].data_type == "s" and isinstance(first[8].value, datetime.datetime)


def test_json_lines_are_the_records_of_the_api(firms: Shop) -> None:
    found = [json.loads(line) for line in export(firms, format="jsonl").splitlines()]
    assert found == firms.ask("GET", "/records/firm").get_json()["data"]


def test_only_what_may_be_read(firms: Shop) -> None:
    found = sheet(export(firms, "li", sort=("code",)))
    assert [one["code"] for one in found] == ["f1", "f2"]
    assert "notes" not in found[0] and found[0]["phone"] == "139****1234"[:3] + "****5678"
    with pytest.raises(Invalid) as hidden:
        export(firms, "li", fields=("notes",))
    with pytest.raises(Invalid) as nothing:
        export(firms, "li", fields=("notez",))
    assert hidden.value.show().replace("notes", "*") == nothing.value.show().replace("notez", "*")
    for filtered in ("phone == '1'", "notes == 'x'"):
        with pytest.raises(Invalid):
            export(firms, "li", filter=filtered)
    with pytest.raises(Forbidden):
        export(firms, "zhao")
    with pytest.raises(NotFound):
        b"".join(exports.export(firms.session(), "nothing"))


def test_titles_in_the_place_of_ids(firms: Shop) -> None:
    found = sheet(export(firms, titles=True, sort=("code",)))
    assert [one["parent"] for one in found] == ["", "'=1+1", "'-华星"] and found[2]["partners"] == "'-华星"
    assert found[0]["owner"] == "admin"
    own = sheet(export(firms, "li", titles=True, sort=("code",)))
    assert len(own[0]["parent"]) == 36  # It may not be read: the id stays.


def test_all_pages(firms: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    text = "code,name\n" + "".join(f"g{number},x\n" for number in range(7))
    imports.run(firms.session(), "firm", io.BytesIO(text.encode()))
    told: list[int] = []
    target = io.BytesIO()
    count = exports.write(
        firms.session(), "firm", target, Options(filter="name == 'x'"), lambda done, _: told.append(done)
    )
    assert count == 7 and told == [2, 4, 6, 7]
    assert sorted(one["code"] for one in sheet(target.getvalue())) == [f"g{number}" for number in range(7)]


def test_every_export_is_noted(firms: Shop) -> None:
    pieces = exports.export(firms.session("li"), "firm", Options(filter="vip == false"))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    export(firms, format="jsonl")
    table = f'"{firms.workspace.schema}".s_audit'
    rows = firms.database.rows(
        Sql(f"SELECT event, actor::text, detail FROM {table} WHERE event LIKE 'export%%' ORDER BY id")
    )
    assert [row[0] for row in rows] == ["export_started", "export", "export_started", "export"]
    cut, whole = json.loads(rows[1][2]), json.loads(rows[3][2])
    assert rows[1][1] is not None and cut["complete"] is False and cut["filter"] == "vip == false"
    assert whole["count"] == 3 and whole["complete"] is True and whole["object"] == "firm"


def test_over_http(firms: Shop) -> None:
    got = firms.ask("GET", "/records/firm/export?format=csv&fields=code,name&sort=-code&filter=code != 'f1'")
    assert got.status_code == 200 and "attachment" in got.headers["Content-Disposition"]
    assert got.get_data().decode("utf-8-sig").split("\r\n")[:3] == ["code,name", "f2,''=x", "f0,'=1+1"]
    assert firms.ask("GET", "/records/firm/export?format=pdf").status_code == 422
    assert firms.ask("GET", "/records/firm/export?filter=nothing == 1").status_code == 422
    assert firms.ask("GET", "/records/firm/export?strange=1").status_code == 400
    assert firms.ask("GET", "/records/firm/export", "zhao").status_code == 403
    whole = firms.ask("GET", "/records/firm/export?format=xlsx&titles=true")
    assert load_workbook(io.BytesIO(whole.get_data())).active.max_row == 4
