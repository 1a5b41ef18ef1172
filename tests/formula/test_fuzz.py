"""Whatever is typed gives an answer or a diagnostic within 50 ms of CPU and 20 MB.

A few hundred texts with every run; for as long as FORMULA_FUZZ says, in seconds, with ``make fuzz``.
"""

from __future__ import annotations

import os
import random
import time

import pytest
from generate import Formulas
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from probe import CONTEXTS, within_limits
from test_safety import HOSTILE

from runtime.formula.functions.registry import NAMES

SECONDS = float(os.environ.get("FORMULA_FUZZ", "0"))
BEGIN = int(os.environ.get("FORMULA_SEED", "20261122"))
PIECES = [
    "a", "b", "s", "price", "ok", "d", "ts", "tags", "status", "customer", "customer.name", "lines", "lines.amount", "owner",
    "USER.id", "USER.", "PARENT.a", "ROW.code", "{合同 金额}", "{状态}", "{", "}", "(", ")", "[", "]", ",", ".", "..", ":", ";",
    "+", "-", "*", "/", "&", "=", "==", "!=", "<>", "<", "<=", ">", ">=", "&&", "||", "!", "%", "**", "//", "^", "|", "~", "@",
    "not", "in", "and", "or", "if", "else", "is", "lambda", "for", "await", "TRUE", "FALSE", "NULL", "None", "0", "1", "-1",
    "0.1", ".5", "1e3", "1e22", "1e999", "9999999999999999999999", "0x1", "1_0", "''", "'x'", "\"中\"", "“引”", "'", '"', "“",
    "'''", "f'{a}'", "b'x'", "\\", "\n", "\t", " ", "\u3000", "，", "（", "）", "＝", "＋", "\ud800", "\0", "\u202e", "𠮷", "é", "#",
    "import os", "__class__", "'day'", "'YYYY-MM-DD'", "'#,##0.00'", "'[a-z]+'", "'(a+)+$'",
]  # fmt: skip
CALLS = [f"{name}(" for name in NAMES]

soup = st.lists(st.sampled_from([*PIECES, *CALLS]), max_size=60).map(" ".join)
tight = st.lists(st.sampled_from([*PIECES, *CALLS]), max_size=60).map("".join)
letters = st.text(st.characters(codec=None), max_size=300)


@st.composite
def towers(draw: st.DrawFn) -> str:
    """Something thousands of times before, and perhaps after, something."""
    before, middle, after = (
        draw(st.sampled_from([*PIECES, *CALLS, "1+", "-", "(", "not ", "IF(ok,", "a.", "1 &"])) for _ in range(3)
    )
    times = draw(st.sampled_from([1, 3, 20, 40, 41, 60, 61, 100, 250, 500, 999, 1000, 1001, 3000, 5000]))
    return before * times + middle + after * draw(st.sampled_from([0, 1, times]))


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A right formula with pieces cut out, doubled, moved or put in."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    text = Formulas(rng).make(rng.choice(["n", "t", "b", "d", "dt", "dur", "L"]), rng.randint(1, 5))
    for _ in range(draw(st.integers(0, 5))):
        a, b = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        text = rng.choice([
            text[:a] + text[b:], text[:b] + text[a:], text[:a] + rng.choice([*PIECES, *CALLS]) + text[a:], text[b:] + text[:a],
        ])  # fmt: skip
    return text


typed = st.one_of(soup, tight, letters, towers(), broken())


@pytest.mark.parametrize("source", HOSTILE, ids=lambda text: ascii(text[:24]))
def test_hostile_texts(source: str) -> None:
    assert not within_limits(source).ok


@pytest.mark.parametrize(
    "before", ["(", "[", "-", "+", "not ", "IF(", "1+", "1 & ", "a.", "{", "'", "1 if ok else ", "ABS(", "a == "]
)
def test_thousands_of_anything(before: str) -> None:
    for times in (1000, 3999, 10_000, 1_000_000):
        for after in ("", "1", "1" + ")" * times):
            assert not within_limits(before * times + after).ok


def test_the_largest_formulas_that_are_taken() -> None:
    """Right at the limits, where most work is done."""
    for source in (
        "+".join(["a"] * 240),
        "(" * 38 + "a" + ")" * 38,
        "CONCAT(" + ",".join(["s"] * 64) + ")",
        "a in [" + ",".join(map(str, range(200))) + "]",
        " and ".join(f"a > {n}" for n in range(120)),
        "IFS(" + ",".join(f"a > {n}, {n}" for n in range(30)) + ")",
        "SUM(lines, amount * qty) + SUM(lines, qty) + SUM(lines, amount) + COUNT(lines) + MAX(lines, qty)",
        " & ".join(["REPT(s, 1000)"] * 60),
        "MATCHES(s, '" + "(a|b)*" * 30 + "')",
        "POWER(POWER(POWER(a, 64), 64), 64)",
        "'" + "中" * 1000 + "'",
    ):
        found = within_limits(source)
        assert found.ok or found.diagnostics[0].code.startswith("E_LIMIT"), (source[:60], found.diagnostics)


def run(examples: int, start: int) -> None:
    """So many texts."""

    @seed(start)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(typed, st.sampled_from(CONTEXTS))
    def whatever(source: str, context: str) -> None:
        within_limits(source, context)

    whatever()


def test_whatever_is_typed() -> None:
    begun, round_ = time.monotonic(), 0
    run(250, BEGIN)
    while time.monotonic() - begun < SECONDS:
        round_ += 1
        run(2000, BEGIN + round_)
