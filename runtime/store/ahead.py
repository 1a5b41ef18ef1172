"""The database of one page: what the page will ask soon is carried along by the statement before it.

A page asks a dozen small questions. Each by itself costs a way to the database and back, which is more than most of
the answers cost. Whoever knows them before notes them; asking them then finds the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from runtime.base.sqltext import Sql
from runtime.store.database import Connection, Database, Question

Rows = list[tuple[Any, ...]]


class Ahead(Database):
    """The database for one thread and one request, which only looks: rows that were read ahead would miss a write."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.noted: list[Question] = []
        self.found: list[tuple[Sql, Rows]] = []

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool, in autocommit mode. Raises Unavailable."""
        with self.inner.connection() as connection:
            yield connection

    def note(self, questions: Sequence[Question]) -> None:
        """What will be asked: the next round trip brings the answers along."""
        self.noted += questions

    def rows(self, statement: Sql, *, prepare: bool = False) -> Rows:
        """All rows of one statement, read ahead or now. Each answer is given once."""
        return self.batch([Question(statement, prepare)])[0]

    def batch(self, questions: Sequence[Question]) -> list[Rows]:
        """The rows of several questions; those that nobody has read ahead are read now, with what was noted."""
        found = [self._taken(one.statement) for one in questions]
        missing = [one for one, rows in zip(questions, found, strict=True) if rows is None]
        fresh = iter(self._read(missing) if missing else ())
        return [next(fresh) if rows is None else rows for rows in found]

    def _taken(self, statement: Sql) -> Rows | None:
        for place, (known, rows) in enumerate(self.found):
            if known == statement:
                del self.found[place]
                return rows
        return None

    def _read(self, questions: Sequence[Question]) -> list[Rows]:
        asked = {one.statement.text for one in questions}
        noted, self.noted = [one for one in self.noted if one.statement.text not in asked], []
        if noted:
            try:
                answers = self.inner.batch([*questions, *noted])
            except psycopg.Error:
                pass  # What was noted may be what is wrong: whoever asks it will be told.
            else:
                self.found += zip((one.statement for one in noted), answers[len(questions) :], strict=True)
                return answers[: len(questions)]
        if len(questions) == 1:
            return [self.inner.ask(questions[0])]
        return self.inner.batch(questions)
