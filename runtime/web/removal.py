"""The page that asks before a record is deleted: what follows, and for administrators what ends with it by force."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, flash, request

from runtime.base.errors import DougongError, Locked
from runtime.engine import approvals, deletion, locks, records
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.web.approvals import Running, running
from runtime.web.render import page
from runtime.web.texts import gettext, page_language
from runtime.web.waiting import waits
from runtime.web.work import to

SHOWN = (403, 409, 412, 422, 423)


def deleted(session: Session, access: ObjectAccess, record_id: str, title: str) -> Response:
    """Asking before a record goes to the recycle bin, with what follows, and putting it there."""
    name = access.object.name
    message, status = "", 200
    if request.method == "POST":
        options = records.Options(force="force" in request.form, reason=request.form.get("reason", ""))
        try:
            pending = records.delete(session, name, record_id, options)
        except DougongError as error:
            if error.status not in SHOWN:
                raise
            message, status = error.detail(page_language()), error.status
        else:
            if pending is not None:
                flash(waits(pending))
                return to(f"/o/{name}/{record_id}")
            said = gettext("Deleted: %(title)s") % {"title": title}
            flash([said, f"/o/{name}/{record_id}/restore"], "undo")  # type: ignore[arg-type]
            return to(f"/o/{name}")
    why = held(session, access, record_id)
    forced = why is not None and may_force(session, access, record_id)
    if why is not None and not message:
        message = why.detail(page_language())
    return page(
        "delete.html", session, status, object=access.object, title=title, id=record_id, message=message,
        follows=deletion.consequences(session, name, record_id), waits=deletion.waits(session, access, record_id),
        held=why is not None, held_by=why.extra.get("workflow_instance") if why else None,
        forced=forced, ends=ending(session, access, record_id) if forced else [],
        reason=request.form.get("reason", ""),
    )  # fmt: skip


def held(session: Session, access: ObjectAccess, record_id: str) -> Locked | None:
    """Why it cannot be deleted as things are, None when it can."""
    try:
        locks.refuse_deletion(session, access.object, record_id)
    except Locked as error:
        return error
    return None


def may_force(session: Session, access: ObjectAccess, record_id: str) -> bool:
    """Whether the caller may end what holds it, and that would do."""
    if not session.person.administrator or deletion.waits(session, access, record_id):
        return False
    try:
        locks.refuse_deletion(session, access.object, record_id, forced=True)
    except Locked:
        return False
    return True


def ending(session: Session, access: ObjectAccess, record_id: str) -> Sequence[Running]:
    """The workflows that would end, in words."""
    found = approvals.of_record(session, access.object.name, record_id)
    return [running(session, one) for one in found if one.state.is_open]
