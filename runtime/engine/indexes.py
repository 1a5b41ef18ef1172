"""Indexes derived from declared views: first what the filter holds equal, then the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runtime.base.sqltext import ident
from runtime.formula import tree
from runtime.formula.compiler import Compiled
from runtime.meta.compiled import Formulas
from runtime.meta.model import ObjectDef, Piece
from runtime.store import ddl
from runtime.store.layout import PROPERTIES, Layout, ObjectLayout

MOST_COLUMNS = 5
MOST_INDEXES = 24


def wanted(layout: Layout, formulas: Formulas, definition: ObjectDef) -> dict[str, ddl.Index]:
    """All indexes of an object's table beside its standing ones, by name."""
    place = layout.object(definition.name)
    found = ddl.declared_indexes(place)
    for view in layout.model.all("view"):
        if view.object is None or layout.model.object(view.object) is not definition or len(found) >= MOST_INDEXES:
            continue
        for index in of_view(place, formulas, view):
            if not any(same(index, other) for other in found.values()):
                found.setdefault(index.name, index)
    for board in layout.model.all("dashboard"):
        for chart in board.doc.get("charts") or ():
            if chart.get("object") == definition.name and len(found) < MOST_INDEXES:
                for index in of_chart(place, formulas, chart, f"dashboard {board.name}"):
                    found.setdefault(index.name, index)
    return found


def of_chart(place: ObjectLayout, formulas: Formulas, chart: Mapping[str, Any], why: str) -> Iterator[ddl.Index]:
    """A covering index: the groups, then what the filter and the measure read. The table itself is not touched."""
    name = place.object.name
    columns: list[str] = []
    for group in chart.get("group") or ():
        field = place.object.field(str(group))
        column = column_of(place, field.key if field else str(group))
        if column is None:
            return
        columns.append(column)
    for source, context in ((chart.get("filter"), "filter"), (chart.get("measure"), "measure")):
        if not source:
            continue
        compiled = formulas.get(name, str(source), context)
        if not compiled.ok or not compiled.local:
            return
        for object_key, key in sorted(compiled.deps):
            column = column_of(place, key) if object_key == place.object.key else None
            if column is None:
                return
            columns.append(column)
    columns = [*dict.fromkeys(columns)]
    if 2 <= len(columns) <= MOST_COLUMNS:
        yield ddl.named(place, "btree", columns, why)


def same(one: ddl.Index, other: ddl.Index) -> bool:
    """True when both serve the same: where blanks stand matters for an order only."""
    return (
        one.method == other.method
        and not other.unique
        and [column.removesuffix(" NULLS FIRST") for column in one.columns]
        == [column.removesuffix(" NULLS FIRST") for column in other.columns]
        and not any(
            "NULLS" in mine and "NULLS" not in yours for mine, yours in zip(one.columns, other.columns, strict=True)
        )
    )


def of_view(place: ObjectLayout, formulas: Formulas, view: Piece) -> Iterator[ddl.Index]:
    """The indexes that serve a view."""
    source = str(view.doc.get("filter") or "").strip()
    equal: list[str] = []
    if source:
        compiled = formulas.condition(place.object.name, source, "filter")
        if compiled.ok:
            equal = [column for key in equalities(compiled) if (column := column_of(place, key))]
    order = ordered(place, [str(one) for one in view.doc.get("sort") or ()])
    by = view.doc.get("by")
    field = place.object.field(str(by)) if by else None
    if field is not None:
        column = column_of(place, field.key)
        if column:
            equal.append(column)
    columns = [*dict.fromkeys(equal)][:MOST_COLUMNS] + [one for one in order if one.split(" ")[0] not in equal]
    if columns:
        yield ddl.named(place, "btree", [*columns, "id"], f"view {view.name}")


def equalities(compiled: Compiled) -> list[str]:
    """The keys of the own fields that must equal one value wherever the filter is true."""
    found = []
    for node in conjuncts(compiled.ir):
        if isinstance(node, tree.Cmp) and node.op == "==":
            for one, other in ((node.a, node.b), (node.b, node.a)):
                key = own_key(compiled, one)
                if key and isinstance(other, (tree.Lit, tree.EnvRef)):
                    found.append(key)
                    break
    return found


def conjuncts(node: tree.Node | None) -> Iterable[tree.Node]:
    """The parts of a condition that must all be true."""
    if isinstance(node, tree.And):
        for item in node.items:
            yield from conjuncts(item)
    elif node is not None:
        yield node


def own_key(compiled: Compiled, node: tree.Node) -> str | None:
    """The key of the record's own field that a node reads, or None."""
    if isinstance(node, (tree.Txt0, tree.Num0)):
        return own_key(compiled, node.a)
    if isinstance(node, tree.SlotRef) and node.level == 0:
        slot = compiled.slots[node.index]
        if slot.kind == "field" and len(slot.path) == 1:
            return slot.path[0]
    return None


def column_of(place: ObjectLayout, key: str) -> str | None:
    """The quoted column of a field or property, when an index can serve it."""
    if key in PROPERTIES:
        return ident(PROPERTIES[key][0])
    kept = place.kept.get(key)
    if kept is not None:
        return ident(kept.column)
    one = place.places.get(key)
    if one is None or not one.column or (one.sql_type or "").endswith("[]"):
        return None
    return ident(one.column)


def ordered(place: ObjectLayout, sort: Sequence[str]) -> list[str]:
    """The order's columns as an index has them; [] when one of them has no column.

    Only the directions relative to each other matter: an index is read backwards as well.
    """
    found: list[tuple[str, bool, bool]] = []
    for name in sort:
        bare = name.lstrip("-+")
        if bare == "id":
            break
        down = name.startswith("-")
        if bare == "title" or (place.object.title == bare and bare in place.object.fields):
            found.append(('"title_key"', down, False))
            continue
        field = place.object.field(bare)
        column = column_of(place, field.key if field else bare)
        if column is None:
            return []
        found.append((column, down, field is not None or bare == "owner"))
    if not found:
        return []
    flip = found[-1][1]
    texts = []
    for column, down, nullable in found:
        down = down != flip
        if down:
            texts.append(f"{column} DESC NULLS LAST" if nullable else f"{column} DESC")
        else:
            texts.append(f"{column} NULLS FIRST" if nullable else column)
    return texts
