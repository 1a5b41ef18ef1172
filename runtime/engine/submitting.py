"""What somebody submits keeps every rule as it stands, also those that were published after it was stored.

Asked when a person starts a workflow or submits again. What begins by itself (an event, a step of another workflow)
goes on: nobody stands before it who could mend the record, and a workflow that never began would mend nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.sqltext import EMPTY, ident
from runtime.base.values import load
from runtime.engine.access import ObjectAccess, object_access
from runtime.engine.drafts import Draft
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
    for relation in asking.model.reverses.get(object_name, {}).values():
        if relation.owned:
            found += of_lines(asking, relation.name, asking.model.objects[relation.source], draft.id)
    if found:
        raise Invalid(problems=list(dict.fromkeys(found))[:MOST])


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


def of_lines(session: Session, relation: str, definition: ObjectDef, record_id: str) -> Iterator[Problem]:
    """What is wrong with the lines of a record, each told with what it is called."""
    link = definition.owner_link
    assert link is not None
    access = object_access(session.snapshot, session.person, definition)
    drafts = lines(session, access, link, record_id)
    preparation = Preparation(session, access, trusted=True)
    preparation.standing(drafts)
    wrong = [one for one in drafts if not one.ok]
    preparation.titles(wrong)
    for draft in wrong:
        for one in draft.problems:
            problem = told(access, one)
            yield problem if problem.message is UNSEEN else in_line(relation, definition, draft, problem)


def in_line(relation: str, definition: ObjectDef, draft: Draft, problem: Problem) -> Problem:
    """The problem of a line, at its place in the record."""
    field = definition.field(problem.field) if problem.field else None
    called, label = definition.label, field.label if field else None
    where = Message(f"{called['en']} {draft.title!r}", f"{called['zh']}“{draft.title}”")
    if label is not None:
        where = Message(f"{where.en}, {label['en']}", f"{where.zh}，{label['zh']}")
    said = Message(f"{where.en}: {problem.message.en}", f"{where.zh}：{problem.message.zh}")
    place = ("lines", relation, draft.id, *([problem.field] if problem.field else []))
    return replace(problem, field=".".join(place), message=said)


def lines(session: Session, access: ObjectAccess, link: FieldDef, record_id: str) -> Sequence[Draft]:
    """The lines of a record as they are stored."""
    place = session.layout.object(access.object.name)
    frame = Frame()
    binder = TableBinder(session.layout, session.formulas, access.object.name, frame.alias(), frame, session.env())
    column = ident(place.places[link.key].column or "")
    statement = batches.find_by(place, binder.alias, frame.sql(), column, "uuid", [record_id], [EMPTY])
    found = []
    for row in session.database.rows(frame.finish(statement)):
        everything = {**load(row[4]), **(load(row[5]) if row[5] else {})}
        values = {key: value for key, value in everything.items() if key in place.places}
        found.append(Draft(row[1], {}, values=dict(values), before=values, version=row[2], owner=row[3],
                           owner_before=row[3]))  # fmt: skip
    return sorted(found, key=lambda one: one.id)
