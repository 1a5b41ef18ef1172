"""What the address of a list asks, and the views that it can be looked at through. It reads no record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from runtime.engine import describe
from runtime.engine.access import object_access
from runtime.engine.workspace import Session
from runtime.kinds.view import View
from runtime.meta.entering import PENDING
from runtime.meta.model import Model, Piece

LONGEST = 4000
BESIDE = "views of related lists"
VIEWS = "views that the caller is offered"
#: What a saved view keeps.
KEPT = ("view", "filter", "sort", "q", "columns")


@dataclass
class Asked:
    """What the address of a list asks."""

    view: str = ""
    saved: str = ""
    filter: str = ""
    sort: str = ""
    q: str = ""
    columns: str = ""
    cursor: str = ""
    shows: str = ""
    on: str = ""
    #: ``pending``: the records that wait for the approval of their coming.
    state: str = ""

    @property
    def coming(self) -> bool:
        """True when records are meant that are not in force yet."""
        return self.state == PENDING

    @staticmethod
    def of(args: Mapping[str, str]) -> Asked:
        """From a query string."""
        return Asked(**{one.name: str(args.get(one.name, ""))[:LONGEST] for one in fields(Asked)})

    def address(self, object_name: str, **other: str) -> str:
        """The address of the same list with something else asked."""
        said = self.said(**other)
        return f"/o/{object_name}" + (f"?{urlencode(said)}" if said else "")

    def said(self, **other: str) -> dict[str, str]:
        """What is asked, blanks left out."""
        return {name: value for name, value in {**vars(self), **other}.items() if value}

    def kept(self) -> dict[str, str]:
        """What a saved view keeps of it."""
        return {name: value for name, value in self.said().items() if name in KEPT}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the order that is asked."""
        return tuple(one.strip() for one in self.sort.split(",") if one.strip())


def views_of(session: Session, object_name: str) -> list[Piece]:
    """The views of an object that the caller is offered.

    They come as the documents stand: the object's own app before others, its usual list before all,
    those that only serve related lists at the end. They are found once for the caller's rights.
    """
    access = object_access(session.snapshot, session.person, session.model.objects[object_name])
    return access.keep(VIEWS, lambda: found_views(session, object_name))


def found_views(session: Session, object_name: str) -> list[Piece]:
    """What :func:`views_of` keeps."""
    found = [
        one
        for one in session.model.pieces.get("view", {}).values()
        if one.object == object_name and meant_for(session, one) and describe.offered(session, object_name, one.doc)
    ]
    app = session.model.objects[object_name].app
    found.sort(key=lambda one: (is_beside(session.model, one), one.app != app))
    first = usual_view(session, found)
    return found if first is None else [first, *(one for one in found if one is not first)]


def usual_view(session: Session, offered: Sequence[Piece]) -> Piece | None:
    """The view that is an object's list where nobody asks for another: the first list of all records, or None."""
    for one in offered:
        whole = bool(one.doc.get("columns")) and not one.doc.get("filter") and not is_beside(session.model, one)
        if whole and look_of(session, one) == View.look:
            return one
    return None


def is_beside(model: Model, view: Piece) -> bool:
    """True for a view that forms name for a related list, that nothing else names and that chooses no records."""
    if view.doc.get("filter"):
        return False
    if BESIDE not in model.derived:
        related: set[str] = set()
        elsewhere: set[str] = set()
        documents = [one for piece in model.pieces.values() for one in piece.values()]
        for doc in (*(app.doc for app in model.apps.values()), *(one.doc for one in documents if one.piece != "view")):
            named_in(doc, related, elsewhere)
        model.derived[BESIDE] = frozenset(related - elsewhere)
    return view.name in model.derived[BESIDE]


def named_in(part: Any, related: set[str], elsewhere: set[str]) -> None:
    """Note the views that a part of a document names, those of related lists apart."""
    if isinstance(part, Mapping):
        if isinstance(part.get("view"), str):
            (related if "related" in part else elsewhere).add(part["view"])
        for one in part.values():
            named_in(one, related, elsewhere)
    elif isinstance(part, (list, tuple)):
        for one in part:
            named_in(one, related, elsewhere)
    elif isinstance(part, str) and part.startswith("view/"):
        elsewhere.add(part.removeprefix("view/"))


def meant_for(session: Session, view: Piece) -> bool:
    """True when a view is for everybody, or for a role of the caller."""
    roles = view.doc.get("roles")
    return not roles or bool(set(roles) & set(session.person.roles)) or "*" in session.person.build


def look_of(session: Session, view: Piece | None) -> str:
    """How the page of a view looks, as its kind says."""
    kind = session.workspace.catalog.get(View, str(view.doc.get("type"))) if view else None
    return kind.look if kind else View.look


def option(view: Piece | None, name: str) -> Any:
    """An option of a view's document, None when it says nothing."""
    return view.doc.get(name) if view else None


def combined(view: Piece | None, *more: str) -> str:
    """The view's own condition and further ones as one formula."""
    parts = [str(one) for one in (option(view, "filter"), *more) if one]
    return parts[0] if len(parts) == 1 else " and ".join(f"({one})" for one in parts)
