"""The front door of the room: from the text of a formula to something the back ends can run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.formula.check import CONTEXT_WORDS, Checker, Reported
from runtime.formula.diagnostics import ERROR, Diagnostic, Refused, make
from runtime.formula.parse import parse
from runtime.formula.scope import Scope, Slot
from runtime.formula.tree import IR_VERSION, Node, canonical_json, digest, parts, slot_json, to_json
from runtime.formula.types import NULL, Type

log = logging.getLogger(__name__)
MAX_NODES = 500
CONTEXTS = tuple(CONTEXT_WORDS)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A checked formula. With errors ``ok`` is False and ``ir`` None.

    ``slots`` are the inputs whose values the caller gives, in order; values of the environment are not among
    them, ``env`` names those. ``inner`` holds for each slot of rows (type children) the inputs of one row.
    ``deps`` names every (object, member) the result depends on. ``local``: nothing but own fields and the
    environment is needed. ``volatile``: the result may change although no record does.
    """

    source: str
    context: str
    diagnostics: tuple[Diagnostic, ...]
    type: Type = NULL
    nullable: bool = True
    volatile: bool = False
    ir: Node | None = None
    hash: str = ""
    slots: tuple[Slot, ...] = ()
    inner: Mapping[int, tuple[Slot, ...]] = field(default_factory=dict)
    env: tuple[tuple[str, ...], ...] = ()
    deps: frozenset[tuple[str, str]] = frozenset()
    has_aggregates: bool = False
    local: bool = True

    @property
    def ok(self) -> bool:
        """True when there is no error; warnings do not count."""
        return self.ir is not None

    def to_json(self) -> dict[str, Any]:
        """The intermediate form with all a back end elsewhere needs; JSON data."""
        return {
            "ir_version": IR_VERSION,
            "hash": self.hash,
            "volatile": self.volatile,
            "slots": [slot_json(slot) for slot in self.slots],
            "inner": {str(i): [slot_json(slot) for slot in group] for i, group in self.inner.items()},
            "deps": sorted(map(list, self.deps)),
            "body": to_json(self.ir) if self.ir is not None else None,
        }

    def json_text(self) -> str:
        """The same as canonical JSON text."""
        return canonical_json(self.to_json())


def compile(
    source: str, scope: Scope, *, expected: Type | None = None, context: str = "computed", blank: str = "zero",
    nullable: bool = True,
) -> Compiled:  # fmt: skip
    """Checks ``source`` in ``scope``. What is wrong with the text comes back as diagnostics, never as an
    exception; a wrong ``context`` or ``blank`` is a programmer's error and raises ValueError. ``nullable=False``
    warns when the result may be blank.
    """
    if context not in CONTEXTS or blank not in ("zero", "null"):
        raise ValueError(f"no such context or blank rule: {context!r}, {blank!r}")
    checker = Checker(scope, context, blank)
    body: Node | None = None
    try:
        node = checker.attempt(parse(source))
        if node is not None:
            _count(node, len(source))
            body = checker.result(node, expected)
            if body.nul and not nullable:
                checker.report("W_NULLABLE_RESULT", (0, len(source)))
            _count(body, len(source))
    except Refused as error:
        checker.diagnostics.append(error.diagnostic)
    except Reported:
        pass
    except Exception:
        log.exception("checking a formula failed inside")
        checker.diagnostics.append(make("E_INTERNAL", (0, len(source))))
    if body is None and not checker.diagnostics:
        log.error("a formula is refused without a reason: %r", source)
        checker.diagnostics.append(make("E_INTERNAL", (0, len(source))))
    failed = any(d.severity == ERROR for d in checker.diagnostics)
    diagnostics = tuple(sorted(checker.diagnostics, key=lambda d: (d.start, d.end, d.code)))
    if failed or body is None:
        return Compiled(source, context, diagnostics)
    return _compiled(source, checker, body, expected, diagnostics)


def _compiled(
    source: str, checker: Checker, body: Node, expected: Type | None, diagnostics: tuple[Diagnostic, ...]
) -> Compiled:
    slots = tuple(checker.top.slots)
    inner = {index: tuple(frame.slots) for index, frame in checker.inner.items()}
    local = not inner and all(slot.kind != "field" or len(slot.path) == 1 for slot in slots)
    result = body.t
    if expected is not None and expected.name != "number":
        result = expected
    return Compiled(
        source=source,
        context=checker.context,
        diagnostics=diagnostics,
        type=result,
        nullable=body.nul or body.t.name == "null",
        volatile=checker.volatile,
        ir=body,
        hash=digest(body, slots, inner),
        slots=slots,
        inner=inner,
        env=tuple(checker.env),
        deps=frozenset(checker.deps),
        has_aggregates=checker.aggregates > 0,
        local=local,
    )


def _count(root: Node, length: int) -> None:
    """Refuses too many nodes; shared parts count each time, so the count itself must stop early."""
    seen, stack = 0, [root]
    while stack:
        node = stack.pop()
        seen += 1
        if seen > MAX_NODES:
            raise Refused(make("E_LIMIT_NODES", (0, length), {"max": MAX_NODES}))
        stack.extend(parts(node))
