"""A person at a browser, as far as tests of pages need one: cookies, forms with their token, what a page says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.conftest import Shop

HTML = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en"}
PASSWORD = "a long enough one"


class Inputs(HTMLParser):
    """The inputs of a page with their values, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: MultiDict[str, Any] = MultiDict()
        self.names: set[str] = set()
        self._select = ""
        self._first: str | None = None
        self._chosen = False
        self._area = ""
        self._off = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "fieldset" and "disabled" in given:
            self._off = True
        if self._off:
            return
        if tag in ("input", "select", "textarea") and name:
            self.names.add(name)
        if tag == "input" and name and given.get("type") not in ("file", "submit"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.values.add(name, given.get("value") or "")
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, False
        elif tag == "option" and self._select:
            self._first = (given.get("value") or "") if self._first is None else self._first
            if "selected" in given:
                self.values.add(self._select, given.get("value") or "")
                self._chosen = True
        elif tag == "textarea":
            self._area = name
            self.values.add(name, "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] = data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "fieldset":
            self._off = False
        if tag == "select" and self._select:
            if not self._chosen and self._first is not None:
                self.values.add(self._select, self._first)
            self._select = ""
        elif tag == "textarea":
            self._area = ""


class Browser:
    """One person's browser."""

    def __init__(self, shop: Shop, language: str = "en") -> None:
        self.client = shop.app.test_client()
        self.headers = {**HTML, "Accept-Language": language}

    def get(self, path: str) -> TestResponse:
        """A page."""
        return self.client.get(path, headers=self.headers)

    def text(self, path: str) -> str:
        """What a page says; it must be there."""
        found = self.get(path)
        assert found.status_code == 200, (found.status_code, found.get_data(as_text=True)[:2000])
        return found.get_data(as_text=True)

    def post(self, path: str, data: Mapping[str, Any] | MultiDict[str, Any]) -> TestResponse:
        """A form sent as it is."""
        return self.client.post(path, data=data, headers=self.headers)

    def token(self, path: str = "/login") -> str:
        """The CSRF token of a page."""
        found = re.search(r'name="_csrf" value="([^"]+)"', self.get(path).get_data(as_text=True))
        assert found
        return found[1]

    def fill(self, path: str, values: Mapping[str, Any], *, drop: tuple[str, ...] = ()) -> TestResponse:
        """Open a form, change some inputs and send all of them. An input that is not there cannot be filled in."""
        inputs = Inputs(self.text(path))
        sent = inputs.values
        for name, value in values.items():
            assert name in inputs.names or name.startswith("_"), f"{path} has no input {name}"
            sent.setlist(name, value if isinstance(value, list) else [value])
        for name in drop:
            sent.poplist(name)
        return self.post(path.partition("?")[0], sent)

    def login(self, name: str, password: str = PASSWORD, **more: str) -> TestResponse:
        """Log in."""
        data = {"username": name, "password": password, "_csrf": self.token(), **more}
        return self.post("/login", data)


def person(shop: Shop, name: str, *roles: str, language: str = "en", **more: Any) -> Browser:
    """A new user who is logged in at a browser."""
    shop.user(name, *roles, password=PASSWORD, language=language, **more)
    found = Browser(shop)
    assert found.login(name).status_code == 303
    return found


def without_ids(page: str) -> str:
    """A page without ids and tokens: any short number may stand in one of them."""
    return re.sub(r"[0-9a-f-]{20,}|\S{40,}", "", page)


def sound(page: str, path: str) -> None:
    """What every page keeps to: no script or style of its own, one heading, no id twice, a label for every input."""
    plain = re.sub(r'<script (type="module" src="/static/dist/[^"]+"></script>|type="application/json")', "", page)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", plain), path
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page), path
    assert page.count("<h1") == 1, path
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), path
    labelled = set(re.findall(r'<label[^>]*\sfor="([^"]+)"', page))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        if 'type="hidden"' in tag or "aria-label=" in tag:
            continue
        identity = re.search(r'\sid="([^"]+)"', tag)
        assert identity and identity[1] in labelled, (path, tag)
