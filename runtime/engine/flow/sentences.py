"""Sentences as events keep them."""

from __future__ import annotations

from runtime.base.errors import Message


def kept(said: Message | str | None) -> dict[str, str] | str | None:
    """A sentence as events keep it: in both languages."""
    return said.json() if isinstance(said, Message) else said
