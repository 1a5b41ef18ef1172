"""Questions that are asked ahead: their answers come along, are given once, and cannot spoil another one."""

from __future__ import annotations

import psycopg
import pytest

from runtime.base.sqltext import Sql
from runtime.store.ahead import Ahead
from runtime.store.database import Database, Question
from tests.conftest import Shop

ONE, TWO = Question(Sql("SELECT 1")), Question(Sql("SELECT %s::int", (2,)))
WRONG = Question(Sql("SELECT 1 / %s::int", (0,)))


@pytest.fixture
def ways(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each way to the database and back."""
    found: list[int] = []
    usual = Database.retrying
    monkeypatch.setattr(Database, "retrying", lambda self, work: (found.append(1), usual(self, work))[1])
    return found


def test_what_was_noted_comes_along_with_the_next_question(shop: Shop, ways: list[int]) -> None:
    ahead = Ahead(shop.database)
    ahead.note([TWO])
    assert not ways, "noting asks nothing"
    assert ahead.ask(ONE) == [(1,)] and len(ways) == 1
    assert ahead.ask(TWO) == [(2,)] and len(ways) == 1
    assert ahead.ask(TWO) == [(2,)] and len(ways) == 2, "an answer is given once: the next one is read anew"


def test_the_same_text_with_other_values_is_another_question(shop: Shop, ways: list[int]) -> None:
    ahead = Ahead(shop.database)
    ahead.note([TWO])
    ahead.ask(ONE)
    assert ahead.ask(Question(Sql("SELECT %s::int", (3,)))) == [(3,)]
    assert ahead.ask(TWO) == [(2,)] and len(ways) == 2


def test_several_questions_take_what_is_there_and_read_the_rest(shop: Shop, ways: list[int]) -> None:
    ahead = Ahead(shop.database)
    ahead.note([ONE])
    three = Question(Sql("SELECT 3"))
    assert ahead.batch([TWO, three]) == [[(2,)], [(3,)]] and len(ways) == 1
    four = Question(Sql("SELECT 4"))
    assert ahead.batch([four, ONE]) == [[(4,)], [(1,)]] and len(ways) == 2
    assert ahead.batch([]) == [] and len(ways) == 2


def test_a_noted_question_that_fails_spoils_nothing_but_itself(shop: Shop) -> None:
    ahead = Ahead(shop.database)
    ahead.note([WRONG, TWO])
    assert ahead.ask(ONE) == [(1,)]
    assert ahead.ask(TWO) == [(2,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        ahead.ask(WRONG)


def test_a_write_that_carries_a_failing_question_happens_once(shop: Shop) -> None:
    shop.database.rows(Sql("CREATE TABLE public.ahead_once (at int)"))
    try:
        ahead = Ahead(shop.database)
        ahead.note([WRONG])
        ahead.rows(Sql("INSERT INTO public.ahead_once VALUES (1) RETURNING at"))
        assert shop.database.rows(Sql("SELECT count(*) FROM public.ahead_once")) == [(1,)]
    finally:
        shop.database.rows(Sql("DROP TABLE public.ahead_once"))
