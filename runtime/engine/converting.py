"""A record becomes other records, as its object says: all of them are made and linked in one transaction, or none.

Everything goes through the one write path with the caller's rights; what he may not read is not copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import (
    Conflict,
    DougongError,
    Forbidden,
    Invalid,
    Message,
    Problem,
    Stale,
    Unavailable,
    unknown,
)
from runtime.base.values import load
from runtime.engine import idempotency, presenting, reading, records
from runtime.engine.access import ObjectAccess, demand_object, guard, object_access, readable
from runtime.engine.drafts import Draft, Evaluator, Marks
from runtime.engine.saving import Options, Written
from runtime.engine.storing import RETRY
from runtime.engine.triggers import stir
from runtime.engine.workspace import TRIES, Session, settled
from runtime.formula.compiler import Compiled
from runtime.kinds.field import BadValue
from runtime.meta.model import Becoming, Conversion, FieldDef
from runtime.store import flows
from runtime.store import records as store
from runtime.store.database import Connection, run

DEFAULT = Options()
FORMULA = "="
NOT_NOW = Message("the record cannot be converted any more", "该记录已不能转化")
NEEDS = Message(
    "new records of this kind wait for an approval, so nothing can be linked to it yet: make it by itself first, and "
    "choose it here when it is in force",
    "此类新建记录须经审批，暂不能关联：请先单独新建，生效后再在此选择",
)
CHOICE = Message(
    'must be {"id": ...} for an existing record, {"values": {...}} for a new one, or null to leave it out',
    '只能是 {"id": ...}（已有记录）、{"values": {...}}（新建）或 null（不产生）',
)
#: What becomes of each link: an ``id``, ``values`` over the declared ones, or None to leave it out.
Choices = Mapping[str, Any]


@dataclass(frozen=True)
class Proposed:
    """What one step of a conversion would make: the declared values as far as they are known before."""

    step: Becoming
    link: FieldDef
    access: ObjectAccess
    values: Mapping[str, Any]
    #: The fields of the new record that somebody may look over first, in the order of its object.
    fields: Sequence[str]
    #: The record that the link holds already, '' for none.
    chosen: str = ""

    @property
    def creates(self) -> bool:
        """True when the caller may make the record."""
        return self.access.may("create")

    @property
    def picks(self) -> bool:
        """True when the caller may choose a record that is there."""
        return self.step.existing and self.access.may("read")


class Again(Exception):
    """Somebody was faster: begin anew with the record as it is now."""


def usable(session: Session, access: ObjectAccess, record: Mapping[str, Any]) -> Iterator[Conversion]:
    """The conversions of a record (on the wire, links bare) that the caller may do now; he may change the record."""
    for one in access.object.conversions.values():
        links = [access.object.fields[step.link] for step in one.into]
        if not all(access.writable(link.name) for link in links):
            continue
        steps = [(step, target_of(session, link)) for step, link in zip(one.into, links, strict=True)]
        may = all(
            step.optional or there.may("create") or (step.existing and there.may("read")) for step, there in steps
        )
        if may and holds(session, access, one, record):
            yield one


def holds(session: Session, access: ObjectAccess, conversion: Conversion, record: Mapping[str, Any]) -> bool:
    """True when the condition of a conversion is met; one that the caller may not know is not."""
    return presenting.conditions(session, access, [conversion.when], record)[conversion.when] is True


def target_of(session: Session, link: FieldDef) -> ObjectAccess:
    """The caller's rights on the object that a link leads to."""
    assert link.relates is not None
    target = session.model.object(link.relates.target_object())
    assert target is not None
    return object_access(session.snapshot, session.person, target)


def found(access: ObjectAccess, name: str) -> Conversion:
    """A conversion by name. Raises Invalid."""
    made = access.object.conversions.get(name)
    if made is None:
        raise Invalid(problems=[unknown(Message("conversion", "转化"), name, access.object.conversions, "unknown")])
    return made


def opened(session: Session, object_name: str, record_id: str, name: str) -> tuple[dict[str, Any], Conversion]:
    """A record on the wire that can be converted now, and how. Raises NotFound, Forbidden, Invalid, Conflict."""
    access = demand_object(session.snapshot, session.person, object_name, "update")
    conversion = found(access, name)
    body, _ = reading.get(session, object_name, record_id, reading.Ask(titled=True, rights=("update",)))
    record: dict[str, Any] = load(body)
    if not record.pop("_may")[0]:
        raise Forbidden(Message("you may not change this record", "您没有权限修改该记录"))
    if not holds(session, access, conversion, record):
        raise Conflict(NOT_NOW, code="not_convertible")
    return record, conversion


def proposed(
    session: Session, access: ObjectAccess, record: Mapping[str, Any], conversion: Conversion
) -> list[Proposed]:
    """What a conversion would make, for somebody to look over."""
    values = Values(session, access, record)
    made = []
    earlier: set[str] = set()
    for step in conversion.into:
        link = access.object.fields[step.link]
        there = target_of(session, link)
        late = {name for name, value in step.values.items() if values.needs(value) & earlier}
        given = values.of(there, {name: value for name, value in step.values.items() if name not in late})
        fields = [
            name for name, one in there.object.fields.items()
            if there.writable(name) and name not in late
            and (name in step.values or (one.required is True and one.default is None))
        ]  # fmt: skip
        held = record.get(step.link) if access.readable(step.link) else None
        made.append(Proposed(step, link, there, given, fields, str(held or "") if step.existing else ""))
        earlier.add(link.key)
    return made


@settled
def convert(
    session: Session, object_name: str, record_id: str, name: str, choices: Choices, options: Options = DEFAULT
) -> Written:
    """Convert a record; itself as it then is.

    Raises NotFound, Forbidden, Stale, Conflict (``not_convertible`` when it cannot be converted now), Invalid; a
    problem of a record that would be made stands at ``link.field``.
    """
    for _ in range(TRIES):
        done = idempotency.replay(session, options, object_name)
        if done is not None:
            return done
        record, conversion = opened(session, object_name, record_id, name)
        if options.version is not None and options.version != record["version"]:
            raise Stale(extra={"version": record["version"]})
        checked(conversion, choices)
        try:
            found = Converting(session, object_name, record, conversion, choices).run(options)
            stir(session)
            return found
        except (Again, pg.DeadlockDetected, pg.SerializationFailure):
            session.settle()
    raise Unavailable(RETRY, extra={"retry_after": 1})


def checked(conversion: Conversion, choices: Choices) -> None:
    """Raise Invalid for a choice that no step has, or of another shape."""
    steps = {one.link: one for one in conversion.into}
    problems = []
    for link, choice in choices.items():
        if link not in steps:
            problems.append(unknown(Message("step", "步骤"), link, steps, "unknown").at(field=link[:100]))
        elif choice is None:
            if not steps[link].optional:
                text = Message("cannot be left out", "不能跳过")
                problems.append(Problem("required", text, field=link))
        elif not shaped(choice):
            problems.append(Problem("type", CHOICE, field=link))
        elif "id" in choice and not steps[link].existing:
            text = Message("an existing record cannot be chosen here", "此处不能选择已有记录")
            problems.append(Problem("choice", text, field=link))
    if problems:
        raise Invalid(problems=problems)


def shaped(choice: Any) -> bool:
    """True for ``{}``, ``{"id": text}`` and ``{"values": {...}}``."""
    if not isinstance(choice, Mapping) or len(choice) > 1:
        return False
    wanted = {"id": str, "values": Mapping}
    return all(name in wanted and isinstance(value, wanted[name]) for name, value in choice.items())


class Converting:
    """One conversion on its way into the database."""

    def __init__(
        self, session: Session, object_name: str, record: dict[str, Any], conversion: Conversion, choices: Choices
    ) -> None:
        self.session = session
        self.access = demand_object(session.snapshot, session.person, object_name)
        self.record = record
        self.conversion = conversion
        self.choices = choices

    def run(self, options: Options) -> Written:
        """All of it, or nothing. Raises what refuses, and Again."""
        name, identity = self.access.object.name, str(self.record["id"])
        with self.session.database.transaction() as connection:
            place = self.session.layout.object(name)
            if not run(connection, store.held(place, identity, self.record["version"], alone=True)):
                raise Again  # Whoever was faster has ended: the record says whether there is anything left to do.
            bound = within(self.session, connection)
            values = Values(bound, self.access, self.record)
            raw: dict[str, Any] = {}
            for step in self.conversion.into:
                identity_made = self.made(bound, step, values)
                if identity_made:
                    raw[step.link] = identity_made
                    values.put(self.access.object.fields[step.link], identity_made)
            raw.update(values.of(self.access, self.conversion.then, every=True))
            return records.update(bound, name, identity, raw, replace(options, version=None))

    def made(self, bound: Session, step: Becoming, values: Values) -> str | None:
        """The id of the record that the link of a step gets, None for none."""
        held = self.record.get(step.link)
        usual: Any = {"id": str(held)} if held and step.existing else {}
        choice = self.choices.get(step.link, usual)
        if choice is None:
            return None
        if choice.get("id"):
            return str(choice["id"])
        there = target_of(bound, self.access.object.fields[step.link])
        try:
            if not there.may("create") and step.optional and step.link not in self.choices:
                return None
            raw = {**values.of(there, step.values), **choice.get("values", {})}
            made = records.create(bound, there.object.name, raw)
            if made.pending is not None:
                raise Conflict(problems=[Problem("needs_approval", NEEDS)], code="needs_approval")
            return made.id
        except DougongError as error:
            raise at(error, step.link) from error


def within(session: Session, connection: Connection) -> Session:
    """The caller's session inside of a transaction."""
    found = Session(session.workspace, user_id=session.user_id, channel=session.channel)
    found.database = flows.Bound(connection)
    return found


def at(error: DougongError, link: str) -> DougongError:
    """A refusal of a record that would be made, told at the link it is made for."""
    problems = list(error.problems) or [Problem(error.code, error.message or error.title)]
    error.problems = [one.at(field=f"{link}.{one.field}" if one.field else link) for one in problems]
    return error


class Values:
    """Declared values of a conversion: literals and formulas over the record, as far as the caller may read it."""

    def __init__(self, session: Session, access: ObjectAccess, record: Mapping[str, Any]) -> None:
        self.session = session
        self.access = access
        fields = access.object.fields.values()
        values = {
            one.key: record[one.name] for one in fields
            if one.stored and access.readable(one.name) and record.get(one.name) not in (None, False, [])
        }  # fmt: skip
        self.draft = Draft(
            str(record["id"]), {}, values=values, before=dict(values), version=int(record["version"]),
            owner=record.get("owner"), owner_before=record.get("owner"), marks=Marks.wired(record), stands=True,
        )  # fmt: skip
        snapshot, person = session.snapshot, session.person
        seen = None if access.everything else partial(guard, snapshot, person)
        self.evaluator = Evaluator(session, access, guard=seen)

    def put(self, link: FieldDef, record_id: str) -> None:
        """A link of the record is known now."""
        self.draft.values[link.key] = record_id

    def compiled(self, source: str) -> Compiled:
        """A formula in which only what the caller may read exists."""
        snapshot, person = self.session.snapshot, self.session.person
        make = partial(
            self.session.formulas.asked, self.access.object.name, source, "default", partial(readable, snapshot, person)
        )
        made: Compiled = self.access.keep(("conversion", source), make)
        return made

    def needs(self, value: Any) -> set[str]:
        """The storage keys of the record's own fields that a value reads."""
        if not is_formula(value):
            return set()
        return {member for key, member in self.compiled(value[1:]).deps if key == self.access.object.key}

    def of(self, there: ObjectAccess, declared: Mapping[str, Any], *, every: bool = False) -> dict[str, Any]:
        """Values for a record of an object, blanks left out; ``every``: also those that the caller may not set."""
        context = self.session.context()
        made: dict[str, Any] = {}
        for name, value in declared.items():
            field = there.object.field(name)
            if field is None:
                if name == "owner" and value is not None:
                    made[name] = self.value(value)
                continue
            if not (every or there.writable(field.name)):
                continue
            raw = self.value(value)
            if raw is None:
                continue
            try:
                made[field.name] = field.kind.clean(raw, context)
            except BadValue:
                continue  # What does not fit is left to whoever converts.
        return made

    def value(self, value: Any) -> Any:
        """A literal, or what a formula gives now; None for blank and for what the caller may not read."""
        if not is_formula(value):
            return value
        compiled = self.compiled(value[1:])
        if not compiled.ok:
            return None
        raw = self.evaluator.values([compiled], [self.draft])[0][0]
        return list(raw) if isinstance(raw, tuple) else raw


def is_formula(value: Any) -> bool:
    """True for a text that begins with ``=``."""
    return isinstance(value, str) and value.startswith(FORMULA)
