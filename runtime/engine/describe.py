"""The model as one caller may see it, and checks of formulas that he types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.values import load
from runtime.engine import reading
from runtime.engine.access import ObjectAccess, demand_object, guard, object_access, readable
from runtime.engine.drafts import Draft, Evaluator, Marks
from runtime.engine.workspace import Session
from runtime.formula import diagnostics
from runtime.formula.compiler import CONTEXTS, Compiled
from runtime.formula.evaluate import canonical
from runtime.formula.types import BOOL, DATE, DATETIME, DURATION, NUMBER, TEXT, Type
from runtime.kinds.field import Field
from runtime.meta.model import FieldDef
from runtime.store.ids import new_id

TYPES: Mapping[str, Type] = {
    "text": TEXT, "number": NUMBER, "bool": BOOL, "date": DATE, "datetime": DATETIME, "duration": DURATION,
}  # fmt: skip


def model(session: Session) -> dict[str, Any]:
    """Objects with their fields, and the pieces on objects that the caller may know."""
    objects = {}
    for definition in session.model.objects.values():
        access = object_access(session.snapshot, session.person, definition)
        if access.known:
            objects[definition.name] = object_json(access)
    pieces: dict[str, list[dict[str, Any]]] = {}
    for piece in ("form", "view", "dashboard"):
        pieces[piece] = [
            {"name": one.name, "app": one.app, "label": dict(one.label), "object": name, "document": one.doc}
            for one in session.model.all(piece)
            for name in [present_name(session, one.object)]
            if (name is None or name in objects) and offered(session, name, one.doc)
        ]
    return {
        "version": session.snapshot.version,
        "hash": session.model.hash,
        "apps": {
            one.name: {"label": dict(one.label), "version": one.version, "menu": one.doc.get("menu", [])}
            for one in session.model.apps.values()
        },
        "objects": objects,
        "pieces": pieces,
    }


def present_name(session: Session, name: str | None) -> str | None:
    """What an object that a document names is called now."""
    found = session.model.object(name) if name else None
    return found.name if found else name


def object_json(access: ObjectAccess) -> dict[str, Any]:
    """One object with the fields that the caller may know and what he may do."""
    definition = access.object
    rights = ("create", "read", "update", "delete", "import", "export", "bulk", "assign", "share")
    return {
        "label": dict(definition.label),
        "icon": definition.icon,
        "app": definition.app,
        "owned": definition.owner_link is not None,
        "may": {right: access.may(right) for right in rights},
        "fields": {
            name: field_json(field, access.fields[name], access.writable(name))
            for name, field in definition.fields.items()
            if access.visible(name)
        },
    }


def field_json(field: FieldDef, level: str, writable: bool) -> dict[str, Any]:
    """One field for clients."""
    kind: Field = field.kind
    found: dict[str, Any] = {
        "type": field.type,
        "label": dict(field.label),
        "help": dict(field.help),
        "access": level if level != "write" or writable else "read",
        "required": field.required is True,
        "widget": kind.widget,
        "operators": list(kind.operators) if level != "masked" else [],
        "sortable": kind.sortable and level != "masked",
        "schema": kind.json_schema(),
    }
    if field.relates is not None:
        found["to"] = field.relates.target_object()
    return found


def offered(session: Session, object_name: str | None, doc: Mapping[str, Any]) -> bool:
    """False for a view whose filter, order or columns use a field that the caller may not read."""
    if object_name is None:
        return True
    definition = session.model.objects.get(object_name)
    if definition is None:
        return False
    access = object_access(session.snapshot, session.person, definition)
    source = str(doc.get("filter") or "")
    names = [str(one).lstrip("-+") for one in doc.get("sort") or ()]
    names += [str(one["field"]) if isinstance(one, Mapping) else str(one) for one in doc.get("columns") or ()]
    names += [str(doc["by"])] if doc.get("by") else []
    fields = [field for field in map(definition.field, names) if field]
    if not all(access.readable(field.name) for field in fields):
        return False
    if not source.strip():
        return True
    compiled = session.formulas.asked(
        object_name, source, "filter", lambda one, member: readable(session.snapshot, session.person, one, member), BOOL
    )
    return bool(compiled.ok)


def check_formula(session: Session, body: Mapping[str, Any], language: str | None = None) -> dict[str, Any]:
    """Diagnostics of a formula, its type and hash, and its value for a record where one is asked."""
    spoken = "zh" if (language or session.language).startswith("zh") else "en"
    name, source = body.get("object"), body.get("source")
    context, wanted = body.get("context", "virtual"), body.get("expected_type")
    problems = []
    if not isinstance(name, str):
        problems.append(Problem("type", Message("must be an object's name", "必须是对象名称"), field="object"))
    if not isinstance(source, str):
        problems.append(Problem("type", Message("must be a text", "必须是文本"), field="source"))
    if not isinstance(context, str) or context not in CONTEXTS:
        shown = ", ".join(CONTEXTS)
        problems.append(Problem("choice", Message(f"must be one of {shown}", f"只能是 {shown}"), field="context"))
    if wanted is not None and not (isinstance(wanted, str) and wanted in TYPES):
        shown = ", ".join(TYPES)
        problems.append(Problem("choice", Message(f"must be one of {shown}", f"只能是 {shown}"), field="expected_type"))
    if problems:
        raise Invalid(problems=problems)
    access = demand_object(session.snapshot, session.person, str(name))
    snapshot, person = session.snapshot, session.person
    compiled = session.formulas.asked(
        str(name), str(source), str(context),
        lambda one, member: readable(snapshot, person, one, member),
        TYPES[str(wanted)] if wanted else None, nullable=body.get("nullable") is not False,
    )  # fmt: skip
    way = around(session, access, str(body["field"]), compiled) if body.get("field") else ()
    loop = [diagnostics.make("E_CYCLE", (0, len(str(source))), {"path": " -> ".join(way)})] if way else []
    sound = compiled.ok and not loop
    found: dict[str, Any] = {
        "diagnostics": [
            {"code": one.code, "severity": one.severity, "start": one.start, "end": one.end,
             "message": one.message[spoken], "fix": one.fix}
            for one in (*compiled.diagnostics, *loop)
        ],
        "type": str(compiled.type) if sound else None,
        "hash": compiled.hash if sound else None,
        "value": None,
    }  # fmt: skip
    if sound and body.get("evaluate") and context != "measure":
        draft = draft_of(session, access, body.get("record"))
        evaluator = Evaluator(session, access, guard=lambda binder: guard(snapshot, person, binder))
        value = evaluator.values([compiled], [draft])[0][0]
        found["value"] = canonical(value, compiled.type)
    return found


def around(session: Session, access: ObjectAccess, name: str, compiled: Compiled) -> Sequence[str]:
    """The way from a computed field with this formula back to itself, () when there is none or it may not be known."""
    objects = {one.key: one for one in session.model.objects.values()}
    own = access.object.fields.get(name)
    goal = (access.object.key, own.key if own else name)
    start = [f"{access.object.name}.{name}"]
    waiting = [(one, start) for one in sorted(compiled.deps)]
    seen = set()
    while waiting:
        node, way = waiting.pop()
        definition = objects.get(node[0])
        if definition is None or node in seen:
            continue
        seen.add(node)
        field = definition.by_key.get(node[1])
        here = [*way, f"{definition.name}.{field.name if field else node[1]}"]
        if node == goal:
            return here
        if (field is not None and field.computed is not None
                and readable(session.snapshot, session.person, definition.name, field.name)):  # fmt: skip
            needed = session.formulas.computed(definition.name, field.name)
            waiting += [(one, here) for one in sorted(needed.deps)]
    return ()


def draft_of(session: Session, access: ObjectAccess, record_id: Any) -> Draft:
    """A record to try a formula on: a stored one, or one whose fields are blank."""
    if record_id is None:
        return Draft(new_id(), {})
    body, version = reading.get(session, access.object.name, str(record_id))
    wire = load(body)
    values = {
        field.key: wire[field.name]
        for field in access.object.fields.values()
        if field.stored and access.readable(field.name) and wire.get(field.name) not in (None, False, [])
    }
    return Draft(wire["id"], {}, values=values, before=dict(values), version=version, owner=wire.get("owner"),
                 owner_before=wire.get("owner"), marks=Marks.wired(wire), stands=True)  # fmt: skip
