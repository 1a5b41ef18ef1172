"""How the core refuses what a rule forbids."""

from __future__ import annotations

from runtime.base.errors import Invalid, Message, Problem


def wrong(code: str, en: str, zh: str, field: str | None = None) -> Invalid:
    """A refusal with one reason."""
    return Invalid(problems=[Problem(code, Message(en, zh), field=field)])
