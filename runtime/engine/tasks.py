"""Tasks and instances as people see them: lists, one task with what may be done, the history of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runtime.base.errors import DougongError
from runtime.base.values import load
from runtime.engine import previews, proposed, reading
from runtime.engine.directory import everybody
from runtime.engine.flow import signing
from runtime.engine.flow import state as states
from runtime.engine.flow.back import place_of, targets
from runtime.engine.flow.commands import participants
from runtime.engine.flow.definition import Definition
from runtime.engine.flow.machine import CONFLICT, Machine
from runtime.engine.flow.state import Task
from runtime.engine.flows import Flows, unknown_instance
from runtime.engine.flowworld import World
from runtime.engine.workspace import Session
from runtime.store import flows, proposals
from runtime.store.ids import is_id

FIELDS = (
    "id", "instance", "number", "node", "kind", "assignee", "principal", "shared", "state", "opened_at", "due_at",
    "decided_at", "decided_by", "workflow", "object", "record", "title", "initiator", "instance_state", "flow",
)  # fmt: skip


def moment(value: Any) -> Any:
    """A moment as it is written on the wire."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def plain(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for the wire, names in the place of storage keys."""
    found = {name: moment(value) for name, value in row.items() if name not in ("flow", "number")}
    found["object"] = session.layout.names.get(str(row["object"]), row["object"])
    if "due_at" in row:
        due = row["due_at"]
        found["overdue"] = bool(due and row["state"] == "open" and due < datetime.now(UTC))
    return found


def find(session: Session, task_id: str) -> Mapping[str, Any]:
    """The row of a task. Raises NotFound."""
    row = flows.task(session.database, session.workspace.schema, task_id) if is_id(task_id) else None
    if row is None:
        raise unknown_instance()
    return dict(zip(FIELDS, row, strict=True))


def seen(session: Session, instance: str) -> flows.Row:
    """An instance that the person may see: he takes part, administers, or may read its record. Raises NotFound."""
    row = flows.read(session.database, session.workspace.schema, instance) if is_id(instance) else None
    if row is None:
        raise unknown_instance()
    if session.person.administrator or session.user_id in participants(states.load(row.data)):
        return row
    try:
        reading.get(session, session.layout.names[row.object_key], row.record_id)
    except DougongError:
        raise unknown_instance() from None
    return row


def one(session: Session, task_id: str) -> dict[str, Any]:
    """One task: what it is about, the record as the caller may read it, what he may do. Raises NotFound."""
    found = find(session, task_id)
    row = seen(session, str(found["instance"]))
    state = states.load(row.data)
    with session.database.connection() as connection:
        flow = Flows(session)
        definition = flow.definition(connection, row)
        world = World(session, connection, session.layout.names[row.object_key], row.record_id)
        machine = Machine(definition, state, world)
        made = plain(session, found)
        made["rev"] = row.seq
        about = proposed.of_instance(session, row.id) if row.kind == "proposal" else {}
        made["actions"] = actions(machine, state.tasks[int(found["number"])], session, about.get("kind", ""))
    if row.kind == "proposal":
        made |= {"proposes" if name == "kind" else name: one for name, one in about.items()}
        made["computed"] = previews.of_instance(session, row)
    made["record_values"] = record(session, row, definition, state.tasks[int(found["number"])], state)
    return made


def actions(machine: Machine, task: Task, session: Session, kind: str = "") -> dict[str, Any]:
    """What the caller may do with a task, by name, with what each takes.

    ``kind``: that of the change that is asked for; in a record that is to be deleted nothing is filled in.
    """
    if task.state != "open" or not machine.state.is_open:
        return {}
    found: dict[str, Any] = {}
    run = machine.state.runs[task.run]
    if session.person.administrator:
        found = {name: {"reason": True} for name in ("reassign", "skip", "retry", "terminate")}
    if task.principal == session.user_id and task.assignee != session.user_id:
        found["take_over"] = {}
    if session.user_id not in task.holders:
        return found
    if task.kind == "resubmit":
        return {**found, "submit": {}}
    if task.kind == CONFLICT:
        return {**found, "rebase": {}, "discard": {}}
    if task.kind == "admin_fix":
        return found
    step = machine.step_of(run)
    goes = kind == proposals.DELETE
    fields: dict[str, Any] = {"editable": [] if goes else list(step.editable),
                              "required": [] if goes else list(step.filled)}  # fmt: skip
    if signing.asks(step):
        fields["signature"] = True
    others = {"signature": True} if signing.asks(step) else {}
    found |= {word: fields if number == 0 else dict(others) for number, word in enumerate(step.kind.decisions)}
    for name, options in step.allowed.items():
        if name == "return":
            given = (options or {}).get("to", ["start", "any_earlier"])
            wanted = [given] if isinstance(given, str) else list(given)
            earlier = targets(machine, run) if place_of(machine, run) else []
            offered = [node for node in earlier if "any_earlier" in wanted or node in wanted]
            found[name] = {"to": ["start", *offered] if "start" in wanted else offered}
        elif name == "add_sign" and task.depth >= int((options or {}).get("depth", 1)):
            continue
        elif name not in found:
            found[name] = dict(options or {})
    return found


def record(session: Session, row: flows.Row, definition: Definition, task: Task, state: states.Instance) -> Any:
    """The record as the caller may read it, less what the step hides; None when he may not read it."""
    try:
        body, _ = reading.get(session, session.layout.names[row.object_key], row.record_id)
    except DougongError:
        return None
    values: dict[str, Any] = load(body)
    step = definition.by_name.get(state.runs[task.run].node)
    for name in step.options.get("fields", {}).get("hidden", ()) if step else ():
        values.pop(name, None)
    return values


def told(data: Mapping[str, Any]) -> dict[str, Any]:
    """An event for people: without the values of fields that it keeps for comparison."""
    jump = data.get("jump")
    kept = {name: jump[name] for name in ("to", "mode")} if jump else None
    return {name: kept if name == "jump" else value for name, value in data.items()}


def instance(session: Session, instance_id: str) -> dict[str, Any]:
    """An instance with its tasks and its history. Raises NotFound."""
    row = seen(session, instance_id)
    state = states.load(row.data)
    ids = flows.task_ids(session.database, session.workspace.schema, row.id)
    names = {one.id: one.title for one in everybody(session.snapshot).users.values()}
    revoking = flows.revoking(session.database, session.workspace.schema, row.id, row.record_id)
    history = []
    for seq, at, type, data in flows.events(session.database, session.workspace.schema, row.id):
        people = {data.get(name) for name in ("actor", "on_behalf", "assignee", "by", "initiator")}
        titles = {one: names[one] for one in people if one in names}
        history.append({"seq": seq, "at": moment(at), "type": type, "data": told(data), "names": titles})
    return {
        "id": row.id, "workflow": row.workflow, "kind": row.kind, "state": row.state, "title": row.title,
        "object": session.layout.names[row.object_key], "record": row.record_id, "initiator": row.initiator,
        "round": state.round, "rev": row.seq, "revokes": row.revokes, "parent": row.parent,
        "revoked_by": next((id for id, state in revoking if state == "approved"), None), "started_at": state.started,
        "ended_at": state.ended,
        "tasks": [{"id": ids.get(task.id), "node": state.runs[task.run].node, "kind": task.kind,
                   "assignee": task.assignee, "principal": task.principal, "shared": task.shared, "state": task.state,
                   "due_at": task.due, "decided_at": task.decided, "decided_by": task.by}
                  for task in state.tasks.values()],
        "history": history,
    }  # fmt: skip
