"""A user name at the login: however its letters are typed, one person, counted as one."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.app import create_app
from runtime.base.errors import Conflict
from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts
from runtime.store import people
from runtime.web.limits import Limits
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser


def enters(shop: Shop, name: str) -> bool:
    """Whether somebody with this name and the right password is let in, over the API."""
    body = {"username": name, "password": PASSWORD}
    found = shop.app.test_client().post("/api/v1/login", json=body)
    assert found.status_code in (200, 401), found.get_data()
    return bool(found.status_code == 200)


@pytest.mark.parametrize("name", ["li", "émile", "Ünal.Öz", "İbrahim", "李四"])
def test_large_and_small_letters_are_the_same_at_the_login(shop: Shop, name: str) -> None:
    shop.user(name, password=PASSWORD)
    assert enters(shop, name) and enters(shop, f" {name}\t")
    if name.isascii() or name == "李四":
        assert enters(shop, name.upper()) and enters(shop, name.title())
        assert Browser(shop).login(name.title()).status_code == 303
    assert not enters(shop, name + "a") and not enters(shop, "") and not enters(shop, "l_") and not enters(shop, "%")


def test_nobody_gets_a_name_that_looks_like_another(shop: Shop) -> None:
    shop.user("li")
    found = shop.ask("POST", "/admin/users", json={"name": "LI"})
    assert found.status_code == 409 and "li" in found.get_json()["detail"]
    assert shop.ask("POST", "/admin/users", json={"name": "liu"}).status_code == 201


def test_two_at_once_do_not_get_it_either(shop: Shop) -> None:
    def add(name: str) -> bool:
        try:
            accounts.create_user(shop.session(), {"name": name})
        except Conflict:
            return False
        return True

    for names in (["wang", "WANG", "Wang", "wAng"], ["Émile"] * 4):
        with ThreadPoolExecutor(len(names)) as threads:
            assert sorted(threads.map(add, names)) == [False, False, False, True]


def test_where_there_are_two_already_each_types_his_own(shop: Shop) -> None:
    """Of the time before such names were refused."""
    first = shop.user("li", password=PASSWORD)
    shop.user("other", password=PASSWORD)
    table = ident(shop.workspace.schema, "s_user")
    shop.database.rows(Sql(f"UPDATE {table} SET name = 'LI' WHERE name = 'other' RETURNING 1"))
    assert enters(shop, "li") and enters(shop, "LI") and not enters(shop, "Li")
    found = people.user_called(shop.database, shop.workspace.schema, "li")
    assert found is not None and found.id == first


def test_attempts_count_together_however_the_name_is_typed(shop: Shop) -> None:
    shop.user("li", password=PASSWORD)
    app = create_app(shop.settings, dataclasses.replace(shop.services, limits=Limits(3)))
    statuses = []
    for at, name in enumerate(["li", "LI", " Li", "lI "]):
        client = app.test_client()
        sent = {"username": name, "password": "not this one"}
        found = client.post("/api/v1/login", json=sent, environ_base={"REMOTE_ADDR": f"10.0.0.{at + 1}"})
        statuses.append(found.status_code)
    assert statuses == [401, 401, 401, 429]
