"""Records as cards: a title, some lines, a picture and a color, as a view's document says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.values import load
from runtime.engine import presenting, reading
from runtime.engine.workspace import Session
from runtime.meta.properties import member
from runtime.web.asked import option
from runtime.web.columns import cells_of
from runtime.web.layout import usual
from runtime.web.listing import Listing, colors_of, expandable
from runtime.web.shown import Link, Shown, column_label

USUAL_LINES = 3


@dataclass(frozen=True)
class Card:
    """One record."""

    id: str
    href: str
    version: str
    title: str
    lines: Sequence[tuple[str, Shown]] = ()
    color: str = ""
    picture: Link | None = None


@dataclass
class Cards:
    """One window of cards and where the next begins."""

    cards: list[Card]
    records: list[Mapping[str, Any]]
    cursor: str | None = None


def paths_of(session: Session, made: Listing, but: Sequence[str] = ()) -> tuple[str, list[tuple[str, str]]]:
    """(path of the title or '', (path, label) of the lines) of a view's cards, as far as the caller may see them."""
    doc: Mapping[str, Any] = option(made.view, "card") or {}
    title = str(doc.get("title") or "")
    if title and not column_label(session, made.access, title):
        title = ""
    named = [str(one) for one in doc.get("lines") or ()] if doc else usual(made.access)[1 : USUAL_LINES + 1]
    labels = [(one, column_label(session, made.access, one)) for one in named if one not in but]
    return title, [(one, label) for one, label in labels if label]


def read(
    session: Session, made: Listing, *, filter: str, sort: Sequence[str], limit: int, cursor: str = "",
    more: Sequence[str] = (), picture: str = "",
) -> Cards:  # fmt: skip
    """A window of cards. ``more`` are further fields to be read with them."""
    access = made.access
    title, lines = paths_of(session, made)
    paths = [*([title] if title else []), *(one for one, _ in lines)]
    names = list(dict.fromkeys([*(one.split(".")[0] for one in paths), *more, *([picture] if picture else [])]))
    names = [one for one in names if member(access.object, one) is not None]
    page = reading.listed(
        session, access.object.name,
        reading.Ask(
            filter=filter, sort=tuple(sort), fields=("version", *names), expand=expandable(access, names),
            q=made.asked.q, limit=limit, cursor=cursor,
        ),
    )  # fmt: skip
    records = [load(one) for one in page.records]
    return Cards(cards_of(session, made, records, title, lines, picture), records, page.next_cursor)


def cards_of(
    session: Session,
    made: Listing,
    records: Sequence[Mapping[str, Any]],
    title: str,
    lines: Sequence[tuple[str, str]],
    picture: str = "",
) -> list[Card]:
    """Cards of records that are read."""
    access = made.access
    name = access.object.name
    extra = [title] if title else []
    pictured = [picture] if picture else []
    rows = cells_of(session, access, [*extra, *(one for one, _ in lines), *pictured], records)
    called = {} if title else presenting.titles(session, name, [str(one["id"]) for one in records])
    tints = colors_of(session, access, option(made.view, "colors") or (), records)
    found = []
    for record, cells in zip(records, rows, strict=True):
        identity = str(record["id"])
        head = cells[0].plain if title else called.get(identity, "")
        body = cells[len(extra) : len(extra) + len(lines)]
        shown = [(label, cell) for (_, label), cell in zip(lines, body, strict=True) if not cell.blank]
        image = next((one for one in cells[-1].links if one.picture), None) if picture else None
        found.append(
            Card(
                identity,
                f"/o/{name}/{identity}",
                str(record["version"]),
                head or identity[:8],
                shown,
                tints.get(identity, ""),
                image,
            )
        )
    return found
