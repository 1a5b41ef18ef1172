"""Values as pages show them: the text of the kind, links to records and files. It knows no kind by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from runtime.engine import presenting
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.kinds.field import Chooses, Context, HoldsFiles
from runtime.meta.model import SYSTEM_OBJECTS, FieldDef
from runtime.meta.properties import member
from runtime.web.texts import gettext, page_language

NUMERIC = ("number", "duration")


# Not frozen: a page makes hundreds of each, and a frozen one takes four times as long to make.
@dataclass(slots=True)
class Link:
    """A text that may lead somewhere."""

    text: str
    href: str = ""
    picture: bool = False
    #: True for words that stand in the place of a name.
    faint: bool = False


@dataclass(slots=True)
class Chip:
    """One chosen option: its label and the color that its document gives it."""

    text: str
    color: str = ""


@dataclass(slots=True)
class Shown:
    """One value on a page. ``widget`` picks the fragment that shows it; ``value`` is the stored value."""

    text: str = ""
    links: Sequence[Link] = ()
    widget: str = "text"
    value: Any = None
    numeric: bool = False
    masked: bool = False
    chips: Sequence[Chip] = ()

    @property
    def plain(self) -> str:
        """All of it as one line of text."""
        return self.text or ", ".join(one.text for one in self.links)

    @property
    def brief(self) -> bool:
        """True for what a row keeps in one line: a person's name, a day, a number of a document."""
        text = self.plain
        return len(text) <= 6 or (len(text) <= 16 and text.isascii())

    @property
    def blank(self) -> bool:
        """True when there is nothing to show."""
        return not self.text and not self.links


def context_of(session: Session) -> Context:
    """What kinds may know, in the language of the page."""
    return replace(session.context(), language=page_language())


def numeric(field: FieldDef) -> bool:
    """True for values that stand better at the right edge."""
    return field.kind.type().name in NUMERIC


def links_of(access: ObjectAccess) -> list[str]:
    """The names of the fields whose records a page shows with their titles."""
    return [name for name, one in access.object.fields.items() if one.relates and one.stored and access.readable(name)]


def bare(field: FieldDef, value: Any) -> Any:
    """The stored value for one that was read with its links expanded."""
    if field.relates is None:
        return value
    if field.relates.many:
        return [one["id"] if isinstance(one, Mapping) else one for one in value or ()]
    return value["id"] if isinstance(value, Mapping) else value


class Shower:
    """Shows the values of one object's records to one caller."""

    def __init__(self, session: Session, access: ObjectAccess) -> None:
        self.session = session
        self.access = access
        self.context = context_of(session)
        self.chips: dict[int, dict[str, Chip]] = {}

    def value(self, field: FieldDef, value: Any) -> Shown:
        """One field of a record on the wire (links expanded)."""
        if not self.access.readable(field.name):
            return Shown("" if value is None else str(value), masked=True)
        return self.plain(field, value)

    def plain(self, field: FieldDef, value: Any) -> Shown:
        """A value that the caller may read."""
        kind = field.kind
        if value is None or value == [] or value == ():
            return Shown(widget=kind.widget)
        if field.relates is not None and field.stored:
            items = value if field.relates.many else [value]
            return Shown("", [self.link(field.relates.target_object(), one) for one in items], kind.widget)
        if isinstance(kind, HoldsFiles):
            entries = value if kind.many else [value]
            return Shown("", [self.file(one) for one in entries], kind.widget)
        chips = self.chosen(kind, value) if isinstance(kind, Chooses) else ()
        return Shown(kind.show(value, self.context), (), kind.widget, value, numeric(field), chips=chips)

    def link(self, target: str, value: Any) -> Link:
        """A linked record: its title and address, or that the caller cannot see it."""
        if not isinstance(value, Mapping):
            return Link(unseen(), faint=True)
        title = str(value.get("title") or value["id"])
        return Link(title, address(self.session, target, str(value["id"])))

    def chosen(self, kind: Chooses, value: Any) -> list[Chip]:
        """The chosen options that are still there, with their colors."""
        known = self.chips.get(id(kind))
        if known is None:
            spoken = "zh" if self.context.language.startswith("zh") else "en"
            known = {one.key: Chip(one.label[spoken], str(one.doc.get("color") or "")) for one in kind.choices()}
            self.chips[id(kind)] = known
        chosen = [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
        return [known.get(one) or Chip(one) for one in chosen]

    def file(self, entry: Mapping[str, Any]) -> Link:
        """A file and where it is handed out."""
        picture = str(entry.get("type", "")).startswith("image/")
        return Link(str(entry.get("name") or entry["id"]), f"/files/{entry['id']}", picture)


def unseen() -> str:
    """What stands where a linked record would: it is in the recycle bin, or the caller may not read it."""
    return gettext("deleted or not visible to you")


def address(session: Session, target: str, record_id: str) -> str:
    """The page of a record; '' for what has none."""
    found = session.model.object(target)
    return "" if target in SYSTEM_OBJECTS or found is None else f"/o/{found.name}/{record_id}"


def moment(session: Session, text: str) -> str:
    """An instant of the wire in the caller's time zone, to the minute."""
    at = datetime.fromisoformat(text).astimezone(ZoneInfo(session.context().time_zone))
    return at.strftime("%Y-%m-%d %H:%M")


def now(session: Session) -> str:
    """The present moment as pages show it."""
    return moment(session, datetime.now(UTC).isoformat())


@dataclass(frozen=True)
class Change:
    """One change of a field in a record's history."""

    label: str
    old: Shown
    new: Shown


@dataclass(frozen=True)
class Event:
    """One entry of a record's history."""

    at: str
    who: str
    channel: str
    action: str
    changes: Sequence[Change]


def history(session: Session, access: ObjectAccess, entries: Sequence[Mapping[str, Any]]) -> list[Event]:
    """A history for a page: labels, shown values, titles of linked records, each object asked once."""
    shower = Shower(session, access)
    named = _titles(session, access, entries)
    spoken = page_language()
    found = []
    for entry in entries:
        changes = []
        for name, change in entry["changes"].items():
            field = member(access.object, name)
            if field is None:
                continue
            target = field.relates.target_object() if field.relates else ""
            old, new = (_change(shower, field, change[one], named.get(target, {}), target) for one in ("old", "new"))
            changes.append(Change(field.label[spoken], old, new))
        who = entry["actor"]["title"] if entry["actor"] else ""
        found.append(Event(moment(session, entry["at"]), who, entry["channel"], entry["action"], changes))
    return found


def _change(shower: Shower, field: FieldDef, value: Any, named: Mapping[str, str], target: str) -> Shown:
    if value is None:
        return Shown()
    if field.name in shower.access.object.fields and not shower.access.readable(field.name):
        return Shown(str(value), masked=True)
    if target:
        ids = value if isinstance(value, list) else [value]
        items = [{"id": one, "title": named[one]} if one in named else one for one in ids]
        return Shown("", [shower.link(target, one) for one in items])
    return shower.plain(field, value)


def _titles(session: Session, access: ObjectAccess, entries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        for name, change in entry["changes"].items():
            field = member(access.object, name)
            relates = field.relates if field else None
            if relates is None or (name in access.object.fields and not access.readable(name)):
                continue
            target = relates.target_object()
            for value in change.values():
                wanted.setdefault(target, set()).update(value if isinstance(value, list) else [value] if value else [])
    return {target: presenting.titles(session, target, ids) for target, ids in wanted.items()}


def column_label(session: Session, access: ObjectAccess, path: str) -> str:
    """The heading of a column: a field, a property, or a path through links; '' where the caller may not see it."""
    names, at, label = path.split("."), access, ""
    for number, name in enumerate(names):
        field = member(at.object, name)
        if field is None or (name in at.object.fields and not at.visible(name)):
            return ""
        label = field.label[page_language()]
        if number < len(names) - 1:
            target = session.model.object(field.relates.target_object()) if field.relates else None
            if target is None or (name in at.object.fields and not at.readable(name)):
                return ""
            at = object_access(session.snapshot, session.person, target)
    return label
