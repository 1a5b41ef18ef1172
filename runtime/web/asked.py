"""What the address of a list asks, and the views that it can be looked at through. It reads no record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from runtime.engine import describe
from runtime.engine.workspace import Session
from runtime.kinds.view import View
from runtime.meta.model import Piece

LONGEST = 4000
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
