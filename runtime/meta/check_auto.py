"""Whether a workflow can come to its end without anybody: a way through it on which every step passes by itself.

Such an instance ends at an administrator (workflow: ``allow_all_auto``), which is told and not refused: whether people
are found is not known before. A way on which nobody is to approve anything is no such way, and often meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.base.kind import Catalog
from runtime.kinds.node import Node, Way
from runtime.meta.load import Document
from runtime.meta.model import label_of

Place = tuple[str | int, ...]
#: What a step does when nobody was found for it, where nothing else is said.
PASSES, USUAL = "auto_pass", "to_admin"


@dataclass(frozen=True)
class Route:
    """A way through some steps on which nobody surely decides: what is passed, and the last approval of it."""

    passed: tuple[Message, ...] = ()
    approval: Place | None = None

    def then(self, other: Route) -> Route:
        """This and then another one."""
        return Route(self.passed + other.passed, other.approval or self.approval)


#: Of all ways through something at most one without an approval and one with.
Routes = list[Route]


def passes_alone(document: Document, catalog: Catalog) -> Iterator[Problem]:
    """A warning for the first way on which every approval may pass by itself, where that is not allowed."""
    data = document.data
    nodes = data.get("nodes")
    if data.get("allow_all_auto") is True or not isinstance(nodes, list):
        return
    for one in Finder(catalog, data.get("empty")).through(nodes, ("nodes",)):
        if one.approval is None:
            continue
        en, zh = " → ".join(said.en for said in one.passed), " → ".join(said.zh for said in one.passed)
        said = Message(
            f"nobody may have decided when this workflow ends: every step on the way {en} passes by itself when nobody "
            "is found (empty: auto_pass), and an administrator is asked at this one; give a step on the way another "
            "policy (to_admin, to_user, manager_of_initiator, block, reject), or allow it with allow_all_auto: true",
            f"流程可能无人审批即结束：路径 {zh} 上各节点在找不到人员时均自动通过（empty: auto_pass），"
            "届时由管理员在此节点处理；"
            "请为其中某个节点改用其他策略（to_admin、to_user、manager_of_initiator、block、reject），"
            "或用 allow_all_auto: true 明确允许",
        )
        yield document.problem("workflow.all_auto", said, one.approval, severity="warning")


class Finder:
    """Looks for the ways through one document."""

    def __init__(self, catalog: Catalog, empty: Any) -> None:
        self.catalog = catalog
        self.usual = policy(empty, USUAL)

    def through(self, nodes: Any, place: Place) -> Routes:
        """The ways through steps that follow each other."""
        found = [Route()]
        for number, node in enumerate(nodes if isinstance(nodes, list) else ()):
            kind = next((one for key in node if (one := self.catalog.get(Node, key))), None) if (
                isinstance(node, Mapping)) else None  # fmt: skip
            if kind is not None:
                found = joined(found, self.step(kind, node, (*place, number)))
        return found

    def step(self, kind: type[Node], node: Mapping[str, Any], place: Place) -> Routes:
        """The ways through one step; none where somebody surely is asked."""
        if kind.decisions:
            if policy(node.get("empty"), self.usual) != PASSES:
                return []
            name = str(node.get(kind.name))
            return [Route((called(node.get("label"), name),), place if kind.judges else None)]
        ways = [one for one in kind.ways(node) if one.when is not False]
        if not ways:
            return [Route()]
        inside = [self.way(one, place, named=not kind.loops) for one in ways]
        return (
            self.forked(node.get(kind.name), ways, inside)
            if kind.forks
            else shortest([one for each in inside for one in each])
        )

    def way(self, way: Way, place: Place, *, named: bool) -> Routes:
        """The ways through one branch, told with the name of the branch."""
        found = self.through(list(way.nodes), (*place, *way.place))
        name = called(way.label, "else" if way.otherwise else str(way.when or ""))
        if not named or not name.en:
            return found
        return [replace(one, passed=(Message(f"[{name.en}]", f"［{name.zh}］"), *one.passed)) for one in found]

    def forked(self, options: Any, ways: Sequence[Way], inside: Sequence[Routes]) -> Routes:
        """The ways through branches side by side: those that are taken must pass, or as many as are said to."""
        join = options.get("join", "all") if isinstance(options, Mapping) else "all"
        if join != "all":
            need = int(join["count"]) if isinstance(join, Mapping) and isinstance(join.get("count"), int) else 1
            free = [one for one in inside if one]
            return combined(free[:need]) if len(free) >= need else []
        taken = [[*([Route()] if way.when is not None else []), *found]
                 for way, found in zip(ways, inside, strict=True)]  # fmt: skip
        return combined(taken)


def combined(several: Sequence[Routes]) -> Routes:
    """The ways through all of these."""
    found = [Route()]
    for one in several:
        found = joined(found, one)
    return found


def joined(first: Routes, second: Routes) -> Routes:
    """Each way of the one and then each of the other."""
    return shortest([one.then(other) for one in first for other in second])


def shortest(found: Sequence[Route]) -> Routes:
    """One way without an approval and one with are enough to go on with: those that pass the fewest steps."""
    ordered = sorted(found, key=lambda one: len(one.passed))
    kept = [next((one for one in ordered if (one.approval is None) is blank), None) for blank in (True, False)]
    return [one for one in kept if one is not None]


def called(label: Any, name: str) -> Message:
    """What a step or a branch is called, as it is written where it has no label."""
    found = label_of(label or name, name)
    return Message(found["en"], found["zh"])


def policy(empty: Any, usual: str) -> str:
    """What is done when nobody is found."""
    return str(empty.get("policy", usual)) if isinstance(empty, Mapping) else usual
