"""The model: one immutable, checked version of all documents of a workspace. It holds; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runtime.kinds.field import Computed, Field, Gated, Numbered, Relates

Text = Mapping[str, str]
Doc = Mapping[str, Any]

#: The system's own objects: people and departments can be linked to and followed in formulas.
SYSTEM_OBJECTS = ("user", "department")

#: Properties that every record has beside its fields, in the order of the wire.
SYSTEM_PROPERTIES = ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "owner")

PIECES = ("object", "form", "view", "workflow", "automation", "dashboard", "role")

#: Folder of each piece inside an app.
FOLDERS = {
    "object": "objects",
    "form": "forms",
    "view": "views",
    "workflow": "workflows",
    "automation": "automations",
    "dashboard": "dashboards",
    "role": "roles",
}


def label_of(value: Any, name: str) -> Text:
    """A label as both languages: a bare text serves for both, a missing one is made from the name."""
    if isinstance(value, Mapping):
        first = next(iter(value.values()), name)
        return {"en": str(value.get("en", first)), "zh": str(value.get("zh", first))}
    shown = str(value) if value else name.replace("_", " ").capitalize()
    return {"en": shown, "zh": shown}


@dataclass(frozen=True)
class FieldDef:
    """One field of an object. ``key`` is its storage key: its first name, never changed.

    ``required``, ``readonly`` and ``visible`` are True, False or a formula's source; ``default`` is a
    literal, or a formula when it is a text that begins with ``=``.
    """

    name: str
    key: str
    type: str
    kind: Field
    label: Text
    help: Text
    required: bool | str = False
    readonly: bool | str = False
    visible: bool | str = True
    default: Any = None
    unique: bool = False
    indexed: bool = False
    expose: bool = False
    was: str | None = None
    doc: Doc = field(default_factory=dict)

    @cached_property
    def computed(self) -> Computed | None:
        """The kind's face as a computed value, or None."""
        return self.kind if isinstance(self.kind, Computed) else None

    @cached_property
    def relates(self) -> Relates | None:
        """The kind's face as a relation, or None."""
        return self.kind if isinstance(self.kind, Relates) else None

    @cached_property
    def numbered(self) -> Numbered | None:
        """The kind's face as a given number, or None."""
        return self.kind if isinstance(self.kind, Numbered) else None

    @cached_property
    def stored(self) -> bool:
        """False for a computed value."""
        return not isinstance(self.kind, Computed)

    @property
    def kept(self) -> bool:
        """True for a computed value that is kept with the record."""
        return self.computed is not None and bool(self.doc.get("stored", False))

    @property
    def owned(self) -> bool:
        """True for the link that makes this object the line items of another."""
        return bool(self.doc.get("owned", False))


@dataclass(frozen=True)
class Validation:
    """A rule on a record: refused with ``message`` at ``field`` when ``valid`` is false."""

    name: str
    valid: str
    message: Text
    field: str | None = None


@dataclass(frozen=True)
class Becoming:
    """One record that a conversion makes: the link that will hold it, its values (a text after ``=`` is a formula)."""

    link: str
    values: Mapping[str, Any]
    existing: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Conversion:
    """What a record can become: linked records made in one go, and what it then gets itself."""

    name: str
    label: Text
    help: Text
    when: str
    into: Sequence[Becoming]
    then: Mapping[str, Any]


@dataclass(frozen=True)
class ObjectDef:
    """One object. ``key`` is its storage key: its first name."""

    name: str
    key: str
    app: str
    label: Text
    fields: Mapping[str, FieldDef]
    title: str | None = None
    icon: str = "box"
    validations: Sequence[Validation] = ()
    unique: Sequence[Sequence[str]] = ()
    was: str | None = None
    doc: Doc = field(default_factory=dict)

    @cached_property
    def owner_link(self) -> FieldDef | None:
        """The link that owns records of this object (line items), or None."""
        return next((one for one in self.fields.values() if one.owned), None)

    @cached_property
    def by_key(self) -> Mapping[str, FieldDef]:
        """The fields by storage key."""
        return {one.key: one for one in self.fields.values()}

    @cached_property
    def taken(self) -> Mapping[str, FieldDef]:
        """The fields whose values are stored as they come in, by name."""
        return {one.name: one for one in self.fields.values() if one.stored}

    @cached_property
    def former(self) -> Mapping[str, FieldDef]:
        """The fields by their former names, where no present field has taken the name."""
        return {one.was: one for one in self.fields.values() if one.was and one.was not in self.fields}

    @cached_property
    def gated(self) -> Sequence[FieldDef]:
        """The fields some of whose values have a gate."""
        return [one for one in self.fields.values() if isinstance(one.kind, Gated) and one.kind.gates()]

    @cached_property
    def searched(self) -> frozenset[str]:
        """The storage keys of the fields that a search finds the record by."""
        return frozenset(one.key for one in self.fields.values() if one.stored and one.kind.searchable)

    @cached_property
    def search_parts(self) -> Sequence[tuple[str, Callable[[Any], str], bool]]:
        """(storage key, what makes the text, whether it is a long one) of the fields that a search looks into."""
        return [
            (one.key, one.kind.search_text, one.kind.long) for one in self.fields.values() if one.key in self.searched
        ]

    @cached_property
    def conversions(self) -> Mapping[str, Conversion]:
        """What a record can become, by name."""
        found = {}
        for name, doc in (self.doc.get("conversions") or {}).items():
            into = [
                Becoming(
                    self._present(one["link"]), one.get("set") or {}, bool(one.get("existing")),
                    bool(one.get("optional")),
                )
                for one in doc["into"]
            ]  # fmt: skip
            when = doc.get("when", True)
            source = str(when).lower() if isinstance(when, bool) else str(when)
            help = label_of(doc["help"], name) if doc.get("help") else {}
            found[name] = Conversion(
                name, label_of(doc.get("label"), name), help, source, into, doc.get("then") or {}
            )  # fmt: skip
        return found

    def _present(self, name: str) -> str:
        found = self.field(name)
        return found.name if found else name

    def field(self, name: str) -> FieldDef | None:
        """The field called ``name`` now or before, or None."""
        return self.fields.get(name) or self.former.get(name)


@dataclass(frozen=True)
class Reverse:
    """A relation seen from the other side: records of ``source`` whose ``field`` links here."""

    name: str
    source: str
    field: str
    owned: bool


@dataclass(frozen=True)
class Piece:
    """A document of any piece but object: its name, app and content as written."""

    piece: str
    name: str
    app: str
    doc: Doc

    @property
    def label(self) -> Text:
        """The piece's label in both languages."""
        return label_of(self.doc.get("label"), self.name)

    @property
    def object(self) -> str | None:
        """The name of the object that the piece is about, or None."""
        found = self.doc.get("object")
        return str(found) if found else None


@dataclass(frozen=True)
class AppDef:
    """One app of the workspace."""

    name: str
    version: str
    label: Text
    requires: Mapping[str, str]
    doc: Doc = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """All apps of a workspace in one version. ``hash`` is the hash of the content."""

    apps: Mapping[str, AppDef]
    objects: Mapping[str, ObjectDef]
    pieces: Mapping[str, Mapping[str, Piece]]
    hash: str = ""

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """Room for what follows from the model and is found once (types, compiled formulas): never content."""
        return {}

    @cached_property
    def former_objects(self) -> Mapping[str, ObjectDef]:
        """Objects by their former names, where no present object has taken the name."""
        return {one.was: one for one in self.objects.values() if one.was and one.was not in self.objects}

    def object(self, name: str) -> ObjectDef | None:
        """The object called ``name`` now or before, or None."""
        return self.objects.get(name) or self.former_objects.get(name)

    def piece(self, piece: str, name: str) -> Piece | None:
        """One document other than an object, or None."""
        return self.pieces.get(piece, {}).get(name)

    def all(self, piece: str) -> Iterator[Piece]:
        """All documents of a piece in the order of their names."""
        found = self.pieces.get(piece, {})
        for name in sorted(found):
            yield found[name]

    @cached_property
    def reverses(self) -> Mapping[str, Mapping[str, Reverse]]:
        """For each object's name: the relations that lead to it, by the name given in ``reverse``."""
        found: dict[str, dict[str, Reverse]] = {}
        for source in self.objects.values():
            for one in source.fields.values():
                if one.relates is None or not one.doc.get("reverse"):
                    continue
                target = self.object(one.relates.target_object())
                if target is not None:
                    name = str(one.doc["reverse"])
                    found.setdefault(target.name, {})[name] = Reverse(name, source.name, one.name, one.owned)
        return found

    @cached_property
    def links_to(self) -> Mapping[str, Sequence[tuple[ObjectDef, FieldDef]]]:
        """For each object's name: every stored field of any object that points to it."""
        found: dict[str, list[tuple[ObjectDef, FieldDef]]] = {}
        for source in self.objects.values():
            for one in source.fields.values():
                if one.relates is not None and one.stored:
                    target = self.object(one.relates.target_object())
                    name = target.name if target else one.relates.target_object()
                    found.setdefault(name, []).append((source, one))
        return found


EMPTY = Model({}, {}, {})
