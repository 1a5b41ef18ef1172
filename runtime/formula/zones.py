"""The rules of a time zone as data, for a back end elsewhere: the same file that Python's own zone was read from.

A browser brings time-zone data of its own; asking it would let two versions of the world disagree.
"""

from __future__ import annotations

import re
import struct
import zoneinfo
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

HEADER = struct.Struct(">4s1s15x6L")
NAME = r"(?:[A-Za-z]+|<[-+0-9A-Za-z]+>)"
RULE = re.compile(rf"{NAME}(?P<std>[-+0-9:]+)(?:{NAME}(?P<dst>[-+0-9:]+)?,(?P<start>[^,]+),(?P<end>[^,]+))?\Z")
TURN = re.compile(r"M(\d+)\.(\d)\.(\d)(?:/([-+0-9:]+))?\Z")


def source(name: str) -> bytes:
    """The file of a zone, found as ``zoneinfo`` finds it. Raises ZoneInfoNotFoundError."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    *packages, file = name.split("/")
    try:
        return resources.files(".".join(("tzdata.zoneinfo", *packages))).joinpath(file).read_bytes()
    except (OSError, ModuleNotFoundError) as error:
        raise zoneinfo.ZoneInfoNotFoundError(name) from error


@lru_cache(maxsize=64)
def rules(name: str) -> dict[str, Any]:
    """The zone as JSON data: offsets and places in seconds, and the rule after the last change."""
    zoneinfo.ZoneInfo(name)  # Refuses what is no name of a zone.
    data = source(name)
    _, _, isutc, isstd, leaps, times, types, letters = HEADER.unpack_from(data)
    first = HEADER.size + times * 5 + types * 6 + letters + leaps * 8 + isstd + isutc
    _, _, isutc, isstd, leaps, times, types, letters = HEADER.unpack_from(data, first)
    place = first + HEADER.size
    at = struct.unpack_from(f">{times}q", data, place)
    kinds = struct.unpack_from(f">{times}B", data, place + times * 8)
    place += times * 9
    infos = [struct.unpack_from(">lbB", data, place + i * 6) for i in range(types)]
    place += types * 6 + letters + leaps * 12 + isstd + isutc
    footer = data[place:].strip(b"\n").decode()
    before = next((offset for offset, summer, _ in infos if not summer), infos[0][0] if infos else 0)
    offsets = [infos[kind][0] for kind in kinds]
    if not footer and not times:
        return {"before": before, "at": [], "offsets": [], "rule": {"standard": before}}
    return {"before": before, "at": list(at), "offsets": offsets, "rule": rule(footer) if footer else None}


def rule(text: str) -> dict[str, Any]:
    """A footer such as ``CET-1CEST,M3.5.0,M10.5.0/3``. Raises ValueError for forms that no zone uses."""
    match = RULE.match(text)
    if match is None:
        raise ValueError(f"a time zone's rule that is not known: {text}")
    standard = -clock(match["std"])
    if match["start"] is None:
        return {"standard": standard}
    summer = -clock(match["dst"]) if match["dst"] else standard + 3600
    return {"standard": standard, "summer": summer, "start": turn(match["start"]), "end": turn(match["end"])}


def turn(text: str) -> list[int]:
    """``M3.5.0/2`` as month, week, weekday and seconds after midnight."""
    match = TURN.match(text)
    if match is None:
        raise ValueError(f"a time zone's turn that is not known: {text}")
    month, week, day, time = match.groups()
    return [int(month), int(week), int(day), clock(time or "2")]


def clock(text: str) -> int:
    """``-3:30`` as seconds."""
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds, *_ = [*map(int, text.lstrip("+-").split(":")), 0, 0]
    return sign * (hours * 3600 + minutes * 60 + seconds)
