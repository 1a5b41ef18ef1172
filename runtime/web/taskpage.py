"""What the page of a task or instance shows: the record, what changed, what may be done, the story, the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from runtime.base.errors import DougongError, Problem
from runtime.engine import notices
from runtime.engine.access import demand_object, object_access
from runtime.engine.flow import signing
from runtime.engine.flow.moments import moment_of
from runtime.engine.flow.state import Task
from runtime.engine.flowview import Opened, at_task
from runtime.engine.flowview import opened as opened_at
from runtime.engine.mending import RefusedLines
from runtime.engine.workspace import Session
from runtime.web import recordpage
from runtime.web.flowchoices import FURTHER, ONE, SEVERAL, Choice, choice
from runtime.web.flowdrawing import Card, drawn, legend
from runtime.web.flowforms import Pad, inputs, offered, once
from runtime.web.flowwords import TONES, at_moment, flow_label, state_word, step_label, task_word
from runtime.web.forms import Formdata, Offers, RecordForm, leftover, sentences
from runtime.web.layout import Block, Place
from runtime.web.lines import LineEditor
from runtime.web.mending import Mending, mending
from runtime.web.recordpage import RecordPage
from runtime.web.rounds import Lines, changed, changed_lines, in_words, pairs, wished_lines
from runtime.web.shown import Change, bare, now
from runtime.web.story import Said, Story
from runtime.web.texts import gettext, page_language

#: Commands that end a task with one press, good ones first; the rest stands behind "more".
DECISIONS = ("agree", "submit", "rebase", "reject", "discard")


@dataclass
class TaskPage:
    """The page of one instance, opened at a task or as a whole."""

    session: Session
    opened: Opened
    #: What was refused: at which command, in which words, and what each input said.
    refused: str = ""
    sentences: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    #: The picture that a refused command was signed with.
    signature: str = ""
    status: int = 200
    record: RecordPage | None = None
    form: RecordForm | None = None
    #: The lines of a returned change as they can be mended.
    lines: Mending | None = None

    def __post_init__(self) -> None:
        self.once = once()
        self.flow = flow_label(self.opened.definition)
        self.state = state_word(self.opened.state.state)
        self.tone = TONES.get(self.opened.state.state, "gray")
        self.title = self.opened.row.title or self.flow
        self.record = record_of(self.session, self.opened)

    # -- what it is about -------------------------------------------------------------------------------

    @property
    def task(self) -> Task | None:
        """The task that it was opened at."""
        return self.opened.task

    @property
    def address(self) -> str:
        """Where the page is."""
        task = self.opened.task
        return f"/tasks/{self.opened.ids[task.id]}" if task else self.whole_address

    @property
    def whole_address(self) -> str:
        """Where the instance as a whole is."""
        return f"/tasks/flows/{self.opened.row.id}"

    @property
    def history_address(self) -> str:
        """Where its history can be had as a PDF."""
        return f"{self.whole_address}/history.pdf"

    @property
    def printed(self) -> str:
        """Who has printed the page, and when."""
        values = {"who": self.session.person.title, "at": now(self.session)}
        return gettext("Made for %(who)s, %(at)s") % values

    @property
    def record_address(self) -> str:
        """The page of the record, '' when the caller may not read it."""
        return f"/o/{self.opened.object_name}/{self.opened.row.record_id}" if self.record else ""

    @property
    def initiator(self) -> str:
        """Who started it."""
        return self.opened.called(self.opened.state.initiator) or gettext("The system")

    @property
    def started(self) -> str:
        """When it was started."""
        return at_moment(self.session, self.opened.state.started)

    @property
    def step(self) -> str:
        """What the task's step is called."""
        task = self.task
        if task is None:
            return ""
        run = self.opened.state.runs[task.run]
        return step_label(self.opened.step(run.node)) if run.path else gettext("Mend and submit again")

    @property
    def mending(self) -> bool:
        """True when the record was returned to the caller."""
        return "submit" in self.opened.actions and bool(self.task and self.task.kind == "resubmit")

    @property
    def due(self) -> str:
        """When the task is due."""
        return at_moment(self.session, self.task.due) if self.task and self.task.due else ""

    @property
    def late(self) -> bool:
        """True when the task should have been done."""
        due = self.task.due if self.task and self.task.state == "open" else None
        return bool(due and moment_of(due) < datetime.now(moment_of(due).tzinfo))

    @property
    def behalf(self) -> str:
        """For whom the caller stands in."""
        task = self.task
        own = bool(task and task.shared and task.principal == self.session.user_id)
        return self.opened.called(task.principal) if task and task.principal and not own else ""

    @property
    def beside(self) -> str:
        """Who else may decide at the caller's task: his stand-in, or for whom he stands in; '' for nobody."""
        holders = self.task.holders if self.task else ()
        others = [one for one in holders if one != self.session.user_id]
        return self.opened.called(others[0]) if len(others) == 1 and len(holders) == 2 else ""

    @property
    def over(self) -> str:
        """What became of a task that is not open any more, '' for an open one."""
        task = self.task
        if task is None or task.state == "open":
            return ""
        word = task_word(task.state)
        if task.by and task.decided and task.state not in ("cancelled", "waiting"):
            who = self.opened.called(task.by) or gettext("The system")
            values = {"who": who, "what": word, "at": at_moment(self.session, task.decided)}
            return gettext("%(who)s: %(what)s, %(at)s") % values
        return word

    @property
    def mine(self) -> str:
        """The address of an open task of the caller in this instance other than the one shown."""
        found = self.opened.open_of(self.session.user_id)
        shown = self.opened.ids.get(self.task.id) if self.task and self.opened.actions else None
        return f"/tasks/{found}" if found and found != shown else ""

    # -- what may be done -------------------------------------------------------------------------------

    def decisions(self) -> list[tuple[str, str, str]]:
        """(command, label, class) of what ends the task."""
        labels = {"agree": gettext("Agree"), "submit": gettext("Submit"), "reject": gettext("Reject")}
        labels |= {"rebase": gettext("Mean it for the values of now"), "discard": gettext("Give the change up")}
        if self.comes:
            labels |= {"rebase": gettext("Submit again"), "discard": gettext("Give the record up")}
        if self.mending:
            labels["submit"] = gettext("Submit again")
        looks = {"reject": "against", "discard": "against"}
        return [(one, labels[one], looks.get(one, "primary")) for one in DECISIONS if one in self.opened.actions]

    @property
    def needs_comment(self) -> str:
        """``always``, ``on_reject`` or ``never``."""
        step = self.opened.own_step
        return str(step.options.get("opinion", {}).get("comment", "never")) if step else "never"

    @property
    def with_files(self) -> bool:
        """Whether files may come with an opinion; so they may unless the step says no."""
        step = self.opened.own_step
        return bool(step is None or step.options.get("opinion", {}).get("attachment", True))

    @property
    def signs(self) -> bool:
        """Whether a decision is to be signed."""
        return signing.asks(self.opened.own_step)

    def signing(self, action: str) -> Pad:
        """The input of a signature."""
        held = self.signature if action == self.refused and "signature" not in self.errors else ""
        wrong = self.error(action, "signature")
        return Pad(f"{action}-signature", held, [wrong] if wrong else [])

    @property
    def chooses(self) -> str:
        """The step whose people are chosen here, '' for none."""
        found = self.opened.chooses() if "agree" in self.opened.actions or "submit" in self.opened.actions else None
        return step_label(found) if found else ""

    @cached_property
    def people(self) -> list[tuple[str, str]]:
        """People to choose from where no script runs."""
        return offered(self.session)

    def further(self) -> Iterator[Choice]:
        """The further commands."""
        known = {**self.opened.whole, **self.opened.actions}
        if self.opened.added():
            known["remove_signer"] = {}
        for name in FURTHER:
            if name in known:
                yield choice(self.opened, name, known[name], self.needs_comment != "never")

    def value(self, action: str, name: str) -> str:
        """What an input of a refused command said."""
        return str(self.given.get(name, "")) if action == self.refused else ""

    def values(self, action: str, name: str) -> list[str]:
        """What an input of several values said."""
        found = self.given.getlist(name) if action == self.refused and hasattr(self.given, "getlist") else []
        return [str(one) for one in found]

    def error(self, action: str, name: str) -> str:
        """What is wrong with an input of a refused command."""
        return self.errors.get(name, "") if action == self.refused else ""

    # -- what happened ----------------------------------------------------------------------------------

    def story(self) -> list[Said]:
        """The story, newest first."""
        return Story(self.opened).told()

    def cards(self) -> list[Card]:
        """The drawing."""
        return drawn(self.opened)

    def legend(self, cards: Sequence[Card]) -> list[tuple[str, str, str]]:
        """What the marks of the drawing mean."""
        return legend(cards)

    def waiting(self) -> list[str]:
        """Who is asked now."""
        found = [one for one in self.opened.state.pending() if one.state == "open"]
        people = (who for one in found for who in one.holders)
        return list(dict.fromkeys(self.opened.called(one) or gettext("The system") for one in people))

    def changes(self) -> list[Change]:
        """What has changed in the record since it was submitted, or between the last two submissions and after."""
        if self.record is None or not self.opened.state.is_open:
            return []
        record = self.opened.row.record_id
        return changed(self.session, self.record.access, record, self.since, self.opened.hidden)

    def changed_lines(self) -> list[Lines]:
        """The line items that were added, removed or changed since then."""
        if self.record is None or not self.opened.state.is_open:
            return []
        blocks = {one.relation.name: one for one in self.record.plan.relations("lines") if one.relation}
        return changed_lines(self.session, self.record.access, self.opened.row.record_id, self.since, blocks)

    @cached_property
    def since(self) -> datetime:
        """The submission that the record is compared with: the one before the last, or the only one."""
        rounds = [at for _, at, event in self.opened.events() if event.type in ("started", "resubmitted")]
        return rounds[-2] if len(rounds) > 1 else rounds[0]

    def proposed(self) -> list[Change]:
        """What the change that waits would do to the record, as far as the caller may see it."""
        if self.opened.row.kind != "proposal" or self.record is None:
            return []
        return self.told(self.opened.proposes["changes"])

    def follows(self) -> list[Change]:
        """What computed fields of the record would be then."""
        return self.told(self.opened.computed) if self.record is not None else []

    def told(self, rows: Sequence[Mapping[str, Any]]) -> list[Change]:
        """Changes in words, less the fields that the step hides."""
        assert self.record is not None
        made = {name: one for name, one in pairs(rows).items() if name not in self.opened.hidden}
        return in_words(self.session, self.record.access, datetime.now(UTC), made)

    def proposed_lines(self) -> list[Lines]:
        """What would become of its lines."""
        if self.record is None or not self.opened.proposes["lines"]:
            return []
        blocks = {one.relation.name: one for one in self.record.plan.relations("lines") if one.relation}
        return wished_lines(self.session, self.opened.object_name, self.opened.proposes["lines"], blocks)

    @property
    def deletes(self) -> bool:
        """Whether it is asked to delete the record."""
        return bool(self.opened.proposes["kind"] == "delete")

    @property
    def comes(self) -> bool:
        """Whether it is asked that a new record comes into force."""
        return bool(self.opened.proposes["kind"] == "create")

    @property
    def edits(self) -> bool:
        """Whether the caller is to mend the record on its own form."""
        if self.comes:
            return self.record is not None and self.record.coming and "update" in self.record.may
        return self.mending and self.opened.row.kind != "proposal"

    # -- refusals ---------------------------------------------------------------------------------------

    def refuse(self, action: str, error: DougongError, given: Mapping[str, Any]) -> None:
        """Put a refusal at the inputs that it speaks of."""
        self.refused, self.given, self.status = action, given, error.status
        spoken = page_language()
        if isinstance(error, RefusedLines) and self.lines is not None and error.at:
            own = error.own
            others = leftover(self.form, own) if self.form else [one.show(spoken) for one in own]
            self.sentences += [*self.lines.tell(error, spoken), *others]
            return
        problems = list(error.problems) or [Problem(error.code, error.message or error.title)]
        rest = []
        for one in problems:
            name = {"person": "to", "added": "added"}.get(one.field or "", one.field or "")
            if name in INPUTS:
                self.errors[name] = one.message.text(spoken)
            else:
                rest.append(one)
        about = self.record.access.object if self.record is not None else None
        self.sentences += leftover(self.form, rest, about) if self.form is not None else sentences(rest, about)
        if action in ONE + SEVERAL and "to" in self.errors:
            self.errors["people"] = self.errors["to"]


INPUTS = ("comment", "reason", "to", "people", "kind", "resubmit", "added", "files", "signature")


def record_of(session: Session, opened: Opened) -> RecordPage | None:
    """The record as the caller may read it, less what the step hides, with its lines; None when he may not."""
    if not opened.object_name:
        return None
    try:
        access = demand_object(session.snapshot, session.person, opened.object_name, "read")
        found = recordpage.opened(session, access, opened.row.record_id)
    except DougongError:
        return None
    hidden = set(opened.hidden)
    found.plan.blocks = list(kept(found.plan.blocks, hidden))
    found.shown = {name: one for name, one in found.shown.items() if name not in hidden}
    editor = LineEditor(session, Offers(session), coming=found.coming)
    found.lines = {
        one.relation.name: editor.read(one, opened.row.record_id, edit=False)
        for one in found.plan.relations("lines")
        if one.relation
    }
    return found


def kept(parts: Sequence[Block | Place], hidden: set[str]) -> Iterator[Any]:
    """The parts of a form without fields that are hidden, related lists and what is empty then."""
    for one in parts:
        if isinstance(one, Place):
            if one.field.name not in hidden:
                yield one
        elif one.what in ("section", "tabs"):
            inside = list(kept(one.parts, hidden))
            if inside:
                yield replace(one, parts=inside)
        elif one.what != "related":
            yield one


def form_of(page: TaskPage, formdata: Formdata | None) -> RecordForm | None:
    """The inputs of the fields that the step lets its people set, also for who may not read the record."""
    names = [one for takes in page.opened.actions.values() for one in takes.get("editable", ())]
    wished: dict[str, Any] = {}
    # What is mended is the change, not the record; a new record is mended on its own form.
    if page.mending and page.opened.row.kind == "proposal" and not page.comes:
        wished = {one["field"]: one["new"] for one in page.opened.proposes["changes"]}
        names = list(wished)
    definition = page.session.model.object(page.opened.object_name)
    if not names or definition is None:
        return None
    needed = [one for takes in page.opened.actions.values() for one in takes.get("required", ())]
    access = object_access(page.session.snapshot, page.session.person, definition)
    places = page.record.plan.places() if page.record else ()
    stored = page.record.record if page.record else {}
    fields = definition.fields
    values = {name: bare(fields[name], value) for name, value in stored.items() if name in fields} | wished
    return inputs(page.session, access, places, list(dict.fromkeys(names)), needed, values, formdata)


def task_page(session: Session, task_id: str, formdata: Formdata | None = None) -> TaskPage:
    """The page of a task. Raises NotFound."""
    made = TaskPage(session, at_task(session, task_id))
    made.form = form_of(made, formdata)
    if made.mending and made.record is not None and made.opened.row.kind == "proposal":
        opened = made.opened
        made.lines = mending(session, made.record.plan, opened.row, opened.object_name, opened.proposes, formdata)
    notices.read_about(session, made.opened.row.id)
    return made


def instance_page(session: Session, instance: str) -> TaskPage:
    """The page of an instance. Raises NotFound."""
    made = TaskPage(session, opened_at(session, instance))
    notices.read_about(session, made.opened.row.id)
    return made
