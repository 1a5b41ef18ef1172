"""What a scenario expects, against what there is: values, paths, states, tasks, messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import Any

from runtime.base.errors import Invalid, Message, NotFound, Problem
from runtime.base.values import load as load_json
from runtime.engine import reading
from runtime.engine.flow import state as states
from runtime.engine.flow.state import Instance
from runtime.engine.staging import Stage, utc
from runtime.meta.check_scenarios import WORDS
from runtime.meta.load import Document
from runtime.store import flows

NOBODY = "system"


@dataclass(frozen=True)
class Failure:
    """One thing that is not as a scenario says."""

    problem: Problem
    expected: Any = None
    found: Any = None


@dataclass
class Outcome:
    """What came of one scenario."""

    document: Document
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True when everything was as it says."""
        return not self.failures

    def json(self, language: str) -> dict[str, Any]:
        """The outcome for scripts."""
        return {
            "scenario": self.document.name, "ok": self.ok, "file": self.document.where,
            "line": self.document.key((self.document.piece,)).line, "seconds": round(self.seconds, 3),
            "failures": [{**one.problem.json(language), "expected": one.expected, "found": one.found}
                         for one in self.failures],
        }  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A record that a scenario has made."""

    object: str
    id: str


class Cast:
    """Who and what a scenario has on its stage, by the names that it gives them."""

    def __init__(self, stage: Stage, document: Document, outcome: Outcome) -> None:
        self.stage = stage
        self.document = document
        self.outcome = outcome
        self.people: dict[str, str] = {}
        self.made: dict[str, Made] = {}
        self.told: set[str] = set()

    def fail(self, place: tuple[Any, ...], expected: Any, found: Any, en: str = "", zh: str = "") -> None:
        """Note what is not as it should be."""
        if expected is not None:
            en = f"expected {shown(expected)}, found {shown(found)}" + (f": {en}" if en else "")
            zh = f"预期 {shown(expected)}，实际 {shown(found)}" + (f"：{zh}" if zh else "")
        problem = self.document.problem("scenario", Message(en, zh), place)
        self.outcome.failures.append(Failure(problem, expected, found))

    def linked(self, value: Any) -> Any:
        """The ids of what names stand for."""
        if isinstance(value, list):
            return [self.linked(one) for one in value]
        if isinstance(value, str):
            return self.made[value].id if value in self.made else self.people.get(value, value)
        return value

    def instances(self) -> list[flows.Row]:
        """All workflows of the stage, oldest first."""
        return flows.everything(self.stage.database, self.stage.schema)

    def instance(self, on: str | None) -> flows.Row:
        """The newest workflow on a record, or of all. Raises Invalid."""
        found = [one for one in self.instances() if on is None or one.record_id == self.made[on].id]
        found = [one for one in found if one.kind != "sub"] or found
        if not found:
            raise Invalid(Message("there is no workflow", "没有流程"))
        return found[-1]

    def expect(self, expect: Mapping[str, Any], place: tuple[Any, ...]) -> None:
        """Everything that must be true now."""
        for key, wanted in expect.items():
            if key in WORDS:
                EXPECTED[key](self, wanted, (*place, key))
                continue
            found = self.record(self.made[key])
            for name, value in wanted.items():
                there = self.named(found.get(name))
                if not same(value, there):
                    self.fail((*place, key, name), value, there)
        self.told = {one[0] for one in flows.told(self.stage.database, self.stage.schema)}

    def record(self, record: Made) -> dict[str, Any]:
        """A record as it is now."""
        body, _ = reading.get(self.stage.session(), record.object, record.id)
        found: dict[str, Any] = load_json(body)
        return found

    def named(self, value: Any) -> Any:
        """A value with the scenario's names in the place of ids."""
        if isinstance(value, list):
            return [self.named(one) for one in value]
        if isinstance(value, Mapping) and "id" in value:
            value = value["id"]
        names = {one.id: name for name, one in self.made.items()} | {id: name for name, id in self.people.items()}
        return names.get(value, value) if isinstance(value, str) else value

    def person(self, user: str | None) -> str:
        """The name of somebody."""
        return next((name for name, id in self.people.items() if id == user), NOBODY)

    def paths(self, wanted: Any, place: tuple[Any, ...]) -> None:
        """The steps that were visited."""
        for on, nodes, where in self.each(wanted, place):
            state = self.state_of(on)
            found = [one.node for one in state.runs.values() if one.path and not one.void] if state else []
            if list(nodes) != found:
                self.fail(where, nodes, found)

    def standing(self, wanted: Any, place: tuple[Any, ...]) -> None:
        """How workflows stand."""
        for on, word, where in self.each(wanted, place):
            state = self.state_of(on)
            found = state.state if state else "none"
            if word != found:
                self.fail(where, word, found)

    def gone(self, wanted: Sequence[str], place: tuple[Any, ...]) -> None:
        """Records that are in the recycle bin."""
        for number, name in enumerate(wanted):
            with suppress(NotFound):
                self.record(self.made[name])
                self.fail((*place, number), name, "there")

    def pending(self, wanted: Sequence[str], place: tuple[Any, ...]) -> None:
        """New records that wait for an approval."""
        for number, name in enumerate(wanted):
            if "_state" not in self.record(self.made[name]):
                self.fail((*place, number), name, "in force")

    def each(self, wanted: Any, place: tuple[Any, ...]) -> list[tuple[str | None, Any, tuple[Any, ...]]]:
        """(record, what is wanted, where it stands)."""
        if isinstance(wanted, Mapping):
            return [(name, value, (*place, name)) for name, value in wanted.items()]
        return [(None, wanted, place)]

    def state_of(self, on: str | None) -> Instance | None:
        """The state of the newest workflow on a record."""
        try:
            return states.load(self.instance(on).data)
        except Invalid:
            return None

    def open_tasks(self) -> dict[str, list[str]]:
        """Who has to do what."""
        found: dict[str, list[str]] = {}
        for row in self.instances():
            state = states.load(row.data)
            for task in state.pending():
                if task.state == "open":
                    for one in task.holders:
                        found.setdefault(self.person(one), []).append(state.runs[task.run].node)
        return {name: sorted(nodes) for name, nodes in sorted(found.items())}

    def tasks(self, wanted: Mapping[str, Any], place: tuple[Any, ...]) -> None:
        """Everybody who has something to do."""
        found = self.open_tasks()
        meant = {name: sorted(nodes if isinstance(nodes, list) else [nodes]) for name, nodes in wanted.items()}
        meant = {name: nodes for name, nodes in meant.items() if nodes}
        if meant != found:
            self.fail(place, wanted, found)

    def news(self) -> list[tuple[str, str, str]]:
        """(who, type, text) of the messages since the last expectation."""
        rows = flows.told(self.stage.database, self.stage.schema)
        return [(self.person(user), type, text) for id, user, type, text in rows if id not in self.told]

    def notified(self, wanted: Sequence[str], place: tuple[Any, ...]) -> None:
        """Everybody who was told something."""
        found = sorted({one[0] for one in self.news()})
        if sorted(set(wanted)) != found:
            self.fail(place, wanted, found)

    def messages(self, wanted: Sequence[Mapping[str, Any]], place: tuple[Any, ...]) -> None:
        """Messages that must be among those that were sent."""
        news = self.news()
        for number, one in enumerate(wanted):
            if not any(one["to"] == who and one.get("type", type) == type and one.get("text", "") in text
                       for who, type, text in news):  # fmt: skip
                found = [{"to": who, "type": type, "text": text} for who, type, text in news]
                self.fail((*place, number), dict(one), found)


EXPECTED: Mapping[str, Callable[[Cast, Any, tuple[Any, ...]], None]] = {
    "path": Cast.paths, "state": Cast.standing, "gone": Cast.gone, "pending": Cast.pending,
    "tasks": Cast.tasks, "notified": Cast.notified, "messages": Cast.messages,
}  # fmt: skip


def shown(value: Any) -> str:
    """A value as it may stand in a document."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(shown, value)) + "]"
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


def same(wanted: Any, found: Any) -> bool:
    """Whether a value of a document is that of a record: numbers and moments by what they are."""
    if wanted in (None, "", []) and found in (None, "", []):
        return True
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(same(one, other) for one, other in zip(wanted, found, strict=True))
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(same(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, bool) or isinstance(found, bool) or wanted is None or found is None:
        return wanted is found
    try:
        return Decimal(str(wanted)) == Decimal(str(found))
    except InvalidOperation:
        pass
    if str(wanted) == str(found):
        return True
    try:
        return len(str(wanted)) > 10 and utc(str(wanted), UTC) == utc(str(found), UTC)
    except Invalid:
        return False
