"""Rows of an import in the order in which they are stored: in batches, and those that wait for an approval together.

What has to wait with the record that it belongs to is put aside, in a file, until all rows have been read: then one
import makes one request for a record, however far apart its rows stand. Memory grows by a few bytes for each of them.
"""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

from runtime.base.errors import Message, Problem
from runtime.engine import bulk
from runtime.engine.entries import Entries, Entry

TOO_MANY = Message(
    f"at most {bulk.MOST} lines of one record can wait for one approval",
    f"同一记录最多 {bulk.MOST} 行明细可一并提交审批",
)


def batches(entries: Entries, rows: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The rows in batches in which no key stands twice and no row refers to another: those wait for the next."""
    batch: dict[Any, Entry] = {}
    waiting: list[Entry] = []
    for entry in rows:
        place(entry, batch, waiting)
        while len(batch) >= bulk.BATCH or len(waiting) >= bulk.BATCH:
            yield from resolved(entries, batch, waiting)
    while batch or waiting:
        yield from resolved(entries, batch, waiting)


def place(entry: Entry, batch: dict[Any, Entry], waiting: list[Entry]) -> None:
    """A row goes into the batch, or waits while another one with its key is in there."""
    spot = ("row", entry.number) if entry.key is None else ("key", entry.key)
    if spot in batch:
        waiting.append(entry)
    else:
        batch[spot] = entry


def resolved(entries: Entries, batch: dict[Any, Entry], waiting: list[Entry]) -> Iterator[list[Entry]]:
    """One batch with its links; what has to wait begins the next."""
    now = list(batch.values())
    later = entries.resolve(now)
    held = {id(one) for one in later}
    ready = [one for one in now if id(one) not in held]
    rest = sorted([*later, *waiting], key=lambda one: one.number)
    batch.clear()
    waiting.clear()
    for one in rest:
        place(one, batch, waiting)
    if ready:
        yield ready


class Aside:
    """Rows that wait until all have been read, by the record that they belong to."""

    def __init__(self) -> None:
        self.kept: IO[bytes] | None = None
        self.places: dict[str, array[int]] = {}

    @property
    def file(self) -> IO[bytes]:
        """Where the rows are, made for the first of them."""
        if self.kept is None:
            self.kept = TemporaryFile()  # noqa: SIM115
        return self.kept

    def put(self, record: str, entry: Entry) -> Sequence[Problem]:
        """Keep a row whose links have been found; gives what stands against it."""
        held = self.places.setdefault(record, array("q"))
        if len(held) >= bulk.MOST:
            return [Problem("too_many", TOO_MANY)]
        held.append(self.file.seek(0, 2))
        known = (entry.number, entry.cells, entry.raw, entry.blank, entry.problems, entry.key, entry.ref)
        pickle.dump(known, self.file)
        return ()

    def batches(self) -> Iterator[list[Entry]]:
        """The rows in batches that hold all of a record; of rows with the same key the later ones come at the end.

        What has been given is forgotten when the next is asked for.
        """
        batch: list[Entry] = []
        given: dict[str, array[int]] = {}
        for record in list(self.places):
            held = self.places[record]
            if batch and len(batch) + len(held) > bulk.BATCH:
                yield batch
                self.places.update(given)
                batch, given = [], {}
            first: dict[Any, Entry] = {}
            others: list[Entry] = []
            spots = {}
            for at in held:
                entry = self.read(at)
                spots[entry.number] = at
                place(entry, first, others)
            batch += first.values()
            given[record] = array("q", [spots[one.number] for one in others])
        if batch:
            yield batch
            self.places.update(given)
        for held in self.places.values():
            while held:
                yield [self.read(held[0])]
                held.pop(0)

    def read(self, at: int) -> Entry:
        """A row that was kept."""
        self.file.seek(at)
        number, cells, raw, blank, problems, key, ref = pickle.load(self.file)
        return Entry(number, cells, raw, blank, problems=problems, key=key, ref=ref)

    def rows(self) -> Iterator[Entry]:
        """All of them."""
        return (self.read(at) for held in self.places.values() for at in held)

    def close(self) -> None:
        """Nothing is kept any more."""
        self.places.clear()
        if self.kept is not None:
            self.kept.close()
            self.kept = None
