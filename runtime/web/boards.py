"""Boards: cards in columns of a choice, each column read by window; a move changes the value through the write path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError, NotFound, Stale
from runtime.base.values import load
from runtime.engine import aggregates, records
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.formula.literals import quoted
from runtime.kinds.field import Chooses
from runtime.meta.model import FieldDef
from runtime.store.ids import is_id
from runtime.web import cards
from runtime.web.asked import Asked, combined, option
from runtime.web.cards import Card
from runtime.web.filters import Builder
from runtime.web.listing import Listing, Sum, opened, sort_of, total_of
from runtime.web.render import wants_part
from runtime.web.routes_lists import list_answer, list_page, part, rights
from runtime.web.session import local
from runtime.web.shown import Shower
from runtime.web.texts import gettext, page_language
from runtime.web.waiting import told, waits
from runtime.web.work import to

WINDOW = 25
#: Stands for the column of records without a value.
BLANK = "-"


@dataclass
class Lane:
    """One column of a board."""

    key: str
    label: str
    color: str = ""
    cards: list[Card] = field(default_factory=list)
    #: What asks for the next cards, and where somebody without JavaScript finds all of them.
    more: str = ""
    all: str = ""
    count: str = ""
    sums: Sequence[Sum] = ()


@dataclass
class Board:
    """A board, ready to be shown."""

    made: Listing
    by: FieldDef
    lanes: list[Lane]
    movable: bool
    counted: bool = False


def by_of(made: Listing) -> FieldDef | None:
    """The field whose options are the columns; None when the caller may not read it or it has none."""
    found = made.access.object.fields.get(str(option(made.view, "by") or ""))
    if found is None or not made.access.readable(found.name) or not isinstance(found.kind, Chooses):
        return None
    return found


def lanes_of(made: Listing, by: FieldDef) -> list[Lane]:
    """The columns without their cards."""
    spoken = page_language()
    hidden = set(option(made.view, "hide") or ())
    choices = by.kind.choices() if isinstance(by.kind, Chooses) else ()
    found = [
        Lane(one.key, one.label[spoken], str(one.doc.get("color") or "")) for one in choices if one.key not in hidden
    ]
    return [*found, Lane(BLANK, gettext("Without a value"))]


def condition(by: FieldDef, key: str) -> str:
    """The condition that means the records of a column."""
    return f"ISBLANK({by.name})" if key == BLANK else f"{by.name} == {quoted(key)}"


def fill(session: Session, made: Listing, by: FieldDef, lane: Lane, cursor: str = "") -> None:
    """The next window of a column's cards."""
    name = made.access.object.name
    own = condition(by, lane.key)
    keys = [one.strip() for one in sort_of(made).split(",") if one.strip()]
    found = cards.read(
        session, made, filter=combined(made.view, made.asked.filter, own), sort=keys, limit=WINDOW, cursor=cursor,
    )  # fmt: skip
    lane.cards = found.cards
    if found.cursor:
        lane.more = made.asked.address(f"{name}/lane", cursor=found.cursor, on=lane.key)
    lane.all = Asked(filter=combined(made.view, made.asked.filter, own), sort=sort_of(made)).address(name)


def board(session: Session, made: Listing, by: FieldDef) -> Board:
    """The first window of every column."""
    lanes = lanes_of(made, by)
    for lane in lanes:
        fill(session, made, by, lane)
    lanes = [one for one in lanes if one.cards or one.key != BLANK]
    found = Board(made, by, lanes, made.access.may("update") and made.access.writable(by.name))
    if not any(one.more for one in lanes):
        count(session, found)
    return found


def count(session: Session, found: Board) -> None:
    """How many cards a column has, and the view's totals: one statement over all records of the board."""
    made = found.made
    totals = {name: how for name, how in made.totals.items() if how != "count"}
    measures = {f"m{number}": f"{how.upper()}({name})" for number, (name, how) in enumerate(totals.items())}
    body = {
        "filter": made.source, "q": made.asked.q, "group_by": [found.by.name],
        "measures": {**measures, "number": "COUNT()"},
    }  # fmt: skip
    rows: Mapping[str, Mapping[str, object]] = {
        str(row[found.by.name] or BLANK): row
        for row in load(aggregates.aggregate(session, made.access.object.name, body))["data"]
    }
    shower = Shower(session, made.access)
    for lane in found.lanes:
        row = rows.get(lane.key, {})
        lane.count = str(row.get("number", 0))
        lane.sums = [
            total_of(shower, made.access.object.fields[name], row.get(f"m{number}"))
            for number, name in enumerate(totals)
            if row.get(f"m{number}") is not None
        ]
    found.counted = True


def board_page(session: Session, access: ObjectAccess, asked: Asked, builder: Builder | None = None) -> Response:
    """The page of a board; of a list where there are no columns to be had."""
    made = opened(session, access, asked)
    by = by_of(made)
    if by is None:
        return list_page(session, access, asked, builder)
    found: Board | None = None
    try:
        found = board(session, made, by)
    except DougongError as error:
        made.refuse(error)
    return list_answer(session, made, "board.html", builder, board=found)


def add(routes: Blueprint) -> None:
    """The routes of boards."""

    def opened_board(object_name: str, asked: Asked) -> tuple[Session, Listing, FieldDef]:
        session, access = rights(object_name)
        made = opened(session, access, asked)
        by = by_of(made)
        if by is None:
            raise NotFound()
        return session, made, by

    @routes.get("/o/<object_name>/lane")
    def lane(object_name: str) -> Response:
        asked = Asked.of(request.args)
        session, made, by = opened_board(object_name, asked)
        key, cursor, asked.cursor, asked.on = asked.on, asked.cursor, "", ""
        found = next((one for one in lanes_of(made, by) if one.key == key), None)
        if found is None:
            raise NotFound()
        fill(session, made, by, found, cursor)
        whole = Board(made, by, lanes_of(made, by), made.access.may("update") and made.access.writable(by.name))
        return part("board_lane.html", lane=found, board=whole, object=made.access.object, list=made)

    @routes.get("/o/<object_name>/lanes")
    def lanes(object_name: str) -> Response:
        asked = Asked.of(request.args)
        session, made, by = opened_board(object_name, asked)
        found = Board(made, by, lanes_of(made, by), False)
        count(session, found)
        return part("board_counts.html", board=found, object=made.access.object)

    @routes.post("/o/<object_name>/<record_id>/move")
    def move(object_name: str, record_id: str) -> Response:
        asked = Asked.of(request.form)
        session, made, by = opened_board(object_name, asked)
        if not is_id(record_id):
            raise NotFound()
        wanted = request.form.get("to", "")
        back = local(request.form.get("next") or asked.address(object_name))
        raw = {by.name: None if wanted in ("", BLANK) else wanted}
        return stored(session, made.access, record_id, raw, back)


def stored(session: Session, access: ObjectAccess, record_id: str, raw: Mapping[str, object], back: str) -> Response:
    """Change a record from a board or calendar: the new version for a script, a sentence and the page for people."""
    version = request.form.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    try:
        done = records.update(session, access.object.name, record_id, raw, records.Options(version=seen))
    except DougongError as error:
        if error.status not in (403, 409, 412, 422, 423):
            raise
        said = [one.message.text(page_language()) for one in error.problems] or [error.detail(page_language())]
        text = " ".join(dict.fromkeys(said))
        if isinstance(error, Stale):
            text = gettext("Somebody else has changed the record meanwhile. It is shown as it is now; try again.")
        if wants_part():
            answer = Response(text, error.status, content_type="text/plain; charset=utf-8")
            answer.headers["Cache-Control"] = "no-store"
            return answer
        flash(text, "alert")
        return to(back)
    if done.pending is not None:
        if wants_part():
            return told(Response(waits(), content_type="text/plain; charset=utf-8"), done.pending)
        flash(waits())
        return to(back)
    if wants_part():
        answer = Response("", 200, content_type="text/plain; charset=utf-8")
        answer.headers["X-Record-Version"] = str(done.version)
        return answer
    return to(back)
