"""The pages around the records: start, login and logout, language, one's own settings, files."""

from __future__ import annotations

from flask import Blueprint, Response, request

from runtime.base.errors import Malformed, Message
from runtime.engine import own, uploads
from runtime.web import routes_admin_pages, routes_calendars, routes_me, routes_reset
from runtime.web.entrance import entered
from runtime.web.http import Services, answer
from runtime.web.render import THEME, THEMES, keep
from runtime.web.routes_files import handed_out
from runtime.web.session import leave, local, maybe_session, page_session
from runtime.web.texts import COOKIE, LANGUAGES
from runtime.web.work import to


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

    routes_me.add(routes, services)
    routes_reset.add(routes, services)
    routes_admin_pages.add(routes, services)
    routes_admin_pages.add_looking(routes)
    routes_calendars.add(routes)
    return routes
