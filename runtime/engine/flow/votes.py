"""How decisions of several people become one: a pure function of who agreed and who did not."""

from __future__ import annotations

from math import ceil
from typing import Any

PASS, REJECT = "passed", "rejected"


def tally(mode: Any, rule: str, total: int, yes: int, no: int) -> str | None:
    """``passed``, ``rejected`` or None while it is open. ``rule``: ``first`` or ``all_voted``."""
    rest = total - yes - no
    if total <= 0:
        return None
    need = needed(mode, total)
    if yes >= need:
        return PASS
    if rule == "all_voted":
        return REJECT if rest == 0 else None
    if mode in ("any", "all", "sequential"):
        return REJECT if no else None
    return REJECT if yes + rest < need else None


def needed(mode: Any, total: int) -> int:
    """How many of ``total`` must agree. Sixty per cent of five are three: rounded up."""
    if mode == "any":
        return 1
    if mode in ("all", "sequential"):
        return total
    if "ratio" in mode:
        return max(1, ceil(round(total * float(mode["ratio"]) / 100, 9)))
    return max(1, min(int(mode["votes"]), total))
