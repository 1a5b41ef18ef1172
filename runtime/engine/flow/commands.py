"""The commands of participants: what each demands, and what follows. ``step`` is the whole core in one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from runtime.base.errors import Conflict, Forbidden, Invalid, Malformed, Message, Problem, TooMany
from runtime.engine.flow import admin, back, conflicts, signers, signing
from runtime.engine.flow.approvers import check_choice
from runtime.engine.flow.definition import Definition, Step
from runtime.engine.flow.machine import CONFLICT, SYSTEM, Machine
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.refusals import wrong
from runtime.engine.flow.sentences import ENDS
from runtime.engine.flow.state import Event, Instance, Task
from runtime.engine.flow.world import Env

HOPS = 5
#: What tasks take that stand at no node.
INSTEAD = {CONFLICT: "rebase, discard", "resubmit": "submit"}
GOOD = {"agree": "agreed", "submit": "submitted"}
BAD = {"reject": "rejected"}
DECISIONS = (*GOOD, *BAD, "return", "transfer")
#: Commands that are possible after the end too.
AFTERWARDS = ("comment", "copy")
#: Commands that the system gives itself.
INTERNAL = ("fire", "look", "child_started", "child_ended", "left", "drop")


@dataclass(frozen=True)
class Command:
    """What somebody wants. ``task`` is the number of the task it is about; ``administrator`` what he is allowed."""

    name: str
    actor: str
    task: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    administrator: bool = False


def step(definition: Definition, state: Instance, command: Command, env: Env) -> tuple[Instance, list[Event]]:
    """The state after a command and the events that lead there. Raises DougongError and then nothing has happened."""
    machine = Machine(definition, deepcopy(state), env)
    carry_out(machine, command)
    return machine.state, machine.events


def carry_out(machine: Machine, command: Command) -> None:
    """A command on a machine whose state is the caller's own: it is spoilt when the command is refused."""
    handler = COMMANDS.get(command.name)
    if handler is None:
        known = ", ".join(name for name in COMMANDS if name not in INTERNAL)
        raise Malformed(
            Message(
                f"unknown action {command.name[:40]!r}; known: {known}", f"未知操作“{command.name[:40]}”；可用：{known}"
            )
        )
    machine.actor = command.actor
    state = machine.state
    if command.name == "start":
        if state.state != "new":
            raise Conflict(Message("it has been started already", "流程已启动"), code="already_started")
    elif not state.is_open and command.name not in AFTERWARDS:
        if command.actor == SYSTEM:
            return
        raise ended(state)
    task = state.tasks.get(command.task) if command.task is not None else None
    if command.name in OF_TASKS:
        task = holder(machine, command, task)
    signature = command.args.get("signature")
    signing.refuse_other(step_of(machine, task) if command.name in OF_TASKS else None, command.name, signature)
    behalf = task.principal if task and task.principal != command.actor else None
    machine.emit(
        "command", name=command.name, actor=command.actor, task=task.id if task else None, at=machine.now,
        on_behalf=behalf, comment=command.args.get("comment"),
        files=list(command.args.get("files") or ()), reason=command.args.get("reason"),
        decision=command.name in DECISIONS, **({"signature": signature} if signature else {}),
    )  # fmt: skip
    handler(machine, command, task)


def step_of(machine: Machine, task: Task | None) -> Step | None:
    """The step that asks for a task; none for what only an administrator or the initiator can mend."""
    run = machine.state.runs[task.run] if task and task.kind not in ("admin_fix", "resubmit", CONFLICT) else None
    return machine.step_of(run) if run and run.path else None


def ended(state: Instance) -> Conflict:
    """The refusal of a command on an instance that has ended."""
    return Conflict(
        Message(f"this has ended already: {state.state}", f"流程已结束：{ENDS[state.state]}"),
        code="already_ended", extra={"state": state.state, "at": state.ended},
    )  # fmt: skip


def holder(machine: Machine, command: Command, task: Task | None) -> Task:
    """The open task that a command is about, when it is the actor's. Raises Malformed, Forbidden, Conflict."""
    if task is None:
        raise Malformed(Message("there is no such task", "没有该任务"))
    own = command.actor in task.holders or (command.name == "take_over" and command.actor == task.principal)
    if command.name in ADMIN_TASK and task.kind == "admin_fix":
        own = own or command.administrator
    if not own and not (task.by == command.actor):
        raise Forbidden(Message("this task is somebody else's", "该任务由他人处理"))
    if task.state != "open":
        raise closed(task)
    return task


def closed(task: Task) -> Conflict:
    """The refusal that tells what has happened to a task."""
    zh = {
        "waiting": "尚未轮到", "agreed": "已同意", "rejected": "已驳回", "returned": "已退回", "submitted": "已提交",
        "transferred": "已转交", "cancelled": "已取消", "auto_agreed": "已自动同意", "auto_rejected": "已自动驳回",
        "skipped": "已跳过",
    }.get(task.state, task.state)  # fmt: skip
    return Conflict(
        Message(f"this task is not open any more: {task.state}" if task.state != "waiting" else
                "it is not this task's turn yet", f"该任务已不可处理：{zh}"),
        code="task_" + task.state, extra={"state": task.state, "by": task.by, "at": task.decided},
    )  # fmt: skip


def start(machine: Machine, command: Command, task: Task | None) -> None:
    """Begin."""
    args, doc = command.args, machine.definition.doc.get("start", {})
    kind = str(args.get("kind", "normal"))
    who = doc.get("who")
    if (
        who
        and command.actor != SYSTEM
        and kind in ("normal", "proposal")
        and not may_start(machine.env, who, command.actor)
    ):
        raise Forbidden(Message("you may not start this workflow", "您没有权限发起该流程"))
    cause = args.get("cause")  # An event has begun it, and its condition has held against what was before.
    if kind == "normal" and cause is None and "when" in doc and not machine.env.condition(doc["when"]):
        when = doc["when"]
        raise wrong("start.when", f"this workflow starts only when {when}", f"该流程仅在满足条件时可发起：{when}")
    if kind == "normal" and cause is None and command.actor != SYSTEM:  # What begins by itself goes on as it is.
        machine.env.demand_rules()
    initiator = str(args.get("initiator") or command.actor)
    machine.state.initiator = initiator
    choice = check_choice(machine.asking(), args.get("choice") or {})
    machine.emit(
        "started",
        kind=kind,
        initiator=initiator,
        started=machine.now,
        choice=choice,
        **({"cause": cause} if cause else {}),
    )
    machine.enter((0,))


def may_start(env: Env, who: Mapping[str, Any], person: str) -> bool:
    """Whether ``start: who:`` lets somebody start it."""
    people = env.directory
    if any(people.has_role(person, role) for role in who.get("roles", ())):
        return True
    if person in [people.find(one) for one in who.get("users", ())]:
        return True
    return "field" in who and person in env.people(who["field"])


def decide(machine: Machine, command: Command, task: Task | None) -> None:
    """Agree, reject or submit."""
    assert task is not None
    run = machine.state.runs[task.run]
    if task.kind == "resubmit" and command.name == "submit":
        back.resubmit(machine, command.args, task)
        return
    if command.args.get("lines"):
        raise wrong("lines", "lines come with submitting a change of lines again, not with this decision",
                    "lines 只能在重新提交被退回的明细变更时给出", "lines")  # fmt: skip
    say(machine, command, task)
    state = GOOD.get(command.name) or BAD[command.name]
    machine.close_task(task, state, human=True)
    machine.settle(run)


def say(machine: Machine, command: Command, task: Task) -> None:
    """What comes with a decision: a comment where one is demanded, values for the fields of the node, a choice."""
    run = machine.state.runs[task.run]
    node = machine.step_of(run) if run.path else None
    words = node.kind.decisions if node and task.kind != "admin_fix" else ()
    if node is None or command.name not in (*words, "add_sign", "return"):
        offered = ", ".join(words) or INSTEAD.get(task.kind, "retry, skip")
        raise Invalid(
            Message(
                f"this task takes {offered}, not {command.name}", f"该任务可执行：{offered}，不能执行 {command.name}"
            )
        )
    silent = not str(command.args.get("comment") or "").strip()
    said = node.options.get("opinion", {})
    problems = signing.missing(node, command.name, command.args.get("signature"))
    wanted = said.get("comment", "never")
    if command.args.get("files") and not said.get("attachment", True):
        problems.append(Problem("files", Message("no files at this step", "本节点不能附文件"), field="files"))
    if silent and (wanted == "always" or (wanted == "on_reject" and command.name in (*BAD, "return"))):
        problems.append(Problem("comment", Message("a comment is needed here", "此处须填写意见"), field="comment"))
    if problems:
        raise Invalid(problems=problems)
    values = command.args.get("values") or {}
    for name in values:
        if name not in node.editable:
            raise Invalid(problems=[Problem("readonly", Message(
                f"the field {name!r} may not be set at this step; allowed: {', '.join(node.editable) or 'none'}",
                f"本节点不能修改字段“{name}”；可修改：{'、'.join(node.editable) or '无'}"), field=name)])  # fmt: skip
    if values:
        machine.env.write(values, command.actor)
        machine.emit("fields_set", task=task.id, fields=sorted(values))
    if command.name in GOOD or command.name == "add_sign":
        blank = machine.env.missing(node.filled) if node.filled and command.name in GOOD else ()
        if blank:
            said = Message("must be filled in here", "此处必填")
            raise Invalid(problems=[Problem("required", said, field=one) for one in blank])
        picked: Mapping[str, Sequence[str]] = command.args.get("people_for") or {}
        for name, people in picked.items():
            found = [one for one in (machine.env.directory.find(str(text)) for text in people) if one]
            machine.emit("picked", node=node.name if name == "next" else name, people=found)


def transfer(machine: Machine, command: Command, task: Task | None) -> None:
    """Somebody else does it."""
    assert task is not None
    signers.demand(machine, task, "transfer")
    if task.hops >= HOPS:
        raise Conflict(
            Message(f"a task may be transferred {HOPS} times at most", f"任务最多可转交 {HOPS} 次"),
            code="too_many_transfers",
        )
    to = signers.newcomers(machine, task, [command.args.get("to")], instead=command.actor)[0]
    machine.close_task(task, "transferred", human=True, to=to)
    signers.hand_over(machine, task, to)


def take_over(machine: Machine, command: Command, task: Task | None) -> None:
    """The one somebody stands in for does it himself."""
    assert task is not None
    if task.principal != command.actor:
        raise Forbidden(Message("nobody stands in for you at this task", "该任务并非由他人代您处理"))
    machine.close_task(task, "transferred", to=command.actor)
    signers.hand_over(machine, task, command.actor)


def withdraw(machine: Machine, command: Command, task: Task | None) -> None:
    """The initiator does not want it any more."""
    only_initiator(machine.state, command)
    withdrawable(machine)
    machine.finish("withdrawn")


NEVER = Message("this workflow cannot be withdrawn", "该流程不允许撤回")


def withdrawable(machine: Machine) -> None:
    """Raise Conflict when it is too late to withdraw."""
    state = machine.state
    policy = machine.definition.allow("withdraw", "until_first_decision")
    late = policy == "until_first_decision" and state.decided and state.state != "returned"
    if policy == "never" or late:
        raise Conflict(
            NEVER if policy == "never" else Message("somebody has decided, it cannot be withdrawn any more",
                                                    "已有人处理，不能再撤回"),
            code="too_late",
        )  # fmt: skip
    changed = any(
        run.state == "passed" and run.path and machine.step_of(run).kind.lasting for run in state.runs.values()
    )
    if changed and not machine.definition.after(
        "withdrawn"
    ):  # Whoever says what withdrawing means has said how to undo.
        raise Conflict(Message("a step has changed data already", "已有节点修改了数据，不能撤回"), code="too_late")


def urge(machine: Machine, command: Command, task: Task | None) -> None:
    """Ask those who have it to hurry."""
    only_initiator(machine.state, command)
    every = machine.definition.allow("urge_every", "30m")
    if machine.state.urged:
        again = machine.env.calendar.add(moment_of(machine.state.urged), every)
        if again > machine.env.now:
            wait = (again - machine.env.now) // timedelta(seconds=1) + 1
            raise TooMany(
                Message(f"you may urge again in {wait} seconds", f"{wait} 秒后可再次催办"), extra={"retry_after": wait}
            )
    people = sorted({who for one in machine.state.pending() if one.state == "open" for who in one.holders})
    machine.emit("urged", at=machine.now, people=people)


def only_initiator(state: Instance, command: Command) -> None:
    """Raise Forbidden for everybody else."""
    if command.actor != state.initiator:
        raise Forbidden(Message("only who started it may do this", "只有发起人可以执行此操作"))


def participants(state: Instance) -> set[str]:
    """Everybody who has had something to do with it."""
    found = {state.initiator, *state.copies}
    for task in state.tasks.values():
        found |= {one for one in (task.assignee, task.principal, task.by) if one}
    return found


def comment(machine: Machine, command: Command, task: Task | None) -> None:
    """Say something; nothing moves."""
    if command.actor not in participants(machine.state) and not command.administrator:
        raise Forbidden(Message("you take no part in this", "您未参与该流程"))
    named = [machine.env.directory.find(str(one)) for one in command.args.get("mentions") or ()]
    mentioned = [one for one in dict.fromkeys(named) if one and machine.env.directory.active(one)]
    strangers = [one for one in mentioned if one not in participants(machine.state)]
    if strangers:  # Whoever is spoken to must be able to read what it is about.
        machine.emit("copied", node=None, people=strangers)
    machine.emit("commented", by=command.actor, text=str(command.args.get("comment") or ""), people=mentioned)


def copy(machine: Machine, command: Command, task: Task | None) -> None:
    """Let others read it."""
    if command.actor not in participants(machine.state) and not command.administrator:
        raise Forbidden(Message("you take no part in this", "您未参与该流程"))
    named = command.args.get("people") or ()
    found = {str(one): machine.env.directory.find(str(one)) for one in named}
    strangers = [one[:60] for one, person in found.items() if not person or not machine.env.directory.active(person)]
    if strangers or not found:
        en, zh = ", ".join(strangers), "、".join(strangers)
        raise wrong("person", f"there is nobody called {en}" if en else "name somebody",
                    f"没有可抄送的人员：{zh}" if zh else "请指定人员", "people")  # fmt: skip
    machine.emit("copied", node=None, people=list(dict.fromkeys(one for one in found.values() if one)))


def add_sign(machine: Machine, command: Command, task: Task | None) -> None:
    """Ask more people."""
    assert task is not None
    if command.args.get("kind") == "after":
        say(machine, Command("add_sign", command.actor, task.id, command.args), task)
    signers.add(machine, task, command.args)


def send_back(machine: Machine, command: Command, task: Task | None) -> None:
    """Return it to an earlier step."""
    assert task is not None
    say(machine, command, task)
    back.send_back(machine, command.args, task)


def rebase(machine: Machine, command: Command, task: Task | None) -> None:
    """An approved change is meant for the record as it stands now."""
    assert task is not None
    conflicts.rebase(machine, task)


def discard(machine: Machine, command: Command, task: Task | None) -> None:
    """An approved change that does not fit any more is given up."""
    assert task is not None
    conflicts.discard(machine, task)


Handler = Callable[[Machine, Command, Task | None], None]
COMMANDS: dict[str, Handler] = {
    "start": start,
    "agree": decide,
    "reject": decide,
    "submit": decide,
    "return": send_back,
    "transfer": transfer,
    "take_over": take_over,
    "add_sign": add_sign,
    "remove_signer": lambda machine, command, task: signers.remove(machine, command.actor, command.args),
    "rebase": rebase,
    "discard": discard,
    "withdraw": withdraw,
    "retrieve": lambda machine, command, task: back.retrieve(machine, command.actor),
    "urge": urge,
    "comment": comment,
    "copy": copy,
    "reassign": lambda machine, command, task: admin.reassign(machine, command.administrator, task, command.args),
    "skip": lambda machine, command, task: admin.skip(machine, command.administrator, task, command.args),
    "retry": lambda machine, command, task: admin.retry(machine, command.administrator, task, command.args),
    "jump": lambda machine, command, task: admin.jump(machine, command.administrator, command.args),
    "terminate": lambda machine, command, task: admin.terminate(machine, command.administrator, command.args),
    "drop": lambda machine, command, task: admin.drop(machine, command.administrator, command.args),
    "left": lambda machine, command, task: admin.left(machine, command.args),
    "fire": lambda machine, command, task: admin.fire(machine, command.args),
    "look": lambda machine, command, task: admin.look(machine),
    "child_started": lambda machine, command, task: admin.child_started(machine, command.args),
    "child_ended": lambda machine, command, task: admin.child_ended(machine, command.args),
}
OF_TASKS = ("agree", "reject", "submit", "return", "transfer", "take_over", "add_sign", "rebase", "discard")
ADMIN_TASK = ("transfer",)
