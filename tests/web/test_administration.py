"""Administration and one's own settings: people, departments, rights explained, audit, tokens, second factor."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest

from runtime.engine import second
from runtime.web import auditwords
from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser, person, sound
from tests.web.test_pages import filled, make, store

__all__ = ["store"]
ROOT = Path(__file__).parents[2]
PAGES = ("/admin", "/admin/users", "/admin/departments", "/admin/roles", "/admin/why", "/admin/tokens", "/admin/audit")


def identity(shop: Shop, name: str) -> str:
    return next(str(one["id"]) for one in shop.ask("GET", "/admin/users").json["data"] if one["name"] == name)


def test_only_administrators_get_in(store: Shop) -> None:
    li, lu = person(store, "li", "admin"), person(store, "lu", "sales")
    for path in PAGES:
        assert li.get(path).status_code == 200, path
        assert lu.get(path).status_code == 403, path
    user = identity(store, "lu")
    assert lu.get(f"/admin/users/{user}").status_code == 403
    sent = {"_csrf": lu.token("/"), "roles": "admin", "name": "x"}
    for path in ("/admin", "/admin/users", f"/admin/users/{user}", "/admin/departments", "/admin/tokens"):
        assert lu.post(path, sent).status_code == 403, path
    assert 'href="/admin"' in li.text("/") and 'href="/admin"' not in lu.text("/")


def test_people_are_added_and_changed(store: Shop) -> None:
    li = person(store, "li", "admin")
    made = li.fill("/admin/users", {"name": "wang", "full_name": "王芳", "password": PASSWORD, "roles": ["sales"]})
    assert made.status_code == 303
    assert "王芳" in li.text("/admin/users") and "王芳" not in li.text("/admin/users?q=nobody")
    path = made.headers["Location"]
    assert li.fill(path, {"roles": ["sales", "viewer"], "email": "w@x.example"}).status_code == 303
    found = store.ask("GET", f"/admin/users/{identity(store, 'wang')}").json
    assert found["roles"] == ["sales", "viewer"] and found["active"] and found["email"] == "w@x.example"
    assert Browser(store).login("wang").status_code == 303
    assert li.fill(path, {}, drop=("active",)).status_code == 303
    assert Browser(store).login("wang").status_code == 401
    assert li.fill("/admin/users", {"name": "wang"}).status_code == 409
    assert li.fill("/admin/users", {"name": "a b"}).status_code == 422


def test_departments_are_a_tree(store: Shop) -> None:
    li = person(store, "li", "admin")
    token = li.token("/")
    li.post("/admin/departments", {"_csrf": token, "name": "Sales"})
    found = store.ask("GET", "/admin/departments").json["data"]
    li.post("/admin/departments", {"_csrf": token, "name": "East", "parent": found[0]["id"]})
    page = li.text("/admin/departments")
    assert page.index("Sales") < page.index("East") and page.count("<ul>") >= 1
    east = next(one for one in store.ask("GET", "/admin/departments").json["data"] if one["name"] == "East")
    sent = {"_csrf": token, "id": found[0]["id"], "name": "Sales", "parent": east["id"]}
    assert li.post("/admin/departments", sent).status_code == 422
    assert li.post("/admin/departments", {"_csrf": token, "name": ""}).status_code == 422


def test_roles_and_why(store: Shop) -> None:
    made = filled(store)
    li = person(store, "li", "admin")
    page = li.text("/admin/roles")
    assert "segment == &#39;corporate&#39;" in page and "masked" in page
    person(store, "lu", "viewer")
    user = identity(store, "lu")

    def why(name: str, record: str) -> str:
        return li.text(f"/admin/why?user={user}&record=/o/{name}/{record}")

    page = why("customer", made["customer"])
    assert 'tone-green">✓ read' in page and 'tone-red">✗ change' in page and "✓ Viewer" in page
    store.ask("PATCH", f"/records/customer/{made['customer']}", json={"segment": "consumer"})
    page = why("customer", made["customer"])
    assert 'tone-red">✗ read' in page and "✗ Viewer" in page
    store.ask(
        "PUT", f"/records/customer/{made['customer']}/shares", json={"kind": "user", "with": user, "level": "read"}
    )
    page = why("customer", made["customer"])
    assert 'tone-green">✓ read' in page and "✓ Sharing" in page
    assert "Lines follow the rights" in why("order_line", made["line"]) and "✓ read" in why("order_line", made["line"])
    assert "Paste the address" in li.text(f"/admin/why?user={user}&record=nonsense")
    assert "no such record" in li.text(f"/admin/why?user={user}&record=/o/customer/{made['order']}")


def test_explanations_agree_with_what_happens(store: Shop) -> None:
    """Whoever is said to read a record reads it, and the other way round."""
    made = filled(store)
    other = make(store, "customer", code="CG-2", name="other", segment="consumer")
    li = person(store, "li", "admin")
    for name, role in (("lu", "viewer"), ("wang", "sales")):
        browser = person(store, name, role)
        user = identity(store, name)
        for kind, record in (("customer", made["customer"]), ("customer", other), ("order", made["order"])):
            said = 'tone-green">✓ read' in li.text(f"/admin/why?user={user}&record=/o/{kind}/{record}")
            assert said == (browser.get(f"/o/{kind}/{record}").status_code == 200), (name, kind, record)


def test_tokens_and_the_audit(store: Shop) -> None:
    li, lu = person(store, "li", "admin"), person(store, "lu", "sales")
    page = li.text("/admin/tokens")
    token = re.findall(r'name="revoke" value="([^"]+)" aria-label="End the token of lu', page)
    assert len(token) == 2
    for one in token:
        assert li.post("/admin/tokens", {"_csrf": li.token("/"), "revoke": one}).status_code == 303
    assert lu.get("/").status_code == 303
    page = li.text("/admin/audit")
    assert "Token or session ended" in page and "Person added" in page and "Logged in" in page
    assert "user_created" not in re.sub(r"<option.*?</option>", "", page), "no names of the program"
    assert "Person added" not in re.sub(r"<option.*?</option>", "", li.text("/admin/audit?event=login"))
    assert li.get("/admin/audit?before=1").status_code == 200


def test_settings_of_the_workspace(store: Shop) -> None:
    li = person(store, "li", "admin")
    done = li.fill("/admin", {"name_en": "Acme", "currency": "EUR", "time_zone": "Europe/Berlin"})
    assert done.status_code == 303
    page = li.text("/admin")
    assert 'value="Acme"' in page and "<option selected>Europe/Berlin" in page
    assert "Europe/Berlin" in str(store.ask("GET", "/me").json["time_zone"])
    assert li.fill("/admin", {"currency": "euro"}).status_code == 422
    assert li.get("/logo").status_code == 404


def test_ones_own_profile_sessions_and_tokens(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    other = Browser(shop)
    other.login("li")
    sent = {"_csrf": li.token("/"), "full_name": "李雷", "email": "li@x.example", "time_zone": "Asia/Tokyo"}
    assert li.post("/me", sent).status_code == 303
    assert "李雷" in li.text("/")
    assert li.post("/me", {**sent, "time_zone": "Mars"}).status_code == 422
    page = li.text("/me")
    ids = re.findall(r'name="revoke" value="([^"]+)" aria-label="End the session', page)
    assert len(ids) == 2
    newest = ids[0]
    assert li.post("/me", {"_csrf": li.token("/"), "revoke": newest}).status_code == 303
    assert other.get("/").status_code == 303 and li.get("/").status_code == 200
    made = li.post("/me", {"_csrf": li.token("/"), "token_name": "script", "days": "5"}).get_data(as_text=True)
    token = re.search(r"<code>(dg_[^<]+)</code>", made)
    assert token
    asked = shop.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token[1]}"})
    assert asked.json["name"] == "li"
    assert token[1] not in li.text("/me")


MOMENT = time.time()


def code_at(secret: str, moment: float) -> str:
    return pyotp.TOTP(secret).at(int(moment))


@pytest.fixture
def guarded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, str, list[str]]:
    """``li`` with a second factor: the secret and the recovery codes. Codes are those of one moment, however long
    everything takes."""
    monkeypatch.setattr(second, "time", SimpleNamespace(time=lambda: MOMENT))
    li = person(shop, "li", "admin")
    token = li.token("/")
    assert li.post("/me", {"_csrf": token, "second": "on", "password": "wrong"}).status_code == 422
    page = li.post("/me", {"_csrf": token, "second": "on", "password": PASSWORD}).get_data(as_text=True)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert secret and "/me/second.svg" in page
    picture = li.get("/me/second.svg")
    assert picture.content_type.startswith("image/svg+xml") and picture.data.startswith(b"<?xml")
    assert li.post("/me", {"_csrf": token, "code": "000000"}).status_code == 422
    page = li.post("/me", {"_csrf": token, "code": code_at(secret[1], MOMENT)}).get_data(as_text=True)
    codes = re.findall(r"\b[0-9a-f]{8}-[0-9a-f]{8}\b", page)
    assert len(codes) == 10 and secret[1] not in li.text("/me") and li.get("/me/second.svg").status_code == 404
    return shop, secret[1], codes


def test_a_second_factor_is_asked(guarded: tuple[Shop, str, list[str]]) -> None:
    shop, secret, codes = guarded
    thief = Browser(shop)
    page = thief.login("li").get_data(as_text=True)
    assert 'name="code"' in page and thief.get("/").status_code == 303
    assert thief.post("/login", {"_csrf": thief.token(), "code": "000000"}).status_code == 401
    used = code_at(secret, MOMENT)
    assert thief.post("/login", {"_csrf": thief.token(), "code": used}).status_code == 401, "a code is good once"
    later = code_at(secret, MOMENT + 30)
    assert thief.post("/login", {"_csrf": thief.token(), "code": later}).status_code == 303
    assert thief.get("/").status_code == 200
    for expected in (303, 401):
        again = Browser(shop)
        again.login("li")
        assert again.post("/login", {"_csrf": again.token(), "code": codes[0]}).status_code == expected
    nobody = Browser(shop)
    assert nobody.post("/login", {"_csrf": nobody.token(), "code": codes[1]}).status_code == 401


def test_the_api_asks_for_it_too(guarded: tuple[Shop, str, list[str]]) -> None:
    shop, _, codes = guarded
    body: dict[str, Any] = {"username": "li", "password": PASSWORD}
    refused = shop.ask("POST", "/login", None, json=body)
    assert refused.status_code == 401 and refused.json["type"] == "urn:dougong:second_factor"
    assert shop.ask("POST", "/login", None, json={**body, "code": "1"}).status_code == 401
    assert shop.ask("POST", "/login", None, json={**body, "code": codes[2]}).status_code == 200


def test_it_is_turned_off_by_oneself_or_an_administrator(guarded: tuple[Shop, str, list[str]]) -> None:
    shop, _, _ = guarded
    user = identity(shop, "li")
    boss = person(shop, "boss", "admin")
    assert "second factor is in force" in boss.text(f"/admin/users/{user}")
    assert boss.post(f"/admin/users/{user}", {"_csrf": boss.token("/"), "no_second": "1"}).status_code == 303
    assert Browser(shop).login("li").status_code == 303


def test_pages_of_administration_are_strict(store: Shop) -> None:
    """No inline style or script, one heading, labelled inputs, ids once."""
    filled(store)
    li = person(store, "li", "admin")
    user = identity(store, "li")
    for path in (
        *PAGES,
        f"/admin/users/{user}",
        "/me",
        "/search?q=a",
        "/keys",
        f"/admin/why?user={user}&record=/o/x/{user}",
    ):
        page = li.text(path)
        sound(page, path)


def test_every_event_of_the_audit_has_words(store: Shop) -> None:
    """Whatever the program notes is told in words, in both languages, and zeros say nothing."""
    source = "\n".join(one.read_text() for one in (ROOT / "runtime" / "engine").rglob("*.py"))
    noted = set(re.findall(r"audit\.noted?\([^\"]*?\"([a-z_]+)\"", source))
    assert {"login", "publish", "reset_asked", "import", "shared"} <= noted
    with store.app.test_request_context(headers={"Accept-Language": "zh"}):
        assert noted <= set(auditwords.events())
        entry = {
            "object": "customer",
            "failed": 0,
            "stopped": False,
            "note": "",
            "roles": ["a", "b"],
            "odd": {"x": True},
        }
        found = auditwords.told(store.session(), [entry])[0]
    label = store.workspace.snapshot().model.objects["customer"].label["zh"]
    assert found == [("对象", label), ("角色", "a, b"), ("odd", "x: 是")]


def test_an_address_that_nobody_knows_keeps_the_menu(store: Shop) -> None:
    li = person(store, "li", "admin")
    found = li.get("/nothing")
    assert found.status_code == 404 and 'id="menu"' in found.text and "/o/customer" in found.text
    assert 'id="menu"' not in Browser(store).get("/nothing").text
