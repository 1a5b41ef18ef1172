"""The generated pages of every object: list, record, form, deletion, import, export. None knows an object by name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Malformed
from runtime.engine import exports, imports, presenting, reading, records, trail
from runtime.engine.access import ObjectAccess, demand_object, object_access
from runtime.engine.workspace import Session
from runtime.store.ids import is_id
from runtime.web import boards, calendars, galleries, routes_lists, routes_selection
from runtime.web.asked import Asked, combined, views_of
from runtime.web.columns import columns_in
from runtime.web.editing import Editing, editing, read
from runtime.web.forms import Offers, visible
from runtime.web.http import Services
from runtime.web.layout import Builder, plan, usual
from runtime.web.lines import LineEditor
from runtime.web.listing import Listing, related
from runtime.web.render import page
from runtime.web.routes_pages import to
from runtime.web.session import page_session
from runtime.web.shown import Shower, bare, history, moment
from runtime.web.texts import gettext, page_language

RELATED = 10
HISTORY = 20
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

    routes_lists.add(routes, LOOKS)
    routes_lists.add_own(routes)
    routes_selection.add(routes)
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

    @routes.get("/o/<object_name>/<record_id>")
    def one(object_name: str, record_id: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "read")
        return shown(session, access, record_id)

    @routes.route("/o/<object_name>/<record_id>/edit", methods=["GET", "POST"])
    def change(object_name: str, record_id: str) -> Response:
        session = page_session()
        return edited(session, editing(services, session, object_name, record_id))

    @routes.route("/o/<object_name>/<record_id>/delete", methods=["GET", "POST"])
    def remove(object_name: str, record_id: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "delete")
        return deleted(session, access, record_id)

    return routes


def edited(session: Session, form: Editing) -> Response:
    """A form: shown, or taken and stored."""
    if request.method == "POST":
        if form.post():
            flash(gettext("Saved."))
            return to(f"/o/{form.access.object.name}/{form.record_id}" if form.access.may("read") else "/")
    else:
        form.make(None)
    return page("edit.html", session, form.status, form=form, object=form.access.object, shown=form.shown())


def shown(session: Session, access: ObjectAccess, record_id: str) -> Response:
    """A record with its sections, lines, related lists and history."""
    if not is_id(record_id):
        raise reading.not_found(access.object.name)
    name = access.object.name
    record = read(session, access, record_id)
    made = plan(session, access)
    fields = access.object.fields
    plain = {key: bare(fields[key], value) if key in fields else value for key, value in record.items()}
    known = presenting.conditions(session, access, made.conditions(), plain)
    builder = Builder(session, access)
    made.blocks += builder.others(made)
    editor = LineEditor(session, Offers(session))
    lines = {
        one.relation.name: editor.read(one, record_id, edit=False) for one in made.relations("lines") if one.relation
    }
    shower = Shower(session, access)
    entries = trail.history(session, name, record_id)
    return page(
        "record.html", session,
        object=access.object, record=record, title=presenting.titles(session, name, [record_id]).get(record_id, ""),
        plan=made, lines=lines, related=related_lists(session, made, record_id),
        shown={key: shower.value(fields[key], record.get(key)) for key in fields if access.visible(key)},
        seen=lambda conditions: visible(conditions if isinstance(conditions, (list, tuple)) else (conditions,), known),
        may=presenting.permitted(session, access, record_id, "update", "delete"),
        history=history(session, access, entries[:HISTORY]), older=len(entries) > HISTORY,
        moment=lambda text: moment(session, text),
    )  # fmt: skip


def related_lists(session: Session, made: Any, record_id: str) -> dict[str, tuple[Listing, str]]:
    """For each relation of a record's page: its first records, and where a new one is made ('' where it may not)."""
    found: dict[str, tuple[Listing, str]] = {}
    for block in made.relations("related"):
        relation = block.relation
        definition = session.model.objects[relation.source]
        access = object_access(session.snapshot, session.person, definition)
        view = next((one for one in views_of(session, relation.source) if one.name == block.view), None)
        named = [str(one["field"]) for one in columns_in(view) if one["field"] != relation.field]
        names = named or usual(access, relation.field)
        new = f"/o/{relation.source}/new?{relation.field}={record_id}" if access.may("create") else ""
        found[relation.name] = (related(session, access, relation.field, record_id, names, RELATED), new)
    return found


def deleted(session: Session, access: ObjectAccess, record_id: str) -> Response:
    """Asking before a record goes to the recycle bin, and putting it there."""
    if not is_id(record_id):
        raise reading.not_found(access.object.name)
    name = access.object.name
    title = presenting.titles(session, name, [record_id]).get(record_id)
    if title is None:
        raise reading.not_found(name)
    message, status = "", 200
    if request.method == "POST":
        try:
            records.delete(session, name, record_id)
        except DougongError as error:
            if error.status not in (403, 409):
                raise
            message, status = error.detail(page_language()), error.status
        else:
            flash(gettext("Deleted."))
            return to(f"/o/{name}")
    return page("delete.html", session, status, object=access.object, title=title, id=record_id, message=message)


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
