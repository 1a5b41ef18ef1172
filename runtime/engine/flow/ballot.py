"""What the decisions of a run come to: groups of added people first, then the run, then whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.engine.flow.state import AGAINST, FOR, PENDING, Group, Run
from runtime.engine.flow.votes import PASS, REJECT, tally

if TYPE_CHECKING:
    from runtime.engine.flow.machine import Machine


def count(machine: Machine, run: Run, group: Group | None = None) -> str | None:
    """What the decisions of a run, or of one group of added people, come to by now."""
    own = group.id if group else None
    tasks = [task for task in machine.state.run_tasks(run.id) if task.group == own and not task.void]
    counted = [task for task in tasks if task.state in (*FOR, *AGAINST, *PENDING) and task.kind != "admin_fix"]
    yes = sum(task.state in FOR for task in counted)
    no = sum(task.state in AGAINST for task in counted)
    rule = machine.step_of(run).options.get("reject_rule", "first") if group is None else "first"
    found = tally(group.mode if group else run.mode, rule, len(counted), yes, no)
    members = {task.id for task in tasks}
    afterwards = [one for one in machine.state.groups.values() if one.parent in members and one.kind == "after"]
    if found == PASS and any(one.state == "open" for one in afterwards):
        return None
    return found


def settle(machine: Machine, run: Run) -> None:
    """After a decision in a run: groups first, then the run, then whose turn it is."""
    if run.state != "active" or not machine.state.is_open:
        return
    for group in reversed(list(machine.state.groups.values())):
        if group.run == run.id and group.state == "open":
            found = count(machine, run, group)
            if found is not None and _group_ended(machine, run, group, found):
                return
    found = count(machine, run)
    if found is not None:
        machine.end_run(run, PASS if found == PASS else REJECT)
        return
    for container in [None, *[g.id for g in machine.state.groups.values() if g.run == run.id and g.state == "open"]]:
        _next_turn(machine, run, container)


def _group_ended(machine: Machine, run: Run, group: Group, found: str) -> bool:
    """What the end of a group means; true when the run has ended with it."""
    for task in machine.state.pending(run.id):
        if task.group == group.id:
            machine.close_task(task, "cancelled")
    machine.emit("group_closed", group=group.id, state=found)
    options = machine.step_of(run).options
    harsh = group.kind == "after" or options.get("before_sign_reject", "advice") == "reject"
    if found == REJECT and harsh:
        machine.end_run(run, REJECT)
        return True
    parent = machine.state.tasks[group.parent]
    if group.kind == "before" and parent.state == "waiting":
        machine.wake(parent)
    return False


def _next_turn(machine: Machine, run: Run, container: int | None) -> None:
    tasks = [task for task in machine.state.run_tasks(run.id) if task.group == container]
    if any(task.state == "open" or task.paused for task in tasks):
        return
    waiting = [task for task in tasks if task.state == "waiting"]
    if waiting:
        machine.wake(waiting[0])
