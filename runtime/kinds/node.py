"""The workflow node kind: one step of an approval tree. It never moves an instance itself.

A node says what it does through :class:`At`, the place in a running instance where it stands; the engine's machine
is behind it. A node with ways (branch, parallel) is asked again whenever one of them has come to its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from runtime.base.errors import Message
from runtime.base.kind import Kind


@dataclass(frozen=True)
class Way:
    """One sequence of steps inside of a node: the documents of its steps, and the condition of taking it."""

    nodes: Sequence[Mapping[str, Any]]
    when: str | bool | None = None
    otherwise: bool = False
    label: Any = None
    #: Where the steps stand under the node in its document.
    place: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Loop:
    """What a node asks after each time round, and how often it goes round at most."""

    until: str | bool
    most: int


class At(Protocol):
    """Where a node stands in a running instance, and what it may ask for there."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The node's options as written."""

    @property
    def ways(self) -> Sequence[Way]:
        """The node's ways."""

    def condition(self, source: str | bool) -> bool:
        """Whether a condition holds for the record now."""

    def done(self) -> None:
        """The node is through; what comes after it begins."""

    def failed(self) -> None:
        """The node is rejected; what is around it decides what that means."""

    def choose(self, way: int) -> None:
        """Go on inside of one way."""

    def fork(self, ways: Sequence[int], need: int) -> None:
        """Go on inside of several ways; ``need`` of them must pass."""

    def joined(self, way: int, passed: bool) -> str:
        """Note the end of a way of a fork; gives ``open``, ``passed`` or ``failed`` for the fork as a whole."""

    @property
    def turn(self) -> int:
        """Which time round this is, of a node that goes round."""

    def go_round(self, turn: int) -> None:
        """Begin that time round: inside of the node's one way, from its beginning."""

    def met(self, until: str | bool) -> bool:
        """Whether the condition for going round no more holds now; the answer is noted."""

    def stand(self, why: Message) -> None:
        """Nothing goes on here without an administrator."""

    def hand_out(self) -> None:
        """Find who has to act and give them tasks."""

    def copy(self, *, at_end: bool) -> None:
        """Tell people, now or when the workflow has ended."""

    def perform(self, actions: Sequence[Mapping[str, Any]], on_error: str) -> None:
        """Carry actions out in this transaction, then be done, or as ``on_error`` says."""

    def wait(self, *, until: str | None, length: str | None) -> None:
        """Stand still until a moment, until a condition is true, or for a length of time."""

    def start(self, workflow: str, record: str | None, given: Mapping[str, Any], on_reject: str) -> None:
        """Start another workflow and stand still until it has ended."""


class Node(Kind):
    """One step of a workflow; the key that names the kind stands among its options.

    ``decisions`` are the words with which the holder of one of its tasks ends it well (first) or badly (second);
    without any the node gives nobody a task. ``judges`` is true where people decide about somebody else's wish, so
    that the rules about one's own approval and about the same person twice hold. ``lasting``: it changes something
    that cannot be taken back. ``silent``: nobody is asked and nothing waited for, so that a workflow of such steps
    alone is no request but something that is done at once. ``loops``: its one way is gone through several times.
    """

    family = "node"
    decisions: ClassVar[tuple[str, ...]] = ()
    judges: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    forks: ClassVar[bool] = False
    silent: ClassVar[bool] = False
    loops: ClassVar[bool] = False

    @classmethod
    def ways(cls, options: Mapping[str, Any]) -> Sequence[Way]:
        """The ways inside of the node."""
        return ()

    @classmethod
    def loop(cls, options: Mapping[str, Any]) -> Loop:
        """How it goes round, of a node that ``loops``."""
        raise NotImplementedError

    @classmethod
    def enter(cls, at: At) -> None:
        """The node is reached."""
        raise NotImplementedError

    @classmethod
    def way_ended(cls, at: At, way: int, passed: bool) -> None:
        """One of its ways has come to its end: well, or by a rejection that nothing inside has caught."""
        if passed:
            at.done()
        else:
            at.failed()
