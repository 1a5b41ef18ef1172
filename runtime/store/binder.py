"""Finds the values of formulas in tables: typed columns, joins along references, rows of children.

It implements the formula room's Binder for one query; it runs no statement and decides no right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.base.sqltext import Sql, ident, join, literal
from runtime.formula import sql as formula_sql
from runtime.formula.env import Env
from runtime.formula.scope import Slot
from runtime.kinds.field import HoldsFiles
from runtime.meta.compiled import Formulas
from runtime.meta.model import FieldDef
from runtime.store.layout import HELD, PROPERTIES, Layout

if TYPE_CHECKING:
    from runtime.formula.compiler import Compiled

#: Columns of the system's own objects, by member key: (column, object it refers to).
SYSTEM = {
    "user": {
        "id": ("id", None),
        "name": ("full_name", None),
        "email": ("email", None),
        "department": ("department_id", "department"),
        "manager": ("manager_id", "user"),
        "roles": ("roles", None),
        "active": ("active", None),
    },
    "department": {
        "id": ("id", None),
        "name": ("name", None),
        "parent": ("parent_id", "department"),
        "head": ("head_id", "user"),
    },
}
SYSTEM_TABLES = {"user": "s_user", "department": "s_department"}
SYSTEM_REFERENCES = {"created_by": "user", "updated_by": "user", "owner": "user"}

#: The condition that makes a row readable for the asker, seen from a binder at the row; empty for all rows.
Guard = Callable[["TableBinder"], Sql]


class Frame:
    """The FROM part of one query level: numbered aliases and the joins asked for so far."""

    def __init__(self, outer: Frame | None = None) -> None:
        self.joins: list[Sql] = []
        self._known: dict[tuple[str, str, bool], str] = {}
        self._root: Frame = outer._root if outer is not None else self
        self._count = 0
        self._inner: list[Frame] = []
        #: Aliases of rows that have no columns of kept values: drafts, and what a statement has just written.
        self.fresh: set[str] = set() if outer is None else outer.fresh
        #: The statement is about records that wait for an approval: their lines wait with them, and count for them.
        self.pending: bool = outer.pending if outer is not None else False

    def alias(self) -> str:
        """A new alias, different from all others of the query."""
        self._root._count += 1
        return f"t{self._root._count}"

    def inner(self) -> tuple[Frame, str]:
        """A frame for a subquery, and a mark in its FROM: its joins are known only when the query is done."""
        frame = Frame(self)
        self._root._inner.append(frame)
        return frame, f"/*{len(self._root._inner) - 1}*/"

    def hop(self, alias: str, key: str, guarded: bool, make: Callable[[str], Sql]) -> str:
        """The alias behind a reference: joined once however often it is asked for."""
        known = self._known.get((alias, key, guarded))
        if known is None:
            known = self._known[(alias, key, guarded)] = self.alias()
            self.joins.append(make(known))
        return known

    def live(self, alias: str, *, owned: bool) -> str:
        """The condition that a row counts, behind a link between a record and its lines (``owned``) or any other."""
        if owned and self.pending:
            return f"({alias}.deleted_at IS NULL OR {alias}.deleted_at = {HELD})"
        return f"{alias}.deleted_at IS NULL"

    def sql(self) -> Sql:
        """The joins, each with a blank before it."""
        return join("", [" " + one for one in self.joins])

    def finish(self, statement: Sql) -> Sql:
        """The statement with the joins of all subqueries in the place of their marks."""
        for number, frame in enumerate(self._inner):
            mark = f"/*{number}*/"
            joins = frame.sql()
            while (at := statement.text.find(mark)) >= 0:
                before = statement.text[:at].replace("%%", "").count("%s")
                statement = Sql(
                    statement.text[:at] + joins.text + statement.text[at + len(mark) :],
                    statement.params[:before] + joins.params + statement.params[before:],
                )
        return statement


class TableBinder:
    """Answers slots of one object's formulas against ``alias`` (and what can be joined to it)."""

    def __init__(
        self,
        layout: Layout,
        formulas: Formulas,
        object_name: str,
        alias: str,
        frame: Frame,
        env: Env,
        *,
        parent: TableBinder | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.layout = layout
        self.formulas = formulas
        self.object = object_name
        self.alias = alias
        self.frame = frame
        self.env = env
        self.parent = parent
        self.guard = guard

    def at(
        self,
        object_name: str,
        alias: str,
        frame: Frame | None = None,
        parent: TableBinder | None = None,
        *,
        trusted: bool = False,
    ) -> TableBinder:
        """The same query seen from another row; ``trusted``: on behalf of the system, without the guard."""
        return TableBinder(
            self.layout, self.formulas, object_name, alias, frame or self.frame, self.env,
            parent=parent or self.parent, guard=None if trusted else self.guard,
        )  # fmt: skip

    # -- formula.scope.Binder -------------------------------------------------------------------------

    def slot(self, slot: Slot) -> Sql:
        """A typed SQL expression for the slot, NULL where blank."""
        if slot.root == "parent":
            if self.parent is None:
                raise ValueError("PARENT outside of an aggregate")
            return self.parent.slot(Slot(slot.kind, slot.path, slot.type, slot.nullable))
        if slot.kind == "meta" and slot.path == ("ISDELETION",):
            return Sql("false")  # Only a workflow about a deletion says so.
        return self.path(slot.path)

    def children(self, slot_path: tuple[str, ...]) -> tuple[Sql, TableBinder]:
        """The rows behind a reverse relation (``("source.field",)``, after hops)."""
        here = self.walk(slot_path[:-1])
        source_key, _, field_key = slot_path[-1].partition(".")
        source = self.layout.by_key(source_key)
        link = source.places[field_key]
        inner, mark = here.frame.inner()
        alias = inner.alias()
        binder = self.at(source.object.name, alias, inner, parent=self)
        condition = f"{alias}.{ident(link.column or '')}"
        condition += (
            f" @> ARRAY[{here.alias}.id]" if link.field.relates and link.field.relates.many else f" = {here.alias}.id"
        )
        live = here.frame.live(alias, owned=link.field.owned)
        return binder.guarded(f"{source.table} {alias} {mark} WHERE {condition} AND {live}"), binder

    def lookup(self, object_key: str) -> tuple[Sql, TableBinder]:
        """All records of another object."""
        source = self.layout.by_key(object_key)
        inner, mark = self.frame.inner()
        alias = inner.alias()
        binder = self.at(source.object.name, alias, inner, parent=self)
        return binder.guarded(f"{source.table} {alias} {mark} WHERE {alias}.deleted_at IS NULL"), binder

    def guarded(self, text: str) -> Sql:
        """``text``, which ends inside a WHERE, with the guard of this binder's row."""
        extra = self.guard(self) if self.guard else None
        return Sql(text) + " AND " + extra if extra else Sql(text)

    # -- values ---------------------------------------------------------------------------------------

    def path(self, path: tuple[str, ...]) -> Sql:
        """The value at the end of a path of member keys."""
        here = self.walk(path[:-1])
        return here.value(path[-1])

    def walk(self, hops: tuple[str, ...]) -> TableBinder:
        """The binder behind the references ``hops``, joining what is missing."""
        here = self
        for key in hops:
            here = here.hop(key)
        return here

    def hop(self, key: str) -> TableBinder:
        """The binder of the record that the reference ``key`` points to."""
        column, target = self.reference(key)

        guarded = self.guard is not None and target not in SYSTEM_TABLES
        owned = self.frame.pending and self.owns(key)

        def joined(alias: str) -> Sql:
            if target in SYSTEM_TABLES:
                return Sql(f"LEFT JOIN {self.layout.system(SYSTEM_TABLES[target])} {alias} ON {alias}.id = {column}")
            table = self.layout.object(target).table
            if guarded:
                frame, mark = self.frame.inner()
                row = frame.alias()
                live = self.frame.live(row, owned=owned)
                text = f"SELECT {row}.* FROM {table} {row} {mark} WHERE {row}.id = {column} AND {live}"
                inner = self.at(target, row, frame).guarded(text)
                if inner.text != text:
                    return Sql("LEFT JOIN LATERAL (") + inner + f") {alias} ON true"
            live = self.frame.live(alias, owned=owned)
            return Sql(f"LEFT JOIN {table} {alias} ON {alias}.id = {column} AND {live}")

        return self.at(target, self.frame.hop(self.alias, key, guarded, joined))

    def owns(self, key: str) -> bool:
        """Whether the reference ``key`` leads from a line to the record that it belongs to."""
        field = None if self.object in SYSTEM else self.layout.object(self.object).object.by_key.get(key)
        return field is not None and field.owned

    def reference(self, key: str) -> tuple[str, str]:
        """The SQL of a reference's id and the object that it leads to."""
        if self.object in SYSTEM:
            name, target = SYSTEM[self.object][key]
            return f"{self.alias}.{name}", target or "user"
        field = self.layout.object(self.object).object.by_key.get(key)
        if field is not None and field.relates is not None:
            target_def = self.layout.model.object(field.relates.target_object())
            target = target_def.name if target_def else field.relates.target_object()
            place = self.layout.object(self.object).places[key]
            return f"{self.alias}.{ident(place.column or '')}", target
        return f"{self.alias}.{PROPERTIES[key][0]}", SYSTEM_REFERENCES[key]

    def value(self, key: str) -> Sql:
        """One member of the record at this binder's alias."""
        if self.object in SYSTEM:
            column = SYSTEM[self.object][key][0]
            text = f"{self.alias}.{column}"
            return Sql(f"to_jsonb({text})" if column == "roles" else text)
        field = self.layout.object(self.object).object.by_key.get(key)
        if field is not None:
            return self.field(field)
        if key == "title":
            return Sql(f"{self.alias}.title")
        if key == "version":
            return Sql(f"{self.alias}.version::numeric")
        return Sql(f"{self.alias}.{PROPERTIES[key][0]}")

    def field(self, field: FieldDef) -> Sql:
        """The value of one field, computed in place when it is a computed one."""
        if field.computed is not None:
            kept = self.layout.object(self.object).kept.get(field.key)
            if kept is not None and kept.ready and self.alias not in self.frame.fresh:
                return Sql(f"{self.alias}.{ident(kept.column)}")
            return self.computed(self.formulas.computed(self.object, field.name))
        place = self.layout.object(self.object).places[field.key]
        if place.column and not (place.sql_type or "").endswith("[]"):
            return Sql(f"{self.alias}.{ident(place.column)}")
        json = Sql(f"{self.alias}.{place.container}->{literal(field.key)}")
        if isinstance(field.kind, HoldsFiles):
            return Sql("jsonb_path_query_array(") + json + ", '$.name')"
        if field.kind.type().name == "list":
            return json
        if field.kind.line is not None:
            return Sql(field.kind.line.replace("{x}", "(" + json.text + ")"))
        return Sql(f"{self.alias}.{place.container}->>{literal(field.key)}")

    def computed(self, compiled: Compiled) -> Sql:
        """A formula of this object at this alias, NULL when it does not compile (it never was published so)."""
        if not compiled.ok:
            return Sql("NULL")
        return Sql("(") + formula_sql.value(compiled, self.at(self.object, self.alias, trusted=True), self.env) + ")"
