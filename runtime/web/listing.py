"""Lists of records for pages: the columns of a view, what the address asks, one page of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from runtime.base.errors import DougongError, NotFound, Problem
from runtime.base.values import load
from runtime.engine import describe, reading
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import SYSTEM_PROPERTIES, FieldDef, Piece, label_of
from runtime.web.layout import usual
from runtime.web.shown import Link, Shower, Shown, column_label, links_of, moment, numeric, property_label
from runtime.web.texts import page_language

INSTANTS = ("created_at", "updated_at")
PEOPLE = ("owner", "created_by", "updated_by")
LONGEST = 4000


@dataclass(frozen=True)
class Column:
    """One column: a field or property, or a path through links."""

    path: str
    label: str
    numeric: bool = False
    sort: str = ""
    order: str = ""


@dataclass(frozen=True)
class Line:
    """One record of a list."""

    id: str
    href: str
    cells: Sequence[Shown]


@dataclass
class Asked:
    """What the address of a list asks."""

    view: str = ""
    filter: str = ""
    sort: str = ""
    q: str = ""
    cursor: str = ""

    @staticmethod
    def of(args: Mapping[str, str]) -> Asked:
        """From a query string."""
        names = ("view", "filter", "sort", "q", "cursor")
        return Asked(**{name: str(args.get(name, ""))[:LONGEST] for name in names})

    def address(self, object_name: str, **other: str) -> str:
        """The address of the same list with something else asked."""
        said = {name: value for name, value in {**vars(self), **other}.items() if value}
        return f"/o/{object_name}" + (f"?{urlencode(said)}" if said else "")


@dataclass
class Listing:
    """One page of a list, ready to be shown."""

    access: ObjectAccess
    asked: Asked
    title: str
    columns: Sequence[Column] = ()
    lines: Sequence[Line] = ()
    next: str = ""
    views: Sequence[tuple[Piece, str]] = ()
    problems: list[Problem] = field(default_factory=list)
    status: int = 200


def views_of(session: Session, object_name: str) -> list[Piece]:
    """The views of an object that the caller is offered."""
    return [
        one
        for one in session.model.all("view")
        if one.object == object_name and meant_for(session, one) and describe.offered(session, object_name, one.doc)
    ]


def meant_for(session: Session, view: Piece) -> bool:
    """True when a view is for everybody, or for a role of the caller."""
    roles = view.doc.get("roles")
    return not roles or bool(set(roles) & set(session.person.roles)) or "*" in session.person.build


def columns_in(view: Piece | None) -> list[Mapping[str, Any]]:
    """The columns that a view names."""
    found = (view.doc.get("columns") if view else None) or ()
    return [one if isinstance(one, Mapping) else {"field": one} for one in found]


def listing(session: Session, access: ObjectAccess, asked: Asked, limit: int = 50) -> Listing:
    """A page of the records that the caller may read. Raises NotFound for a view that he is not offered."""
    name = access.object.name
    offered = views_of(session, name)
    view = next((one for one in offered if one.name == asked.view), None)
    if asked.view and view is None:
        raise NotFound()
    title = (view.label if view else access.object.label)[page_language()]
    made = Listing(access, asked, title)
    made.views = [(one, asked.address(name, view=one.name, cursor="", sort="")) for one in offered]
    shape = view or next((one for one in offered if one.doc.get("columns")), None)
    docs = columns_in(shape)
    paths = [str(one["field"]) for one in docs] or usual(access)
    sort = asked.sort or ",".join(str(one) for one in (view.doc.get("sort") if view else None) or ())
    made.columns = columns_of(session, access, made, paths, docs, sort)
    page_size = view.doc.get("page_size") if view else None
    fill(session, made, view, sort, int(page_size or limit))
    return made


def columns_of(
    session: Session,
    access: ObjectAccess,
    made: Listing,
    paths: Sequence[str],
    docs: Sequence[Mapping[str, Any]],
    sort: str,
) -> list[Column]:
    """The columns that the caller may see, each with the address that sorts by it."""
    first = sort.split(",")[0].strip()
    labels = {str(one["field"]): label_of(one["label"], "")[page_language()] for one in docs if one.get("label")}
    found = []
    for path in paths:
        one = access.object.fields.get(path)
        if path in SYSTEM_PROPERTIES:
            label = labels.get(path) or property_label(path)
            sortable, figures = True, path == "version"
        else:
            label = labels.get(path) or column_label(session, access, path)
            if not column_label(session, access, path):
                continue
            sortable = one is not None and one.kind.sortable and access.readable(path)
            figures = one is not None and numeric(one)
        order = "ascending" if first == path else "descending" if first == f"-{path}" else ""
        turned = f"-{path}" if order == "ascending" else path
        href = made.asked.address(access.object.name, sort=turned, cursor="") if sortable else ""
        found.append(Column(path, label, figures, href, order))
    return found


def fill(session: Session, made: Listing, view: Piece | None, sort: str, limit: int) -> None:
    """Read the page; what the caller asked wrongly is told on the page."""
    parts = [str(one) for one in (view.doc.get("filter") if view else None, made.asked.filter) if one]
    source = f"({parts[0]}) and ({parts[1]})" if len(parts) == 2 else parts[0] if parts else ""
    heads = list(dict.fromkeys(one.path.split(".")[0] for one in made.columns))
    access = made.access
    linked = links_of(access)
    expand = [name for name in heads if name in PEOPLE or name in linked]
    keys = tuple(one.strip() for one in sort.split(",") if one.strip())
    ask = reading.Ask(
        filter=source, sort=keys, fields=tuple(heads) or ("id",),
        expand=tuple(expand), q=made.asked.q, limit=limit, cursor=made.asked.cursor,
    )  # fmt: skip
    try:
        page = reading.listed(session, access.object.name, ask)
    except DougongError as error:
        if error.status not in (400, 422):
            raise
        made.status = error.status
        made.problems = list(error.problems) or [Problem(error.code, error.message or error.title)]
        return
    if page.next_cursor:
        made.next = made.asked.address(access.object.name, cursor=page.next_cursor)
    records = [load(one) for one in page.records]
    made.lines = lines_of(session, made, records)


def lines_of(session: Session, made: Listing, records: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Rows with shown cells; values at the end of a path are read once for all rows."""
    shower = Shower(session, made.access)
    columns: list[list[Shown]] = []
    for column in made.columns:
        if "." in column.path:
            columns.append(path_cells(session, made.access, column.path.split("."), records))
        else:
            columns.append([cell(session, shower, column.path, one.get(column.path)) for one in records])
    name = made.access.object.name
    return [
        Line(str(one["id"]), f"/o/{name}/{one['id']}", [cells[number] for cells in columns])
        for number, one in enumerate(records)
    ]


def cell(session: Session, shower: Shower, name: str, value: Any) -> Shown:
    """One value of a row."""
    definition = shower.access.object.fields.get(name)
    if definition is not None:
        return shower.value(definition, value)
    if value is None:
        return Shown()
    if name in INSTANTS:
        return Shown(moment(session, str(value)))
    if isinstance(value, Mapping):
        return Shown("", [Link(str(value.get("title") or value["id"]))])
    return Shown(str(value))


def path_cells(
    session: Session, access: ObjectAccess, names: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> list[Shown]:
    """The values at the end of a path, with the rights on the records there: one reading for each step."""
    definition: FieldDef = access.object.fields[names[0]]
    target = session.model.object(definition.relates.target_object()) if definition.relates else None
    if target is None or definition.relates is None or definition.relates.many:
        return [Shown() for _ in records]
    held = [one.get(names[0]) for one in records]
    ids = [one["id"] if isinstance(one, Mapping) else one for one in held]
    there = object_access(session.snapshot, session.person, target)
    wanted = sorted({str(one) for one in ids if one})
    if not wanted or not there.may("read"):
        return [Shown() for _ in records]
    last = len(names) == 2
    own = target.fields.get(names[1])
    relates = own is not None and names[1] in links_of(there)
    listed = ", ".join(f"'{one}'" for one in wanted)
    ask = reading.Ask(
        filter=f"id in [{listed}]", fields=(names[1],), expand=(names[1],) if relates else (), limit=reading.MOST
    )
    found = {str(one["id"]): one for one in map(load, reading.listed(session, target.name, ask).records)}
    rows: list[Mapping[str, Any]] = [found.get(str(one), {}) for one in ids]
    if last:
        shower = Shower(session, there)
        return [cell(session, shower, names[1], one.get(names[1])) for one in rows]
    return path_cells(session, there, names[1:], rows)


def related(
    session: Session, access: ObjectAccess, link: str, record_id: str, names: Sequence[str], limit: int
) -> Listing:
    """The first records that link to a record, for its page."""
    asked = Asked(filter=f"{link} == '{record_id}'")
    made = Listing(access, asked, access.object.label[page_language()])
    made.columns = [replace(one, sort="") for one in columns_of(session, access, made, names, (), "")]
    fill(session, made, None, "", limit)
    made.next = asked.address(access.object.name) if made.next else ""
    return made
