"""Tasks and workflows over the API."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from runtime.base.errors import Malformed, Message
from runtime.engine import flows, migrating, previews, taskboxes, tasks
from runtime.engine.workspace import Session
from runtime.web import flowpaper
from runtime.web.call import json_of
from runtime.web.direct import LONGEST_KEY
from runtime.web.http import Services, answer, body, flag, session_of, whole


def add(routes: Blueprint, services: Services) -> None:
    """The routes of tasks and workflows."""
    largest = services.settings.largest_body

    @routes.get("/tasks")
    def listing() -> Response:
        limit = whole("limit", request.args["limit"]) if request.args.get("limit") else 50
        asked = {name: request.args.get(name, "") for name in ("workflow", "q")}
        overdue = flag("overdue", request.args.get("overdue", ""))
        found = taskboxes.listing(
            session_of(services), request.args.get("box", "todo"), request.args.get("cursor"), limit, **asked,
            overdue=overdue,
        )  # fmt: skip
        return answer(found)

    @routes.post("/tasks/batch")
    def batch() -> Response:
        session = session_of(services)
        args = sent(largest)
        ids = args.get("tasks")
        said = args.get("comment")
        if not isinstance(ids, list) or not isinstance(said, (str, type(None))):
            raise Malformed(Message("send action and a list of tasks", "请提供 action 和任务列表 tasks"))
        return answer({"data": taskboxes.batch(session, str(args.get("action")), ids, said, key())})

    @routes.get("/tasks/<task_id>")
    def task(task_id: str) -> Response:
        return answer(tasks.one(session_of(services), task_id))

    @routes.post("/tasks/<task_id>/<action>")
    def act(task_id: str, action: str) -> Response:
        session = session_of(services)
        args = sent(largest)
        found = tasks.find(session, task_id)
        return answer(on(session, str(found["instance"]), action, int(found["number"]), args))

    @routes.post("/workflows/<name>/start")
    def start(name: str) -> Response:
        session = session_of(services)
        args = sent(largest)
        wanted = args.get("object"), args.get("record")
        if not all(isinstance(one, str) for one in wanted):
            raise Malformed(Message("send object and record", "请提供 object 和 record"))
        if not isinstance(args.get("choice") or {}, dict):
            raise Malformed(Message("choice is an object: step to people", "choice 须为对象：节点到人员"))
        made = flows.start(session, name, str(wanted[0]), str(wanted[1]), choice=args.get("choice"), key=key(),
                           version=args.get("version"))  # fmt: skip
        return answer(made, 201, Location=f"/api/v1/workflows/instances/{made['instance']}")

    @routes.get("/records/<object_name>/<record_id>/proposals")
    def proposals(object_name: str, record_id: str) -> Response:
        open_only = flag("open", request.args.get("open", ""))
        return answer({"data": previews.of_record(session_of(services), object_name, record_id, open_only=open_only)})

    @routes.post("/workflows/<name>/migrate")
    def migrate(name: str) -> Response:
        session = session_of(services)
        args = sent(largest)
        one, dry_run = args.get("instance"), args.get("dry_run", False)
        if not isinstance(one, (str, type(None))) or not isinstance(dry_run, bool):
            raise Malformed(
                Message("instance is an id, dry_run true or false", "instance 为编号，dry_run 为 true 或 false")
            )
        found = migrating.migrate(session, name, instance=one, dry_run=dry_run)
        return answer({"data": [each.json(session.language) for each in found], "dry_run": dry_run})

    @routes.get("/workflows/instances/<instance_id>")
    def instance(instance_id: str) -> Response:
        return answer(tasks.instance(session_of(services), instance_id))

    @routes.get("/workflows/instances/<instance_id>/history.pdf")
    def on_paper(instance_id: str) -> Response:
        session = session_of(services)
        return flowpaper.history(session, instance_id, services.contents(session))

    @routes.post("/workflows/instances/<instance_id>/<action>")
    def act_on(instance_id: str, action: str) -> Response:
        return answer(on(session_of(services), instance_id, action, None, sent(largest)))


def on(session: Session, instance: str, action: str, task: int | None, args: dict[str, Any]) -> dict[str, Any]:
    """A command on what the caller may see. Raises NotFound."""
    tasks.seen(session, instance)
    return flows.act(session, instance, action, task, args, key())


def sent(largest: int) -> dict[str, Any]:
    """What comes with a command: nothing, or a JSON object. Raises Malformed, TooLarge."""
    found = body(largest)
    return json_of(found) if found else {}


def key() -> str | None:
    """The request's idempotency key. Raises Malformed."""
    found = request.headers.get("Idempotency-Key")
    if found is not None and not 0 < len(found) <= LONGEST_KEY:
        said = Message(
            f"Idempotency-Key has 1 to {LONGEST_KEY} characters", f"Idempotency-Key 长度为 1 到 {LONGEST_KEY}"
        )
        raise Malformed(said)
    return found
