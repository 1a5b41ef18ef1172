"""Lists of records: their page in every look, the filter builder, columns, own views, cells edited in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from werkzeug.datastructures import MultiDict

from runtime.base.errors import DougongError, NotFound
from runtime.engine import personal, presenting, records
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue
from runtime.web import filters
from runtime.web.asked import Asked, look_of, views_of
from runtime.web.columns import choosable, columns_in
from runtime.web.editing import read
from runtime.web.filters import Builder
from runtime.web.forms import KindField, Offers, RecordForm, leftover, make_form, place_of
from runtime.web.layout import usual
from runtime.web.listing import Listing, listing, opened, summed
from runtime.web.render import page, wants_part
from runtime.web.session import looking
from runtime.web.shown import Shower, bare
from runtime.web.texts import gettext, page_language
from runtime.web.waiting import told
from runtime.web.work import to

Page = Callable[[Session, ObjectAccess, Asked, Builder | None], Response]


def rights(object_name: str, right: str = "read") -> tuple[Session, ObjectAccess]:
    """Who asks, and what he may do with the object; '' when knowing it is enough. Raises NotFound, Forbidden."""
    session = looking()
    return session, demand_object(session.snapshot, session.person, object_name, right or None)


def add(routes: Blueprint, looks: Mapping[str, Page]) -> None:
    """The routes of lists; ``looks`` are the pages of views that do not look like a list."""

    def answered(session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None) -> Response:
        view = next((one for one in views_of(session, access.object.name) if one.name == asked.view), None)
        look = list_page if asked.coming else looks.get(look_of(session, view), list_page)
        return look(session, access, asked, builder)

    @routes.get("/o/<object_name>")
    def many(object_name: str) -> Response:
        session, access = rights(object_name)
        return answered(session, access, Asked.of(request.args))

    @routes.get("/o/<object_name>/filter")
    def build(object_name: str) -> Response:
        session, access = rights(object_name)
        asked = Asked.of(request.args)
        builder = filters.sent(session, access, request.args)
        asked.filter, asked.cursor = builder.source, ""
        if builder.settled and not wants_part():
            return to(asked.address(object_name))
        if wants_part():
            made = opened(session, access, asked)
            return part("list_filter.html", list=made, builder=builder, object=access.object)
        return answered(session, access, asked, builder)

    @routes.get("/o/<object_name>/columns")
    def columns(object_name: str) -> Response:
        _, access = rights(object_name)
        known = dict(choosable(access))
        chosen = ",".join(one for one in request.args.getlist("column") if one in known)
        asked = Asked.of(request.args)
        asked.columns = chosen
        return to(asked.address(object_name))

    @routes.get("/o/<object_name>/summary")
    def summary(object_name: str) -> Response:
        session, access = rights(object_name)
        asked = Asked.of(request.args)
        if wants_part():
            made = opened(session, access, asked)
            summed(session, made)
            return part("list_summary.html", list=made)
        return list_page(session, access, asked, None, total=True)

    @routes.route("/o/<object_name>/<record_id>/cell/<name>", methods=["GET", "POST"])
    def cell(object_name: str, record_id: str, name: str) -> Response:
        session, access = rights(object_name)
        return edited_cell(session, access, record_id, name)


def add_own(routes: Blueprint) -> None:
    """The routes of the caller's own views."""

    @routes.post("/o/<object_name>/views")
    def save_view(object_name: str) -> Response:
        session, access = rights(object_name)
        asked = Asked.of(request.form)
        try:
            asked.saved = personal.save(session, access, request.form.get("name", ""), asked.kept())
        except DougongError as error:
            if error.status not in (409, 422):
                raise
            flash(gettext("The view is not saved: %(why)s") % {"why": error.detail(page_language())}, "alert")
        return to(asked.address(object_name))

    @routes.post("/o/<object_name>/views/<view>")
    def keep_view(object_name: str, view: str) -> Response:
        session, _ = rights(object_name)
        asked = Asked.of(request.form)
        if "drop" in request.form:
            personal.drop(session, view)
            flash(gettext("The view is gone."))
            return to(f"/o/{object_name}")
        personal.change(session, view, asked.kept())
        flash(gettext("Saved."))
        return to(asked.address(object_name))


def part(template: str, **values: Any) -> Response:
    """A piece of a page, for a partial update."""
    found = Response(render_template(template, language=page_language(), **values), content_type="text/html")
    found.headers["Cache-Control"] = "no-store"
    return found


def list_page(
    session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None, *, total: bool = False
) -> Response:
    """The page of a list."""
    made = listing(session, access, asked)
    if total:
        summed(session, made)
    return list_answer(session, made, "list.html", builder, choosable=columns_offered(session, made))


def list_answer(
    session: Session, made: Listing, template: str, builder: Builder | None = None, **values: Any
) -> Response:
    """A page of many records in any look, with its tabs and filter builder."""
    builder = builder or filters.shown(session, made.access, made.asked.filter)
    return page(
        template, session, made.status, list=made, object=made.access.object, builder=builder, hidden=filters.hidden,
        **values,
    )  # fmt: skip


def columns_offered(session: Session, made: Listing) -> list[tuple[str, str, bool]]:
    """(name, label, chosen) of what may be columns: the chosen ones first, in their order."""
    known = dict(choosable(made.access))
    chosen = [one.path for one in made.columns if one.path in known]
    return [(one, known[one], True) for one in chosen] + [
        (one, label, False) for one, label in known.items() if one not in chosen
    ]


def one_field(
    session: Session, access: ObjectAccess, name: str, values: Mapping[str, Any], sent: MultiDict[str, Any] | None
) -> RecordForm:
    """A form of one input. Raises NotFound for a field that the caller may not set."""
    if not access.writable(name):
        raise NotFound()
    place = place_of(access.object.fields[name])
    return make_form([place], access, Offers(session), {}, values=values, formdata=sent)


def edited_cell(session: Session, access: ObjectAccess, record_id: str, name: str) -> Response:
    """One value of one record, changed where it stands."""
    access.demand("update")
    record = read(session, access, record_id)
    if not access.writable(name):
        raise NotFound()
    definition = access.object.fields[name]
    stored = {name: bare(definition, record.get(name))}
    status, message = 200, ""
    if request.method == "POST":
        made = one_field(session, access, name, stored, MultiDict(request.form))
        version = str(request.form.get("version", ""))
        try:
            raw = made.values(new=False)
            seen = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
            done = None
            if raw:
                done = records.update(session, access.object.name, record_id, raw, records.Options(version=seen))
            record = read(session, access, record_id)
            found = cell_shown(session, access, record, name)
            if done is not None and done.pending is not None:
                return told(found, done.pending)
            return found
        except BadValue as error:
            message, status = error.message.text(page_language()), 422
        except DougongError as error:
            if error.status not in (403, 409, 412, 422, 423):
                raise
            status = error.status
            rest = leftover(made, error.problems)
            own: list[str] = [str(one) for one in made[name].errors]
            message = " ".join([*own, *rest]) or error.detail(page_language())
    else:
        made = one_field(session, access, name, stored, None)
    field: KindField = made[name]
    field.errors = [message] if message else []
    found = part(
        "cell_edit.html", field=field, object=access.object, record=record, name=name, message=message,
        stale=status == 412, shown=Shower(session, access).value(definition, record.get(name)),
    )  # fmt: skip
    found.status_code = status
    return found


def cell_shown(session: Session, access: ObjectAccess, record: Mapping[str, Any], name: str) -> Response:
    """The cell after its value is stored, and the version that the next change of the row must tell."""
    shown = Shower(session, access).value(access.object.fields[name], record.get(name))
    found = part("cell_shown.html", shown=shown, object=access.object, record=record, name=name)
    found.headers["X-Record-Version"] = str(record["version"])
    return found


def columns_for(session: Session, access: ObjectAccess) -> list[str]:
    """The columns that an object's lists usually have: those of its first list, or its first fields."""
    view = next((one for one in views_of(session, access.object.name) if columns_in(one)), None)
    return [str(one["field"]) for one in columns_in(view)] or usual(access)


def titled(session: Session, object_name: str, ids: list[str]) -> dict[str, str]:
    """How records are called, for pages that speak of several."""
    return presenting.titles(session, object_name, ids)
