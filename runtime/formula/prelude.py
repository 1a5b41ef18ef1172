"""The SQL helpers of schema ``fx``: total functions that never raise, the same on PostgreSQL 15 and 18.

``sql()`` gives the text to run once per database; running it again changes nothing. It never touches data.
"""

from __future__ import annotations

from runtime.formula import casemap
from runtime.formula.prelude_dates import DATES
from runtime.formula.prelude_text import NUMBERS, TEXTS
from runtime.formula.texts import BLANKS

VERSION = 1


def _regex_class(table: dict[int, int]) -> str:
    """A bracket expression for the table's code points beyond ASCII."""
    points = sorted(point for point in table if point > 0x7F)
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point - ranges[-1][1] <= 2:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "[" + "".join(f"\\U{low:08X}-\\U{high:08X}" for low, high in ranges) + "]"


def _escaped(text: str) -> str:
    """An ``E''`` literal of plain ASCII."""
    return "E'" + "".join(f"\\U{ord(ch):08X}" for ch in text) + "'"


def _case(name: str, table: dict[int, int]) -> str:
    source = _escaped("".join(map(chr, table)))
    target = _escaped("".join(map(chr, table.values())))
    return f"""
CREATE OR REPLACE FUNCTION fx.{name}(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
BEGIN
  IF octet_length(x) = length(x) OR x COLLATE "C" !~ '{_regex_class(table)}' THEN
    RETURN {name}(x COLLATE "C");
  END IF;
  RETURN translate(x, {source}, {target});
END $f$;"""


def sql() -> str:
    """The whole prelude; a literal per cent sign is a plain one, run it without parameters."""
    blanks = _escaped(BLANKS)
    return "\n".join(
        [
            "CREATE SCHEMA IF NOT EXISTS fx;",
            NUMBERS,
            TEXTS.replace("@BLANKS@", blanks),
            _case("upper", casemap.UPPER),
            _case("lower", casemap.LOWER),
            DATES.replace("@BLANKS@", blanks),
        ]
    )
