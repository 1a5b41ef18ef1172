"""Files of rows: CSV, XLSX and JSON lines read as a stream of rows with their true numbers, CSV and XLSX written.

It knows nothing of objects and fields. A row's number is the one that a spreadsheet shows: every record of the file
counts, empty ones too, and a line feed inside quotes does not. Memory does not grow with the number of rows (but for
the table of texts inside a spreadsheet, which has a limit of its own).
"""

from __future__ import annotations

import codecs
from typing import IO

from runtime.engine.tabular.sheets import XlsxTable, XlsxWriter
from runtime.engine.tabular.table import Row, Table, bad_file, bare_cell, blank, safe_cell
from runtime.engine.tabular.texts import CsvTable, CsvWriter, JsonTable

__all__ = [
    "CsvTable", "CsvWriter", "JsonTable", "Row", "Table", "XlsxTable", "XlsxWriter", "bad_file", "bare_cell", "blank",
    "open_table", "safe_cell",
]  # fmt: skip


def open_table(stream: IO[bytes], name: str = "") -> Table:
    """The rows of a file, by its content and where that does not tell by its name. Raises Invalid."""
    stream.seek(0)
    head = stream.read(8)
    if not head.strip():
        raise bad_file("the file is empty", "文件为空", "empty")
    if head.startswith(b"PK"):
        return XlsxTable(stream)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise bad_file(
            "this is an old or encrypted Excel file; save it as .xlsx without a password",
            "这是旧版或加密的 Excel 文件，请另存为不带密码的 .xlsx",
        )
    if name.lower().endswith((".jsonl", ".ndjson")) or head.removeprefix(codecs.BOM_UTF8).startswith(b"{"):
        return JsonTable(stream)
    return CsvTable(stream)
