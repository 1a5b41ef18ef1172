"""A form document as a tree that pages walk: sections, tabs, lines, related lists, cut to what the caller may see.

It reads documents and rights; it reads no record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, Piece, Reverse, Text, label_of

Condition = bool | str
#: The variant of a form for phones.
PHONE = "phone"
USUAL_COLUMNS = 6


@dataclass(frozen=True)
class Place:
    """One field at its place in a form, with what the form says beyond the object."""

    field: FieldDef
    label: Text
    help: Text
    visible: Sequence[Condition] = ()
    readonly: Condition = False
    required: Condition = False
    width: str = "half"

    @cached_property
    def conditional(self) -> bool:
        """True when it depends on the record whether the field is shown, may be set or must be filled in."""
        own = self.field
        said = (*self.visible, self.readonly, self.required, own.readonly, own.required)
        return any(isinstance(one, str) for one in said)


@dataclass(frozen=True)
class Block:
    """A part of a form. ``what`` is section, lines, tabs, related or note."""

    what: str
    label: Text | None = None
    columns: int = 1
    collapsed: bool = False
    visible: Condition = True
    parts: Sequence[Block | Place] = ()
    relation: Reverse | None = None
    names: Sequence[str] = ()
    view: str | None = None


@dataclass
class Plan:
    """The whole form of an object for one caller."""

    access: ObjectAccess
    blocks: list[Block] = field(default_factory=list)

    def places(self) -> Iterator[Place]:
        """Every field of the form, in order, each once."""
        seen = set()
        for one in _places(self.blocks):
            if one.field.name not in seen:
                seen.add(one.field.name)
                yield one

    def relations(self, what: str) -> Iterator[Block]:
        """Every block of lines, or every related list."""
        yield from _relations(self.blocks, what)

    def conditions(self) -> Iterator[str]:
        """The sources of all conditions."""
        for one in _everything(self.blocks):
            said: Sequence[Condition]
            if isinstance(one, Block):
                said = (one.visible,)
            else:
                said = (*one.visible, one.readonly, one.required, one.field.visible, one.field.readonly,
                        one.field.required)  # fmt: skip
            yield from (source for source in said if isinstance(source, str))


def _everything(parts: Sequence[Block | Place]) -> Iterator[Block | Place]:
    for one in parts:
        yield one
        if isinstance(one, Block):
            yield from _everything(one.parts)


def _places(parts: Sequence[Block | Place]) -> Iterator[Place]:
    return (one for one in _everything(parts) if isinstance(one, Place))


def _relations(parts: Sequence[Block | Place], what: str) -> Iterator[Block]:
    return (one for one in _everything(parts) if isinstance(one, Block) and one.what == what and one.relation)


def form_of(session: Session, object_name: str) -> Piece | None:
    """The form document of an object: the one of its own name, or the first."""
    found = [one for one in session.model.all("form") if one.object == object_name]
    return next((one for one in found if one.name == object_name), found[0] if found else None)


def has_small(session: Session, access: ObjectAccess) -> bool:
    """True when the form of an object has another layout for phones."""
    piece = form_of(session, access.object.name)
    return piece is not None and PHONE in (piece.doc.get("variants") or {})


def plan(session: Session, access: ObjectAccess, *, small: bool = False) -> Plan:
    """The form of an object as the caller sees it; without a document, all fields in their order.

    ``small``: as its document orders it for phones, where it does.
    """
    return Plan(access, list(access.keep(("form", small), partial(blocks_of, session, access, small))))


def blocks_of(session: Session, access: ObjectAccess, small: bool) -> list[Block]:
    """What :func:`plan` keeps with the rights."""
    piece = form_of(session, access.object.name)
    builder = Builder(session, access)
    if piece is not None:
        return builder.blocks(layout_of(piece.doc, session.person.roles, small=small))
    names = [name for name in access.object.fields if access.visible(name)]
    owned = [one for one in session.model.reverses.get(access.object.name, {}).values() if one.owned]
    return builder.blocks([{"section": None, "columns": 2, "items": names}, *({"lines": one.name} for one in owned)])


def layout_of(doc: Mapping[str, Any], roles: Sequence[str], *, small: bool = False) -> Sequence[Any]:
    """The layout for a phone, else for these roles (of the first that has a variant), else the usual one."""
    variants = doc.get("variants") or {}
    if small and PHONE in variants:
        return list(variants[PHONE])
    for role in roles:
        if f"role/{role}" in variants:
            return list(variants[f"role/{role}"])
    return list(doc.get("layout") or ())


class Builder:
    """Turns a layout into blocks, leaving out what the caller may not know."""

    def __init__(self, session: Session, access: ObjectAccess) -> None:
        self.session = session
        self.access = access
        self.reverses = session.model.reverses.get(access.object.name, {})

    def blocks(self, layout: Sequence[Any]) -> list[Block]:
        """The blocks of a layout that have anything in them."""
        found = [self.block(one) for one in layout if isinstance(one, Mapping)]
        return [one for one in found if one is not None]

    def block(self, doc: Mapping[str, Any]) -> Block | None:
        """One block, None when nothing of it may be seen."""
        visible = doc.get("visible", True)
        if visible is False:
            return None
        if "section" in doc:
            parts = self.parts(doc.get("items") or ())
            label = label_of(doc["section"], "") if doc["section"] else None
            many = int(doc.get("columns", 1))
            return Block("section", label, many, bool(doc.get("collapsed")), visible, parts) if parts else None
        if "tabs" in doc:
            tabs = [self.tab(one) for one in doc["tabs"]]
            kept = [one for one in tabs if one is not None]
            return Block("tabs", None, parts=kept) if kept else None
        if "lines" in doc:
            return self.relation("lines", doc, visible)
        if "related" in doc:
            return self.relation("related", doc, visible)
        return None

    def tab(self, doc: Mapping[str, Any]) -> Block | None:
        """One tab; a section of its own on a plain page."""
        parts = self.parts(doc.get("items") or ())
        visible = doc.get("visible", True)
        if not parts or visible is False:
            return None
        columns = int(doc.get("columns", 2))
        return Block("section", label_of(doc.get("tab"), ""), columns, visible=visible, parts=parts)

    def parts(self, items: Sequence[Any]) -> list[Block | Place]:
        """What stands in a section or tab."""
        found: list[Block | Place] = []
        for one in items:
            doc = {"field": one} if isinstance(one, str) else one
            made: Block | Place | None
            if "field" in doc:
                made = self.place(doc)
            elif "note" in doc:
                made = Block("note", label_of(doc["note"], ""), visible=doc.get("visible", True))
            else:
                made = self.block(doc)
            if made is not None:
                found.append(made)
        return found

    def place(self, doc: Mapping[str, Any]) -> Place | None:
        """One field, None when the caller may not see it."""
        definition = self.access.object.field(str(doc["field"]))
        if definition is None or not self.access.visible(definition.name):
            return None
        visible = [one for one in (doc.get("visible", True), definition.visible) if one is not True]
        if False in visible:
            return None
        label = label_of(doc["label"], "") if doc.get("label") else definition.label
        help = label_of(doc["help"], "") if doc.get("help") else definition.help
        readonly, required = doc.get("readonly", False), doc.get("required", False)
        return Place(definition, label, help, visible, readonly, required, str(doc.get("width", "half")))

    def relation(self, what: str, doc: Mapping[str, Any], visible: Condition) -> Block | None:
        """Lines or a related list, None when the caller may not read those records or the link."""
        reverse = self.reverses.get(str(doc[what]))
        if reverse is None:
            return None
        other = self.other(reverse)
        if other is None:
            return None
        names = [str(one) for one in doc.get("columns") or () if other.visible(str(one))]
        if not doc.get("columns"):
            names = usual(other, but=reverse.field)
        label = label_of(doc["label"], "") if doc.get("label") else self.heading(reverse, other)
        return Block(what, label, visible=visible, relation=reverse, names=names, view=doc.get("view"))

    def heading(self, reverse: Reverse, other: ObjectAccess) -> Text:
        """The records' name; the link's too where several links of the same object lead here."""
        label = other.object.label
        alike = [one for one in self.reverses.values() if one.source == reverse.source]
        if len(alike) < 2:
            return label
        link = other.object.fields[reverse.field].label
        return {"en": f"{label['en']} ({link['en']})", "zh": f"{label['zh']}（{link['zh']}）"}

    def other(self, reverse: Reverse) -> ObjectAccess | None:
        """The rights on the records of a relation, None when they may not be listed here."""
        found = object_access(self.session.snapshot, self.session.person, self.session.model.objects[reverse.source])
        return found if found.may("read") and found.readable(reverse.field) else None

    def others(self, made: Plan) -> list[Block]:
        """Related lists that the form does not name: every further relation that leads here."""
        return self.access.keep(("others",), partial(self.unnamed, made))

    def unnamed(self, made: Plan) -> list[Block]:
        """What :meth:`others` keeps with the rights."""
        named = {one.relation.name for what in ("lines", "related") for one in made.relations(what) if one.relation}
        docs = [{"related": one.name} for one in self.reverses.values() if one.name not in named and not one.owned]
        return self.blocks(docs)


def usual(access: ObjectAccess, but: str | None = None) -> list[str]:
    """The columns of a list for which nobody has chosen any: the first fields that fit into a cell."""
    names = [
        name for name, one in access.object.fields.items() if access.visible(name) and not one.kind.long and name != but
    ]
    return names[:USUAL_COLUMNS]
