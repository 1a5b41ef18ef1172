"""Files of rows: encodings, delimiters, row numbers, spreadsheets that lie about themselves."""

from __future__ import annotations

import datetime
import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from runtime.base.errors import Invalid, Problem
from runtime.engine.tabular import CsvWriter, Table, XlsxWriter, bare_cell, open_table, safe_cell
from runtime.engine.tabular import sheets as sheet_rules


def table(content: bytes | str, name: str = "x.csv") -> Table:
    return open_table(io.BytesIO(content.encode() if isinstance(content, str) else content), name)


def read(found: Table) -> list[tuple[int, object]]:
    """(number, cells), or for a wrong row (number, problem)."""
    return [(number, wrong or cells) for number, cells, wrong in found.rows()]


def rows(content: bytes | str, name: str = "x.csv") -> list[tuple[int, object]]:
    return read(table(content, name))


def refused(content: bytes | str, name: str = "x.csv") -> Invalid:
    with pytest.raises(Invalid) as found:
        list(table(content, name).rows())
    return found.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str) -> None:
    found = table("名称,城市\n华星,北京\n".encode(encoding))
    assert found.columns == ["名称", "城市"]
    assert read(found) == [(2, ["华星", "北京"])]
    assert found.total == 1


def test_late_characters_decide_the_encoding() -> None:
    text = "a,b\n" + "x,y\n" * 30_000 + "华星,é\n"
    assert rows(text.encode("utf-8"))[-1] == (30_002, ["华星", "é"])
    assert rows(text.encode("gb18030"))[-1] == (30_002, ["华星", "é"])


def test_neither_encoding() -> None:
    assert refused(b"a,b\n\xff\xff\xff,1\n").problems[0].code == "encoding"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2\n", ";"),
        ("a\tb\n1,5\t2;3\n", "\t"),
        ('"a;x",b\n"1;2;3",4\n', ","),
        ("name, first;age\nLi, Wei;3\nWang;4\n", ";"),
        ("only\none\n", ","),
        ("", ","),
    ],
)
def test_delimiter(text: str, delimiter: str) -> None:
    if text:
        assert table(text).delimiter == delimiter  # type: ignore[attr-defined]


def test_a_line_that_names_the_separator_is_no_row() -> None:
    assert rows("sep=;\na;b\n1;2\n") == [(2, ["1", "2"])]


def test_row_numbers_are_those_of_a_spreadsheet() -> None:
    text = 'a,b\r\n1,"two\nlines\r\nhere"\r\n\r\n , \r\n5,x\r\n'
    assert rows(text) == [(2, ["1", "two\nlines\r\nhere"]), (5, ["5", "x"])]


def test_header_below_empty_rows() -> None:
    found = table("\n\na,b\n1,2\n")
    assert found.columns == ["a", "b"]
    assert read(found) == [(4, ["1", "2"])]


def test_short_and_long_rows() -> None:
    found = rows("a,b\n1\n1,2,,\n1,2,3\n")
    assert found[:2] == [(2, ["1"]), (3, ["1", "2"])]
    assert found[2][0] == 4 and isinstance(found[2][1], Problem) and found[2][1].code == "too_many_cells"


@pytest.mark.parametrize("text", ['a,b\n1,"open\n2,3\n', 'a,b\n1,"x"y\n'])
def test_broken_quotes_are_refused_before_anything_is_done(text: str) -> None:
    error = refused(text)
    assert error.problems[0].code == "csv"
    assert "row 2" in error.show() and "第 2 行" in error.show("zh")


def test_empty_files() -> None:
    assert refused("").problems[0].code == "empty"
    assert refused("\n\n").problems[0].code == "empty"
    assert rows("a,b\n") == []


def test_old_excel_is_named() -> None:
    assert ".xlsx" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "x.xls").show()


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("-12.5", "-12.5"),
        ("+86", "+86"),
        ("-", "'-"),
        ("-1-1", "'-1-1"),
        ("'=x", "''=x"),
        ("'-12.5", "''-12.5"),
        ("'tis", "'tis"),
        ("＝1", "'＝1"),
        ("", ""),
    ],
)
def test_formulas_are_escaped(raw: str, safe: str) -> None:
    assert safe_cell(raw) == safe
    assert bare_cell(safe) == raw


@given(st.text(alphabet="'=+-@\t\r1.ax ", max_size=6))
def test_escaping_is_undone(text: str) -> None:
    assert bare_cell(safe_cell(text)) == text


@given(st.lists(st.lists(st.text(alphabet="a,;\"'=-\t\r\n 1华", max_size=5), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read(cells: list[list[str]]) -> None:
    writer = CsvWriter()
    for row in [["left", "right"], *cells]:
        writer.add(row)
    found = [row for _, row in rows(writer.taken())]
    assert found == [row for row in cells if any(safe_cell(one).strip() for one in row)]


def test_json_lines() -> None:
    found = table('{"a":1.50,"b":null}\n\n{"b":[1],"c":"x"}\nnonsense\n[1]\n', "x.jsonl")
    assert found.total == 4
    got = read(found)
    assert got[0] == (1, [Decimal("1.50"), None]) and got[1] == (3, [None, [1], "x"])
    assert [number for number, row in got if isinstance(row, Problem)] == [4, 5]
    assert found.columns == ["a", "b", "c"]


# -- spreadsheets ---------------------------------------------------------------------------------------


def book(*lines: list[object], merge: str = "") -> bytes:
    made = Workbook()
    for line in lines:
        made.active.append(line)
    if merge:
        made.active.merge_cells(merge)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def test_typed_cells() -> None:
    day = datetime.datetime(2026, 11, 21)
    content = book(
        ["n", "f", "b", "d", "t", "s"],
        [7, 261.96, True, day, day.replace(hour=9, minute=5), "007"],
        [],
        [1e20, 0.1 + 0.2, False, day.date(), datetime.time(9, 30), None],
    )
    assert rows(content, "x.xlsx") == [
        (2, ["7", "261.96", "TRUE", "2026-11-21", "2026-11-21 09:05:00", "007"]),
        (4, ["100000000000000000000", "0.3", "FALSE", "2026-11-21", "09:30:00", ""]),
    ]


def test_merged_and_extra_cells() -> None:
    found = rows(book(["a", "b"], ["x", None], ["y", "z"], ["1", "2", "3"], merge="A2:B2"), "x.xlsx")
    assert found[:2] == [(2, ["x", ""]), (3, ["y", "z"])]
    assert isinstance(found[2][1], Problem)


def repacked(content: bytes, **parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            new.writestr(one.filename, parts.pop(one.filename.rpartition("/")[2].partition(".")[0], old.read(one)))
        for name, text in parts.items():
            new.writestr(name, text)
    return target.getvalue()


def test_entities_are_refused() -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'
    assert "document type" in refused(repacked(book(["a"]), sheet1=evil)).show()
    wide = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'.encode("utf-16")
    assert "document type" in refused(repacked(book(["a"]), sheet1=wide)).show()


def test_zip_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = repacked(book(["a"]), extra=b"\0" * (3 * sheet_rules.MEGABYTE))
    assert refused(bomb).problems[0].code == "too_large"
    monkeypatch.setattr(sheet_rules, "MOST_PARTS", 3)
    assert refused(book(["a"])).problems[0].code == "too_large"


def test_broken_spreadsheets() -> None:
    whole = book(["a"], [1])
    for content in (
        whole[:-100],
        b"PK\x03\x04" + b"\0" * 50,
        repacked(whole, sheet1=b"<worksheet>"),
        repacked(whole, workbook=b"x"),
    ):
        assert refused(content, "x.xlsx").problems[0].code == "file"


def test_written_spreadsheet() -> None:
    writer = XlsxWriter("a/b")
    exact = Decimal("12345678901234.5678")
    writer.add(["=1+1", "#N/A", Decimal("-12.50"), Decimal(3), exact, True, datetime.date(2026, 1, 2), None, "x\0y"])
    target = io.BytesIO()
    writer.save(target)
    found = load_workbook(io.BytesIO(target.getvalue())).active
    cells = next(iter(found.iter_rows()))
    assert [one.value for one in cells] == [
        "=1+1", "#N/A", -12.5, 3, "12345678901234.5678", True, datetime.datetime(2026, 1, 2), None, "xy",
    ]  # fmt: skip
    assert cells[0].data_type == "s" and cells[2].data_type == "n"


def test_texts_too_long_for_a_cell() -> None:
    writer = XlsxWriter("a")
    with pytest.raises(Invalid):
        writer.add(["x" * 32_768])
    writer.discard()


def test_a_number_shown_in_percent_is_what_the_user_sees() -> None:
    formats = ["0%", "0.00%", "-0.0%;[Red]-0.0%", "0.00", '0.00"%"', "0.0\\%"]
    made = Workbook()
    sheet = made.worksheets[0]
    sheet.append([f"c{number}" for number in range(len(formats))])
    sheet.append([0.29, 0.125, -0.005, 0.12, 0.12, 0.12])
    for cell, pattern in zip(sheet[2], formats, strict=True):
        cell.number_format = pattern
    content = io.BytesIO()
    made.save(content)
    assert rows(content.getvalue(), "x.xlsx") == [(2, ["29%", "12.5%", "-0.5%", "0.12", "0.12", "0.12"])]
