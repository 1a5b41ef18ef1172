"""A process that is busy with several slow requests ends their connections, so that another process takes the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from runtime.web import spread
from runtime.web.spread import Spread


def asked(app: Spread, path: str) -> list[tuple[str, str]]:
    """The headers of an answer."""
    found: list[tuple[str, str]] = []
    list(app({"PATH_INFO": path}, lambda line, headers, *rest: found.extend(headers)))
    return found


def test_only_slow_answers_in_company_end_their_connection() -> None:
    """Two that wait for each other are in company; what follows alone, slow or quick, keeps its connection."""
    both = threading.Barrier(2)

    def behind(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/together":
            both.wait(10)
        if environ["PATH_INFO"] != "/quick":
            threading.Event().wait(spread.LONG * 2)
        start("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/together":
            both.wait(10)  # Neither is done before both have answered.
        return [b"."]

    app = Spread(behind)
    found: list[list[tuple[str, str]]] = []
    threads = [threading.Thread(target=lambda: found.append(asked(app, "/together"))) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [("Connection", "close") in one for one in found] == [True, True]
    assert all(("Content-Type", "text/plain") in one for one in found)
    for path in ("/slow", "/quick"):
        assert asked(app, path) == [("Content-Type", "text/plain")]


def test_a_request_that_fails_is_counted_out() -> None:
    """After an exception the process does not seem busy for ever."""

    def behind(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError(environ["PATH_INFO"])

    app = Spread(behind)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            asked(app, "/")
    assert app.under_way == 0
