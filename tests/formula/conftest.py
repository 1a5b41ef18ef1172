"""For all formula tests: a useless ambient decimal context, so that any step that leans on it shows."""

from __future__ import annotations

import decimal
from collections.abc import Iterator

import nodejs
import pytest


@pytest.fixture(autouse=True)
def ambient_context() -> Iterator[None]:
    with decimal.localcontext() as context:
        context.prec = 3
        yield


@pytest.fixture(scope="session")
def engine() -> Iterator[nodejs.Engine]:
    """The browser's evaluator in Node."""
    why = nodejs.missing()
    if why:
        pytest.skip(why)
    found = nodejs.Engine(nodejs.build())
    yield found
    found.close()
