"""Files become records: by the rules of one record, with counts that add up and true row numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.base.errors import Forbidden, Invalid, Message, Unavailable
from runtime.engine import bulk, imports
from runtime.engine.imports import Options, Outcome
from tests.conftest import Shop

ROOT = Path(__file__).parents[2]
SUPERSTORE = ROOT / "tests/cases/good/superstore"
SHEET = ROOT.parent / "shared/data/superstore.csv"

CUSTOMER = """
object: customer
label: {en: Customer, zh: 客户}
title: name
fields:
  code: {type: text, label: {en: Code, zh: 编号}, unique: true, required: true, max_length: 20}
  name: {type: text, label: {en: Name, zh: 名称}, required: true}
  level: {type: select, label: {en: Level, zh: 级别}, default: b,
          options: {a: {en: Gold, zh: 金}, b: {en: Silver, zh: 银}}}
  credit: {type: number, label: {en: Credit, zh: 额度}, min: 0}
  since: {type: date, label: {en: Since, zh: 起始日期}}
  vip: {type: checkbox, label: {en: VIP, zh: 重点}}
  parent: {type: link, label: {en: Parent, zh: 上级}, to: customer}
  seller: {type: user, label: {en: Seller, zh: 销售}}
  double: {type: formula, label: {en: Double, zh: 两倍}, value: credit * 2, result: number}
  serial: {type: autonumber, label: {en: Serial, zh: 流水号}, pattern: "C{0000}", unique: true}
"""
DEAL = """
object: deal
label: {en: Deal, zh: 商机}
title: subject
fields:
  subject: {type: text, label: {en: Subject, zh: 主题}, required: true}
  customer: {type: link, label: {en: Customer, zh: 客户}, to: customer}
  others: {type: links, label: {en: Others, zh: 其他客户}, to: customer}
"""
SALES = """
role: sales
label: {en: Sales, zh: 销售}
objects:
  customer:
    {create: true, read: own, update: own, import: true, export: true,
     fields: {credit: hidden, since: read, serial: read}}
  deal: {create: true, read: all, update: all, import: true}
"""
READER = """
role: reader
label: {en: Reader, zh: 只读}
objects:
  customer: {create: true, read: all, update: all}
"""


@pytest.fixture
def filled(shop: Shop) -> Shop:
    shop.publish(CUSTOMER, DEAL, SALES, READER)
    shop.session().settle()
    return shop


def take(shop: Shop, text: str | bytes, name: str = "customer", user: str | None = None, **options: Any) -> Outcome:
    content = text.encode() if isinstance(text, str) else text
    found = imports.run(shop.session(user), name, io.BytesIO(content), Options(**options))
    assert found.created + found.updated + found.skipped + found.failed + found.unprocessed == found.total
    assert found.unprocessed == 0 or found.stopped is not None
    return found


def records(shop: Shop, name: str = "customer", **query: str) -> list[dict[str, Any]]:
    found = shop.ask("GET", f"/records/{name}", query_string={"sort": "id", "limit": "500", **query})
    assert found.status_code == 200, found.get_data(as_text=True)
    return list((found.json or {})["data"])


def counts(found: Outcome) -> tuple[int, int, int, int]:
    return found.created, found.updated, found.skipped, found.failed


def test_rows_become_records(filled: Shop) -> None:
    text = 'Code,名称,LEVEL,credit,since,vip\nc1,华星,金,"1,200",2026/1/2,是\nc2,Ltd,,,,\n'
    found = take(filled, text)
    assert counts(found) == (2, 0, 0, 0) and not found.warnings
    one, two = records(filled)
    assert (one["code"], one["name"], one["level"], one["credit"], one["since"], one["vip"]) == (
        "c1", "华星", "a", 1200, "2026-01-02", True,
    )  # fmt: skip
    assert two["level"] == "b"
    history = filled.ask("GET", f"/records/customer/{one['id']}/history").get_json()["data"]
    assert history[0]["channel"] == "import"


def test_errors_have_true_row_numbers_and_columns(filled: Shop) -> None:
    text = 'code,Name,credit,level\nc1,"two\nlines",1,a\n\nc2,x,-1,a\nc3,x,many,purple\nc4,,1,a\n'
    found = take(filled, text)
    assert counts(found) == (1, 0, 0, 3)
    told = {(one.row, one.column, one.problem.field) for one in found.errors}
    assert told == {(4, "credit", "credit"), (5, "credit", "credit"), (5, "level", "level"), (6, "Name", "name")}
    entry = found.json("zh")["errors"][0]
    assert set(entry) == {"row", "column", "field", "code", "message"}


def test_failed_rows_can_be_corrected_and_imported_again(filled: Shop) -> None:
    target = io.BytesIO()
    take(filled, "code,name,credit\nc1,=1+1,-1\nc2,ok,1\nc3,,2\n", errors=target)
    lines = list(csv.reader(io.StringIO(target.getvalue().decode("utf-8-sig"))))
    assert lines[0] == ["code", "name", "credit", "import_row", "import_error"]
    assert [line[3] for line in lines[1:]] == ["2", "4"] and lines[1][1] == "'=1+1"
    repaired = target.getvalue().replace(b"-1,2", b"1,2").replace(b"c3,,", b"c3,new,")
    found = take(filled, repaired)
    assert counts(found) == (2, 0, 0, 0) and not found.warnings
    assert [one["name"] for one in records(filled)] == ["ok", "=1+1", "new"]


def test_unknown_and_forbidden_columns_are_told_alike(filled: Shop) -> None:
    filled.user("li", "sales")
    text = "code,name,credit,since,double,serial,nonsense,id,version\nc1,x,1,2026-01-01,2,C1,y,z,1\n"
    found = take(filled, text, user="li")
    assert counts(found) == (1, 0, 0, 0)
    names = [one.field for one in found.warnings]
    assert names == ["credit", "since", "double", "serial", "nonsense", "id", "version"]
    told = {one.message.en.replace(repr(one.field), "*") for one in found.warnings}
    assert len(told) == 1
    texts = []
    for name in ("credit", "creditt"):
        with pytest.raises(Invalid) as wrong:
            take(filled, text, user="li", mapping={"code": "code", "nonsense": name})
        texts.append(wrong.value.show().replace(name, "*"))
    assert texts[0] == texts[1]


def test_a_second_column_for_a_field_is_called_so(filled: Shop) -> None:
    found = take(filled, "code,name,Name,名称,name\nc1,x,y,z,w\n")
    assert counts(found) == (1, 0, 0, 0) and records(filled)[0]["name"] == "x"
    assert [(one.code, one.field) for one in found.warnings] == [
        ("field_twice", "Name"), ("field_twice", "名称"), ("field_twice", "name")
    ]  # fmt: skip


def test_mapping_shapes(filled: Shop) -> None:
    text = "A,B,C\nc1,x,li\n"
    filled.user("li", "sales")
    for shape in (
        {"A": "code", "B": "name", "C": None},
        {"a": {"field": "code"}, " b ": {"field": "name"}},
        {"code": {"column": "A"}, "name": {"column": "B"}, "seller": {"column": "C", "match": "name"}},
    ):
        found = take(filled, text, mapping=shape, on_duplicate="update", key="code")
        assert found.failed == 0 and not found.warnings, found.errors
    assert records(filled)[0]["seller"] is not None


@pytest.mark.parametrize(
    "mapping",
    [
        {"A": "nothing"}, {"Z": "code"}, {"A": "code", "B": "code"}, {"A": {"field": "code", "match": "name"}},
        {"A": 5}, {"A": {"field": "parent", "match": "credits"}}, {"A": {"strange": "code"}},
    ],
)  # fmt: skip
def test_wrong_mappings_are_refused(filled: Shop, mapping: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        take(filled, "A,B\n1,2\n", mapping=mapping)


def test_what_happens_with_records_that_are_there(filled: Shop) -> None:
    take(filled, "code,name,credit\nc1,one,1\n")
    again = "code,name,credit\nc1,uno,\nc2,two,2\n"
    assert counts(take(filled, again, on_duplicate="skip", dry_run=True)) == (1, 0, 1, 0)
    assert counts(take(filled, again, dry_run=True)) == (1, 0, 0, 1)
    assert counts(take(filled, again, on_duplicate="update", dry_run=True)) == (1, 1, 0, 0)
    assert len(records(filled)) == 1
    assert counts(take(filled, again, on_duplicate="create", dry_run=True)) == (1, 0, 0, 1)
    assert counts(take(filled, again, on_duplicate="update")) == (1, 1, 0, 0)
    assert [(one["name"], one["credit"]) for one in records(filled)] == [("uno", 1), ("two", 2)]
    cleared = take(filled, "code,credit\nc1,\n", on_duplicate="update", blank="clear")
    assert counts(cleared) == (0, 1, 0, 0)
    assert records(filled)[0]["credit"] is None and records(filled)[0]["name"] == "uno"


def test_blank_clear_keeps_the_defaults_of_new_records(filled: Shop) -> None:
    take(filled, "code,name,level\nc1,x,\n", on_duplicate="update", blank="clear")
    assert records(filled)[0]["level"] == "b"


def test_the_last_of_several_rows_wins(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    lines = [f"c{number % 7},name {number}" for number in range(100)]
    text = "code,name\n" + "\n".join(lines) + "\n"
    rehearsed = take(filled, text, on_duplicate="update", dry_run=True)
    found = take(filled, text, on_duplicate="update")
    assert counts(found) == counts(rehearsed) == (7, 93, 0, 0)
    assert {one["code"]: one["name"] for one in records(filled)} == {f"c{n % 7}": f"name {n}" for n in range(93, 100)}
    assert counts(take(filled, text.replace("c", "d"), mapping={"dode": "code", "name": "name"})) == (7, 0, 0, 93)


def test_links_by_unique_field_title_and_id(filled: Shop) -> None:
    take(filled, "code,name\nc1,华星\nc2,Twin\nc3,Twin\n")
    one = records(filled)[0]["id"]
    text = f'subject,customer,others\na,c1,"c2, 华星"\nb,华星,\nc,{one},\nd,Twin,\ne,nobody,\n'
    found = take(filled, text, "deal")
    assert counts(found) == (3, 0, 0, 2)
    assert [(each.row, each.column, each.problem.code) for each in found.errors] == [
        (5, "customer", "ambiguous"), (6, "customer", "not_found"),
    ]  # fmt: skip
    deals = records(filled, "deal")
    assert [deal["customer"] for deal in deals] == [one, one, one] and len(deals[0]["others"]) == 2
    by_name = take(filled, "subject,customer\nx,华星\ny,c1\n", "deal",
                   mapping={"subject": "subject", "customer": {"field": "customer", "match": "name"}})  # fmt: skip
    assert counts(by_name) == (1, 0, 0, 1)


def test_an_unreadable_target_is_not_there(filled: Shop) -> None:
    filled.user("li", "sales")
    filled.user("wang", "sales")
    take(filled, "code,name\nc1,Hidden\n", user="wang")
    found = take(filled, "subject,customer\na,c1\nb,Hidden\nc,c9\n", "deal", user="li")
    assert counts(found) == (0, 0, 0, 3)
    told = {
        one.problem.message.en.replace(word, "*")
        for one, word in zip(found.errors, ["c1", "Hidden", "c9"], strict=True)
    }
    assert len(told) == 1
    hidden_field = {"field": "customer", "match": "credit"}
    with pytest.raises(Invalid):
        take(
            filled,
            "subject,customer\na,1\n",
            "deal",
            user="li",
            mapping={"subject": "subject", "customer": hidden_field},
        )


def test_links_between_rows_of_one_file(filled: Shop) -> None:
    text = "code,name,parent,ref\nc1,top,,r1\nc2,middle,c1,r2\nc3,low,r2,\nc4,self,c4,\n"
    rehearsed = take(filled, text, dry_run=True)
    found = take(filled, text)
    assert counts(found) == counts(rehearsed) == (3, 0, 0, 1)
    by_code = {one["code"]: one for one in records(filled)}
    assert by_code["c2"]["parent"] == by_code["c1"]["id"] and by_code["c3"]["parent"] == by_code["c2"]["id"]


def test_refs_over_several_files(filled: Shop) -> None:
    refs: dict[tuple[str, str], str] = {}
    take(filled, "ref,code,name\nfirst,c1,x\n", refs=refs)
    assert counts(take(filled, "subject,customer\na,first\n", "deal", refs=refs)) == (1, 0, 0, 0)


def test_owner_and_people(filled: Shop) -> None:
    li = filled.user("li", "sales", email="Li@example.com", full_name="李雷")
    found = take(filled, "code,name,owner,seller\nc1,x,li,李雷\nc2,y,LI@example.com,nobody\n")
    assert counts(found) == (1, 0, 0, 1)
    assert records(filled)[0]["owner"] == li == records(filled)[0]["seller"]
    mine = take(filled, "code,name,owner\nc3,x,admin\n", user="li")
    assert mine.created == 1 and [one.field for one in mine.warnings] == ["owner"]


def test_a_given_number_as_key(filled: Shop) -> None:
    take(filled, "code,name\nc1,x\n")
    serial = records(filled)[0]["serial"]
    found = take(filled, f"serial,name\n{serial},new\nC9999,y\n", on_duplicate="update")
    assert counts(found) == (0, 1, 0, 1)
    assert records(filled)[0]["name"] == "new"


def test_by_id(filled: Shop) -> None:
    take(filled, "subject\na\nb\n", "deal")
    first = records(filled, "deal")[0]["id"]
    text = f"id,subject\n{first},A\n,new\n{first[:-1]}x,lost\n0190f3c2-7a1b-7c00-8000-000000000001,gone\n"
    found = take(filled, text, "deal", on_duplicate="update")
    assert counts(found) == (1, 1, 0, 2)
    assert [one["subject"] for one in records(filled, "deal")] == ["A", "b", "new"]


def test_a_dry_run_writes_nothing(filled: Shop) -> None:
    text = "code,name\nc1,x\nc2,y\n"
    assert counts(take(filled, text, dry_run=True)) == (2, 0, 0, 0)
    assert not records(filled)
    take(filled, text)
    assert records(filled)[0]["serial"] == "C0001"


def test_rights(filled: Shop) -> None:
    filled.user("zhao", "reader")
    with pytest.raises(Forbidden):
        take(filled, "code,name\nc1,x\n", user="zhao")
    filled.user("li", "sales")
    assert counts(take(filled, "code,name\nc1,x\n", user="li", on_duplicate="update")) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("code,name\nc1,x\n", {"on_duplicate": "replace"}),
        ("code,name\nc1,x\n", {"blank": "zero"}),
        ("code,name\nc1,x\n", {"key": "name", "on_duplicate": "update"}),
        ("name\nx\n", {"key": "code", "on_duplicate": "update"}),
        ("name\nx\n", {"on_duplicate": "update"}),
        ("x,y\n1,2\n", {}),
    ],
)
def test_refused_as_a_whole(filled: Shop, text: str, options: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        take(filled, text, **options)


def test_json_lines(filled: Shop) -> None:
    text = '{"code":"c1","name":"x","credit":1.5,"vip":true}\n{"code":"c2"}\n{"level":"a","name":"y","code":"c3"}\n'
    target = io.BytesIO()
    found = take_lines(filled, text, target)
    assert counts(found) == (2, 0, 0, 1) and found.errors[0].row == 2
    assert b'"import_row":2' in target.getvalue()
    assert [(one["credit"], one["level"]) for one in records(filled)] == [(1.5, "b"), (None, "a")]


def take_lines(shop: Shop, text: str, target: io.BytesIO) -> Outcome:
    options = Options(name="x.jsonl", errors=target)
    return imports.run(shop.session(), "customer", io.BytesIO(text.encode()), options)


def test_the_database_goes_away(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    text = "code,name\n" + "".join(f"c{number},x\n" for number in range(45))
    real = bulk.Work.finish

    def away(work: bulk.Work) -> list[bulk.Result]:
        if any(one["code"] == "c20" for one in work.batch):
            raise Unavailable(Message("away", "不在"))
        return real(work)

    monkeypatch.setattr(bulk.Work, "finish", away)
    found = take(filled, text)
    # What stands behind the batch that failed was under way already: the rows left out are named one by one.
    assert found.stopped is not None and "row" not in found.stopped.message.en and found.total == 45
    assert [one.row for one in found.errors] == list(range(22, 32)) and found.failed == 10
    assert counts(found)[0] == len(records(filled)) >= 30 and found.unprocessed == 45 - 10 - found.created
    stored = {one["code"] for one in records(filled)}
    assert stored == {f"c{number}" for number in range(10 + found.created)} - {f"c{number}" for number in range(20, 30)}
    last = "code,name\n" + "".join(f"d{number},x\n" for number in range(20)) + "c20,x\n"
    found = take(filled, last)
    assert counts(found) == (20, 0, 0, 0) and found.stopped is not None and "row 22" in found.stopped.message.en


@pytest.mark.parametrize("half", ["prepare", "finish"])
def test_a_row_on_which_the_database_breaks_fails_alone(
    filled: Shop, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    real = getattr(bulk.Work, half)

    def breaking(work: bulk.Work) -> Any:
        if any(one["code"] == "c7" for one in work.batch):
            raise RuntimeError("broken")
        return real(work)

    monkeypatch.setattr(bulk.Work, half, breaking)
    found = take(filled, "code,name\n" + "".join(f"c{number},x\n" for number in range(20)))
    assert counts(found) == (19, 0, 0, 1) and found.errors[0].row == 9


def test_a_key_that_comes_again_in_a_later_batch(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later row finds what the earlier one left, though batches overlap."""
    monkeypatch.setattr(bulk, "BATCH", 10)
    text = "code,name\n" + "".join(f"c{number % 15},n{number}\n" for number in range(60))
    found = take(filled, text, on_duplicate="update")
    assert counts(found) == (15, 45, 0, 0)
    assert {one["code"]: one["name"] for one in records(filled)} == {f"c{n}": f"n{45 + n}" for n in range(15)}


def test_interrupted_while_a_batch_is_being_stored(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts say what is really there."""
    monkeypatch.setattr(bulk, "BATCH", 10)
    real, calls = bulk.Work.prepare, []

    def interrupted(work: bulk.Work) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(work)

    monkeypatch.setattr(bulk.Work, "prepare", interrupted)
    found = take(filled, "code,name\n" + "".join(f"c{number},x\n" for number in range(45)))
    assert counts(found) == (20, 0, 0, 0) and found.unprocessed == 25
    assert found.stopped is not None and "row 22" in found.stopped.message.en
    assert len(records(filled)) == 20


def test_progress(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    told: list[tuple[int, int | None]] = []
    text = "code,name\n" + "".join(f"c{number},x\n" for number in range(25))
    imports.run(filled.session(), "customer", io.BytesIO(text.encode()), Options(), lambda *one: told.append(one))
    assert told == [(10, 25), (20, 25), (25, 25)]


def test_over_http(filled: Shop) -> None:
    def send(text: str, **form: str) -> Any:
        data = {"file": (io.BytesIO(text.encode()), "x.csv"), **form}
        return filled.ask("POST", "/records/customer/import", data=data)

    done = send("A,B\nc1,x\nc2,\n", mapping='{"A": "code", "B": "name"}', dry_run="true")
    assert done.status_code == 200, done.get_data(as_text=True)
    assert done.json["created"] == 1 and done.json["failed"] == 1 and done.json["dry_run"] is True
    assert done.json["errors"][0]["row"] == 3
    assert send("A\n1\n", mapping="[1]").status_code == 400
    assert send("A\n1\n", strange="1").status_code == 400
    assert send("", dry_run="true").status_code == 422
    assert filled.ask("POST", "/records/customer/import").status_code == 400
    assert (
        filled.ask("POST", "/records/nothing/import", data={"file": (io.BytesIO(b"a\n1"), "x.csv")}).status_code == 404
    )


@pytest.mark.slow
@pytest.mark.skipif(not SHEET.exists(), reason="superstore.csv is not beside the checkout (../shared/data)")
def test_the_superstore(shop: Shop) -> None:
    shop.publish_folder(SUPERSTORE)
    expected = {"customer": (793, 9994), "product": (1862, 9994), "order": (5009, 9994), "order_line": (9994, 9994)}
    for name, (created, total) in expected.items():
        mapping = yaml.safe_load((SUPERSTORE / f"mappings/{name}.yaml").read_text())
        key = next(iter(mapping.values()))
        options = Options(mapping=mapping, on_duplicate="update", key=key)
        rehearsed = imports.run(shop.session(), name, SHEET, Options(**{**vars(options), "dry_run": True}))
        found = imports.run(shop.session(), name, SHEET, options)
        assert (found.created, found.failed, found.total) == (created, 0, total), found.errors[:3]
        assert rehearsed.counts() == found.counts()
