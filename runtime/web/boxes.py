"""The page of somebody's tasks: four boxes, filters, and what became of several that were decided together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import flash
from flask.wrappers import Response

from runtime.base.errors import DougongError
from runtime.engine import taskboxes, tasks
from runtime.engine.access import object_access
from runtime.engine.directory import everybody
from runtime.engine.flows import compiled
from runtime.engine.workspace import Session
from runtime.web.flowwords import TONES, at_moment, flow_label, state_word, step_label, task_word
from runtime.web.render import page
from runtime.web.texts import gettext, ngettext, page_language
from runtime.web.work import to

EACH = 30


@dataclass(frozen=True)
class Asked:
    """What the address says."""

    box: str = "todo"
    workflow: str = ""
    q: str = ""
    overdue: bool = False
    cursor: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Asked:
        """From the query string; a box that there is none of is the first."""
        box = args.get("box", "todo")
        overdue = args.get("overdue", "") in ("1", "true")
        return cls(
            box if box in taskboxes.BOXES else "todo", args.get("workflow", "")[:100], args.get("q", "")[:200].strip(),
            overdue, args.get("cursor", "")[:40],
        )  # fmt: skip

    @property
    def narrowed(self) -> bool:
        """True when not everything is shown."""
        return bool(self.workflow or self.q or self.overdue)

    def address(self, **other: Any) -> str:
        """The address of a page like this one, with something else."""
        made = replace(self, **{"cursor": "", **other})
        pairs = [
            ("box", made.box if made.box != "todo" else ""), ("workflow", made.workflow), ("q", made.q),
            ("overdue", "1" if made.overdue else ""), ("cursor", made.cursor),
        ]  # fmt: skip
        text = urlencode([(name, value) for name, value in pairs if value])
        return f"/tasks?{text}" if text else "/tasks"


@dataclass(frozen=True)
class Line:
    """One task or instance in a box."""

    id: str
    href: str
    title: str
    flow: str
    step: str
    object: str
    initiator: str
    at: str
    due: str = ""
    late: bool = False
    state: str = ""
    tone: str = "gray"
    behalf: str = ""
    #: Who else may decide at it.
    beside: str = ""
    #: False for a task that has to be opened to be decided.
    together: bool = False


@dataclass
class Box:
    """One box as the page shows it."""

    asked: Asked
    lines: list[Line]
    next: str = ""
    flows: Sequence[tuple[str, str]] = ()
    tabs: Sequence[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """True for a box of instances."""
        return self.asked.box in taskboxes.WHOLE

    @property
    def several(self) -> bool:
        """True when any task here can be decided together with others."""
        return any(one.together for one in self.lines)


def labels() -> dict[str, str]:
    """What the boxes are called."""
    return {
        "todo": gettext("To do"), "done": gettext("Done by me"), "started": gettext("Started by me"),
        "copied": gettext("Copied to me"),
    }  # fmt: skip


def box_page(session: Session, asked: Asked, limit: int = EACH) -> Box:
    """One box."""
    try:
        found, cursor = taskboxes.rows(
            session, asked.box, asked.cursor or None, limit, workflow=asked.workflow, q=asked.q, overdue=asked.overdue
        )
    except DougongError as error:
        if error.status != 422:
            raise
        found, cursor = taskboxes.rows(session, asked.box, None, limit)
    lines = [line(session, asked.box, one) for one in found]
    tabs = [(label, replace(Asked(), box=name).address(), name == asked.box) for name, label in labels().items()]
    return Box(asked, lines, asked.address(cursor=cursor) if cursor else "", known_flows(session), tabs)


def line(session: Session, box: str, one: Mapping[str, Any]) -> Line:
    """One row of a box."""
    people = everybody(session.snapshot).users
    definition = compiled(session, str(one["flow"]))
    about = session.model.object(session.layout.names.get(str(one["object"]), ""))
    who = people.get(one["initiator"] or "")
    plain: dict[str, Any] = {
        "title": one["title"] or flow_label(definition), "flow": flow_label(definition),
        "object": about.label[page_language()] if about else "",
        "initiator": who.title if who else gettext("The system"), "id": str(one["id"]),
    }  # fmt: skip
    if box in taskboxes.WHOLE:
        state = str(one["state"])
        return Line(
            href=f"/tasks/flows/{one['id']}", step="", at=at_moment(session, one["created_at"]),
            state=state_word(state), tone=TONES.get(state, "gray"), **plain,
        )  # fmt: skip
    step = definition.by_name.get(str(one["node"]))
    state = str(one["state"])
    behalf = people.get(one["principal"] or "")
    shared = one["shared"] and state == "open"
    mine = one["principal"] == session.user_id if shared else one["principal"] == one["decided_by"]
    other = people.get(one["assignee" if mine else "principal"] or "") if shared else None
    task, due = one["kind"] != "resubmit", one["due_at"]
    return Line(
        href=f"/tasks/{one['id']}", step=step_label(step) if task else gettext("Mend and submit again"),
        at=at_moment(session, one["opened_at"] if box == "todo" else one["decided_at"]),
        due=at_moment(session, one["due_at"]), late=bool(due and state == "open" and due < datetime.now(UTC)),
        state=task_word(state), tone=TONES.get(state, "gray"),
        behalf=behalf.title if behalf and not mine else "", beside=other.title if other else "",
        together=box == "todo" and task and taskboxes.fits(definition, one), **plain,
    )  # fmt: skip


def known_flows(session: Session) -> list[tuple[str, str]]:
    """(name, label) of the workflows about what the caller may know."""
    found = []
    for piece in session.model.all("workflow"):
        definition = session.model.object(str(piece.object))
        if definition is not None and object_access(session.snapshot, session.person, definition).known:
            found.append((piece.name, piece.label[page_language()]))
    return sorted(found, key=lambda pair: pair[1])


def told(session: Session, results: Sequence[Mapping[str, Any]], back: str) -> Response:
    """Back to the box when all is decided; otherwise which tasks were not, and why."""
    wrong = [one for one in results if one["status"] >= 400]
    fine = len(results) - len(wrong)
    said = ngettext("%(num)s task is decided.", "%(num)s tasks are decided.", fine) % {"num": fine}
    if not wrong:
        flash(said)
        return to(back)
    failed = []
    for one in wrong:
        try:
            title = str(tasks.find(session, one["id"])["title"])
            tasks.seen(session, str(tasks.find(session, one["id"])["instance"]))
        except DougongError:
            title = ""
        failed.append((one["id"], title or one["id"][:8], one["detail"], bool(title)))
    return page("tasks_result.html", session, 422, said=said, failed=failed, back=back)
