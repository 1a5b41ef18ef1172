"""The page behind a link for a new password."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, Invalid
from runtime.engine import resetting
from runtime.web.http import Services
from runtime.web.render import page
from runtime.web.texts import gettext, page_language
from runtime.web.work import to


def add(routes: Blueprint, services: Services) -> None:
    """The route."""

    @routes.route("/reset", methods=["GET", "POST"])
    def reset() -> Response:
        token = request.values.get("token", "")
        services.limits.login(request.remote_addr or "", "reset")
        try:
            _, user = resetting.opened(services.workspaces, token, services.settings.secret)
        except DougongError as error:
            if error.status != 401:
                raise
            return page("reset.html", None, 401, message=error.detail(page_language()), name="")
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
