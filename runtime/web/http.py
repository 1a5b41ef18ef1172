"""What all routes share: who asks, in which language, what came in, and how a refusal is told (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request

from runtime.base.errors import DougongError, Malformed, Message, Problem, TooLarge, Unauthorized
from runtime.base.values import dump, load_foreign
from runtime.config import Settings
from runtime.engine.workspace import Session, Workspaces
from runtime.store.files import Contents, DiskContents
from runtime.web.limits import Limits

JSON = "application/json"
PROBLEM = "application/problem+json"
MOST_PROBLEMS = 200


@dataclass(frozen=True)
class Services:
    """What the routes work with, made once by the composition."""

    settings: Settings
    workspaces: Workspaces
    limits: Limits

    def contents(self, session: Session) -> Contents:
        """Where the workspace's files are kept."""
        return DiskContents(self.settings.files / session.workspace.schema)


def language() -> str:
    """The language of the answer: the caller's own, or what his program accepts."""
    session: Session | None = g.get("session")
    if session is not None:
        return session.language
    found = request.accept_languages.best_match(["zh", "zh-CN", "zh-TW", "en"], "en")
    return "zh" if found.startswith("zh") else "en"


def answer(body: bytes | Mapping[str, Any] | Sequence[Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer; bytes are passed on as they are."""
    response = Response(body if isinstance(body, bytes) else dump(body), status, content_type=JSON)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(error: DougongError) -> Response:
    """A refusal as ``application/problem+json``, the same shape for every way to be wrong."""
    spoken = language()
    body: dict[str, Any] = {
        "type": f"urn:dougong:{error.code}",
        "title": error.title.text(spoken),
        "status": error.status,
        "detail": error.detail(spoken),
        "errors": [one.json(spoken) for one in error.problems[:MOST_PROBLEMS]],
    }
    response = Response(dump(body), error.status, content_type=PROBLEM)
    retry = error.extra.get("retry_after")
    if retry is not None:
        response.headers["Retry-After"] = str(retry)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    response.headers["Cache-Control"] = "no-store"
    return response


def bearer() -> str:
    """The token of the request. Raises Unauthorized."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(Message("send 'Authorization: Bearer TOKEN'", "请携带请求头 Authorization: Bearer TOKEN"))
    return token.strip()


def session_of(services: Services, *, settle: bool = True) -> Session:
    """The caller's session. Raises Unauthorized.

    ``settle=False`` is for routes whose statement itself finds out whether the session is still current.
    """
    found = services.workspaces.session(bearer(), "api")
    if settle:
        found.settle()
    g.session = found
    return found


def json_body(largest: int) -> Any:
    """The request's body as JSON with exact numbers. Raises Malformed, TooLarge."""
    if request.content_length is not None and request.content_length > largest:
        raise too_large(largest)
    return load_foreign(request.get_data(cache=False))


def json_object(largest: int) -> dict[str, Any]:
    """The request's body as a JSON object."""
    found = json_body(largest)
    if not isinstance(found, dict):
        raise Malformed(Message("the body must be a JSON object", "请求正文必须是 JSON 对象"))
    return found


def too_large(largest: int) -> TooLarge:
    """The refusal of a body that is too large."""
    megabytes = largest // 2**20
    return TooLarge(Message(f"the body may have at most {megabytes} MB", f"请求正文最大 {megabytes} MB"))


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


def if_match() -> int | None:
    """The version that the caller has seen, from ``If-Match``. Raises Malformed."""
    header = request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return None
    text = header.removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Malformed(
            Message('If-Match must be the ETag of the record, such as "3"', 'If-Match 必须是记录的 ETag，例如 "3"')
        )
    return int(text)


def handle_errors(
    app: Flask, wrap: Callable[[Exception], DougongError], tell: Callable[[DougongError], Response] = refusal
) -> None:
    """Every refusal of the engine is told; ``wrap`` turns foreign exceptions into ours."""

    def refused(error: DougongError) -> Response:
        return tell(error)

    def foreign(error: Exception) -> Response:
        return tell(wrap(error))

    app.register_error_handler(DougongError, refused)
    app.register_error_handler(Exception, foreign)
