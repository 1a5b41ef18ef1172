"""The workflow node kind: one step of an approval tree. It never moves an instance itself."""

from __future__ import annotations

from runtime.base.kind import Kind


class Node(Kind):
    """One step of a workflow; the key that names the kind stands among its options."""

    family = "node"
