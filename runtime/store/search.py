"""Tokens for full-text search: character bigrams, pinyin syllables and initials, words. Pure text work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from operator import add

from pypinyin import Style, lazy_pinyin

HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]+")
WORD = re.compile(r"[a-z0-9]+")
MOST_TOKENS = 400
LONGEST_WORD = 40
LONGEST_TEXT = 1000
#: Texts above this length are found by their characters and words, not by pinyin: they are no names.
LONGEST_NAME = 40
SYLLABLE = "="


class Readings(dict[str, str]):
    """The commonest pinyin of each Chinese character, '' where it has none; looked up once."""

    def __missing__(self, character: str) -> str:
        found = lazy_pinyin(character, style=Style.NORMAL, errors="ignore")
        reading = self[character] = found[0] if found else ""
        return reading


READINGS = Readings()


class Letters(dict[str, str]):
    """What each character gives to the initials of a name: its pinyin's first letter, itself, or nothing."""

    def __missing__(self, character: str) -> str:
        reading = READINGS[character] if character > "\u3400" else ""
        letter = self[character] = reading[:1] or (character if character.isalnum() else "")
        return letter


class Keys(dict[str, str]):
    """What each character gives to a sort key: Chinese ones their pinyin before themselves."""

    def __missing__(self, character: str) -> str:
        key = self[character] = f"{READINGS[character]} {character}" if character > "\u3400" else character
        return key


LETTERS, KEYS = Letters(), Keys()


def folded(text: str) -> str:
    """Half width, lower case: what tokens are made from."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()


def initials(text: str) -> str:
    """The first letters of the pinyin of ``text`` (``北京华星`` gives ``bjhx``); letters and digits stay."""
    return "".join(map(LETTERS.__getitem__, folded(text)))


def sort_key(text: str) -> str:
    """A key that sorts ``text`` by pinyin, as Chinese users expect, case-insensitively."""
    low = folded(text[:200])
    return low if low.isascii() else "".join(map(KEYS.__getitem__, low))[:200]


@lru_cache(maxsize=20_000)
def of_text(text: str) -> tuple[str, ...]:
    """The tokens of one text that is not plain ASCII; kept, as options, cities and the like come again and again."""
    low = folded(text)
    found = set(WORD.findall(low))
    for run in HAN.findall(low):
        # Every character begins a pair but the last: a search for one character asks for what begins with it.
        found.add(run[-1])
        found.update(map(add, run, run[1:]))
        if len(low) > LONGEST_NAME:
            continue
        syllables = [READINGS[one] for one in run]
        found.update(map(SYLLABLE.__add__, syllables))
        first = "".join([one[:1] for one in syllables])
        found.update(["~" + first[at : at + 2] for at in range(len(first) - 1)])
    if len(low) <= LONGEST_NAME:
        found.add("^" + "".join(map(LETTERS.__getitem__, low)))
    found.discard(SYLLABLE)  # a character without a reading
    return tuple(word[:LONGEST_WORD] for word in found)


def tokens(texts: Iterable[str]) -> set[str]:
    """What a record with these texts is found by."""
    found: set[str] = set()
    plain = []
    for text in texts:
        if text.isascii():
            plain.append(text[:LONGEST_TEXT])
        elif len(found) <= MOST_TOKENS:
            found.update(of_text(text[:LONGEST_TEXT]))
    found.update([word[:LONGEST_WORD] for word in WORD.findall(" ".join(plain).lower())])
    return found


def vector(texts: Iterable[str]) -> str:
    """The tokens as the text form of a ``tsvector``. No token holds a character that would need quoting."""
    found = list(tokens(dict.fromkeys(texts)))[:MOST_TOKENS]
    return "'" + "' '".join(found) + "'" if found else ""


def quoted(token: str) -> str:
    """One lexeme, safe in the text form of tsquery."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def query(text: str) -> str:
    """The text form of a ``tsquery`` that finds what ``text`` asks for; '' when it asks for nothing.

    Chinese runs by their bigrams, letters as words by prefix, or as pinyin (``huaxing``), or as initials
    (``bjhx``): whichever way the record is found.
    """
    parts = []
    low = folded(text)[:100]
    for run in HAN.findall(low):
        pieces = [quoted(run[i : i + 2]) for i in range(len(run) - 1)] or [quoted(run) + ":*"]
        parts.append(" & ".join(pieces))
    for word in WORD.findall(low):
        word = word[:LONGEST_WORD]
        ways = [quoted(word) + ":*", quoted("^" + word) + ":*"]
        if word.isalpha():
            if len(word) >= 2:
                ways.append("(" + " & ".join(quoted("~" + word[i : i + 2]) for i in range(len(word) - 1)) + ")")
            split = syllables_of(word)
            if split:
                ways.append("(" + " & ".join(quoted("=" + one) for one in split) + ")")
        parts.append("(" + " | ".join(ways) + ")")
    return " & ".join(parts)


@lru_cache(maxsize=1)
def known_syllables() -> frozenset[str]:
    """All syllables of pinyin without tones, from the readings of the common characters."""
    return frozenset(READINGS[chr(code)] for code in range(0x4E00, 0x9FA6)) - {""}


def syllables_of(word: str) -> list[str]:
    """``huaxing`` as ``["hua", "xing"]``; [] when the letters are not pinyin. Longest syllables first."""
    known = known_syllables()
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is not None and word[start:end] in known:
                candidate = [*before, word[start:end]]
                present = best[end]
                if present is None or len(candidate) < len(present):
                    best[end] = candidate
    return best[-1] or []
