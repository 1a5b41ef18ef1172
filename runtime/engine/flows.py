"""Workflows at work: a command locks its instance, is done once per key, and is one transaction with all it does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import errors as pg

from runtime.base.errors import Conflict, Forbidden, Invalid, Message, NotFound, Problem
from runtime.base.values import dump_text, load
from runtime.engine import audit, flowargs, meanwhile, proposing, reading
from runtime.engine.access import ObjectAccess, demand_object
from runtime.engine.drafts import Draft
from runtime.engine.flow import state as states
from runtime.engine.flow.admin import INTERVENTIONS
from runtime.engine.flow.commands import INTERNAL, OF_TASKS, Command, carry_out
from runtime.engine.flow.definition import Definition, compile_flow
from runtime.engine.flow.machine import SYSTEM, Machine
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.state import Event, Instance
from runtime.engine.flowrows import answered, stored
from runtime.engine.flowworld import World
from runtime.engine.guards import Wait
from runtime.engine.saving import Options, Pending, Written
from runtime.engine.triggers import API, BY_ITSELF, MANUAL, begun_by
from runtime.engine.workspace import Session, settled
from runtime.meta.model import label_of
from runtime.store import flows, outbox, proposals
from runtime.store.database import Connection
from runtime.store.ids import is_id, new_id

OTHER = Message(
    "this Idempotency-Key was used for another request; use a new one", "该 Idempotency-Key 已用于其他请求，请更换"
)
#: Data, like every title: in the language of the workspace.
DELETION = Message("Delete: {title}", "删除：{title}")
#: Commands of people who stand before the record.
SUBMITTING = ("start", "submit")
#: What the audit calls what administrators do to instances, and how much of their reason it keeps.
INTERVENED = "workflow_intervention"
LONGEST_REASON = 1000
#: How deep workflows may stand inside of each other.
DEEPEST = 5


def unknown_workflow(name: str) -> NotFound:
    """The refusal of a name."""
    return NotFound(Message(f"there is no workflow {name[:60]!r}", f"没有名为“{name[:60]}”的流程"))


def unknown_instance() -> NotFound:
    """The refusal of an id, also for what the caller may not know of."""
    return NotFound(Message("there is no such workflow or task", "没有该流程或任务"))


def live_definition(session: Session, name: str) -> tuple[str, Definition]:
    """(hash, definition) of a workflow as it is published now. Raises NotFound."""
    piece = session.model.piece("workflow", name)
    if piece is None:
        raise unknown_workflow(name)
    definition = session.model.object(str(piece.object))
    own = definition.by_key if definition else {}

    def fields_of(source: str) -> Sequence[str]:
        compiled = session.formulas.condition(str(piece.object), source, "automation")
        return [own[key].name for object_key, key in compiled.deps if definition and object_key == definition.key
                and key in own]  # fmt: skip

    made = compile_flow(piece.doc, session.workspace.catalog, fields_of)
    text = dump_text([piece.doc, list(made.condition_fields)])
    return hashlib.sha256(text.encode()).hexdigest(), made


class Flows:
    """The commands of one session on workflows. ``now`` is a clock for tests, None for the real one."""

    def __init__(self, session: Session, now: datetime | None = None) -> None:
        self.session = session
        self.now = now
        self.schema = session.workspace.schema
        #: What callers are told of the instances that commands of this transaction have changed.
        self.standing: dict[str, dict[str, Any]] = {}

    @property
    def actor(self) -> str:
        """Who acts, as events name him."""
        return self.session.user_id or SYSTEM

    # -- beginning --------------------------------------------------------------------------------------

    def start(self, workflow: str, object_name: str, record_id: str, *, choice: Mapping[str, Any] | None = None,
              key: str | None = None, version: int | None = None) -> dict[str, Any]:  # fmt: skip
        """Start a workflow on a record; its id and state. Raises NotFound, Forbidden, Conflict, Invalid.

        ``version``: that of the record as the caller has seen it.
        """
        request = ["start", workflow, object_name, record_id, choice, *([] if version is None else [version])]
        flowargs.check({"version": version})
        self.standing.clear()
        with self.session.database.transaction() as connection:
            done = self.replayed(connection, key, request)
            if done is not None:
                return done
            args = {"choice": choice or {}}
            seen = flowargs.whole(version)
            if seen is not None:
                reading.get(self.session, object_name, record_id)
                meanwhile.check_record(self.session, connection, object_name, record_id, seen)
            self.may_begin(workflow)
            instance = self.begin(connection, workflow, object_name, record_id, args)
            return self.answer(connection, key, instance)

    def begin(self, connection: Connection, workflow: str, object_name: str, record_id: str, args: Mapping[str, Any],
              parent: flows.Row | None = None, parent_run: int | None = None, revokes: str | None = None,
              depth: int = 0, proposal: str | None = None) -> str:  # fmt: skip
        """A new instance inside of the caller's transaction; its id. ``proposal``: that of one about a change."""
        hash, definition = live_definition(self.session, workflow)
        name = str(definition.doc["object"])
        if object_name != name:
            said, wanted = label_of(definition.doc.get("label"), workflow), self.session.model.objects[name].label
            raise Invalid(problems=[Problem("object", Message(
                f"the workflow {said['en']!r} is about {wanted['en']!r}, not {object_name[:60]!r}",
                f"流程“{said['zh']}”针对“{wanted['zh']}”，而非“{object_name[:60]}”"), field="object")])  # fmt: skip
        if self.session.user_id and parent is None and proposal is None and "cause" not in args:
            self.may_start(definition, name, record_id)
        flows.know(connection, self.schema, hash, workflow, definition.doc, definition.condition_fields)
        if parent is None and revokes is None:  # Whoever writes the record now is waited for (locks.confirm).
            proposals.claim(connection, self.session.layout.object(name).table, record_id)
        world = World(self.session, connection, name, record_id, self.now, definition.doc.get("calendar"))
        about = proposals.read(flows.Looking(connection), self.schema, proposal) if proposal is not None else None
        if about is not None and about.kind == proposals.CREATE:
            world.about(about.instance)
        elif about is not None:
            world.kind = about.kind
        title = world.value(str(definition.doc["title"]), "text") if "title" in definition.doc else None
        called = self.called(str(title or world.draft.title_before or ""), about)
        kind = "sub" if parent else "revoke" if revokes else "proposal" if proposal else "normal"
        row = flows.Row(
            proposal or new_id(), hash, workflow, kind, self.session.model.objects[name].key, record_id,
            called, "running", self.session.user_id,
            parent.id if parent else None, parent_run, revokes, 0, states.dump(Instance()),
        )  # fmt: skip
        try:
            with connection.transaction():
                flows.add(connection, self.schema, row)
        except pg.UniqueViolation:
            raise Conflict(
                Message("this record is in a workflow already", "该记录已在流程中"), code="already_running",
            ) from None  # fmt: skip
        initiator = parent.initiator if parent else self.session.user_id
        given = {**args, "kind": kind, "initiator": initiator or SYSTEM}
        self.run(connection, row, definition, world, Command("start", self.actor, None, given), depth)
        return row.id

    def may_begin(self, workflow: str) -> None:
        """Raise Forbidden for a workflow that only events begin."""
        piece = self.session.model.piece("workflow", workflow)
        ways = begun_by(piece.doc) if piece is not None else [MANUAL]
        if not {MANUAL, API} & set(ways):
            raise Forbidden(
                Message(
                    f"nobody starts this workflow: it begins by itself ({', '.join(BY_ITSELF[w].en for w in ways)})",
                    f"该流程由系统自动启动（{'、'.join(BY_ITSELF[w].zh for w in ways)}），不能手动发起",
                ),
                code="not_by_hand",
            )

    def called(self, title: str, made: proposals.Proposal | None) -> str:
        """How an instance is called in lists of tasks and notices: nobody shall agree to a deletion unawares."""
        if made is None or made.kind != proposals.DELETE:
            return title
        said = DELETION.text(self.session.workspace.row.language)
        return said.format(title=title)

    def may_start(self, definition: Definition, object_name: str, record_id: str) -> None:
        """Raise NotFound, Forbidden for who may not start it on this record."""
        access = demand_object(self.session.snapshot, self.session.person, object_name)
        reading.get(self.session, object_name, record_id)
        if "who" not in definition.doc.get("start", {}) and not access.may("update"):
            raise Forbidden(Message("you may not start this workflow", "您没有权限发起该流程"))

    # -- going on ---------------------------------------------------------------------------------------

    def act(self, instance: str, name: str, task: int | None, args: Mapping[str, Any],
            key: str | None = None) -> dict[str, Any]:  # fmt: skip
        """A command on an instance; its state afterwards. Raises NotFound, Forbidden, Conflict, Invalid."""
        if name in (*INTERNAL, "start") or (name in OF_TASKS and task is None):
            raise NotFound(Message(f"there is no action {name[:40]!r} here", f"此处没有操作“{name[:40]}”"))
        flowargs.check(args)
        self.standing.clear()
        with self.session.database.transaction() as connection:
            done = self.replayed(connection, key, [instance, name, task, args])
            if done is not None:
                return done
            row = flows.lock(connection, self.schema, instance) if is_id(instance) else None
            if row is None:
                raise unknown_instance()
            meanwhile.check(self.session, connection, row, name, task, args)
            flowargs.take_files(self.session, connection, instance, args)
            if name == "revoke":
                made = self.revoke(connection, row, args)
                return self.answer(connection, key, made)
            admin = self.session.person.administrator
            try:
                self.command(connection, row, Command(name, self.actor, task, args, admin))
            except Conflict as error:
                meanwhile.explain(self.session, instance, error, flowargs.whole(args.get("rev")))
                raise
            if name in INTERVENTIONS:
                self.noted(connection, row, name, str(args.get("reason") or args.get("comment") or ""))
            return self.answer(connection, key, instance)

    def noted(self, connection: Connection, row: flows.Row, action: str, reason: str) -> None:
        """What an administrator has done to an instance stands in the audit."""
        name = self.session.layout.names.get(row.object_key, row.object_key)
        detail = {"action": action, "workflow": row.workflow, "instance": row.id, "object": name,
                  "record": row.record_id, "reason": reason[:LONGEST_REASON]}  # fmt: skip
        audit.noted(connection, self.schema, self.session.user_id, INTERVENED, detail)

    def revoke(self, connection: Connection, row: flows.Row, args: Mapping[str, Any]) -> str:
        """Ask that an approved one shall not hold any more: an instance of its own."""
        definition = self.definition(connection, row)
        days = int(definition.allow("revoke_days", 0))
        if row.initiator != self.session.user_id:
            raise Forbidden(Message("only who started it may do this", "只有发起人可以执行此操作"))
        state = states.load(row.data)
        now = self.now or datetime.now(UTC)
        if row.state != "approved" or not state.ended or now - moment_of(state.ended) > timedelta(days=days):
            raise Conflict(
                Message(
                    f"only what was approved in the last {days} days can be revoked", f"仅可撤销 {days} 天内通过的流程"
                ),
                code="too_late",
            )
        for instance, there in flows.revoking(flows.Looking(connection), self.schema, row.id, row.record_id):
            over = there == "approved"
            said = Message("it has been revoked already", "已撤销") if over else Message(
                "it is asked already that it be revoked", "已申请撤销")  # fmt: skip
            raise Conflict(
                said, code="already_revoked" if over else "already_running", extra={"workflow_instance": instance}
            )
        name = self.session.layout.names[row.object_key]
        return self.begin(connection, row.workflow, name, row.record_id, args, revokes=row.id)

    def definition(self, connection: Connection, row: flows.Row) -> Definition:
        """The definition that an instance was started with."""
        return compiled(self.session, row.flow, connection)

    def command(self, connection: Connection, row: flows.Row, command: Command, depth: int = 0) -> None:
        """A command on a locked instance."""
        definition = self.definition(connection, row)
        name = self.session.layout.names[row.object_key]
        world = World(self.session, connection, name, row.record_id, self.now, definition.doc.get("calendar"))
        self.run(connection, row, definition, world, command, depth)

    def run(self, connection: Connection, row: flows.Row, definition: Definition, world: World, command: Command,
            depth: int) -> None:  # fmt: skip
        """Carry a command out, store what came of it, and go on in the instances around and inside."""
        world.acting_for(row, divert)
        machine = Machine(definition, states.load(row.data), world)
        cause = command.args.get("cause") if command.name == "start" else machine.state.cause
        world.because(due_to(row, cause if command.name == "start" or command.actor == SYSTEM else None))
        carry_out(machine, command)
        if not machine.events:
            return
        if command.name in SUBMITTING and command.actor != SYSTEM and not row.parent and cause is None:
            refuse_blocked(machine, world)
        self.standing[row.id] = stored(connection, self.schema, row, machine)
        ends = any(event.type == "ended" for event in machine.events)  # Not where somebody comments on what is over.
        if ends and row.kind == "proposal":
            proposals.close(connection, self.schema, row.id, machine.state.state)
            world.over(machine.state.state)
        copied = [one for event in machine.events if event.type == "copied" for one in event.data["people"]]
        if copied:
            flows.copy_to(connection, self.schema, row.id, copied)
        self.children(connection, row, machine, depth)
        if ends and row.parent:
            self.tell_parent(connection, row, machine.state.state, depth)

    def children(self, connection: Connection, row: flows.Row, machine: Machine, depth: int) -> None:
        """Start the workflows that steps want; end those whose step is over."""
        dropped = next((event.data for event in machine.events if event.type == "dropped"), None)
        last = Command("drop", SYSTEM, None, {"reason": dropped["reason"]}) if dropped else Command("terminate", SYSTEM)
        for event in machine.events:
            if event.type == "child_wanted":
                self.start_child(connection, row, event, depth, machine.state.cause)
            elif event.type == "run_closed":
                child = machine.state.runs[event.data["run"]].child
                there = flows.lock(connection, self.schema, child) if child else None
                if there is not None and there.state in states.OPEN_STATES:
                    self.command(connection, there, last, depth + 1)

    def start_child(self, connection: Connection, row: flows.Row, event: Event, depth: int,
                    cause: Mapping[str, Any] | None) -> None:  # fmt: skip
        """A sub-workflow begins; its step is told how it is called, or why it could not."""
        run = event.data["run"]
        name = self.session.layout.names[row.object_key]
        try:
            with connection.transaction():
                if depth >= DEEPEST:
                    raise Invalid(
                        Message(f"more than {DEEPEST} workflows inside of each other", f"子流程嵌套超过 {DEEPEST} 层")
                    )
                record, about = row.record_id, name
                world = World(self.session, connection, name, record, self.now)
                world.acting_for(row, divert)
                if event.data["record"]:
                    found = world.value(event.data["record"])
                    record = str(getattr(found, "id", found))
                    about = str(live_definition(self.session, event.data["workflow"])[1].doc["object"])
                if event.data["input"]:
                    world.because(due_to(row, cause))
                    world.give(about, record, event.data["input"])
                given = {"cause": cause} if cause else {}
                child = self.begin(connection, event.data["workflow"], about, record, given, row, run, depth=depth + 1)
            args: dict[str, Any] = {"run": run, "child": child}
            there = flows.read(flows.Looking(connection), self.schema, child)
            if there is not None and there.state in states.OPEN_STATES:
                self.again(connection, row.id, Command("child_started", SYSTEM, None, args), depth)
        except (Invalid, NotFound, Conflict, Forbidden) as error:
            args = {"run": run, "outcome": "failed", "why": error.both.json()}
            self.again(connection, row.id, Command("child_ended", SYSTEM, None, args), depth)

    def tell_parent(self, connection: Connection, row: flows.Row, outcome: str, depth: int) -> None:
        """The step that waited goes on."""
        args = {"run": row.parent_run, "child": row.id, "outcome": outcome}
        assert row.parent is not None
        self.again(connection, row.parent, Command("child_ended", SYSTEM, None, args), depth)

    def again(self, connection: Connection, instance: str, command: Command, depth: int) -> None:
        """A command of the system on an instance that this transaction has locked."""
        row = flows.lock(connection, self.schema, instance)
        if row is not None and row.state in states.OPEN_STATES:
            self.command(connection, row, command, depth)

    # -- once -------------------------------------------------------------------------------------------

    def replayed(self, connection: Connection, key: str | None, request: Any) -> dict[str, Any] | None:
        """What a key did before, None for a new one. Raises Invalid when it was another request."""
        if key is None or self.session.user_id is None:
            return None
        digest = hashlib.sha256(dump_text(request).encode()).digest()
        found = flows.once(connection, self.schema, self.session.user_id, key, digest)
        if found is None:
            return None
        if found[0] != digest:
            raise Invalid(problems=[Problem("idempotency_key", OTHER)])
        answer: dict[str, Any] = load(found[1])
        return answer

    def answer(self, connection: Connection, key: str | None, instance: str) -> dict[str, Any]:
        """The id and state of an instance, kept under the key."""
        actor = self.session.user_id
        made = self.standing.get(instance) or self.read(connection, instance)
        if key is not None and actor is not None:
            flows.answer(connection, self.schema, actor, key, dump_text(made))
        return made

    def read(self, connection: Connection, instance: str) -> dict[str, Any]:
        """Where an instance stands that no command of this transaction has changed."""
        looking = flows.Looking(connection)
        row = flows.read(looking, self.schema, instance)
        assert row is not None
        return answered(row, states.load(row.data), row.seq, flows.task_ids(looking, self.schema, instance))


_definitions: dict[tuple[str, str], Definition] = {}
MOST_KEPT = 500


def compiled(session: Session, hash: str, connection: Connection | None = None) -> Definition:
    """The definition with a hash, kept in memory once it has been read."""
    schema = session.workspace.schema
    kept = _definitions.get((schema, hash))
    if kept is None:
        if connection is None:
            with session.database.connection() as own:
                doc, fields = flows.flow(own, schema, hash)
        else:
            doc, fields = flows.flow(connection, schema, hash)
        kept = compile_flow({**doc, "condition_fields": fields}, session.workspace.catalog)
        if len(_definitions) > MOST_KEPT:
            _definitions.clear()
        _definitions[schema, hash] = kept
    return kept


def due_to(row: flows.Row, cause: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the writes of an instance tell of why they were made: it does not begin again by its own changes."""
    own = [row.workflow, row.record_id]
    chain = list((cause or {}).get("chain", ()))
    return {"depth": int((cause or {}).get("depth", 0)), "chain": chain if own in chain else [*chain, own]}


def refuse_blocked(machine: Machine, world: World) -> None:
    """Whoever submits can mend what an action of the workflow objects to: it is refused, and nothing has begun."""
    blocked = any(event.type == "run_blocked" and event.data["blocked"] for event in machine.events)
    if blocked and world.failure is not None:
        raise world.failure


def divert(session: Session, access: ObjectAccess, drafts: Sequence[Draft], options: Options, why: Wait,
           connection: Connection | None) -> Written | None:  # fmt: skip
    """Hold a change back until a workflow has approved it (:data:`runtime.engine.storing.Divert`)."""
    return proposing.divert(Flows(session), access, drafts, options, why, connection)


def divert_deletion(session: Session, access: ObjectAccess, ids: Sequence[str], why: Wait,
                    connection: Connection | None) -> Pending | None:  # fmt: skip
    """Hold a deletion back until a workflow has approved it (:data:`runtime.engine.deletion.Divert`)."""
    return proposing.divert_deletion(Flows(session), access, ids, why, connection)


@settled
def start(session: Session, workflow: str, object_name: str, record_id: str, *,
          choice: Mapping[str, Any] | None = None, key: str | None = None,
          version: int | None = None) -> dict[str, Any]:  # fmt: skip
    """Start a workflow on a record."""
    made = Flows(session).start(workflow, object_name, record_id, choice=choice, key=key, version=version)
    outbox.wake(session.database, session.workspace.schema)
    return made


@settled
def act(session: Session, instance: str, name: str, task: int | None, args: Mapping[str, Any],
        key: str | None = None) -> dict[str, Any]:  # fmt: skip
    """A command on an instance."""
    made = Flows(session).act(instance, name, task, args, key)
    outbox.wake(session.database, session.workspace.schema)
    return made
