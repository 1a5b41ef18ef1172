"""The approval bar of a record's page: what runs on it, who is asked, what may be started; how workflows are begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from flask import Response, flash, request

from runtime.base.errors import DougongError, NotFound
from runtime.engine import approvals, flows, locks, presenting
from runtime.engine.access import ObjectAccess
from runtime.engine.approvals import Chooser, Standing
from runtime.engine.directory import everybody
from runtime.engine.flow.state import PENDING
from runtime.engine.workspace import Session
from runtime.meta.model import ObjectDef
from runtime.store.ids import is_id
from runtime.web.flowforms import key_of, once, seen_version
from runtime.web.flowwords import TONES, at_moment, flow_label, joined, state_word, step_label
from runtime.web.forms import sentences, visible
from runtime.web.render import page
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

#: Rights that a held record gives nobody.
HELD = ("update", "delete")
#: More buttons beside "Save" than these confuse.
OFFERED = 2
SHOWN = (400, 403, 404, 409, 422)


@dataclass(frozen=True)
class Running:
    """One instance in words."""

    href: str
    flow: str
    word: str
    tone: str
    at: str
    steps: str = ""
    people: str = ""
    task: str = ""
    withdraw: bool = False
    urge: bool = False


@dataclass(frozen=True)
class Start:
    """A workflow that may be started."""

    name: str
    label: str
    href: str
    #: False for one that asks nobody: it is done at once.
    asks: bool = True


@dataclass
class Bar:
    """All of it for one record."""

    running: Sequence[Running] = ()
    ended: Sequence[Running] = ()
    starts: Sequence[Start] = ()
    #: Why nobody may change the record now, '' when it may be changed.
    locked: str = ""
    #: The page of the approval that keeps the record, once it is over.
    kept: str = ""
    fields: str = ""
    once: str = field(default_factory=once)


def bar(session: Session, access: ObjectAccess, record_id: str, may: set[str]) -> Bar | None:
    """The bar, None for objects that no workflow is about; ``may`` loses what a held record does not allow."""
    if not approvals.concerned(session, access.object):
        return None
    name = access.object.name
    found = approvals.of_record(session, name, record_id)
    made = Bar()
    made.running = [running(session, one) for one in found if one.state.is_open]
    made.ended = [running(session, one) for one in found if not one.state.is_open]
    held = locks.holding(session, access.object, [record_id], lent=True).get(record_id)
    forces = "delete" in may and session.person.administrator
    if held is not None:
        lock = held.doc.get("lock", "record")
        if held.goes:
            made.locked = held.said(session).text(page_language())
            may.difference_update({*HELD, "assign"})
        elif held.waits:
            may.discard("delete")  # The fields that wait are told beside their values.
        elif isinstance(lock, dict):
            known = [one for one in lock.get("fields", ()) if one in access.object.fields and access.visible(one)]
            made.fields = joined([access.object.fields[one].label[page_language()] for one in known])
        elif lock != "none":
            made.kept = f"/tasks/flows/{held.instance}" if held.over else ""
            made.locked = (
                gettext("It was approved and stays as it was, until the approval is revoked.")
                if held.over
                else gettext("It cannot be changed until the workflow has ended.")
            )
            may.difference_update(HELD)
    if forces:
        may.add("delete")  # By force: the page says what ends with it.
    if not any(one.state.is_open and one.kind in ("normal", "proposal") for one in found):
        starts = approvals.startable(session, access.object, record_id, "update" in may)
        made.starts = [
            Start(one.name, flow_label(one), f"/tasks/start/{one.name}/{name}/{record_id}", not one.silent)
            for one in starts
        ]
    return made


def running(session: Session, one: Standing) -> Running:
    """One instance in words."""
    state = one.state
    runs = [run for run in state.active() if run.path or state.state == "returned"]
    steps = [step_label(one.definition.by_name.get(run.node)) for run in runs]
    people = everybody(session.snapshot).users
    asked = [task.assignee for task in state.tasks.values() if task.state in PENDING and task.state == "open"]
    names = [people[each].title for each in dict.fromkeys(asked) if each in people]
    return Running(
        f"/tasks/flows/{one.id}", flow_label(one.definition), state_word(state.state), TONES.get(state.state, "gray"),
        at_moment(session, one.ended or one.created), joined(list(dict.fromkeys(steps))), joined(names),
        f"/tasks/{one.task}" if one.task else "", "withdraw" in one.actions, "urge" in one.actions,
    )  # fmt: skip


def start_page(session: Session, workflow: str, access: ObjectAccess, record_id: str, title: str) -> Response:
    """Starting a workflow: its people where they are to be chosen, else at once. Raises NotFound."""
    piece = session.model.piece("workflow", workflow)
    if piece is None or session.model.object(str(piece.object)) is not access.object or not is_id(record_id):
        raise NotFound()
    name = access.object.name
    flow = flows.live_definition(session, workflow)[1]
    choosers = approvals.choosers(session, name, record_id, flow)
    message, status, version = "", 200, seen_version()
    wrong: list[str] = []
    choice = {one.name: [each for each in request.form.getlist(f"choice-{one.name}") if each] for one in choosers}
    if request.method == "POST" and ("begin" in request.form or not choosers):
        try:
            flows.start(session, workflow, name, record_id, choice=choice, key=key_of(), version=version)
        except DougongError as error:
            if error.status not in SHOWN:
                raise
            message, status = error.detail(page_language()), error.status
            wrong = to_mend(error, access.object)
            version = error.extra.get("version", version)
        else:
            done = gettext("Done: %(flow)s") % {"flow": flow_label(flow)}
            flash(done if flow.silent else gettext("It is submitted."))
            return to(f"/o/{name}/{record_id}")
    return page(
        "flow_start.html", session, status, object=access.object, id=record_id, title=title, flow=flow_label(flow),
        help=piece.doc.get("help") or {}, workflow=workflow, choosers=shown(choosers), choice=choice, message=message,
        wrong=wrong, once=once(), version=version, asks=not flow.silent,
    )  # fmt: skip


def to_mend(error: DougongError, definition: ObjectDef) -> list[str]:
    """What is wrong with the record itself, by the labels of its fields; nothing where something else was refused."""
    own = [one for one in error.problems
           if not one.field or definition.field(one.field) or one.field.startswith("lines.")]  # fmt: skip
    return sentences(own, definition) if len(own) == len(error.problems) else []


def shown(choosers: Sequence[Chooser]) -> list[tuple[str, str, int, int, Sequence[tuple[str, str]]]]:
    """(name, label, at least, at most, people) of the steps whose people are chosen."""
    return [
        (one.name, step_label(one.definition.by_name.get(one.name)), one.least, one.most, one.people)
        for one in choosers
    ]


def after_saving(session: Session, access: ObjectAccess, record_id: str, workflow: str) -> Response:
    """A record was stored with the wish to submit it: it is, or it is said why not."""
    name = access.object.name
    if workflow not in approvals.manual(session, access.object):
        raise NotFound()
    flow = flows.live_definition(session, workflow)[1]
    if approvals.choosers(session, name, record_id, flow):
        return to(f"/tasks/start/{workflow}/{name}/{record_id}")
    try:
        flows.start(session, workflow, name, record_id)
    except DougongError as error:
        if error.status not in SHOWN:
            raise
        said = {"why": " ".join(to_mend(error, access.object)) or error.detail(page_language())}
        flash(gettext("It is saved, but not submitted: %(why)s") % said, "alert")
    else:
        flash(gettext("It is saved and submitted."))
    return to(f"/o/{name}/{record_id}")


def submits(session: Session, access: ObjectAccess, record: Mapping[str, Any] | None, *, new: bool) -> list[Start]:
    """The workflows that a form offers to start when it is saved: those whose condition may hold for the record.

    One that asks nobody is no submission, its button stands on the record's page.

    ``record`` is it with the ids of its links, or what a ``new`` one begins with.
    """
    if not access.may("read") or not approvals.concerned(session, access.object):
        return []
    pieces = {one: session.model.pieces["workflow"][one] for one in approvals.manual(session, access.object)}
    whens = {name: (one.doc.get("start") or {}).get("when", True) for name, one in pieces.items()}
    said = [one for one in whens.values() if isinstance(one, str)]
    known = presenting.conditions(session, access, said, record, new=new)
    fit = (name for name, when in whens.items() if visible((when,), known))
    names = islice((one for one in fit if not flows.live_definition(session, one)[1].silent), OFFERED)
    return [Start(one, pieces[one].label[page_language()], "") for one in names]
