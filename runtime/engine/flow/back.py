"""Going back: returning to an earlier step, submitting again, taking the last decision back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.errors import Conflict, Forbidden, Invalid, Message, Problem
from runtime.engine.flow.approvers import in_force
from runtime.engine.flow.definition import Path, parsed, written
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.place import Place
from runtime.engine.flow.refusals import wrong
from runtime.engine.flow.signers import demand
from runtime.engine.flow.state import Run, Task
from runtime.engine.flow.votes import PASS

#: How long a decision may be taken back where the workflow says nothing.
REGRET = "10m"
WAYS = ("replay", "direct", "direct_unless_changed")
#: The kinds of instances whose initiator answers for the record as it stands; a proposal is asked where it is saved.
OF_RECORDS = ("normal", "sub")
LASTING = ("performed", "copied", "child_wanted", "child_started", "ended", "fields_set", "returned", "rewound")


def send_back(machine: Machine, args: Mapping[str, Any], task: Task) -> None:
    """One person's act: his run ends as returned, whatever the others say."""
    options = demand(machine, task, "return")
    run = machine.state.runs[task.run]
    name = str(args.get("to") or "start")
    mode = str(args.get("resubmit") or options.get("resubmit", "direct_unless_changed"))
    target = target_of(machine, run, name, options)
    if mode not in WAYS:
        words = ", ".join(WAYS)
        raise wrong("resubmit", f"resubmit is one of {words}", f"resubmit 须为以下之一：{words}", "resubmit")
    here = place_of(machine, run)
    root = common(target, here) if target else ()
    forked = any(machine.definition.by_path[here[:end]].kind.forks for end in range(len(root) + 1, len(here), 2))
    jump = None
    if mode != "replay" and not forked and run.cause != "all_auto":
        before = machine.env.values(machine.definition.condition_fields)
        jump = {"after": written(target), "to": run.path, "mode": mode, "before": dict(before),
                "approvers": run.approvers, "root": written(root)}  # fmt: skip
    machine.close_task(task, "returned", human=True, to=name)
    machine.close_run(run, "returned")
    machine.clear(lambda one: inside(one, root, target))
    for fork in list(machine.state.forks.values()):
        path = parsed(fork.path)
        if fork.state == "open" and path[: len(root)] == root and path > target:
            machine.emit("fork_closed", path=fork.path, state="cancelled")
    ids = [one.id for one in machine.state.runs.values() if inside(one, root, target)]
    void = ids if jump is None else [run.id, *(one for one in ids if machine.state.runs[one].state == "cancelled")]
    machine.emit("rewound", runs=void, jump=jump)
    if not target:
        machine.emit("returned", to="start")
        machine.open_task(
            machine.open_run(None, cause="returned"), there(machine, machine.state.initiator), 0, kind="resubmit"
        )
    else:
        step = machine.definition.by_path[target]
        step.kind.enter(Place(machine, step))


def inside(run: Run, root: Path, target: Path) -> bool:
    """Whether a visit lies at or behind the target, in the sequence that both share."""
    path = parsed(run.path)
    return bool(path) and path[: len(root)] == root and path >= target


def place_of(machine: Machine, run: Run) -> Path:
    """Where a run stands; the one that asks whether nobody need decide stands behind everything."""
    return (len(machine.definition.steps),) if run.cause == "all_auto" else parsed(run.path)


def common(one: Path, other: Path) -> Path:
    """The sequence that two paths share."""
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[: length - length % 2]


def targets(machine: Machine, run: Run) -> list[str]:
    """The names of the earlier steps that a run may be returned to."""
    here, found = place_of(machine, run), []
    for one in machine.state.runs.values():
        if one.state != PASS or one.void or not one.path or not machine.step_of(one).gives_tasks:
            continue
        path = parsed(one.path)
        root = common(path, here)
        closed = [path[:end] for end in range(len(root) + 1, len(path), 2)]
        reachable = path[len(root)] < here[len(root)] and not any(
            machine.definition.by_path[up].kind.forks for up in closed
        )
        if reachable and one.node not in found:
            found.append(one.node)
    return found


def target_of(machine: Machine, run: Run, name: str, options: Mapping[str, Any]) -> Path:
    """The path that a name means, () for the start. Raises Invalid."""
    given = options.get("to", ["start", "any_earlier"])
    allowed = [given] if isinstance(given, str) else list(given)
    earlier = targets(machine, run)
    offered = [one for one in earlier if "any_earlier" in allowed or one in allowed]
    if "start" in allowed:
        offered.insert(0, "start")
    if name not in offered:
        there, possible = called(machine, name), [called(machine, one) for one in offered]
        en, zh = ", ".join(one.en for one in possible), "、".join(one.zh for one in possible)
        said = Message(f"it cannot be returned to {there.en}; possible: {en or 'nothing'}",
                       f"不能退回到{there.zh}；可退回：{zh or '无'}")  # fmt: skip
        raise Invalid(problems=[Problem("to", said, field="to")])
    return () if name == "start" else machine.definition.by_name[name].path


def called(machine: Machine, name: str) -> Message:
    """A target as people call it, with the name by which it is asked for."""
    step = machine.definition.by_name.get(name)
    label = step.label if step is not None else {"en": "Submission", "zh": "提交"} if name == "start" else None
    return Message(f"{label['en']} ({name})", f"{label['zh']}（{name}）") if label else Message(repr(name), f"“{name}”")


def resubmit(machine: Machine, args: Mapping[str, Any], task: Task) -> None:
    """The initiator has mended it."""
    values, lines = args.get("values") or {}, args.get("lines") or {}
    if lines:
        machine.env.mend(values, lines, task.assignee)
    elif values:
        machine.env.write(values, task.assignee, own=True)
    if values or lines:
        machine.emit("fields_set", task=task.id, fields=sorted(values), **({"lines": sorted(lines)} if lines else {}))
    if machine.state.kind in OF_RECORDS:
        machine.env.demand_rules()
    run, jump = machine.state.runs[task.run], machine.state.jump
    fields = machine.definition.condition_fields
    direct = jump is not None and (jump["mode"] == "direct" or machine.env.values(fields) == jump["before"])
    machine.close_task(task, "submitted")
    machine.close_run(run, PASS)
    machine.emit("resubmitted", direct=direct)
    if jump is None or not machine.jump(jump):
        machine.emit("rewound", runs=list(machine.state.runs), jump=None)
        machine.enter((0,))


def retrievable(machine: Machine, actor: str) -> tuple[dict[str, Any], Task]:
    """The last decision and its task, when somebody may still take it back. Raises Forbidden, Conflict."""
    last = before_command(machine)
    task = machine.state.tasks.get(last["task"]) if last else None
    if last is None or task is None or last["by"] != actor:
        raise Forbidden(
            Message("only the last decision can be taken back, by who made it", "只有最后一个决定可由本人撤回")
        )
    until = machine.env.calendar.add(moment_of(last["at"]), machine.definition.allow("retrieve", REGRET))
    if machine.env.now > until or until == moment_of(last["at"]):
        raise Conflict(Message("the time for taking it back is over", "已超过可撤回的时间"), code="too_late")
    if any(type in LASTING for type, _ in last["events"]) or task.void:
        raise Conflict(
            Message("something has been done since that cannot be undone", "其后已有无法撤销的操作"), code="too_late"
        )
    return last, task


def retrieve(machine: Machine, actor: str) -> None:
    """Take the last decision back: everything that followed from it is undone, the same people are asked again."""
    last, task = retrievable(machine, actor)
    events = last["events"]
    machine.emit("taken_back", task=task.id)
    for type, data in reversed(events):
        if type == "run_opened":
            run = machine.state.runs[data["id"]]
            if run.state == "active":
                machine.close_run(run, "cancelled")
            machine.emit("rewound", runs=[run.id], jump=machine.state.jump)
        elif type == "run_closed" and machine.state.runs[data["run"]].state != "active":
            machine.emit("run_reopened", run=data["run"])
        elif type == "group_closed":
            machine.emit("group_closed", group=data["group"], state="open")
        elif type == "group_opened":
            machine.emit("group_closed", group=data["id"], state="cancelled")
        elif type in FORKS:
            _unfork(machine, type, data)
        elif type == "turned":
            machine.emit("turned", path=data["path"], **data["before"], before=data["before"])
        elif type == "way_chosen" and "before" in data:
            machine.emit("way_chosen", path=data["path"], way=data["before"])
        elif (
            type == "task_opened"
            and data["run"] == task.run
            and machine.state.tasks[data["id"]].state in ("open", "waiting")
        ):
            machine.close_task(machine.state.tasks[data["id"]], "cancelled")
        elif type == "task_moved" and _opened(data) and machine.state.tasks[data["task"]].state == "open":
            _turn_back(machine, machine.state.tasks[data["task"]], "opened" in data)
    closed = [machine.state.tasks[data["task"]] for type, data in events if type == "task_closed"]
    gone = {data["id"] for type, data in events if type == "run_opened"}
    for one in closed:
        if one.run not in gone and (one.id == task.id or one.state == "cancelled"):
            again(machine, one)


FORKS = ("forked", "way_ended", "fork_closed")


def _opened(data: Mapping[str, Any]) -> bool:
    """Whether it became a task's turn, and not only its deadline was set."""
    return data["state"] == "open" and "due" not in data


def _turn_back(machine: Machine, task: Task, turn: bool) -> None:
    """A task waits again: for its ``turn``, and then nothing counts against it, or for the signers before it."""
    if not turn:
        machine.emit("task_moved", task=task.id, state="waiting", paused=True)
        return
    for timer in machine.state.timers.values():
        if timer.task == task.id and timer.state == "scheduled":
            machine.emit("timer_closed", timer=timer.id, state="cancelled")
    machine.emit("task_moved", task=task.id, state="waiting", due=None)


def _unfork(machine: Machine, type: str, data: Mapping[str, Any]) -> None:
    if type == "forked" and data.get("before"):
        machine.emit("forked", **data["before"])  # That of an earlier time: as it was.
    elif type == "forked":
        machine.emit("fork_closed", path=data["path"], state="cancelled")
    elif type == "way_ended":
        machine.emit("way_ended", path=data["path"], way=data["way"], state="open")
    else:
        machine.emit("fork_closed", path=data["path"], state="open")


def there(machine: Machine, person: str) -> str:
    """The person, or who acts for one who has left, an administrator in the end."""
    names = (in_force(machine.asking(), person), *machine.env.directory.admins())
    return next((one for one in names if one), person)


def again(machine: Machine, old: Task) -> None:
    """The same task once more."""
    turn = [one for one in machine.state.pending(old.run) if one.group == old.group and one.seq < old.seq]
    waits = old.state == "cancelled" and machine.state.runs[old.run].mode == "sequential" and bool(turn)
    run, assignee = machine.state.runs[old.run], there(machine, old.assignee)
    machine.open_task(
        run, assignee, old.seq, state="waiting" if waits else "open", kind=old.kind,
        principal=old.principal, origin=old.id, parent=old.parent, group=old.group, depth=old.depth, hops=old.hops,
        due=old.due, since=old.since, counted=old.counted, deadline=not waits and old.due is None,
        **({"shared": True} if old.shared else {}),
    )  # fmt: skip


def before_command(machine: Machine) -> dict[str, Any] | None:
    """The last decision as it stood before this command."""
    return machine.regretted
