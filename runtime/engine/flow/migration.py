"""A running instance goes on after another version of its workflow, if everything under way has its place there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.base.errors import Message
from runtime.engine.flow.definition import Definition, Path, Step, parsed, written
from runtime.engine.flow.machine import Machine
from runtime.engine.flow.state import Instance, Run


@dataclass
class Moves:
    """Where everything stands in the other version: paths of visits by their number, of forks and choices by path."""

    runs: dict[int, str] = field(default_factory=dict)
    forks: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    turns: dict[str, str] = field(default_factory=dict)
    blockers: list[Message] = field(default_factory=list)

    def refuse(self, en: str, zh: str) -> None:
        """Note what stands against it, once."""
        said = Message(en, zh)
        if said not in self.blockers:
            self.blockers.append(said)


def moves(state: Instance, old: Definition, new: Definition) -> Moves:
    """What a migration would do, and what stands against it."""
    found = Moves()
    for run in state.runs.values():
        if not run.path:
            continue
        before = old.by_path[parsed(run.path)]
        there = same(before, new)
        if run.state == "active":
            stands(found, run, before, there, old, new)
        elif there is not None:
            found.runs[run.id] = written(there.path)
        elif run.state == "passed" and not run.void and before.kind.lasting:
            found.refuse(f"the step {run.node!r}, which has changed data, is not there any more",
                         f"已执行并修改数据的节点“{run.node}”在新版本中不存在")  # fmt: skip
    for fork in state.forks.values():
        if fork.state == "open" and fork.path not in found.forks:
            found.refuse("a parallel block is open that has no place in the new version",
                         "有未结束的并行分支在新版本中没有对应位置")  # fmt: skip
    told = {path: same(old.by_path[parsed(path)], new) for path in state.later}
    found.later = {path: written(step.path) for path, step in told.items() if step is not None}
    found.chosen = {path: moved for path, moved in found.forks.items() if path in state.chosen}
    return found


def same(step: Step, new: Definition) -> Step | None:
    """The step of the same name and kind in another version."""
    there = new.by_name.get(step.name)
    return there if there is not None and there.kind is step.kind else None


def stands(found: Moves, run: Run, before: Step, there: Step | None, old: Definition, new: Definition) -> None:
    """A visit that is under way: its step must be there, inside of the same parallel blocks."""
    if there is None:
        other = new.by_name.get(before.name)
        if other is None:
            found.refuse(f"the step {run.node!r} is under way and not there any more",
                         f"正在进行的节点“{run.node}”在新版本中不存在")  # fmt: skip
        else:
            found.refuse(f"the step {run.node!r} is under way and was {before.kind.name}, now it is {other.kind.name}",
                         f"正在进行的节点“{run.node}”原为 {before.kind.name}，现为 {other.kind.name}")  # fmt: skip
        return
    around, now = forks(old, before.path), forks(new, there.path)
    if [shape(old, one) for one in around] != [shape(new, one) for one in now]:
        found.refuse(f"the step {run.node!r} is under way and stands in other parallel blocks now",
                     f"正在进行的节点“{run.node}”所在的并行分支结构已改变")  # fmt: skip
        return
    was_round, is_round = ([*one.loops(at.path), *([at.path] if at.kind.loops else [])]
                           for one, at in ((old, before), (new, there)))  # fmt: skip
    if len(was_round) != len(is_round):
        found.refuse(f"the step {run.node!r} is under way and is not repeated as before",
                     f"正在进行的节点“{run.node}”的重复结构已改变")  # fmt: skip
        return
    found.turns.update((written(was), written(will)) for was, will in zip(was_round, is_round, strict=True))
    found.runs[run.id] = written(there.path)
    for was, will in zip(around, now, strict=True):
        if found.forks.setdefault(written(was[:-1]), written(will[:-1])) != written(will[:-1]):
            found.refuse(
                "the ways of a parallel block stand in different blocks now", "同一并行块的分支现位于不同的并行块"
            )


def forks(definition: Definition, path: Path) -> list[Path]:
    """The ways of parallel blocks that a step stands in, from outside."""
    ways = [path[:end] for end in range(2, len(path), 2)]
    return [one for one in ways if definition.by_path[one[:-1]].kind.forks]


def shape(definition: Definition, way: Path) -> tuple[str, int, int, str]:
    """What must be the same of a block: its kind, its ways, which of them, how they are joined."""
    step = definition.by_path[way[:-1]]
    options = step.options.get(step.kind.name)
    join = {key: options.get(key) for key in ("join", "reject")} if isinstance(options, Mapping) else {}
    return step.kind.name, len(step.ways), way[-1], str(join)


def migrate(machine: Machine, found: Moves, version: str, actor: str) -> None:
    """Go on after the machine's definition. Deadlines are counted anew, from when each task was opened."""
    machine.emit("command", name="migrate", actor=actor, task=None, at=machine.now, on_behalf=None, comment=None,
                 files=[], reason=None, decision=False)  # fmt: skip
    machine.emit("migrated", flow=version, runs={str(run): path for run, path in found.runs.items()},
                 forks=dict(found.forks), chosen=dict(found.chosen), later=dict(found.later),
                 turns=dict(found.turns))  # fmt: skip
    for task in machine.state.pending():
        run = machine.state.runs[task.run]
        late = [one for one in machine.state.timers.values() if one.task == task.id and one.state == "scheduled"]
        for timer in late:
            machine.emit("timer_closed", timer=timer.id, state="cancelled")
        if not run.path or task.kind == "admin_fix":
            continue
        if task.due is not None and not machine.step_of(run).options.get("due"):
            machine.emit("task_moved", task=task.id, state=task.state, paused=task.paused, due=None)
        elif task.due is not None or task.state == "open":
            machine.set_deadline(run, task)
