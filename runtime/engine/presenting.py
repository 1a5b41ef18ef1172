"""What pages ask beside records: how records are called, which can be chosen, what a form says of its fields.

Nothing here answers more than the caller may read; a condition over something that he may not read is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from runtime.base.errors import DougongError, Invalid
from runtime.base.sqltext import Sql
from runtime.base.values import load
from runtime.engine import reading
from runtime.engine.access import ObjectAccess, object_access, readable
from runtime.engine.drafts import Draft, Evaluator, Marks
from runtime.engine.workspace import Session
from runtime.formula.compiler import Compiled
from runtime.formula.types import BOOL
from runtime.kinds.field import BadValue
from runtime.meta.model import SYSTEM_OBJECTS, ObjectDef
from runtime.store import query
from runtime.store.database import Question
from runtime.store.ids import is_id, new_id

MOST = 500
#: (id, title) of a record.
Named = tuple[str, str]


def titles(session: Session, object_name: str, ids: Iterable[str]) -> dict[str, str]:
    """How the records with these ids are called; those that the caller may not read are left out."""
    wanted = sorted({one for one in ids if is_id(one)})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), MOST):
        found |= _titles(session, object_name, wanted[start : start + MOST])
    return found


def _titles(session: Session, object_name: str, wanted: Sequence[str]) -> dict[str, str]:
    """The same for no more than one statement looks up."""
    if object_name in SYSTEM_OBJECTS:
        these = Sql("x.id = ANY(%s::uuid[])", (wanted,))
        return dict(_named(session.database.ask(_system(session, object_name, these, MOST))))
    definition = session.model.object(object_name)
    if definition is None:
        return {}
    access = object_access(session.snapshot, session.person, definition)
    if not access.may("read"):
        return {}
    ask = reading.Ask(fields=(), ids=wanted, limit=MOST, sort=("id",), titled=True)
    _, page = reading.page(session, access, ask)
    return {str(one["id"]): str(one["_title"]) for one in map(load, page.records)}


def choices(
    session: Session, object_name: str, text: str, limit: int, *, only: str = "", role: str = ""
) -> list[Named]:
    """The first records that the caller may link to, by title; found by ``text`` where one is given.

    ``only`` is the formula of a link that narrows its targets, ``role`` the role that people must have.
    """
    if object_name in SYSTEM_OBJECTS:
        return _named(session.database.ask(_people(session, object_name, text, role, limit)))
    access = _choosable(session, object_name)
    if access is None:
        return []
    ask = named(limit, only, text)
    try:
        _, page = reading.page(session, access, ask)
    except Invalid:  # The formula speaks of what the caller may not read.
        _, page = reading.page(session, access, replace(ask, filter=""))
    return called(page)


def choosing(session: Session, object_name: str, limit: int, *, only: str = "", role: str = "") -> list[Question]:
    """What :func:`choices` will ask when no text is given."""
    if object_name in SYSTEM_OBJECTS:
        return [_people(session, object_name, "", role, limit)]
    access = _choosable(session, object_name)
    try:
        return [reading.page_question(session, access, named(limit, only))] if access else []
    except Invalid:
        return []


def _choosable(session: Session, object_name: str) -> ObjectAccess | None:
    definition = session.model.object(object_name)
    access = object_access(session.snapshot, session.person, definition) if definition is not None else None
    return access if access is not None and access.may("read") else None


def named(limit: int, only: str = "", text: str = "") -> reading.Ask:
    """What asks for ids and titles: in the order of the titles, or what a text finds, newest first."""
    sort = () if text.strip() else ("title",)
    return reading.Ask(fields=(), filter=only, q=text, sort=sort, limit=limit, titled=True)


def called(page: reading.Page) -> list[Named]:
    """The ids and titles of a page."""
    return [(str(one["id"]), str(one["_title"])) for one in map(load, page.records)]


def _people(session: Session, object_name: str, text: str, role: str, limit: int) -> Question:
    """Active people, or departments, whose name contains the text."""
    where = [Sql("x.active" if object_name == "user" else "x.deleted_at IS NULL")]
    if text.strip():
        part = text.strip().lower()
        where.append(Sql(f"position(%s in lower({_name(object_name)})) > 0", (part,)))
    if role and object_name == "user":
        where.append(Sql("%s = ANY(x.roles)", (role,)))
    return _system(session, object_name, query.conditions(where), limit)


def _name(object_name: str) -> str:
    return "coalesce(nullif(x.full_name, ''), x.name)" if object_name == "user" else "x.name"


def _system(session: Session, object_name: str, where: Sql, limit: int) -> Question:
    table = session.layout.system(f"s_{object_name}")
    name = _name(object_name)
    return Question(
        Sql(f"SELECT x.id::text, {name} FROM {table} x WHERE ") + where + f" ORDER BY {name} LIMIT {limit:d}"
    )


def _named(rows: Iterable[tuple[Any, ...]]) -> list[Named]:
    return [(row[0], row[1]) for row in rows]


def newest(session: Session, limit: int, most_objects: int = 12) -> list[tuple[str, str, str]]:
    """(object, id, title) of the records that were made last, of the objects that the caller may read."""
    offered = [one for one in session.model.objects.values() if one.owner_link is None and may_read(session, one)]
    asks = [(one.name, replace(named(limit), sort=())) for one in offered[:most_objects]]
    pages = reading.several(session, asks)
    found = [(name, *one) for (name, _), page in zip(asks, pages, strict=True) for one in called(page)]
    return sorted(found, key=lambda one: one[1], reverse=True)[:limit]


def may_read(session: Session, definition: ObjectDef) -> bool:
    """True when the caller may read records of the object."""
    return object_access(session.snapshot, session.person, definition).may("read")


def start_values(session: Session, access: ObjectAccess) -> dict[str, Any]:
    """The stored values that an empty form begins with: defaults that do not wait for other inputs."""
    found: dict[str, Any] = {}
    evaluator = Evaluator(session, access)
    context = session.context()
    for field in access.object.fields.values():
        if field.default is None or not access.writable(field.name):
            continue
        raw = field.default
        if isinstance(raw, str) and raw.startswith("="):
            compiled = session.formulas.get(access.object.name, raw[1:], "default")
            if not compiled.ok or not evaluator.near(compiled):
                continue
            raw = evaluator.values([compiled], [Draft(new_id(), {}, owner=session.user_id)])[0][0]
            raw = list(raw) if isinstance(raw, tuple) else raw
        try:
            value = None if raw is None else field.kind.clean(raw, context)
        except BadValue:
            continue
        if value is not None:
            found[field.name] = value
    return found


def conditions(
    session: Session,
    access: ObjectAccess,
    sources: Iterable[str],
    record: Mapping[str, Any] | None,
    *,
    new: bool = False,
) -> dict[str, bool | None]:
    """Whether each condition of a form holds for a record on the wire, or for a ``new`` one with these values.

    None where it cannot be said: the condition names something that the caller may not read.
    """
    found: dict[str, bool | None] = {}
    evaluator = Evaluator(session, access)
    draft = _draft(session, access, record or {}, new)
    for source in dict.fromkeys(sources):
        compiled = _condition(session, access, source)
        if not compiled.ok:
            found[source] = None
        elif evaluator.near(compiled):
            found[source] = bool(evaluator.values([compiled], [draft])[0][0])
        else:
            found[source] = None if new or record is None else _far(session, access, source, record)
    return found


def far_conditions(
    session: Session, access: ObjectAccess, sources: Iterable[str], record_id: str
) -> Iterator[Question]:
    """What :func:`conditions` will ask about a stored record."""
    evaluator = Evaluator(session, access)
    for source in dict.fromkeys(sources):
        compiled = _condition(session, access, source)
        if compiled.ok and not evaluator.near(compiled):
            try:
                yield reading.page_question(session, access, _holding(source, record_id))
            except DougongError:
                continue  # Whoever asks it will learn why.


def _condition(session: Session, access: ObjectAccess, source: str) -> Compiled:
    snapshot, person = session.snapshot, session.person

    def may(object_name: str, member: str) -> bool:
        return readable(snapshot, person, object_name, member)

    make = partial(session.formulas.asked, access.object.name, source, "condition", may, BOOL)
    found: Compiled = access.keep(("condition", source), make)
    return found


def _holding(source: str, record_id: str) -> reading.Ask:
    """Asks for one record if a condition holds for it."""
    return reading.Ask(filter=source, ids=[record_id], fields=("id",), limit=1)


def _draft(session: Session, access: ObjectAccess, record: Mapping[str, Any], new: bool) -> Draft:
    values = {
        field.key: record[field.name]
        for field in access.object.fields.values()
        if field.stored and access.readable(field.name) and record.get(field.name) not in (None, False, [])
    }
    if new or not record:
        return Draft(new_id(), {}, values=values, owner=session.user_id)
    owner = record.get("owner")
    if isinstance(owner, Mapping):
        owner = owner.get("id")
    title = str(record.get("_title") or "")
    return Draft(str(record["id"]), {}, values=values, before=dict(values), version=int(record.get("version") or 0),
                 owner=owner, owner_before=owner, title=title, title_before=title,
                 marks=Marks.wired(record))  # fmt: skip


def _far(session: Session, access: ObjectAccess, source: str, record: Mapping[str, Any]) -> bool | None:
    """A condition over other records: asked as a filter, so that the rights on those records hold."""
    try:
        ask = _holding(source, str(record["id"]))
        return bool(reading.listed(session, access.object.name, ask).records)
    except DougongError:
        return None
