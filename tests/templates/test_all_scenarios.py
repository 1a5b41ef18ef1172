"""Every scenario of the templates that come with the product passes, and leaves nothing behind."""

from __future__ import annotations

import pytest

from runtime.commands.templates import TEMPLATES
from runtime.engine import publish, scenarios
from runtime.meta import load
from tests.conftest import Shop


@pytest.mark.parametrize("name", ["crm_basic", "crm_project_sales"])
def test_scenarios(shop: Shop, name: str) -> None:
    if name != "crm_basic":
        shop.publish_folder(TEMPLATES / "crm_basic")
    found = publish.plan(shop.workspace, load.read(TEMPLATES / name))
    documents = [one for one in found.loaded.of("scenario") if one.app == name]
    assert len(documents) >= 4
    outcomes = scenarios.rehearse(shop.workspace, found.loaded, documents)
    assert [one.json("en") for one in outcomes if not one.ok] == []
