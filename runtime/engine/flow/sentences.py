"""Sentences as events keep them."""

from __future__ import annotations

from runtime.base.errors import Message

#: How an instance has ended, in Chinese.
ENDS = {"approved": "已通过", "rejected": "已驳回", "withdrawn": "已撤回", "terminated": "已终止", "revoked": "已撤销"}


def kept(said: Message | str | None) -> dict[str, str] | str | None:
    """A sentence as events keep it: in both languages."""
    return said.json() if isinstance(said, Message) else said
