"""Whether a scenario can be played: the people, records, fields and steps that it names are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runtime.base.errors import Message, Problem, unknown
from runtime.base.kind import Catalog
from runtime.kinds.node import Node
from runtime.meta.load import Document
from runtime.meta.model import Model, ObjectDef
from runtime.meta.properties import PROPERTIES

#: Somebody who may do everything; always there.
ADMIN = "admin"
#: What an expectation may hold beside records.
WORDS = ("path", "state", "gone", "pending", "tasks", "notified", "messages")
#: Actions whose ``to`` is a person.
HANDED = ("transfer", "reassign")
Place = tuple[str | int, ...]


def called(step: Mapping[str, Any], counts: dict[str, int]) -> str:
    """The name of a record that a step makes: as it says, else its object and a number."""
    name = str(step["create"])
    counts[name] = counts.get(name, 0) + 1
    return str(step.get("call") or f"{name}{counts[name]}")


def check_scenario(document: Document, model: Model, catalog: Catalog) -> Iterator[Problem]:
    """The problems of one scenario's document."""
    yield from _Scenario(document, model, catalog).check()


class _Scenario:
    """The check of one document."""

    def __init__(self, document: Document, model: Model, catalog: Catalog) -> None:
        self.document = document
        self.model = model
        self.people = {*(document.data.get("people") or {}), ADMIN}
        self.departments = set(document.data.get("departments") or {})
        self.records: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.steps = step_names(model, catalog)

    def check(self) -> Iterator[Problem]:
        """Everything, in the order of the document."""
        for name, person in (self.document.data.get("people") or {}).items():
            yield from self.person(person.get("manager"), ("people", name, "manager"))
            yield from self.department(person.get("department"), ("people", name, "department"))
        for name, one in (self.document.data.get("departments") or {}).items():
            yield from self.person(one.get("head"), ("departments", name, "head"))
            yield from self.department(one.get("parent"), ("departments", name, "parent"))
        for number, step in enumerate(self.document.data["steps"]):
            yield from self.step(step, ("steps", number))

    def step(self, step: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """One step."""
        for key in ("as", "of", "leaves", "handover", "away"):
            yield from self.person(step.get(key), (*place, key))
        if "away" in step or step.get("decide") in HANDED:
            yield from self.person(step.get("to"), (*place, "to"))
        for number, one in enumerate(step.get("people") or ()):
            yield from self.person(one, (*place, "people", number))
        for key in ("update", "delete", "on"):
            yield from self.record(step.get(key), (*place, key))
        if "create" in step:
            yield from self.made(step, place)
            yield from self.lines(str(step["create"]), step.get("lines") or {}, (*place, "lines"))
        if "update" in step:
            yield from self.fields(self.records.get(str(step["update"])), step.get("set") or {}, (*place, "set"))
            yield from self.lines(self.records.get(str(step["update"])), step.get("lines") or {}, (*place, "lines"))
        if "decide" in step and "as" not in step:
            said = Message("who does it? add as: PERSON", "由谁执行？请添加 as: 人员")
            yield self.document.problem("scenario.as", said, (*place, "decide"))
        if "decide" in step and step.get("on"):
            yield from self.mended(self.records.get(str(step["on"])), step.get("lines") or {}, (*place, "lines"))
        if "node" in step:
            yield from self.node(step["node"], (*place, "node"))
        yield from self.expected(step.get("expect") or {}, (*place, "expect"))

    def relation(self, about: str | None, name: str, here: Place) -> Iterator[Problem]:
        """The lines of a record that are meant."""
        relations = self.model.reverses.get(about or "", {})
        owned = [one for one, relation in relations.items() if relation.owned]
        if about is not None and name not in owned:
            said = unknown(Message("line relation", "明细关系"), name, owned, "").message
            yield self.document.problem("scenario.lines", said, here)

    def mended(self, about: str | None, lines: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """Lines of a returned change; those that it adds are known by what they are called when it is played."""
        for name, changes in lines.items():
            here = (*place, name)
            yield from self.relation(about, name, here)
            known = self.model.reverses.get(about or "", {}).get(name)
            for key, many in (("add", enumerate(changes.get("add", ()))), ("set", changes.get("set", {}).items())):
                for which, values in many if known else ():
                    yield from self.fields(known.source if known else "", values, (*here, key, which))

    def lines(self, about: str | None, lines: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """Lines that are saved with a record."""
        relations = self.model.reverses.get(about or "", {})
        owned = [name for name, one in relations.items() if one.owned]
        for name, changes in lines.items():
            here = (*place, name)
            yield from self.relation(about, name, here)
            if name not in owned:
                continue
            source = relations[name].source
            for number, values in enumerate(changes.get("add", ())):
                yield from self.fields(source, values, (*here, "add", number))
            for record, values in changes.get("set", {}).items():
                yield from self.record(record, (*here, "set", record))
                yield from self.fields(source, values, (*here, "set", record))
            for number, record in enumerate(changes.get("remove", ())):
                yield from self.record(record, (*here, "remove", number))

    def made(self, step: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """A record gets its name."""
        name = called(step, self.counts)
        if name in WORDS or name in self.records:
            said = Message(
                f"a record cannot be called {name!r}: the name is taken", f"记录不能命名为“{name}”：名称已占用"
            )
            yield self.document.problem("scenario.call", said, (*place, "call" if "call" in step else "create"))
        self.records.setdefault(name, str(step["create"]))

    def expected(self, expect: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """What is expected."""
        for key, value in expect.items():
            here = (*place, key)
            if key in ("path", "state") and isinstance(value, Mapping):
                for name in value:
                    yield from self.record(name, (*here, name))
            if key == "path":
                for where, nodes in self.listed(value, here):
                    for number, node in enumerate(nodes):
                        yield from self.node(node, (*where, number))
            elif key == "tasks":
                for person, nodes in value.items():
                    yield from self.person(person, (*here, person))
                    for node in nodes if isinstance(nodes, list) else [nodes]:
                        yield from self.node(node, (*here, person))
            elif key in ("gone", "pending"):
                for number, name in enumerate(value):
                    yield from self.record(name, (*here, number))
            elif key == "notified":
                for number, one in enumerate(value):
                    yield from self.person(one, (*here, number))
            elif key == "messages":
                for number, one in enumerate(value):
                    yield from self.person(one["to"], (*here, number, "to"))
            elif key not in WORDS:
                yield from self.record(key, here)
                yield from self.fields(self.records.get(key), value, here)

    def listed(self, value: Any, place: Place) -> Iterator[tuple[Place, Sequence[Any]]]:
        """A list, or lists by record, with where they stand."""
        if isinstance(value, Mapping):
            for name, nodes in value.items():
                yield (*place, name), nodes
        else:
            yield place, value

    def person(self, name: Any, place: Place) -> Iterator[Problem]:
        """Somebody of the scenario."""
        if name is not None and name not in self.people:
            said = unknown(Message("person", "人员"), str(name), sorted(self.people), "").message
            yield self.document.problem("scenario.person", said, place)

    def department(self, name: Any, place: Place) -> Iterator[Problem]:
        """A department; those that only people name need no entry of their own."""
        if name is not None and self.departments and name not in self.departments:
            said = unknown(Message("department", "部门"), str(name), sorted(self.departments), "").message
            yield self.document.problem("scenario.department", said, place)

    def record(self, name: Any, place: Place) -> Iterator[Problem]:
        """A record that an earlier step has made."""
        if name is not None and name not in self.records:
            said = unknown(Message("record", "记录"), str(name), sorted(self.records), "").message
            yield self.document.problem("scenario.record", said, place)

    def node(self, name: str, place: Place) -> Iterator[Problem]:
        """A step of any workflow."""
        if name not in self.steps and not all(part.isdigit() for part in name.split(".")):
            said = unknown(Message("step", "节点"), name, sorted(self.steps), "").message
            yield self.document.problem("scenario.node", said, place)

    def fields(self, about: str | None, values: Mapping[str, Any], place: Place) -> Iterator[Problem]:
        """Fields of a record."""
        definition: ObjectDef | None = self.model.object(about) if about else None
        if definition is None:
            return
        for name in values:
            if definition.field(name) is None and name not in PROPERTIES and name not in ("id", "title"):
                known = [*definition.fields, "owner", "title"]
                said = unknown(Message("field", "字段"), name, known, "").message
                yield self.document.problem("scenario.field", said, (*place, name))


def step_names(model: Model, catalog: Catalog) -> set[str]:
    """The names of the steps of all workflows, and of the beginning."""
    found = {"start"}

    def sequence(nodes: Any) -> None:
        for node in nodes:
            kind = next((kind for key in node if (kind := catalog.get(Node, key))), None)
            if kind is not None:
                name = node.get(kind.name)
                found.update([name] if isinstance(name, str) else [])
                for way in kind.ways(node):
                    sequence(way.nodes)

    for piece in model.all("workflow"):
        sequence(piece.doc.get("nodes") or ())
    return found
