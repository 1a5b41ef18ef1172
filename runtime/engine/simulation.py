"""What a workflow would do with a record that is there: path, people and why they, timers, changes. Nothing is stored.

The engine at work does it, with a draft of the documents, in a transaction that is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from runtime.base.errors import DougongError, Invalid, Message, NotFound, Problem
from runtime.base.sqltext import Sql
from runtime.base.values import load as load_json
from runtime.engine import reading
from runtime.engine.directory import everybody
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import Command
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flow.moments import moment_of, stamp
from runtime.engine.flow.state import Task
from runtime.engine.flows import Flows, live_definition
from runtime.engine.planning import Plan
from runtime.engine.staging import CHANNEL, Stage, on_stage
from runtime.engine.workspace import Session, Workspace
from runtime.store import flows
from runtime.store.ids import is_id

#: So many decisions and timers, then a simulation is stopped.
MOST = 500
RULES = {
    "sources": Message("named by the step", "由节点指定"),
    "left": Message("has left: who follows", "已离职，由接替人处理"),
    "self": Message("started it: the rule for one's own", "为发起人：按本人审批规则处理"),
    "delegated": Message("is away: the stand-in", "外出，由代理人处理"),
    "shared": Message("has a stand-in, both can decide", "有代理人，双方均可处理"),
    "dedupe": Message("has agreed, or is asked later anyhow", "已同意或后续还会审批，自动通过"),
    "empty": Message("nobody was found: the policy", "未找到人员，按空审批人策略处理"),
    "limit": Message("too many: cut off", "人数过多，已截断"),
}
#: What the system keeps about a record, which always changes.
KEPT = ("version", "updated_at", "updated_by")


@dataclass
class Asked:
    """What is to be simulated. ``decisions``: by step, ``agree`` where nothing is said; ``values``: filled in too."""

    workflow: str
    record: str
    initiator: str | None = None
    decisions: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    now: datetime | None = None


def simulate(workspace: Workspace, asked: Asked, draft: Plan | None = None, language: str = "en") -> dict[str, Any]:
    """What would happen, with the live documents or with a draft. Raises NotFound, Invalid, Forbidden, Conflict."""
    if draft is not None:
        fitting(draft)
    workspace.snapshot()
    model = draft.model if draft else None
    with on_stage(workspace, asked.now or datetime.now(UTC), model) as stage:
        return _Simulation(stage, asked, language).run()
    raise AssertionError("unreachable")


def fitting(draft: Plan) -> None:
    """Raise Invalid for documents that do not hold together, or that the stored records do not fit yet."""
    if draft.errors:
        raise Invalid(problems=draft.errors)
    if draft.tables or draft.columns or draft.conversions:
        names = ", ".join(
            [*draft.tables, *(f"{table}.{column}" for table, column in draft.columns), *draft.conversions]
        )
        said = Message(
            f"the draft changes how records are stored ({names}): publish the objects first, or write a scenario",
            f"草稿会改变记录的存储方式（{names}）：请先发布对象，或编写场景测试",
        )
        raise Invalid(problems=[Problem("layout", said)])


class _Simulation:
    """One simulation on its stage."""

    def __init__(self, stage: Stage, asked: Asked, language: str) -> None:
        self.stage = stage
        self.asked = asked
        self.language = language
        self.system = stage.session()
        self.people = everybody(self.system.snapshot)
        self.stopped: str | None = None

    def run(self) -> dict[str, Any]:
        """Start it, decide everything, tell what came of it."""
        asked, stage = self.asked, self.stage
        definition = live_definition(self.system, asked.workflow)[1]
        name = str(definition.doc["object"])
        record = self.find(name)
        before = self.values(name, record)
        initiator = self.who(asked.initiator) or before.get("owner")
        starter = stage.session(str(initiator["id"] if isinstance(initiator, Mapping) else initiator or "") or None)
        begun = stage.clock
        made = Flows(starter, begun).start(asked.workflow, name, record, choice=asked.choice)
        for _ in range(MOST):
            if not self.step(str(made["instance"])):
                break
        else:
            self.stopped = f"more than {MOST} decisions and timers"
        rows = self.rows(str(made["instance"]))
        after = self.values(name, record)
        return {
            "workflow": asked.workflow, "object": name, "record": record, "started_at": stamp(begun),
            "initiator": self.named(starter.user_id), "state": rows[0].state, "stopped": self.stopped,
            "ended_at": stamp(stage.clock),
            "path": [one for row in rows for one in self.path(row)],
            "timers": [one for row in rows for one in self.timers(row)],
            "changes": [{"field": key, "before": before.get(key), "after": after.get(key)}
                        for key in dict.fromkeys([*before, *after])
                        if key not in KEPT and before.get(key) != after.get(key)],
        }  # fmt: skip

    def find(self, name: str) -> str:
        """The record's id, by id or by title. Raises NotFound, Invalid."""
        if is_id(self.asked.record):
            return self.asked.record
        table = self.system.layout.object(name).table
        rows = self.stage.database.rows(Sql(
            f"SELECT id::text FROM {table} WHERE title = %s AND deleted_at IS NULL LIMIT 2", (self.asked.record,)
        ))  # fmt: skip
        if not rows:
            shown = self.asked.record[:60]
            raise NotFound(Message(f"there is no {name} {shown!r}", f"没有名为“{shown}”的“{name}”"))
        if len(rows) > 1:
            raise Invalid(Message("several records are called so: give the id", "有多条同名记录，请使用 id"))
        return str(rows[0][0])

    def values(self, name: str, record: str) -> dict[str, Any]:
        """The record as the system sees it. Raises NotFound."""
        found: dict[str, Any] = load_json(reading.get(self.stage.session(), name, record)[0])
        return found

    def who(self, text: str | None) -> str | None:
        """Somebody by login name or id. Raises NotFound."""
        if text is None:
            return None
        found = self.people.by_name.get(text, text if text in self.people.users else None)
        if found is None:
            raise NotFound(Message(f"there is no user {text[:60]!r}", f"没有用户“{text[:60]}”"))
        return found

    def named(self, user: str | None) -> str:
        """Somebody's login name."""
        found = self.people.users.get(user or "")
        return found.name if found else SYSTEM

    def rows(self, instance: str) -> list[flows.Row]:
        """The instance and those inside of it."""
        return flows.family(self.stage.database, self.stage.schema, instance)

    def step(self, instance: str) -> bool:
        """One decision, or the next timer; False when nothing can go on."""
        rows = [row for row in self.rows(instance) if row.state in states.OPEN_STATES]
        for row in rows:
            state = states.load(row.data)
            for task in state.pending():
                if task.state == "open":
                    return self.decide(row, state, task)
        due = [(timer.fire_at, row.id, timer.id) for row in rows for timer in states.load(row.data).timers.values()
               if timer.state == "scheduled"]  # fmt: skip
        if not due:
            return False
        at, where, number = min(due)
        self.stage.clock = max(self.stage.clock, moment_of(at))
        with self.stage.database.transaction() as connection:
            found = flows.lock(connection, self.stage.schema, where)
            assert found is not None
            command = Command("fire", SYSTEM, None, {"timer": number})
            Flows(self.stage.session(channel=CHANNEL), self.stage.clock).command(connection, found, command)
        return True

    def decide(self, row: flows.Row, state: states.Instance, task: Task) -> bool:
        """What the person with a task would say; False when he cannot."""
        node = state.runs[task.run].node
        if task.kind == "admin_fix":
            self.stopped = f"{node}: an administrator must help"
            return False
        session: Session = self.stage.session(task.assignee if task.assignee != SYSTEM else None)
        flow = Flows(session, self.stage.clock)
        with self.stage.database.connection() as connection:
            step = flow.definition(connection, row).by_name.get(node)
        usual = "submit" if task.kind == "resubmit" or step is None else step.kind.decisions[0]
        name = str(self.asked.decisions.get(node, usual))
        args = {"comment": "simulation", "values": self.asked.values.get(node, {}),
                **self.stage.sign(session.user_id, row.id, task.id, name)}  # fmt: skip
        try:
            flow.act(row.id, name, task.id, args)
        except DougongError as error:
            self.stopped = f"{node}: {error.show(self.language)}"
            return False
        return True

    # -- what came of it --------------------------------------------------------------------------------

    def path(self, row: flows.Row) -> Iterator[dict[str, Any]]:
        """The steps in their order, with the people asked and why, and what they said."""
        state, logs = states.load(row.data), {}
        ways: dict[str, list[str]] = {}
        for _, _, type, data in flows.events(self.stage.database, self.stage.schema, row.id):
            if type == "approvers_resolved":
                logs[data["run"]] = data["log"]
            elif type in ("way_chosen", "forked"):
                ways[data["path"]] = [str(data["way"])] if type == "way_chosen" else list(data["ways"])
        for path, chosen in ways.items():
            yield {"workflow": row.workflow, "at": path, "step": None, "ways": [int(one) for one in chosen]}
        for run in state.runs.values():
            yield {
                "workflow": row.workflow, "at": run.path, "step": run.node, "state": run.state, "round": run.round,
                "entered_at": run.entered,
                "people": [{"person": self.named(task.assignee), "for": self.named(task.principal) if task.principal
                            else None, "shared": task.shared, "state": task.state, "due_at": task.due}
                           for task in state.run_tasks(run.id)],
                "reasons": [self.reason(one) for one in logs.get(run.id, ())],
            }  # fmt: skip

    def reason(self, entry: Sequence[Any]) -> dict[str, Any]:
        """One line of the log of how people were found."""
        said = RULES.get(str(entry[0]))
        who = [self.named(one) if one in self.people.users else one for one in entry[1:]]
        return {"rule": entry[0], "what": who, "text": said.text(self.language) if said else str(entry[0])}

    def timers(self, row: flows.Row) -> Iterator[dict[str, Any]]:
        """The timers with their moments."""
        state = states.load(row.data)
        for timer in state.timers.values():
            run = state.runs[timer.run]
            yield {"workflow": row.workflow, "step": run.node, "fire_at": timer.fire_at, "state": timer.state,
                   "person": self.named(state.tasks[timer.task].assignee) if timer.task else None}  # fmt: skip
