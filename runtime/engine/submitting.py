"""What somebody submits keeps every rule as it stands, also those that were published after it was stored.

Asked when a person starts a workflow or submits again. What begins by itself (an event, a step of another workflow)
goes on: nobody stands before it who could mend the record, and a workflow that never began would mend nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.sqltext import EMPTY, ident
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft, stored_draft
from runtime.engine.prepare import Preparation
from runtime.engine.workspace import Session
from runtime.meta.model import FieldDef, ObjectDef
from runtime.store import batches, flows
from runtime.store.binder import Frame, TableBinder
from runtime.store.database import Connection

#: So many are told at once.
MOST = 50
UNSEEN = Message(
    "something that you may not see does not keep the rules; an administrator must look at it",
    "有您无权查看的内容不符合规则，请联系管理员处理",
)
OTHERS = Message("you may not set it; an administrator must look at it", "您不能修改，请联系管理员处理")


def demand(session: Session, connection: Connection, object_name: str, stored: Draft) -> None:
    """Raise Invalid where a record, or a line of it, does not keep every rule.

    ``session``: that of who submits, whose rights say what he is told. ``stored``: the record in this transaction.
    """
    asking = copy(session)
    asking.database = flows.Looking(connection)
    definition = asking.model.objects[object_name]
    access = object_access(asking.snapshot, asking.person, definition)
    draft = replace(stored, raw={}, problems=[])
    Preparation(asking, access, trusted=True).standing([draft])
    found = [told(access, one) for one in draft.problems]
    found += of_lines(asking, definition, {draft.id: Above()})
    if found:
        raise Invalid(problems=list(dict.fromkeys(found))[:MOST])


@dataclass(frozen=True)
class Above:
    """What lines belong to: its place in the request and what it is called; nothing of either for the record itself.

    ``place`` is None where a link without ``reverse`` leads there: its lines have no name to be addressed by.
    """

    place: tuple[str, ...] | None = ()
    called: Message | None = None

    def line(self, relation: str | None, definition: ObjectDef, draft: Draft) -> Above:
        """The same of one of its lines."""
        place = None if self.place is None or relation is None else (*self.place, "lines", relation, draft.id)
        label = definition.label
        en, zh = f"{label['en']} {draft.title!r}", f"{label['zh']}“{draft.title}”"
        if self.called is not None:
            en, zh = f"{self.called.en}, {en}", f"{self.called.zh}，{zh}"
        return Above(place, Message(en, zh))


def told(access: ObjectAccess, problem: Problem) -> Problem:
    """A problem as the person may know of it: nothing of what he may not read, and that others mend what he may not."""
    field = access.object.field(problem.field) if problem.field else None
    if field is None:
        return problem
    if not access.readable(field.name):
        return Problem("unseen", UNSEEN)
    if access.writable(field.name):
        return problem
    said = Message(
        f"{problem.message.en} ({OTHERS.en})",
        f"{problem.message.zh}（{OTHERS.zh}）",
    )
    return replace(problem, message=said)


def of_lines(session: Session, owner: ObjectDef, above: Mapping[str, Above]) -> Iterator[Problem]:
    """What is wrong with the lines of records and with the lines of those, each told with what it is called."""
    for definition, link in session.model.links_to.get(owner.name, ()):
        if not link.owned or not above:
            continue
        access = object_access(session.snapshot, session.person, definition)
        drafts = lines(session, access, link, list(above))
        preparation = Preparation(session, access, trusted=True)
        preparation.standing(drafts)
        deeper = any(one.owned for _, one in session.model.links_to.get(definition.name, ()))
        preparation.titles(drafts if deeper else [one for one in drafts if not one.ok])
        relation = str(link.doc["reverse"]) if link.doc.get("reverse") else None
        known = {}
        for draft in drafts:
            known[draft.id] = here = above[draft.values[link.key]].line(relation, definition, draft)
            for one in draft.problems:
                problem = told(access, one)
                yield problem if problem.message is UNSEEN else in_line(here, definition, problem)
        if deeper:
            yield from of_lines(session, definition, known)


def in_line(here: Above, definition: ObjectDef, problem: Problem) -> Problem:
    """The problem of a line, at its place in the record."""
    where, field = here.called, definition.field(problem.field) if problem.field else None
    assert where is not None
    if field is not None:
        where = Message(f"{where.en}, {field.label['en']}", f"{where.zh}，{field.label['zh']}")
    said = Message(f"{where.en}: {problem.message.en}", f"{where.zh}：{problem.message.zh}")
    place = None if here.place is None else ".".join([*here.place, *([problem.field] if problem.field else [])])
    return replace(problem, field=place, message=said)


def lines(session: Session, access: ObjectAccess, link: FieldDef, owners: Sequence[str]) -> Sequence[Draft]:
    """The lines of records as they are stored."""
    place = session.layout.object(access.object.name)
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    column = ident(place.places[link.key].column or "")
    statement = batches.find_by(place, binder.alias, frame.sql(), column, "uuid", owners, [EMPTY])
    rows = session.database.rows(frame.finish(statement))
    found = [stored_draft(place, row[1:6], row[-5:], {}, stands=True) for row in rows]
    return sorted(found, key=lambda one: one.id)
