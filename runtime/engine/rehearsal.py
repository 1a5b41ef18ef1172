"""What a dry run must remember: the unique values of rows that it has not stored, and links to such rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.engine import bulk
from runtime.engine.entries import Entry
from runtime.engine.storing import taken_problem
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue


class Rehearsal:
    """Corrects the result of each row by the rows before it. It keeps one number for each unique value."""

    def __init__(self, session: Session, object_name: str) -> None:
        self.session = session
        self.object = session.model.objects[object_name]
        self.context = session.context()
        self.groups: Sequence[Sequence[str]] = list(session.layout.object(object_name).unique_fields.values())
        self.seen: set[int] = set()

    def after(self, entry: Entry, result: bulk.Result, key: str | None, on_duplicate: str) -> bulk.Result:
        """The result that the row would have with the rows before it stored."""
        if result.status >= 400:
            wrong = {one.field for one in result.problems}
            if result.status != 422 or not wrong or not wrong <= entry.pending:
                return result
            if any(one.code != "not_found" for one in result.problems):
                return result
            result = bulk.Result(201)
        if result.status == 304:
            return result
        held = [(names, mark) for names in self.groups if (mark := self._mark(names, entry)) is not None]
        again = {tuple(names) for names, mark in held if mark in self.seen}
        self.seen.update(mark for _, mark in held)
        if result.status != 201 or not again:
            return result
        if key is not None and (key,) in again:
            if on_duplicate == "update":
                return bulk.Result(200)
            if on_duplicate == "skip":
                return bulk.Result(304)
        return bulk.Result(409, problems=[taken_problem(name) for names in sorted(again) for name in names])

    def _mark(self, names: Sequence[str], entry: Entry) -> int | None:
        values: list[Any] = []
        for name in names:
            raw = entry.raw.get(name)
            if raw is None:
                return None
            try:
                value = self.object.fields[name].kind.clean(raw, self.context)
            except BadValue:
                return None
            if value is None:
                return None
            values.append(value)
        return hash((tuple(names), tuple(map(str, values))))
