"""Arrays written down in one go mean what the driver's own mean."""

from __future__ import annotations

import random

import psycopg
import pytest

from runtime.base.sqltext import array

TEXTS = [
    [],
    [""],
    ["a"],
    ["a", "b"],
    ['say "no"', "back\\slash", "{a,b}", "NULL", "null", " a ", "逗，号", "a,b", "\n\t", '"', "\\", '","', "'"],
]


@pytest.mark.parametrize("texts", TEXTS)
def test_an_array_comes_back_as_it_was(dsn: str, texts: list[str]) -> None:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT %s::text[]", (array(texts),)).fetchone()
    assert row is not None and row[0] == texts


def test_any_texts_come_back_as_they_were(dsn: str) -> None:
    rng = random.Random(7)
    signs = "ab\"\\{},;' \n\u00a0NUL中文"
    with psycopg.connect(dsn) as connection:
        for _ in range(300):
            texts = ["".join(rng.choices(signs, k=rng.randrange(6))) for _ in range(rng.randrange(5))]
            row = connection.execute("SELECT %s::text[]", (array(texts),)).fetchone()
            assert row is not None and row[0] == texts
