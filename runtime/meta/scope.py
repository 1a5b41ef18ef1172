"""The names of an object for formulas, out of the model and as far as a caller may read; it never finds values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from runtime.formula.compiler import compile
from runtime.formula.scope import Member, Scope
from runtime.formula.types import BOOL, DATETIME, NUMBER, TEXT, TEXT_LIST, Type, children, ref
from runtime.meta.model import SYSTEM_OBJECTS, FieldDef, Model, ObjectDef

Readable = Callable[[str, str], bool]

#: Properties of every record beside its id; their keys are their names.
PROPERTIES: Mapping[str, Member] = {
    one.name: one
    for one in (
        Member("version", "version", NUMBER, nullable=False),
        Member("created_at", "created_at", DATETIME, nullable=False, indexed=True),
        Member("created_by", "created_by", ref("user")),
        Member("updated_at", "updated_at", DATETIME, nullable=False),
        Member("updated_by", "updated_by", ref("user")),
        Member("owner", "owner", ref("user"), indexed=True),
    )
}

#: The system's own objects.
SYSTEM: Mapping[str, Mapping[str, Member]] = {
    "user": {
        one.name: one
        for one in (
            Member("id", "id", ref("user"), nullable=False, indexed=True),
            Member("name", "name", TEXT),
            Member("title", "name", TEXT),
            Member("department", "department", ref("department")),
            Member("manager", "manager", ref("user")),
            Member("email", "email", TEXT),
            Member("roles", "roles", TEXT_LIST),
            Member("active", "active", BOOL, nullable=False),
        )
    },
    "department": {
        one.name: one
        for one in (
            Member("id", "id", ref("department"), nullable=False, indexed=True),
            Member("name", "name", TEXT),
            Member("title", "name", TEXT),
            Member("parent", "parent", ref("department")),
            Member("head", "head", ref("user")),
        )
    },
}


def everything(object_name: str, field_name: str) -> bool:
    """For whoever may read all."""
    return True


class ModelScope:
    """The names of one object: fields, system properties, ``title``, relations that lead here.

    A field is found by its name, its former name or its label. ``readable`` says which fields of which objects
    exist for the caller. Member keys are storage keys; ``Type.of`` of a reference is the object's storage key.
    Raises KeyError for an object that the model has not.
    """

    def __init__(self, model: Model, object_name: str, readable: Readable | None = None) -> None:
        self.model = model
        self.readable = readable or everything
        self._found: dict[str, Member | None] = {}
        self._labels: Mapping[str, FieldDef | None] | None = None
        self.definition: ObjectDef | None = model.object(object_name)
        if self.definition is None and object_name not in SYSTEM_OBJECTS:
            raise KeyError(object_name)
        self.name = self.definition.name if self.definition else object_name

    @property
    def object(self) -> str:
        return self.definition.key if self.definition else self.name

    def member(self, name: str) -> Member | None:
        if name not in self._found:
            self._found[name] = self._member(name)
        return self._found[name]

    def members(self) -> Iterable[Member]:
        return list(self._all())

    def target(self, member: Member) -> Scope | None:
        kind = member.type if member.type.name != "list" else member.type.item
        if kind is None or not kind.of or member.key == "id":
            return None
        return self._other(object_by_key(self.model, kind.of))

    def lookup(self, object_name: str) -> Scope | None:
        return self._other(object_name)

    def relation(self, name: str) -> str | None:
        """The name of the object whose records the relation ``name`` leads to, or None."""
        found = self.member(name)
        if found is None or found.type.name != "children" or not found.type.of:
            return None
        return object_by_key(self.model, found.type.of)

    # ------------------------------------------------------------------------------------------------
    def _other(self, object_name: str | None) -> Scope | None:
        if object_name is None or (self.model.object(object_name) is None and object_name not in SYSTEM_OBJECTS):
            return None
        return ModelScope(self.model, object_name, self.readable)

    def _member(self, name: str) -> Member | None:
        if self.definition is None:
            return SYSTEM[self.name].get(name)
        field = self.definition.fields.get(name)
        if field is None and name == "id":
            return Member("id", "id", ref(self.definition.key), nullable=False, indexed=True)
        if field is None and name in PROPERTIES:
            return PROPERTIES[name]
        if field is None:
            relation = self._relation(name)
            if relation is not None:
                return relation
            if name == "title":
                return Member("title", "title", TEXT)
            field = self.definition.former.get(name) or self._labelled().get(name)
        if field is None or not self.readable(self.name, field.name):
            return None
        return self._field(field)

    def _field(self, field: FieldDef) -> Member:
        labels = tuple(dict.fromkeys(field.label.values()))
        assert self.definition is not None
        return Member(
            field.name,
            field.key,
            field_type(self.model, self.definition, field),
            labels=labels,
            indexed=field.indexed or field.unique or (field.relates is not None and field.stored),
        )

    def _relation(self, name: str) -> Member | None:
        found = self.model.reverses.get(self.name, {}).get(name)
        if found is None or not self.readable(found.source, found.field):
            return None
        source = self.model.objects[found.source]
        link = source.fields[found.field]
        labels = tuple(dict.fromkeys(source.label.values()))
        # The store gives every link an index.
        return Member(name, f"{source.key}.{link.key}", children(source.key), False, labels, indexed=True)

    def _labelled(self) -> Mapping[str, FieldDef | None]:
        """The readable fields by their labels; None for a label that two of them share."""
        if self._labels is None:
            found: dict[str, FieldDef | None] = {}
            for field in self.definition.fields.values() if self.definition else ():
                if not self.readable(self.name, field.name):
                    continue
                for label in dict.fromkeys(field.label.values()):
                    found[label] = None if label in found else field
            self._labels = found
        return self._labels

    def _all(self) -> Iterator[Member]:
        if self.definition is None:
            yield from SYSTEM[self.name].values()
            return
        for name in (*self.definition.fields, "id", *PROPERTIES, *self.model.reverses.get(self.name, ())):
            found = self.member(name)
            if found is not None:
                yield found
        if "title" not in self.definition.fields:
            yield Member("title", "title", TEXT)


def object_by_key(model: Model, key: str) -> str | None:
    """The name of the object with a storage key, or None."""
    if key in SYSTEM_OBJECTS:
        return key
    names: dict[str, str] | None = model.derived.get("names of keys")
    if names is None:
        names = model.derived["names of keys"] = {one.key: one.name for one in model.objects.values()}
    return names.get(key)


def field_type(model: Model, owner: ObjectDef, field: FieldDef) -> Type:
    """The type of a field in formulas; that of a computed one without a declared result comes from its formula."""
    place = ("type", owner.name, field.name)
    found: Type | None = model.derived.get(place)
    if found is None:
        computed = field.computed
        if computed is not None and computed.result() is None:
            model.derived[place] = TEXT  # while it is being found: a cycle is reported elsewhere
            result = compile(computed.source(), ModelScope(model, owner.name), context="virtual")
            found = result.type if result.ok and result.type.name not in ("null", "children") else TEXT
        else:
            found = _by_key(model, field.kind.type())
        model.derived[place] = found
    return found


def _by_key(model: Model, found: Type) -> Type:
    """The same type with storage keys in place of the names of objects."""
    if found.item is not None and found.item.of:
        return replace(found, item=_by_key(model, found.item))
    if not found.of:
        return found
    target = model.object(found.of)
    return replace(found, of=target.key if target else found.of)
