"""Whether a workflow can get stuck: what cannot be reached, who can never be found, deadlines without an action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.base.kind import Catalog
from runtime.kinds.action import Action
from runtime.kinds.node import Node
from runtime.meta.check_auto import passes_alone
from runtime.meta.check_guards import coming, guarded, guarded_lines
from runtime.meta.load import Document
from runtime.meta.model import Model
from runtime.meta.references import References

Place = tuple[str | int, ...]
Doc = Mapping[str, Any]
#: Words that stand for people where levels are counted from.
INITIATOR, ASSIGNEE = "initiator", "assignee"
#: What a deadline does last: nothing comes after it.
LAST = ("auto_agree", "auto_reject", "auto_return")
LENGTH = re.compile(r"(-?)([0-9]+)([a-z]+)")


def check_flow(document: Document, model: Model, catalog: Catalog, references: References) -> Iterator[Problem]:
    """The problems of one workflow's document."""
    data = document.data
    flow = _Flow(document, model, catalog, references)
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
    yield from guarded_lines(document, model)
    yield from coming(document, model)
    yield from passes_alone(document, catalog)


def words(does: Any) -> list[str]:
    """What one step of a deadline does, in order."""
    return [one if isinstance(one, str) else "" for one in (does if isinstance(does, list) else [does])]


def later(one: Any, other: Any) -> bool:
    """Whether one moment of a deadline certainly comes after another; hours and working hours do not compare."""
    here, there = (LENGTH.fullmatch(str(at)) for at in (one, other))
    signs = [0 if at == 0 else (-1 if found[1] else 1) if found and int(found[2]) else 0
             for at, found in ((one, here), (other, there))]  # fmt: skip
    if signs[0] != signs[1]:
        return signs[0] > signs[1]
    if here is None or there is None or here[3] != there[3]:
        return False
    return int(here[2]) * signs[0] > int(there[2]) * signs[1]


#: Steps that go round inside of each other: ten times ten is enough.
DEEPEST = 2


class _Flow:
    """The check of one document."""

    def __init__(self, document: Document, model: Model, catalog: Catalog, references: References) -> None:
        self.document = document
        self.references = references
        self.model = model
        self.catalog = catalog
        self.before: list[str] = []
        #: How many steps that go round are around.
        self.around = 0

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
        if "who" in node:
            yield from self.sources(node["who"], (*place, "who"))
        if isinstance(node.get("fields"), Mapping):
            yield from self.fields(node["fields"], (*place, "fields"))
        yield from self.join(kind, node, (*place, kind.name))
        if isinstance(node.get("due"), Mapping):
            yield from self.due(node["due"], (*place, "due"))
        if isinstance(node.get("empty"), Mapping):
            yield from self.empty(node["empty"], (*place, "empty"))
        if "do" in node:
            yield from self.actions(node["do"], (*place, "do"))
        if kind.loops:
            yield from self.loop(kind, node, (*place, kind.name))
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
            self.around += kind.loops
            yield from self.sequence(way.nodes, (*place, *way.place))
            self.around -= kind.loops
            if kind.forks:
                del self.before[known:]

    def loop(self, kind: type[Node], node: Doc, place: Place) -> Iterator[Problem]:
        """What is gone round must come to an end by what happens in it, and soon enough."""
        if isinstance(kind.loop(node).until, bool):
            said = Message("this says always or never: give a condition on the record that can change on the way",
                           "条件恒为真或恒为假：请填写可能随流程变化的条件")  # fmt: skip
            yield self.document.problem("workflow.loop", said, (*place, "until"))
        if self.around >= DEEPEST:
            said = Message(f"repeated steps stand at most {DEEPEST} deep inside of each other",
                           f"重复节点最多嵌套 {DEEPEST} 层")  # fmt: skip
            yield self.document.problem("workflow.loop", said, place)

    def sources(self, who: Any, place: Place, *, late: bool = False) -> Iterator[Problem]:
        """One source of people or several; ``late``: where a deadline passes a task on."""
        for number, source in enumerate(who if isinstance(who, list) else [who]):
            yield from self.source(source, (*place, number) if isinstance(who, list) else place, late)

    def source(self, source: Any, place: Place, late: bool) -> Iterator[Problem]:
        """A source of people that can never give anybody."""
        if not isinstance(source, Mapping):
            return
        for key, options in source.items():
            for name in ("of", "from"):
                if key != "initiator_choice" and isinstance(options, Mapping) and isinstance(options.get(name), str):
                    yield from self.counted(options[name], (*place, key, name), late)
            if key == "dept_of":
                yield from self.counted(options, (*place, key), late)
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

    def counted(self, of: Any, place: Place, late: bool) -> Iterator[Problem]:
        """From whom levels are counted, or whose department is meant."""
        if not isinstance(of, str) or of in (INITIATOR, *self.before) or (of == ASSIGNEE and late):
            return
        if of == ASSIGNEE:
            said = Message("nobody has the task yet: assignee is possible only where a deadline passes it on",
                           "此时任务尚无处理人：assignee 仅可用于时限的 transfer")  # fmt: skip
            yield self.document.problem("workflow.nobody", said, place)
            return
        wrong = self.references.check("people", of, str(self.document.data.get("object")))
        if wrong is not None:
            said = Message(f"{wrong.en}; possible: initiator, an earlier step, or a field that holds people",
                           f"{wrong.zh}；可用：initiator、前面的节点或人员、部门字段")  # fmt: skip
            yield self.document.problem("workflow.nobody", said, place)

    def fields(self, fields: Doc, place: Place) -> Iterator[Problem]:
        """Nobody can fill in what he may not set, or not see."""
        set_here = {*(fields.get("editable") or ()), *(fields.get("required") or ())}
        for closed in ("readonly", "hidden"):
            for number, name in enumerate(fields.get(closed) or ()):
                if name in set_here:
                    said = Message(f"the field {name!r} is to be filled in at this step and is {closed} there too",
                                   f"字段“{name}”在本节点既可填写又为 {closed}")  # fmt: skip
                    yield self.document.problem("workflow.fields", said, (*place, closed, number))

    def join(self, kind: type[Node], node: Doc, place: Place) -> Iterator[Problem]:
        """As many branches as are to pass must be there."""
        options = node.get(kind.name)
        join = options.get("join") if kind.forks and isinstance(options, Mapping) else None
        ways = len(kind.ways(node)) if isinstance(join, Mapping) else 0
        if isinstance(join, Mapping) and isinstance(join.get("count"), int) and join["count"] > ways:
            said = Message(f"{join['count']} branches can never pass, there are {ways}",
                           f"共 {ways} 个分支，不可能通过 {join['count']} 个")  # fmt: skip
            yield self.document.problem("workflow.unreachable", said, (*place, "join", "count"))

    def due(self, due: Doc, place: Place) -> Iterator[Problem]:
        """A deadline must be a moment, and something must happen around it."""
        if not due.get("steps"):
            said = Message("a deadline without steps does nothing: add steps: [{at: 0, do: remind}]",
                           "没有 steps 的时限不起作用：请添加 steps: [{at: 0, do: remind}]")  # fmt: skip
            yield self.document.problem("workflow.deadline", said, place)
        if ("in" in due) == ("at" in due):
            said = Message("a deadline has either in or at", "时限须写 in 或 at 之一")
            yield self.document.problem("workflow.deadline", said, place)
        steps = [one for one in due.get("steps") or () if isinstance(one, Mapping)]
        ends = [one.get("at") for one in steps if set(LAST) & set(words(one.get("do")))]
        for number, one in enumerate(steps):
            where = (*place, "steps", number)
            does = one.get("do")
            for at, each in enumerate(does if isinstance(does, list) else [does]):
                if isinstance(each, Mapping) and "transfer" in each:
                    yield from self.sources(each["transfer"], (*where, "do", *((at,) if isinstance(does, list) else ()),
                                                               "transfer"), late=True)  # fmt: skip
            behind = [word for word in words(does)[:-1] if word in LAST]
            if behind or any(later(one.get("at"), end) for end in ends):
                said = Message("this can never happen: the task is decided by its deadline before",
                               "不会执行：任务此前已因超时自动处理")  # fmt: skip
                yield self.document.problem("workflow.deadline", said, (*where, "do" if behind else "at"))

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
