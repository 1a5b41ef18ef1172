"""Work on several chosen records of a list: change a field, delete, export. Through the one write path, each told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request
from werkzeug.datastructures import MultiDict

from runtime.base.errors import DougongError, Invalid, Message
from runtime.engine import bulk, exports, presenting
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.workspace import Session
from runtime.store.ids import is_id
from runtime.web.asked import Asked
from runtime.web.forms import SEARCH, Offers, make_form, place_of
from runtime.web.listing import opened, selected_ids
from runtime.web.render import page
from runtime.web.session import local, page_session
from runtime.web.texts import gettext, ngettext, page_language
from runtime.web.work import to

MOST = 2000
SHOWN = 100


@dataclass(frozen=True)
class Failed:
    """One record that could not be changed, and why."""

    id: str
    title: str
    reason: str


def add(routes: Blueprint) -> None:
    """The routes of selections."""

    @routes.post("/o/<object_name>/selected")
    def selected(object_name: str) -> Response:
        session = page_session()
        access = demand_object(session.snapshot, session.person, object_name, "read")
        ids = chosen(session, access)
        action = request.form.get("action", "")
        back = local(request.form.get("next") or f"/o/{object_name}")
        if not ids:
            flash(gettext("Choose records first."), "alert")
            return to(back)
        if action == "export":
            return exported(session, access, ids)
        access.demand("bulk")
        return deleted(session, access, ids, back) if action == "delete" else changed(session, access, ids, back)


def chosen(session: Session, access: ObjectAccess) -> list[str]:
    """The ids that were ticked, or everything in the list. Raises Invalid for too many."""
    if request.form.get("all") == "1":
        return selected_ids(session, opened(session, access, Asked.of(request.form)), MOST)
    ids = list(dict.fromkeys(one for one in request.form.getlist("id") if is_id(one)))
    if len(ids) > MOST:
        raise Invalid(Message(f"at most {MOST} records at once", f"一次最多 {MOST} 条记录"))
    return ids


def exported(session: Session, access: ObjectAccess, ids: Sequence[str]) -> Response:
    """The chosen records as a file."""
    access.demand("export")
    options = exports.Options(format="xlsx", titles=True, ids=ids)
    found = Response(exports.export(session, access.object.name, options), content_type=options.content_type)
    found.headers["Content-Disposition"] = f'attachment; filename="{access.object.name}.{options.format}"'
    found.headers["Cache-Control"] = "private, no-store"
    return found


def deleted(session: Session, access: ObjectAccess, ids: Sequence[str], back: str) -> Response:
    """Asking before the chosen records go to the recycle bin, and putting them there."""
    access.demand("delete")
    if "sure" in request.form:
        results = bulk.bulk(session, access.object.name, "delete", [{"id": one} for one in ids])
        return told(session, access, ids, results, back, gettext("Deleted."))
    titles = presenting.titles(session, access.object.name, ids[:SHOWN])
    return page(
        "selected_delete.html", session, object=access.object, ids=ids, titles=list(titles.values()), back=back,
    )  # fmt: skip


def changed(session: Session, access: ObjectAccess, ids: Sequence[str], back: str) -> Response:
    """One field of all chosen records: which, to what, then stored."""
    access.demand("update")
    fields = [one for one in access.object.fields.values() if access.writable(one.name) and one.readonly is not True]
    name = request.form.get("field", "")
    definition = next((one for one in fields if one.name == name), None)
    form, status, message = None, 200, ""
    if definition is not None:
        sent: MultiDict[str, Any] | None = (
            MultiDict(request.form) if "sure" in request.form or SEARCH in request.form else None
        )
        form = make_form([place_of(definition)], access, Offers(session), {}, values={}, formdata=sent)
        if "sure" in request.form:
            try:
                raw: Mapping[str, Any] = {name: form[name].raw()}
                results = bulk.bulk(session, access.object.name, "update", [{"id": one, **raw} for one in ids])
                return told(session, access, ids, results, back, gettext("Saved."))
            except DougongError as error:
                if error.status not in (400, 422):
                    raise
                message, status = error.detail(page_language()), error.status
    return page(
        "selected_edit.html", session, status, object=access.object, ids=ids, fields=fields, back=back,
        field=form[name] if form is not None else None, name=name, message=message,
    )  # fmt: skip


def told(
    session: Session, access: ObjectAccess, ids: Sequence[str], results: Sequence[bulk.Result], back: str, done: str
) -> Response:
    """Back to the list when all went well; otherwise which records were refused and why."""
    wrong = [(one, result) for one, result in zip(ids, results, strict=True) if result.status >= 400]
    held = sum(1 for one in results if one.pending is not None)
    fine = len(ids) - len(wrong)
    count = ngettext("%(num)s record.", "%(num)s records.", fine - held) % {"num": fine - held}
    if any(one.pending is not None and one.pending.kind == "delete" for one in results):
        flash(ngettext("%(num)s deletion waits for approval; until it is given, the record stays as it is.",
                       "%(num)s deletions wait for approval; until it is given, the records stay as they are.",
                       held) % {"num": held})  # fmt: skip
    elif held:
        flash(ngettext("%(num)s change waits for approval; until it is given, the present values stay in force.",
                       "%(num)s changes wait for approval; until it is given, the present values stay in force.",
                       held) % {"num": held})  # fmt: skip
    if not wrong:
        if fine > held:
            flash(f"{done} {count}")
        return to(back)
    spoken = page_language()
    titles = presenting.titles(session, access.object.name, [one for one, _ in wrong[:SHOWN]])
    failed = [
        Failed(one, titles.get(one, one[:8]), " ".join(problem.show(spoken) for problem in result.problems))
        for one, result in wrong[:SHOWN]
    ]
    return page(
        "selected_result.html", session, 422, object=access.object, failed=failed, fine=fine, back=back,
        more=max(0, len(wrong) - SHOWN),
    )  # fmt: skip
