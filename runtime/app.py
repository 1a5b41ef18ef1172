"""The composition: the only place that knows everything. It makes the web application from its settings."""

from __future__ import annotations

import logging
import os
from functools import partial

import psycopg
from flask import Flask, Response, request
from flask_compress import Compress
from flask_wtf.csrf import CSRFError
from psycopg import errors as pg
from werkzeug.exceptions import HTTPException

from runtime.base.errors import DougongError, Malformed, Message, Unavailable
from runtime.config import Settings
from runtime.engine import mailing
from runtime.engine.workspace import Workspaces
from runtime.kinds.catalog import load_catalog
from runtime.store.database import AWAY, BUSY, Database
from runtime.web import (
    entrance,
    render,
    routes_admin,
    routes_auth,
    routes_docs,
    routes_files,
    routes_formula,
    routes_live,
    routes_model,
    routes_notices,
    routes_objects,
    routes_ops,
    routes_pages,
    routes_records,
    routes_tasks,
    routes_transfer,
    session,
)
from runtime.web.direct import Direct
from runtime.web.http import GUARDS, Services, handle_errors
from runtime.web.limits import Limits
from runtime.web.metrics import ROUTE, Measured, Metrics
from runtime.web.spread import Spread

log = logging.getLogger("dougong")
ROUTES = (
    routes_auth, routes_records, routes_transfer, routes_admin, routes_model, routes_files, routes_ops,
    routes_pages, routes_tasks, routes_notices, routes_objects, routes_live, routes_docs, routes_formula,
)  # fmt: skip


class Web(DougongError):
    """A refusal by the web framework itself."""

    def __init__(self, status: int, message: Message, code: str = "") -> None:
        super().__init__(message, code=code or f"http_{status}")
        self.status = status
        self.title = message


def foreign(error: Exception, where: str) -> DougongError:
    """A foreign exception as one of ours; what nobody expected is logged whole and told as nothing."""
    if isinstance(error, HTTPException):
        status = error.code or 500
        if status == 404:
            return Web(404, Message("there is no such address", "没有该地址"))
        if status == 405:
            return Web(405, Message("this address does not take that method", "该地址不支持此方法"))
        if isinstance(error, CSRFError):
            expired = Message("this page is too old, load it again", "页面已过期，请刷新后重试")
            return Web(400, expired, session.EXPIRED)
        if status == 413:
            return Web(413, Message("the body is too large", "请求正文过大"))
        return Web(status, Message(error.name, error.name))
    if isinstance(error, (pg.LockNotAvailable, pg.QueryCanceled)):
        return Unavailable(BUSY, extra={"retry_after": 2})
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return Unavailable(AWAY, extra={"retry_after": 2})
    unkeepable = isinstance(error, (pg.UntranslatableCharacter, pg.CharacterNotInRepertoire))
    if unkeepable or (isinstance(error, psycopg.DataError) and error.sqlstate is None):  # The driver met a NUL.
        return Malformed(Message("a text contains a character that cannot be kept", "文本包含无法保存的字符"))
    log.error("unexpected error on %s", where, exc_info=error)
    return DougongError(Message("something went wrong on our side; it has been noted", "系统内部错误，已记录"))


def make_services(settings: Settings, database: Database | None = None) -> Services:
    """Everything that routes and commands work with."""
    catalog = load_catalog(settings.plugins)
    found = database or Database(settings.dsn, pool_size=settings.pool_size)
    known = Workspaces(found, catalog)
    letters = mailing.post_of(known, os.environ, settings.secret).opens
    return Services(settings, known, Limits(settings.logins_per_minute), Metrics(found), letters)


def create_app(settings: Settings, services: Services | None = None) -> Flask:
    """The web application."""
    app = Flask("runtime.web", template_folder="pages", static_folder="static")
    app.secret_key = settings.secret
    app.config.update(
        MAX_CONTENT_LENGTH=settings.largest_body,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        # Only what is the same for everybody: a page with secrets in it must not tell them by its compressed size.
        COMPRESS_MIMETYPES=["text/css", "text/javascript", "application/javascript", "image/svg+xml"],
    )
    Compress(app)
    made = services or make_services(settings)
    app.extensions["dougong"] = made
    session.install(app, made)
    render.install(app)
    for routes in ROUTES:
        app.register_blueprint(routes.blueprint(made))
    handle_errors(app, foreign, partial(entrance.refused, made))

    @app.after_request
    def guard(response: Response) -> Response:
        headers = response.headers
        there = {name.lower() for name, _ in headers}
        for name, value in GUARDS:
            if name.lower() not in there:
                headers.add(name, value)
        return response

    @app.after_request
    def closing(response: Response) -> Response:
        # The compression puts a generator in the place of the file, which then nobody would close.
        close = getattr(response.response, "close", None)
        if response.is_streamed and close is not None:
            response.call_on_close(close)
        return response

    @app.before_request
    def named() -> None:
        if request.url_rule is not None:
            request.environ[ROUTE] = request.url_rule.rule

    measured = Measured(made.metrics, Direct(made, app.wsgi_app, foreign))
    app.wsgi_app = Spread(measured)  # type: ignore[method-assign]
    return app
