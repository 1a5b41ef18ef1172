"""What a record is found by, and what finds it."""

from __future__ import annotations

import pypinyin
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.store import readings, search


def tokens(names: list[str], prose: list[str] | None = None) -> set[str]:
    """The tokens of a record with these texts."""
    found = search.vector(names, prose or [])
    return set(found[1:-1].split("' '")) if found else set()


def test_a_name_is_found_by_characters_syllables_and_initials() -> None:
    found = tokens(["北京华星 A1"])
    assert {"北京", "京华", "华星", "星", "=bei", "=hua", "~bj", "~hx", "^bjhxa1", "a1"} == found - {
        "=jing",
        "=xing",
        "~jh",
    }


def test_a_text_has_no_pinyin_and_wide_marks_change_nothing() -> None:
    assert tokens([], ["重点，回访（Ａ１）！"]) == {"重点", "点", "回访", "访", "a1"}
    assert tokens(["华，星"]) == tokens(["华,星"])


def test_the_same_words_twice_are_written_once_for_each_text() -> None:
    assert search.vector(["成都", "成都", "abc", "abc"], []).count("'成都'") == 1


def test_a_long_text_takes_no_room_from_codes_and_names() -> None:
    prose = "".join(chr(0x4E00 + at) for at in range(1000))
    found = tokens(["华星", "C-7788"], [prose])
    assert {"华星", "^hx", "7788"} <= found
    assert len(found) >= search.MOST_TOKENS


@example(["0", ":" * 40 + "\x80"], [])  # Nothing to be found by, too long for a name.
@given(st.lists(st.text(max_size=60), max_size=4), st.lists(st.text(max_size=2000), max_size=2))
def test_no_token_needs_quoting(names: list[str], prose: list[str]) -> None:
    for token in tokens(names, prose):
        assert token and "'" not in token and "\\" not in token and " " not in token
        assert len(token) <= 1000


def test_every_character_is_read_as_the_library_reads_it() -> None:
    around = range(readings.FIRST - 500, readings.LAST + 500)
    style = pypinyin.Style.NORMAL
    found = {chr(code): "".join(pypinyin.lazy_pinyin(chr(code), style=style, errors="ignore")) for code in around}
    table = {one: readings.reading(one) for one in found}
    assert {one for one in found if one >= "\u3400" and found[one] != table[one]} == set()
    assert {table[one] for one in found if not readings.FIRST <= ord(one) <= readings.LAST} == {""}
    assert sum(1 for one in table.values() if one) > 40_000


@pytest.mark.parametrize(
    ("character", "reading"), [("北", "bei"), ("女", "nv"), ("重", "zhong"), ("a", ""), ("\ue000", "")]
)
def test_a_character_has_its_commonest_reading_without_a_tone(character: str, reading: str) -> None:
    assert readings.reading(character) == reading


def test_the_syllables_are_those_of_common_characters() -> None:
    known = readings.common_syllables()
    assert {"hua", "xing", "lv", "zhuang"} <= known and "" not in known and len(known) > 400
    assert all(one.isascii() and one.isalpha() for one in known)
