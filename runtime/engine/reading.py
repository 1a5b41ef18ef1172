"""Reading records for a caller: one statement a request, built from his rights, answered as JSON bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Invalid, Malformed, Message, NotFound, Problem, unknown
from runtime.base.sqltext import EMPTY, Sql, ident, join
from runtime.engine.access import ObjectAccess, demand_object, guard, object_access, readable
from runtime.engine.asking import (
    IDS,
    LINKED,
    WRONG_CURSOR,
    Ask,
    At,
    Kept,
    Page,
    given,
    make_cursor,
    moving,
    read_cursor,
)
from runtime.engine.workspace import Session, settled
from runtime.formula import sql as formula_sql
from runtime.formula.compiler import Compiled
from runtime.formula.types import BOOL, Type
from runtime.meta.model import SYSTEM_PROPERTIES, ObjectDef
from runtime.store import pending, query, search
from runtime.store.binder import SYSTEM_REFERENCES, Frame, TableBinder
from runtime.store.database import Question
from runtime.store.ids import is_id
from runtime.store.layout import HELD, PROPERTIES, ObjectLayout
from runtime.store.project import Column, Projector

__all__ = ["Ask", "At", "Page", "Reader", "get", "given", "listed", "several"]

FIELD = Message("field", "字段")
MOST = 500
MOST_KEYS = 10
#: Everything of a record that the caller may see.
WHOLE = Ask()
SQL_TYPES = {
    "text": 'text COLLATE "C"', "choice": 'text COLLATE "C"', "number": "numeric", "duration": "numeric",
    "date": "date", "datetime": "timestamptz", "bool": "boolean", "ref": "uuid",
}  # fmt: skip
PROPERTY_TYPES = {"uuid": "uuid", "integer": "integer", "timestamptz": "timestamptz"}


@dataclass
class Reader:
    """The parts of one statement for one object and caller."""

    session: Session
    access: ObjectAccess
    trusted: bool = False
    frame: Frame = field(default_factory=Frame)
    #: The statement is for keeping: the moment stays open in it.
    kept: bool = False
    #: It is about records that wait for an approval: what is kept with them may be older than what it follows from.
    pending: bool = False

    def __post_init__(self) -> None:
        self.env = moving(self.session.env()) if self.kept else self.session.env()
        #: False as soon as a condition of the statement looks at the clock.
        self.timeless = self.access.firm
        self.place: ObjectLayout = self.session.layout.object(self.access.object.name)
        self.alias = self.frame.alias()
        self.frame.pending = self.pending
        if self.pending:
            self.frame.fresh.add(self.alias)
        self.binder = TableBinder(
            self.session.layout, self.session.formulas, self.access.object.name, self.alias, self.frame, self.env,
            guard=None if self.access.everything else self.reached,
        )  # fmt: skip

    def reached(self, binder: TableBinder) -> Sql:
        """The read criterion at any row that the statement reaches; one that looks at the clock is noted."""
        snapshot, person = self.session.snapshot, self.session.person
        there = snapshot.model.objects.get(binder.object)
        if there is not None:
            self.timeless = self.timeless and object_access(snapshot, person, there).firm
        return guard(snapshot, person, binder)

    def record(
        self,
        fields: Sequence[str] | None,
        expand: Sequence[str],
        numbers_as_text: bool = False,
        more: Mapping[str, Sql] = MappingProxyType({}),
    ) -> Sql:
        """JSON text of the record, of the fields asked for, and ``more``."""
        names = self.access.names if fields is None else list(dict.fromkeys(["id", *fields]))
        problems = [self.unknown(name) for name in [*names, *expand] if not self.knows(name)]
        if problems:
            raise Invalid(problems=problems)
        columns = [
            Column(
                name,
                self.access.object.fields.get(name) if name not in SYSTEM_PROPERTIES else None,
                masked=self.access.fields.get(name) == "masked",
                expand=name in expand,
            )
            for name in names
        ]
        return Projector(self.binder, self.reached, numbers_as_text=numbers_as_text).record(columns, more)

    def beside(self, ask: Ask) -> dict[str, Sql]:
        """What pages get with a record: its title, and the rights on it."""
        found = {"_state": Sql("'\"pending\"'")} if ask.pending else {}
        found |= {"_title": Sql(f"to_json({self.alias}.title)::text")} if ask.titled else {}
        if ask.rights:
            held = [(self.access.criterion(one, self.binder) or Sql("true")) if self.access.may(one) else Sql("false")
                    for one in ask.rights]  # fmt: skip
            found["_may"] = Sql("json_build_array(") + join(", ", held) + ")::text"
        return found

    def knows(self, name: str) -> bool:
        """True when the name may be asked for."""
        return name in SYSTEM_PROPERTIES or self.access.visible(name)

    def unknown(self, name: str, code: str = "unknown_field") -> Problem:
        """The same answer for a name that is not there and one that may not be read."""
        known = [one for one in self.access.object.fields if self.access.readable(one)]
        return unknown(FIELD, name, [*SYSTEM_PROPERTIES, *known], code).at(field=name)

    def where(self, *more: Sql, ask: Ask = WHOLE) -> Sql:
        """The condition of every read: not deleted, permitted, and what was asked."""
        return query.conditions([self.state(ask), self.access.criterion("read", self.binder), *more])

    def state(self, ask: Ask) -> Sql:
        """The condition that a record is in force, in the recycle bin, or waits and is the caller's business."""
        if not ask.pending:
            return Sql(f"{self.alias}.deleted_at {f'< {HELD}' if ask.deleted else 'IS NULL'}")
        waits = Sql(f"{self.alias}.deleted_at = {HELD}")
        if self.session.user_id is None or self.session.person.administrator:
            return waits
        upper = self.binder
        while (link := self.layout_of(upper).owner_link) is not None:
            upper = upper.at(upper.object, upper.alias, trusted=True).hop(link.key)
        return waits + " AND " + pending.concerns(self.place.schema, upper.alias, self.session.user_id)

    def layout_of(self, binder: TableBinder) -> ObjectDef:
        """The object that a binder stands at."""
        return self.session.layout.object(binder.object).object

    def formula(self, source: str, context: str, expected: Type | None, name: str) -> Compiled:
        """A formula that the caller sent. Raises Invalid with what is wrong."""
        snapshot, person = self.session.snapshot, self.session.person
        compiled = self.access.keep(
            ("formula", source, context, expected),
            lambda: self.session.formulas.asked(
                self.access.object.name,
                source,
                context,
                lambda object_name, member: readable(snapshot, person, object_name, member),
                expected,
            ),
        )
        self.timeless = self.timeless and self.session.formulas.timeless(compiled)
        errors = [one for one in compiled.diagnostics if one.severity == "error"]
        if errors or not compiled.ok:
            raise Invalid(
                problems=[
                    Problem(one.code, Message(one.message["en"], one.message["zh"]), field=name) for one in errors
                ]
            )
        return compiled

    def filter(self, source: str) -> Sql:
        """The condition of a filter formula; empty for none."""
        if not source.strip():
            return EMPTY
        compiled = self.formula(source, "filter", BOOL, "filter")
        return Sql("(") + formula_sql.predicate(compiled, self.binder, self.env) + ")"

    def among(self, ask: Ask) -> Sql:
        """The conditions that mean these records, or those that link to one; empty for all. The ids stay open."""
        found = EMPTY if ask.ids is None else Sql(f"{self.alias}.id = ANY(%s::uuid[])", (IDS,))
        if ask.linked is None:
            return found
        own = self.access.object.fields.get(ask.linked[0])
        if own is None or own.relates is None or not own.stored or not self.access.readable(own.name):
            raise Invalid(problems=[self.unknown(ask.linked[0])])
        column = f"{self.alias}.{ident(self.place.places[own.key].column or '')}"
        linked = Sql(f"{column} @> ARRAY[%s::uuid]" if own.relates.many else f"{column} = %s::uuid", (LINKED,))
        return query.conditions([found, linked])

    def search(self, text: str) -> Sql:
        """The condition of a search; empty for none. Only those who may read every searched field search it."""
        if not text.strip():
            return EMPTY
        terms = search.query(text)
        if not terms or not self.searchable():
            return Sql("false")
        return Sql(f"{self.alias}.search @@ %s::tsquery", (terms,))

    def searchable(self) -> bool:
        """True when every field that the search column is made from may be read."""
        if self.access.everything:
            return True
        title = self.access.object.title
        compiled = self.session.formulas.get(self.access.object.name, title, "title") if title else None
        inputs = {member for key, member in (compiled.deps if compiled else ()) if key == self.access.object.key}
        return all(
            self.access.readable(one.name)
            for one in self.access.object.fields.values()
            if one.stored and (one.kind.searchable or one.key in inputs)
        )

    def order(self, name: str) -> query.Order:
        """One key of the order, by a field or property (``-`` before it: descending)."""
        descending = name.startswith("-")
        bare = name.lstrip("-+")
        if bare in PROPERTIES:
            column, sql_type = PROPERTIES[bare]
            return query.Order(
                Sql(f"{self.alias}.{column}"), PROPERTY_TYPES[sql_type], descending, nullable=bare in SYSTEM_REFERENCES
            )
        if bare == "title":
            return query.Order(Sql(f"{self.alias}.title_key"), 'text COLLATE "C"', descending, nullable=False)
        field = self.access.object.fields.get(bare)
        if field is None or not self.access.readable(bare):
            raise Invalid(problems=[self.unknown(bare).at(field="sort")])
        kind = field.kind.type()
        if field.computed is not None:
            kind = self.session.formulas.computed(self.access.object.name, bare).type
        if not field.kind.sortable or kind.name not in SQL_TYPES:
            message = Message(f"{bare!r} cannot be sorted by", f"不能按“{bare}”排序")
            raise Invalid(problems=[Problem("not_sortable", message, field="sort")])
        if self.access.object.title == bare and kind.name == "text":
            return query.Order(Sql(f"{self.alias}.title_key"), 'text COLLATE "C"', descending, nullable=False)
        return query.Order(self.binder.field(field), SQL_TYPES[kind.name], descending)

    def orders(self, names: Sequence[str]) -> list[query.Order]:
        """The whole order; it always ends with the id, newest first unless the last key ascends."""
        if len(names) > MOST_KEYS:
            message = Message(f"at most {MOST_KEYS} fields", f"最多 {MOST_KEYS} 个字段")
            raise Invalid(problems=[Problem("too_many", message, field="sort")])
        found = [self.order(name) for name in names if name]
        if any(name.lstrip("-+") == "id" for name in names):
            return found[: [name.lstrip("-+") for name in names].index("id") + 1]
        descending = found[-1].descending if found else True
        return [*found, query.Order(Sql(f"{self.alias}.id"), "uuid", descending, nullable=False)]


@settled
def get(session: Session, object_name: str, record_id: str, ask: Ask = WHOLE) -> tuple[bytes, int]:
    """(JSON bytes, version) of one record. Raises NotFound."""

    def work() -> tuple[int, tuple[bytes, int] | None]:
        access = demand_object(session.snapshot, session.person, object_name, "read")
        head, tail = one_statement(session, access, ask)
        if not is_id(record_id):
            return session.snapshot.stamp, None
        statement = given(head + Sql("%s", (record_id,)) + tail, ask, session.env())
        stamp, version, text = session.database.ask(Question(statement))[0]
        return stamp, (text.encode(), version) if version is not None else None

    found = session.repeating(work)
    if found is None and not (ask.deleted or ask.pending):  # It may wait for an approval.
        return get(session, object_name, record_id, replace(ask, pending=True))
    if found is None:
        raise not_found(session.model.objects[object_name])
    return found


def one_statement(session: Session, access: ObjectAccess, ask: Ask) -> tuple[Sql, Sql]:
    """The statement that reads one record, cut where the id goes; kept with the rights."""
    key = (
        "one", ask.fields, tuple(ask.expand), ask.numbers_as_text, ask.deleted, ask.pending, ask.titled,
        tuple(ask.rights),
    )  # fmt: skip
    found: tuple[Sql, Sql] | None = access.kept.get(key)
    if found is None:
        found = access.keep(key, partial(build_one, session, access, ask))
    return found


def build_one(session: Session, access: ObjectAccess, ask: Ask) -> tuple[Sql, Sql]:
    """The two parts of the statement, around the id."""
    reader = Reader(session, access, kept=True, pending=ask.pending)
    record = reader.record(ask.fields, ask.expand, ask.numbers_as_text, reader.beside(ask))
    criterion, state = reader.access.criterion("read", reader.binder), reader.state(ask)
    head = (
        Sql("SELECT l.stamp, q.version, q.j FROM " + session.workspace.live_table + " l LEFT JOIN LATERAL (SELECT ")
        + f"{reader.alias}.version, "
        + record
        + f" AS j FROM {reader.place.table} {reader.alias}"
        + reader.frame.sql()
        + f" WHERE {reader.alias}.id = "
    )
    tail = Sql("::uuid AND ") + state + (" AND " + criterion if criterion else EMPTY) + ") q ON true"
    mark = Sql("/*cut*/")
    whole = reader.frame.finish(head + mark + tail)
    before, after = whole.text.split("/*cut*/")
    count = before.replace("%%", "").count("%s")
    return Sql(before, whole.params[:count]), Sql(after, whole.params[count:])


@settled
def listed(session: Session, object_name: str, ask: Ask) -> Page:
    """One page of records."""

    def work() -> tuple[int, Page]:
        access = demand_object(session.snapshot, session.person, object_name, "read")
        return page(session, access, ask)

    return session.repeating(work)


@settled
def several(session: Session, asks: Sequence[tuple[str, Ask]]) -> list[Page]:
    """One page of each of several lists, (object, what is asked), in one round trip."""

    def work() -> tuple[int, list[Page]]:
        rights = [demand_object(session.snapshot, session.person, name, "read") for name, _ in asks]
        questions = [page_question(session, access, ask) for access, (_, ask) in zip(rights, asks, strict=True)]
        results = session.database.batch(questions)
        pages = [
            page_of(session, access, ask, rows)
            for access, (_, ask), rows in zip(rights, asks, results, strict=True)
        ]  # fmt: skip
        stamps = {stamp for stamp, _ in pages} or {session.snapshot.stamp}
        # Published between two of them: the newest shows it, and all of them are read again.
        return max(stamps), [found for _, found in pages]

    return session.repeating(work)


def build_page(session: Session, access: ObjectAccess, ask: Ask, blanks: Sequence[bool] | None) -> Kept:
    """The statement of a page; the values of a cursor are put in later, only which are blank is known."""
    reader = Reader(session, access, kept=True, pending=ask.pending)
    record = reader.record(ask.fields, ask.expand, ask.numbers_as_text, reader.beside(ask))
    orders = reader.orders(ask.sort)
    where = reader.where(reader.filter(ask.filter), reader.search(ask.q), reader.among(ask), ask=ask)
    after = None
    if blanks is not None:
        if len(blanks) != len(orders):
            raise Malformed(WRONG_CURSOR)
        after = [None if blank else At(number) for number, blank in enumerate(blanks)]
    statement = query.page(
        reader.place, reader.alias, reader.frame,
        record=record, where=where, orders=orders, after=after, limit=ask.limit + 1,
        live=session.workspace.live_table,
    )  # fmt: skip
    return Kept(statement, len(orders), reader.timeless)


def page(session: Session, access: ObjectAccess, ask: Ask) -> tuple[int, Page]:
    """(stamp, page) of a list."""
    question = page_question(session, access, ask)
    try:
        rows = session.database.ask(question)
    except pg.DataError as error:
        if not ask.cursor:
            raise
        raise Malformed(WRONG_CURSOR) from error  # Its values are none of the types that the order has.
    return page_of(session, access, ask, rows)


def page_question(session: Session, access: ObjectAccess, ask: Ask) -> Question:
    """The question that a page asks; its statement is kept with the rights."""
    if not 1 <= ask.limit <= MOST:
        raise Invalid(
            problems=[Problem("range", Message(f"must be from 1 to {MOST}", f"必须在 1 到 {MOST} 之间"), field="limit")]
        )
    values = read_cursor(ask.cursor, ask) if ask.cursor else None
    blanks = None if values is None else tuple(one is None for one in values)
    key = (
        "page", ask.filter, ask.sort, ask.fields, tuple(ask.expand), ask.q, ask.limit, ask.numbers_as_text,
        ask.deleted, ask.pending, ask.ids is None, ask.linked and ask.linked[0], ask.titled, tuple(ask.rights), blanks,
    )  # fmt: skip
    kept = access.keep(key, partial(build_page, session, access, ask, blanks))
    if values is not None and len(values) != kept.keys:
        raise Malformed(WRONG_CURSOR)
    return kept.statement(ask, values, session.env())


def page_of(session: Session, access: ObjectAccess, ask: Ask, rows: Sequence[tuple[Any, ...]]) -> tuple[int, Page]:
    """(stamp, page) from the row of its statement."""
    stamp, found, texts, *last = rows[0]
    texts, cursor = texts or b"", None
    if found > ask.limit:  # The one too many only says that there is more.
        texts, cursor = texts[: texts.rindex(query.BETWEEN)], make_cursor(ask, last)
    count = counted(session, access, ask) if ask.count != "none" else None
    return stamp, Page(texts, cursor, count)


def counted(session: Session, access: ObjectAccess, ask: Ask) -> int:
    """How many records there are: exact, or exact up to a limit and the planner's guess above it."""
    if ask.count not in ("exact", "estimate"):
        message = Message("must be none, estimate or exact", "只能是 none、estimate 或 exact")
        raise Invalid(problems=[Problem("choice", message, field="count")])
    reader = Reader(session, access, pending=ask.pending)
    among = given(reader.among(ask), ask, reader.env)
    where = reader.where(reader.filter(ask.filter), reader.search(ask.q), among, ask=ask)
    build = query.exact_count if ask.count == "exact" else query.capped_count
    rows = session.database.rows(build(reader.place, reader.alias, reader.frame, where))
    count = int(rows[0][0])
    if ask.count == "estimate" and count > query.COUNT_LIMIT:
        return max(
            count,
            query.planned_rows(session.database, query.exact_count(reader.place, reader.alias, reader.frame, where)),
        )
    return count


def not_found(definition: ObjectDef) -> NotFound:
    """The same answer for a record that is not there and one that the caller may not read."""
    label = definition.label
    return NotFound(Message(f"there is no such record of {label['en']!r}", f"“{label['zh']}”中没有该记录"))
