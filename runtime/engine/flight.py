"""A batch of an import on its way into the database while the next one is being prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from runtime.base.errors import Message
from runtime.engine import bulk
from runtime.engine.entries import Entry

Pair = tuple[Entry, Mapping[str, Any]]


class Stop(Exception):
    """The import cannot go on."""

    def __init__(self, reason: Message, away: bool = False) -> None:
        """``away``: because the database is."""
        super().__init__(reason.en)
        self.reason = reason
        self.away = away


@dataclass
class Group:
    """Rows of a batch that are stored in the same way; ``error`` is what stopped their preparation."""

    mode: str
    pairs: Sequence[Pair]
    work: bulk.Work
    error: Exception | None = None

    def finish(self) -> list[bulk.Result]:
        """Store them. Raises what stopped them."""
        if self.error is not None:
            raise self.error
        return self.work.finish()


@dataclass
class Flight:
    """A batch that is being stored: the number of its first row, its keys, and how to get what became of it."""

    first: int
    keys: set[Any]
    groups: Sequence[Group]
    done: Future[list[Callable[[], list[bulk.Result]]]]


def finished(groups: Sequence[Group]) -> list[Callable[[], list[bulk.Result]]]:
    """For each group what gives its results, or raises what went wrong."""
    return [settled(group.finish) for group in groups]


def settled(work: Callable[[], list[bulk.Result]]) -> Callable[[], list[bulk.Result]]:
    """``work`` done now; its result or its exception is there for whoever asks."""
    done: Future[list[bulk.Result]] = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)
    return done.result
