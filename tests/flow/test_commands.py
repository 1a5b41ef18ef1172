"""Commands whose bounds the specification names: how long a decision may be taken back, whom a copy goes to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runtime.base.errors import Conflict, Invalid
from tests.flow.test_scenarios import play, steps


def test_how_long_a_decision_may_be_taken_back() -> None:
    for given, minutes, late in (({}, 10, 11), ({"retrieve": "2h"}, 119, 121), ({"retrieve": "1m"}, 1, 2)):
        p = play(*steps("wang", "zhao"), start={"allow": given}).start().says("wang", "agree")
        p.now += timedelta(minutes=minutes)
        p.do("retrieve", "wang")
        assert p.open() == ["wang"], given
        p = play(*steps("wang", "zhao"), start={"allow": given}).start().says("wang", "agree")
        p.now += timedelta(minutes=late)
        with pytest.raises(Conflict):
            p.do("retrieve", "wang")
    p = play(*steps("wang", "zhao"), start={"allow": {"retrieve": "0m"}}).start().says("wang", "agree")
    with pytest.raises(Conflict):
        p.do("retrieve", "wang")


def test_a_copy_goes_to_somebody() -> None:
    p = play(*steps("wang")).start()
    for people in ([], ["nobody"], ["wang", "nobody"], None):
        with pytest.raises(Invalid):
            p.do("copy", "wang", people=people)
    assert not p.state.copies
    p.do("copy", "wang", people=["zhao", "zhao"])
    assert list(p.state.copies) == ["zhao"]
