"""The channel kind: a way on which notifications reach people. It never sends itself."""

from __future__ import annotations

from runtime.base.kind import Kind


class Channel(Kind):
    """A way on which a notification reaches people."""

    family = "channel"
