"""More people at a task: transfer, signers before, after and beside, and taking them out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.base.errors import Conflict, Forbidden, Invalid, Message, Problem
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.refusals import wrong
from runtime.engine.flow.state import AGAINST, FOR, PENDING, Group, Task

WAYS = ("before", "after", "parallel")
MODES = ("any", "all", "sequential")


def demand(machine: Machine, task: Task, name: str) -> Mapping[str, Any]:
    """What the node says about an action. Raises Forbidden when it does not allow it."""
    run = machine.state.runs[task.run]
    allowed = machine.step_of(run).allowed if run.path and task.kind != "admin_fix" else {}
    if name not in allowed:
        words = ", ".join(allowed)
        en = f"this step does not allow {name}; allowed: {words or 'nothing beside deciding'}"
        zh = f"本节点不允许该操作（{name}）；允许：{words or '仅可作出决定'}"
        raise Forbidden(Message(en, zh), code="not_allowed_here")
    found: Mapping[str, Any] = allowed[name] or {}
    return found


def newcomers(machine: Machine, task: Task, texts: Sequence[Any], instead: str | None = None) -> list[str]:
    """The people meant, when they may join, or have the task that somebody (``instead``) gives away. Raises Invalid,
    Conflict.
    """
    found = []
    run = machine.state.runs[task.run]
    judges = bool(run.path) and machine.step_of(run).kind.judges
    busy = busy_in(machine, task.run) if instead is None else busy_for(machine, task, instead)
    for text in texts:
        person = machine.env.directory.find(str(text)) if text else None
        if person is None or not machine.env.directory.active(person):
            called = str(text)[:60]
            raise wrong("person", f"there is nobody {called!r} who may act", f"没有可处理任务的人员“{called}”", "to")
        own = person == machine.state.initiator and judges
        if own and machine.definition.allow("self_approval", "skip") != "allow":
            raise Conflict(
                Message("nobody decides about what he has started", "发起人不能审批自己的申请"), code="self_approval"
            )
        if person in busy or person in found:
            raise Conflict(
                Message("this person has a task here already", "该人员在本节点已有任务"), code="already_approver"
            )
        found.append(person)
    if not found:
        raise Invalid(problems=[Problem("person", Message("name somebody", "请指定人员"), field="to")])
    return found


def busy_in(machine: Machine, run: int, beside: int | None = None) -> set[str]:
    """Who has a task in a run, or has decided there, ``beside`` one task: nobody gets another one."""
    tasks = [one for one in machine.state.run_tasks(run) if not one.void and one.id != beside]
    had = [(one.by,) if one.by else one.holders for one in tasks if one.state in (*PENDING, *FOR, *AGAINST)]
    return {person for people in had for person in people}


def busy_for(machine: Machine, task: Task, giver: str) -> set[str]:
    """Who does not get a task that somebody gives away; of two who have it together the other one may have it alone."""
    own = {giver} if len(task.holders) > 1 else {giver, task.assignee}
    return own | busy_in(machine, task.run, task.id)


def hand_over(machine: Machine, old: Task, to: str) -> Task:
    """A task like an old one for somebody else, due at the same moment."""
    run = machine.state.runs[old.run]
    scheduled = [one for one in machine.state.timers.values() if one.task == old.id and one.state != "fired"]
    new = machine.open_task(
        run, to, old.seq, kind=old.kind, origin=old.id, parent=old.parent, group=old.group, depth=old.depth,
        hops=old.hops + 1, due=old.due, since=old.since, counted=old.counted, deadline=False,
    )  # fmt: skip
    for timer in scheduled:
        machine.set_timer(run, max(moment_of(timer.fire_at), machine.env.now), new, timer.step)
    return new


def add(machine: Machine, task: Task, args: Mapping[str, Any]) -> None:
    """Signers before (the caller waits for them), after (he has agreed) or beside him."""
    allowed = demand(machine, task, "add_sign")
    ways = allowed.get("kinds", WAYS)
    way, mode = str(args.get("kind", "before")), args.get("mode", "all")
    if way not in ways or mode not in MODES:
        raise wrong(
            "kind",
            f"signers are added {', '.join(ways)}; mode is all, any or sequential",
            f"加签方式：{'、'.join(ways)}；mode 为 all、any 或 sequential",
            "kind",
        )
    if task.depth >= int(allowed.get("depth", 1)):
        raise Conflict(Message("no further signers may be added here", "此处不能再加签"), code="too_deep")
    people = newcomers(machine, task, args.get("people") or ())
    run = machine.state.runs[task.run]
    if way == "parallel":
        for person in people:
            machine.open_task(
                run, person, task.seq, kind="added", parent=task.id, group=task.group, depth=task.depth + 1
            )
        return
    number = len(machine.state.groups) + 1
    machine.emit("group_opened", id=number, run=run.id, kind=way, parent=task.id, mode=mode)
    if way == "before":
        machine.emit("task_moved", task=task.id, state="waiting", paused=True)
    else:
        machine.close_task(task, "agreed", human=True)
    for seq, person in enumerate(people):
        waits = mode == "sequential" and seq > 0
        machine.open_task(run, person, seq, state="waiting" if waits else "open", kind="added", parent=task.id,
                          group=number, depth=task.depth + 1)  # fmt: skip
    machine.settle(run)


def remove(machine: Machine, actor: str, args: Mapping[str, Any]) -> None:
    """Who has added somebody takes him out again while he has not decided."""
    state = machine.state
    added = state.tasks.get(int(args.get("added") or 0))
    parent = state.tasks.get(added.parent) if added and added.parent else None
    if added is None or parent is None or actor not in parent.holders:
        raise Forbidden(Message("only who has added a signer may take him out", "只有加签人可以取消加签"))
    if added.state not in PENDING:
        raise Conflict(Message("he has decided already", "被加签人已处理"), code="task_" + added.state)
    machine.close_task(added, "cancelled", reason="removed")
    run = state.runs[added.run]
    group = state.groups.get(added.group) if added.group and added.group != parent.group else None
    if group is not None and group.state == "open":
        dissolve(machine, group)
    machine.settle(run)


def dissolve(machine: Machine, group: Group) -> None:
    """A group that nobody is left in counts no more."""
    left = [
        one
        for one in machine.state.run_tasks(group.run)
        if one.group == group.id and one.state not in ("cancelled", "transferred")
    ]
    if left:
        return
    machine.emit("group_closed", group=group.id, state="cancelled")
    parent = machine.state.tasks[group.parent]
    if group.kind == "before" and parent.state == "waiting":
        machine.wake(parent)
