"""The view kind: how many records are looked at. It never reads records itself."""

from __future__ import annotations

from typing import ClassVar

from runtime.base.kind import Kind


class View(Kind):
    """A way to look at the records of an object, picked by `type` in a view's document."""

    family = "view"

    #: How its page looks: a name of the pages' looks; an unknown one falls back to a list.
    look: ClassVar[str] = "list"
