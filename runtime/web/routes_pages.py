"""The pages around the records: start, login and logout, language, one's own settings, files."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, request

from runtime.base.errors import DougongError, Invalid, Malformed, Message
from runtime.engine import own, uploads
from runtime.engine.workspace import Session
from runtime.store import workspaces
from runtime.web.http import Services, answer
from runtime.web.render import THEME, THEMES, keep, page
from runtime.web.routes_files import handed_out
from runtime.web.session import enter, leave, local, maybe_session, page_session, renew
from runtime.web.texts import COOKIE, LANGUAGES, gettext, page_language


def to(path: str) -> Response:
    """Go on to another page after a form."""
    return make_response(redirect(path, 303))


def blueprint(services: Services) -> Blueprint:
    """The pages around the records."""
    routes = Blueprint("pages", __name__)

    @routes.route("/login", methods=["GET", "POST"])
    def login() -> Response:
        return entered(services)

    @routes.post("/logout")
    def logout() -> Response:
        leave(services)
        return to("/login")

    @routes.post("/language")
    def language() -> Response:
        wanted = request.form.get("language", "")
        chosen = wanted if wanted in LANGUAGES else "en"
        session = maybe_session()
        if session is not None:
            own.set_language(session, chosen)
        return keep(to(local(request.form.get("next"))), COOKIE, chosen)

    @routes.post("/theme")
    def chosen_theme() -> Response:
        wanted = request.form.get("theme", "")
        return keep(to(local(request.form.get("next"))), THEME, wanted if wanted in THEMES else "auto")

    @routes.route("/me", methods=["GET", "POST"])
    def me() -> Response:
        session = page_session()
        if request.method == "GET":
            return page("me.html", session, themes=THEMES, errors={})
        if "theme" in request.form:
            wanted = request.form["theme"]
            flash(gettext("Saved."))
            return keep(to("/me"), THEME, wanted if wanted in THEMES else "auto")
        return password(services, session)

    @routes.post("/files")
    def upload() -> Response:
        session = page_session()
        part = request.files.get("file")
        if part is None or not part.filename:
            raise Malformed(Message("send the file as the part 'file'", "请用 file 部分上传文件"))
        largest = services.settings.largest_file
        return answer(uploads.upload(session, services.contents(session), part.stream, part.filename, largest), 201)

    @routes.get("/files/<file_id>")
    def file(file_id: str) -> Response:
        session = page_session()
        row = uploads.readable(session, file_id)
        return handed_out(row, uploads.chunks(services.contents(session), row))

    return routes


def entered(services: Services) -> Response:
    """The login: its page, or what became of a name and password."""
    wanted = local(request.values.get("next"))
    several = [one.name for one in workspaces.everyone(services.workspaces.database)]
    workspace = request.values.get("workspace") or (several[0] if len(several) == 1 else "main")
    name = request.form.get("username", "")[:200]
    message, status = "", 200
    if request.method == "POST":
        try:
            enter(services, workspace[:100], name, request.form.get("password", ""))
            return to(wanted)
        except DougongError as error:
            if error.status not in (401, 429):
                raise
            message, status = error.detail(page_language()), error.status
    elif maybe_session() is not None:
        return to(wanted)
    found = page(
        "login.html", None, status, message=message, next=wanted, name=name, workspace=workspace,
        several=len(several) > 1,
    )  # fmt: skip
    if status == 429:
        found.headers["Retry-After"] = "60"
    return found


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
        return page("me.html", session, 422, themes=THEMES, errors=errors)
    flash(gettext("The password is changed. You have been logged out everywhere else."))
    return to("/me")
