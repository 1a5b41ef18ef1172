"""Which steps and ways of the workflows some scenarios have gone through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.engine.flow.definition import Definition, written
from runtime.engine.flows import live_definition
from runtime.engine.staging import Stage
from runtime.engine.workspace import Session
from runtime.kinds.node import Way
from runtime.store import flows


@dataclass
class Coverage:
    """What has been gone through so far. ``gone`` are places: ``0.1`` a step, ``0.1/2`` its third way."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, session: Session) -> None:
        """All workflows of a model."""
        for piece in session.model.all("workflow"):
            self.definitions[piece.name] = live_definition(session, piece.name)[1]

    def note(self, stage: Stage) -> None:
        """What has happened on a stage."""
        for row in flows.everything(stage.database, stage.schema):
            definition = self.definitions.get(row.workflow)
            for _, _, type, data in flows.events(stage.database, stage.schema, row.id):
                for place in places(definition, type, data) if definition else ():
                    self.gone.add((row.workflow, place))

    def lines(self, workflow: str, language: str) -> Iterator[dict[str, Any]]:
        """Each step and way of a workflow: its place, what it is called, whether it was gone through."""
        for step in self.definitions[workflow].by_path.values():
            at = written(step.path)
            inside = any((workflow, f"{at}/{number}") in self.gone for number in range(len(step.ways)))
            yield {"at": at, "step": step.name, "kind": step.kind.name, "way": None,
                   "covered": inside or (workflow, at) in self.gone}  # fmt: skip
            for number, way in enumerate(step.ways):
                yield {"at": f"{at}/{number}", "step": step.name, "kind": step.kind.name,
                       "way": way_title(way, number, language),
                       "covered": (workflow, f"{at}/{number}") in self.gone}  # fmt: skip

    def json(self, language: str) -> dict[str, Any]:
        """Everything, by workflow, with how many of how many."""
        found = {}
        for name in sorted(self.definitions):
            lines = list(self.lines(name, language))
            found[name] = {"covered": sum(one["covered"] for one in lines), "of": len(lines), "places": lines}
        return found


def places(definition: Definition, type: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The places that an event shows to have been gone through."""
    if type == "run_opened" and data["path"]:
        yield str(data["path"])
    elif type == "way_chosen":
        yield f"{data['path']}/{data['way']}"
    elif type == "turned":
        yield f"{data['path']}/0"
    elif type == "forked":
        yield from (f"{data['path']}/{way}" for way in data["ways"])
    elif type == "copied" and data.get("node") in definition.by_name:
        yield written(definition.by_name[str(data["node"])].path)


def way_title(way: Way, number: int, language: str) -> str:
    """A way as people call it: its label, its condition, or its number."""
    label = way.label
    if isinstance(label, Mapping):
        label = label.get(language) or label.get("en")
    if label:
        return str(label)
    if way.otherwise:
        return "else"
    return str(way.when) if isinstance(way.when, str) else f"{number + 1}"
