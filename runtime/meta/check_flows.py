"""Whether a workflow can get stuck: what cannot be reached, who can never be found, deadlines without an action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.base.kind import Catalog
from runtime.kinds.action import Action
from runtime.kinds.field import HoldsFiles
from runtime.kinds.node import Node
from runtime.meta.load import Document
from runtime.meta.model import SYSTEM_PROPERTIES, Model

Place = tuple[str | int, ...]
Doc = Mapping[str, Any]


def check_flow(document: Document, model: Model, catalog: Catalog) -> Iterator[Problem]:
    """The problems of one workflow's document."""
    data = document.data
    flow = _Flow(document, model, catalog)
    yield from flow.sequence(data.get("nodes") or (), ("nodes",))
    for outcome, actions in (data.get("after") or {}).items():
        yield from flow.actions(actions, ("after", outcome))
    empty = data.get("empty")
    if isinstance(empty, Mapping):
        yield from flow.empty(empty, ("empty",))
    start = data.get("start") or {}
    triggers = start.get("trigger", "manual")
    if "on_change" in (triggers if isinstance(triggers, list) else [triggers]) and "on_change" not in start:
        said = Message(
            "trigger on_change needs on_change: {fields: [...]}",
            "trigger 为 on_change 时须写明 on_change: {fields: [...]}",
        )
        yield document.problem("workflow.on_change", said, ("start", "trigger"))
    yield from guarded(document, model)


def guarded(document: Document, model: Model) -> Iterator[Problem]:
    """Fields whose change is to wait for an approval: people must be able to change them, and a proposal hold them."""
    start: Doc = document.data.get("start") or {}
    change = start.get("on_change")
    definition = model.object(str(document.data.get("object")))
    if not isinstance(change, Mapping) or change.get("mode") != "proposal" or definition is None:
        return
    for number, name in enumerate(change.get("fields", ())):
        place = ("start", "on_change", "fields", number)
        field = definition.field(name) if isinstance(name, str) else None
        if field is None:
            if name in SYSTEM_PROPERTIES and name != "owner":
                said = Message(f"the system property {name!r} is never changed by people; nothing could wait",
                               f"系统属性“{name}”不由人修改，无需审批")  # fmt: skip
                yield document.problem("workflow.guarded", said, place)
        elif not field.stored or field.numbered is not None:
            said = Message(f"the field {name!r} is computed or numbered by the system; guard what it is made from",
                           f"字段“{name}”由系统计算或编号，请改为控制其来源字段")  # fmt: skip
            yield document.problem("workflow.guarded", said, place)
        elif isinstance(field.kind, HoldsFiles):
            said = Message(f"the field {name!r} holds files, which cannot wait for an approval",
                           f"字段“{name}”为文件，不能等待审批")  # fmt: skip
            yield document.problem("workflow.guarded", said, place)


class _Flow:
    """The check of one document."""

    def __init__(self, document: Document, model: Model, catalog: Catalog) -> None:
        self.document = document
        self.model = model
        self.catalog = catalog
        self.before: list[str] = []

    def sequence(self, nodes: Any, place: Place) -> Iterator[Problem]:
        """Steps in their order; the names of those before are what a step may refer to."""
        for number, node in enumerate(nodes):
            kind = self.kind_of(node)
            if kind is None:
                continue
            yield from self.step(kind, node, (*place, number))
            name = node.get(kind.name)
            if isinstance(name, str):
                self.before.append(name)

    def kind_of(self, node: Any) -> type[Node] | None:
        """The kind that a node names."""
        for key in node if isinstance(node, Mapping) else ():
            found = self.catalog.get(Node, key)
            if found is not None:
                return found
        return None

    def step(self, kind: type[Node], node: Doc, place: Place) -> Iterator[Problem]:
        """One step and what is inside of it."""
        if kind.decisions:
            who = node.get("who")
            for number, source in enumerate(who if isinstance(who, list) else [who]):
                where = (*place, "who", number) if isinstance(who, list) else (*place, "who")
                yield from self.source(source, where)
        if isinstance(node.get("due"), Mapping):
            yield from self.due(node["due"], (*place, "due"))
        if isinstance(node.get("empty"), Mapping):
            yield from self.empty(node["empty"], (*place, "empty"))
        if "do" in node:
            yield from self.actions(node["do"], (*place, "do"))
        known = len(self.before)
        certain = False
        for way in kind.ways(node):
            where = (*place, *way.place[:-1])
            if certain and not way.otherwise:
                said = Message("this branch can never be reached: the one before it is always true",
                               "该分支不可到达：前一分支恒为真")  # fmt: skip
                yield self.document.problem("workflow.unreachable", said, where)
            if way.when is False:
                said = Message("this branch can never be reached: its condition is false", "该分支不可到达：条件恒为假")
                yield self.document.problem("workflow.unreachable", said, where)
            certain = certain or (way.when is True and not kind.forks)
            yield from self.sequence(way.nodes, (*place, *way.place))
            if kind.forks:
                del self.before[known:]

    def source(self, source: Any, place: Place) -> Iterator[Problem]:
        """A source of people that can never give anybody."""
        if not isinstance(source, Mapping):
            return
        for key, options in source.items():
            wrong: Message | None = None
            if key in ("node", "previous_choice") and isinstance(options, str) and options not in self.before:
                wrong = Message(
                    f"nobody can ever be found: the step {options!r} does not come before this one",
                    f"永远找不到人员：节点“{options}”不在本节点之前",
                )
            elif key == "initiator" and options is False:
                wrong = Message("nobody can ever be found: initiator is false", "永远找不到人员：initiator 为 false")
            elif key == "initiator_choice" and (options or {}).get("max", 1) < (options or {}).get("min", 1):
                wrong = Message("nobody can ever be chosen: max is below min", "永远无法选择人员：max 小于 min")
            if wrong is not None:
                yield self.document.problem("workflow.nobody", wrong, (*place, key))

    def due(self, due: Doc, place: Place) -> Iterator[Problem]:
        """A deadline must be a moment, and something must happen around it."""
        if not due.get("steps"):
            said = Message("a deadline without steps does nothing: add steps: [{at: 0, do: remind}]",
                           "没有 steps 的时限不起作用：请添加 steps: [{at: 0, do: remind}]")  # fmt: skip
            yield self.document.problem("workflow.deadline", said, place)
        if ("in" in due) == ("at" in due):
            said = Message("a deadline has either in or at", "时限须写 in 或 at 之一")
            yield self.document.problem("workflow.deadline", said, place)

    def empty(self, empty: Doc, place: Place) -> Iterator[Problem]:
        """Somebody must be named for the policy that needs him."""
        if empty.get("policy") == "to_user" and not empty.get("user"):
            said = Message("policy to_user needs user", "策略 to_user 须指定 user")
            yield self.document.problem("workflow.empty", said, place)

    def actions(self, actions: Any, place: Place) -> Iterator[Problem]:
        """Actions that can be carried out inside of the transaction of a decision."""
        possible = sorted(name for name, kind in self.catalog.family(Action.family).items()
                          if issubclass(kind, Action) and kind.inside)  # fmt: skip
        for number, action in enumerate(actions if isinstance(actions, list) else ()):
            for name in action if isinstance(action, Mapping) else ():
                if name not in possible and self.catalog.get(Action, name) is not None:
                    words = ", ".join(possible)
                    said = Message(f"the action {name!r} is not possible inside of a workflow; possible: {words}",
                                   f"流程中不能使用动作“{name}”；可用：{words}")  # fmt: skip
                    yield self.document.problem("workflow.action", said, (*place, number, name))
