"""The drawn workflow of an instance: cards one below the other, ways side by side, in words of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runtime.engine.flow import drawing
from runtime.engine.flow.definition import written
from runtime.engine.flow.drawing import Drawn, DrawnWay
from runtime.engine.flow.moments import stamp
from runtime.engine.flow.state import Run, Task
from runtime.engine.flowview import Opened
from runtime.meta.model import label_of
from runtime.web.flowwords import TONES, at_moment, people_words, state_word, step_label, step_word, task_word
from runtime.web.texts import gettext, page_language

#: The marks of steps beside their words: nobody has to tell them by their colors.
MARKS = {
    "done": "✓", "now": "●", "blocked": "!", "rejected": "✕", "returned": "↩", "skipped": "↷", "over": "»",
    "cancelled": "–", "failed": "✕",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one person has to do, or did, at a step."""

    name: str
    state: str
    tone: str
    at: str = ""
    behalf: str = ""
    added: bool = False
    late: bool = False


@dataclass
class Card:
    """One step."""

    label: str
    kind: str
    icon: str
    state: str
    word: str
    mark: str
    parts: Sequence[Part] = ()
    note: str = ""
    href: str = ""
    ways: Sequence[Lane] = field(default_factory=list)


@dataclass
class Lane:
    """One way of a step."""

    label: str
    state: str
    word: str
    cards: Sequence[Card]


def drawn(opened: Opened) -> list[Card]:
    """The whole workflow, from who started it to its end."""
    found = [begun(opened)]
    found += [card(opened, one) for one in drawing.draw(opened.definition, opened.state)]
    state = opened.state
    over = not state.is_open
    word = state_word(state.state) if over else step_word("ahead")
    shown = {"approved": "done", "rejected": "rejected"}.get(state.state, "cancelled") if over else "ahead"
    note = at_moment(opened.session, state.ended) if over else ""
    found.append(Card(gettext("End"), "", "flag", shown, word, MARKS.get(shown, "") if over else "", (), note))
    return found


def legend(cards: Sequence[Card]) -> list[tuple[str, str, str]]:
    """(state, mark, word) of what the drawing shows, each once."""
    found: dict[str, tuple[str, str, str]] = {}
    for one in cards:
        if not one.ways:
            found.setdefault(one.word, (one.state, one.mark, one.word))
        for way in one.ways:
            for entry in legend(way.cards):
                found.setdefault(entry[2], entry)
    return list(found.values())


def begun(opened: Opened) -> Card:
    """The beginning; who started it is asked there again when it was returned."""
    state = opened.state
    back = [run for run in state.runs.values() if not run.path and run.state == "active"]
    now = state.state == "returned"
    if back:
        parts = people_of(opened, back[-1], state.run_tasks(back[-1].id))
    else:
        who = opened.called(state.initiator) or gettext("The system")
        parts = [Part(who, gettext("submitted"), "green", at_moment(opened.session, state.started))]
    shown = "now" if now else "done"
    return Card(gettext("Submission"), "", "player-play", shown, step_word(shown), MARKS[shown], parts)


def card(opened: Opened, one: Drawn) -> Card:
    """One step with its people and its ways."""
    step, spoken = one.step, page_language()
    parts = people_of(opened, one.run, one.tasks) if one.run else []
    note = ""
    if not parts and one.state in ("ahead", "now") and "who" in step.options:
        note = people_words(opened.session, opened.people, step.options["who"])
    elif one.run is not None and one.state == "now" and not one.tasks:
        note = until(opened, one.run)
    turns = opened.state.turns.get(written(step.path))
    if step.kind.loops and not note and turns is not None and one.state not in ("ahead", "off"):
        note = gettext("time %(turn)s of at most %(most)s") % {"turn": turns.turn, "most": step.most_turns}
    href = f"/tasks/flows/{one.run.child}" if one.run and one.run.child else ""
    label = step_label(step)
    kind = step.kind.label[spoken]
    return Card(
        label, kind if kind != label else "", step.kind.icon, one.state, step_word(one.state), MARKS.get(one.state, ""),
        parts, note, href, [lane(opened, way, number) for number, way in enumerate(one.ways, 1)],
    )  # fmt: skip


def lane(opened: Opened, one: DrawnWay, number: int) -> Lane:
    """One way: by its label, by its condition, by its place."""
    if one.way.label:
        label = label_of(one.way.label, "")[page_language()]
    elif one.way.otherwise:
        label = gettext("Otherwise")
    else:
        label = gettext("Way %(number)s") % {"number": number}
    return Lane(label, one.state, step_word(one.state), [card(opened, inner) for inner in one.steps])


def people_of(opened: Opened, run: Run, tasks: Sequence[Task]) -> list[Part]:
    """Who was asked at a visit, and what he said; those who need not have been asked come last."""
    now = stamp(datetime.now(UTC))
    found = []
    for one in tasks:
        over = one.state == "cancelled"
        who = one.assignee if over or one.state in ("open", "waiting", "transferred") else (one.by or one.assignee)
        name = opened.called(who) or gettext("The system")
        at = at_moment(opened.session, one.decided) if one.decided and not over else ""
        behalf = opened.called(one.principal) if one.principal != who else ""
        late = bool(one.due and one.state == "open" and one.due < now)
        tone = TONES.get(one.state, "gray")
        found.append((over, Part(name, task_word(one.state), tone, at, behalf, one.kind == "added", late)))
    return [part for _, part in sorted(found, key=lambda pair: pair[0])]


def until(opened: Opened, run: Run) -> str:
    """What a step without people stands still for."""
    timers = [one.fire_at for one in opened.state.timers.values() if one.run == run.id and one.state == "scheduled"]
    return gettext("until %(at)s") % {"at": at_moment(opened.session, min(timers))} if timers else ""
