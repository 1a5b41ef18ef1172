"""What Flask's routes share: who asks, in which language, what came in, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request

from runtime.base.errors import DougongError, Malformed, Message, Problem
from runtime.base.values import dump, load_foreign
from runtime.config import Settings
from runtime.engine.workspace import Session, Workspace, Workspaces
from runtime.store.files import Contents, DiskContents
from runtime.web import call
from runtime.web.call import JSON, Call
from runtime.web.limits import Limits
from runtime.web.metrics import Metrics

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
#: Headers of every answer.
GUARDS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


@dataclass(frozen=True)
class Services:
    """What the routes work with, made once by the composition. ``letters``: links to passwords can be mailed."""

    settings: Settings
    workspaces: Workspaces
    limits: Limits
    metrics: Metrics
    letters: bool = False

    def contents(self, session: Session) -> Contents:
        """Where the files of a session's workspace are kept."""
        return self.contents_of(session.workspace)

    def contents_of(self, workspace: Workspace) -> Contents:
        """Where a workspace's files are kept."""
        return DiskContents(self.settings.files / workspace.schema)


def current() -> Call:
    """The request that Flask is at."""
    found = Call(request.environ)
    found.session = g.get("session")
    return found


def language() -> str:
    """The language of the answer: the caller's own, or what his program accepts."""
    return current().language


def answer(body: bytes | Mapping[str, Any] | Sequence[Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer; bytes are passed on as they are."""
    response = Response(body if isinstance(body, bytes) else dump(body), status, content_type=JSON)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(error: DougongError) -> Response:
    """A refusal as ``application/problem+json``."""
    return call.refusal(error, language()).response()


def session_of(services: Services, *, settle: bool = True) -> Session:
    """The caller's session. Raises Unauthorized.

    ``settle=False`` is for routes whose statement itself finds out whether the session is still current.
    """
    found = services.workspaces.session(current().bearer, "api")
    if settle:
        found.settle()
    g.session = found
    return found


def json_body(largest: int) -> Any:
    """The request's body as JSON with exact numbers. Raises Malformed, TooLarge."""
    return load_foreign(body(largest))


def body(largest: int) -> bytes:
    """The request's body, however it is sent: whole, never a part of it. Raises TooLarge, Malformed."""
    return current().body(largest)


def json_object(largest: int) -> dict[str, Any]:
    """The request's body as a JSON object. Raises Malformed, TooLarge."""
    return call.json_of(body(largest))


def flag(name: str, text: str) -> bool:
    """A true or false of the query string. Raises Malformed."""
    if text not in ("true", "false", "1", "0", ""):
        raise Malformed(Message(f"{name} must be true or false", f"{name} 必须是 true 或 false"))
    return text in ("true", "1")


def whole(name: str, text: str) -> int:
    """A whole number of the query string. Raises Malformed."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        problem = Problem("type", Message("must be a whole number", "必须是整数"), field=name)
        raise Malformed(problems=[problem])
    return int(text)


def names(text: str | None) -> list[str]:
    """A list of names separated by commas."""
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def handle_errors(
    app: Flask, wrap: Callable[[Exception, str], DougongError], tell: Callable[[DougongError], Response] = refusal
) -> None:
    """Every refusal of the engine is told; ``wrap`` turns foreign exceptions into ours."""

    def refused(error: DougongError) -> Response:
        return tell(error)

    def foreign(error: Exception) -> Response:
        return tell(wrap(error, f"{request.method} {request.path}"))

    app.register_error_handler(DougongError, refused)
    app.register_error_handler(Exception, foreign)
