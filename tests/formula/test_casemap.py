"""UPPER, LOWER and TRIM are equal in Python, PostgreSQL 15 and PostgreSQL 18 for every code point."""

from __future__ import annotations

import unicodedata

import psycopg
import pytest

from runtime.formula import casemap
from runtime.formula.prelude import sql as prelude
from runtime.formula.texts import BLANKS

POINTS = [point for point in range(1, 0x110000) if not 0xD800 <= point <= 0xDFFF]
CHUNK = 8192


@pytest.mark.parametrize("server", ["pg15_dsn", "pg18_dsn"])
def test_all_code_points(server: str, request: pytest.FixtureRequest) -> None:
    with psycopg.connect(request.getfixturevalue(server), autocommit=True) as connection:
        connection.execute(prelude().encode())
        for start in range(0, len(POINTS), CHUNK):
            text = "".join(map(chr, POINTS[start : start + CHUNK]))
            found = connection.execute("SELECT fx.upper(%s), fx.lower(%s)", (text, text)).fetchone()
            assert found == (casemap.upper(text), casemap.lower(text)), hex(POINTS[start])


@pytest.mark.parametrize("server", ["pg15_dsn", "pg18_dsn"])
def test_blanks(server: str, request: pytest.FixtureRequest) -> None:
    candidates = sorted({*map(ord, BLANKS), *range(1, 0x100), *range(0x2000, 0x2070), 0x180E, 0x3000, 0xFEFF})
    with psycopg.connect(request.getfixturevalue(server), autocommit=True) as connection:
        connection.execute(prelude().encode())
        texts = [chr(point) + "x" + chr(point) for point in candidates]
        found = connection.execute(
            "SELECT array_agg(fx.trim(t) ORDER BY n) FROM unnest(%s::text[]) WITH ORDINALITY u(t, n)", (texts,)
        ).fetchone()
        assert found is not None
        assert found[0] == [text.strip(BLANKS) for text in texts]


def test_single_letters_equal_python() -> None:
    """The table was made from Unicode 14; newer Pythons know more letters, the table stays."""
    for point in POINTS:
        ch = chr(point)
        if unicodedata.category(ch) == "Cn" or unicodedata.unidata_version != "14.0.0":
            continue
        assert casemap.upper(ch) == (ch.upper() if len(ch.upper()) == 1 else ch)
        assert casemap.lower(ch) == (ch.lower() if len(ch.lower()) == 1 else ch)


def test_length_never_changes() -> None:
    text = "".join(map(chr, POINTS[:50_000]))
    assert len(casemap.upper(text)) == len(casemap.lower(text)) == len(text)
