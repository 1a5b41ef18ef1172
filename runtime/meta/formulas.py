"""Compiles the formulas of documents and turns what is wrong into problems with file, line and path.

It knows no document by heart and never evaluates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runtime.base.errors import Message, Problem
from runtime.formula.compiler import Compiled, compile
from runtime.formula.scope import Member, Scope
from runtime.formula.types import BOOL, DATE, DATETIME, NUMBER, TEXT, Type
from runtime.meta.load import Document, path_text
from runtime.meta.model import Model
from runtime.meta.scope import ModelScope

EXPECTED: Mapping[str, Type] = {"bool": BOOL, "text": TEXT, "number": NUMBER, "date": DATE, "datetime": DATETIME}
#: A member of an object, by storage keys.
Node = tuple[str, str]
#: Of a formula's diagnostics those that builders are told of.
TOLD = ("error", "warning")


class NoObject:
    """The scope where there is no record: only functions and the environment."""

    object = ""

    def member(self, name: str) -> Member | None:
        return None

    def members(self) -> Iterable[Member]:
        return ()

    def target(self, member: Member) -> Scope | None:
        return None

    def lookup(self, object_name: str) -> Scope | None:
        return None


class Formulas:
    """All formulas of one model, with the problems found in them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.problems: list[Problem] = []
        #: What each formula looks at, by object and source.
        self.deps: dict[tuple[str, str], frozenset[Node]] = {}
        self._scopes: dict[str, Scope] = {}

    def scope(self, object_name: str) -> Scope | None:
        """The unrestricted scope of an object ('' for none), or None for an unknown one."""
        found = self._scopes.get(object_name)
        if found is None:
            try:
                found = ModelScope(self.model, object_name) if object_name else NoObject()
            except KeyError:
                return None
            self._scopes[object_name] = found
        return found

    def check(self, document: Document, path: Sequence[Any], source: str, object_name: str | None, *,
              context: str, expected: Type | None = None) -> Compiled | None:  # fmt: skip
        """Compile ``source``, which stands at ``path``; its problems are kept. None for an unknown object."""
        scope = self.scope(object_name) if object_name is not None else None
        if scope is None:
            return None
        body = source[1:] if source.startswith("=") else source
        found = compile(body, scope, expected=expected, context=context)
        self.deps[(object_name or "", source)] = found.deps
        for one in found.diagnostics:
            if one.severity in TOLD:
                self.problems.append(_problem(document, path, body, len(source) - len(body), one))
        return found


def _problem(document: Document, path: Sequence[Any], source: str, before: int, diagnostic: Any) -> Problem:
    place = document.value(path)
    start = min(diagnostic.start, len(source))
    lines = source.count("\n", 0, start)
    line = place.line + lines + (1 if place.style in ("|", ">") else 0)
    column = start - (source.rfind("\n", 0, start) + 1) + (before if not lines else 0)
    word, word_zh = ("formula", "公式") if diagnostic.severity == "error" else ("formula (hint)", "公式（提示）")
    where, where_zh = f" at character {column + 1}", f"第 {column + 1} 个字符"
    said = Message(f"{word}{where}: {diagnostic.message['en']}", f"{word_zh}{where_zh}：{diagnostic.message['zh']}")
    return Problem(f"formula.{diagnostic.code}", said, file=document.where, line=line, path=path_text(path),
                   severity=diagnostic.severity)  # fmt: skip


def cycles(graph: Mapping[Node, Iterable[Node]]) -> Iterator[list[Node]]:
    """Each knot of members that need each other, once, as a closed path ``a, b, a``."""
    state: dict[Node, int] = {}  # 1 on the way, 2 done
    reported: set[Node] = set()
    for start in sorted(graph):
        if start in state:
            continue
        way: list[Node] = [start]
        state[start] = 1
        stack = [iter(sorted(graph[start]))]
        while stack:
            for following in stack[-1]:
                if following not in graph or state.get(following) == 2:
                    continue
                if state.get(following) == 1:
                    loop = way[way.index(following) :]
                    if not reported.intersection(loop):
                        reported.update(loop)
                        yield [*loop, following]
                    continue
                state[following] = 1
                way.append(following)
                stack.append(iter(sorted(graph[following])))
                break
            else:
                stack.pop()
                state[way.pop()] = 2
