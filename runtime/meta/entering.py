"""Objects whose new records wait for an approval before they are in force (``start: {on_create: {mode: pending}}``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.meta.model import Model

PENDING = "pending"


def pends(doc: Mapping[str, Any]) -> bool:
    """Whether a workflow keeps new records back until it has approved them."""
    start = doc.get("start")
    created = start.get("on_create") if isinstance(start, Mapping) else None
    return isinstance(created, Mapping) and created.get("mode") == PENDING


def objects(model: Model) -> frozenset[str]:
    """The storage keys of the objects whose new records may have to wait."""
    found: frozenset[str] | None = model.derived.get("entering")
    if found is None:
        named = [model.object(str(one.object)) for one in model.pieces.get("workflow", {}).values() if pends(one.doc)]
        found = model.derived["entering"] = frozenset(one.key for one in named if one is not None)
    return found
