"""Logging in and out over the API, and who I am."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from runtime.base.errors import Malformed, Message, NotFound, Problem, Unauthorized
from runtime.engine import accounts
from runtime.engine.workspace import read_token
from runtime.store import people
from runtime.web.http import Services, answer, current, json_object, session_of

SMALL = 16 * 1024


def code_of(body: Mapping[str, Any]) -> str | None:
    """The code of the second factor, where the caller sends one."""
    code = body.get("code")
    return code if isinstance(code, str) else None


def blueprint(services: Services) -> Blueprint:
    """The routes of accounts."""
    routes = Blueprint("auth", __name__, url_prefix="/api/v1")

    @routes.post("/login")
    def login() -> Response:
        body = json_object(SMALL)
        problems = [
            Problem("type", Message("must be a text", "必须是文本"), field=name)
            for name in ("username", "password")
            if not isinstance(body.get(name), str)
        ]
        if problems or not isinstance(body.get("workspace", "main"), str):
            raise Malformed(problems=problems)
        attempts = accounts.attempts_of(body.get("workspace", "main"), body["username"])
        services.limits.login(request.remote_addr or "", attempts)
        try:
            workspace = services.workspaces.named(body.get("workspace", "main"))
        except NotFound:
            raise Unauthorized(accounts.REFUSED) from None
        token, expires = accounts.login(
            workspace, body["username"], body["password"], code_of(body), request.headers.get("User-Agent", "")
        )
        return answer({"token": token, "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z")})

    @routes.post("/logout")
    def logout() -> Response:
        session = session_of(services)
        _, digest = read_token(current().bearer)
        found = people.token(session.database, session.workspace.schema, digest)
        if found:
            people.revoke_token(session.database, session.workspace.schema, found[0])
        return answer({})

    @routes.get("/me")
    def me() -> Response:
        return answer(accounts.me(session_of(services)))

    return routes
