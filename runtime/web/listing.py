"""Lists of records for pages: the columns of a view, what the address asks, one page of rows with colors and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from runtime.base.errors import DougongError, Invalid, Message, NotFound, Problem
from runtime.base.values import load
from runtime.engine import aggregates, personal, reading
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.meta import entering
from runtime.meta.model import FieldDef, Piece
from runtime.meta.properties import PROPERTIES, member
from runtime.store.database import Question
from runtime.store.query import COUNT_LIMIT
from runtime.web.asked import Asked, combined, is_beside, look_of, option, usual_view, views_of
from runtime.web.columns import Column, cell, cells_of, columns_in, columns_of, heads_of
from runtime.web.layout import usual
from runtime.web.shown import Shower, Shown, links_of
from runtime.web.texts import gettext, page_language

USUAL_SIZE = 50
MOST_COLUMNS = 40


@dataclass(frozen=True)
class Line:
    """One record of a list. ``group`` is set where a new group begins."""

    id: str
    href: str
    cells: Sequence[Shown]
    version: str = ""
    color: str = ""
    group: Shown | None = None


@dataclass(frozen=True)
class Tab:
    """One way to look at the object's records."""

    label: str
    href: str
    current: bool = False
    own: str = ""
    look: str = "list"


@dataclass(frozen=True)
class Sum:
    """A total below a column, or a count."""

    label: str
    shown: Shown
    path: str = ""


@dataclass
class Listing:
    """One page of a list, ready to be shown."""

    access: ObjectAccess
    asked: Asked
    title: str
    view: Piece | None = None
    look: str = "list"
    columns: Sequence[Column] = ()
    lines: Sequence[Line] = ()
    next: str = ""
    tabs: Sequence[Tab] = ()
    sums: Sequence[Sum] = ()
    count: str = ""
    problems: list[Problem] = field(default_factory=list)
    status: int = 200
    #: The records as they were read, for pages that look further.
    records: Sequence[Mapping[str, Any]] = ()

    @property
    def source(self) -> str:
        """The whole condition: the view's own and what is asked."""
        return combined(self.view, self.asked.filter)

    @property
    def narrowed(self) -> bool:
        """True when something is asked beyond the view itself."""
        return bool(self.asked.filter or self.asked.q)

    @property
    def totals(self) -> Mapping[str, str]:
        """The totals that the view's document asks for: field -> how."""
        found: Mapping[str, str] = option(self.view, "totals") or {}
        return {name: how for name, how in found.items() if self.access.readable(name)}

    def refuse(self, error: DougongError) -> None:
        """What the caller asked wrongly is told on the page."""
        if error.status not in (400, 422):
            raise error
        self.status = error.status
        self.problems = list(error.problems) or [Problem(error.code, error.message or error.title)]


def opened(session: Session, access: ObjectAccess, asked: Asked) -> Listing:
    """A list before anything is read. Raises NotFound for a view that the caller is not offered."""
    name = access.object.name
    offered = views_of(session, name)
    usual_one = usual_view(session, offered)
    view = next((one for one in offered if one.name == asked.view), None) if asked.view else usual_one
    if asked.view and view is None:
        raise NotFound()
    title = (view.label if view and asked.view else access.object.label)[page_language()]
    made = Listing(access, asked, title, view, look_of(session, view))
    made.tabs = tabs_of(session, access, asked, offered, usual_one)
    saved = next((one for one in made.tabs if one.current and one.own), None)
    if saved is not None:
        made.title = saved.label
    return made


def tabs_of(
    session: Session, access: ObjectAccess, asked: Asked, offered: Sequence[Piece], first: Piece | None
) -> list[Tab]:
    """The ways to look at the records: all (a view of the documents where one says it), views, the caller's own."""
    name, spoken = access.object.name, page_language()
    found = []
    if first is None:
        found.append(Tab(gettext("All"), Asked().address(name), not asked.view and not asked.saved))
    for one in offered:
        now = one.name == (asked.view or (first.name if first else "")) and not asked.saved
        if now or not is_beside(session.model, one):
            href = Asked(view="" if one is first else one.name).address(name)
            found.append(Tab(one.label[spoken], href, now, look=look_of(session, one)))
    if asked.coming or access.object.key in entering.objects(session.model):
        found = [replace(one, current=one.current and not asked.coming) for one in found]
        found.append(Tab(gettext("Waiting for approval"), Asked(state=entering.PENDING).address(name), asked.coming))
    for own in personal.views(session, access):
        kept = Asked.of(own.asked)
        kept.saved = own.id
        found.append(Tab(own.name, kept.address(name), asked.saved == own.id, own.id))
    return found


def listing(session: Session, access: ObjectAccess, asked: Asked, limit: int = USUAL_SIZE) -> Listing:
    """A page of the records that the caller may read."""
    made = opened(session, access, asked)
    shape(session, made)
    fill(session, made, int(option(made.view, "page_size") or limit))
    if not made.next and not asked.cursor and not made.problems and not asked.coming:
        summed(session, made)
    return made


def shape(session: Session, made: Listing) -> None:
    """The columns: those that are asked, those of the view, or the usual ones."""
    access, asked = made.access, made.asked
    view = made.view if columns_in(made.view) else None
    if view is None:
        view = next((one for one in views_of(session, access.object.name) if columns_in(one)), None)
    docs = columns_in(view)
    chosen = [one.strip() for one in asked.columns.split(",") if one.strip()][:MOST_COLUMNS]
    paths = chosen or [str(one["field"]) for one in docs] or usual(access)
    said = option(made.view, "edit")
    edit = access.may("update") and (bool(said) if said is not None else not asked.view)
    made.columns = columns_of(session, access, asked, paths, docs, sort_of(made), edit=edit and not asked.coming)


def sort_of(made: Listing) -> str:
    """The order: what is asked, or what the view says."""
    return made.asked.sort or ",".join(str(one) for one in option(made.view, "sort") or ())


def grouping(made: Listing) -> FieldDef | None:
    """The field or property that the rows are grouped by, None when there is none that the caller may read."""
    name = str(option(made.view, "group") or "")
    found = member(made.access.object, name)
    if found is None or not (name in PROPERTIES or made.access.readable(name)):
        return None
    return found if found.kind.sortable else None


def fill(session: Session, made: Listing, limit: int) -> None:
    """Read the page."""
    access, group = made.access, grouping(made)
    keys = [one.strip() for one in sort_of(made).split(",") if one.strip()]
    if group is not None:
        keys = [group.name, *(one for one in keys if one.lstrip("+-") != group.name)]
    names = list(dict.fromkeys([*heads_of(made.columns), "version", *([group.name] if group else [])]))
    try:
        page = reading.listed(
            session, access.object.name,
            reading.Ask(
                filter=made.source, sort=tuple(keys), fields=tuple(names), expand=expandable(access, names),
                q=made.asked.q, limit=limit, cursor=made.asked.cursor, pending=made.asked.coming,
            ),
        )  # fmt: skip
        take(session, made, page, group)
    except DougongError as error:
        made.refuse(error)


def take(session: Session, made: Listing, page: reading.Page, group: FieldDef | None = None) -> None:
    """Show the records of a page."""
    made.records = [load(one) for one in page.records]
    if page.next_cursor:
        made.next = made.asked.address(made.access.object.name, cursor=page.next_cursor)
    made.lines = lines_of(session, made, made.records, group)


def expandable(access: ObjectAccess, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names whose records are read with their titles."""
    linked = links_of(access)
    return tuple(one for one in names if one in linked or (one in PROPERTIES and PROPERTIES[one].relates))


def lines_of(
    session: Session, made: Listing, records: Sequence[Mapping[str, Any]], group: FieldDef | None = None
) -> list[Line]:
    """Rows with shown cells, colored as the view says."""
    access = made.access
    rows = cells_of(session, access, [one.path for one in made.columns], records)
    tints = colors_of(session, access, option(made.view, "colors") or (), records)
    shower = Shower(session, access)
    found: list[Line] = []
    last: Any = records  # Nothing that a value could be.
    for one, cells in zip(records, rows, strict=True):
        head = None
        if group is not None:
            value = one.get(group.name)
            head, last = (cell(shower, group.name, value) if value != last else None), value
        identity = str(one["id"])
        href = f"/o/{access.object.name}/{identity}"
        found.append(Line(identity, href, cells, str(one.get("version", "")), tints.get(identity, ""), head))
    return found


def colors_of(
    session: Session, access: ObjectAccess, rules: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """The color of each record: that of the first condition that holds, asked with the caller's rights."""
    ids = [str(one["id"]) for one in records]
    if not ids or not rules:
        return {}
    asks = [reading.Ask(filter=str(rule["when"]), fields=("id",), limit=reading.MOST, ids=ids) for rule in rules]
    found: dict[str, str] = {}
    for rule, page in zip(rules, answers(session, access, asks), strict=True):
        for one in page.records if page else ():
            found.setdefault(str(load(one)["id"]), str(rule["color"]))
    return found


def answers(session: Session, access: ObjectAccess, asks: Sequence[reading.Ask]) -> list[reading.Page | None]:
    """A page for each, in one round trip; None where a condition speaks of what the caller may not read."""
    name = access.object.name
    try:
        return [*reading.several(session, [(name, one) for one in asks])]
    except DougongError:
        found: list[reading.Page | None] = []
        for one in asks:
            try:
                found.append(reading.listed(session, name, one))
            except DougongError:
                found.append(None)
        return found


def summed(session: Session, made: Listing) -> None:
    """How many records there are, and the view's totals. It reads all of them: only asked where that costs little."""
    access = made.access
    measures = {name: f"{how.upper()}({name})" for name, how in made.totals.items() if how != "count"}
    try:
        if made.lines and not made.next and not made.asked.cursor:
            number = len(made.lines)
        else:
            ask = reading.Ask(filter=made.source, q=made.asked.q, fields=("id",), limit=1, count="estimate")
            number = reading.listed(session, access.object.name, ask).count or 0
        made.count = f"{number:,}" if number <= COUNT_LIMIT else f"≈ {number:,}"
        if measures:
            body = {"filter": made.source, "q": made.asked.q, "measures": measures}
            row = load(aggregates.aggregate(session, access.object.name, body))["data"][0]
            shower = Shower(session, access)
            made.sums = [total_of(shower, access.object.fields[name], row.get(name)) for name in measures]
    except DougongError as error:
        made.refuse(error)


def total_of(shower: Shower, definition: FieldDef, value: Any) -> Sum:
    """A total in the words of its field."""
    return Sum(definition.label[page_language()], shower.plain(definition, value), definition.name)


@dataclass(frozen=True)
class Related:
    """The first records that link to one: their rights, the link's name, the record's id, the names of the columns."""

    session: Session
    access: ObjectAccess
    link: str
    record_id: str
    names: Sequence[str]
    limit: int

    @cached_property
    def columns(self) -> list[Column]:
        """The columns, none of which can be sorted by."""
        key = ("related", self.link, tuple(self.names), page_language())
        return self.access.keep(key, partial(still, self.session, self.access, self.names))

    @cached_property
    def ask(self) -> reading.Ask:
        """What asks for the records."""
        names = tuple(dict.fromkeys([*heads_of(self.columns), "version", "created_at", "created_by"]))
        linked, expand = (self.link, self.record_id), expandable(self.access, names)
        return reading.Ask(fields=names, expand=expand, limit=self.limit, linked=linked, titled=True)

    @property
    def question(self) -> Question:
        """What :func:`related` asks about it."""
        return reading.page_question(self.session, self.access, self.ask)


def related(session: Session, wanted: Sequence[Related]) -> list[Listing]:
    """The lists of a record's page. All of them are read in one round trip."""
    found = []
    asks = [(one.access.object.name, one.ask) for one in wanted]
    for one, page in zip(wanted, reading.several(session, asks), strict=True):
        access = one.access
        made = Listing(access, Asked(filter=f"{one.link} == '{one.record_id}'"), access.object.label[page_language()])
        made.columns = one.columns
        take(session, made, page)
        made.next = made.asked.address(access.object.name) if made.next else ""
        found.append(made)
    return found


def still(session: Session, access: ObjectAccess, names: Sequence[str]) -> list[Column]:
    """Columns that cannot be sorted by."""
    return [replace(one, sort="") for one in columns_of(session, access, Asked(), names, (), "")]


def selected_ids(session: Session, made: Listing, most: int) -> list[str]:
    """The ids of everything in a list, for work on all of it. Raises what refuses; more than ``most`` is refused."""
    found: list[str] = []
    cursor = ""
    while True:
        ask = reading.Ask(filter=made.source, q=made.asked.q, fields=("id",), limit=reading.MOST, cursor=cursor)
        page = reading.listed(session, made.access.object.name, ask)
        found += [str(load(one)["id"]) for one in page.records]
        if len(found) > most:
            text = Message(f"at most {most} records at once; narrow the list", f"一次最多 {most} 条记录，请缩小范围")
            raise Invalid(text, code="too_many")
        if not page.next_cursor:
            return found
        cursor = page.next_cursor
