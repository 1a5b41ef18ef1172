"""The start page, the search over everything, the sheet of keyboard shortcuts."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from runtime.engine import personal, presenting
from runtime.web import homepage
from runtime.web.asked import Asked
from runtime.web.boxes import Asked as Waiting
from runtime.web.boxes import box_page
from runtime.web.homepage import Place
from runtime.web.render import page, wants_part
from runtime.web.routes_lists import part
from runtime.web.session import page_session
from runtime.web.shown import address
from runtime.web.texts import page_language

EACH = 8
NEWEST = 8
WAITING = 6
LONGEST = 200


@dataclass(frozen=True)
class Found:
    """What a search found of one object."""

    label: str
    href: str
    places: list[Place]
    more: bool


def add(routes: Blueprint) -> None:
    """The routes of the start page."""

    @routes.get("/")
    def home() -> Response:
        session = page_session()
        seen = homepage.places(session, personal.seen(session, homepage.SEEN))
        labels = {one.name: one.label[page_language()] for one in session.model.objects.values()}
        newest = [
            Place(title or one[:8], address(session, name, one), labels[name])
            for name, one, title in presenting.newest(session, NEWEST)
        ]
        mine = box_page(session, Waiting(), WAITING)
        return page(
            "home.html", session, waiting=mine, due=homepage.due(session), figures=homepage.figures(session), seen=seen,
            pins=homepage.places(session, personal.pins(session)), newest=newest, makes=homepage.creatable(session),
            days=homepage.DUE_DAYS,
        )  # fmt: skip

    @routes.get("/search")
    def search() -> Response:
        session = page_session()
        text = request.args.get("q", "").strip()[:LONGEST]
        spoken = page_language()
        found = []
        for definition, _ in homepage.readable(session) if text else ():
            pairs = presenting.choices(session, definition.name, text, EACH + 1)
            if pairs:
                places = [Place(title or one[:8], address(session, definition.name, one), "") for one, title in pairs]
                href = Asked(q=text).address(definition.name)
                found.append(Found(definition.label[spoken], href, places[:EACH], len(pairs) > EACH))
        return page("search.html", session, everywhere=text, found=found)

    @routes.get("/keys")
    def keys() -> Response:
        session = page_session()
        return part("keys_sheet.html") if wants_part() else page("keys.html", session)
