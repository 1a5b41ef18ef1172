"""What the tests of the documents share: the catalog of the built-in kinds."""

from __future__ import annotations

import pytest

from runtime.base.kind import Catalog
from runtime.kinds.catalog import load_catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Every built-in kind."""
    return load_catalog()
