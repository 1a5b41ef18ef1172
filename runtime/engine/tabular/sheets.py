"""Spreadsheets (XLSX): checked as a package before anything opens them, read as a stream, written with typed cells."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from xml.parsers import expat

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from runtime.base.errors import DougongError, Invalid
from runtime.engine.tabular.table import MOST_COLUMNS, Row, Table, bad_file, blank

MEGABYTE = 1 << 20

# An XLSX file is a zip: what it may unpack to. Sheets are read as a stream, everything else is held in memory.
MOST_PARTS = 5_000
LARGEST_SHEET = 2_000 * MEGABYTE
LARGEST_PART = 64 * MEGABYTE
LARGEST_PARTS = 160 * MEGABYTE
HIGHEST_RATIO = 250
SMALL = 2 * MEGABYTE
PROLOG = MEGABYTE

EXCEL_TEXT = 32_767
EXCEL_ROWS = 1_048_576
EXCEL_DIGITS = 15
#: What a number format says word for word.
LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
UNKEPT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]")


class _Root(Exception):
    """The prolog of an XML part has ended."""


class _Doctype(Exception):
    """An XML part declares a document type: entities could follow."""


def check_prolog(part: IO[bytes]) -> None:
    """Raises _Doctype for a part with a document type; what is no XML is left to whoever reads it."""
    parser = expat.ParserCreate()

    def start(*_: Any) -> None:
        raise _Root

    def doctype(*_: Any) -> None:
        raise _Doctype

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    read = 0
    try:
        while chunk := part.read(4096):
            read += len(chunk)
            if read > PROLOG:
                raise _Doctype
            parser.Parse(chunk)
    except (_Root, expat.ExpatError):
        return


def check_package(stream: IO[bytes]) -> None:
    """Refuse a zip that unpacks to too much or whose XML could do more than hold data. Raises Invalid."""
    too_big = bad_file("the spreadsheet unpacks to more than is allowed", "电子表格解压后超出允许的大小", "too_large")
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or len({one.filename for one in parts}) != len(parts):
                raise too_big
            held = 0
            for one in parts:
                sheet = one.filename.startswith("xl/worksheets/")
                if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or one.flag_bits & 1:
                    raise bad_file("the spreadsheet is packed in an unusual way", "电子表格的压缩方式不受支持")
                if one.file_size > (LARGEST_SHEET if sheet else LARGEST_PART):
                    raise too_big
                if one.file_size > SMALL and one.file_size > HIGHEST_RATIO * max(one.compress_size, 1):
                    raise too_big
                held += 0 if sheet else one.file_size
                with archive.open(one) as part:
                    check_prolog(part)
            if held > LARGEST_PARTS:
                raise too_big
    except _Doctype:
        raise bad_file("the spreadsheet contains a document type", "电子表格包含文档类型声明") from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError, zlib.error):
        raise bad_spreadsheet() from None


def bad_spreadsheet() -> Invalid:
    """What is said of a spreadsheet that cannot be read."""
    return bad_file(
        "the spreadsheet cannot be read; is it a whole .xlsx file?", "无法读取该电子表格，请确认是完整的 .xlsx 文件"
    )


def shown_in_percent(cell: Any) -> bool:
    """True for a number that its format shows as a share of a hundred: 0.12 is read as 12 %."""
    value = cell.value
    if value.__class__ is not float and value.__class__ is not int:
        return False
    pattern = cell.number_format
    return "%" in pattern and "%" in LITERALS.sub("", pattern)


def cell_text(cell: Any) -> str:
    """A cell as the text that the user sees."""
    text = text_of(cell.value)
    if not shown_in_percent(cell):
        return text
    return f"{format((Decimal(text) * 100).normalize(), 'f')}%"


def text_of(value: Any) -> str:
    """A typed cell as the text that the user sees, in the plain form that every field type reads."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        text = f"{value:.{EXCEL_DIGITS}g}"
        return format(Decimal(text), "f") if "e" in text else text
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(abs(value.total_seconds()))
        sign = "-" if value < timedelta() else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


class XlsxTable(Table):
    """The first visible sheet of a spreadsheet. Of merged cells the first has the value."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        check_package(stream)
        self.header = 0
        for number, cells in self._records():
            if not blank(cells):
                self.header = number
                self.take_header(cells)
                break
        if not self.header:
            raise bad_file("the first sheet is empty", "第一张工作表为空", "empty")

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        self.stream.seek(0)
        book = None
        try:
            book = load_workbook(self.stream, read_only=True, data_only=True, keep_links=False)
            sheets = [one for one in book.worksheets if one.sheet_state == "visible"] or book.worksheets
            sheets[0].reset_dimensions()  # What a file says of its size need not be true.
            width = len(self.columns) + 1 if self.columns else MOST_COLUMNS + 1
            for number, cells in enumerate(sheets[0].iter_rows(max_col=width), 1):
                yield number, [cell_text(cell) for cell in cells]
        except DougongError:
            raise
        except Exception:  # The reader lets every kind of exception out when a file is broken.
            raise bad_spreadsheet() from None
        finally:
            if book is not None:
                book.close()

    def rows(self) -> Iterator[Row]:
        for number, cells in self._records():
            if number > self.header and not blank(cells):
                yield self.fitted(number, cells)


class XlsxWriter:
    """Rows as a spreadsheet of one sheet with typed cells; texts are never formulas."""

    def __init__(self, title: str) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31] or "Sheet")
        self._count = 0

    def add(self, cells: Iterable[Any]) -> None:
        """One more row of None, text, bool, Decimal, date or datetime (without zone). Raises Invalid."""
        self._count += 1
        if self._count > EXCEL_ROWS:
            raise bad_file(
                f"a sheet holds at most {EXCEL_ROWS} rows; export as csv", f"工作表最多 {EXCEL_ROWS} 行，请导出为 csv"
            )
        self._sheet.append([self._cell(cell) for cell in cells])

    def _cell(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            digits = len(value.normalize().as_tuple().digits)
            if digits > EXCEL_DIGITS:  # A spreadsheet would round it.
                return self._text(format(value, "f"))
            return int(value) if value == value.to_integral_value() else float(value)
        if isinstance(value, date) and value.year < 1901:
            return self._text(value.isoformat())
        return self._text(value) if isinstance(value, str) else value

    def _text(self, value: str) -> Any:
        text = UNKEPT.sub("", value)
        if len(text) > EXCEL_TEXT:
            raise bad_file(
                f"a text has more than the {EXCEL_TEXT} characters that a cell holds; export as csv",
                f"有文本超过单元格上限 {EXCEL_TEXT} 个字符，请导出为 csv",
            )
        if text[:1] not in ("=", "#"):
            return text
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        return cell

    def save(self, target: IO[bytes]) -> None:
        """Write the whole file."""
        self._book.save(target)

    def discard(self) -> None:
        """Give up: remove what has been written aside."""
        self._sheet.close()
        self._sheet._writer.cleanup()
