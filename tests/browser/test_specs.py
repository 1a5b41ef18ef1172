"""Each ``*.spec.ts`` in the system's browser, against a product that is started for it with the CRM template."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from runtime.app import create_app
from runtime.engine import import_jobs, records, resetting
from runtime.engine.imports import Options
from runtime.store import people
from tests.conftest import Shop
from tests.web.browser import PASSWORD

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATH = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
TEMPLATE = ROOT / "templates" / "crm_basic"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


#: An app whose key fields wait for an approval that is signed, shown on a board, in a list and in a calendar.
PAPERS = """
object: paper
label: {en: Lease, zh: 租约}
title: name
fields:
  name: {type: text, label: {en: Name, zh: 名称}}
  status: {type: select, label: {en: Status, zh: 状态}, options: {open: {en: Open, zh: 未签}, sealed: {en: Sealed, zh: 已签}}, default: open}
  fee: {type: number, label: {en: Fee, zh: 租金}}
  day: {type: date, label: {en: Begins on, zh: 起租日}}
---
view: paper_list
object: paper
type: list
columns: [name, fee, day]
edit: true
---
view: paper_board
object: paper
type: kanban
by: status
card: {title: name, lines: [fee]}
---
view: paper_calendar
object: paper
type: calendar
start: day
shows: month
card: {title: name}
---
workflow: paper_change
label: {en: Change of a lease, zh: 租约变更}
object: paper
title: name
start: {on_change: {fields: [status, fee, day], mode: proposal}}
nodes:
  - approve: judge
    label: {en: Judge, zh: 法务}
    who: {user: judge}
    opinion: {comment: never, signature: true}
---
role: paper_chief
label: {en: Chief of leases, zh: 租约主管}
objects:
  paper: {read: all}
"""


def missing() -> str | None:
    """Why no spec can run, or None."""
    if shutil.which("node", path=PATH) is None or not (ROOT / "node_modules" / "@playwright").is_dir():
        return "Node or its packages are missing: call make browser"
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        return "no Chromium (package chromium)"
    return None if (ROOT / "runtime/web/static/dist/manifest.json").exists() else "nothing is built: call make browser"


@pytest.fixture(scope="module")
def product(shared_shop: Shop) -> Iterator[dict[str, str]]:
    """A running product: what its specs need to know, as environment variables."""
    shop = shared_shop
    shop.publish_folder(TEMPLATE)
    shop.services = dataclasses.replace(shop.services, letters=True)
    shop.app = create_app(shop.settings, shop.services)
    department = shop.ask("POST", "/admin/departments", json={"name": "Sales"}).json["id"]
    place: dict[str, Any] = {"password": PASSWORD, "language": "en", "department": department}
    boss = shop.user("boss", "sales_manager", full_name="王经理", **place)
    shop.user("fang", "sales_manager", full_name="方芳", **place)
    li = shop.user("li", "admin", full_name="李雷", manager=boss, **place)
    shop.user("wang", "sales", full_name="小王", manager=li, **place)

    def make(name: str, /, **values: Any) -> str:
        made = shop.ask("POST", f"/records/{name}", json=values)
        assert made.status_code == 201, made.get_data(as_text=True)
        return str(made.json["id"])

    category = make("product_category", name="Parts")
    known = {
        "customer": make("customer", name="Acme", grade="B"),
        "pump": make(
            "product", name="Pump", category=category, code="P-1", list_price="100.00", tax_rate="13", floor_price="80"
        ),
        "valve": make("product", name="Valve", category=category, code="V-1", list_price="19.99", tax_rate="6"),
    }
    known["activity"] = make(
        "activity", subject="Call", status="planned", start_at="2026-11-18T02:00:00Z", customer=known["customer"]
    )
    known["campaign"] = make(
        "campaign", name="Autumn fair", status="planned", start_on="2026-11-09", end_on="2026-11-15", kind="exhibition"
    )
    known["lead"] = make("lead", name="Somebody", company="Elsewhere Ltd", source="website", mobile="13800138000")
    known["user"] = shop.session("li").user_id or ""
    row = people.user_by_id(shop.database, shop.workspace.schema, known["user"])
    assert row is not None
    known["reset"] = resetting.token_of(shop.workspace, row, int(time.time()) + 3600, shop.settings.secret)
    contents = shop.services.contents_of(shop.workspace)
    sheet = BytesIO(b"name,grade\nImported,B\nWrong,Z\n")
    known["job"] = import_jobs.submit(shop.session("li"), contents, sheet, "customer", Options(name="a.csv"), 10**6)
    import_jobs.work_on(shop.workspace, contents, known["job"])

    def quote(user: str, subject: str) -> str:
        customer = records.create(shop.session(user), "customer", {"name": f"Buyer of {subject}"}).id
        values = {"subject": subject, "customer": customer, "discount": 20, "approval_note": "large"}
        made = records.create(shop.session(user), "quote", values).id
        line = {"quote": made, "product": known["pump"], "quantity": 2, "price": "100.00"}
        records.create(shop.session(), "quote_line", line)
        return made

    shop.publish(PAPERS, app="papers")
    shop.user("judge", "paper_chief", full_name="包拯", password=PASSWORD, language="en")
    for name in ("north", "south", "west"):
        day = datetime.now(UTC).date().replace(day=11).isoformat()
        known[name] = make("paper", name=f"Lease {name}", fee=100, day=day)

    known["quote"] = quote("li", "Pumps for the north")
    body = {"object": "quote", "record": quote("wang", "Valves for the south")}
    known["flow"] = shop.ask("POST", "/workflows/quote_approval/start", "wang", json=body).json["instance"]
    known["task"] = shop.ask("GET", "/tasks", "li").json["data"][0]["id"]
    known["held"] = body["record"]
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield {
        "DOUGONG_URL": f"http://127.0.0.1:{server.server_port}",
        "DOUGONG_KNOWN": json.dumps({**known, "password": PASSWORD}),
    }
    server.shutdown()
    thread.join(10)


#: What answers to GET and is no page: pieces of one, files, data for scripts and machines.
NO_PAGES = {
    "/files/<file_id>", "/logo", "/me/second.svg", "/static/<path:filename>",
    "/healthz", "/readyz", "/metrics",
    "/o/<object_name>/export", "/import/<object_name>/<job_id>/failed",
    "/o/<object_name>/<record_id>/cell/<name>", "/o/<object_name>/<record_id>/quick", "/o/<object_name>/lane",
    "/o/<object_name>/lanes", "/o/<object_name>/offers/<name>", "/formula/words", "/tasks/people",
    "/o/<object_name>/columns",  # It leads on to the list.
    "/tasks/flows/<instance_id>/history.pdf",
}  # fmt: skip


def test_every_page_is_looked_at(shop: Shop) -> None:
    """The list that axe goes through has an address for every route that serves a page."""
    found = json.loads((HERE / "addresses.json").read_text())
    router = shop.app.url_map.bind("localhost")
    looked_at = set()
    for one in [*found["known"], *found["stranger"]]:
        address = re.sub(r"\{\w+\}", "x", re.sub(r"^\d{3} ", "", one)).partition("?")[0]
        if address != "/nothing":
            looked_at.add(router.match(address, return_rule=True)[0].rule)
    rules = {one.rule for one in shop.app.url_map.iter_rules() if "GET" in (one.methods or ())}
    pages = {one for one in rules if not one.startswith("/api/")} - NO_PAGES
    assert looked_at == pages
    assert rules >= NO_PAGES


#: Has processes of its own: test_show.py.
APART = {"show.spec.ts"}


# A browser that leaves a page while a picture of it is on its way drops the connection, and the server of tests its file.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*static:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("spec", sorted({path.name for path in HERE.glob("*.spec.ts")} - APART))
def test_spec(product: dict[str, str], spec: str) -> None:
    why = missing()
    if why:
        pytest.skip(why)
    found = subprocess.run(
        ["node", "node_modules/@playwright/test/cli.js", "test", "--config", "tests/browser/playwright.config.ts", spec],
        cwd=ROOT, env={**os.environ, **product, "PATH": PATH}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
