"""The commonest pinyin of Chinese characters: pypinyin's table, taken over once into one of 0.4 MB.

The library keeps 42,000 texts by number, 11 MB in every process; here a character is two bytes that say which of the
four hundred syllables it has.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from importlib import import_module

LIBRARY = "pypinyin"
#: The characters of the table: those of all planes that have a reading, and what lies between them.
FIRST, LAST = 0x3400, 0x323AF
#: The characters that names are written with.
COMMON = range(0x4E00, 0x9FA6)


def taken() -> tuple[list[str], array[int]]:
    """The syllables without tones, '' first, and for each character from FIRST to LAST which of them is its own."""
    held = LIBRARY in sys.modules
    library = import_module(LIBRARY)
    readings: dict[int, str] = import_module(f"{LIBRARY}.constants").PINYIN_DICT
    syllables, places = [""], {"": 0}
    plain = {"": 0}  # The syllable of each reading with its tone.
    table = array("H", bytes(2 * (LAST + 1 - FIRST)))
    for code in range(FIRST, LAST + 1):
        reading = readings.get(code, "").partition(",")[0]
        if reading not in plain:
            found = library.lazy_pinyin(chr(code), style=library.Style.NORMAL, errors="ignore")
            syllable = found[0] if found else ""
            if syllable not in places:
                places[syllable] = len(syllables)
                syllables.append(syllable)
            plain[reading] = places[syllable]
        table[code - FIRST] = plain[reading]
    if not held:
        # The library goes with all that it has loaded; a plugin that asks for it has it loaded anew.
        for name in [one for one in sys.modules if one.partition(".")[0] == LIBRARY]:
            del sys.modules[name]
    return syllables, table


SYLLABLES, TABLE = taken()


def reading(character: str) -> str:
    """The pinyin of one character without its tone (``ü`` is ``v``), '' where it has none."""
    code = ord(character)
    return SYLLABLES[TABLE[code - FIRST]] if FIRST <= code <= LAST else ""


@lru_cache(maxsize=1)
def common_syllables() -> frozenset[str]:
    """All syllables of the characters that names are written with."""
    return frozenset(SYLLABLES[TABLE[code - FIRST]] for code in COMMON) - {""}
