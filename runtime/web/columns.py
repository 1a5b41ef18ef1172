"""The columns of a list and the cells below them: fields, properties, paths through links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.base.values import load
from runtime.engine import reading
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import SYSTEM_PROPERTIES, FieldDef, Piece, label_of
from runtime.meta.properties import OFFERED, PROPERTIES, member
from runtime.web.asked import Asked
from runtime.web.shown import Shower, Shown, column_label, links_of, numeric
from runtime.web.texts import page_language


@dataclass(frozen=True)
class Column:
    """One column: a field or property, or a path through links. ``sort`` is the address that sorts by it."""

    path: str
    label: str
    numeric: bool = False
    sort: str = ""
    order: str = ""
    width: int = 0
    editable: bool = False


def columns_in(view: Piece | None) -> list[Mapping[str, Any]]:
    """The columns that a view names."""
    found = (view.doc.get("columns") if view else None) or ()
    return [one if isinstance(one, Mapping) else {"field": one} for one in found]


def choosable(access: ObjectAccess) -> list[tuple[str, str]]:
    """(name, label) of all that may be columns."""
    spoken = page_language()
    found = [(name, one.label[spoken]) for name, one in access.object.fields.items() if access.visible(name)]
    return found + [(name, PROPERTIES[name].label[spoken]) for name in OFFERED]


def columns_of(
    session: Session, access: ObjectAccess, asked: Asked, paths: Sequence[str], docs: Sequence[Mapping[str, Any]],
    sort: str, *, edit: bool = False,
) -> list[Column]:  # fmt: skip
    """The columns that the caller may see, each with the address that sorts by it."""
    first = sort.split(",")[0].strip()
    said = {str(one["field"]): one for one in docs}
    found = []
    for path in paths:
        doc = said.get(path, {})
        label = column_label(session, access, path)
        if not label:
            continue
        one = member(access.object, path)
        if doc.get("label"):
            label = label_of(doc["label"], "")[page_language()]
        sortable = one is not None and (
            path in SYSTEM_PROPERTIES or (one.kind.sortable and access.readable(path))
        )  # A link is sorted by nothing: ids say nothing to people.
        order = "ascending" if first == path else "descending" if first == f"-{path}" else ""
        turned = f"-{path}" if order == "ascending" else path
        href = asked.address(access.object.name, sort=turned, cursor="") if sortable else ""
        figures = one is not None and numeric(one)
        may = edit and access.writable(path) and access.object.fields[path].readonly is not True
        found.append(Column(path, label, figures, href, order, int(doc.get("width") or 0), may))
    return found


def heads_of(columns: Sequence[Column]) -> list[str]:
    """The names that must be read for the columns."""
    return list(dict.fromkeys(one.path.split(".")[0] for one in columns))


def cells_of(
    session: Session, access: ObjectAccess, paths: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> list[list[Shown]]:
    """For each record its cells; values at the end of a path are read once for all records."""
    shower = Shower(session, access)
    columns: list[list[Shown]] = []
    for path in paths:
        if "." in path:
            columns.append(path_cells(session, access, path.split("."), records))
        else:
            columns.append(column_cells(shower, path, [one.get(path) for one in records]))
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in records]


def column_cells(shower: Shower, name: str, values: Sequence[Any]) -> list[Shown]:
    """The values of one column."""
    definition = shower.access.object.fields.get(name)
    if definition is not None and shower.access.readable(name):
        return [shower.plain(definition, one) for one in values]
    return [cell(shower, name, one) for one in values]


def cell(shower: Shower, name: str, value: Any) -> Shown:
    """One value of a row."""
    definition = shower.access.object.fields.get(name)
    if definition is not None:
        return shower.value(definition, value)
    known = PROPERTIES.get(name)
    return Shown() if known is None or value is None else shower.plain(known, value)


def path_cells(
    session: Session, access: ObjectAccess, names: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> list[Shown]:
    """The values at the end of a path, with the rights on the records there: one reading for each step."""
    definition: FieldDef | None = member(access.object, names[0])
    relates = definition.relates if definition else None
    target = session.model.object(relates.target_object()) if relates else None
    if target is None or relates is None or relates.many:
        return [Shown() for _ in records]
    held = [one.get(names[0]) for one in records]
    ids = [one["id"] if isinstance(one, Mapping) else one for one in held]
    there = object_access(session.snapshot, session.person, target)
    wanted = sorted({str(one) for one in ids if one})
    if not wanted or not there.may("read"):
        return [Shown() for _ in records]
    own = target.fields.get(names[1])
    expanded = own is not None and names[1] in links_of(there)
    ask = reading.Ask(
        fields=(names[1],), expand=(names[1],) if expanded else (), limit=reading.MOST, ids=wanted[: reading.MOST]
    )
    found = {str(one["id"]): one for one in map(load, reading.listed(session, target.name, ask).records)}
    rows: list[Mapping[str, Any]] = [found.get(str(one), {}) for one in ids]
    if len(names) == 2:
        shower = Shower(session, there)
        return [cell(shower, names[1], one.get(names[1])) for one in rows]
    return path_cells(session, there, names[1:], rows)
