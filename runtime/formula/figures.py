"""Numbers in Python: what the number functions compute, always through explicit decimal contexts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from runtime.formula.values import BIG, CTX, DOWN, LIMIT, MINUS_LIMIT, ONE, ZERO, divide, norm, whole

if TYPE_CHECKING:
    pass

DIGITS = "零壹贰叁肆伍陆柒捌玖"


PLACES = ("", "拾", "佰", "仟")


TWELVE = Decimal("1e-12")


QUANTA = {Decimal(places): Decimal((0, (1,), -places)) for places in range(-15, 17)}


def round(mode: str) -> Callable[..., Decimal | None]:
    def rounded(x: Decimal, k: Decimal) -> Decimal | None:
        quantum = QUANTA.get(k)
        if quantum is None:
            quantum = QUANTA.get(Decimal(whole(k)))
            if quantum is None:
                return None
        y = x.quantize(quantum, mode, CTX)
        return y if MINUS_LIMIT < y < LIMIT else None

    return rounded


def floor(x: Decimal) -> Decimal | None:
    return norm(x.to_integral_value(ROUND_FLOOR, CTX))


def step(mode: str) -> Callable[..., Decimal | None]:
    def stepped(x: Decimal, step: Decimal) -> Decimal | None:
        size = step.copy_abs()
        if not size:
            return None
        return norm(CTX.multiply(whole_steps(x, size, mode), size))

    return stepped


def whole_steps(x: Decimal, size: Decimal, mode: str) -> Decimal:
    """How many whole steps, decided exactly: by the remainder, not by a rounded quotient."""
    count = CTX.divide_int(x, size)
    rest = CTX.subtract(x, CTX.multiply(count, size))
    if not rest:
        return count
    away = ONE if rest > 0 else ONE.copy_negate()
    if mode == ROUND_HALF_UP:
        return CTX.add(count, away) if CTX.add(rest, rest).copy_abs() >= size else count
    if mode == ROUND_CEILING:
        return CTX.add(count, ONE) if rest > 0 else count
    return CTX.subtract(count, ONE) if rest < 0 else count


def mod(a: Decimal, b: Decimal) -> Decimal | None:
    if not b:
        return None
    rest = CTX.remainder(a, b)
    if rest and (rest < 0) != (b < 0):
        rest = CTX.add(rest, b)
    return norm(rest)


def quotient(a: Decimal, b: Decimal) -> Decimal | None:
    return norm(CTX.divide_int(a, b)) if b else None


def power(x: Decimal, k: Decimal) -> Decimal | None:
    n = whole(k)
    if k != n or abs(n) > 64 or (not x and n <= 0):
        return None
    product = ONE
    for _ in range(abs(n)):
        product = BIG.multiply(product, x)
    return norm(product) if n >= 0 else norm(DOWN.divide(ONE, product))


def sqrt(x: Decimal) -> Decimal | None:
    return None if x < 0 else CTX.sqrt(x).quantize(TWELVE, context=CTX)


def sum(*values: Decimal | None) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is not None:
            total = CTX.add(total, value)
    return norm(total)


def avg(*values: Decimal | None) -> Decimal | None:
    total, count = ZERO, 0
    for value in values:
        if value is not None:
            total, count = CTX.add(total, value), count + 1
    return divide(total, Decimal(count))


def product(*values: Decimal | None) -> Decimal | None:
    found = [value for value in values if value is not None]
    product = ONE
    for value in found:
        product = BIG.multiply(product, value)
    return norm(product) if found else None


def least(*values: object) -> object:
    found = [value for value in values if value is not None]
    return min(found) if found else None  # type: ignore[type-var]


def greatest(*values: object) -> object:
    found = [value for value in values if value is not None]
    return max(found) if found else None  # type: ignore[type-var]


def group(n: int) -> str:
    """Four digits in capital figures, without leading 零."""
    out, gap = "", False
    for place in (3, 2, 1, 0):
        digit = n // 10**place % 10
        if digit:
            out += ("零" if gap and out else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = True
    return out


def below_yi2(n: int) -> str:
    """A number below 10^8 in capital figures."""
    high, low = divmod(n, 10_000)
    if not high:
        return group(low)
    text = group(high) + "万"
    if low:
        text += ("零" if low < 1_000 else "") + group(low)
    return text


def rmbcap(x: Decimal | None) -> str:
    if x is None or x < 0:
        return ""
    cents = int(CTX.multiply(x, Decimal(100)).to_integral_value(ROUND_HALF_UP, CTX))
    yuan, rest = divmod(cents, 100)
    if yuan >= 10**16:
        return ""
    jiao, fen = divmod(rest, 10)
    high, low = divmod(yuan, 10**8)
    text = below_yi2(high) + "亿" if high else ""
    if low:
        text += ("零" if high and low < 10**7 else "") + below_yi2(low)
    if yuan:
        text += "元"
    if not rest:
        return text + "整" if yuan else "零元整"
    if jiao:
        text += DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (DIGITS[fen] + "分" if fen else "")
