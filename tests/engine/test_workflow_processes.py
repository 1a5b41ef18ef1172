"""Workflows through several processes: smaller versions of what `tests.benchmarks.workflows` shows with figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.workflows import Office, listing, pairs, timers, web
from tests.conftest import copied

pytestmark = pytest.mark.slow


@pytest.fixture
def office(pg18_dsn: str, template_18: str) -> Iterator[tuple[Office, str]]:
    for dsn in copied(pg18_dsn, template_18):
        made = Office(dsn, "office")
        yield made, dsn
        made.database.close()


def test_timers_of_workers_that_are_killed(office: tuple[Office, str], tmp_path: Path) -> None:
    timers(*office, tmp_path, 60, kills=2)


def test_two_decide_at_the_same_moment(office: tuple[Office, str]) -> None:
    found = pairs(*office, 60)
    assert found["first"] + found["second"] == 60


def test_web_processes_that_are_killed(office: tuple[Office, str], tmp_path: Path) -> None:
    assert web(*office, tmp_path, 60, 2)["killed"] == 2


def test_the_first_page_of_tasks_beside_many(office: tuple[Office, str]) -> None:
    assert listing(office[1], 3000)["ratio"] < 3  # The real bound, 1.5, is the benchmark's: here others work too.
