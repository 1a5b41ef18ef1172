"""Upper and lower case, one code point to one code point, fixed to Unicode 14 for every back end.

A code point whose full mapping is longer than one code point stays as it is. The table is data
(``casemap.json``: runs of first code point, count, step, distance to the mapped one; the browser reads it too),
so that no version of Python, PostgreSQL or a browser can change a stored value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

RUNS = json.loads(Path(__file__).with_name("casemap.json").read_bytes())


def _table(runs: Iterable[tuple[int, int, int, int]]) -> dict[int, int]:
    return {
        first + i * step: first + i * step + distance for first, count, step, distance in runs for i in range(count)
    }


UPPER = _table(RUNS["upper"])
LOWER = _table(RUNS["lower"])


def upper(text: str) -> str:
    """``text`` in capital letters."""
    return text.upper() if text.isascii() else text.translate(UPPER)


def lower(text: str) -> str:
    """``text`` in small letters."""
    return text.lower() if text.isascii() else text.translate(LOWER)
