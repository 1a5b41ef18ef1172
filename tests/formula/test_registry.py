"""Every function is declared once and completely, and the helpers behind it hold their own rules."""

from __future__ import annotations

import datetime as dt
import random
import re
import threading
from decimal import Decimal

import nodejs
import pytest
from world import ENV, world

from runtime.formula import pattern
from runtime.formula.calendar import Calendar, networkdays, workday
from runtime.formula.calls import RULES
from runtime.formula.compiler import compile
from runtime.formula.evaluate import prepare
from runtime.formula.functions.registry import FUNCTIONS, IMPLS, NAMES
from runtime.formula.prelude import sql as prelude

SERVER_ONLY = {"LOOKUP"}
WITHOUT_EXAMPLES = {"TODAY", "NOW", "USER", "ISNEW", "ISCHANGED", "OLD", "RECORDID"}


def test_there_are_a_hundred_names() -> None:
    assert len(FUNCTIONS) >= 100
    assert {"AVERAGE", "DATEDIFF"} <= NAMES.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_declarations_are_complete(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.help["en"].endswith(".") and function.help["zh"].endswith(("。", "）"))
    assert any("\u4e00" <= ch <= "\u9fff" for ch in function.help["zh"])
    assert function.signature and (function.browser or function.name in SERVER_ONLY)
    assert function.examples or name in WITHOUT_EXAMPLES
    assert function.impls or function.rule
    assert not function.rule or function.rule in RULES or function.rule == "user"


def test_the_browser_knows_the_same_primitives(engine: nodejs.Engine) -> None:
    """Same names, same null rule: what the browser lacks, a form could not show."""
    assert engine.ask({"about": True}) == {key: impl.strict for key, impl in IMPLS.items()}


def test_sql_helpers_exist() -> None:
    text = prelude()
    for impl in IMPLS.values():
        if isinstance(impl.sql, str):
            for helper in re.findall(r"fx\.(\w+)", impl.sql):
                assert f"FUNCTION fx.{helper}(" in text, helper


def test_patterns_find_what_python_finds() -> None:
    rng = random.Random(3)
    atoms = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab|ba)", "^", "$", "\\d", "x"]
    for _ in range(3000):
        text = "".join(rng.choice("abx1") for _ in range(rng.randint(0, 8)))
        source = ""
        for _part in range(rng.randint(1, 5)):
            atom = rng.choice(atoms)
            source += atom + ("" if atom in "^$" else rng.choice(["", "", "?", "*", "+", "{2}", "{1,2}"]))
        expected = re.search(source.replace("$", r"\Z"), text, re.DOTALL | re.ASCII) is not None
        assert pattern.matches(text, source) == expected, (source, text)


def test_patterns_cannot_run_away() -> None:
    worst = "a*" * 90 + "b"
    assert not pattern.matches("a" * 1000, worst)


def test_networkdays_by_counting() -> None:
    rng = random.Random(9)
    base = dt.date(2026, 1, 1)
    for _ in range(60):
        days = [base + dt.timedelta(days=rng.randint(0, 120)) for _ in range(10)]
        cal = Calendar(holidays=frozenset(days[:6]), workdays={day: rng.randint(0, 6) for day in days[6:]})
        a, b = sorted(
            (base + dt.timedelta(days=rng.randint(-10, 140)), base + dt.timedelta(days=rng.randint(-10, 140)))
        )
        counted = sum(cal.is_workday(a + dt.timedelta(days=i)) for i in range((b - a).days + 1))
        assert networkdays(cal, a, b) == counted
        assert networkdays(cal, b, a) == (-counted if a != b else counted)
        n = rng.randint(1, 40)
        found = workday(cal, a, n)
        assert found is not None
        assert networkdays(cal, a + dt.timedelta(days=1), found) == n and cal.is_workday(found)


def test_threads_share_a_prepared_formula() -> None:
    prepared = prepare(compile("IF(a > 10, ROUND(a * 0.1, 2), SUM(lines, qty * PARENT.a))", world()))
    wrong: list[object] = []

    def work(n: int) -> None:
        for _ in range(300):
            result = prepared.value([Decimal(n), ((Decimal(2),),)], ENV)
            if result != (Decimal(n).scaleb(-1) if n > 10 else Decimal(2 * n)):
                wrong.append((n, result))

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 5, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
