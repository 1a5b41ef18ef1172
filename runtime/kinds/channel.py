"""The channel kind: a way on which a notification reaches people. It says how a letter is carried, not when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from runtime.base.kind import Kind


class Undeliverable(Exception):
    """A letter did not get through. ``final``: it never will, so nobody tries again."""

    def __init__(self, why: str, *, final: bool) -> None:
        super().__init__(why)
        self.final = final


@dataclass(frozen=True)
class Letter:
    """One message for one person. ``id`` is the same whenever it is sent again, so that a receiver can know it."""

    id: str
    to: str
    name: str
    subject: str
    text: str
    html: str
    language: str


class Carrier(Protocol):
    """What carries letters, open for as long as there are some."""

    def send(self, letter: Letter) -> None:
        """Hand a letter over. Raises Undeliverable."""

    def close(self) -> None:
        """There are no more."""


class Channel(Kind):
    """A way on which a notification reaches people."""

    family = "channel"

    #: Whether what comes on this way reaches its reader and nobody beside him: only then may it open an account.
    private: ClassVar[bool] = False

    @classmethod
    def carrier(cls, environment: Mapping[str, str]) -> Carrier | None:
        """What carries letters on this way, as the installation is set up; None where it is not.

        Raises ValueError when the settings cannot be understood.
        """
        return None

    @classmethod
    def address(cls, email: str | None) -> str | None:
        """Where somebody is reached on this way; None when nowhere."""
        return None
