"""What administrators and the system itself do with an instance: reassign, skip, retry, end; timers; sub-workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runtime.base.errors import Conflict, Forbidden, Invalid, Message, Problem
from runtime.engine.flow import back
from runtime.engine.flow.approvers import in_force, sources
from runtime.engine.flow.definition import Definition, Step, parsed, written
from runtime.engine.flow.machine import SYSTEM, Machine
from runtime.engine.flow.place import Place, await_moment, turned
from runtime.engine.flow.refusals import wrong
from runtime.engine.flow.signers import busy_for, hand_over, newcomers
from runtime.engine.flow.state import PENDING, Task
from runtime.engine.flow.votes import PASS, REJECT

#: What only administrators do, with a reason: it stands in the audit too.
INTERVENTIONS = ("reassign", "skip", "retry", "jump", "terminate")


def demand(administrator: bool, args: Mapping[str, Any]) -> None:
    """Raise Forbidden for everybody but administrators, Invalid when they give no reason."""
    if not administrator:
        raise Forbidden(Message("only an administrator may do this", "只有管理员可以执行此操作"))
    if not str(args.get("reason") or args.get("comment") or "").strip():
        raise Invalid(problems=[Problem("reason", Message("give a reason", "请填写原因"), field="reason")])


def _pending(task: Task | None) -> Task:
    if task is None or task.state not in PENDING:
        raise Conflict(Message("this task is not open any more", "该任务已不可处理"),
                       code="task_closed", extra={"state": task.state if task else None})  # fmt: skip
    return task


def reassign(machine: Machine, administrator: bool, task: Task | None, args: Mapping[str, Any]) -> None:
    """Somebody else does a task."""
    demand(administrator, args)
    task = _pending(task)
    to = newcomers(machine, task, [args.get("to")], instead="")[0]
    move(machine, task, to)


def move(machine: Machine, task: Task, to: str) -> None:
    """A task goes to somebody else as it is, waiting or paused."""
    waiting, paused = task.state == "waiting", task.paused
    machine.close_task(task, "transferred", to=to)
    new = hand_over(machine, task, to)
    if waiting:
        machine.emit("task_moved", task=new.id, state="waiting", paused=paused)
    for group in machine.state.groups.values():
        if group.parent == task.id and group.state == "open":
            machine.emit("group_opened", id=group.id, run=group.run, kind=group.kind, parent=new.id, mode=group.mode)


def skip(machine: Machine, administrator: bool, task: Task | None, args: Mapping[str, Any]) -> None:
    """A step is passed over."""
    demand(administrator, args)
    task = _pending(task)
    run = machine.state.runs[task.run]
    if not run.path:
        raise Conflict(
            Message(
                "a returned record waits for who started it; reassign or end it", "已退回，等待发起人处理；可转交或终止"
            ),
            code="returned",
        )
    machine.close_task(task, "skipped", human=True)
    machine.end_run(run, "skipped")


def retry(machine: Machine, administrator: bool, task: Task | None, args: Mapping[str, Any]) -> None:
    """A step is tried again from its beginning, its people looked up anew."""
    demand(administrator, args)
    task = _pending(task)
    run = machine.state.runs[task.run]
    if not run.path:
        raise Conflict(Message("there is no step to be tried again", "没有可重试的节点"), code="returned")
    step = machine.step_of(run)
    machine.close_task(task, "skipped")
    machine.close_run(run, "cancelled")
    machine.emit("rewound", runs=[run.id], jump=machine.state.jump)
    if run.cause == "all_auto":
        machine.complete()
    else:
        step.kind.enter(Place(machine, step))


def places(definition: Definition) -> list[str]:
    """The steps that an instance can be sent to: those with names, not inside of a parallel block."""
    return [
        step.name for path, step in definition.by_path.items()
        if step.options.get(step.kind.name) == step.name
        and not any(definition.by_path[path[:end]].kind.forks for end in range(1, len(path), 2))
    ]  # fmt: skip


def jump(machine: Machine, administrator: bool, args: Mapping[str, Any]) -> None:
    """It goes on at a step, wherever it stands: what is under way ends there, what lies behind the step is void."""
    demand(administrator, args)
    name, known = str(args.get("to") or ""), places(machine.definition)
    if name not in known:
        en, zh = ", ".join(known) or "nothing", "、".join(known) or "无"
        called = name[:60]
        raise wrong("to", f"it cannot go on at {called!r}; possible: {en}", f"不能跳转到“{called}”；可跳转：{zh}", "to")
    if machine.state.state == "returned":
        raise Conflict(
            Message("a returned record waits for who started it; reassign or end it",
                    "已退回，等待发起人处理；可转交或终止"),
            code="returned",
        )  # fmt: skip
    step = machine.definition.by_name[name]
    over = passed_over(machine, step)
    inside = {one for run in machine.state.active() for one in machine.definition.loops(parsed(run.path))}
    machine.clear(lambda run: True)
    for fork in list(machine.state.forks.values()):
        if fork.state == "open":
            machine.emit("fork_closed", path=fork.path, state="cancelled")
    void = [run.id for run in machine.state.runs.values() if run.path and parsed(run.path) >= step.path]
    machine.emit("rewound", runs=void, jump=None, to=name, over=over)
    for end in range(1, len(step.path), 2):
        around = machine.definition.by_path[step.path[:end]]
        if around.kind.loops and around.path not in inside:
            turned(machine, around, 1)
        elif not around.kind.loops:
            machine.emit("way_chosen", path=written(around.path), way=step.path[end])
    machine.enter(step.path)


def passed_over(machine: Machine, target: Step) -> list[str]:
    """The steps that it jumps over, and those of earlier jumps that still lie before the target."""
    came = max((parsed(one.path) for one in machine.state.runs.values() if one.path and not one.void), default=())
    before = [path for path in machine.definition.by_path if path < target.path and target.path[: len(path)] != path]
    known = set(machine.state.over)
    return [written(path) for path in sorted(before) if path > came or written(path) in known]


def terminate(machine: Machine, administrator: bool, args: Mapping[str, Any]) -> None:
    """The end by an administrator, or by the end of the workflow around it."""
    if machine.actor != SYSTEM:
        demand(administrator, args)
    machine.finish("terminated")


def drop(machine: Machine, administrator: bool, args: Mapping[str, Any]) -> None:
    """Its record is deleted by force: it ends, and who has something to do here is told why."""
    if machine.actor != SYSTEM:
        demand(administrator, args)
    tasks = [task for task in machine.state.pending() if task.state == "open"]
    told = [machine.state.initiator, *(one for task in tasks for one in (task.assignee, task.principal) if one)]
    people = [one for one in dict.fromkeys(told) if one not in (SYSTEM, machine.actor)]
    machine.emit("dropped", people=people, reason=str(args.get("reason") or ""), by=machine.actor)
    machine.finish("terminated")


def left(machine: Machine, args: Mapping[str, Any]) -> None:
    """Somebody has left: each of his tasks goes to who follows him, else to an administrator."""
    person = str(args["person"])
    for task in machine.state.pending():
        if task.assignee != person:
            continue
        ask = machine.asking()
        busy = busy_for(machine, task, person)
        run = machine.state.runs[task.run]
        own = {machine.state.initiator} if run.path and machine.step_of(run).kind.judges else set()
        if machine.definition.allow("self_approval", "skip") == "allow":
            own = set()
        other = [one for one in task.holders if one != person and ask.people.active(one)]
        names = [*other, in_force(ask, person), *ask.people.admins()]  # Who has it too has it alone now.
        free = [one for one in names if one and one != person and one not in busy and one not in own]
        if free:
            move(machine, task, free[0])


# -- timers ---------------------------------------------------------------------------------------------------


def fire(machine: Machine, args: Mapping[str, Any]) -> None:
    """A timer's moment has come; one that was taken back meanwhile does nothing."""
    timer = machine.state.timers.get(int(args["timer"]))
    if timer is None or timer.state != "scheduled":
        return
    machine.emit("timer_closed", timer=timer.id, state="fired")
    run = machine.state.runs[timer.run]
    if run.state != "active":
        return
    step = machine.step_of(run)
    if timer.task is None:
        until = step.options.get(step.kind.name, {}).get("until")
        if until is None:
            machine.end_run(run, PASS)
        else:
            await_moment(machine, run, until, timer.id)
        return
    task = machine.state.tasks[timer.task]
    does = step.options["due"]["steps"][timer.step]["do"]
    for one in does if isinstance(does, list) else [does]:
        if task.state not in PENDING or not machine.state.is_open:
            return
        if isinstance(one, Mapping):
            give_away(machine, task, one["transfer"])
        else:
            LATE[one](machine, task)


def give_away(machine: Machine, task: Task, to: Any) -> None:
    """A task that is late goes to somebody else: the manager of who has it, an administrator or a source of people."""
    ask = replace(machine.asking(machine.step_of(machine.state.runs[task.run])), holder=task.assignee)
    if to == "manager_of_assignee":
        names: Sequence[str | None] = [ask.people.manager(task.assignee)]
    elif to == "admin":
        names = []
    else:
        names = sources(ask, to)
    busy = busy_for(machine, task, task.assignee)
    for name in [*names, *ask.people.admins()]:
        found = in_force(ask, name) if name else None
        if found and found not in busy and found != machine.state.initiator:
            move(machine, task, found)
            return
    remind(machine, task)


def remind(machine: Machine, task: Task) -> None:
    """Say that it is time."""
    machine.emit("reminded", task=task.id, people=list(task.holders))


def tell_manager(machine: Machine, task: Task) -> None:
    """The manager of who has it reads along."""
    boss = machine.env.directory.manager(task.assignee)
    if boss:
        machine.emit("copied", node=None, people=[boss])


def _decide(state: str) -> Any:
    def work(machine: Machine, task: Task) -> None:
        run = machine.state.runs[task.run]
        for group in machine.state.groups.values():
            if group.parent == task.id and group.state == "open" and group.kind == "before":
                for one in machine.state.pending(run.id):
                    if one.group == group.id:
                        machine.close_task(one, "cancelled")
                machine.emit("group_closed", group=group.id, state="cancelled")
        machine.close_task(task, state, reason="timeout", human=True)  # The deadline has decided, as declared.
        machine.settle(run)

    return work


def auto_return(machine: Machine, task: Task) -> None:
    """Back to who started it."""
    back.send_back(machine, {"to": "start"}, task)


LATE = {
    "remind": remind,
    "cc_manager": tell_manager,
    "auto_agree": _decide("auto_agreed"),
    "auto_reject": _decide("auto_rejected"),
    "auto_return": auto_return,
    "escalate": lambda machine, task: give_away(machine, task, "manager_of_assignee"),
}


def look(machine: Machine) -> None:
    """The record has changed: what waits for a condition or for a moment in it looks again."""
    for timer in list(machine.state.timers.values()):
        run = machine.state.runs[timer.run]
        if timer.state != "scheduled" or timer.task is not None or run.state != "active":
            continue
        step = machine.step_of(run)
        until = step.options.get(step.kind.name, {}).get("until")
        if until is not None:
            await_moment(machine, run, until, timer.id)


# -- sub-workflows --------------------------------------------------------------------------------------------


def child_started(machine: Machine, args: Mapping[str, Any]) -> None:
    """The workflow that a step wanted runs."""
    machine.emit("child_started", run=int(args["run"]), child=str(args["child"]))


def child_ended(machine: Machine, args: Mapping[str, Any]) -> None:
    """The workflow that a step waits for has ended, or could not be started (``failed``)."""
    run = machine.state.runs[int(args["run"])]
    if run.state != "active" or run.blocked:
        return
    outcome = str(args["outcome"])
    step = machine.step_of(run)
    if outcome == "failed":
        machine.block(run, Message.read(args.get("why") or ""))
    elif outcome == "approved" or step.options[step.kind.name].get("on_reject", "reject") == "continue":
        machine.end_run(run, PASS)
    else:
        machine.end_run(run, REJECT)
