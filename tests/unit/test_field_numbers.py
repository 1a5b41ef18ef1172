"""Numbers, money, durations, scores, numbers given by the system."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as DecimalContext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kinds.field import BadValue, Context, Field
from runtime.kinds.fields.autonumber import Autonumber
from runtime.kinds.fields.duration import Duration
from runtime.kinds.fields.money import Money
from runtime.kinds.fields.number import Number
from runtime.kinds.fields.percent import Percent
from runtime.kinds.fields.rating import Rating
from runtime.kinds.fields.score import Score

EN, ZH = Context(), Context(language="zh")


def read(field: Field, text: str, context: Context = EN) -> Any:
    return field.clean(field.parse(text, context), context)


@pytest.mark.parametrize(
    ("field", "text", "stored"),
    [
        (Number(), "1,234,567.50", "1234567.5"),
        (Number(), "１２３４", "1234"),
        (Number(), "1.2万", "12000"),
        (Number(), "3亿", "300000000"),
        (Number({"unit": "kg"}), "12 kg", "12"),
        (Number(), ".5", "0.5"),
        (Number(), "5.", "5"),
        (Money(), "¥1,234.50", "1234.5"),
        (Money(), "-￥3", "-3"),
        (Money(), "1.5万元", "15000"),
        (Money({"currency": "USD"}), "US$ 20", "20"),
        (Money({"currency": "USD"}), "20 USD", "20"),
        (Percent(), "12.5 %", "12.5"),
        (Percent(), "１２％", "12"),
        (Number(), "12.5 %", "0.125"),
        (Number(), "-１２％", "-0.12"),
        (Number({"unit": "%"}), "12%", "12"),
        (Money(), "7%", "0.07"),
        (Duration(), "2h", "7200"),
        (Duration(), "1.5h", "5400"),
        (Duration(), "1d 2h 3m 4.5s", "93784.5"),
        (Duration(), "1:02:03", "3723"),
        (Duration(), "90", "90"),
    ],
)
def test_reads_what_people_write(field: Field, text: str, stored: str) -> None:
    assert read(field, text) == Decimal(stored)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (Number(), "1,5"),
        (Number(), "1,23,4"),
        (Money(), "$5"),
        (Number(), "万"),
        (Number(), "%"),
        (Number(), "1,5%"),
        (Duration(), "h"),
    ],
)
def test_does_not_guess(field: Field, text: str) -> None:
    with pytest.raises(BadValue):
        read(field, text)


def test_shows() -> None:
    assert Number({"unit": "kg"}).show(Decimal("1234.5"), EN) == "1,234.5 kg"
    assert Money().show(Decimal("-1234.5"), EN) == "-¥1,234.50"
    assert Money({"currency": "JPY"}).show(Decimal(5), EN) == "¥5"
    assert Percent().show(Decimal("12.5"), EN) == "12.5%"
    assert Rating({"max": 3}).show(Decimal(2), EN) == "★★☆"
    assert Duration().show(Decimal(5400), ZH) == "1小时30分"
    assert Duration().show(Decimal("-0.5"), EN) == "-0.5s"
    bands = {"bands": [{"from": 0, "en": "Cold"}, {"from": 80, "en": "Hot", "zh": "热"}]}
    assert [Score(bands).show(Decimal(value), ZH) for value in (79, 80)] == ["79 Cold", "80 热"]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**22) + 1, max_value=10**22 - 1, places=16))
def test_numbers_are_exact(number: Decimal) -> None:
    stored = Number().clean(number, EN)
    assert stored == number
    assert "E" not in str(stored) or stored == stored.to_integral_value() or abs(stored) < 1
    assert read(Number(), Number().text(stored, EN)) == stored


def test_wrong_bounds_are_reported() -> None:
    for field in (Number({"min": 2, "max": 1}), Score({"bands": [{"from": 5}, {"from": 5}]}), Score({"min": 200})):
        assert list(field.check())


def test_autonumber() -> None:
    day = datetime.date(2026, 3, 4)
    field = Autonumber({"pattern": "QT-{YYYY}{MM}-{0000}", "gap_free": True})
    assert (field.number(7, day), field.period(day), field.gap_free()) == ("QT-202603-0007", "2026-03", True)
    assert field.number(12345, day) == "QT-202603-12345"
    assert Autonumber({"pattern": "{YY}/{MM}/{DD}-{0}"}).number(3, day) == "26/03/04-3"
    assert Autonumber({"pattern": "{YY}-{0}", "start": 100}).number(1, day) == "26-100"
    assert [Autonumber({"pattern": one}).period(day) for one in ("{0}", "{YY}{0}", "{YYYY}{MM}{DD}{0}")] == [
        "", "2026", "2026-03-04",
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["QT", "{0}{0}", "{MM}-{0}", "{YYYY}{DD}{0}", "{XX}{0}", "{0", "{yyyy}{0}"])
def test_wrong_patterns_are_reported(pattern: str) -> None:
    assert Autonumber({"pattern": pattern}).check()


@given(
    st.one_of(
        st.decimals(-(10**22), 10**22, allow_nan=False, allow_infinity=False),
        st.floats(-1e21, 1e21),
        st.from_regex(r"\A[+-]?[0-9]{1,12}(\.[0-9]{0,18})?\Z"),
    ),
    st.sampled_from([0, 2, 16]),
)
def test_a_number_is_kept_in_one_form_however_it_comes(raw: Any, scale: int) -> None:
    """The way for what is in that form already gives what the way for everything else gives."""
    exact = Decimal(repr(raw) if isinstance(raw, float) else raw)
    try:
        kept = Number({"scale": scale}).clean(raw, EN)
    except BadValue as error:
        assert error.code in ("out_of_range", "not_a_number"), (raw, error.code)
        assert abs(exact) >= 10**22 or error.code == "not_a_number"
        return
    assert kept is not None
    text = format(kept, "f")
    assert kept == exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=DecimalContext(prec=60))
    assert text != "-0" and not ("." in text and text.endswith("0"))
