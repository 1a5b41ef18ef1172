"""The portable pattern subset: what it takes, what it refuses, and that what it takes is fast."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.base.pattern import PatternError, portable

GOOD = [
    ("[A-Z]{2}[0-9]+", "AB12", "ab12"),
    (r"0\d{2,3}-?\d{7,8}", "010-62345678", "0-1"),
    (r"1[3-9]\d{9}", "13812345678", "12812345678"),
    (r"^[\w.+-]+@[a-z0-9-]+\.[a-z]{2,}$", "a.b@x.com", "a@x"),
    (r"(\d{1,3}\.){3}\d{1,3}", None, None),
    (r"(ab|cd)*e?", "abcdab", "abc"),
    (r"(一|二)[一-龥]+", "一二三", "三"),
    (r".*foo.*", "a foo b", "bar"),
    (r"a|b$", "b", "ab"),
    (r"\d{4}(-\d{2})?", "2026-11", "2026-1"),
    (r"[^,]+,[^,]+", None, None),
    ("", "", "a"),
]
BAD = [
    "(a+)+", "(a|a)*", "(a|ab)*", "(a*)*", "(?=a)", r"(a)\1", "a*?", "a++", "(?P<x>a)", "(", ")", "[", "[]", "*a",
    "a{2", "a{3,2}", r"\p{L}", r"\b", "a" * 201, "\\", "(a?){20}", "a*a*", ".*.*x", "(|a)*", "[z-a]", "a^b", "a$b",
    "a?" * 30 + "a" * 30, r"\d{1,99}\d{1,99}", "(?i)a", "[[:alpha:]]", "a\0", "(a|b|ab)(c|bcd|d)*(d|e|de)+d*d*",
]  # fmt: skip


@pytest.mark.parametrize(("source", "yes", "no"), GOOD)
def test_takes(source: str, yes: str | None, no: str | None) -> None:
    try:
        compiled = portable(source)
    except PatternError:
        assert yes is None, f"{source} must be taken"
        return
    assert yes is None or compiled.fullmatch(yes)
    assert no is None or not compiled.fullmatch(no)


@pytest.mark.parametrize("source", BAD)
def test_refuses(source: str) -> None:
    with pytest.raises(PatternError) as caught:
        portable(source)
    assert caught.value.message.en and caught.value.message.zh


def test_end_is_the_end() -> None:
    assert not portable("^a$").search("a\n")
    assert portable(r"a\$").search("a$")


PIECES = st.sampled_from(["a", "b", "ab", ".", "[ab]", "[^a]", r"\w", "(a|b)", "(ab|b)", "(a|ab)", "(a?b)"])
COUNTS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,3}", "{0,20}"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PIECES, COUNTS), max_size=8), st.sampled_from(["a", "b", "ab", "ba"]))
def test_taken_patterns_are_fast(parts: list[tuple[str, str]], unit: str) -> None:
    source = "".join(piece + count for piece, count in parts) + "x"
    try:
        compiled = portable(source)
    except PatternError:
        return
    assert re.compile(source)
    started = time.process_time()
    compiled.fullmatch(unit * 250)
    assert time.process_time() - started < 0.5, source
