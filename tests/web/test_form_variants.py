"""Forms made for phones, and the picture of the company on every page."""

from __future__ import annotations

import base64
import io

from tests.conftest import Shop
from tests.web.browser import Browser, Inputs, person

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DOCUMENTS = """object: visit
title: name
fields:
  name: {type: text, required: true}
  note: {type: text, default: usual}
  total: {type: formula, value: LEN(name), result: number}
---
form: visit
object: visit
layout:
  - {section: Visit, items: [name, note, total]}
variants:
  phone:
    - {section: Visit, items: [name]}
  role/clerk:
    - {section: Visit, items: [note]}
---
role: clerk
objects: {visit: {create: true, read: all, update: all}}
"""


def names(browser: Browser, path: str) -> set[str]:
    return set(Inputs(browser.text(path)).names) & {"name", "note"}


def test_a_phone_gets_the_form_that_is_made_for_it(shop: Shop) -> None:
    shop.publish(DOCUMENTS)
    li = person(shop, "li", "admin")
    assert names(li, "/o/visit/new") == {"name", "note"}
    li.headers["User-Agent"] = PHONE
    assert names(li, "/o/visit/new") == {"name"}
    done = li.fill("/o/visit/new", {"name": "Ada"})
    assert done.status_code == 303
    record = done.headers["Location"]
    # What the small form leaves out is not lost: a default, and a value that is there already.
    assert "usual" in li.text(record)
    assert li.fill(f"{record}/edit", {"name": "Eve"}).status_code == 303
    assert "usual" in li.text(record) and "Eve" in li.text(record)


def test_all_fields_are_one_press_away(shop: Shop) -> None:
    shop.publish(DOCUMENTS)
    li = person(shop, "li", "admin")
    li.headers["User-Agent"] = PHONE
    assert 'href="?name=Bob&amp;_whole=1">All fields' in li.text("/o/visit/new?name=Bob")
    page = li.text("/o/visit/new?_whole=1")
    assert "All fields" not in page and 'live?_whole=1"' in page
    done = li.fill("/o/visit/new?_whole=1", {"name": "Bob", "note": "other"})
    assert done.status_code == 303 and "other" in li.text(done.headers["Location"])
    # Refused, it stays the whole form.
    refused = li.post("/o/visit/new", {"_csrf": li.token("/o/visit/new"), "_whole": "1", "name": "", "note": "kept"})
    assert refused.status_code == 422 and 'value="kept"' in refused.get_data(as_text=True)


def test_the_browser_says_what_it_is(shop: Shop) -> None:
    shop.publish(DOCUMENTS)
    li = person(shop, "li", "admin")
    li.headers["Sec-CH-UA-Mobile"] = "?1"
    assert names(li, "/o/visit/new") == {"name"}
    li.headers.update({"Sec-CH-UA-Mobile": "?0", "User-Agent": PHONE})
    assert names(li, "/o/visit/new") == {"name", "note"}, "a phone that asks for the desk's page"
    clerk = person(shop, "chen", "clerk")
    assert names(clerk, "/o/visit/new") == {"note"}
    clerk.headers["User-Agent"] = PHONE
    assert names(clerk, "/o/visit/new") == {"name"}


def test_the_logo_and_name_of_the_company_are_on_every_page(shop: Shop) -> None:
    li = person(shop, "li", "admin")
    other = person(shop, "wang")
    assert 'class="logo"' not in other.text("/")
    values = {"name_en": "Acme <Ltd>", "name_zh": "华星"}
    sent = {"_csrf": li.token("/admin"), **values, "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "region": "CN", "logo": (io.BytesIO(PIXEL), "logo.png")}  # fmt: skip
    assert li.client.post("/admin", data=sent, headers=li.headers).status_code == 303
    page = other.text("/")
    assert 'class="logo" src="/logo?' in page and "Acme &lt;Ltd&gt;" in page
    assert other.get("/logo").data == PIXEL
    del sent["logo"]
    assert li.post("/admin", {**sent, "no_logo": "1"}).status_code == 303
    assert 'class="logo"' not in other.text("/")
