"""How a function of the formula language is declared: once, with all its back ends, help and examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runtime.base.sqltext import Sql
from runtime.formula.types import BOOL, DATE, DATETIME, DURATION, NUMBER, TEXT, TEXT_LIST, Type

if TYPE_CHECKING:
    from runtime.formula.env import Env
    from runtime.formula.tree import Node

TYPES: dict[str, Type] = {
    "n": NUMBER,
    "t": TEXT,
    "b": BOOL,
    "d": DATE,
    "day": DATE,
    "dt": DATETIME,
    "dur": DURATION,
    "L": TEXT_LIST,
}
SqlMaker = Callable[[Sequence[Sql], "Env"], Sql]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``code``: ``n t b d dt dur L x`` or ``day`` (a date, or a datetime's local date).
    ``const``: only a literal will do. ``many``: may be repeated.
    """

    name: str
    code: str
    const: bool = False
    default: str | None = None
    many: bool = False


@dataclass(frozen=True, slots=True)
class Impl:
    """One primitive: what back ends implement. ``strict``: a null argument gives null (for text, the empty
    text, and so on). ``faults``: may be null although no argument is; ``code`` says why. ``env``: Python
    gets the environment first. ``edge``: null only at the very edge of the number range or the calendar, which
    does not count as a fault of the operand (else HOUR(blank) + 1 would differ from YEAR(blank) + 1).
    ``sql``: a template with ``{}`` per argument, or a function. ``bounds``: whole and fraction digits of a
    number result. ``lean``: a shorter template that says the same for such arguments, None where there is none.
    """

    key: str
    params: tuple[Param, ...]
    result: str
    python: Callable[..., Any]
    sql: str | SqlMaker
    strict: bool = True
    faults: bool | Callable[[Sequence[Node]], bool] = False
    edge: bool | Callable[[Sequence[Node]], bool] = False
    env: bool = False
    code: str = "FAULT"
    bounds: Callable[[Sequence[Node]], tuple[int, int]] | tuple[int, int] | None = None
    lean: Callable[[Sequence[Node]], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A name users may write. ``rule`` names the checker's special treatment, if any; otherwise the first of
    ``impls`` that fits the arguments is taken. ``browser`` is its name there, "" when only the server can say.
    """

    name: str
    group: str
    signature: str
    help: Mapping[str, str]
    examples: tuple[tuple[str, str | None], ...]
    impls: tuple[Impl, ...] = ()
    rule: str = ""
    aliases: tuple[str, ...] = ()
    volatile: bool = False
    arity: tuple[int, int] = (0, 64)
    browser: str = ""
    contexts: tuple[str, ...] = field(default=())


def params(spec: str) -> tuple[Param, ...]:
    """Parameters from ``"value:n digits:n=0 unit:t! more:n…"``."""
    found = []
    for word in spec.split():
        name, _, code = word.partition(":")
        code, equals, default = code.partition("=")
        many = code.endswith("…")
        code = code.removesuffix("…")
        const = code.endswith("!")
        found.append(Param(name, code.removesuffix("!"), const, default if equals else None, many))
    return tuple(found)


def impl(
    key: str,
    spec: str,
    result: str,
    python: Callable[..., Any],
    sql: str | SqlMaker,
    **more: Any,
) -> Impl:
    """A primitive, its parameters written as in :func:`params`."""
    return Impl(key, params(spec), result, python, sql, **more)


def function(
    name: str,
    group: str,
    english: str,
    chinese: str,
    examples: Sequence[tuple[str, str | None]],
    *impls: Impl,
    signature: str = "",
    **more: Any,
) -> Function:
    """A function; signature, arity and browser name follow from its primitives unless given."""
    if impls and not signature:
        signature = f"{name}({', '.join(_shown(p) for p in impls[0].params)})"
    if impls and "arity" not in more:
        low = min(sum(1 for p in i.params if p.default is None and not p.many) for i in impls)
        high = max(64 if any(p.many for p in i.params) else len(i.params) for i in impls)
        more["arity"] = (low, high)
    more.setdefault("browser", name)
    return Function(
        name, group, signature or f"{name}()", {"en": english, "zh": chinese}, tuple(examples), tuple(impls), **more
    )


def _shown(param: Param) -> str:
    text = param.name + ("…" if param.many else "")
    return f"{text} = {param.default}" if param.default is not None else text


def default_value(param: Param) -> Any:
    """The literal a missing argument stands for."""
    assert param.default is not None
    return Decimal(param.default) if param.code == "n" else param.default.replace("␠", " ")
