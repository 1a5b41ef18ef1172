"""The state of one running instance as plain data, and the events it follows from: folding them gives the state.

``apply`` is the only way to change it. It never decides: whatever is to be decided has been when an event is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

OPEN_STATES = ("running", "returned")
ENDED = ("approved", "rejected", "withdrawn", "terminated")
#: Final states of tasks that count for, and against.
FOR = ("agreed", "submitted", "auto_agreed")
AGAINST = ("rejected", "auto_rejected")
PENDING = ("open", "waiting")
#: Events that a decision may be taken back after.
UNSPOILT = ("commented", "urged", "copied", "reminded", "recounted")
#: Commands after which a decision may still be taken back.
SILENT = ("comment", "urge", "copy", "recount")


class Event(NamedTuple):
    """One thing that has happened: what, and the plain data that tells it whole."""

    type: str
    data: Mapping[str, Any]


@dataclass
class Task:
    """What one person has to do. ``principal``: for whom, when somebody stands in. Numbers count in the instance.

    ``shared``: he for whom somebody stands in may act as well. It is said when the task is opened and stays so.
    """

    id: int
    run: int
    kind: str
    seq: int
    assignee: str
    state: str
    opened: str
    principal: str | None = None
    origin: int | None = None
    parent: int | None = None
    group: int | None = None
    depth: int = 0
    paused: bool = False
    due: str | None = None
    by: str | None = None
    decided: str | None = None
    hops: int = 0
    void: bool = False
    #: From when its deadline is counted, where it has one that is counted from a moment.
    since: str | None = None
    #: By whose calendar its deadline is counted; a task that is passed on keeps its deadline.
    counted: str | None = None
    shared: bool = False

    @property
    def holders(self) -> tuple[str, ...]:
        """Who may act: who has it, and for whom he stands in where both may."""
        both = self.shared and self.principal not in (None, self.assignee)
        return (self.assignee, str(self.principal)) if both else (self.assignee,)


@dataclass
class Group:
    """People added before or after a task; how many of them must agree."""

    id: int
    run: int
    kind: str
    parent: int
    mode: Any
    state: str = "open"


@dataclass
class Run:
    """One visit of a node."""

    id: int
    path: str
    node: str
    round: int
    entered: str
    mode: Any = "any"
    state: str = "active"
    approvers: list[str] = field(default_factory=list)
    cause: str = ""
    blocked: bool = False
    void: bool = False
    child: str | None = None


@dataclass
class Fork:
    """The ways of a parallel node that are under way: open, passed, failed."""

    path: str
    need: int
    ways: dict[str, str]
    state: str = "open"


@dataclass
class Turns:
    """Which time round a step is gone through that is gone through several times; ``after``: the last visit before."""

    path: str
    turn: int
    after: int


@dataclass
class Timer:
    """A moment at which something is done if nothing has happened. ``fire_at`` as ISO text in UTC."""

    id: int
    run: int
    task: int | None
    step: int
    fire_at: str
    state: str = "scheduled"


@dataclass
class Instance:
    """Everything of one instance that decisions depend on."""

    state: str = "new"
    kind: str = "normal"
    initiator: str = ""
    started: str = ""
    ended: str | None = None
    round: int = 1
    choice: dict[str, list[str]] = field(default_factory=dict)
    picked: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    forks: dict[str, Fork] = field(default_factory=dict)
    turns: dict[str, Turns] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    copies: list[str] = field(default_factory=list)
    jump: dict[str, Any] | None = None
    last: dict[str, Any] | None = None
    urged: str | None = None
    decided: bool = False
    cause: dict[str, Any] | None = None
    #: Paths of the steps whose people get a copy when it has ended.
    later: list[str] = field(default_factory=list)
    #: Paths of the steps that an administrator has passed over by letting it go on behind them.
    over: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """True until the one end of it."""
        return self.state in OPEN_STATES

    def run_tasks(self, run: int) -> list[Task]:
        """The tasks of a run in their order."""
        return sorted((one for one in self.tasks.values() if one.run == run), key=lambda one: (one.seq, one.id))

    def pending(self, run: int | None = None) -> list[Task]:
        """Tasks that still wait for somebody, of one run or of all."""
        return [one for one in self.tasks.values() if one.state in PENDING and run in (None, one.run)]

    def active(self) -> list[Run]:
        """Visits that have not ended."""
        return [one for one in self.runs.values() if one.state == "active"]


PARTS: dict[str, type[Any]] = {
    "runs": Run,
    "tasks": Task,
    "groups": Group,
    "timers": Timer,
    "forks": Fork,
    "turns": Turns,
}


def earlier(state: Instance, run: Run) -> bool:
    """Whether a visit belongs to an earlier time round of what is gone through several times."""
    return any(
        run.id <= one.after and (run.path == path or run.path.startswith(path + "."))
        for path, one in state.turns.items()
    )


def dump(instance: Instance) -> dict[str, Any]:
    """The state as JSON values, to be written down at once: lists are those of the state."""
    made = dict(vars(instance))
    for name in PARTS:
        made[name] = {key: dict(vars(part)) for key, part in made[name].items()}
    return made


def load(data: Mapping[str, Any]) -> Instance:
    """The state from JSON values."""
    made = Instance()
    for one in fields(Instance):
        if one.name not in data:
            continue
        value = data[one.name]
        part = PARTS.get(one.name)
        if part is not None:
            whole = str if one.name in ("forks", "turns") else int
            value = {whole(key): part(**entry) for key, entry in value.items()}
        setattr(made, one.name, value)
    return made


def fold(events: Iterable[Event]) -> Instance:
    """The state that the events tell of."""
    made = Instance()
    for event in events:
        apply(made, event)
    return made


def apply(state: Instance, event: Event) -> None:
    """Change the state as the event says."""
    handler = HANDLERS.get(event.type)
    if handler is not None:
        handler(state, event.data)
    if event.type == "command":
        _command(state, event.data)
    elif state.last is not None and event.type not in UNSPOILT:
        state.last["events"].append([event.type, dict(event.data)])


def _command(state: Instance, data: Mapping[str, Any]) -> None:
    if data.get("decision"):
        state.last = {"task": data["task"], "by": data["actor"], "at": data["at"], "events": []}
    elif data["name"] not in SILENT:
        state.last = None


def _started(state: Instance, data: Mapping[str, Any]) -> None:
    state.state = "running"
    for name in ("kind", "initiator", "started", "choice"):
        setattr(state, name, data[name])
    state.cause = data.get("cause")


def _run(state: Instance, data: Mapping[str, Any]) -> None:
    made = Run(**data)
    state.runs[made.id] = made


def _run_closed(state: Instance, data: Mapping[str, Any]) -> None:
    state.runs[data["run"]].state = data["state"]
    state.runs[data["run"]].blocked = False


def _run_reopened(state: Instance, data: Mapping[str, Any]) -> None:
    state.runs[data["run"]].state = "active"


def _blocked(state: Instance, data: Mapping[str, Any]) -> None:
    state.runs[data["run"]].blocked = bool(data["blocked"])


def _child(state: Instance, data: Mapping[str, Any]) -> None:
    state.runs[data["run"]].child = data["child"]


def _task(state: Instance, data: Mapping[str, Any]) -> None:
    made = Task(**data)
    state.tasks[made.id] = made


def _task_moved(state: Instance, data: Mapping[str, Any]) -> None:
    task = state.tasks[data["task"]]
    task.state = data["state"]
    task.paused = bool(data.get("paused", False))
    task.opened = data.get("opened", task.opened)
    if "due" in data:
        task.due, task.since, task.counted = data["due"], data.get("since"), data.get("counted")


def _task_closed(state: Instance, data: Mapping[str, Any]) -> None:
    task = state.tasks[data["task"]]
    task.state, task.by, task.decided, task.paused = data["state"], data["by"], data["at"], False
    if data.get("human"):
        state.decided = True


def _taken_back(state: Instance, data: Mapping[str, Any]) -> None:
    state.tasks[data["task"]].void = True


def _group(state: Instance, data: Mapping[str, Any]) -> None:
    made = Group(**data)
    state.groups[made.id] = made


def _group_closed(state: Instance, data: Mapping[str, Any]) -> None:
    state.groups[data["group"]].state = data["state"]


def _timer(state: Instance, data: Mapping[str, Any]) -> None:
    made = Timer(**data)
    state.timers[made.id] = made


def _timer_closed(state: Instance, data: Mapping[str, Any]) -> None:
    state.timers[data["timer"]].state = data["state"]


def _timer_moved(state: Instance, data: Mapping[str, Any]) -> None:
    timer = state.timers[data["timer"]]
    timer.fire_at, timer.state = data["fire_at"], "scheduled"


def _recounted(state: Instance, data: Mapping[str, Any]) -> None:
    for number, due in data["due"].items():
        state.tasks[int(number)].due = due
    for number, at in data["timers"].items():
        state.timers[int(number)].fire_at = at


def _chosen(state: Instance, data: Mapping[str, Any]) -> None:
    state.chosen[data["path"]] = data["way"]


def _forked(state: Instance, data: Mapping[str, Any]) -> None:
    made = Fork(**{name: value for name, value in data.items() if name != "before"})
    state.forks[made.path] = made


def _turned(state: Instance, data: Mapping[str, Any]) -> None:
    if data["turn"]:
        state.turns[data["path"]] = Turns(data["path"], data["turn"], data["after"])
        if data["turn"] > 1:  # What was passed over the time before is still to come.
            state.over = [one for one in state.over if not one.startswith(data["path"] + ".")]
    else:
        state.turns.pop(data["path"], None)


def _way(state: Instance, data: Mapping[str, Any]) -> None:
    state.forks[data["path"]].ways[data["way"]] = data["state"]


def _fork_closed(state: Instance, data: Mapping[str, Any]) -> None:
    state.forks[data["path"]].state = data["state"]


def _rewound(state: Instance, data: Mapping[str, Any]) -> None:
    for number in data["runs"]:
        state.runs[number].void = True
    state.jump = data.get("jump")
    if "over" in data:
        state.over = list(data["over"])
    elif all(one.void for one in state.runs.values() if one.path):
        state.over = []  # It begins anew.


def _returned(state: Instance, data: Mapping[str, Any]) -> None:
    state.state = "returned"


def _resubmitted(state: Instance, data: Mapping[str, Any]) -> None:
    state.state, state.round, state.decided = "running", state.round + 1, bool(data.get("direct"))
    if not data.get("direct"):
        state.later = []


def _jumped(state: Instance, data: Mapping[str, Any]) -> None:
    state.jump = None


def _picked(state: Instance, data: Mapping[str, Any]) -> None:
    state.picked = {**state.picked, data["node"]: list(data["people"])}


def _copied(state: Instance, data: Mapping[str, Any]) -> None:
    state.copies = list(dict.fromkeys([*state.copies, *data["people"]]))


def _copy_kept(state: Instance, data: Mapping[str, Any]) -> None:
    state.later = list(dict.fromkeys([*state.later, data["path"]]))


def _urged(state: Instance, data: Mapping[str, Any]) -> None:
    state.urged = data["at"]


def _ended(state: Instance, data: Mapping[str, Any]) -> None:
    state.state, state.ended = data["state"], data["at"]


def _migrated(state: Instance, data: Mapping[str, Any]) -> None:
    """Everything has the place that it has in the other version; a past step that is not there has none."""
    for run in state.runs.values():
        if run.path:
            run.path = data["runs"].get(str(run.id), "")
            run.void = run.void or not run.path
    moved = {data["forks"][path]: fork for path, fork in state.forks.items() if path in data["forks"]}
    for path, fork in moved.items():
        fork.path = path
    state.forks = moved
    told = data.get("turns", {})
    state.turns = {
        told[path]: Turns(told[path], one.turn, one.after) for path, one in state.turns.items() if path in told
    }
    state.chosen = {data["chosen"][path]: way for path, way in state.chosen.items() if path in data["chosen"]}
    state.later = [data["later"][path] for path in state.later if path in data.get("later", {})]
    state.jump = None


HANDLERS: dict[str, Callable[[Instance, Mapping[str, Any]], None]] = {
    "started": _started,
    "run_opened": _run,
    "run_closed": _run_closed,
    "run_reopened": _run_reopened,
    "run_blocked": _blocked,
    "child_started": _child,
    "task_opened": _task,
    "task_moved": _task_moved,
    "task_closed": _task_closed,
    "taken_back": _taken_back,
    "group_opened": _group,
    "group_closed": _group_closed,
    "timer_set": _timer,
    "timer_closed": _timer_closed,
    "timer_moved": _timer_moved,
    "recounted": _recounted,
    "way_chosen": _chosen,
    "forked": _forked,
    "turned": _turned,
    "way_ended": _way,
    "fork_closed": _fork_closed,
    "rewound": _rewound,
    "returned": _returned,
    "resubmitted": _resubmitted,
    "jumped": _jumped,
    "migrated": _migrated,
    "picked": _picked,
    "copied": _copied,
    "copy_kept": _copy_kept,
    "urged": _urged,
    "ended": _ended,
}
