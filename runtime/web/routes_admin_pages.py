"""Administration: settings of the workspace, people, departments, roles and why, tokens, the audit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, NotFound
from runtime.base.values import load
from runtime.engine import accounts, administration, audit, calendars, explaining, resetting, second
from runtime.engine.access import SCOPED, SWITCHES
from runtime.engine.workspace import ADMIN, LOGO, Session
from runtime.store import people, workspaces
from runtime.web import auditwords
from runtime.web.http import Services
from runtime.web.render import page, url_query
from runtime.web.session import page_session
from runtime.web.shown import moment
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

PAGE = 100
RECORD = re.compile(r"/o/([a-z][a-z0-9_]*)/([0-9a-f-]{36})")


@dataclass
class Branch:
    """A department with those under it."""

    row: people.Department
    members: int = 0
    under: list[Branch] = field(default_factory=list)


def administrator() -> Session:
    """The session of somebody who may administer. Raises Forbidden."""
    session = page_session()
    accounts.demand_administration(session)
    return session


def add(routes: Blueprint, services: Services) -> None:
    """The routes of administration."""

    @routes.route("/admin", methods=["GET", "POST"])
    def settings() -> Response:
        session = administrator()
        message, status = "", 200
        if request.method == "POST":
            try:
                logo = request.files.get("logo")
                content = logo.read(administration.LARGEST_LOGO + 1) if logo is not None and logo.filename else None
                administration.change(session, request.form, content, remove="no_logo" in request.form)
                flash(gettext("Saved."))
                return to("/admin")
            except DougongError as error:
                if error.status != 422:
                    raise
                message, status = error.show(page_language()), 422
        row = workspaces.find(session.database, session.workspace.row.name)
        return page(
            "admin.html", session, status, row=row, zones=sorted(available_timezones()), message=message,
            has_logo=workspaces.picture(session.database, row.schema, LOGO) is not None,
        )  # fmt: skip

    @routes.get("/logo")
    def logo() -> Response:
        session = page_session()
        found = workspaces.picture(session.database, session.workspace.schema, LOGO)
        if found is None:
            raise NotFound()
        response = Response(found[1], content_type=found[0])
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["Cache-Control"] = "private, max-age=300"
        return response

    @routes.route("/admin/users", methods=["GET", "POST"])
    def users() -> Response:
        session = administrator()
        return users_page(session)

    @routes.route("/admin/users/<user_id>", methods=["GET", "POST"])
    def user(user_id: str) -> Response:
        session = administrator()
        link = ""
        if request.method == "POST" and "reset" in request.form:
            token = resetting.make(session, user_id, services.settings.secret)
            link = f"{request.host_url}reset?{url_query(token=token)}"
        return user_page(session, user_id, link)

    @routes.route("/admin/departments", methods=["GET", "POST"])
    def departments() -> Response:
        session = administrator()
        return departments_page(session)


def add_looking(routes: Blueprint) -> None:
    """The routes of what administrators only look at, and of what they end."""

    @routes.get("/admin/roles")
    def roles() -> Response:
        session = administrator()
        return page(
            "admin_roles.html", session, roles=list(session.model.all("role")), scoped=SCOPED, switches=SWITCHES,
            objects={one.name: one.label[page_language()] for one in session.model.objects.values()},
        )  # fmt: skip

    @routes.get("/admin/why")
    def why() -> Response:
        session = administrator()
        return why_page(session)

    @routes.route("/admin/tokens", methods=["GET", "POST"])
    def tokens() -> Response:
        session = administrator()
        if request.method == "POST":
            if not administration.revoke(session, request.form.get("revoke", "")):
                raise NotFound()
            flash(gettext("Ended."))
            return to("/admin/tokens")
        found = people.living_tokens(session.database, session.workspace.schema)
        return page("admin_tokens.html", session, tokens=found, at=lambda one: moment(session, one.isoformat()))

    @routes.get("/admin/audit")
    def trail() -> Response:
        session = administrator()
        before, event = request.args.get("before", ""), request.args.get("event", "")[:60]
        rows = audit.entries(session.workspace, PAGE + 1, int(before) if before.isdigit() else None, event)
        called = auditwords.events()
        details = auditwords.told(session, [load(one[4]) for one in rows[:PAGE]])
        shown = [
            (moment(session, at.isoformat()), who, called.get(name, name), detail)
            for (_, at, who, name, _), detail in zip(rows[:PAGE], details, strict=True)
        ]
        older = f"/admin/audit?{url_query(event=event, before=str(rows[PAGE - 1][0]))}" if len(rows) > PAGE else ""
        choices = sorted((called.get(one, one), one) for one in audit.events(session.workspace))
        return page("admin_audit.html", session, entries=shown, older=older, event=event, events=choices)


PEOPLE = ("email", "department", "manager", "handover")


def names_of(session: Session) -> dict[str, str]:
    """Roles by name with their labels, the built-in one first."""
    spoken = page_language()
    found = {one.name: one.label[spoken] for one in session.model.all("role")}
    return {ADMIN: gettext("Administrator (everything)"), **found}


def body_of(form: Any) -> dict[str, Any]:
    """A user as the engine takes him, from the form."""
    found: dict[str, Any] = {name: form.get(name, "").strip() or None for name in PEOPLE}
    found["full_name"] = form.get("full_name", "").strip()
    found["roles"] = form.getlist("roles")
    if form.get("password"):
        found["password"] = form["password"]
    return found


def users_page(session: Session) -> Response:
    """All users, and a new one."""
    message, status = "", 200
    if request.method == "POST":
        try:
            made = accounts.create_user(session, {**body_of(request.form), "name": request.form.get("name", "")})
            flash(gettext("Saved."))
            return to(f"/admin/users/{made['id']}")
        except DougongError as error:
            if error.status not in (403, 409, 422):
                raise
            message, status = error.show(page_language()), error.status
    text = request.args.get("q", "").strip().lower()
    found = accounts.all_users(session)
    shown = [one for one in found if text in f"{one['name']} {one['full_name']}".lower()] if text else found
    return page(
        "admin_users.html", session, status, users=shown, roles=names_of(session), message=message, q=text,
        departments={one.id: one.name for one in session.snapshot.departments}, sent=request.form,
    )  # fmt: skip


def user_page(session: Session, user_id: str, link: str = "") -> Response:
    """One user: who he is, his roles, whether he may log in; ``link`` is one for a new password, shown once."""
    message, status = "", 200
    found = accounts.find_user(session, user_id)
    if request.method == "POST" and not link:
        try:
            if "no_second" in request.form:
                administration.drop_second(session, user_id)
            else:
                body = {**body_of(request.form), "active": request.form.get("active") == "1"}
                accounts.change_user(session, user_id, body)
            flash(gettext("Saved."))
            return to(f"/admin/users/{user_id}")
        except DougongError as error:
            if error.status not in (403, 409, 422):
                raise
            message, status = error.show(page_language()), error.status
    return page(
        "admin_user.html", session, status, user=found, roles=names_of(session), message=message,
        departments=session.snapshot.departments, others=accounts.all_users(session),
        second=second.demanded(session.workspace, user_id), link=link,
    )  # fmt: skip


def departments_page(session: Session) -> Response:
    """The departments as a tree; new ones and changed ones."""
    message, status = "", 200
    if request.method == "POST":
        form = request.form
        body = {"name": form.get("name", ""), "parent": form.get("parent") or None, "head": form.get("head") or None,
                "calendar": form.get("calendar") or None}  # fmt: skip
        try:
            if form.get("id"):
                accounts.change_department(session, form["id"], body)
            else:
                accounts.create_department(session, body)
            flash(gettext("Saved."))
            return to("/admin/departments")
        except DougongError as error:
            if error.status not in (404, 409, 422):
                raise
            message, status = error.show(page_language()), error.status
    users = accounts.all_users(session)
    return page(
        "admin_departments.html", session, status, tree=tree_of(session.snapshot.departments, users), message=message,
        departments=session.snapshot.departments, users=users, calendars=calendars.names(session),
        names={one["id"]: one["full_name"] or one["name"] for one in users},
    )  # fmt: skip


def tree_of(rows: Sequence[people.Department], users: Sequence[Mapping[str, Any]]) -> list[Branch]:
    """The departments under their parents, with how many people each has."""
    branches = {one.id: Branch(one) for one in rows}
    for one in users:
        if one["department"] in branches:
            branches[one["department"]].members += 1
    roots: list[Branch] = []
    for branch in branches.values():
        upper = branches.get(branch.row.parent or "")
        (upper.under if upper is not None else roots).append(branch)
    return roots


def why_page(session: Session) -> Response:
    """Why somebody can, or cannot, do something with a record."""
    user, address = request.args.get("user", ""), request.args.get("record", "").strip()[:400]
    found, message = None, ""
    place = RECORD.search(address)
    if user and address:
        try:
            if place is None:
                message = gettext("Paste the address of the record's page.")
            else:
                found = explaining.explain(session, user, place[1], place[2])
        except DougongError as error:
            if error.status not in (401, 404):
                raise
            message = gettext("There is no such record or person.")
    return page(
        "admin_why.html", session, users=accounts.all_users(session), user=user, address=address, found=found,
        message=message, roles=names_of(session),
    )  # fmt: skip
