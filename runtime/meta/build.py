"""Documents into the immutable model, storage keys included. It expects documents that `validate` found right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from runtime.base.errors import Invalid, Message
from runtime.base.kind import Catalog
from runtime.kinds.field import Field
from runtime.meta.load import Document, Loaded
from runtime.meta.model import AppDef, FieldDef, Model, ObjectDef, Piece, Validation, label_of

#: For each object's name: ``{"key": storage key, "fields": {field name: storage key}}``.
Keys = Mapping[str, Mapping[str, Any]]


def build(loaded: Loaded, catalog: Catalog, keys: Keys | None = None) -> Model:
    """The model of everything in ``loaded``.

    Without ``keys`` the storage key of an object or field is its former name, or its name: good enough
    for looking at a model that is not stored. Raises Invalid for a field type that the catalog has not.
    """
    apps: dict[str, AppDef] = {}
    objects: dict[str, ObjectDef] = {}
    pieces: dict[str, dict[str, Piece]] = {}
    for one in loaded.documents:
        if one.piece == "app":
            apps[one.name] = _app(one)
        elif one.piece == "object":
            objects[one.name] = _object(one, catalog, (keys or {}).get(one.name, {}))
        else:
            pieces.setdefault(one.piece, {})[one.name] = Piece(one.piece, one.name, one.app, one.data)
    return Model(apps, objects, pieces, content_hash(loaded))


def _app(document: Document) -> AppDef:
    data = document.data
    requires = {str(name): str(versions) for name, versions in (data.get("requires") or {}).items()}
    return AppDef(
        document.name, str(data.get("version", "")), label_of(data.get("label"), document.name), requires, data
    )


def _object(document: Document, catalog: Catalog, keys: Mapping[str, Any]) -> ObjectDef:
    data = document.data
    given = keys.get("fields", {})
    fields = {
        name: _field(name, doc, catalog, given.get(name) or _own_key(name, data))
        for name, doc in data["fields"].items()
    }
    validations = tuple(
        Validation(name, _source(rule["valid"]), label_of(rule["message"], name), rule.get("field"))
        for name, rule in (data.get("validations") or {}).items()
    )
    return ObjectDef(
        name=document.name,
        key=str(keys.get("key") or data.get("was") or document.name),
        app=document.app,
        label=label_of(data.get("label"), document.name),
        fields=fields,
        title=data.get("title"),
        icon=data.get("icon", "box"),
        validations=validations,
        unique=tuple(tuple(names) for names in data.get("unique") or ()),
        was=data.get("was"),
        doc=data,
    )


def _own_key(name: str, data: Mapping[str, Any]) -> str:
    """The storage key of a field that nobody has stored yet: its former name, where that is free."""
    was = data["fields"][name].get("was")
    return str(was) if was and was not in data["fields"] else name


def _source(value: Any) -> str:
    """A condition's source: ``true`` and ``false`` may be written as booleans."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _field(name: str, doc: Mapping[str, Any], catalog: Catalog, key: str) -> FieldDef:
    kind = catalog.get(Field, doc["type"])
    if kind is None:
        raise Invalid(Message(f"unknown field type {doc['type']!r}", f"未知的字段类型“{doc['type']}”"))
    help_text = doc.get("help")
    return FieldDef(
        name=name,
        key=key,
        type=doc["type"],
        kind=kind(doc),
        label=label_of(doc.get("label"), name),
        help=label_of(help_text, name) if help_text else {},
        required=doc.get("required", False),
        readonly=doc.get("readonly", False),
        visible=doc.get("visible", True),
        default=doc.get("default"),
        unique=doc.get("unique", False),
        indexed=doc.get("indexed", False),
        expose=doc.get("expose", False),
        was=doc.get("was"),
        doc=doc,
    )


class _Canonical(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            text = format(o, "f")
            return {"number": text.rstrip("0").rstrip(".") if "." in text else text}
        return super().default(o)


def content_hash(loaded: Loaded) -> str:
    """The hash of what the documents say: comments, spaces and the order of files do not change it.

    The order of keys does: it is the order of fields, options and stages on every page.
    """
    encoder = _Canonical(ensure_ascii=False, separators=(",", ":"))
    texts = sorted(encoder.encode([one.app, one.piece, one.name, one.data]) for one in loaded.documents)
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def assign_keys(old: Model | None, used: Mapping[str, Iterable[str]], loaded: Loaded) -> dict[str, dict[str, Any]]:
    """Storage keys for the objects and fields of ``loaded``, given the live model and every key ever used.

    ``used`` is, for each object's storage key, all keys that its fields ever had. The same name keeps its key;
    ``was`` takes over the key of the former name; a new name that was ever used as a key gets ``_2``, ``_3`` and
    so on, so that the values and rights of a deleted field never come back with a new one of the same name.
    """
    taken = set(used) | ({one.key for one in old.objects.values()} if old else set())
    found: dict[str, dict[str, Any]] = {}
    documents = [one for one in loaded.documents if one.piece == "object"]
    names = {one.name for one in documents}
    for document in documents:
        was = document.data.get("was")
        before = old.objects.get(document.name) if old else None
        if before is None and old is not None and was and was not in names:
            before = old.object(was)
        key = before.key if before else _free(document.name, taken)
        taken.add(key)
        fields = _field_keys(before, set(used.get(key, ())), document.data.get("fields") or {})
        found[document.name] = {"key": key, "fields": fields}
    return found


def _field_keys(before: ObjectDef | None, used: set[str], fields: Mapping[str, Any]) -> dict[str, str]:
    there = before.fields if before else {}
    taken = used | {one.key for one in there.values()}
    renamed = {
        name: doc["was"]
        for name, doc in fields.items()
        if name not in there and isinstance(doc, Mapping) and doc.get("was") in there
    }
    given: set[str] = set()
    found: dict[str, str] = {}
    for name in fields:
        same = there.get(renamed.get(name, name))
        if name not in renamed and name in renamed.values():
            same = None  # another field says that it was this one: this one is new
        if same is None and before is not None and name not in renamed:
            same = before.former.get(str(fields[name].get("was") if isinstance(fields[name], Mapping) else ""))
        key = same.key if same and same.key not in given else _free(name, taken | given)
        given.add(key)
        found[name] = key
    return found


def _free(name: str, taken: set[str]) -> str:
    """``name``, or ``name_2``, ``name_3`` ... whichever was never used."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
