"""Whether web processes and workers have the same settings where they must: links in mail lead nowhere else.

What is kept of a setting is a mark made with the installation's secret: equal or not, and nothing else.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from socket import gethostname

from runtime.base.errors import DougongError, Message
from runtime.store import setups
from runtime.store.database import Database
from runtime.store.setups import Setup

log = logging.getLogger(__name__)
SECRET = "DOUGONG_SECRET_KEY"
#: What every process of an installation must agree about, beside the secret.
NAMES = ("DOUGONG_SMTP_URL", "DOUGONG_MAIL_FROM", "DOUGONG_BASE_URL")
WEB, WORKER = "web", setups.WORKER


def marks(secret: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What is kept of the settings of a process: '' for one that is not set."""

    def mark(name: str, value: str) -> str:
        return hmac.new(secret.encode(), f"{name}={value}".encode(), "sha256").hexdigest()[:32]

    given = {name: environment.get(name, "").strip() for name in NAMES}
    return {SECRET: mark(SECRET, ""), **{name: mark(name, value) if value else "" for name, value in given.items()}}


def note(database: Database, kind: str, secret: str, environment: Mapping[str, str]) -> None:
    """Note with what processes of a kind start on this host. It never keeps them from running."""
    try:
        setups.note(database, Setup(kind, gethostname(), marks(secret, environment)))
    except DougongError as error:
        log.warning("settings are not compared: %r", error)


def gone(database: Database, kind: str) -> None:
    """Processes of a kind have ended on this host."""
    try:
        setups.gone(database, kind, gethostname())
    except DougongError as error:
        log.warning("%r", error)


def differing(database: Database) -> list[Message]:
    """Which settings are not the same everywhere, and where each is another one."""
    found = setups.known(database)
    names = sorted({name for one in found for name in one.marks}, key=lambda name: (name != SECRET, name))
    said: list[Message] = []
    for name in names:
        groups: dict[str, list[str]] = {}
        for one in found:
            groups.setdefault(one.marks.get(name, ""), []).append(f"{one.kind} on {one.host}")
        if len(groups) > 1:
            there = " | ".join(", ".join(group) for group in groups.values())
            said.append(Message(f"{name} differs: {there}", f"{name} 不一致：{there}"))
            if name == SECRET:  # The marks of the others are made with it and tell nothing then.
                break
    return said
