"""One's own settings: profile, language, look, password, second factor, sessions and tokens."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

import segno
from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Invalid, NotFound
from runtime.engine import own, second
from runtime.engine.workspace import Session
from runtime.store import people
from runtime.web import standinforms
from runtime.web.http import Services
from runtime.web.render import THEME, THEMES, keep, page, theme
from runtime.web.routes_admin_pages import names_of
from runtime.web.session import page_session, renew
from runtime.web.shown import moment
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

TOKEN_DAYS = 90


def add(routes: Blueprint, services: Services) -> None:
    """The routes of one's own settings."""

    @routes.route("/me", methods=["GET", "POST"])
    def me() -> Response:
        session = page_session()
        if request.method == "GET":
            return me_page(session)
        wanted = next((one for one in FORMS if one in request.form and not request.form.get("old_password")), "")
        return FORMS.get(wanted, password)(services, session)

    @routes.get("/me/second.svg")
    def picture() -> Response:
        session = page_session()
        user = str(session.user_id)
        if second.demanded(session.workspace, user):
            raise NotFound()
        _, address = second.begin(session.workspace, user, session.person.name)
        drawn = io.BytesIO()
        segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=3, dark="#000", light="#fff")
        found = Response(drawn.getvalue(), content_type="image/svg+xml")
        found.headers["Cache-Control"] = "no-store"
        return found


def me_page(session: Session, status: int = 200, errors: Mapping[str, str] | None = None, **more: Any) -> Response:
    """The page of one's own settings."""
    workspace, user = session.workspace, str(session.user_id)
    on = second.demanded(workspace, user)
    row = people.user_by_id(session.database, workspace.schema, user)
    values = {"themes": THEMES, "errors": errors or {}, "on": on, "secret": "", "codes": (), "token": "", **more}
    if not on and more.get("begins"):
        values["secret"] = second.begin(workspace, user, session.person.name)[0]
    living = own.sessions(session)
    called = names_of(session)
    return page(
        "me.html", session, status, row=row, zones=sorted(available_timezones()),
        sessions=[one for one in living if one.purpose == "session"],
        tokens=[one for one in living if one.purpose != "session"],
        standins=standinforms.shown(session),
        roles=[called.get(one, one) for one in session.person.roles],
        at=lambda instant: moment(session, instant.isoformat()) if instant else "", chosen_theme=theme(), **values,
    )  # fmt: skip


def told(session: Session, error: DougongError, rename: Mapping[str, str] | None = None) -> Response:
    """What is wrong with a form of the page, at its inputs."""
    names = rename or {}
    errors = {names.get(one.field or "", one.field or ""): one.message.text(page_language()) for one in error.problems}
    return me_page(session, 422, errors, begins="second" in request.form or "code" in request.form)


def look(services: Services, session: Session) -> Response:
    """Light or dark."""
    wanted = request.form["theme"]
    flash(gettext("Saved."))
    return keep(to("/me"), THEME, wanted if wanted in THEMES else "auto")


def profile(services: Services, session: Session) -> Response:
    """Name, mail address, time zone."""
    try:
        own.set_profile(session, request.form)
    except Invalid as error:
        return told(session, error)
    flash(gettext("Saved."))
    return to("/me")


def begin_second(services: Services, session: Session) -> Response:
    """A secret for the authenticator, after the password."""
    try:
        own.proven(session, request.form.get("password", ""))
    except Invalid as error:
        return told(session, error, {"password": "second_password"})
    if request.form["second"] == "off":
        second.drop(session.workspace, str(session.user_id), session.user_id)
        flash(gettext("The second factor is off."))
        return to("/me")
    return me_page(session, begins=True)


def confirm_second(services: Services, session: Session) -> Response:
    """The first code puts the factor in force; the recovery codes are shown once."""
    services.limits.login(request.remote_addr or "", f"second/{session.user_id}")
    try:
        codes = second.confirm(session.workspace, str(session.user_id), request.form["code"])
    except Invalid as error:
        return told(session, error)
    return me_page(session, codes=codes)


def make_token(services: Services, session: Session) -> Response:
    """A token for scripts, shown once."""
    days = request.form.get("days", "")
    try:
        made = own.new_token(session, request.form["token_name"], int(days) if days.isdigit() else TOKEN_DAYS)
    except Invalid as error:
        return told(session, error, {"name": "token_name"})
    return me_page(session, token=made)


def end(services: Services, session: Session) -> Response:
    """End a session or token."""
    if not own.revoke(session, request.form["revoke"]):
        raise NotFound()
    flash(gettext("Ended."))
    return to("/me")


def password(services: Services, session: Session) -> Response:
    """A new password for whoever knows the old one; the session goes on with a new token."""
    new = request.form.get("new_password", "")
    errors = {}
    if new != request.form.get("again", ""):
        errors["again"] = gettext("The two new passwords differ.")
    else:
        services.limits.login(request.remote_addr or "", f"password/{session.user_id}")
        try:
            renew(services, own.set_password(session, request.form.get("old_password", ""), new))
        except Invalid as error:
            for one in error.problems:
                name = "old_password" if one.field == "old_password" else "new_password"
                errors[name] = one.message.text(page_language())
    if errors:
        return me_page(session, 422, errors)
    flash(gettext("The password is changed. You have been logged out everywhere else."))
    return to("/me")


def stand_in(services: Services, session: Session) -> Response:
    """Somebody stands in for the caller."""
    try:
        standinforms.arrange(session)
    except Invalid as error:
        return told(session, error)
    return to("/me#stand-ins")


def stand_in_end(services: Services, session: Session) -> Response:
    """A stand-in ends."""
    standinforms.over(session)
    return to("/me#stand-ins")


#: What each form of the page is known by.
FORMS: Mapping[str, Callable[[Services, Session], Response]] = {
    "theme": look,
    "full_name": profile,
    "second": begin_second,
    "code": confirm_second,
    "token_name": make_token,
    "revoke": end,
    "stand_in": stand_in,
    "stand_in_end": stand_in_end,
}
