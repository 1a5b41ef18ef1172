"""Tokens for full-text search: character bigrams, pinyin syllables and initials, words. Pure text work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from operator import add

from runtime.store import readings

HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]+")
#: Of a long word no more than its beginning is kept, and asked for.
WORD = re.compile(r"([a-z0-9]{1,40})[a-z0-9]*")
MOST_TOKENS = 400
LONGEST_TEXT = 1000
#: Texts above this length are found by their characters and words, not by pinyin: they are no names.
LONGEST_NAME = 40
#: Words that nearly every text of their sort has tell nothing apart.
COMMON = frozenset(("http", "https", "www"))
SYLLABLE = "="
#: Tokens in the text form of a ``tsvector``, some perhaps twice (PostgreSQL keeps one), and how many.
Piece = tuple[str, int]
#: Wide marks that most Chinese sentences have: normalizing a text for nothing but them costs more than all its tokens.
MARKS = "，：；！？（）"


class Readings(dict[str, str]):
    """The commonest pinyin of each Chinese character, '' where it has none; looked up once."""

    def __missing__(self, character: str) -> str:
        reading = self[character] = readings.reading(character)
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
    if text.isascii():
        return text.lower()
    if unicodedata.is_normalized("NFKC", text):
        return text.lower()
    return unicodedata.normalize("NFKC", text).lower()


def initials(text: str) -> str:
    """The first letters of the pinyin of ``text`` (``北京华星`` gives ``bjhx``); letters and digits stay."""
    return "".join(map(LETTERS.__getitem__, folded(text)))


def sort_key(text: str) -> str:
    """A key that sorts ``text`` by pinyin, as Chinese users expect, case-insensitively."""
    low = folded(text[:200])
    return low if low.isascii() else "".join(map(KEYS.__getitem__, low))[:200]


def piece(found: Collection[str]) -> Piece:
    """Tokens as they are written down. None of them holds a character that would need quoting."""
    return ("'" + "' '".join(found) + "'", len(found)) if found else ("", 0)


@lru_cache(maxsize=4_000)
def of_run(run: str, named: bool) -> Piece:
    """The tokens of one run of Chinese characters; kept, as cities, options and parts of names come again and again.

    ``named``: the text may be a name, found by its pinyin too.
    """
    # Every character begins a pair but the last: a search for one character asks for what begins with it.
    found = {run[-1], *map(add, run, run[1:])}
    if named:
        syllables = [READINGS[one] for one in run]
        found.update(map(SYLLABLE.__add__, syllables))
        first = "".join([one[:1] for one in syllables])
        found.update(["~" + first[at : at + 2] for at in range(len(first) - 1)])
        found.discard(SYLLABLE)  # a character without a reading
    return piece(found)


@lru_cache(maxsize=4_000)
def of_name(text: str) -> Piece:
    """The tokens of one text that is not plain ASCII and may be a name."""
    found = of_text(text, len(text) <= LONGEST_NAME, MOST_TOKENS)
    return " ".join([text for text, _ in found]), sum([size for _, size in found])


def of_text(text: str, named: bool, most: int) -> list[Piece]:
    """The tokens of one text, no more than about ``most``."""
    if not unicodedata.is_normalized("NFKC", text):
        for mark in MARKS:
            text = text.replace(mark, " ")
    low = folded(text)
    own = WORD.findall(low)[:most]
    if named:
        own.append("^" + "".join(map(LETTERS.__getitem__, low)))
    found = [piece(own)] if own else []
    most -= len(own)
    for run in dict.fromkeys(HAN.findall(low)):
        if most <= 0:
            break
        found.append(of_run(run, named))
        most -= found[-1][1]
    return found


def pieces(names: Iterable[str], prose: Iterable[str] = ()) -> list[Piece]:
    """What a record with these texts is found by; pinyin finds ``names`` alone, and they come before ``prose``."""
    found: list[Piece] = []
    plain = []
    room = MOST_TOKENS
    for text in dict.fromkeys(names):
        if text.isascii():
            plain.append(text[:LONGEST_TEXT])
        elif room > 0:
            name_piece = of_name(text[:LONGEST_TEXT])
            if name_piece[1]:
                found.append(name_piece)
            room -= name_piece[1]
    own = [word for word in WORD.findall(" ".join(plain).lower()) if word not in COMMON][:MOST_TOKENS]
    if own:
        found.append(piece(own))
        room -= len(own)
    for text in prose:
        if room <= 0:
            break
        some = of_text(text[:LONGEST_TEXT], False, room)
        found += some
        room -= sum([size for _, size in some])
    return found


def vector(names: Iterable[str], prose: Iterable[str] = ()) -> str:
    """The tokens as the text form of a ``tsvector``."""
    return " ".join([text for text, _ in pieces(names, prose)])


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
    asked: list[str] = WORD.findall(low)
    for word in [word for word in asked if word not in COMMON] or asked:
        ways = [quoted(word) + ":*", quoted("^" + word) + ":*"]
        if word.isalpha():
            if len(word) >= 2:
                ways.append("(" + " & ".join(quoted("~" + word[i : i + 2]) for i in range(len(word) - 1)) + ")")
            split = syllables_of(word)
            if split:
                ways.append("(" + " & ".join(quoted("=" + one) for one in split) + ")")
        parts.append("(" + " | ".join(ways) + ")")
    return " & ".join(parts)


def syllables_of(word: str) -> list[str]:
    """``huaxing`` as ``["hua", "xing"]``; [] when the letters are not pinyin. Longest syllables first."""
    known = readings.common_syllables()
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
