"""Tasks that stand at no node: what they do not take answers with what they do."""

from __future__ import annotations

import pytest

from runtime.base.errors import DougongError, Invalid
from tests.flow.world import Play

FLOW = "nodes: [{approve: boss, who: {user: wang}}]"


@pytest.mark.parametrize("command", ["return", "agree", "reject", "transfer", "add_sign", "rebase", "discard"])
def test_a_returned_one_is_submitted(command: str) -> None:
    play = Play(FLOW).start()
    play.do("return", "wang", play.task("wang").id, to="start", comment="mend")
    with pytest.raises(DougongError):
        play.do(command, "li", play.task("li").id, to="start", comment="x", people=["zhao"], kind="before")
    play.do("submit", "li", play.task("li").id)
    assert play.task("wang").state == "open"


def test_a_conflict_is_rebased_or_discarded() -> None:
    play = Play(FLOW, conflict="moved")
    play.start(kind="proposal")
    play.do("agree", "wang", play.task("wang").id)
    task = play.task("li")
    assert (task.kind, play.state.state) == ("conflict", "running")
    with pytest.raises(Invalid, match="rebase, discard"):
        play.do("agree", "li", task.id)
    play.do("rebase", "li", task.id)
    play.do("agree", "wang", play.task("wang").id)
    assert play.state.state == "approved"


def test_a_conflict_is_discarded() -> None:
    play = Play(FLOW, conflict="moved")
    play.start(kind="proposal")
    play.do("agree", "wang", play.task("wang").id)
    play.do("discard", "li", play.task("li").id)
    assert play.state.state == "withdrawn"
