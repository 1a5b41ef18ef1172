"""Each ``*.spec.ts`` in the system's browser, against a product that is started for it with the CRM template."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.conftest import Shop
from tests.web.browser import PASSWORD

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATH = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
TEMPLATE = ROOT / "templates" / "crm_basic"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


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
    shop.user("li", "admin", password=PASSWORD, language="en", full_name="李雷")

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
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield {
        "DOUGONG_URL": f"http://127.0.0.1:{server.server_port}",
        "DOUGONG_KNOWN": json.dumps({**known, "password": PASSWORD}),
    }
    server.shutdown()
    thread.join(10)


@pytest.mark.parametrize("spec", sorted(path.name for path in HERE.glob("*.spec.ts")))
def test_spec(product: dict[str, str], spec: str) -> None:
    why = missing()
    if why:
        pytest.skip(why)
    found = subprocess.run(
        ["node", "node_modules/@playwright/test/cli.js", "test", "--config", "tests/browser/playwright.config.ts", spec],
        cwd=ROOT, env={**os.environ, **product, "PATH": PATH}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
