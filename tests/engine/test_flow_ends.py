"""What follows after the end of a workflow: revoking, once; and what administrators do to one, in the audit."""

from __future__ import annotations

import json
from typing import Any

from runtime.base.sqltext import Sql
from runtime.engine import audit
from tests.conftest import Shop
from tests.engine.test_flows import FINANCE, FLOW, QUOTE, SALES, decide, office, quote, start
from tests.web.browser import PASSWORD, Browser

__all__ = ["office"]


def test_nothing_is_revoked_twice(office: Shop) -> None:
    made = start(office, quote(office))
    path = f"/workflows/instances/{made['instance']}"
    decide(office, "boss", "agree")

    def story(user: str = "li") -> Any:
        return office.ask("GET", path, user).get_json()

    assert story()["revoked_by"] is None
    first = office.ask("POST", f"{path}/revoke", "li", json={}).get_json()["instance"]
    again = office.ask("POST", f"{path}/revoke", "li", json={})
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:dougong:already_running"), again.text
    assert again.get_json()["workflow_instance"] == first and story()["revoked_by"] is None
    decide(office, "boss", "reject")
    second = office.ask("POST", f"{path}/revoke", "li", json={})
    assert second.status_code == 200, "what was refused may be asked for again"
    decide(office, "boss", "agree")
    assert story()["revoked_by"] == second.get_json()["instance"] and story()["state"] == "approved"
    again = office.ask("POST", f"{path}/revoke", "li", json={})
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:dougong:already_revoked"), again.text
    assert story()["revoked_by"] != first


def test_what_administrators_do_stands_in_the_audit(office: Shop) -> None:
    made = start(office, quote(office))
    path = f"/workflows/instances/{made['instance']}"

    def noted() -> list[dict[str, Any]]:
        rows = office.database.rows(Sql(
            f"SELECT detail FROM {office.session().layout.system('s_audit')} WHERE event = 'workflow_intervention' "
            "ORDER BY id"))  # fmt: skip
        return [json.loads(row[0]) for row in rows]

    assert office.ask("POST", f"{path}/terminate", "root", json={}).status_code == 422
    assert office.ask("POST", f"{path}/terminate", "li", json={"reason": "x"}).status_code == 403
    assert noted() == [], "what is refused leaves nothing"
    key = {"Idempotency-Key": "k"}
    for _ in range(2):
        answer = office.ask("POST", f"{path}/terminate", "root", json={"reason": "a mistake"}, headers=key)
        assert answer.status_code == 200
    assert [(one["action"], one["reason"], one["instance"]) for one in noted()] == [
        ("terminate", "a mistake", made["instance"])
    ]
    other = start(office, quote(office))["instance"]
    office.publish(QUOTE, FLOW.replace("mode: all", "mode: any"), SALES, FINANCE)
    for dry, count in ((True, 1), (False, 2)):
        answer = office.ask("POST", "/workflows/quote_approval/migrate", "root", json={"dry_run": dry})
        assert answer.status_code == 200 and len(noted()) == count, answer.text
    assert (noted()[-1]["action"], noted()[-1]["instance"]) == ("migrate", other)
    assert audit.broken(office.workspace) == []


def test_the_page_leads_to_what_revokes_it(office: Shop) -> None:
    office.user("ann", "sales", password=PASSWORD, language="en", manager=office._users["boss"][0])
    made = start(office, quote(office, "ann"), "ann")["instance"]
    decide(office, "boss", "agree")
    browser = Browser(office)
    assert browser.login("ann").status_code == 303
    page = browser.text(f"/tasks/flows/{made}")
    assert 'value="revoke"' in page
    other = office.ask("POST", f"/workflows/instances/{made}/revoke", "ann", json={}).get_json()["instance"]
    page = browser.text(f"/tasks/flows/{made}")
    assert (
        f'<a href="/tasks/flows/{other}">It is asked that this be revoked</a>' in page and 'value="revoke"' not in page
    )
    decide(office, "boss", "agree")
    assert f'<a href="/tasks/flows/{other}">This has been revoked</a>' in browser.text(f"/tasks/flows/{made}")
