"""Tokens for full-text search: character bigrams, pinyin syllables and initials, words. Pure text work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]+")
WORD = re.compile(r"[a-z0-9]+")
MOST_TOKENS = 400
LONGEST_WORD = 40


@lru_cache(maxsize=30_000)
def syllable(character: str) -> str:
    """The commonest pinyin of one Chinese character, '' when it has none."""
    found = lazy_pinyin(character, style=Style.NORMAL, errors="ignore")
    return found[0] if found else ""


def folded(text: str) -> str:
    """Half width, lower case: what tokens are made from."""
    return unicodedata.normalize("NFKC", text).lower()


def initials(text: str) -> str:
    """The first letters of the pinyin of ``text`` (``北京华星`` gives ``bjhx``); letters and digits stay."""
    found = []
    for character in folded(text):
        if HAN.match(character):
            found.append(syllable(character)[:1])
        elif WORD.match(character):
            found.append(character)
    return "".join(found)


def sort_key(text: str) -> str:
    """A key that sorts ``text`` by pinyin, as Chinese users expect, case-insensitively."""
    found = []
    for character in folded(text):
        found.append(f"{syllable(character)} {character}" if HAN.match(character) else character)
    return "".join(found)[:200]


def tokens(texts: Iterable[str]) -> set[str]:
    """What a record with these texts is found by."""
    found: set[str] = set()
    for text in texts:
        low = folded(text)
        for run in HAN.findall(low):
            found.update(run)
            found.update(run[i : i + 2] for i in range(len(run) - 1))
            syllables = [syllable(character) for character in run]
            found.update("=" + one for one in syllables if one)
            first = "".join(one[:1] for one in syllables)
            found.update("~" + first[i : i + 2] for i in range(len(first) - 1))
        found.update(word[:LONGEST_WORD] for word in WORD.findall(low))
        whole = initials(text)
        if whole:
            found.add("^" + whole[:LONGEST_WORD])
        if len(found) > MOST_TOKENS:
            break
    return found


def vector(texts: Iterable[str]) -> str:
    """The tokens as the text form of a ``tsvector``."""
    return " ".join(quoted(token) for token in sorted(tokens(texts))[:MOST_TOKENS])


def quoted(token: str) -> str:
    """One lexeme, safe in the text form of tsvector and tsquery."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def query(text: str) -> str:
    """The text form of a ``tsquery`` that finds what ``text`` asks for; '' when it asks for nothing.

    Chinese runs by their bigrams, letters as words by prefix, or as pinyin (``huaxing``), or as initials
    (``bjhx``): whichever way the record is found.
    """
    parts = []
    low = folded(text)[:100]
    for run in HAN.findall(low):
        pieces = [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
        parts.append(" & ".join(quoted(piece) for piece in pieces))
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
    return frozenset(syllable(chr(code)) for code in range(0x4E00, 0x9FA6)) - {""}


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
