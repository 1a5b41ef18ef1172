"""Galleries: one card a record, with a picture where it has one."""

from __future__ import annotations

from flask import Response

from runtime.base.errors import DougongError
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.web import cards
from runtime.web.asked import Asked, option
from runtime.web.cards import Cards
from runtime.web.filters import Builder
from runtime.web.listing import opened, sort_of
from runtime.web.routes_lists import list_answer

WINDOW = 48


def gallery_page(session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None) -> Response:
    """The page of a gallery."""
    made = opened(session, access, asked)
    picture = str(option(made.view, "picture") or "")
    if picture and not access.readable(picture):
        picture = ""
    found = Cards([], [])
    try:
        keys = [one.strip() for one in sort_of(made).split(",") if one.strip()]
        found = cards.read(
            session, made, filter=made.source, sort=keys, limit=WINDOW, cursor=asked.cursor, picture=picture
        )
        made.next = asked.address(access.object.name, cursor=found.cursor) if found.cursor else ""
    except DougongError as error:
        made.refuse(error)
    size = str(option(made.view, "size") or "medium")
    return list_answer(session, made, "gallery.html", builder, cards=found.cards, size=size)
