"""The pages of a forgotten password: asking for a link, and choosing a new one behind it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Invalid, NotFound, TooMany
from runtime.engine import resetting
from runtime.store import workspaces
from runtime.web.http import Services
from runtime.web.render import page
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

LONGEST = 200


def add(routes: Blueprint, services: Services) -> None:
    """The routes."""

    @routes.route("/forgotten", methods=["GET", "POST"])
    def forgotten() -> Response:
        if not services.letters:
            raise NotFound()
        return asked(services)

    @routes.route("/reset", methods=["GET", "POST"])
    def reset() -> Response:
        token = request.values.get("token", "")
        services.limits.login(request.remote_addr or "")
        try:
            _, user = resetting.opened(services.workspaces, token, services.settings.secret)
        except DougongError as error:
            if error.status != 401:
                raise
            return page(
                "reset.html", None, 401, message=error.detail(page_language()), name="", letters=services.letters
            )
        errors: dict[str, str] = {}
        if request.method == "POST":
            password = request.form.get("password", "")
            if password != request.form.get("again", ""):
                errors["again"] = gettext("The two passwords are not the same.")
            else:
                try:
                    resetting.reset(services.workspaces, token, services.settings.secret, password)
                except Invalid as error:
                    errors["password"] = error.problems[0].message.text(page_language())
                else:
                    flash(gettext("The password is changed. Log in with it."))
                    return to("/login")
        return page(
            "reset.html", None, 422 if errors else 200, name=user.name, token=token, errors=errors, message=""
        )  # fmt: skip


def asked(services: Services) -> Response:
    """The page that asks for a link; its answer says nothing about who there is."""
    several = [one.name for one in workspaces.everyone(services.workspaces.database)]
    workspace = request.values.get("workspace", "")[:100] or (several[0] if len(several) == 1 else "main")
    message, status = "", 200
    if request.method == "POST":
        who = request.form.get("who", "").strip()[:LONGEST]
        try:
            services.limits.login(request.remote_addr or "", f"forgotten/{workspace}/{who.lower()}")
            if who and workspace in several:
                resetting.ask(services.workspaces.named(workspace), who)
            return to("/forgotten?sent=1")
        except TooMany as error:
            message, status = error.detail(page_language()), error.status
    found = page(
        "forgotten.html", None, status, message=message, workspace=workspace, several=len(several) > 1,
        sent=request.method == "GET" and "sent" in request.args,
    )  # fmt: skip
    if status == 429:
        found.headers["Retry-After"] = "60"
    return found
