"""What every page has: its language and theme, who is logged in, the menu, the way errors look in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, make_response, redirect, render_template, request
from flask_login import current_user

from runtime.base.errors import DougongError
from runtime.engine import taskboxes
from runtime.engine.access import object_access
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef, label_of
from runtime.web import assets, fragments, parts, rows, texts
from runtime.web.asked import views_of
from runtime.web.http import refusal
from runtime.web.texts import gettext, page_language

MENU = "menu"
THEMES = ("auto", "light", "dark")
THEME = "theme"
YEAR = 365 * 24 * 3600
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")


@dataclass(frozen=True)
class Entry:
    """One entry of the menu."""

    label: str
    href: str


@dataclass(frozen=True)
class Group:
    """One group of the menu."""

    label: str
    entries: list[Entry]


def menu(session: Session) -> list[Group]:
    """The menus of all apps as far as the caller may go, then the objects that no menu names; kept with his rights."""
    spoken, kept = page_language(), session.person.kept
    if (MENU, spoken) not in kept:
        kept[MENU, spoken] = found_menu(session, spoken)
    found: list[Group] = kept[MENU, spoken]
    return found


def found_menu(session: Session, spoken: str) -> list[Group]:
    """What :func:`menu` keeps."""
    seen: set[str] = set()
    found = []
    for app in session.model.apps.values():
        for doc in app.doc.get("menu") or ():
            made = [entry(session, str(item), seen) for item in doc.get("items") or ()]
            entries = [one for one in made if one is not None]
            if entries:
                found.append(Group(label_of(doc.get("group"), app.name)[spoken], entries))
    others = [one for one in session.model.objects.values() if one.name not in seen and one.owner_link is None]
    rest = [one for one in (of_object(session, other) for other in others) if one is not None]
    if rest:
        found.append(Group(gettext("Objects"), rest))
    return found


def entry(session: Session, item: str, seen: set[str]) -> Entry | None:
    """One entry, None when the caller may not go there or there is no such page yet."""
    piece, _, name = item.partition("/")
    spoken = page_language()
    if piece == "object":
        definition = session.model.object(name)
        if definition is not None:
            seen.add(definition.name)
        return of_object(session, definition)
    found = session.model.piece(piece, name)
    if found is None or found.object is None or found.object not in session.model.objects:
        return None
    access = object_access(session.snapshot, session.person, session.model.objects[found.object])
    if piece == "view" and access.may("read") and found in views_of(session, found.object):
        seen.add(found.object)
        href = f"/o/{found.object}?view={name}"
        return Entry(found.label[spoken], href)
    if piece == "form" and access.may("create"):
        return Entry(found.label[spoken], f"/o/{found.object}/new")
    return None


def of_object(session: Session, definition: ObjectDef | None) -> Entry | None:
    """An object's list; its form for whoever may make records and read none."""
    if definition is None:
        return None
    access = object_access(session.snapshot, session.person, definition)
    if not access.known:
        return None
    href = f"/o/{definition.name}" if access.may("read") else f"/o/{definition.name}/new"
    return Entry(definition.label[page_language()], href)


def current(groups: list[Group]) -> set[str]:
    """The addresses of the menu that are the page that is shown, or lead to it."""
    view, path = request.args.get("view"), request.path
    shown = f"{path}?view={view}" if view else path
    return {
        one.href
        for group in groups
        for one in group.entries
        if one.href == shown or ("?" not in one.href and path.startswith(f"{one.href}/"))
    }


def page(template: str, session: Session | None = None, status: int = 200, **values: Any) -> Response:
    """A whole page. Nothing of it may be kept by anybody on the way."""
    groups = menu(session) if session is not None else []
    body = render_template(
        template, session=session, menu=groups, current=current(groups), language=page_language(), theme=theme(),
        languages=texts.LANGUAGES, counted=taskboxes.counts(session) if session is not None else (0, 0),
        most=taskboxes.COUNTED, here=request.full_path.rstrip("?"), **values,
    )  # fmt: skip
    found = make_response(body, status)
    found.headers["Cache-Control"] = "no-store"
    found.headers["Vary"] = "Cookie, Accept-Language"
    return found


def theme() -> str:
    """The theme that was chosen in this browser."""
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else "auto"


def keep(response: Response, name: str, value: str) -> Response:
    """Keep a choice in this browser for a year."""
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def for_people() -> bool:
    """True when somebody at a browser asks for a page, not a program for data."""
    if request.path.startswith(MACHINES):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def refused(error: DougongError) -> Response:
    """A refusal: a page for people, problem+json for programs. Who is not logged in is led to the login."""
    if not for_people():
        return refusal(error)
    if error.status == 401 and request.path != "/login":
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        from_here = redirect(f"/login?{url_query(next=wanted)}" if wanted != "/" else "/login", 303)
        return make_response(from_here)
    session: Session | None = g.get("session")
    spoken = page_language()
    try:
        if session is None and error.status == 404:  # An address that no route knows has asked for nobody yet.
            session = getattr(current_user, "session", None)
            g.session = session
            spoken = page_language()
        found = page("error.html", session, error.status, error=error, detail=error.detail(spoken))
    except Exception:  # The database may be what is away.
        g.session = None
        found = page("error.html", None, error.status, error=error, detail=error.detail(spoken))
    retry = error.extra.get("retry_after")
    if retry is not None:
        found.headers["Retry-After"] = str(retry)
    return found


def wants_part() -> bool:
    """True when the browser updates a piece of the page that it shows."""
    return request.headers.get("HX-Request") == "true"


def url_query(**values: str) -> str:
    """Values as a query string, blanks left out."""
    return urlencode([(name, value) for name, value in values.items() if value])


def install(app: Flask) -> None:
    """Give pages what they all need."""
    texts.install(app)
    assets.install(app)
    fragments.install(app)
    rows.install(app)
    parts.install(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
