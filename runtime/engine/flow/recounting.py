"""What a changed working calendar means for an instance: other moments for what has not happened yet.

Counting twice by the same calendar changes nothing, so whoever died in between is followed by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.engine.flow.machine import SYSTEM, Machine
from runtime.engine.flow.moments import as_moment, moment_of, stamp
from runtime.engine.flow.state import PENDING, Instance, Task, Timer


@dataclass
class Moved:
    """The new moments of deadlines by task, and of timers by their number."""

    due: dict[str, str] = field(default_factory=dict)
    timers: dict[str, str] = field(default_factory=dict)


def since(state: Instance, task: Task) -> str:
    """The moment from which a task's deadline is counted: a task that was passed on keeps that of the first."""
    if task.since is not None:
        return task.since
    found = task  # A state from before the moment was noted.
    while found.origin is not None and state.tasks[found.origin].due is not None:
        found = state.tasks[found.origin]
    return found.opened


def moved(machine: Machine) -> Moved:
    """The moments that are others by the calendar as it is now. What has fired or is over stays."""
    found = Moved()
    for task in machine.state.pending():
        run = machine.state.runs[task.run]
        options = machine.step_of(run).options.get("due") if run.path and task.due is not None else None
        if options and "in" in options:
            calendar = machine.env.calendar_of(task.counted or task.assignee)
            due = stamp(calendar.add(moment_of(since(machine.state, task)), options["in"]))
            if due != task.due:
                found.due[str(task.id)] = due
    for timer in machine.state.timers.values():
        if timer.state == "scheduled" and machine.state.runs[timer.run].state == "active":
            at = moment(machine, timer, found)
            if at is not None and stamp(at) != timer.fire_at:
                soonest = machine.env.now
                if at > soonest or moment_of(timer.fire_at) > soonest:
                    found.timers[str(timer.id)] = stamp(max(at, soonest))
    return found


def moment(machine: Machine, timer: Timer, found: Moved) -> datetime | None:
    """When a timer is to fire by the calendar; None where that says nothing about it."""
    run = machine.state.runs[timer.run]
    if not run.path:
        return None
    options: Mapping[str, Any] = machine.step_of(run).options
    if timer.task is None:
        does = options.get(machine.step_of(run).kind.name, {})
        if "for" in does:
            calendar = machine.env.calendar_of(machine.state.initiator)
            return calendar.add(moment_of(run.entered), does["for"])
        return as_moment(machine.env.value(str(does["until"])), machine.env) if "until" in does else None
    task = machine.state.tasks[timer.task]
    due = found.due.get(str(task.id), task.due)
    steps = options.get("due", {}).get("steps", ())
    if task.state not in PENDING or due is None or timer.step >= len(steps):
        return None
    before = steps[timer.step]["at"]
    calendar = machine.env.calendar_of(task.counted or task.assignee)
    return moment_of(due) if before == 0 else calendar.add(moment_of(due), before)


def recount(machine: Machine) -> bool:
    """Let the calendar as it is now take effect; False when it changes nothing."""
    found = moved(machine)
    if not found.due and not found.timers:
        return False
    machine.emit("command", name="recount", actor=SYSTEM, task=None, at=machine.now, on_behalf=None, comment=None,
                 files=[], reason=None, decision=False)  # fmt: skip
    machine.emit("recounted", due=found.due, timers=found.timers)
    return True
