"""One HTTP request and its answer in the plain terms of WSGI, for Flask's routes and for those beside it alike."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Response
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import BadRequest
from werkzeug.http import parse_accept_header
from werkzeug.wsgi import get_input_stream

from runtime.base.errors import DougongError, Malformed, Message, TooLarge, Unauthorized
from runtime.base.values import dump, load_foreign
from runtime.engine.workspace import Session

JSON = "application/json"
PROBLEM = "application/problem+json"
#: What a refusal tells programs beside: what stands now, and who did what meanwhile.
BESIDE = ("version", "rev", "state", "by", "at", "happened")
MOST_PROBLEMS = 200
MOST_PARAMETERS = 100
STATUS = {one.value: f"{one.value} {one.phrase}" for one in HTTPStatus}
SPOKEN = ("zh", "zh-CN", "zh-TW", "en")
CUT = Message("the request was cut off", "请求不完整")

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What is sent back: status, headers, body."""

    status: int
    headers: Headers
    body: bytes

    def response(self) -> Response:
        """The same for Flask."""
        return Response(self.body, self.status, self.headers)


class Call:
    """One request. ``session`` is the caller's once it is known."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.session: Session | None = None

    def header(self, name: str) -> str:
        """A header by its WSGI name (``IF_MATCH``), '' when it was not sent."""
        found: str = self.environ.get("HTTP_" + name, "")
        return found

    @cached_property
    def args(self) -> dict[str, str]:
        """The query string; the first of several values counts. Raises Malformed."""
        text = self.environ.get("QUERY_STRING", "")
        if not text:
            return {}
        raw = text.encode("latin-1").decode("utf-8", "replace")
        try:
            pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
        except ValueError:
            raise Malformed(Message("too many parameters", "参数过多")) from None
        return dict(reversed(pairs))

    def body(self, largest: int) -> bytes:
        """The body, at most ``largest`` bytes. Raises TooLarge, Malformed."""
        environ = self.environ
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdigit() and int(length) > largest:
            raise too_large(largest)
        try:
            found: bytes = get_input_stream(environ, max_content_length=largest + 1).read()
        except BadRequest:
            raise Malformed(CUT) from None
        if len(found) > largest:
            raise too_large(largest)
        if length.isdigit() and len(found) < int(length):
            raise Malformed(CUT)
        return found

    @property
    def language(self) -> str:
        """The language of the answer: the caller's own, or what his program accepts."""
        if self.session is not None:
            return self.session.language
        accepted = parse_accept_header(self.header("ACCEPT_LANGUAGE"), LanguageAccept)
        return "zh" if (accepted.best_match(SPOKEN, "en") or "en").startswith("zh") else "en"

    @property
    def bearer(self) -> str:
        """The token of the request. Raises Unauthorized."""
        scheme, _, token = self.header("AUTHORIZATION").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(
                Message("send 'Authorization: Bearer TOKEN'", "请携带请求头 Authorization: Bearer TOKEN")
            )
        return token

    @property
    def if_match(self) -> int | None:
        """The version that the caller has seen, from ``If-Match``. Raises Malformed."""
        header = self.header("IF_MATCH").strip()
        if not header or header == "*":
            return None
        text = header.removeprefix("W/").strip('"')
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Malformed(
                Message('If-Match must be the ETag of the record, such as "3"', 'If-Match 必须是记录的 ETag，例如 "3"')
            )
        return int(text)


def json_answer(body: bytes, status: int = 200, *more: tuple[str, str]) -> Answer:
    """JSON, never kept by anybody on the way."""
    return Answer(status, [("Content-Type", JSON), ("Cache-Control", "no-store"), *more], body)


def json_of(body: bytes) -> dict[str, Any]:
    """A request's body as a JSON object with exact numbers. Raises Malformed."""
    found = load_foreign(body)
    if not isinstance(found, dict):
        raise Malformed(Message("the body must be a JSON object", "请求正文必须是 JSON 对象"))
    return found


def refusal(error: DougongError, spoken: str) -> Answer:
    """A refusal as ``application/problem+json`` (RFC 9457), the same shape for every way to be wrong."""
    body: dict[str, Any] = {
        "type": f"urn:dougong:{error.code}",
        "title": error.title.text(spoken),
        "status": error.status,
        "detail": error.detail(spoken),
        "errors": [one.json(spoken) for one in error.problems[:MOST_PROBLEMS]],
        **{name: error.extra[name] for name in BESIDE if name in error.extra},
    }
    held_by = error.extra.get("workflow_instance")
    if held_by is not None:
        body |= {"workflow_instance": held_by, "link": flow_address(held_by)}
    headers = [("Content-Type", PROBLEM), ("Cache-Control", "no-store")]
    retry = error.extra.get("retry_after")
    if retry is not None:
        headers.append(("Retry-After", str(retry)))
    if error.status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    return Answer(error.status, headers, dump(body))


def flow_address(instance: str) -> str:
    """The page of a workflow's instance."""
    return f"/tasks/flows/{instance}"


def too_large(largest: int) -> TooLarge:
    """The refusal of a body that is too large."""
    size = f"{largest // 2**20} MB" if largest >= 2**20 else f"{largest // 2**10} KB"
    return TooLarge(Message(f"the body may have at most {size}", f"请求正文最大 {size}"))
