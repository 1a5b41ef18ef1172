"""What happened in an instance, as sentences: who, for whom, what, when, in what words. Made from events only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.base.errors import Message
from runtime.engine.access import object_access
from runtime.engine.flow.definition import parsed
from runtime.engine.flow.machine import SYSTEM
from runtime.engine.flow.state import Event
from runtime.engine.flowview import Opened
from runtime.engine.proposed import may_know_why
from runtime.store.files import FileRow
from runtime.web.flowwords import at_moment, joined, named, state_word, step_label, task_word
from runtime.web.shown import Link
from runtime.web.texts import gettext, page_language

GOOD, BAD, PLAIN, QUIET = "good", "bad", "plain", "quiet"
#: What a step is held up by that is no sentence.
RULES = ("empty",)
#: How a decision looks in the story.
TONES = {
    "agree": GOOD, "submit": GOOD, "reject": BAD, "return": "back", "terminate": BAD, "withdraw": BAD,
}  # fmt: skip


@dataclass
class Said:
    """One entry: somebody did something, or something followed from it."""

    at: str
    who: str
    text: str
    behalf: str = ""
    step: str = ""
    tone: str = PLAIN
    comment: str = ""
    reason: str = ""
    fields: str = ""
    files: Sequence[Link] = ()
    signature: Link | None = None
    #: The picture that it was signed with.
    picture: FileRow | None = None
    href: str = ""
    more: list[str] = field(default_factory=list)


@dataclass
class Turn:
    """A command and all that followed from it."""

    at: datetime
    event: Event
    after: list[Event] = field(default_factory=list)

    def of(self, type: str) -> list[Mapping[str, Any]]:
        """What the events of one type tell."""
        return [one.data for one in self.after if one.type == type]


def turns(events: Sequence[tuple[int, datetime, Event]]) -> Iterator[Turn]:
    """The events by the command that they followed from."""
    found: Turn | None = None
    for _, at, event in events:
        if event.type == "command":
            if found is not None:
                yield found
            found = Turn(at, event)
        elif found is not None:
            found.after.append(event)
    if found is not None:
        yield found


class Story:
    """The story of one instance for one reader, newest first."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.files = opened.files()

    def told(self) -> list[Said]:
        """All of it."""
        found: list[Said] = []
        for turn in turns(self.opened.events()):
            found += self.turn(turn)
        return found[::-1]

    def names(self, people: Sequence[Any]) -> str:
        """People in a sentence."""
        return joined([self.opened.called(str(one)) or gettext("The system") for one in people])

    def called(self, name: str) -> str:
        """What a step is called."""
        return named(self.opened.definition, name)

    def step_of(self, task: Any) -> str:
        """The step of a task."""
        found = self.opened.state.tasks.get(int(task)) if task else None
        run = self.opened.state.runs.get(found.run) if found else None
        return self.called(run.node) if run and run.path else ""

    def turn(self, turn: Turn) -> list[Said]:
        """What one command became: an entry of its own, and entries for what went on by itself."""
        data = turn.event.data
        at = at_moment(self.opened.session, turn.at)
        found = []
        if data["actor"] != SYSTEM:
            found.append(self.act(turn, at))
        follows = [one for event in turn.after if (one := self.follows(event, turn))]
        if found:
            found[0].more = follows
        elif follows:
            found.append(Said(at, "", follows[0], tone=QUIET, more=follows[1:]))
        for ended in turn.of("ended"):
            good = {"approved": GOOD, "rejected": BAD}.get(ended["state"], PLAIN)
            found.append(Said(at, "", state_word(ended["state"]), tone=f"{good} end"))
        for child in turn.of("child_started"):
            found.append(
                Said(at, "", gettext("A sub-workflow has started"), tone=QUIET, href=f"/tasks/flows/{child['child']}")
            )
        return found

    def act(self, turn: Turn, at: str) -> Said:
        """What somebody did."""
        data = turn.event.data
        name = str(data["name"])
        text = WORDS[name](self, turn) if name in WORDS else name
        made = Said(at, self.opened.called(data["actor"]), text, tone=TONES.get(name, PLAIN))
        made.behalf = self.opened.called(data.get("on_behalf")) if data.get("on_behalf") != data["actor"] else ""
        made.step = self.step_of(data.get("task"))
        made.comment = str(data.get("comment") or "").strip()
        made.reason = str(data.get("reason") or "").strip()
        known = [self.files[one] for one in data.get("files") or () if one in self.files]
        made.files = [Link(one.name, f"/files/{one.id}", one.type.startswith("image/")) for one in known]
        picture = self.files.get(str(data.get("signature")))
        if picture is not None:
            label = gettext("Signature of %(name)s") % {"name": made.who}
            made.signature, made.picture = Link(label, f"/files/{picture.id}", True), picture
        fields = [self.labels([name for one in turn.of("fields_set") for name in one["fields"]])]
        fields += [gettext("lines") for one in turn.of("fields_set") if one.get("lines")]
        made.fields = joined([one for one in fields if one])
        return made

    def labels(self, names: Sequence[str]) -> str:
        """The fields that were filled in, as far as the reader may know of them."""
        definition = self.opened.session.model.object(self.opened.object_name)
        if definition is None:
            return ""
        session = self.opened.session
        access = object_access(session.snapshot, session.person, definition)
        shown = [one for one in names if one in definition.fields and access.visible(one)]
        return joined([definition.fields[one].label[page_language()] for one in shown if one not in self.opened.hidden])

    def follows(self, event: Event, turn: Turn) -> str:
        """What went on by itself, '' for what nobody needs to know."""
        teller = FOLLOWS.get(event.type)
        return teller(self, event.data, turn) if teller else ""

    # -- commands ---------------------------------------------------------------------------------------

    def submitted(self, turn: Turn) -> str:
        """The beginning, or a wish to revoke."""
        if self.opened.state.kind == "revoke":
            return gettext("asked to revoke what was approved")
        return gettext("submitted it")

    def handled(self, turn: Turn) -> str:
        """A task that was filled in, or a returned one submitted again."""
        return gettext("submitted it again") if turn.of("resubmitted") else gettext("did the task")

    def sent_back(self, turn: Turn) -> str:
        """A return and where to."""
        to = next((str(one["to"]) for one in turn.of("task_closed") if one.get("to")), "start")
        return gettext("returned it to: %(step)s") % {"step": self.called(to)}

    def sent_to(self, turn: Turn) -> str:
        """Where an administrator let it go on."""
        to = next((str(one["to"]) for one in turn.of("rewound") if one.get("to")), "")
        return gettext("let it go on at: %(step)s") % {"step": self.called(to)}

    def passed_on(self, turn: Turn) -> str:
        """A transfer."""
        to = [one["to"] for one in turn.of("task_closed") if one.get("to")]
        return gettext("passed the task on to %(names)s") % {"names": self.names(to)}

    def taken_over(self, turn: Turn) -> str:
        """Somebody does what another one did for him."""
        return gettext("does the task himself or herself again")

    def signers(self, turn: Turn) -> str:
        """More people."""
        people = [one["assignee"] for one in turn.of("task_opened") if one["kind"] == "added"]
        groups = [one["kind"] for one in turn.of("group_opened")]
        said = {
            "before": gettext("asked %(names)s to sign first"),
            "after": gettext("agreed, and asked %(names)s to sign next"),
        }.get(groups[0] if groups else "", gettext("asked %(names)s to sign as well"))  # fmt: skip
        return said % {"names": self.names(people)}

    def unsigned(self, turn: Turn) -> str:
        """A signer that is not needed."""
        closed = [
            self.opened.state.tasks[one["task"]].assignee
            for one in turn.of("task_closed")
            if one.get("reason") == "removed"
        ]
        return gettext("does not need %(names)s to sign any more") % {"names": self.names(closed)}

    def hurried(self, turn: Turn) -> str:
        """Who was urged."""
        people = [person for one in turn.of("urged") for person in one["people"]]
        return gettext("urged %(names)s") % {"names": self.names(people)}

    def commented(self, turn: Turn) -> str:
        """A comment and who was meant."""
        people = [person for one in turn.of("commented") for person in one["people"]]
        return gettext("commented, to %(names)s") % {"names": self.names(people)} if people else gettext("commented")

    def copied(self, turn: Turn) -> str:
        """A copy."""
        people = [person for one in turn.of("copied") for person in one["people"]]
        return gettext("sent a copy to %(names)s") % {"names": self.names(people)}

    def reassigned(self, turn: Turn) -> str:
        """A task that an administrator gave to somebody else."""
        closed = [one for one in turn.of("task_closed") if one.get("to")]
        old = [self.opened.state.tasks[one["task"]].assignee for one in closed]
        values = {"old": self.names(old), "new": self.names([one["to"] for one in closed])}
        return gettext("gave the task of %(old)s to %(new)s") % values

    # -- what follows -----------------------------------------------------------------------------------

    def closed(self, data: Mapping[str, Any], turn: Turn) -> str:
        """A task that ended by itself."""
        task = self.opened.state.tasks.get(data["task"])
        name = self.opened.called(task.assignee) if task else ""
        if data.get("reason") == "dedupe":
            return gettext("%(name)s has agreed before and is not asked again") % {"name": name}
        if data.get("reason") == "timeout":
            return gettext("The deadline of %(name)s is over: %(state)s") % {
                "name": name,
                "state": task_word(data["state"]),
            }
        if turn.event.data["actor"] == SYSTEM and data["state"] == "transferred":
            return gettext("The task of %(old)s went to %(new)s") % {"old": name, "new": self.names([data.get("to")])}
        if turn.event.data["actor"] == SYSTEM and data["state"] == "returned":
            return gettext("The deadline of %(name)s is over: %(state)s") % {
                "name": name,
                "state": task_word("returned"),
            }
        return ""

    def found(self, data: Mapping[str, Any], turn: Turn) -> str:
        """How people were found, where that is worth knowing."""
        run = self.opened.state.runs.get(data["run"])
        step = self.called(run.node) if run else ""
        said = []
        for rule, *what in data["log"]:
            if rule == "delegated":
                said.append(
                    gettext("%(deputy)s stands in for %(name)s")
                    % {"deputy": self.names(what[1:]), "name": self.names(what[:1])}
                )
            elif rule == "shared":
                values = {"deputy": self.names(what[1:]), "name": self.names(what[:1])}
                said.append(gettext("%(deputy)s stands in for %(name)s, both can decide") % values)
            elif rule == "left" and what[1]:
                said.append(
                    gettext("%(new)s acts for %(old)s, who has left")
                    % {"new": self.names(what[1:]), "old": self.names(what[:1])}
                )
            elif rule == "empty":
                policy = {
                    "auto_pass": gettext("nobody was found, it passes"), "block": gettext("nobody was found, it waits"),
                    "reject": gettext("nobody was found, it is rejected"),
                }.get(what[0], gettext("nobody was found, somebody else is asked"))  # fmt: skip
                said.append(f"{step}{'：' if page_language() == 'zh' else ': '}{policy}")
        return "; ".join(said)

    def others_told(self, data: Mapping[str, Any], turn: Turn) -> str:
        """A copy that nobody sent by hand."""
        if turn.event.data["name"] == "copy" or not data["people"]:
            return ""
        return gettext("A copy went to %(names)s") % {"names": self.names(data["people"])}

    def blocked(self, data: Mapping[str, Any], turn: Turn) -> str:
        """Nothing goes on."""
        why = data.get("why")
        if not data["blocked"]:
            return ""
        if not why or why in RULES or any(one.get("error") == why for one in turn.of("performed")):
            return gettext("It cannot go on by itself; an administrator is asked")
        said = Message.read(why).text(page_language())
        return gettext("It cannot go on by itself, an administrator is asked: %(why)s") % {"why": said}

    def performed(self, data: Mapping[str, Any], turn: Turn) -> str:
        """An action that was not possible."""
        said = Message.read(data.get("error") or "").text(page_language())
        return gettext("An action was not possible: %(why)s") % {"why": said} if said else ""

    def adopted(self, data: Mapping[str, Any], turn: Turn) -> str:
        """An approved change that does not fit the record any more."""
        said = Message.read(data.get("error") or "").text(page_language())
        if not said:
            return ""
        if not may_know_why(self.opened.session, self.opened.state.initiator):
            return gettext("The approved change could not be put into force")
        return gettext("The approved change could not be put into force: %(why)s") % {"why": said}

    def reminded(self, data: Mapping[str, Any], turn: Turn) -> str:
        """A reminder."""
        return gettext("%(names)s were reminded") % {"names": self.names(data["people"])}

    def jumped(self, data: Mapping[str, Any], turn: Turn) -> str:
        """Straight back to who had returned it."""
        found = next((run.node for run in self.opened.state.runs.values() if run.path == data["to"]), "")
        return gettext("It went straight back to: %(step)s") % {"step": self.called(found)}

    def turned(self, data: Mapping[str, Any], turn: Turn) -> str:
        """It is gone round once more."""
        step = self.opened.definition.by_path.get(parsed(data["path"]))
        taken_back = turn.event.data["name"] == "retrieve"
        if step is None or data["turn"] < 2 or taken_back:
            return ""
        values = {"step": step_label(step), "turn": data["turn"], "most": step.most_turns}
        return gettext("Not yet as wanted: %(step)s, time %(turn)s of at most %(most)s") % values

    def recounted(self, data: Mapping[str, Any], turn: Turn) -> str:
        """Deadlines that a changed calendar has moved."""
        dues = sorted({str(due) for due in data["due"].values()})
        if not dues:
            return gettext("The working calendar has changed: what waits is due at another time")
        shown = joined([at_moment(self.opened.session, one) for one in dues])
        return gettext("The working calendar has changed: due %(when)s") % {"when": shown}


WORDS: Mapping[str, Callable[[Story, Turn], str]] = {
    "start": Story.submitted, "agree": lambda story, turn: gettext("agreed"),
    "reject": lambda story, turn: gettext("rejected"), "submit": Story.handled, "return": Story.sent_back,
    "transfer": Story.passed_on, "take_over": Story.taken_over, "add_sign": Story.signers,
    "remove_signer": Story.unsigned, "withdraw": lambda story, turn: gettext("withdrew it"),
    "retrieve": lambda story, turn: gettext("took the decision back"), "urge": Story.hurried,
    "comment": Story.commented, "copy": Story.copied, "reassign": Story.reassigned,
    "skip": lambda story, turn: gettext("passed over the step"),
    "retry": lambda story, turn: gettext("had the step tried again"),
    "jump": Story.sent_to, "terminate": lambda story, turn: gettext("ended it"),
    "drop": lambda story, turn: gettext("deleted the record by force, which ended it"),
    "rebase": lambda story, turn: gettext("means the change for the values of now"),
    "discard": lambda story, turn: gettext("gave the change up"),
}  # fmt: skip
FOLLOWS: Mapping[str, Callable[[Story, Mapping[str, Any], Turn], str]] = {
    "task_closed": Story.closed, "approvers_resolved": Story.found, "copied": Story.others_told,
    "run_blocked": Story.blocked, "performed": Story.performed, "reminded": Story.reminded, "jumped": Story.jumped,
    "adopted": Story.adopted, "recounted": Story.recounted, "turned": Story.turned,
}  # fmt: skip
