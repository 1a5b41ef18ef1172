"""The HTML form as a way in: what the API refuses, a form refuses too, and nothing has changed.

A field that the caller may not set is no input: what a browser sends for it all the same is not looked at.
"""

from __future__ import annotations

from typing import Any

import pytest

from runtime.engine import accounts
from tests.conftest import Shop
from tests.engine.tables import dump
from tests.engine.test_matrix import GOOD, LEFT_OUT, RULES, Field
from tests.web.browser import PASSWORD, Browser, Inputs

NO_INPUT = LEFT_OUT | {"always read-only"}


class Clerk:
    """The clerk of the matrix at a browser."""

    def __init__(self, shop: Shop) -> None:
        self.field = Field(shop)
        users = shop.ask("GET", "/admin/users").json["data"]
        clerk = next(one["id"] for one in users if one["name"] == "clerk")
        accounts.change_user(shop.session(), clerk, {"password": PASSWORD})
        self.browser = Browser(shop)
        assert self.browser.login("clerk").status_code == 303

    def send(self, path: str, values: dict[str, Any]) -> int:
        """The status of a form with these values, whether or not it has inputs for them."""
        sent = Inputs(self.browser.text(path)).values
        for name, value in values.items():
            sent[name] = str(value)
        return self.browser.post(path, sent).status_code

    def paths(self) -> list[tuple[str, dict[str, Any]]]:
        """A new record and one that is there."""
        return [("/o/deal/new", {"key": "new"}), (f"/o/deal/{self.field.standing}/edit", {})]

    def deals(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.field.shop.ask("GET", "/records/deal?limit=500").json["data"]
        return found


@pytest.fixture(scope="module")
def clerk(shared_shop: Shop) -> Clerk:
    return Clerk(shared_shop)


@pytest.mark.parametrize("rule", [one for one in RULES if one not in NO_INPUT])
def test_every_rule_holds_for_forms(clerk: Clerk, rule: str) -> None:
    for path, more in clerk.paths():
        values = {**more, **clerk.field.values(RULES[rule])}
        before = dump(clerk.field.shop)
        assert 400 <= clerk.send(path, values) < 500, f"{path} takes what breaks {rule!r}"
        assert dump(clerk.field.shop) == before


@pytest.mark.parametrize("rule", sorted(NO_INPUT))
def test_what_is_no_input_is_never_stored(clerk: Clerk, rule: str) -> None:
    name = next(iter(RULES[rule]))
    for path, more in clerk.paths():
        values = {**more, **clerk.field.values(RULES[rule])}
        clerk.send(path, values)
        for row in clerk.deals():
            assert str(row.get(name)) != str(values[name]), path
            if row["key"] == "new":
                clerk.field.shop.ask("DELETE", f"/records/deal/{row['id']}")


def test_forms_take_what_is_right(clerk: Clerk) -> None:
    for path, more in clerk.paths():
        assert clerk.send(path, {**more, **GOOD}) == 303
    for row in clerk.deals():
        if row["key"] == "new":
            clerk.field.shop.ask("DELETE", f"/records/deal/{row['id']}")
