"""Who is at the browser: Flask-Login over the very tokens of the API, and the CSRF guard of every page.

The signed cookie holds a token that the server can revoke; it authorises pages only, never the JSON API.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, g, request
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from runtime.base.errors import NotFound, Unauthorized
from runtime.engine import accounts, own, taskboxes
from runtime.engine.second import CodeNeeded
from runtime.engine.workspace import Session
from runtime.store.ahead import Ahead
from runtime.web.http import Services

#: Field names begin with a letter: this name never meets one of theirs.
CSRF_FIELD = "_csrf"
#: The code of a refusal of a form that was made for another session.
EXPIRED = "page_expired"
LARGEST_FORM = 4 * 2**20
SLACK = 2**20
API = "/api/"
PENDING = "pending"
#: Seconds between the password and the code.
PATIENCE = 300


class Visitor(UserMixin):  # type: ignore[misc]
    """A person at a browser; his id in the cookie is his token."""

    def __init__(self, token: str, session: Session) -> None:
        self.token = token
        self.session = session

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self.token


def page_session() -> Session:
    """The session of the person at the browser, renewed when anything has changed. Raises Unauthorized."""
    if not current_user.is_authenticated:
        raise Unauthorized()
    found: Session = current_user.session
    g.session = found
    return found


def looking() -> Session:
    """The same for a page that only shows something: all of it as of one moment, and what it asks is read together.

    Raises Unauthorized.
    """
    found = page_session()
    if request.method in ("GET", "HEAD") and found.moment is None:
        found.moment = datetime.now(UTC)
        found.database = Ahead(found.database)
        found.database.note(taskboxes.counting(found))
    return found


def maybe_session() -> Session | None:
    """The session of the person at the browser, None when nobody is logged in."""
    return page_session() if current_user.is_authenticated else None


def enter(services: Services, workspace: str, name: str, password: str) -> None:
    """Log in: the old cookie's content goes, a new token comes. Raises Unauthorized, TooMany."""
    services.limits.login(request.remote_addr or "", accounts.attempts_of(workspace, name))
    try:
        found = services.workspaces.named(workspace)
    except NotFound:
        raise Unauthorized(accounts.REFUSED) from None
    agent = request.headers.get("User-Agent", "")
    try:
        token, _ = accounts.login(found, name, password, agent=agent)
    except CodeNeeded as error:
        cookie[PENDING] = [workspace, str(error.extra["user"]), int(time.time())]
        raise
    renew(services, token)


def pending() -> bool:
    """True while somebody has shown his password and not yet the code of his second factor."""
    found = cookie.get(PENDING)
    return isinstance(found, list) and time.time() - int(found[2]) < PATIENCE


def enter_second(services: Services, code: str) -> None:
    """The second step of a login. Raises Unauthorized, TooMany."""
    if not pending():
        raise Unauthorized(accounts.REFUSED)
    workspace, user, _ = cookie[PENDING]
    services.limits.login(request.remote_addr or "", f"{workspace}/{user}")
    found = services.workspaces.named(workspace)
    token, _ = accounts.login_second(found, user, code, request.headers.get("User-Agent", ""))
    renew(services, token)


def renew(services: Services, token: str) -> None:
    """Go on with another token, ending the one before."""
    leave(services)
    login_user(Visitor(token, services.workspaces.session(token, "form")))


def leave(services: Services) -> None:
    """Log out: the token ends on the server, the cookie is emptied."""
    if current_user.is_authenticated:
        own.logout(current_user.session.workspace, current_user.token)
        logout_user()
    cookie.clear()


def local(target: str | None) -> str:
    """``target`` when it is a path of this house, otherwise the start page: nobody is led elsewhere."""
    if not target or not target.startswith("/") or "\\" in target or any(ord(one) < 33 for one in target):
        return "/"
    parts = urlsplit(target)
    if target.startswith("//") or parts.scheme or parts.netloc:
        return "/"
    return target


class PageSessions(SecureCookieSessionInterface):
    """Cookies are for pages: a request to the API has none, whatever it sends."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a page's request; None for the API."""
        if request.path.startswith(API):
            return None
        return super().open_session(app, request)


def install(app: Flask, services: Services) -> None:
    """Sessions and the CSRF guard for everything outside of the API."""
    app.session_interface = PageSessions()
    app.config.update(
        WTF_CSRF_FIELD_NAME=CSRF_FIELD,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=5000,
    )
    csrf = CSRFProtect(app)
    manager = LoginManager(app)
    manager.session_protection = None  # The token decides; an address may change on the way home.

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> Any:
        try:
            found = services.workspaces.session(token, "form")
            found.settle()
        except Unauthorized:
            return None
        return Visitor(token, found)

    @app.before_request
    def guard() -> None:
        if request.path.startswith(API):
            return
        if request.mimetype == "multipart/form-data" and current_user.is_authenticated:
            request.max_content_length = services.settings.largest_file + SLACK
        csrf.protect()
