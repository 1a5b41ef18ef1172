"""All evaluators agree in a time zone where clocks change twice a year."""

from __future__ import annotations

import equality
import nodejs


def test_five_evaluators_agree(pg15_dsn: str, pg18_dsn: str, engine: nodejs.Engine) -> None:
    equality.agree((pg15_dsn, pg18_dsn), engine, "Europe/Berlin")
