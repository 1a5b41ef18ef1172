"""Workflows in words of the reader's language: states, steps, people, moments. It reads nothing from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from runtime.engine.directory import Everybody
from runtime.engine.flow.definition import Definition, Step
from runtime.engine.flow.moments import moment_of
from runtime.engine.workspace import Session
from runtime.kinds.people import SOURCES
from runtime.meta.model import label_of
from runtime.web.shown import moment
from runtime.web.texts import gettext, page_language

#: The chip of a state of an instance, a step or a task.
TONES = {
    "running": "blue", "returned": "orange", "approved": "green", "rejected": "red", "withdrawn": "gray",
    "terminated": "gray", "open": "blue", "agreed": "green", "submitted": "green", "auto_agreed": "green",
    "auto_rejected": "red", "waiting": "gray", "transferred": "gray", "cancelled": "gray", "skipped": "gray",
}  # fmt: skip


def state_word(state: str) -> str:
    """The state of an instance or of a task."""
    words = {
        "running": gettext("Under way"), "returned": gettext("Returned"), "approved": gettext("Approved"),
        "rejected": gettext("Rejected"), "withdrawn": gettext("Withdrawn"), "terminated": gettext("Ended"),
        "open": gettext("to decide"), "waiting": gettext("not yet their turn"), "agreed": gettext("agreed"),
        "submitted": gettext("done"), "auto_agreed": gettext("agreed automatically"),
        "auto_rejected": gettext("rejected automatically"), "transferred": gettext("passed on"),
        "cancelled": gettext("not needed any more"), "skipped": gettext("passed over"),
    }  # fmt: skip
    return words.get(state, state)


def task_word(state: str) -> str:
    """What became of a task."""
    words = {"rejected": gettext("rejected"), "returned": gettext("returned")}
    return words.get(state) or state_word(state)


def step_word(state: str) -> str:
    """How far a step has come."""
    words = {
        "now": gettext("Here now"), "blocked": gettext("Stuck"), "done": gettext("Done"), "ahead": gettext("To come"),
        "off": gettext("Not taken"), "rejected": gettext("Rejected"), "returned": gettext("Returned"),
        "skipped": gettext("Passed over"), "over": gettext("Jumped over"),
        "cancelled": gettext("Not needed"), "live": gettext("Here now"),
        "failed": gettext("Rejected"),
    }  # fmt: skip
    return words.get(state, state)


def flow_label(definition: Definition) -> str:
    """What a workflow is called."""
    return label_of(definition.doc.get("label"), definition.name)[page_language()]


def step_label(step: Step | None, name: str = "") -> str:
    """What a step is called: by its label, by its name, by what it is."""
    if step is None:
        return name or gettext("Submission")
    return step.label[page_language()]


def named(definition: Definition, name: str) -> str:
    """What the step of a name is called; ``start`` is where it began."""
    return gettext("Submission") if name == "start" else step_label(definition.by_name.get(name), name)


def at_moment(session: Session, value: Any) -> str:
    """A moment of an instance as pages show it, '' for none."""
    if not value:
        return ""
    if isinstance(value, datetime):
        return moment(session, value.isoformat())
    return moment(session, moment_of(str(value)).isoformat())


def joined(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return ("、" if page_language() == "zh" else ", ").join(names)


def people_words(session: Session, people: Everybody, who: Any) -> str:
    """Who will be asked, as far as the document says it: for steps that are still to come."""
    entries = who if isinstance(who, list) else [who]
    return joined([one for one in (source_words(session, people, entry) for entry in entries) if one])


def source_words(session: Session, people: Everybody, entry: Any) -> str:
    """One source of people: its name, and whom it names."""
    if not isinstance(entry, Mapping):
        return gettext("Who started it")
    spoken = page_language()
    found = []
    for key, options in entry.items():
        label = label_of(SOURCES[key].get("x-label"), key)[spoken] if key in SOURCES else key
        names = [meant(session, people, one) for one in (options if isinstance(options, list) else [options])]
        detail = joined([one for one in names if one])
        found.append(f"{label}{'：' if spoken == 'zh' else ': '}{detail}" if detail else label)
    return joined(found)


def meant(session: Session, people: Everybody, value: Any) -> str:
    """A role, a person, a level or nothing worth saying."""
    if isinstance(value, Mapping):
        level = value.get("level", 1)
        return gettext("level %(number)s") % {"number": level} if level != 1 else ""
    if not isinstance(value, str):
        return ""
    role = session.model.piece("role", value)
    if role is not None:
        return role.label[page_language()]
    person = people.users.get(people.by_name.get(value, value))
    return person.title if person else ""
