"""The records of a bulk request: what came in, which stored one each means, what became of it. It writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.base.errors import DougongError, Invalid, Message, Problem
from runtime.base.sqltext import EMPTY, Sql, ident
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.drafts import Draft, stored_draft
from runtime.engine.saving import Pending
from runtime.engine.storing import Divert, taken_problem
from runtime.engine.workspace import Session
from runtime.kinds.field import BadValue
from runtime.meta.model import FieldDef
from runtime.store import batches
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Connection, run
from runtime.store.ids import is_id, new_id
from runtime.store.layout import column_value

#: The status of what is put aside; the result's id is the record that it waits with.
ASIDE = 303
#: The code of a record that a batch has already.
TWICE = "twice"


@dataclass(slots=True)
class Result:
    """What became of one record: ``status`` as over HTTP, the id, the version, what was wrong."""

    status: int
    id: str | None = None
    version: int | None = None
    problems: Sequence[Problem] = ()
    #: The change waits for an approval (status 202).
    pending: Pending | None = None

    def json(self, language: str) -> dict[str, Any]:
        """An entry of the answer."""
        found: dict[str, Any] = {"status": self.status, "id": self.id}
        if self.version is not None:
            found["version"] = self.version
        if self.pending is not None:
            found["pending"] = self.pending.json()
        if self.problems:
            found["errors"] = [one.json(language) for one in self.problems]
        return found


class Abort(Exception):
    """An atomic request met something wrong: nothing of it stays."""


@dataclass(slots=True)
class Item:
    """One record of the request on its way."""

    place: int
    raw: Mapping[str, Any]
    draft: Draft | None = None
    result: Result | None = None
    #: The id of what it makes, a record or a proposal; None for any.
    id: str | None = None

    def stays_text(self, row: Mapping[str, Any]) -> None:
        """What came in is read again by who asks for it from now on."""
        self.raw = row
        if self.draft is not None:
            self.draft.raw = row


@dataclass
class Request:
    """A bulk request: what to do with the records, and how they are found."""

    session: Session
    object: str
    mode: str
    key: str | None = None
    atomic: bool = False
    trusted: bool = False
    dry: bool = False
    #: Guarded fields change without an approval, where the caller may ask for that.
    bypass: bool = False
    on_duplicate: str = "update"
    results: list[Result] = field(default_factory=list)
    #: What holds back changes that need an approval; None where they have it, or nothing is stored.
    divert: Divert | None = None
    #: Whether the lines have to wait is decided with the record that they are saved with; it moves on with them.
    approved: bool = False
    #: Lines that have to wait are put aside (status :data:`ASIDE`), so that all of a record wait together.
    gathers: bool = False
    #: A transaction that is under way: everything is read and written inside of it.
    connection: Connection | None = None

    def rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        """The rows of a statement, as the transaction under way sees them."""
        return self.session.database.rows(statement) if self.connection is None else run(self.connection, statement)

    def access(self) -> ObjectAccess:
        """The caller's rights, those that the mode needs. Raises NotFound, Forbidden."""
        access = demand_object(self.session.snapshot, self.session.person, self.object)
        if not self.trusted:
            needed = {
                "create": ("create",),
                "update": ("update",),
                "upsert": ("create", "update"),
                "delete": ("delete",),
            }
            for right in needed[self.mode]:
                access.demand(right)
        return access


def failure(error: DougongError, record_id: str | None = None) -> Result:
    """A refusal as a result."""
    problems = error.problems or [Problem(error.code, error.message or error.title)]
    return Result(error.status, record_id, problems=problems)


def locate(request: Request, access: ObjectAccess, items: Sequence[Item]) -> None:
    """Which items are new and which change a record that is there."""
    if request.mode == "create":
        for one in items:
            one.draft = Draft(one.id or new_id(), one.raw, owner=request.session.user_id)
        return
    by_id = request.key in (None, "id")
    field_def = None if by_id else key_field(access, str(request.key))
    wanted: dict[Any, list[Item]] = {}
    for one in items:
        value = one.raw.get(str(request.key or "id"))
        stored = clean_key(request, field_def, value, one) if not by_id else value
        if one.result is not None:
            continue
        if stored is None or (by_id and not is_id(stored)):
            missing(request, one, by_id and value is not None)
            continue
        wanted.setdefault(stored, []).append(one)
    found = look_up(request, access, field_def, list(wanted))
    for value, group in wanted.items():
        for position, one in enumerate(group):
            if position:
                text = Message("the same record stands twice in this batch", "同一批次中该记录重复出现")
                one.result = Result(409, problems=[Problem(TWICE, text, field=request.key or "id")])
            elif value in found:
                existing(request, one, found[value], by_id)
            else:
                missing(request, one, by_id)


def key_field(access: ObjectAccess, name: str) -> FieldDef:
    """The unique field that records are found by. Raises Invalid."""
    found = access.object.fields.get(name)
    if found is None or not access.readable(name) or not found.unique or not found.stored:
        names = [one.name for one in access.object.fields.values() if one.unique and access.readable(one.name)]
        shown = ", ".join(["id", *names])
        text = Message(f"{name!r} is not a unique field; possible: {shown}", f"“{name}”不是唯一字段；可用：{shown}")
        raise Invalid(problems=[Problem("key", text, field="key")])
    return found


def clean_key(request: Request, field_def: FieldDef | None, value: Any, item: Item) -> Any:
    """The stored form of a key's value; a wrong one is the item's result."""
    if field_def is None or value is None:
        return None
    try:
        return field_def.kind.clean(value, request.session.context())
    except BadValue as error:
        item.result = Result(422, problems=[Problem(error.code, error.message, field=field_def.name)])
        return None


def look_up(request: Request, access: ObjectAccess, field_def: FieldDef | None, values: list[Any]) -> dict[Any, Any]:
    """The readable records with these keys: stored key -> row."""
    if not values:
        return {}
    session = request.session
    place = session.layout.object(access.object.name)
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    rights = ("read", "update", "assign")
    checks = [EMPTY if request.trusted else access.criterion(right, binder) for right in rights]
    if field_def is None:
        column, sql_type, typed = "id", "uuid", values
    else:
        one = place.places[field_def.key]
        column, sql_type = ident(one.column or ""), one.sql_type or "text"
        typed = [column_value(one, value) for value in values]
    statement = batches.find_by(place, binder.alias, frame.sql(), column, sql_type, typed, checks)
    rows = request.rows(frame.finish(statement))
    by_typed = {str(row[0]): row for row in rows if row[6]}
    return {value: by_typed[str(one)] for value, one in zip(values, typed, strict=True) if str(one) in by_typed}


def existing(request: Request, item: Item, row: Sequence[Any], by_id: bool) -> None:
    """The item changes the record in ``row``."""
    if request.mode == "upsert" and request.on_duplicate == "skip":
        item.result = Result(304, row[1], row[2])
        return
    if request.mode == "upsert" and request.on_duplicate == "fail":
        item.result = Result(409, row[1], problems=[taken_problem(request.key or "id")])
        return
    if not row[7]:
        text = Message("you may not change this record", "您没有权限修改该记录")
        item.result = Result(403, row[1], problems=[Problem("forbidden", text)])
        return
    raw = {name: value for name, value in item.raw.items() if name not in ("id", "version") or not by_id}
    if "owner" in raw and not row[8] and raw["owner"] != row[3]:
        text = Message("you may not change the owner of this record", "您没有权限变更该记录的负责人")
        item.result = Result(403, row[1], problems=[Problem("forbidden", text, field="owner")])
        return
    if by_id and item.raw.get("version") is not None and item.raw["version"] != row[2]:
        item.result = Result(412, row[1], row[2], [Problem("stale", Message("changed meanwhile", "已被他人修改"))])
        return
    item.draft = stored_draft(request.session.layout.object(request.object), row[1:6], row[-5:], raw)


def missing(request: Request, item: Item, by_id: bool) -> None:
    """The item's record is not there."""
    if request.mode == "upsert" and not by_id:
        raw = {name: value for name, value in item.raw.items() if name != "id"}
        item.draft = Draft(item.id or new_id(), raw, owner=request.session.user_id)
        return
    name = request.key or "id"
    item.result = Result(
        404, problems=[Problem("not_found", Message("there is no such record", "没有该记录"), field=name)]
    )
