"""What the caller keeps for himself: saved views, pins, what he looked at; shown with his rights of today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.engine import presenting
from runtime.engine.access import ObjectAccess
from runtime.engine.workspace import Session
from runtime.store import personal as store
from runtime.store.personal import Mark, SavedView

LONGEST_NAME = 60
MOST_VIEWS = 50


@dataclass(frozen=True)
class Named:
    """A record by its object and title."""

    object: str
    id: str
    title: str


def views(session: Session, access: ObjectAccess) -> list[SavedView]:
    """The caller's own views of an object."""
    if session.user_id is None:
        return []
    return store.saved_views(session.database, session.workspace.schema, session.user_id, access.object.key)


def save(session: Session, access: ObjectAccess, name: str, asked: Mapping[str, str]) -> str:
    """Keep a view; its id. Raises Invalid, Conflict."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or "\0" in name:
        text = Message(f"must have 1 to {LONGEST_NAME} characters", f"须为 1 到 {LONGEST_NAME} 个字符")
        raise Invalid(problems=[Problem("name", text, field="name")])
    if len(views(session, access)) >= MOST_VIEWS:
        text = Message(f"at most {MOST_VIEWS} views of an object", f"每个对象最多 {MOST_VIEWS} 个视图")
        raise Invalid(problems=[Problem("too_many", text, field="name")])
    return store.save_view(
        session.database, session.workspace.schema, str(session.user_id), access.object.key, name, asked
    )


def change(session: Session, view: str, asked: Mapping[str, str]) -> None:
    """Keep something else under the same name. Raises NotFound."""
    if not store.change_view(session.database, session.workspace.schema, str(session.user_id), view, asked):
        raise NotFound()


def drop(session: Session, view: str) -> None:
    """Forget a view. Raises NotFound."""
    if not store.drop_view(session.database, session.workspace.schema, str(session.user_id), view):
        raise NotFound()


def look(session: Session, access: ObjectAccess, record_id: str) -> bool:
    """The caller looks at a record that he may read; True when he has pinned it."""
    if session.user_id is None:
        return False
    return store.see(session.database, session.workspace.schema, session.user_id, access.object.key, record_id)


def pin(session: Session, access: ObjectAccess, record_id: str, on: bool) -> None:
    """Pin a record that the caller may read, or take the pin away."""
    if session.user_id is not None:
        store.pin(session.database, session.workspace.schema, session.user_id, access.object.key, record_id, on)


def seen(session: Session, limit: int) -> list[Named]:
    """What the caller looked at last, as far as it is there and he may still read it."""
    if session.user_id is None:
        return []
    return named(session, store.seen(session.database, session.workspace.schema, session.user_id, limit))


def pins(session: Session) -> list[Named]:
    """What the caller has pinned, as far as it is there and he may still read it."""
    if session.user_id is None:
        return []
    return named(session, store.pins(session.database, session.workspace.schema, session.user_id))


def named(session: Session, marks: Iterable[Mark]) -> list[Named]:
    """Marks with the titles of their records; each object is asked once."""
    marks = list(marks)
    names = session.layout.names
    by_object: dict[str, list[str]] = {}
    for one in marks:
        if one.object_key in names:
            by_object.setdefault(names[one.object_key], []).append(one.record_id)
    titles = {
        (name, one): title
        for name, ids in by_object.items()
        for one, title in presenting.titles(session, name, ids).items()
    }
    found = []
    for one in marks:
        name = names.get(one.object_key, "")
        if (name, one.record_id) in titles:
            found.append(Named(name, one.record_id, titles[name, one.record_id]))
    return found
