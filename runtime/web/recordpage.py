"""What the page of one record shows: sections, lines, related lists, the timeline, rights. It stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.engine import approvals, converting, entering, presenting, reading, trail
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.workspace import Session
from runtime.kinds.field import Choice, Chooses
from runtime.meta.model import Conversion, FieldDef
from runtime.store.ids import is_id
from runtime.web.asked import views_of
from runtime.web.columns import columns_in
from runtime.web.editing import read
from runtime.web.forms import Offers, visible
from runtime.web.layout import Block, Builder, Plan, plan, usual
from runtime.web.lines import LineEditor, Lines
from runtime.web.listing import Listing, Related, related
from runtime.web.shown import Event, Shower, Shown, bare, history, moment
from runtime.web.texts import page_language
from runtime.web.waiting import Waiting, waiting

RELATED = 10
HISTORY = 30
RIGHTS = ("update", "delete", "assign", "share")


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline: a change of the record, or a record that was made for it."""

    at: str
    who: str
    event: Event | None = None
    label: str = ""
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One stage of a record's process."""

    key: str
    label: str
    state: str
    color: str = ""


@dataclass
class RecordPage:
    """The page of one record for one caller."""

    session: Session
    access: ObjectAccess
    record: Mapping[str, Any]
    title: str
    plan: Plan
    known: Mapping[str, bool | None]
    shown: Mapping[str, Shown]
    may: set[str]
    lines: dict[str, Lines] = field(default_factory=dict)
    related: dict[str, tuple[Listing, str]] = field(default_factory=dict)
    timeline: Sequence[Happening] = ()
    older: bool = False
    pinned: bool = False
    path: FieldDef | None = None
    steps: Sequence[Step] = ()
    conversions: Sequence[Conversion] = ()
    waiting: Sequence[Waiting] = ()
    #: True while it is not in force: its coming waits for an approval.
    coming: bool = False

    def seen(self, conditions: Any) -> bool:
        """False when a condition of the form surely does not hold."""
        several = conditions if isinstance(conditions, (list, tuple)) else (conditions,)
        return visible(several, self.known)

    def moment(self, text: str) -> str:
        """An instant where the caller is."""
        return moment(self.session, text)

    @property
    def copies(self) -> bool:
        """True when the caller may make another one like this."""
        return not self.coming and self.access.may("create") and self.access.object.owner_link is None


def opened(session: Session, access: ObjectAccess, record_id: str, planned: Plan | None = None) -> RecordPage:
    """The record's own part of its page. Raises NotFound."""
    if not is_id(record_id):
        raise reading.not_found(access.object)
    made = planned or plan(session, access)
    foresee(session, access, record_id, made)
    record = read(session, access, record_id, RIGHTS)
    fields = access.object.fields
    plain = {key: bare(fields[key], value) if key in fields else value for key, value in record.items()}
    shower = Shower(session, access)
    found = RecordPage(
        session, access, record,
        str(record["_title"]) or access.object.label[page_language()],
        made, presenting.conditions(session, access, made.conditions(), plain),
        {key: shower.value(fields[key], record.get(key)) for key in fields if access.visible(key)},
        {right for right, holds in zip(RIGHTS, record["_may"], strict=True) if holds},
    )  # fmt: skip
    found.path, found.steps = steps_of(access, plain)
    found.coming = "_state" in record
    if found.coming:
        found.may &= {"update"} if entering.may_mend(session, record_id) else set()
    if "update" in found.may and not found.coming:
        found.conversions = list(converting.usable(session, access, plain))
    blocks = {one.relation.name: one for one in found.plan.relations("lines") if one.relation}
    found.waiting = waiting(session, access, record_id, blocks)
    return found


def foresee(session: Session, access: ObjectAccess, record_id: str, made: Plan) -> None:
    """Note what is asked after the record itself, so that it comes along with it."""
    session.database.note([
        *presenting.far_conditions(session, access, made.conditions(), record_id),
        *approvals.asked(session, access.object, record_id),
    ])  # fmt: skip


def whole(session: Session, access: ObjectAccess, record_id: str) -> RecordPage:
    """The whole page: lines, related lists and the timeline too. Raises NotFound."""
    made = plan(session, access)
    made.blocks += Builder(session, access).others(made)
    relations = related_of(session, made, record_id)
    if is_id(record_id):
        session.database.note([
            *(one.question for one, _ in relations.values()),
            trail.asked(session, access, record_id, HISTORY + 1),
        ])  # fmt: skip
    found = opened(session, access, record_id, made)
    editor = LineEditor(session, Offers(session), coming=found.coming)
    found.lines = {
        one.relation.name: editor.read(one, record_id, edit=False)
        for one in found.plan.relations("lines")
        if one.relation
    }
    lists = related(session, [one for one, _ in relations.values()])
    found.related = {
        name: (one, "" if found.coming else new) for one, (name, (_, new)) in zip(lists, relations.items(), strict=True)
    }
    entries = trail.entries(session, access, record_id, HISTORY + 1)
    found.older = len(entries) > HISTORY
    found.timeline = timeline(session, access, entries[:HISTORY], found.related)
    return found


def related_of(session: Session, made: Plan, record_id: str) -> dict[str, tuple[Related, str]]:
    """For each relation of a record's page: its list, and where a new record is made ('' where it may not)."""
    found: dict[str, tuple[Related, str]] = {}
    for block in made.relations("related"):
        relation = block.relation
        if relation is None or relation.name in found:
            continue
        definition = session.model.objects[relation.source]
        access = object_access(session.snapshot, session.person, definition)
        view = next((one for one in views_of(session, relation.source) if one.name == block.view), None)
        named = [str(one["field"]) for one in columns_in(view) if one["field"] != relation.field]
        names = named or usual(access, relation.field)
        new = f"/o/{relation.source}/new?{relation.field}={record_id}" if access.may("create") else ""
        found[relation.name] = (Related(session, access, relation.field, record_id, names, RELATED), new)
    return found


def timeline(
    session: Session,
    access: ObjectAccess,
    entries: Sequence[Mapping[str, Any]],
    lists: Mapping[str, tuple[Listing, str]],
) -> list[Happening]:
    """The changes of the record and the records that were made for it, newest first."""
    spoken = page_language()
    found = [
        (str(entry["at"]), Happening(event.at, event.who, event))
        for entry, event in zip(entries, history(session, access, entries), strict=True)
    ]
    told: set[str] = set()
    for made, _ in lists.values():
        label = in_sentence(made.access.object.label[spoken])
        for line, record in zip(made.lines, made.records, strict=False):
            if line.href in told:
                continue  # It is linked here in more than one way.
            told.add(line.href)
            by = record.get("created_by")
            who = str(by.get("title", "")) if isinstance(by, Mapping) else ""
            title = str(record["_title"])
            at = str(record["created_at"])
            found.append((at, Happening(moment(session, at), who, None, label, title or line.id[:8], line.href)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)][:HISTORY]


def in_sentence(label: str) -> str:
    """A label within a sentence: a word begins small, an abbreviation stays as it is."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def steps_of(access: ObjectAccess, record: Mapping[str, Any]) -> tuple[FieldDef | None, list[Step]]:
    """The first field whose options are steps in an order, with how far the record has come."""
    for one in access.object.fields.values():
        if not isinstance(one.kind, Chooses) or not one.kind.ordered or not access.readable(one.name):
            continue
        choices = list(one.kind.choices())
        keys = [choice.key for choice in choices]
        value = record.get(one.name)
        at = keys.index(value) if value in keys else -1
        over = at >= 0 and bool(choices[at].doc.get("end"))
        steps = [step(choice, number, at, over) for number, choice in enumerate(choices)]
        return one, steps
    return None, []


def step(choice: Choice, number: int, at: int, over: bool) -> Step:
    """One step: done, the present one, or still to come; of the ends only the one that was reached is done."""
    ends = bool(choice.doc.get("end"))
    state = "now" if number == at else "done" if number < at and not ends else "ahead"
    if over and number == at:
        state = "won" if choice.doc.get("end") == "won" else "lost"
    return Step(choice.key, choice.label[page_language()], state, str(choice.doc.get("color") or ""))


def first_blocks(made: Plan) -> list[Block]:
    """The sections that tell most in little room: those before anything else."""
    sections = [one for one in made.blocks if one.what == "section" and not one.collapsed]
    return sections[:2]
