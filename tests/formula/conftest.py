"""For all formula tests: a useless ambient decimal context, so that any step that leans on it shows."""

from __future__ import annotations

import decimal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def ambient_context() -> Iterator[None]:
    with decimal.localcontext() as context:
        context.prec = 3
        yield
