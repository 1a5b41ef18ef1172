"""What all files of rows share: a header, numbered rows, cells that a spreadsheet would not take for formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from runtime.base.errors import Invalid, Message, Problem

MOST_COLUMNS = 500

#: What a spreadsheet could take for a formula, after any number of apostrophes.
RISKY = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
ESCAPED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

#: (number, cells in the order of the columns, what is wrong with the row as a whole).
Row = tuple[int, list[Any], Problem | None]


def bad_file(en: str, zh: str, code: str = "file") -> Invalid:
    """A file that cannot be read, as a refusal."""
    return Invalid(problems=[Problem(code, Message(en, zh), field="file")])


def blank(cells: Iterable[Any]) -> bool:
    """True when nothing stands in the cells."""
    return not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in cells)


def safe_cell(text: str) -> str:
    """``text`` for a CSV cell: with an apostrophe where a spreadsheet would compute something."""
    if RISKY.match(text) and not PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def bare_cell(text: str) -> str:
    """The text that :func:`safe_cell` made safe."""
    return text[1:] if text[:1] == "'" and ESCAPED.match(text) else text


class Table:
    """A file of rows. ``columns`` are the names in its first row; in JSON lines they grow as new names come up."""

    #: Rows below the header that are not empty, where that is known before all are read.
    total: int | None = None
    #: True: values as over the API, not texts that somebody wrote.
    typed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.columns: list[str] = []

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty."""
        raise NotImplementedError

    def take_header(self, cells: Sequence[Any]) -> None:
        """Keep the names of the first row."""
        names = [" ".join(str(cell).replace("\ufeff", "").split()) for cell in cells]
        while names and not names[-1]:
            names.pop()
        if len(names) > MOST_COLUMNS:
            raise bad_file(f"the file has more than {MOST_COLUMNS} columns", f"文件超过 {MOST_COLUMNS} 列")
        self.columns = names

    def fitted(self, number: int, cells: list[Any]) -> Row:
        """The row as wide as the header; more than that is wrong."""
        width = len(self.columns)
        if len(cells) > width and not blank(cells[width:]):
            text = Message("the row has more cells than the header", "该行的单元格多于表头")
            return number, cells, Problem("too_many_cells", text)
        return number, cells[:width], None
