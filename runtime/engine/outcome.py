"""What became of an import: counts that add up to the rows of the file, the errors, and the failed rows as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from runtime.base.errors import Message, Problem
from runtime.base.values import dump, dump_text
from runtime.engine.columns import REASON, ROW
from runtime.engine.tabular import CsvWriter

MOST_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong in one row of the file; ``column`` None: not with one column."""

    row: int
    column: str | None
    problem: Problem

    def json(self, language: str) -> dict[str, Any]:
        """An entry of the outcome's ``errors``."""
        return {
            "row": self.row,
            "column": self.column,
            "field": self.problem.field,
            "code": self.problem.code,
            "message": self.problem.message.text(language),
        }


@dataclass
class Outcome:
    """created + updated + pending + skipped + failed + unprocessed = total, whatever happened.

    ``stopped`` is why the import ended before the end of the file, None when it did not. Rows that are there already
    as they should be count as updated; ``pending`` are those whose change waits for an approval.
    """

    dry_run: bool = False
    total: int = 0
    created: int = 0
    updated: int = 0
    pending: int = 0
    skipped: int = 0
    failed: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    stopped: Problem | None = None

    @property
    def done(self) -> int:
        """The rows that something was decided about."""
        return self.created + self.updated + self.pending + self.skipped + self.failed

    @property
    def unprocessed(self) -> int:
        """The rows that nothing was done with."""
        return self.total - self.done

    def fail(self, row: int, problems: Sequence[Problem], columns: Mapping[str, str]) -> None:
        """Count a failed row; ``columns`` gives the column of each field."""
        self.failed += 1
        for one in problems:
            if len(self.errors) < MOST_ERRORS:
                self.errors.append(RowError(row, columns.get(one.field or ""), one))

    def counts(self) -> dict[str, int]:
        """The numbers."""
        names = ("total", "created", "updated", "pending", "skipped", "failed", "unprocessed")
        return {name: getattr(self, name) for name in names}

    def json(self, language: str) -> dict[str, Any]:
        """The outcome as the API and the command line give it."""
        found: dict[str, Any] = {
            **self.counts(),
            "dry_run": self.dry_run,
            "errors": [one.json(language) for one in self.errors],
            "warnings": [
                {"column": one.field, "code": one.code, "message": one.message.text(language)} for one in self.warnings
            ],
        }
        if self.stopped is not None:
            found["stopped"] = {"code": self.stopped.code, "message": self.stopped.message.text(language)}
        return found


class FailedRows:
    """The failed rows, ready to be corrected and imported again: as they came, with row number and reason.

    CSV for files with a header, JSON lines for those without.
    """

    def __init__(self, target: IO[bytes] | None, language: str, *, lines: bool) -> None:
        self.target = target
        self.language = language
        self._csv = None if lines else CsvWriter()
        self._begun = False

    def add(self, columns: Sequence[str], row: int, cells: Sequence[Any], problems: Sequence[Problem]) -> None:
        """One more failed row."""
        if self.target is None:
            return
        between = "；" if self.language.startswith("zh") else "; "
        reason = between.join(one.show(self.language) for one in problems)
        if self._csv is None:
            record = dict(zip(columns, cells, strict=False)) | {ROW: row, REASON: reason}
            self.target.write(dump(record) + b"\n")
            return
        kept = [number for number, name in enumerate(columns) if name not in (ROW, REASON)]
        if not self._begun:
            self._begun = True
            self._csv.add([*(columns[number] for number in kept), ROW, REASON])
        shown = [written(cells[number]) if number < len(cells) else "" for number in kept]
        self._csv.add([*shown, str(row), reason])
        self.target.write(self._csv.taken())


def written(cell: Any) -> str:
    """A cell as it stood in the file."""
    return "" if cell is None else cell if isinstance(cell, str) else dump_text(cell)


def stopped_at(row: int | None, reason: Message) -> Problem:
    """Why and where an import ended early."""
    en, zh = (f" from row {row} on", f"（自第 {row} 行起）") if row else ("", "")
    text = Message(
        f"the import stopped; what is left{en} has not been imported: {reason.en}",
        f"导入已停止，其余的行{zh}未导入：{reason.zh}",
    )
    return Problem("stopped", text)
