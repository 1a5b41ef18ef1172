"""The pages of one record: itself, quick view, pin, owner, sharing, deletion with its consequences, coming back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, NotFound
from runtime.base.values import load
from runtime.engine import personal, presenting, reading, records, sharing
from runtime.engine.access import ObjectAccess
from runtime.engine.saving import Pending
from runtime.engine.workspace import ADMIN, Session
from runtime.meta.model import SYSTEM_OBJECTS
from runtime.store.ids import is_id
from runtime.web.approvals import bar
from runtime.web.boards import stored
from runtime.web.http import answer
from runtime.web.recordpage import first_blocks, opened, whole
from runtime.web.removal import deleted
from runtime.web.render import page
from runtime.web.routes_lists import part, rights
from runtime.web.session import local
from runtime.web.texts import gettext, page_language
from runtime.web.waiting import waits
from runtime.web.work import to

OFFERED = 30
PEOPLE, DEPARTMENTS = SYSTEM_OBJECTS


def add(routes: Blueprint) -> None:
    """The routes of one record."""

    @routes.get("/o/<object_name>/<record_id>")
    def one(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        made = whole(session, access, record_id)
        made.pinned = personal.look(session, access, record_id)
        standing = bar(session, access, record_id, made.may)
        return page("record.html", session, object=access.object, page=made, bar=standing)

    @routes.get("/o/<object_name>/<record_id>/quick")
    def quick(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        made = opened(session, access, record_id)
        bar(session, access, record_id, made.may)
        return part("quick.html", object=access.object, page=made, blocks=first_blocks(made.plan))

    @routes.post("/o/<object_name>/<record_id>/pin")
    def pin(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        called(session, access, record_id)
        personal.pin(session, access, record_id, request.form.get("on") == "1")
        return to(f"/o/{object_name}/{record_id}")

    @routes.post("/o/<object_name>/<record_id>/set/<name>")
    def step(object_name: str, record_id: str, name: str) -> Response:
        session, access = rights(object_name)
        if not access.writable(name) or not is_id(record_id):
            raise NotFound()
        raw = {name: request.form.get("to") or None}
        return stored(session, access, record_id, raw, local(request.form.get("next")))

    @routes.get("/o/<object_name>/offers/<name>")
    def offers(object_name: str, name: str) -> Response:
        session, access = rights(object_name, "")
        found = access.object.fields.get(name)
        kind = found.relates if found is not None and access.visible(name) else None
        if kind is None:
            raise NotFound()
        only, role = str(kind.settings.get("filter") or ""), str(kind.settings.get("role") or "")
        text = request.args.get("q", "")[:100]
        pairs = presenting.choices(session, kind.target_object(), text, OFFERED, only=only, role=role)
        return answer({"data": [{"id": one, "title": title or one[:8]} for one, title in pairs]})


def add_far(routes: Blueprint) -> None:
    """The routes of what reaches further: deletion, coming back, another owner, sharing."""

    @routes.route("/o/<object_name>/<record_id>/delete", methods=["GET", "POST"])
    def remove(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name, "delete")
        try:
            title = called(session, access, record_id)
        except NotFound:
            reading.get(session, object_name, record_id)  # One that waits for the approval of its coming.
            title = access.object.label[page_language()]
        return deleted(session, access, record_id, title)

    @routes.post("/o/<object_name>/<record_id>/restore")
    def restore(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name, "delete")
        try:
            body = records.restore(session, object_name, record_id)
        except DougongError as error:
            if error.status not in (403, 409):
                raise
            flash(error.detail(page_language()), "alert")
            return to(f"/o/{object_name}")
        coming = "_state" in load(body)
        flash(waits(Pending("", "", (), 0, kind="create")) if coming else gettext("Restored."))
        return to(f"/o/{object_name}/{record_id}" if access.may("read") else "/")

    @routes.route("/o/<object_name>/<record_id>/owner", methods=["GET", "POST"])
    def owner(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        return assigned(session, access, record_id)

    @routes.route("/o/<object_name>/<record_id>/share", methods=["GET", "POST"])
    def share(object_name: str, record_id: str) -> Response:
        session, access = rights(object_name, "share")
        return shared(session, access, record_id)


def called(session: Session, access: ObjectAccess, record_id: str) -> str:
    """How a record is called. Raises NotFound."""
    name = access.object.name
    found = presenting.titles(session, name, [record_id]).get(record_id) if is_id(record_id) else None
    if found is None:
        raise reading.not_found(access.object)
    return found or access.object.label[page_language()]


def assigned(session: Session, access: ObjectAccess, record_id: str) -> Response:
    """Another owner for a record."""
    access.demand("assign")
    title = called(session, access, record_id)
    text = request.values.get("q", "")[:100]
    message, status = "", 200
    if request.method == "POST" and "search" not in request.form:
        try:
            wanted = {"owner": request.form.get("owner") or None}
            done = records.update(session, access.object.name, record_id, wanted)
        except DougongError as error:
            if error.status not in (403, 409, 422, 423):
                raise
            message, status = error.detail(page_language()), error.status
        else:
            flash(waits() if done.pending else gettext("The owner is changed."))
            back = f"/o/{access.object.name}"
            seen = access.may("read") and record_id in presenting.titles(session, access.object.name, [record_id])
            return to(f"{back}/{record_id}" if seen else back)
    people = presenting.choices(session, PEOPLE, text, 100)
    return page(
        "owner.html", session, status, object=access.object, id=record_id, title=title, people=people, q=text,
        message=message,
    )  # fmt: skip


def shared(session: Session, access: ObjectAccess, record_id: str) -> Response:
    """With whom a record is shared, and sharing it with more."""
    name = access.object.name
    title = called(session, access, record_id)
    message, status = "", 200
    if request.method == "POST":
        kind, _, grantee = request.form.get("with", "").partition(":")
        body = {"kind": kind, "with": grantee, "level": request.form.get("level", "read")}
        try:
            sharing.share(session, name, record_id, body)
        except DougongError as error:
            if error.status not in (403, 422):
                raise
            message = gettext("Choose with whom.") if not grantee else error.detail(page_language())
            status = error.status
        else:
            flash(gettext("Saved."))
            return to(f"/o/{name}/{record_id}/share")
    return page(
        "share.html", session, status, object=access.object, id=record_id, title=title, message=message,
        shares=named_shares(session, sharing.shares(session, name, record_id)), groups=grantees(session),
    )  # fmt: skip


def grantees(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """With whom something can be shared: (heading, (value, label) ...)."""
    spoken = page_language()
    people = [(f"user:{one}", name) for one, name in presenting.choices(session, PEOPLE, "", 300)]
    departments = [(f"department:{one}", name) for one, name in presenting.choices(session, DEPARTMENTS, "", 300)]
    roles = [(f"role:{one.name}", one.label[spoken]) for one in session.model.all("role") if one.name != ADMIN]
    found = [(gettext("People"), people), (gettext("Departments"), departments), (gettext("Roles"), roles)]
    return [one for one in found if one[1]]


def named_shares(session: Session, shares: Sequence[Any]) -> list[dict[str, str]]:
    """The shares of a record with what their receivers are called."""
    labels = {value: label for _, options in grantees(session) for value, label in options}
    return [{**one, "name": labels.get(f"{one['kind']}:{one['with']}", one["with"])} for one in shares]
