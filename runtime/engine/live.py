"""The formulas of a form for the browser: which it can compute by itself, in which order, from which values.

What asks for records that the page has not, or for fields that the caller may not read, stays on the server: the
form asks for the value. Nothing here decides a right or checks a rule; saving does that again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from runtime.base.errors import Unavailable
from runtime.engine import storing
from runtime.engine.access import ObjectAccess, guard, object_access, readable
from runtime.engine.drafts import Draft, Evaluator
from runtime.engine.saving import Options
from runtime.engine.workspace import Session
from runtime.formula import browser
from runtime.formula.compiler import Compiled
from runtime.formula.scope import Slot
from runtime.formula.tree import SlotRef
from runtime.formula.types import BOOL, Type
from runtime.kinds.field import BadValue, Context
from runtime.meta.model import FieldDef, Reverse
from runtime.meta.scope import ModelScope
from runtime.store.ids import is_id, new_id

#: The record itself; the lines of a relation have its name.
MAIN = ""
MOST = 500


@dataclass(frozen=True)
class Wanted:
    """What a form shows: fields, lines with their columns, sources of conditions."""

    names: tuple[str, ...]
    lines: tuple[tuple[Reverse, tuple[str, ...]], ...]
    #: (place, source)
    conditions: tuple[tuple[str, str], ...]


@dataclass
class Plan:
    """All formulas of a form in an order in which each comes after what it uses. Places are MAIN or a relation."""

    data: dict[str, Any]
    compiled: list[Compiled] = field(default_factory=list)
    #: The storage keys whose values the page sends along, by place, with their types.
    needs: dict[str, dict[str, Type]] = field(default_factory=dict)
    #: What is asked of linked records, by place, link and path.
    paths: dict[str, dict[str, dict[str, Slot]]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> dict[tuple[str, str], int]:
        """The number of each condition, (place, source), that the browser can follow."""
        conditions = self.data["conditions"]
        return {key: number for number, (key, formula) in enumerate(conditions.items()) if formula is not None}

    @property
    def idle(self) -> bool:
        """True when there is nothing to compute."""
        return not (self.data["nodes"] or self.data["rules"] or any(self.data["conditions"].values()))


def plan(session: Session, access: ObjectAccess, wanted: Wanted, context: Context) -> Plan:
    """The formulas of a form for one caller, found once for his rights."""
    key = ("live", wanted.names, tuple((one.name, names) for one, names in wanted.lines), wanted.conditions, context)
    return access.keep(key, lambda: _Planner(session, access, wanted, context).run())


class _Planner:
    def __init__(self, session: Session, access: ObjectAccess, wanted: Wanted, context: Context) -> None:
        self.session = session
        self.wanted = wanted
        self.context = context
        self.at = {MAIN: access}
        self.parents: dict[str, str] = {}
        self.members: dict[str, str] = {}
        for relation, _ in wanted.lines:
            source = session.model.objects[relation.source]
            self.at[relation.name] = object_access(session.snapshot, session.person, source)
            link = source.fields[relation.field].key
            self.parents[relation.name] = link
            self.members[f"{source.key}.{link}"] = relation.name
        self.done: set[tuple[str, str]] = set()
        self.plan = Plan({"nodes": [], "rules": [], "conditions": {}, "fields": {}, "lines": {}})

    def run(self) -> Plan:
        data, wanted = self.plan.data, self.wanted
        for at in self.at:
            self.plan.needs[at], self.plan.paths[at] = {}, {}
        for name in wanted.names:
            self.member(MAIN, self.at[MAIN].object.fields[name].key)
        for relation, names in wanted.lines:
            for name in names:
                self.member(relation.name, self.at[relation.name].object.fields[name].key)
        for at, source in wanted.conditions:
            data["conditions"][at, source] = self.formula(at, self.asked(at, source, "condition"))
        for at, access in self.at.items():
            for rule in access.object.validations:
                formula = self.formula(at, self.asked(at, rule.valid, "validation"))
                if formula is not None:
                    own = access.object.field(rule.field) if rule.field else None
                    message = rule.message["zh" if self.context.language.startswith("zh") else "en"]
                    place = own.name if own else None
                    data["rules"].append({"at": at, "formula": formula, "field": place, "message": message})
        for at, access in self.at.items():
            data["fields"][at] = {key: self.described(access, key) for key in sorted(self.used(at))}
        for relation, _ in wanted.lines:
            data["lines"][relation.name] = {
                "member": next(key for key, name in self.members.items() if name == relation.name),
                "parent": self.parents[relation.name],
            }
        return self.plan

    def used(self, at: str) -> set[str]:
        """The keys of the stored fields that formulas of a place read."""
        by_key = self.at[at].object.by_key
        return {key for key in self.plan.needs[at] if key in by_key}

    def described(self, access: ObjectAccess, key: str) -> dict[str, Any]:
        """A field as the script needs it."""
        one = access.object.by_key[key]
        found = {"name": one.name, "t": self.type(access, key).name, **one.kind.live(self.context)}
        if found.get("zone", self.session.env().tz) != self.session.env().tz:
            found["reads"] = "ask"  # The caller lives in another zone than the formulas.
        return found

    def type(self, access: ObjectAccess, key: str) -> Type:
        """The type of a member in formulas."""
        own = access.object.by_key.get(key)
        found = ModelScope(self.session.model, access.object.name).member(own.name if own else key)
        assert found is not None
        return found.type

    # -- walking ----------------------------------------------------------------------------------------

    def member(self, at: str, key: str) -> None:
        """A field or property that something reads."""
        if (at, key) in self.done:
            return
        self.done.add((at, key))
        access = self.at[at]
        own = access.object.by_key.get(key)
        if own is None:
            self.plan.needs[at][key] = self.type(access, key)
            return
        self.plan.needs[at][key] = self.type(access, key)
        if own.computed is not None:
            compiled = self.session.formulas.computed(access.object.name, own.name)
            if compiled.ok:
                self.node(at, own, compiled, remote=at == MAIN)
        elif own.default is not None and own.stored:
            self.default(at, own)

    def default(self, at: str, own: FieldDef) -> None:
        """What a blank input of a new record stands for."""
        raw = own.default
        if isinstance(raw, str) and raw.startswith("="):
            compiled = self.session.formulas.get(self.at[at].object.name, raw[1:], "default")
            if compiled.ok:
                self.node(at, own, compiled, default=True)
            return
        try:
            stored = own.kind.clean(raw, self.context)
        except BadValue:
            return
        if stored is not None:
            value = browser.plain(own.kind.typed(stored), self.type(self.at[at], own.key))
            self.plan.data["nodes"].append({"at": at, "key": own.key, "default": True, "value": value})

    def node(self, at: str, own: FieldDef, compiled: Compiled, *, default: bool = False, remote: bool = False) -> None:
        formula = self.formula(at, compiled)
        if formula is None and default:
            return
        made: dict[str, Any] = {"at": at, "key": own.key}
        if default:
            made["default"] = True
        if formula is not None:
            made["formula"] = formula
        elif remote:
            # The server computes it again when one of these changes.
            heads = {slot.path[0] for slot in compiled.slots if slot.kind == "field" and slot.type.name != "children"}
            made["remote"] = sorted(one for one in heads if self.may(self.at[at].object.key, one))
        self.plan.data["nodes"].append(made)

    def asked(self, at: str, source: str, context: str) -> Compiled:
        """A condition or rule in which only what the caller may read exists."""
        snapshot, person = self.session.snapshot, self.session.person
        return self.session.formulas.asked(
            self.at[at].object.name, source, context, lambda one, name: readable(snapshot, person, one, name), BOOL
        )

    def formula(self, at: str, compiled: Compiled) -> dict[str, Any] | None:
        """The formula for the browser with all it reads, None when only the server can compute it."""
        if not compiled.ok or not self.near(at, compiled):
            return None
        for index, slot in enumerate(compiled.slots):
            if slot.type.name == "children":
                for inner in compiled.inner.get(index, ()):
                    self.reach(self.members[slot.path[0]], inner)
            elif slot.kind == "meta":
                if len(slot.path) > 1:
                    self.member(at, slot.path[1])
            else:
                self.reach(at, slot)
        self.plan.compiled.append(compiled)
        return browser.formula(compiled)

    def reach(self, at: str, slot: Slot) -> None:
        """Note where the value of an input comes from."""
        head, *rest = slot.path
        if rest and self.parents.get(at) == head:
            self.reach(MAIN, replace(slot, path=tuple(rest), hops=slot.hops[1:], root=""))
            return
        self.member(at, head)
        if rest:
            self.plan.paths[at].setdefault(head, {})["/".join(rest)] = replace(slot, root="")

    def near(self, at: str, compiled: Compiled) -> bool:
        """True when the page has, or may ask for, all that the formula reads."""
        if browser.needs_server(compiled) or not all(self.may(one, member) for one, member in compiled.deps):
            return False
        for slot in compiled.slots:
            if slot.type.name == "children":
                if at != MAIN or len(slot.path) > 1 or slot.path[0] not in self.members:
                    return False
            elif slot.kind == "field" and len(slot.path) > 1 and self.parents.get(at) != slot.path[0]:
                own = self.at[at].object.by_key.get(slot.path[0])
                if own is None or not own.stored:
                    return False
        return True

    def may(self, object_key: str, member: str) -> bool:
        """True when the caller may know what the formula looks at."""
        name = self.session.layout.names.get(object_key, object_key)
        definition = self.session.model.objects.get(name)
        own = definition.by_key.get(member) if definition else None
        return readable(self.session.snapshot, self.session.person, name, own.name if own else member)


# -- values -----------------------------------------------------------------------------------------------


def values(
    plan: Plan, at: str, access: ObjectAccess, record: Mapping[str, Any] | None, user: str | None
) -> dict[str, Any]:
    """The values of a record on the wire (links bare), by storage key, as they travel; None: of a new record."""
    found: dict[str, Any] = {}
    for key, t in plan.needs[at].items():
        own = access.object.by_key.get(key)
        if own is None:
            found[key] = browser.plain(_property(key, record, user), t) if t.name != "number" else None
        elif record is not None and access.readable(own.name):
            stored = record.get(own.name)
            found[key] = None if stored in (None, [], "") else browser.plain(own.kind.typed(stored), t)
    return found


def _property(key: str, record: Mapping[str, Any] | None, user: str | None) -> Any:
    if key in ("updated_by", "owner", "created_by") and (record is None or key == "updated_by"):
        return user
    value = (record or {}).get(key)
    return value.get("id") if isinstance(value, Mapping) else value


# -- answers ----------------------------------------------------------------------------------------------


def linked(
    session: Session, plan: Plan, at: str, access: ObjectAccess, link: str, ids: Sequence[str]
) -> dict[str, Any]:
    """What formulas ask of linked records, by id and path, as far as the caller may read those records."""
    slots = plan.paths[at].get(link, {})
    wanted = [one for one in dict.fromkeys(ids) if is_id(one)][:MOST]
    if not slots or not wanted:
        return {}
    snapshot, person = session.snapshot, session.person
    evaluator = Evaluator(session, access, guard=None if access.everything else lambda at: guard(snapshot, person, at))
    drafts = [Draft(new_id(), {}, values={link: one}, owner=session.user_id) for one in wanted]
    columns = evaluator.values([_reading(slot) for slot in slots.values()], drafts)
    return {
        one: {
            path: browser.plain(column[number], slot.type)
            for (path, slot), column in zip(slots.items(), columns, strict=True)
        }
        for number, one in enumerate(wanted)
    }


def _reading(slot: Slot) -> Compiled:
    """A formula that is one input."""
    body = SlotRef(t=slot.type, nul=True, index=0)
    return Compiled("", "virtual", (), type=slot.type, ir=body, slots=(slot,), local=False)


def spelled(access: ObjectAccess, name: str, text: str, context: Context) -> dict[str, Any]:
    """What a text in an input means: its value as it travels, or why it is none."""
    own = access.object.fields.get(name)
    if own is None or not access.writable(name):
        return {"value": None}
    try:
        stored = own.kind.clean(own.kind.parse(text, context), context) if text.strip() else None
    except BadValue as error:
        return {"error": error.message.text("zh" if context.language.startswith("zh") else "en")}
    return {"value": None if stored is None else browser.plain(own.kind.typed(stored), own.kind.type())}


def computed(
    session: Session, plan: Plan, access: ObjectAccess, names: Iterable[str], given: Mapping[str, Any],
    record_id: str | None, context: Context,
) -> dict[str, Any]:  # fmt: skip
    """The values, by storage key, of computed fields that only the server can compute, for a record as it stands in
    a form: ``given`` are raw values, what is stored stands behind them. Raises NotFound, Forbidden."""
    draft = stored(session, access, record_id) if record_id else Draft(new_id(), {}, owner=session.user_id)
    for name, raw in given.items():
        own = access.object.fields.get(name)
        if own is not None and access.writable(name):
            put(draft, own, raw, context)
    remote = {one["key"] for one in plan.data["nodes"] if "remote" in one}
    asked = [access.object.by_key[key] for key in dict.fromkeys(names) if key in remote]
    asked = [one for one in asked if access.readable(one.name)]
    compiled = [session.formulas.computed(access.object.name, one.name) for one in asked]
    columns = Evaluator(session, access).values(compiled, [draft])
    found = zip(asked, compiled, columns, strict=True)
    return {one.key: browser.plain(column[0], made.type) for one, made, column in found}


def stored(session: Session, access: ObjectAccess, record_id: str) -> Draft:
    """The record with all its values: a computed field that is exposed may read what the caller may not."""
    found = storing.read_draft(session, access, record_id, {}, Options())
    if found is None:  # The session had to be renewed.
        found = storing.read_draft(session, access, record_id, {}, Options())
    if found is None:
        raise Unavailable()
    return found


def put(draft: Draft, own: FieldDef, raw: Any, context: Context) -> None:
    """One value as an input has it; what cannot be read counts as blank."""
    value = None
    if raw not in (None, "", []):
        try:
            value = own.kind.clean(own.kind.parse(raw, context) if isinstance(raw, str) else raw, context)
        except BadValue:
            value = None
    if value in (None, False, []):
        draft.values.pop(own.key, None)
    else:
        draft.values[own.key] = value
