"""The chart kind: one tile of a dashboard. It never computes numbers itself."""

from __future__ import annotations

from runtime.base.kind import Kind


class Chart(Kind):
    """One tile of a dashboard, picked by `chart`."""

    family = "chart"
