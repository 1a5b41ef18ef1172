"""The generated pages of every object: list, record, form, deletion, import, export. None knows an object by name."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Malformed
from runtime.engine import exports, imports, presenting
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.workspace import Session
from runtime.web import (
    boards,
    calendars,
    conversions,
    galleries,
    routes_home,
    routes_lists,
    routes_one,
    routes_selection,
)
from runtime.web.asked import Asked, combined, views_of
from runtime.web.editing import Editing, editing
from runtime.web.http import Services, answer
from runtime.web.render import page, wants_part
from runtime.web.session import page_session
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

#: The pages of views, by the look that their kind names; every other look is a list.
LOOKS = {
    "board": boards.board_page,
    "calendar": calendars.calendar_page,
    "gallery": galleries.gallery_page,
}
#: What becomes of a row whose record is there already.
ON_DUPLICATE = ("fail", "skip", "update", "create")


def blueprint(services: Services) -> Blueprint:
    """The pages of objects."""
    routes = Blueprint("objects", __name__)

    routes_home.add(routes)
    routes_lists.add(routes, LOOKS)
    routes_lists.add_own(routes)
    routes_selection.add(routes)
    routes_one.add(routes)
    routes_one.add_far(routes)
    conversions.add(routes)
    boards.add(routes)
    calendars.add(routes)

    @routes.get("/o/<object_name>/export")
    def export(object_name: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "export")
        return exported(session, access)

    @routes.route("/import/<object_name>", methods=["GET", "POST"])
    def take_in(object_name: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "import")
        return imported(services, session, access)

    @routes.route("/o/<object_name>/new", methods=["GET", "POST"])
    def create(object_name: str) -> Response:
        session = page_session()
        return edited(session, editing(services, session, object_name, None))

    @routes.route("/o/<object_name>/<record_id>/edit", methods=["GET", "POST"])
    def change(object_name: str, record_id: str) -> Response:
        session = page_session()
        return edited(session, editing(services, session, object_name, record_id))

    return routes


def edited(session: Session, form: Editing) -> Response:
    """A form: shown, or taken and stored. In a panel of another page, only the form, and who was made."""
    name = form.access.object.name
    template = "edit_panel.html" if wants_part() else "edit.html"
    if request.method == "POST":
        if form.post():
            if wants_part():
                return made_in_panel(session, form)
            flash(gettext("Saved."))
            return to(f"/o/{name}/{form.record_id}" if form.access.may("read") else "/")
    else:
        form.make(None)
    return page(template, session, form.status, form=form, object=form.access.object, shown=form.shown())


def made_in_panel(session: Session, form: Editing) -> Response:
    """The record that a panel has stored, for the page that opened it."""
    identity = str(form.record_id)
    titles = presenting.titles(session, form.access.object.name, [identity])
    return answer({"id": identity, "title": titles.get(identity, identity[:8])})


def exported(session: Session, access: ObjectAccess) -> Response:
    """The list as a file: what the address asks, the view's own conditions included."""
    asked = Asked.of(request.args)
    view = next((one for one in views_of(session, access.object.name) if one.name == asked.view), None)
    form = request.args.get("format", "csv")
    options = exports.Options(
        format=form if form in exports.TYPES else "csv",
        filter=combined(view, asked.filter), sort=asked.keys, q=asked.q, titles=True,
    )  # fmt: skip
    found = Response(exports.export(session, access.object.name, options), content_type=options.content_type)
    found.headers["Content-Disposition"] = f'attachment; filename="{access.object.name}.{options.format}"'
    found.headers["Cache-Control"] = "private, no-store"
    return found


def imported(services: Services, session: Session, access: ObjectAccess) -> Response:
    """A file of rows taken in, or tried without storing anything; then what became of each row."""
    unique = [one for one in access.object.fields.values() if one.unique and access.readable(one.name)]
    outcome, message, status = None, "", 200
    if request.method == "POST":
        part = request.files.get("file")
        try:
            if part is None or not part.filename:
                raise Malformed()
            options = imports.Options(
                on_duplicate=request.form.get("on_duplicate", "fail"), key=request.form.get("key") or None,
                dry_run="try" in request.form, name=part.filename,
            )  # fmt: skip
            outcome = imports.run(session, access.object.name, part.stream, options).json(page_language())
        except DougongError as error:
            if error.status not in (400, 403, 413, 422):
                raise
            lost = part is None or not part.filename
            message = gettext("Choose a file first.") if lost else error.detail(page_language())
            status = error.status
    return page(
        "import.html", session, status, object=access.object, unique=unique, outcome=outcome, message=message,
        ways=ON_DUPLICATE,
    )  # fmt: skip
