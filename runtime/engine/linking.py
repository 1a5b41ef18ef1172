"""From what a file says of a linked record to its id, and back: one statement for a batch, as the caller may read.

A record that the caller may not read is not there. The write path asks again before it stores anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runtime.base.errors import Invalid, Message, Problem, unknown
from runtime.base.sqltext import EMPTY, Sql, ident
from runtime.base.values import load
from runtime.engine import reading
from runtime.engine.access import DENY, ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue
from runtime.meta.model import SYSTEM_OBJECTS, FieldDef, label_of
from runtime.store import search
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Database
from runtime.store.ids import is_id
from runtime.store.layout import column_value

FIELD = Message("field", "字段")
MOST_KEPT = 20_000
SEVERAL = ""
LABELS: Mapping[str, Mapping[str, str]] = {
    "user": {"en": "person", "zh": "成员"},
    "department": {"en": "department", "zh": "部门"},
}


class Linker:
    """The records of one object as the texts of one column name them. What has been found is kept for the next batch.

    ``match`` is a field of the object, ``id`` or ``title``. Without it: the id, else the object's only unique field,
    else the title where exactly one readable record has it. People are found by name, mail or full name, departments
    by name.
    """

    def __init__(self, session: Session, object_name: str, match: str | None, field: str) -> None:
        self.session = session
        self.field = field
        definition = session.model.object(object_name)
        self.object = definition.name if definition and object_name not in SYSTEM_OBJECTS else object_name
        self.match = match
        self.label = definition.label if definition else LABELS.get(object_name, label_of(None, object_name))
        self._known: dict[str, str] = {}
        self._check()

    def _check(self) -> None:
        if self.object in SYSTEM_OBJECTS:
            allowed = ["id", "name", *(["email"] if self.object == "user" else [])]
        else:
            allowed = ["id", "title", *(one.name for one in self._access().object.fields.values() if self._fit(one))]
        if self.match is not None and self.match not in allowed:
            raise Invalid(problems=[unknown(FIELD, self.match, allowed, "unknown_field").at(field=self.field)])

    def _access(self) -> ObjectAccess:
        definition = self.session.model.objects[self.object]
        return object_access(self.session.snapshot, self.session.person, definition)

    def _fit(self, field: FieldDef) -> bool:
        """True for a field that a record can be found by."""
        return (
            self._access().readable(field.name) and field.stored and field.relates is None
            and field.kind.column is not None and not field.kind.column.endswith("[]")
        )  # fmt: skip

    def learn(self, texts: Iterable[str]) -> None:
        """Look up all texts that are not known yet."""
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        missing = {text for text in texts if text not in self._known}
        if self.match in (None, "id"):
            ids = {text for text in missing if is_id(text.lower())}
            self._known.update({text: text.lower() for text in ids})
            missing -= ids
        if not missing or self.match == "id":
            return
        if self.object == "user":
            self._users(missing)
        elif self.object == "department":
            for one in self.session.snapshot.departments:
                self._note(one.name, one.id)
        else:
            self._records(missing)

    def find(self, text: str) -> str | None:
        """The id of the record that ``text`` names, None when there is none or several."""
        return self._known.get(text) or None

    def problem(self, text: str) -> Problem:
        """What is said of a text that names no record."""
        shown = text[:60]
        if self._known.get(text) == SEVERAL:
            message = Message(
                f"several records are called {shown!r}, use the id", f"有多条记录名为“{shown}”，请使用 id"
            )
            return Problem("ambiguous", message, field=self.field)
        message = Message(f"there is no {self.label['en'].lower()} {shown!r}", f"没有{self.label['zh']}“{shown}”")
        return Problem("not_found", message, field=self.field)

    def named_by(self) -> str | None:
        """The field whose text names a record of this object, None where it is none of its fields."""
        if self.object in SYSTEM_OBJECTS or self.match in ("id", "title"):
            return None
        if self.match is not None:
            return self.match
        field = self._only_unique(self._access())
        return field.name if field else None

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """By id: the text by which :meth:`find` knows a record again, also in another workspace; without those that
        only their id names.
        """
        if self.object == "user":
            table = ident(self.session.workspace.schema, "s_user")
            active = Sql(f"SELECT id::text, name FROM {table} WHERE active AND id = ANY(%s::uuid[])", (list(ids),))
            return dict(self._database().rows(active))
        if self.object == "department":
            names = Counter(one.name for one in self.session.snapshot.departments)
            return {one.id: one.name for one in self.session.snapshot.departments if names[one.name] == 1}
        access = self._access()
        field = self._only_unique(access) if access.may("read") else None
        return {} if field is None else self._spelled(access, field, ids)

    def _spelled(self, access: ObjectAccess, field: FieldDef, ids: Sequence[str]) -> dict[str, str]:
        context, found = self.session.context(), {}
        for start in range(0, len(ids), reading.MOST):
            part = ids[start : start + reading.MOST]
            asked = reading.Ask(fields=("id", field.name), ids=part, limit=len(part))
            for record in map(load, reading.listed(self.session, self.object, asked).records):
                value = record.get(field.name)
                text = "" if value is None else field.kind.text(value, context)
                if text == text.strip() and not is_id(text.lower()):  # Else it would be read as something else.
                    found[str(record["id"])] = text
        return found

    def _note(self, text: str, record_id: str) -> None:
        self._known[text] = record_id if self._known.get(text, record_id) == record_id else SEVERAL

    # -- statements -------------------------------------------------------------------------------------

    def _database(self) -> Database:
        return self.session.database

    def _users(self, texts: set[str]) -> None:
        table = ident(self.session.workspace.schema, "s_user")
        low = [text.strip().lower() for text in texts]
        rows = self._database().rows(
            Sql(
                f"SELECT id::text, name, lower(email), full_name FROM {table} WHERE active "
                "AND (name = ANY(%s) OR lower(email) = ANY(%s) OR full_name = ANY(%s))",
                (list(texts), low, list(texts)),
            )
        )
        ways = {"name": (1,), "email": (2,), None: (1, 2, 3)}[self.match]
        for text in texts:
            for way in ways:
                spelled = text.strip().lower() if way == 2 else text
                found = [row[0] for row in rows if row[way] == spelled]
                if found:
                    self._known[text] = found[0] if len(found) == 1 else SEVERAL
                    break

    def _records(self, texts: set[str]) -> None:
        access = self._access()
        if not access.may("read"):
            return
        field = access.object.fields.get(self.match) if self.match else self._only_unique(access)
        if field is not None:
            self._by_field(access, field, texts)
        if self.match == "title" or (self.match is None):
            rest = {text for text in texts if text not in self._known}
            if rest:
                self._by_title(access, rest)

    def _only_unique(self, access: ObjectAccess) -> FieldDef | None:
        found = [one for one in access.object.fields.values() if one.unique and self._fit(one)]
        if len(found) > 1:  # Numbers that the system gives come second.
            found = [one for one in found if one.numbered is None]
        return found[0] if len(found) == 1 else None

    def _by_field(self, access: ObjectAccess, field: FieldDef, texts: set[str]) -> None:
        place = self.session.layout.object(access.object.name).places[field.key]
        context = self.session.context()
        values: dict[Any, list[str]] = {}
        for text in texts:
            try:
                stored = field.kind.clean(field.kind.parse(text, context), context)
            except BadValue:
                continue
            if stored is not None:
                values.setdefault(column_value(place, stored), []).append(text)
        if not values:
            return
        typed = Sql(f" = ANY(%s::{place.sql_type}[])", (list(values),))
        for value, record_id, count in self._found(access, ident(place.column or ""), typed, field.unique):
            for text in values.get(value, ()):
                self._known[text] = record_id if count == 1 else SEVERAL

    def _by_title(self, access: ObjectAccess, texts: set[str]) -> None:
        keys = [search.sort_key(text) for text in texts]
        condition = Sql(" = ANY(%s::text[])", (list(texts),))
        narrowed = Sql(" AND {alias}.title_key = ANY(%s::text[])", (keys,))
        for title, record_id, count in self._found(access, "title", condition, False, narrowed):
            self._known[title] = record_id if count == 1 else SEVERAL

    def _found(
        self, access: ObjectAccess, column: str, condition: Sql, unique: bool, more: Sql = EMPTY
    ) -> list[tuple[Any, ...]]:
        """(value, id, how many records have it) of the readable records that meet a condition on one column."""
        frame = Frame()
        alias = frame.alias()
        binder = TableBinder(
            self.session.layout, self.session.formulas, access.object.name, alias, frame, self.session.env()
        )
        criterion = access.criterion("read", binder)
        if criterion is DENY:
            return []
        place = self.session.layout.object(access.object.name)
        counted = "id::text, 1" if unique else "min({a}.id::text), count(*)".replace("{a}", alias)
        statement = Sql(f"SELECT {alias}.{column}, ") + (f"{alias}.{counted}" if unique else counted)
        statement = statement + f" FROM {place.table} {alias}" + frame.sql() + f" WHERE {alias}.{column}" + condition
        statement = (
            statement + Sql(more.text.replace("{alias}", alias), more.params) + f" AND {alias}.deleted_at IS NULL"
        )
        if criterion:
            statement = statement + " AND " + criterion
        if not unique:
            statement = statement + f" GROUP BY {alias}.{column}"
        return self._database().rows(frame.finish(statement))
