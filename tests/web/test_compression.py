"""What is the same for everybody travels small; what holds secrets is never compressed."""

from __future__ import annotations

import zlib

from tests.conftest import Shop
from tests.web.browser import PASSWORD, Browser


def test_files_are_compressed_and_pages_are_not(shop: Shop) -> None:
    shop.user("li", "admin", password=PASSWORD)
    client = shop.app.test_client()
    small = {"Accept-Encoding": "deflate"}
    with client.get("/static/dougong.css") as plain, client.get("/static/dougong.css", headers=small) as found:
        assert found.headers["Content-Encoding"] == "deflate" and zlib.decompress(found.data) == plain.data
        assert "Accept-Encoding" in found.headers["Vary"] and len(found.data) < len(plain.data) / 2
    browser = Browser(shop)
    browser.login("li")
    for path in ("/", "/me", "/login"):
        page = browser.client.get(path, headers=small)
        assert "Content-Encoding" not in page.headers, path
    own = {"Authorization": f"Bearer {shop.token('li')}", **small}
    assert "Content-Encoding" not in client.get("/api/v1/openapi.json", headers=own).headers
