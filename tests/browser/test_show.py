"""The whole life of an approval, as an administrator and three users would try it: real commands, processes and letters.

The administrator changes the quote approval in its YAML, plays its scenarios, publishes; the users work in the browser
on a desk and on phones; a worker process lets a deadline pass by the real clock and sends the mail.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from aiosmtpd.controller import Controller

from runtime.engine import records
from tests.browser.test_specs import PATH, ROOT, TEMPLATE, missing
from tests.conftest import Shop
from tests.web.browser import PASSWORD

pytestmark = pytest.mark.slow
PROGRAM = "from runtime.cli import main; main()"


class Box:
    """A letter box: every letter is a file that the spec can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        folder.mkdir()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message: Any = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        letter = {"to": list(envelope.rcpt_tos), "subject": message["Subject"], "text": text}
        self.count += 1
        half = self.folder / f"{self.count}.half"
        half.write_text(json.dumps(letter))
        half.rename(self.folder / f"{self.count:04}.json")  # The spec never sees half a letter.
        return "250 OK"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(environment: dict[str, str], log: Path, *words: str) -> Iterator[None]:
    """A process of the product while something else happens; what it says is kept."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words], env=environment, cwd=ROOT, stdout=out, stderr=out
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ready(address: str) -> None:
    """Wait until the web process answers."""
    for _ in range(600):
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


def furnish(shop: Shop) -> dict[str, str]:
    """The people and a quote that is ready to be submitted; what the spec has to know of them."""
    shop.publish_folder(TEMPLATE)
    department = shop.ask("POST", "/admin/departments", json={"name": "Sales"}).json["id"]
    place: dict[str, Any] = {"password": PASSWORD, "language": "en", "department": department}

    def person(name: str, full: str, role: str, **more: Any) -> str:
        return shop.user(name, role, full_name=full, email=f"{name}@example.com", **place, **more)

    zhao = person("zhao", "赵总", "sales_manager")
    boss = person("boss", "王经理", "sales_manager", manager=zhao)
    person("fang", "方芳", "sales_manager")
    person("li", "李雷", "sales", manager=boss)

    def make(name: str, user: str | None = None, /, **values: Any) -> str:
        return records.create(shop.session(user), name, values).id

    pump = make("product", name="Pump", code="P-1", list_price="100", floor_price="80",
                category=make("product_category", name="Parts"))  # fmt: skip
    buyer = make("customer", "li", name="Northern Water")
    quote = make("quote", "li", subject="Pumps for the north", customer=buyer, discount=20, approval_note="large")
    make("quote_line", quote=quote, product=pump, quantity=2, price="100")
    return {"quote": quote, "password": PASSWORD}


def test_the_whole_life_of_an_approval(shop: Shop, tmp_path: Path) -> None:
    why = missing()
    if why:
        pytest.skip(why)
    known = furnish(shop)
    shutil.copytree(TEMPLATE, tmp_path / "crm_basic")
    for one in (tmp_path / "crm_basic" / "scenarios").iterdir():
        if one.name != "quote_approval.yaml":  # The others are played by the tests of the templates.
            one.unlink()
    port, smtp = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ, "PATH": PATH, "DOUGONG_DATABASE_URL": shop.settings.dsn, "DOUGONG_LANGUAGE": "en",
        "DOUGONG_SMTP_URL": f"smtp://127.0.0.1:{smtp}?starttls=never", "DOUGONG_MAIL_FROM": "CRM <crm@example.com>",
        "DOUGONG_BASE_URL": address, "DOUGONG_SECRET_KEY": "a secret of tests", "DOUGONG_DATA": str(tmp_path / "data"),
    }  # fmt: skip
    told = {
        **known, "documents": str(tmp_path / "crm_basic"), "letters": str(tmp_path / "letters"),
        "python": sys.executable, "program": PROGRAM, "data": str(tmp_path / "data"),
    }  # fmt: skip
    controller = Controller(Box(tmp_path / "letters"), hostname="127.0.0.1", port=smtp)
    controller.start()
    data = ("--data", str(tmp_path / "data"))
    try:
        with (
            running(environment, tmp_path / "serve.log", "serve", "--port", str(port), "--workers", "1", *data),
            running(environment, tmp_path / "worker.log", "worker", *data),
        ):
            ready(address)
            found = subprocess.run(
                ["node", "node_modules/@playwright/test/cli.js", "test", "--config", "tests/browser/playwright.config.ts",
                 "show.spec.ts"],
                cwd=ROOT, env={**environment, "DOUGONG_URL": address, "DOUGONG_KNOWN": json.dumps(told)},
                capture_output=True, text=True, timeout=420,
            )  # fmt: skip
    finally:
        controller.stop()
    said = "".join(one.read_text(errors="replace")[-2000:] for one in tmp_path.glob("*.log"))
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:] + said
