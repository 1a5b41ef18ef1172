"""Who takes over the work of somebody who leaves: what may be named, and that tasks and approvals follow it."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.base.errors import Invalid
from runtime.base.sqltext import Sql, ident
from runtime.engine import accounts, dispatch, leaving
from tests.conftest import Shop
from tests.engine.test_dispatch import flow, order, publish
from tests.web.browser import person
from tests.web.test_administration import identity
from tests.web.test_pages import store

__all__ = ["store"]
IN_TURN = "[{approve: boss, who: {user: boss}}, {approve: chain, who: {chain: {from: boss, levels: 2}}}]"


def change(shop: Shop, user: str, **values: Any) -> dict[str, Any]:
    return shop.ask("PATCH", f"/admin/users/{shop._users[user][0]}", json=values).get_json()  # type: ignore[no-any-return]


def tasks(shop: Shop, user: str) -> list[str]:
    return [one["node"] for one in shop.ask("GET", "/tasks", user).get_json()["data"]]


def office(shop: Shop, nodes: str = IN_TURN) -> None:
    publish(shop, flow("check", "{trigger: on_create}", nodes))
    for name in ("upper", "sun", "qian"):
        shop.user(name, "staff")
    change(shop, "boss", manager=shop._users["upper"][0])


def test_the_successor_goes_before_the_manager(shop: Shop) -> None:
    office(shop)
    order(shop)
    dispatch.drain(shop.workspace)
    done = change(shop, "boss", active=False, handover=shop._users["sun"][0])
    assert (done["active"], done["handover"]) == (False, shop._users["sun"][0])
    assert (tasks(shop, "sun"), tasks(shop, "upper")) == (["boss"], []), "at once"
    order(shop)
    dispatch.drain(shop.workspace)
    assert tasks(shop, "sun") == ["boss", "boss"], "also where he is named from now on"
    change(shop, "sun", active=False, handover=shop._users["qian"][0])
    assert tasks(shop, "qian") == ["boss", "boss"], "and on to the successor of the successor"
    change(shop, "qian", active=False)
    assert tasks(shop, "admin") == ["boss", "boss"], "nobody follows him"
    order(shop)
    dispatch.drain(shop.workspace)
    assert tasks(shop, "upper") == ["boss"], "nobody behind them: the manager of who is meant after all"


def test_a_manager_who_left_with_a_successor_is_no_gap_in_a_chain(shop: Shop) -> None:
    office(shop, "[{approve: up, who: {chain: {from: initiator, levels: 2}}}]")
    change(shop, "li", manager=shop._users["boss"][0])
    change(shop, "boss", active=False, handover=shop._users["sun"][0])
    order(shop)
    dispatch.drain(shop.workspace)
    assert (tasks(shop, "sun"), tasks(shop, "upper")) == (["up"], []), "level by level, the successor first"
    change(shop, "boss", handover=None)
    order(shop)
    dispatch.drain(shop.workspace)
    assert (tasks(shop, "sun"), tasks(shop, "upper")) == (["up"], ["up"])


def test_who_comes_back_does_his_work_himself(shop: Shop) -> None:
    office(shop)
    change(shop, "boss", active=False, handover=shop._users["sun"][0])
    assert change(shop, "boss", active=True)["handover"] is None
    change(shop, "boss", active=False)
    assert change(shop, "boss", active=True, handover=shop._users["qian"][0])["handover"] == shop._users["qian"][0]


@pytest.mark.parametrize("value", ["me", 7, [], {}, "x" * 10_000, "a\0", "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_successor(shop: Shop, value: Any) -> None:
    office(shop)
    sent = shop._users["boss"][0] if value == "me" else value
    found = change(shop, "boss", active=False, handover=sent)
    assert [one["field"] for one in found["errors"]] == ["handover"]
    assert change(shop, "boss")["active"] is True, "nothing half done"


def test_nobody_who_has_left_and_no_circle(shop: Shop) -> None:
    office(shop)
    ids = {name: shop._users[name][0] for name in ("boss", "sun", "qian")}
    assert change(shop, "boss", handover=ids["sun"])["handover"] == ids["sun"]
    assert change(shop, "sun", handover=ids["qian"])["handover"] == ids["qian"]
    found = change(shop, "qian", handover=ids["boss"])
    assert found["errors"][0]["code"] == "cycle"
    change(shop, "sun", active=False)
    found = change(shop, "qian", handover=ids["sun"])
    assert found["errors"][0]["code"] == "inactive"
    assert change(shop, "boss", handover=ids["sun"], full_name="老板")["full_name"] == "老板", (
        "as it was: not asked again"
    )


def test_so_many_and_no_more_one_after_the_other(shop: Shop) -> None:
    office(shop)
    before = shop._users["sun"][0]
    for number in range(10):
        before = shop.user(f"n{number}", handover=before)
    with pytest.raises(Invalid, match="successors one after the other"):
        shop.user("last", handover=before)


def test_a_circle_that_came_about_all_the_same_ends(shop: Shop) -> None:
    """Two administrators at the same moment: each looks before the other has written."""
    office(shop)
    order(shop)
    dispatch.drain(shop.workspace)
    table, live = ident(shop.workspace.schema, "s_user"), ident(shop.workspace.schema, "s_live")
    for one, other in (("boss", "sun"), ("sun", "boss")):
        shop.database.rows(Sql(
            f"UPDATE {table} SET active = false, manager_id = NULL, handover_id = %s::uuid WHERE id = %s::uuid",
            (shop._users[other][0], shop._users[one][0])))  # fmt: skip
    shop.database.rows(Sql(f"UPDATE {live} SET stamp = stamp + 1"))
    assert leaving.sweep(shop.workspace) == 1
    assert tasks(shop, "admin") == ["boss"]


def test_only_administrators_name_one(shop: Shop) -> None:
    office(shop)
    path = f"/admin/users/{shop._users['boss'][0]}"
    assert shop.ask("PATCH", path, "sun", json={"handover": shop._users["sun"][0]}).status_code == 403
    assert "handover" in accounts.all_users(shop.session("admin"))[0]


def test_the_page_names_one_too(store: Shop) -> None:
    admin = person(store, "root", "admin")
    for name in ("wang", "lu"):
        person(store, name, "sales")
    path = f"/admin/users/{identity(store, 'wang')}"
    assert "Successor" in admin.text(path)
    assert admin.fill(path, {"handover": identity(store, "lu")}, drop=("active",)).status_code == 303
    assert f'<option value="{identity(store, "lu")}" selected>' in admin.text(path)
    found = store.ask("GET", f"/admin/users/{identity(store, 'wang')}").json
    assert (found["active"], found["handover"]) == (False, identity(store, "lu"))
    assert (
        f'value="{identity(store, "wang")}"'
        not in admin.text(f"/admin/users/{identity(store, 'lu')}").split('name="handover"')[1].split("</select>")[0]
    ), "who has left is not offered"
    assert admin.fill(path, {"handover": identity(store, "wang")}).status_code == 422
