"""CSV and JSON lines: read as a stream, CSV written."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import IO

from runtime.base.errors import DougongError, Message, Problem
from runtime.base.values import load_foreign
from runtime.engine.tabular.table import MOST_COLUMNS, Row, Table, bad_file, bare_cell, blank, safe_cell

LONGEST_LINE = 8_000_000
LONGEST_CELL = 1_000_000
CHUNK = 1 << 16
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)

csv.field_size_limit(LONGEST_CELL)


def decodes(stream: IO[bytes], encoding: str) -> bool:
    """True when the whole stream is text of this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    stream.seek(0)
    try:
        while chunk := stream.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def encoding_of(stream: IO[bytes]) -> str:
    """The encoding of a text file: by its mark, else UTF-8 where all of it is, else GB18030. Raises Invalid."""
    stream.seek(0)
    head = stream.read(4)
    if head.startswith(codecs.BOM_UTF8):
        found = ("utf-8-sig",)
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = ("utf-16",)
    else:
        found = ("utf-8", "gb18030")  # type: ignore[assignment]
    for encoding in found:
        if decodes(stream, encoding):
            return encoding
    raise bad_file(
        "the file is neither UTF-8 nor GB18030 text; save it as CSV UTF-8",
        "文件既不是 UTF-8 也不是 GB18030 编码，请另存为 CSV UTF-8",
        "encoding",
    )


class Lines:
    """The lines of a text file, none of them too long, again from the start each time they are asked for."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self.stream = stream
        self.encoding = encoding

    def __iter__(self) -> Iterator[str]:
        self.stream.seek(0)
        text = io.TextIOWrapper(self.stream, self.encoding, newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise bad_file("a line of the file is too long", "文件中有一行过长")
                yield line
        finally:
            with suppress(ValueError):  # The stream may be closed already.
                text.detach()


def delimiter_of(lines: Sequence[str]) -> str:
    """Comma, semicolon or tab: what splits the first lines most evenly, into the more columns; comma in doubt."""
    best, delimiter = (0.0, 0), ","
    for candidate in ",;\t":
        try:
            rows = [row for row in csv.reader(lines, delimiter=candidate) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        even = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (round(even, 2), width) > best:
            best, delimiter = (round(even, 2), width), candidate
    return delimiter


class CsvTable(Table):
    """A CSV file. It is read once through when it is opened: what cannot be read is refused before anything is done."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.encoding = encoding_of(stream)
        self.lines = Lines(stream, self.encoding)
        self.header, self.total = 0, 0
        self.told = False
        self.delimiter = self._delimiter()
        for number, cells in self._records():
            if blank(cells):
                continue
            if self.header:
                self.total += 1
                continue
            self.header = number
            self.take_header(cells)
        if not self.header:
            raise bad_file("the file has no header row", "文件没有表头", "empty")

    def _delimiter(self) -> str:
        sample: list[str] = []
        size = 0
        for line in self.lines:
            said = SEPARATOR_LINE.fullmatch(line) if not sample else None
            if said:
                self.told = True  # A first line for Excel alone, which does not show it as a row.
                return said[1]
            sample.append(line)
            size += len(line)
            if len(sample) == 50 or size > CHUNK:
                break
        return delimiter_of(sample)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        number = 0
        lines = iter(self.lines)
        if self.told:
            next(lines)
        try:
            for cells in csv.reader(lines, delimiter=self.delimiter, strict=True):
                number += 1
                yield number, cells
        except csv.Error as error:
            at = number + 1
            raise bad_file(
                f"row {at} cannot be read as CSV, perhaps a quotation mark is not closed: {error}",
                f"第 {at} 行无法按 CSV 读取，可能有引号未闭合：{error}",
                "csv",
            ) from None

    def rows(self) -> Iterator[Row]:
        for number, cells in self._records():
            if number > self.header and not blank(cells):
                yield self.fitted(number, [bare_cell(cell) if cell[:1] == "'" else cell for cell in cells])


class JsonTable(Table):
    """JSON lines: one object a line, values as over the API."""

    typed = True

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        if not decodes(stream, "utf-8"):
            raise bad_file("JSON lines must be UTF-8", "JSON 行文件必须是 UTF-8 编码", "encoding")
        self.lines = Lines(stream, "utf-8-sig")
        self.total = sum(1 for line in self.lines if line.strip())

    def rows(self) -> Iterator[Row]:
        places = {name: place for place, name in enumerate(self.columns)}
        for number, line in enumerate(self.lines, 1):
            if not line.strip():
                continue
            try:
                record = load_foreign(line)
            except DougongError as error:
                yield number, [], Problem("json", error.message or error.title)
                continue
            if not isinstance(record, dict):
                yield number, [], Problem("json", Message("the line is not a JSON object", "该行不是 JSON 对象"))
                continue
            for name in record:
                if name not in places:
                    places[name] = len(places)
                    self.columns.append(name)
            if len(places) > MOST_COLUMNS:
                raise bad_file(f"the file has more than {MOST_COLUMNS} names", f"文件超过 {MOST_COLUMNS} 个字段名")
            yield number, [record.get(name) for name in self.columns], None


class CsvWriter:
    """Rows as CSV bytes, safe to open in a spreadsheet; ``mark``: with the mark by which Excel knows UTF-8."""

    def __init__(self, *, mark: bool = True) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        if mark:
            self._text.write("\ufeff")

    def add(self, cells: Iterable[str]) -> None:
        """One more row."""
        self._writer.writerow([safe_cell(cell) for cell in cells])

    def taken(self) -> bytes:
        """What has been added since the last time."""
        found = self._text.getvalue().encode("utf-8", "replace")
        self._text.seek(0)
        self._text.truncate()
        return found
