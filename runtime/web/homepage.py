"""The start page: what is due, key figures, what one looked at last, what one makes most. All of it from documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from runtime.base.errors import DougongError
from runtime.engine import filtering, personal
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef, Piece
from runtime.web import cards
from runtime.web.asked import Asked, combined, look_of, views_of
from runtime.web.calendars import local_moment, moment_field, within
from runtime.web.listing import Listing, Sum, opened, summed
from runtime.web.shown import address
from runtime.web.texts import gettext, page_language

DUE_DAYS = 7
MOST_DUE = 12
MOST_CALENDARS = 3
MOST_FIGURES = 6
SEEN = 10
#: The words of a filter that speaks of whoever looks.
MINE = "USER"


@dataclass(frozen=True)
class Due:
    """Something of mine on a day."""

    at: str
    title: str
    href: str
    label: str


@dataclass(frozen=True)
class Figure:
    """A list of mine in figures."""

    label: str
    href: str
    count: str
    sums: Sequence[Sum] = ()


@dataclass(frozen=True)
class Place:
    """A record, or a form, and where it is."""

    title: str
    href: str
    label: str


def readable(session: Session) -> Iterator[tuple[ObjectDef, ObjectAccess]]:
    """The objects whose records the caller may read, lines left out."""
    for definition in session.model.objects.values():
        access = object_access(session.snapshot, session.person, definition)
        if definition.owner_link is None and access.may("read"):
            yield definition, access


def in_menu(session: Session) -> list[str]:
    """Names of objects in the order in which menus speak of them."""
    found: list[str] = []
    for app in session.model.apps.values():
        for group in app.doc.get("menu") or ():
            for item in group.get("items") or ():
                piece, _, name = str(item).partition("/")
                view = session.model.piece("view", name) if piece == "view" else None
                found.append(name if piece == "object" else view.object or "" if view else "")
    known = list(session.model.objects)
    return list(dict.fromkeys([*(one for one in found if one in known), *known]))


def views(session: Session) -> Iterator[tuple[ObjectAccess, Piece]]:
    """The views that the caller is offered, in the order of the menus."""
    rights = {definition.name: access for definition, access in readable(session)}
    for name in in_menu(session):
        if name in rights:
            for view in views_of(session, name):
                yield rights[name], view


def due(session: Session) -> list[Due]:
    """What is mine in calendars from today until next week, soonest first."""
    found: list[tuple[str, Due]] = []
    asked = 0
    for access, view in views(session):
        if look_of(session, view) != "calendar" or asked >= MOST_CALENDARS:
            continue
        asked += 1
        try:
            found += due_in(session, access, view)
        except DougongError:
            continue
    return [one for _, one in sorted(found, key=lambda pair: pair[0])][:MOST_DUE]


def due_in(session: Session, access: ObjectAccess, view: Piece) -> list[tuple[str, Due]]:
    """What is mine in one calendar."""
    made = opened(session, access, Asked(view=view.name))
    start = moment_field(made, "start")
    if start is None:
        return []
    zone = ZoneInfo(session.context().time_zone)
    today = datetime.now(zone).date()
    span = within(session, start, None, today, today + timedelta(DUE_DAYS))
    window = cards.read(
        session, made, filter=combined(view, span, f"owner == {filtering.ME_FORMULA}"), sort=(start.name,),
        limit=MOST_DUE, more=(start.name,),
    )  # fmt: skip
    label = access.object.label[page_language()]
    found: list[tuple[str, Due]] = []
    for card, record in zip(window.cards, window.records, strict=True):
        moment = local_moment(session, start, record.get(start.name))
        if moment is not None:
            at = f"{moment[0].isoformat()} {moment[1]}".strip()
            found.append((at, Due(shown_day(at, today.isoformat()), card.title, card.href, label)))
    return found


def shown_day(at: str, today: str) -> str:
    """A day and time as the start page says it."""
    day, _, time = at.partition(" ")
    return f"{gettext('Today')} {time}".strip() if day == today else f"{day[5:]} {time}".strip()


def figures(session: Session) -> list[Figure]:
    """The lists whose condition speaks of the caller, counted; their totals where the documents name some."""
    found: list[Figure] = []
    for access, view in views(session):
        if len(found) >= MOST_FIGURES:
            break
        if look_of(session, view) != "list" or MINE not in str(view.doc.get("filter") or ""):
            continue
        made: Listing = opened(session, access, Asked(view=view.name))
        summed(session, made)
        if not made.problems:
            found.append(Figure(made.title, made.asked.address(access.object.name), made.count, made.sums))
    return found


def places(session: Session, named: Sequence[personal.Named]) -> list[Place]:
    """Records by their titles, and what they are."""
    spoken = page_language()
    labels = {one.name: one.label[spoken] for one in session.model.objects.values()}
    return [
        Place(one.title or one.id[:8], address(session, one.object, one.id), labels.get(one.object, ""))
        for one in named
    ]


def creatable(session: Session) -> list[Place]:
    """The forms of what the caller may make, in the order of the menus."""
    rights = {one.name: object_access(session.snapshot, session.person, one) for one in session.model.objects.values()}
    return [
        Place(rights[name].object.label[page_language()], f"/o/{name}/new", "")
        for name in in_menu(session)
        if rights[name].object.owner_link is None and rights[name].may("create")
    ]
