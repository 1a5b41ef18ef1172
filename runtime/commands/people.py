"""workspace, department, user, token: who is there."""

from __future__ import annotations

import secrets
from typing import Any

import click

from runtime.base.errors import Conflict, Invalid, Message, NotFound
from runtime.commands.base import Place, ensure_layout, place_options, session_for, table, workspace_of
from runtime.engine import accounts, administration
from runtime.engine.workspace import Session
from runtime.store import people, provisioning, workspaces
from runtime.web.http import Services


@click.group(name="workspace")
def workspace() -> None:
    """Workspaces: one company each, invisible to each other."""


@workspace.command(name="create")
@click.argument("name")
@click.option("--language", default="zh", type=click.Choice(["zh", "en"]), show_default=True)
@click.option("--time-zone", default="Asia/Shanghai", show_default=True)
@click.option("--region", default="CN", show_default=True, help="Country of phone numbers without a country code.")
@click.option("--currency", default="CNY", show_default=True)
@place_options
def workspace_create(place: Place, name: str, language: str, time_zone: str, region: str, currency: str) -> None:
    """A new workspace."""
    settings = {"language": language, "time_zone": time_zone, "region": region, "currency": currency}
    problems = administration.wrong(settings, None)
    if problems:
        raise Invalid(problems=problems)
    with place.services() as services:
        ensure_layout(services)
        made = provisioning.create(services.workspaces.database, name, **settings)
    place.output.show({"name": made.name}, f"created workspace {made.name}")


@workspace.command(name="list")
@place_options
def workspace_list(place: Place) -> None:
    """All workspaces."""
    with place.services() as services:
        ensure_layout(services)
        found = workspaces.everyone(services.workspaces.database)
    rows = [{"name": one.name, "language": one.language, "time_zone": one.time_zone} for one in found]
    place.output.show(rows, table(rows, ("name", "language", "time_zone")))


@workspace.command(name="archive")
@click.argument("name")
@place_options
def workspace_archive(place: Place, name: str) -> None:
    """Take a workspace out of use; its data stay."""
    with place.services() as services:
        ensure_layout(services)
        workspaces.archive(services.workspaces.database, name)
    place.output.show({"archived": name}, f"archived workspace {name}")


def system(services: Services, place: Place) -> Session:
    """The system's session in the workspace of the command."""
    ensure_layout(services)
    return session_for(workspace_of(services, place.workspace), None, "cli")


def user_named(session: Session, name: str) -> people.User:
    """A user by name. Raises NotFound."""
    found = people.user_by_name(session.database, session.workspace.schema, name)
    if found is None:
        raise NotFound(Message(f"there is no user {name!r}", f"没有名为“{name}”的用户"))
    return found


def department_named(session: Session, name: str) -> str:
    """A department's id by its name, or by its path ``Sales/North``. Raises NotFound, Conflict."""
    found = people.departments(session.database, session.workspace.schema)
    names = {one.id: one for one in found}

    def path(one: people.Department) -> str:
        above = names.get(one.parent or "")
        return f"{path(above)}/{one.name}" if above else one.name

    fitting = [one.id for one in found if name in (one.name, path(one))]
    if not fitting:
        raise NotFound(Message(f"there is no department {name!r}", f"没有名为“{name}”的部门"))
    if len(fitting) > 1:
        raise Conflict(
            Message(
                f"several departments are called {name!r}: give the path A/B", f"有多个名为“{name}”的部门，请写路径 A/B"
            )
        )
    return fitting[0]


@click.group(name="department")
def department() -> None:
    """Departments: a tree."""


@department.command(name="add")
@click.argument("name")
@click.option("--parent", help="The department above, by name or path A/B.")
@click.option("--head", help="Its head, by user name.")
@click.option("--calendar", help="The working calendar of its people and of the departments under it.")
@place_options
def department_add(place: Place, name: str, parent: str | None, head: str | None, calendar: str | None) -> None:
    """A new department."""
    with place.services() as services:
        session = system(services, place)
        made = accounts.create_department(session, {"name": name, **place_of(session, parent, head, calendar)})
    place.output.show(made, f"added department {name}")


def place_of(session: Session, parent: str | None, head: str | None, calendar: str | None) -> dict[str, Any]:
    """The fields of a department that the options give; '' takes one away."""
    body: dict[str, Any] = {}
    if parent is not None:
        body["parent"] = department_named(session, parent) if parent else None
    if head is not None:
        body["head"] = user_named(session, head).id if head else None
    if calendar is not None:
        body["calendar"] = calendar or None
    return body


@department.command(name="set")
@click.argument("name")
@click.option("--parent", help="The department above, by name or path A/B; '' for none.")
@click.option("--head", help="Its head, by user name; '' for nobody.")
@click.option("--calendar", help="The working calendar of its people and of the departments under it; '' for none.")
@place_options
def department_set(place: Place, name: str, parent: str | None, head: str | None, calendar: str | None) -> None:
    """Change where a department belongs, its head or its working calendar; NAME by name or path A/B."""
    with place.services() as services:
        session = system(services, place)
        body = place_of(session, parent, head, calendar)
        made = accounts.change_department(session, department_named(session, name), body)
    place.output.show(made, f"changed department {name}")


@department.command(name="list")
@place_options
def department_list(place: Place) -> None:
    """All departments."""
    with place.services() as services:
        session = system(services, place)
        rows = accounts.all_departments(session)
        names = {one["id"]: one["name"] for one in rows}
        heads = {one["id"]: one["name"] for one in accounts.all_users(session)}
    shown = [{**one, "parent": names.get(one["parent"]), "head": heads.get(one["head"])} for one in rows]
    place.output.show(rows, table(shown, ("name", "parent", "head", "calendar")))


@click.group(name="user")
def user() -> None:
    """Users and their roles."""


def body_of(
    session: Session, roles: tuple[str, ...], department_name: str | None, manager: str | None,
    handover: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The fields that the options give."""
    body: dict[str, Any] = {}
    if roles:
        body["roles"] = list(roles)
    if department_name:
        body["department"] = department_named(session, department_name)
    if manager:
        body["manager"] = user_named(session, manager).id
    if handover is not None:
        body["handover"] = user_named(session, handover).id if handover else None
    return body


@user.command(name="add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A role; may be given several times.")
@click.option("--department", "department_name", help="By name or path A/B.")
@click.option("--manager", help="By user name.")
@click.option("--password", help="Without it one is made and shown once.")
@click.option("--full-name", default="", help="How the user is shown.")
@place_options
def user_add(
    place: Place, name: str, roles: tuple[str, ...], department_name: str | None, manager: str | None,
    password: str | None, full_name: str,
) -> None:  # fmt: skip
    """A new user."""
    with place.services() as services:
        session = system(services, place)
        chosen = password or secrets.token_urlsafe(9)
        body = {
            "name": name,
            "password": chosen,
            "full_name": full_name,
            **body_of(session, roles, department_name, manager),
        }
        made = accounts.create_user(session, body)
    shown = f"added user {name}" + ("" if password else f", password {chosen} (shown once)")
    place.output.show(made if password else {**made, "password": chosen}, shown)


@user.command(name="set")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="The roles from now on.")
@click.option("--department", "department_name", help="By name or path A/B.")
@click.option("--manager", help="By user name.")
@click.option("--handover", help="Who takes over the work once the user has left, by user name; '' for nobody.")
@place_options
def user_set(
    place: Place, name: str, roles: tuple[str, ...], department_name: str | None, manager: str | None,
    handover: str | None,
) -> None:  # fmt: skip
    """Change a user's roles, department, manager or successor."""
    with place.services() as services:
        session = system(services, place)
        body = body_of(session, roles, department_name, manager, handover)
        made = accounts.change_user(session, user_named(session, name).id, body)
    place.output.show(made, f"changed user {name}")


@user.command(name="passwd")
@click.argument("name")
@click.option("--password", help="Without it one is made and shown once.")
@place_options
def user_passwd(place: Place, name: str, password: str | None) -> None:
    """A new password; ends the user's sessions and tokens."""
    chosen = password or secrets.token_urlsafe(9)
    with place.services() as services:
        session = system(services, place)
        accounts.change_user(session, user_named(session, name).id, {"password": chosen})
    shown = f"changed the password of {name}" + ("" if password else f": {chosen} (shown once)")
    place.output.show({"name": name, **({} if password else {"password": chosen})}, shown)


@user.command(name="list")
@place_options
def user_list(place: Place) -> None:
    """All users."""
    with place.services() as services:
        rows = accounts.all_users(system(services, place))
    place.output.show(rows, table(rows, ("name", "full_name", "roles", "active")))


@user.command(name="disable")
@click.argument("name")
@click.option("--handover", help="Who takes over the work, by user name; without it the manager.")
@place_options
def user_disable(place: Place, name: str, handover: str | None) -> None:
    """Take a user's access away; his records stay, his tasks go to who follows him."""
    with place.services() as services:
        session = system(services, place)
        body = {"active": False, **body_of(session, (), None, None, handover)}
        accounts.change_user(session, user_named(session, name).id, body)
    place.output.show({"disabled": name}, f"disabled user {name}")


@click.group(name="token")
def token() -> None:
    """Tokens for scripts."""


@token.command(name="create")
@click.option("--user", "name", required=True, help="Whose rights it has.")
@click.option("--name", "label", default="", help="What it is for.")
@click.option("--expires", type=click.IntRange(1, 36_500), help="Days; without it, it lives until it is revoked.")
@place_options
def token_create(place: Place, name: str, label: str, expires: int | None) -> None:
    """A new token, shown once."""
    with place.services() as services:
        session = system(services, place)
        owner = user_named(session, name)
        if not owner.active:
            raise Conflict(Message(f"the user {name!r} is disabled", f"用户“{name}”已停用"))
        made = accounts.create_token(session.workspace, owner, label, expires)
    place.output.show({"token": made}, made)


@token.command(name="list")
@place_options
def token_list(place: Place) -> None:
    """All tokens; the tokens themselves are never kept."""
    with place.services() as services:
        found = people.tokens(services.workspaces.database, system(services, place).workspace.schema)
    rows = [
        {"id": row[0], "user": row[1], "name": row[2], "created": row[3].isoformat(timespec="seconds"),
         "expires": row[4].isoformat(timespec="seconds") if row[4] else None, "revoked": row[5] is not None}
        for row in found
    ]  # fmt: skip
    place.output.show(rows, table(rows, ("id", "user", "name", "created", "expires", "revoked")))


@token.command(name="revoke")
@click.argument("token_id")
@place_options
def token_revoke(place: Place, token_id: str) -> None:
    """End a token."""
    with place.services() as services:
        session = system(services, place)
        if not people.revoke_token(session.database, session.workspace.schema, token_id):
            raise NotFound(Message("there is no such living token", "没有该有效令牌"))
    place.output.show({"revoked": token_id}, f"revoked {token_id}")
