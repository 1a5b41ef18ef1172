"""An approved change that does not fit the record any more: its initiator means it anew, or gives it up."""

from __future__ import annotations

from runtime.base.errors import Invalid, Message
from runtime.engine.flow.machine import CONFLICT, Machine
from runtime.engine.flow.state import Task
from runtime.engine.flow.votes import PASS


def demand(machine: Machine, task: Task) -> None:
    """Raise Invalid at any other task."""
    if task.kind != CONFLICT:
        raise Invalid(Message("there is no conflict to be decided here", "此处没有需要处理的冲突"))


def rebase(machine: Machine, task: Task) -> None:
    """The change is meant for the record as it stands now; that has not been approved, so it is asked for anew."""
    demand(machine, task)
    machine.env.rebase()
    run = machine.state.runs[task.run]
    machine.close_task(task, "submitted", human=True)
    machine.close_run(run, PASS)
    machine.emit("resubmitted", direct=False)
    machine.emit("rewound", runs=list(machine.state.runs), jump=None)
    machine.enter((0,))


def discard(machine: Machine, task: Task) -> None:
    """The change is not wanted any more."""
    demand(machine, task)
    machine.close_task(task, "rejected", human=True)
    machine.finish("withdrawn")
