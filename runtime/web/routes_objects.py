"""The generated pages of every object: list, record, form, deletion, import, export. None knows an object by name."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Locked
from runtime.engine import entering, exports, locks, presenting
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.workspace import Session
from runtime.web import (
    boards,
    calendars,
    conversions,
    galleries,
    gantts,
    importpage,
    routes_home,
    routes_lists,
    routes_one,
    routes_selection,
)
from runtime.web.approvals import after_saving, submits
from runtime.web.asked import Asked, combined, views_of
from runtime.web.editing import Editing, editing
from runtime.web.http import Services, answer
from runtime.web.render import page, wants_part
from runtime.web.session import looking, page_session
from runtime.web.texts import page_language
from runtime.web.waiting import saved, told, waits
from runtime.web.work import to

#: The pages of views, by the look that their kind names; every other look is a list.
LOOKS = {
    "board": boards.board_page,
    "calendar": calendars.calendar_page,
    "gallery": galleries.gallery_page,
    "gantt": gantts.gantt_page,
}
#: The button that stores a record and submits it; names of fields begin with a letter.
START = "_start"


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
    importpage.add(routes, services)

    @routes.get("/o/<object_name>/export")
    def export(object_name: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "export")
        return exported(session, access)

    @routes.route("/o/<object_name>/new", methods=["GET", "POST"])
    def create(object_name: str) -> Response:
        session = looking()
        return edited(session, editing(services, session, object_name, None))

    @routes.route("/o/<object_name>/<record_id>/edit", methods=["GET", "POST"])
    def change(object_name: str, record_id: str) -> Response:
        session = looking()
        return edited(session, editing(services, session, object_name, record_id))

    return routes


def edited(session: Session, form: Editing) -> Response:
    """A form: shown, or taken and stored. In a panel of another page, only the form, and who was made."""
    name = form.access.object.name
    template = "edit_panel.html" if wants_part() else "edit.html"
    held = locked(session, form)
    if held is not None and request.method == "GET" and not wants_part():
        flash(held.detail(page_language()), "alert")
        return to(f"/o/{name}/{form.record_id}")
    if request.method == "POST":
        if form.post():
            waits = form.done.pending if form.done is not None and form.new_line else None
            if waits is not None:  # A line that is not there yet: what there is, is the request.
                flash(saved(form.done))
                return to(f"/tasks/flows/{waits.instance}")
            if wants_part():
                return made_in_panel(session, form)
            wanted = request.form.get(START)
            if wanted and (form.done is None or form.done.pending is None):
                return after_saving(session, form.access, str(form.record_id), wanted)
            flash(saved(form.done))
            return to(f"/o/{name}/{form.record_id}" if form.access.may("read") else "/")
    else:
        form.make(None)
    offers = (
        ()
        if wants_part()
        else submits(session, form.access, form.values() if form.new else form.bare_record(), new=form.new)
    )
    return page(
        template, session, form.status, form=form, object=form.access.object, shown=form.shown(), submits=offers,
        start=START,
    )  # fmt: skip


def locked(session: Session, form: Editing) -> DougongError | None:
    """Why nobody may change the record now, None when it may be changed."""
    if form.record_id is None:
        return None
    if form.record is not None and "_state" in form.record and not entering.may_mend(session, form.record_id):
        return Locked(entering.WAITS, code="locked")
    return locks.held(session, form.access.object, form.record_id)


def made_in_panel(session: Session, form: Editing) -> Response:
    """The record that a panel has stored, for the page that opened it."""
    identity = str(form.record_id)
    if form.done is not None and form.done.pending is not None:  # Nothing can be linked to it yet.
        return told(Response(waits(form.done.pending), content_type="text/plain; charset=utf-8"), form.done.pending)
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
