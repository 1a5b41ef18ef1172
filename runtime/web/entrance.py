"""The login, and forms that were sent when nobody was logged in any more.

What somebody has typed into the form of a record is not lost with his session: it stands beside the login, behind which
the form is shown again as it was sent. Nothing of it is stored before he has seen it and saves it himself.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from flask import Response, request
from flask_login import current_user

from runtime.base.errors import DougongError
from runtime.engine.second import CodeNeeded
from runtime.store import workspaces
from runtime.web import render
from runtime.web.http import Services
from runtime.web.session import (
    CSRF_FIELD,
    EXPIRED,
    LARGEST_FORM,
    enter,
    enter_second,
    local,
    maybe_session,
    page_session,
    pending,
)
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

LOGIN = "/login"
#: The pages whose form can be shown again from what was sent: `runtime.web.editing` takes :data:`AGAIN`.
FORMS = re.compile(r"/o/[a-z][a-z0-9_]*/(new|[0-9a-f-]{36}/edit)")
#: Names of inputs; those of fields begin with a letter. What was sent, that it is to be shown again, whose form it was.
KEPT, AGAIN, WHOSE = "_kept", "_again", "_whose"


def entered(services: Services) -> Response:
    """The login: its page, or what became of a name and password."""
    wanted = local(request.values.get("next"))
    kept = request.form.get(KEPT, "")
    name = request.form.get("username", "")[:200]
    message, status = "", 200
    if request.method == "POST":
        try:
            if "code" in request.form:
                enter_second(services, request.form["code"])
            else:
                enter(services, workspace_of(known(services))[:100], name, request.form.get("password", ""))
            return resumed(wanted, kept) or to(wanted)
        except CodeNeeded:
            pass  # The page asks for it now.
        except DougongError as error:
            if error.status not in (401, 429):
                raise
            message, status = error.detail(page_language()), error.status
    elif maybe_session() is not None:
        return to(wanted)
    second = request.method == "POST" and pending()
    return login_page(services, status, wanted, message=message, name=name, kept=kept, second=second)


def known(services: Services) -> list[str]:
    """The names of the workspaces."""
    return [one.name for one in workspaces.everyone(services.workspaces.database)]


def workspace_of(names: list[str]) -> str:
    """The workspace that somebody wants to enter."""
    return request.values.get("workspace") or (names[0] if len(names) == 1 else "main")


def login_page(
    services: Services, status: int, wanted: str, *, message: str = "", name: str = "", kept: str = "",
    second: bool = False,
) -> Response:  # fmt: skip
    """The page of the login; ``kept`` is a form that was sent, shown again behind it."""
    names = known(services)
    found = render.page(
        "login.html", None, status, message=message, next=wanted, name=name, workspace=workspace_of(names),
        several=len(names) > 1, letters=services.letters, second=second, kept=kept,
    )  # fmt: skip
    if status == 429:
        found.headers["Retry-After"] = "60"
    return found


def refused(services: Services, error: DougongError) -> Response:
    """A refusal as it is told at a browser; a form whose session has ended is kept where it can be shown again."""
    if render.wants_part():
        return refused_part(error)
    if request.method != "POST" or request.path == LOGIN or not render.for_people():
        return render.refused(error)
    if error.status == 401 or (error.code == EXPIRED and not current_user.is_authenticated):
        return login_page(services, 401, request.full_path.rstrip("?") if keepable() else came_from(), kept=sent())
    if error.code == EXPIRED and AGAIN not in request.form:
        found = resumed(request.full_path.rstrip("?"), sent())
        if found is not None:
            return found
    return render.refused(error)


def refused_part(error: DougongError) -> Response:
    """A refusal to a page that asks for a piece of itself: a sentence, and how to go on where the login has ended."""
    ended = error.status == 401 or (error.code == EXPIRED and not current_user.is_authenticated)
    text = gettext("Your login has ended. Log in again.") if ended else error.detail(page_language())
    found = Response(text, 401 if ended else error.status, content_type="text/plain; charset=utf-8")
    found.headers["Cache-Control"] = "no-store"
    if ended:
        found.headers["HX-Redirect"] = f"{LOGIN}?{render.url_query(next=came_from())}"
    if ended or error.code == EXPIRED:
        found.headers["X-Again"] = quote(gettext("Log in") if ended else gettext("Load the page again"))
    if "retry_after" in error.extra:
        found.headers["Retry-After"] = str(error.extra["retry_after"])
    return found


def keepable() -> bool:
    """True when the form of a record was sent from a page of its own."""
    return FORMS.fullmatch(request.path) is not None


def sent() -> str:
    """The form that was sent as one text, '' where it cannot be shown again; files are chosen anew."""
    if not keepable():
        return ""
    text = urlencode([one for one in request.form.items(multi=True) if one[0] not in (CSRF_FIELD, AGAIN)])
    return text if len(text) <= LARGEST_FORM // 2 else ""


def resumed(wanted: str, kept: str) -> Response | None:
    """The page that leads back to a form with what was sent; None for nothing, or what somebody else has typed."""
    if not kept or FORMS.fullmatch(urlsplit(wanted).path) is None:
        return None
    fields = parse_qsl(kept, keep_blank_values=True)
    session = page_session()
    if (WHOSE, str(session.user_id)) not in fields:
        return None
    return render.page("resume.html", session, address=wanted, fields=fields, again=AGAIN)


def came_from() -> str:
    """The page of this house from which something was sent, the start page for any other."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or parts.path == LOGIN:
        return "/"
    return local(parts.path + (f"?{parts.query}" if parts.query else ""))
