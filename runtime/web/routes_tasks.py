"""The pages of tasks: boxes, one task, one instance, many decided at once, people to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, request

from runtime.base.errors import DougongError
from runtime.engine import flows, taskboxes
from runtime.engine.workspace import Session
from runtime.web import flowpaper, taskpage
from runtime.web.approvals import start_page
from runtime.web.boxes import Asked, box_page, told
from runtime.web.flowchoices import WHOLE
from runtime.web.flowforms import asked, attached, key_of, offered, once, seen_version, sent, signed, take
from runtime.web.http import Services, answer
from runtime.web.render import page
from runtime.web.routes_lists import rights
from runtime.web.routes_one import called
from runtime.web.session import local, page_session
from runtime.web.taskpage import TaskPage, instance_page, task_page
from runtime.web.texts import gettext, page_language
from runtime.web.work import to

OFFERED = 30
#: Refusals that are shown on the page of the task, with what was typed and the state as it is now.
SHOWN = (400, 403, 409, 412, 413, 422, 423, 429)


def blueprint(services: Services) -> Blueprint:
    """The pages of tasks."""
    routes = Blueprint("tasks", __name__, url_prefix="/tasks")

    @routes.get("")
    def many() -> Response:
        session = page_session()
        return page("tasks.html", session, box=box_page(session, Asked.of(request.args)), once=once())

    @routes.post("/batch")
    def batch() -> Response:
        return decided_together(page_session())

    @routes.get("/people")
    def people() -> Response:
        found = offered(page_session(), request.args.get("q", "")[:100], OFFERED)
        return answer({"data": [{"id": one, "title": title} for one, title in found]})

    @routes.route("/start/<workflow>/<object_name>/<record_id>", methods=["GET", "POST"])
    def start(workflow: str, object_name: str, record_id: str) -> Response:
        session, access = rights(object_name)
        return start_page(session, workflow, access, record_id, called(session, access, record_id))

    @routes.route("/<task_id>", methods=["GET", "POST"])
    def one(task_id: str) -> Response:
        session = page_session()
        if request.method == "POST":
            return acted(services, session, task_page(session, task_id, sent()))
        return shown(session, task_page(session, task_id))

    @routes.route("/flows/<instance_id>", methods=["GET", "POST"])
    def instance(instance_id: str) -> Response:
        session = page_session()
        made = instance_page(session, instance_id)
        return acted(services, session, made) if request.method == "POST" else shown(session, made)

    @routes.get("/flows/<instance_id>/history.pdf")
    def history(instance_id: str) -> Response:
        session = page_session()
        return flowpaper.history(session, instance_id, services.contents(session))

    return routes


def shown(session: Session, made: TaskPage) -> Response:
    """The page."""
    record = made.record
    definition = record.access.object if record else session.model.object(made.opened.object_name)
    return page("task.html", session, made.status, flow=made, page=record, object=definition)


def acted(services: Services, session: Session, made: TaskPage) -> Response:
    """A command of the page, carried out or refused with everything that was typed."""
    action = request.form.get("action", "")[:40]
    try:
        carry_out(services, session, made, action)
    except DougongError as error:
        if error.status not in SHOWN:
            raise
        if again(error):
            return to(made.whole_address)
        return refused(session, made, action, error)
    flash(done_words().get(action, gettext("Saved.")))
    return to(local(request.form.get("next")) if request.form.get("next") else made.whole_address)


def carry_out(services: Services, session: Session, made: TaskPage, action: str) -> None:
    """One command with all that came with it. Raises DougongError."""
    opened = made.opened
    args = asked(opened.people)
    version = seen_version()
    if version is not None:
        args["version"] = version
    if made.form is not None and action in taskpage.DECISIONS:
        take(services, session, made.form)
        values = made.form.values(new=False)
        if values:
            args["values"] = values
    if made.lines is not None and action == "submit":
        lines = made.lines.wished()
        if lines:
            args["lines"] = lines
    files = attached(services, session)
    if files:
        args["files"] = files
    made.signature = signed(services, session) or ""
    if made.signature:
        args["signature"] = made.signature
    if action == "remove_signer":
        text = request.form.get("added", "")
        args["added"] = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    task = None if action in WHOLE or opened.task is None else opened.task.id
    flows.act(session, opened.row.id, action, task, args, key_of())


def again(error: DougongError) -> bool:
    """True when the same form came a second time with files of its own: the first one counts."""
    return any(one.code == "idempotency_key" for one in error.problems)


def refused(session: Session, made: TaskPage, action: str, error: DougongError) -> Response:
    """The page as it is now, with what was refused and why; nothing typed is lost."""
    if error.status == 409:
        given, task = request.form, made.task
        fresh = instance_page(session, made.opened.row.id)
        if task is not None:
            fresh = task_page(session, made.opened.ids[task.id], sent())
        fresh.signature = made.signature
        fresh.refuse(action, error, given)
        return shown(session, fresh)
    made.refuse(action, error, request.form)
    return shown(session, made)


def done_words() -> Mapping[str, str]:
    """What is said after a command."""
    return {
        "agree": gettext("You have agreed."), "reject": gettext("You have rejected it."),
        "submit": gettext("It is submitted."), "return": gettext("It is returned."),
        "transfer": gettext("The task is passed on."), "add_sign": gettext("The signers are asked."),
        "withdraw": gettext("It is withdrawn."), "retrieve": gettext("Your decision is taken back."),
        "urge": gettext("They are urged."), "comment": gettext("Your comment stands in the history."),
        "copy": gettext("The copy is sent."), "terminate": gettext("It is ended."),
        "jump": gettext("It goes on at that step."),
        "take_over": gettext("The task is yours again."),
    }  # fmt: skip


def decided_together(session: Session) -> Response:
    """Several tasks of the box decided, and what became of each that was not."""
    action = request.form.get("action", "")
    ids = [one for one in request.form.getlist("id") if one]
    back = local(request.form.get("next") or "/tasks")
    if not ids:
        flash(gettext("Choose tasks first."), "alert")
        return to(back)
    results: Sequence[Mapping[str, Any]]
    try:
        results = taskboxes.batch(session, action, ids, request.form.get("comment", "").strip() or None, key_of())
    except DougongError as error:
        if error.status not in SHOWN:
            raise
        flash(error.detail(page_language()), "alert")
        return to(back)
    return told(session, results, back)
