"""What a command has done to an instance, as rows: its state, events, tasks, timers and who is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.engine.flow import state as states
from runtime.engine.flow.machine import SYSTEM, Machine
from runtime.engine.flow.state import Instance
from runtime.store import flows
from runtime.store.database import Connection
from runtime.store.ids import new_id

TASK_EVENTS = {"task_opened": "id", "task_moved": "task", "task_closed": "task"}
TIMER_EVENTS = {"timer_set": "id", "timer_moved": "timer", "timer_closed": "timer"}


def stored(connection: Connection, schema: str, row: flows.Row, machine: Machine) -> dict[str, Any]:
    """Write state, events, notices and the rows of tasks and timers that were touched; what a caller is told."""
    state = machine.state
    touched = dict.fromkeys(
        event.data[TASK_EVENTS[event.type]] for event in machine.events if event.type in TASK_EVENTS
    )
    moved = dict.fromkeys(
        event.data[TIMER_EVENTS[event.type]] for event in machine.events if event.type in TIMER_EVENTS
    )
    for event in machine.events:
        if event.type == "recounted":
            touched.update(dict.fromkeys(map(int, event.data["due"])))
            moved.update(dict.fromkeys(map(int, event.data["timers"])))
    tasks = [task_row(state, number, new_id()) for number in touched]
    timers = [
        {"number": number, "fire_at": state.timers[number].fire_at, "state": state.timers[number].state}
        for number in moved
    ]
    lines = [
        {"seq": row.seq + number, "at": machine.now, "type": event.type, "data": event.data}
        for number, event in enumerate(machine.events, 1)
    ]
    seq = row.seq + len(lines)
    told = notices(row, machine)
    there = [task.id for task in state.tasks.values() if task.state == "open" and task.id not in touched]
    ids = flows.store(connection, schema, row.id, states.dump(state), seq, lines, tasks, timers, told, there)
    return answered(row, state, seq, ids)


def answered(row: flows.Row, state: Instance, seq: int, ids: Mapping[int, str]) -> dict[str, Any]:
    """What a caller is told of an instance: where it stands, and its open tasks."""
    return {
        "instance": row.id, "workflow": row.workflow, "state": state.state, "rev": seq,
        "open_tasks": [
            {"id": ids[task.id], "number": task.id, "assignee": person_or_none(task.assignee)}
            for task in sorted(state.tasks.values(), key=lambda one: one.id) if task.state == "open"
        ],
    }  # fmt: skip


def person_or_none(text: str | None) -> str | None:
    """A person's id for a column; the system has none."""
    return None if text in (None, SYSTEM) else text


def task_row(state: Instance, number: int, identity: str) -> dict[str, Any]:
    """A task as its row."""
    task = state.tasks[number]
    return {
        "id": identity, "number": number, "node": state.runs[task.run].node, "kind": task.kind,
        "assignee": person_or_none(task.assignee), "principal": task.principal, "shared": task.shared,
        "state": task.state,
        "opened_at": task.opened, "due_at": task.due, "decided_at": task.decided,
        "decided_by": person_or_none(task.by) if task.state != "cancelled" else None,
    }  # fmt: skip


def notices(row: flows.Row, machine: Machine) -> list[dict[str, Any]]:
    """Who is to be told what, tasks by number."""
    found: dict[tuple[str, str, int | None], str] = {}
    for event in machine.events:
        data = event.data
        if event.type == "task_opened" or (event.type == "task_moved" and "due" not in data):
            task = machine.state.tasks[data[TASK_EVENTS[event.type]]]
            if task.state == "open":
                found.update(dict.fromkeys(((one, "task", task.id) for one in task.holders), row.title))
        elif event.type in ("copied", "reminded", "urged", "commented"):
            for one in data["people"]:
                found.pop((one, "copied", None), None)  # Who is mentioned need not be told of the copy too.
                found[one, event.type, None] = str(data.get("text") or row.title)
        elif event.type == "dropped":
            for one in data["people"]:
                found[one, "dropped", None] = str(data["reason"])
        elif event.type == "ended" and not any(one.type == "dropped" for one in machine.events):
            found[machine.state.initiator, data["state"], None] = row.title
    return [
        {"id": new_id(), "user_id": user, "type": type, "task": task, "text": text}
        for (user, type, task), text in found.items()
        if user != SYSTEM
    ]
