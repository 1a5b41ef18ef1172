"""The Python back end: the intermediate form run by simpleeval, in its narrowest configuration.

simpleeval never sees text of a user: the syntax tree it walks is built here from checked nodes. Nothing
here raises for any formula or value; a fault gives null.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from runtime.formula.compiler import Compiled
from runtime.formula.env import Env
from runtime.formula.lower import BLANK_VALUES, lower
from runtime.formula.rows import Rows, Spec, summarise
from runtime.formula.scope import Slot
from runtime.formula.simple import SAFE_TYPES, FormulaEval, State, functions, operators
from runtime.formula.tree import Agg, Node, walk
from runtime.formula.values import ZERO, Items, canonical

__all__ = ["Env", "FormulaEval", "Prepared", "Rows", "canonical", "prepare"]

log = logging.getLogger(__name__)
CACHE_SIZE = 2_000
MAX_VISITS = 1_000_000


class _Run:
    """One thread's evaluator of one formula."""

    def __init__(self, compiled: Compiled) -> None:
        assert compiled.ir is not None
        self.state = State()
        self.slots = compiled.slots
        self.inner = compiled.inner
        lowered = lower(compiled.ir)
        known = functions(walk(compiled.ir), lowered, self.state)
        for number, agg in enumerate(lowered.aggregates):
            known[f"agg{number}"] = self._aggregate(agg)
        self.tree = lowered.tree
        self.eval = FormulaEval(operators(self.state), known)
        self.env_names = lowered.env
        self.plain, self.wrapped = _plan(compiled.slots, "s", lowered.zeroes)

    def load(self, values: Sequence[Any], env: Env) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for name, index, blank in self.plain:
            value = values[index]
            names[name] = blank if value is None else value
        for name, index, wrap in self.wrapped:
            names[name] = wrap(values[index])
        for name, path in self.env_names:
            value = env.value(path)
            names[name] = Items(value) if isinstance(value, tuple) else value
        return names

    def value(self, values: Sequence[Any], env: Env, faults: list[str] | None) -> Any:
        state = self.state
        state.env, state.faults = env, faults
        names = self.load(values, env)
        self.eval.names = state.names = names
        return self.eval.eval("", self.tree)

    def _part(self, node: Node | None, slots: tuple[Slot, ...]) -> Callable[[Sequence[Any]], Any] | None:
        """An evaluator of one inner expression over a row's values."""
        if node is None:
            return None
        lowered = lower(node)
        inner = FormulaEval(operators(self.state), functions(walk(node), lowered, self.state))
        plain, wrapped = _plan(slots, "s", lowered.zeroes)
        parents = [(name, f"s{name[1:]}", name[0] == "y") for name in lowered.parents]
        env_names = lowered.env

        def run(row: Sequence[Any]) -> Any:
            names: dict[str, Any] = {}
            for name, index, blank in plain:
                value = row[index]
                names[name] = blank if value is None else value
            for name, index, wrap in wrapped:
                names[name] = wrap(row[index])
            for name, outer, zeroed in parents:
                value = self.state.names.get(outer)
                names[name] = ZERO if zeroed and value is None else value
            for name, path in env_names:
                value = self.state.env.value(path)
                names[name] = Items(value) if isinstance(value, tuple) else value
            inner.names = names
            return inner.eval("", lowered.tree)

        return run

    def _aggregate(self, agg: Agg) -> Callable[[Any], Any]:
        slots = self.inner[agg.rows] if agg.rows >= 0 else self.slots
        spec = Spec(
            agg,
            self._part(agg.value, slots),
            self._part(agg.where, slots),
            self._part(agg.order, slots),
            max(1, sum(1 for _ in walk(agg))),
        )

        def run(rows: Any) -> Any:
            if len(rows.rows) * spec.nodes > MAX_VISITS:
                self.state.note("TOO_MANY_ROWS")
                return BLANK_VALUES.get(agg.t.name) if agg.t.name in ("text", "bool", "list") else None
            return summarise(spec, rows.rows, self.state.note)

        return run


def _plain(value: Any) -> Any:
    """A value of a near type as the contract has it: whole numbers as Decimal, UUIDs as text."""
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (list, tuple)) and not all(type(item) in SAFE_TYPES for item in value):
        return tuple(_plain(item) for item in value)
    if isinstance(value, Rows):
        return Rows([_plain(row) for row in value.rows])
    return value


def _rows(value: Any) -> Rows:
    return value if isinstance(value, Rows) else Rows(value or ())


def _items(value: Any) -> Items:
    return value if isinstance(value, Items) else Items(tuple(value or ()))


def _plan(
    slots: Sequence[Slot], prefix: str, zeroes: frozenset[str]
) -> tuple[list[tuple[str, int, Any]], list[tuple[str, int, Callable[[Any], Any]]]]:
    """How values become names: plain ones with their blank, lists and rows through a wrapper."""
    plain: list[tuple[str, int, Any]] = []
    wrapped: list[tuple[str, int, Callable[[Any], Any]]] = []
    for index, slot in enumerate(slots):
        name, kind = f"{prefix}{index}", slot.type.name
        if kind == "children":
            wrapped.append((name, index, _rows))
        elif kind == "list":
            wrapped.append((name, index, _items))
        else:
            plain.append((name, index, {"text": "", "bool": False}.get(kind)))
            if f"z{index}" in zeroes:
                plain.append((f"z{index}", index, ZERO))
    return plain, wrapped


class _Threads(threading.local):
    """Per thread, and therefore without __slots__: slots of a ``local`` are shared between threads."""

    run: _Run | None = None


class Prepared:
    """A formula ready to be evaluated many times, by any number of threads."""

    def __init__(self, compiled: Compiled) -> None:
        if compiled.ir is None:
            raise ValueError("a formula with errors cannot be prepared")
        self.compiled = compiled
        self._threads = _Threads()

    def value(self, values: Sequence[Any], env: Env, faults: list[str] | None = None) -> Any:
        """The result for one record: ``values`` per slot in order, None where blank. Codes of faults are
        added to ``faults``. Never raises; an internal error gives null, INTERNAL and a log entry.
        """
        try:
            return self._value(values, env, faults)
        except Exception:
            plain = [_plain(value) for value in values]
            if any(a is not b for a, b in zip(plain, values, strict=True)):
                return self.value(plain, env, faults)
            log.exception("formula %s failed inside", self.compiled.hash)
            if faults is not None:
                faults.append("INTERNAL")
            blank = BLANK_VALUES.get(self.compiled.type.name) if not self.compiled.nullable else None
            return blank.items if isinstance(blank, Items) else blank

    def _value(self, values: Sequence[Any], env: Env, faults: list[str] | None) -> Any:
        run = self._threads.run
        if run is None:
            run = self._threads.run = _Run(self.compiled)
        result = run.value(values, env, faults)
        return result.items if type(result) is Items else result

    def measure(self, rows: Iterable[Sequence[Any]], env: Env, faults: list[str] | None = None) -> Any:
        """The result of a measure over ``rows`` of slot values."""
        run = self._threads.run = self._threads.run or _Run(self.compiled)
        try:
            run.state.env, run.state.faults = env, faults
            names = {name: env.value(path) for name, path in run.env_names}
            run.eval.names = run.state.names = {**names, "set": Rows(rows)}
            return run.eval.eval("", run.tree)
        except Exception:
            log.exception("measure %s failed inside", self.compiled.hash)
            if faults is not None:
                faults.append("INTERNAL")
            return None


_cache: OrderedDict[str, Prepared] = OrderedDict()
_lock = threading.Lock()


def prepare(compiled: Compiled) -> Prepared:
    """The evaluator of a formula, kept by content hash; raises ValueError for one with errors."""
    with _lock:
        found = _cache.get(compiled.hash)
        if found is not None and compiled.ok:
            _cache.move_to_end(compiled.hash)
            return found
    prepared = Prepared(compiled)
    with _lock:
        _cache[compiled.hash] = prepared
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return prepared
