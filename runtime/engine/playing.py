"""The steps of a scenario, taken on a stage as people would take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from runtime.base.errors import DougongError, Invalid, Message
from runtime.engine import compound, leaving, records, succession
from runtime.engine.expecting import Cast, Made, Outcome, shown
from runtime.engine.flow import state as states
from runtime.engine.flow.commands import OF_TASKS
from runtime.engine.flows import Flows
from runtime.engine.staging import Stage, refusal
from runtime.engine.workspace import Session
from runtime.meta.check_scenarios import ADMIN, called
from runtime.meta.load import Document
from runtime.meta.model import ObjectDef
from runtime.store import flows, people, proposals, standins

AWAY = "30d"
#: Actions on a task that administrators take at somebody else's.
FOR_OTHERS = ("reassign", "skip", "retry")


class Stopped(Exception):
    """A step was not possible: what follows in the scenario means nothing any more."""


class Player(Cast):
    """One scenario on its stage."""

    def __init__(self, stage: Stage, document: Document, outcome: Outcome) -> None:
        super().__init__(stage, document, outcome)
        self.counts: dict[str, int] = {}

    def play(self) -> None:
        """All steps, until one is not possible or not as expected."""
        try:
            with self.problems(("people",)):
                self.settle_in()
            for number, step in enumerate(self.document.data["steps"]):
                self.step(step, ("steps", number))
                if self.outcome.failures:
                    return
        except Stopped:
            return

    # -- people -----------------------------------------------------------------------------------------

    def settle_in(self) -> None:
        """The people and departments."""
        data, stage = self.document.data, self.stage
        given: Mapping[str, Any] = {ADMIN: {"roles": [ADMIN]}, **(data.get("people") or {})}
        named = data.get("departments") or {}
        departments: dict[str, str] = {}
        for name in dict.fromkeys([*named, *(one["department"] for one in given.values() if one.get("department"))]):
            departments[name] = people.add_department(stage.database, stage.schema, name, None, None)
        for name, one in given.items():
            label = one.get("label") or name
            title = label if isinstance(label, str) else str(label.get(stage.row.language) or name)
            columns = {"full_name": title, "roles": list(one.get("roles", ()))}
            if one.get("department"):
                columns["department_id"] = departments[one["department"]]
            self.people[name] = people.add_user(stage.database, stage.schema, name, columns)
        for name, one in given.items():
            if one.get("manager"):
                manager = {"manager_id": self.people[one["manager"]]}
                people.set_user(stage.database, stage.schema, self.people[name], manager)
        for name, one in named.items():
            values = {"head_id": self.people.get(one.get("head")), "parent_id": departments.get(one.get("parent"))}
            people.set_department(stage.database, stage.schema, departments[name], values)

    # -- steps ------------------------------------------------------------------------------------------

    def step(self, step: Mapping[str, Any], place: tuple[Any, ...]) -> None:
        """One step. Raises Stopped."""
        if "expect" in step:
            self.expect(step["expect"], (*place, "expect"))
            return
        what = next(key for key in STEPS if key in step)
        wanted = step.get("refused")
        if not wanted:
            with self.problems((*place, what)):
                STEPS[what](self, step)
            return
        try:
            with self.stage.database.transaction():
                STEPS[what](self, step)
        except DougongError as error:
            codes = refusal(error)
            if wanted is not True and wanted not in codes:
                self.fail((*place, "refused"), wanted, codes[0], error.show("en"), error.show("zh"))
            return
        self.fail((*place, "refused"), wanted, None, "it was not refused", "未被拒绝")

    @contextmanager
    def problems(self, place: tuple[Any, ...]) -> Iterator[None]:
        """What is refused here ends the scenario."""
        try:
            yield
        except DougongError as error:
            self.fail(place, None, refusal(error)[0], error.show("en"), error.show("zh"))
            raise Stopped from error

    def create(self, step: Mapping[str, Any]) -> None:
        """A new record."""
        name = called(step, self.counts)
        session = self.stage.session(self.who(step))
        definition = session.model.object(str(step["create"]))
        assert definition is not None
        values = self.values(definition, step.get("set") or {})
        if step.get("lines"):
            lines = [self.lines(session, definition.name, name, one) for name, one in step["lines"].items()]
            made = compound.save(session, definition.name, None, values, lines)
        else:
            made = records.create(session, definition.name, values)
        self.made[name] = Made(definition.name, made.id)
        self.stage.settle()

    def update(self, step: Mapping[str, Any]) -> None:
        """A changed record."""
        record = self.made[step["update"]]
        session = self.stage.session(self.who(step))
        values = self.values(session.model.objects[record.object], step.get("set") or {})
        if step.get("lines"):
            lines = [self.lines(session, record.object, name, changes) for name, changes in step["lines"].items()]
            compound.save(session, record.object, record.id, values, lines)
        else:
            records.update(session, record.object, record.id, values)
        self.stage.settle()

    def lines(self, session: Session, object_name: str, relation: str, changes: Mapping[str, Any]) -> compound.Lines:
        """What becomes of the lines of one relation."""
        definition = session.model.objects[session.model.reverses[object_name][relation].source]
        return compound.Lines(
            relation,
            creates=[self.values(definition, one) for one in changes.get("add", ())],
            updates=[{"id": self.made[name].id, **self.values(definition, one)}
                     for name, one in changes.get("set", {}).items()],
            deletes=[{"id": self.made[name].id} for name in changes.get("remove", ())],
        )  # fmt: skip

    def delete(self, step: Mapping[str, Any]) -> None:
        """A deleted record."""
        record = self.made[step["delete"]]
        options = records.Options(force=bool(step.get("force")), reason=str(step.get("reason", "")))
        records.delete(self.stage.session(self.who(step)), record.object, record.id, options)
        self.stage.settle()

    def start(self, step: Mapping[str, Any]) -> None:
        """A workflow begins."""
        record = self.made[step["on"]]
        choice = {node: [self.people.get(one, one) for one in found] for node, found in step.get("choice", {}).items()}
        flow = Flows(self.stage.session(self.who(step)), self.stage.clock)
        flow.start(str(step["start"]), record.object, record.id, choice=choice)
        self.stage.settle()

    def decide(self, step: Mapping[str, Any]) -> None:
        """An action on a task or on a workflow."""
        name, on = str(step["decide"]), step.get("on")
        of_task = name in OF_TASKS or name in FOR_OTHERS
        instance, task = self.task(step) if of_task else (self.instance(on), None)
        args: dict[str, Any] = {
            key: step[key] for key in ("comment", "reason", "to", "kind", "mode", "resubmit") if key in step
        }
        if "people" in step:
            args["people"] = [self.people.get(one, one) for one in step["people"]]
        if "to" in step:
            args["to"] = self.people.get(step["to"], step["to"])
        if "set" in step:
            definition = self.stage.session().layout.by_key(instance.object_key).object
            args["values"] = self.values(definition, step["set"])
        if "lines" in step:
            args["lines"] = self.mended(instance, step["lines"])
        if not step.get("unsigned"):
            args |= self.stage.sign(self.who(step), instance.id, task, name)
        self.stage.act(self.who(step), instance.id, name, task, args)

    def mended(self, instance: flows.Row, lines: Mapping[str, Any]) -> dict[str, Any]:
        """What becomes of the lines of a change that was returned; new ones are known by what they are called."""
        session = self.stage.session()
        about = session.layout.by_key(instance.object_key).object
        proposal = proposals.read(self.stage.database, self.stage.schema, instance.id)
        titles = {str(one["title"]): str(one["id"]) for one in (proposal.lines if proposal else ())}

        def known(name: str) -> str:
            return self.made[name].id if name in self.made else titles.get(name, name)

        found = {}
        for relation, wish in lines.items():
            definition = session.model.objects[session.model.reverses[about.name][relation].source]
            found[relation] = {
                "add": [self.values(definition, one) for one in wish.get("add", ())],
                "set": {known(name): self.values(definition, one) for name, one in wish.get("set", {}).items()},
                **{what: [known(name) for name in wish.get(what, ())] for what in ("remove", "keep")},
            }
        return found

    def leaves(self, step: Mapping[str, Any]) -> None:
        """Somebody is disabled."""
        user = self.people[step["leaves"]]
        gone: dict[str, Any] = {"active": False}
        if "handover" in step:
            wrong = list(succession.check(self.stage, self.people[step["handover"]], user))
            if wrong:
                raise Invalid(problems=wrong)
            gone["handover_id"] = self.people[step["handover"]]
        people.set_user(self.stage.database, self.stage.schema, user, gone)
        leaving.hand_over(self.stage, user, self.stage.clock)
        self.stage.settle()

    def away(self, step: Mapping[str, Any]) -> None:
        """Somebody stands in for somebody."""
        end = self.stage.calendar.add(self.stage.clock, str(step.get("for", AWAY)))
        user, to = self.people[step["away"]], self.people[step["to"]]
        standins.add(self.stage.database, self.stage.schema, user, to, [], self.stage.clock, end,
                     str(step.get("mode", standins.TAKE_OVER)))  # fmt: skip
        self.stage.settle()

    def clock(self, step: Mapping[str, Any]) -> None:
        """Time goes by."""
        self.stage.advance(self.stage.calendar.add(self.stage.clock, str(step["clock"])))

    # -- what is meant ----------------------------------------------------------------------------------

    def who(self, step: Mapping[str, Any]) -> str | None:
        """Who does a step; the system where nobody is named."""
        return self.people[step["as"]] if "as" in step else None

    def values(self, definition: ObjectDef, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values with the ids of the people and records that they name. Raises Invalid."""
        found = {}
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("="):
                raise Invalid(
                    Message(f"{name}: a scenario knows no formulas, write the value", f"{name}：场景中不支持公式")
                )
            own = definition.field(name)
            links = name == "owner" or (own is not None and own.relates is not None)
            found[name] = self.linked(value) if links else value
        return found

    def task(self, step: Mapping[str, Any]) -> tuple[flows.Row, int]:
        """The task that an action is about: an open one before one that is closed. Raises Invalid."""
        name = step.get("of") or (step["as"] if step["decide"] not in FOR_OTHERS else None)
        person = self.people.get(str(name)) if name else None
        on, node = step.get("on"), step.get("node")
        found: list[tuple[bool, flows.Row, int]] = []
        for row in self.instances():
            state = states.load(row.data)
            for task in state.tasks.values():
                own = task.principal == person if step["decide"] == "take_over" else person in task.holders
                fits = (person is None or own) and (node is None or state.runs[task.run].node == node)
                if fits and (on is None or row.record_id == self.made[on].id):
                    found.append((task.state == "open", row, task.id))
        candidates = [one for one in found if one[0]] or found[-1:]
        if not candidates:
            raise Invalid(Message(f"{name or 'nobody'} has no task here; open: {shown(self.open_tasks())}",
                                  f"{name or '无人'} 在此没有任务；未完成：{shown(self.open_tasks())}"))  # fmt: skip
        if len(candidates) > 1:
            raise Invalid(Message(f"{name or 'somebody'} has {len(candidates)} tasks: say on, node or of",
                                  f"{name or ''} 有 {len(candidates)} 个任务：请写明 on、node 或 of"))  # fmt: skip
        return candidates[0][1], candidates[0][2]


STEPS: Mapping[str, Callable[[Player, Mapping[str, Any]], None]] = {
    "create": Player.create, "update": Player.update, "delete": Player.delete, "start": Player.start,
    "decide": Player.decide, "leaves": Player.leaves, "away": Player.away, "clock": Player.clock,
}  # fmt: skip
