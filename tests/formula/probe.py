"""What must hold for any text that somebody types as a formula: an answer or a diagnostic, quickly, in little memory."""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
from decimal import Decimal
from typing import Any

from world import ENV, ValueBinder, world

from runtime.formula import sql
from runtime.formula.compiler import CONTEXTS, Compiled, compile
from runtime.formula.evaluate import prepare
from runtime.formula.sql import SqlTooLong

CPU = 0.05
MEMORY = 20 * 2**20
#: One value of every type, odd ones among them.
VALUES: dict[str, Any] = {"number": Decimal("-9999999999999999999999.5"), "text": "𠮷" * 50, "bool": True}
SCOPE = world()


def answered(source: str, context: str = "automation") -> Compiled:
    """Compile and evaluate everywhere in this process; raises AssertionError for anything but an answer or diagnostics."""
    compiled = compile(source, SCOPE, context=context)
    for found in compiled.diagnostics:
        assert 0 <= found.start <= found.end <= len(source), (source, found)
        assert found.code != "E_INTERNAL", source
        assert found.message["en"] and found.message["zh"], source
    if not compiled.ok:
        assert compiled.diagnostics, source
        return compiled
    assert compiled.json_text()
    if context == "measure":
        assert "INTERNAL" not in faults_of_measure(compiled), source
        return compiled
    for values in (
        [() if slot.type.name in ("children", "list") else None for slot in compiled.slots],
        [() if slot.type.name in ("children", "list") else VALUES.get(slot.type.name) for slot in compiled.slots],
    ):
        faults: list[str] = []
        prepare(compiled).value(values, ENV, faults)
        assert "INTERNAL" not in faults, source
    with contextlib.suppress(SqlTooLong):
        sql.value(compiled, ValueBinder(compiled.slots, values, compiled.inner), ENV)
    return compiled


def faults_of_measure(compiled: Compiled) -> list[str]:
    """What a measure over no rows complains of."""
    faults: list[str] = []
    prepare(compiled).measure([], ENV, faults)
    return faults


def within_limits(source: str, context: str = "automation") -> Compiled:
    """The same, with the CPU time of the thread and the memory taken."""
    took = 1.0
    for _ in range(3):  # The collector may have its hour in one of them.
        begun = time.thread_time()
        found = answered(source, context)
        took = min(took, time.thread_time() - begun)
        if took <= CPU:
            break
    assert took <= CPU, (f"{took * 1000:.0f} ms", source[:200], len(source))
    if len(source) > 40:  # Short texts cannot ask for much, and measuring is slow.
        gc.collect()
        tracemalloc.start()
        try:
            answered(source, context)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak <= MEMORY, (f"{peak / 2**20:.1f} MB", source[:200], len(source))
    return found


__all__ = ["CONTEXTS", "answered", "within_limits"]
