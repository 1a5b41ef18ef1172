"""The checker: binds names through the scope, finds types, writes out every implicit step.

It turns a surface tree into the intermediate form and reports everything wrong as diagnostics. It never
evaluates and never asks anything but the scope it was given.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.formula import calls, operators, rules
from runtime.formula.diagnostics import TYPE_WORDS, Diagnostic, Refused, make, refuse, shown
from runtime.formula.env import ENV_TYPES, USER_TYPES
from runtime.formula.functions.context import PEOPLE
from runtime.formula.functions.registry import NAMES
from runtime.formula.nodes import convert, literal
from runtime.formula.normalise import CONSTANTS, Token, plain_name
from runtime.formula.parse import Surface
from runtime.formula.scope import Member, Scope, Slot
from runtime.formula.tree import EnvRef, Node, SlotRef
from runtime.formula.types import BOOL, NULL, NUMBER, TEXT, Type

Span = tuple[int, int]
MAX_HOPS = 5
CONTEXT_WORDS: dict[str, tuple[str, str]] = {
    "computed": ("stored formula fields", "存储的公式字段"),
    "virtual": ("virtual formula fields", "虚拟公式字段"),
    "default": ("default values", "默认值"),
    "validation": ("validations", "校验规则"),
    "condition": ("form conditions", "表单条件"),
    "filter": ("filters", "筛选"),
    "criteria": ("access rules", "权限条件"),
    "automation": ("automations and workflows", "自动化与流程"),
    "measure": ("measures", "指标"),
    "title": ("titles", "标题"),
    "text": ("message texts", "消息文本"),
}
CONDITIONS = ("validation", "condition", "filter", "criteria")


class Reported(Exception):
    """A part was wrong and has been reported; the rest can still be checked."""


@dataclass(slots=True)
class Frame:
    """Whose fields bare names mean. ``word`` is what the user may write for this frame's record."""

    scope: Scope
    root: str = ""
    outer: Frame | None = None
    bare: bool = True
    slots: list[Slot] = field(default_factory=list)

    def index(self, slot: Slot) -> int:
        """The input's number, the same for the same input."""
        if slot not in self.slots:
            self.slots.append(slot)
        return self.slots.index(slot)


class Checker:
    """Checks one formula. ``frame`` changes while the arguments of an aggregate are read."""

    def __init__(self, scope: Scope, context: str, blank: str) -> None:
        self.top = Frame(scope)
        self.frame = self.top
        self.context = context
        self.blank = blank
        self.diagnostics: list[Diagnostic] = []
        self.deps: set[tuple[str, str]] = set()
        self.env: dict[tuple[str, ...], None] = {}
        self.volatile = False
        self.aggregates = 0
        self.inner: dict[int, Frame] = {}
        self.in_aggregate = False

    # -- reporting ---------------------------------------------------------------------------------

    def report(self, code: str, span: Span, params: dict[str, Any] | None = None, fix: str | None = None) -> None:
        """Adds a finding that does not stop the checking of this part."""
        found = make(code, span, params, fix)
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def attempt(self, surface: Surface) -> Node | None:
        """The node, or None after reporting what was wrong."""
        try:
            return self.expr(surface)
        except Refused as error:
            if error.diagnostic not in self.diagnostics:
                self.diagnostics.append(error.diagnostic)
        except Reported:
            pass
        return None

    def reported(self) -> Reported:
        """The exception that ends a part whose errors are reported already."""
        return Reported()

    def many(self, surfaces: Sequence[Surface]) -> list[Node]:
        """All nodes; every wrong part is reported before giving up."""
        nodes = [self.attempt(surface) for surface in surfaces]
        found = [node for node in nodes if node is not None]
        if len(found) < len(nodes):
            raise Reported
        return found

    def type_error(self, node: Node, want: str, where: tuple[str, str], hint: tuple[str, str] = ("", "")) -> Refused:
        """An E_TYPE for ``node`` where type ``want`` is needed."""
        return refuse("E_TYPE", node.pos, self.type_params(node.t, want, where, hint))

    def type_params(
        self, got: Type, want: str, where: tuple[str, str], hint: tuple[str, str] = ("", "")
    ) -> dict[str, Any]:
        """The parameters of E_TYPE."""
        words, found = TYPE_WORDS[want], TYPE_WORDS[got.name]
        return {
            "where": where[0],
            "where_zh": where[1],
            "want": words[0],
            "want_zh": words[1],
            "expected": want,
            "got": found[0],
            "got_zh": found[1],
            "actual": got.name,
            "hint": f" {hint[0]}" if hint[0] else "",
            "hint_zh": hint[1],
        }

    # -- expressions -------------------------------------------------------------------------------

    def expr(self, surface: Surface) -> Node:
        """The node of a surface tree; raises Refused or Reported."""
        match surface.kind:
            case "number":
                assert surface.token is not None
                return literal(surface.token.number, NUMBER, surface.span)
            case "text":
                assert surface.token is not None
                return literal(surface.token.value, TEXT, surface.span)
            case "name":
                assert surface.token is not None
                return self.name(surface.token, surface.span)
            case "path":
                return self.path(surface.names, surface.span)
            case "call":
                return calls.call(self, surface)
            case "unary":
                return operators.unary(self, surface)
            case "binary":
                return operators.binary(self, surface)
            case "compare":
                return operators.compare(self, surface)
            case "logic":
                return operators.logic(self, surface)
            case "cond":
                return rules.conditional(self, surface.parts, surface.span)
            case "list":
                return operators.list_literal(self, surface)
        raise AssertionError(surface.kind)

    def condition(self, node: Node) -> Node:
        """The node if it is a condition, else an error with a hint."""
        if node.t.name == "bool":
            return node
        if node.t.name == "null":
            return literal(False, BOOL, node.pos)
        hints = {
            "number": ("Compare it, for example with != 0.", "请进行比较，例如 != 0。"),
            "text": ("Compare it, for example with != ''.", "请进行比较，例如 != ''。"),
        }
        other = ("Use NOT(ISBLANK(…)) to ask whether it has a value.", "判断是否有值请用 NOT(ISBLANK(…))。")
        hint = hints.get(node.t.name, other)
        words = TYPE_WORDS[node.t.name]
        params = {"got": words[0], "got_zh": words[1], "hint": " " + hint[0], "hint_zh": hint[1]}
        raise refuse("E_BOOL_EXPECTED", node.pos, params)

    # -- names -------------------------------------------------------------------------------------

    def name(self, token: Token, span: Span) -> Node:
        """A bare name: a constant or a field."""
        constant = None if token.braced else CONSTANTS.get(token.value.lower())
        if constant is not None:
            values = {"TRUE": True, "FALSE": False, "NULL": None}
            return literal(values[constant], BOOL if constant != "NULL" else NULL, span)
        frame = self.frame
        while not frame.bare and frame.outer is not None:
            frame = frame.outer
        return self.follow(frame, (token,), span)

    def path(self, names: Sequence[Token], span: Span) -> Node:
        """A path of names: through links, or of the user, the parent or the looked-up row."""
        first = names[0]
        if not first.braced:
            if first.value == "USER":
                return self.user(names, span)
            frame = self.named_frame(first.value)
            if frame is not None:
                return self.follow(frame, names[1:], span)
        frame = self.frame
        while not frame.bare and frame.outer is not None:
            frame = frame.outer
        return self.follow(frame, names, span)

    def named_frame(self, word: str) -> Frame | None:
        """The frame that PARENT or ROW stands for here."""
        if word == "PARENT":
            return self.frame.outer
        if word == "ROW" and self.frame.outer is not None:
            return self.frame
        return None

    def resolve(self, frame: Frame, names: Sequence[Token]) -> tuple[Slot, Scope]:
        """The input a path means, and the scope its last member lives in; notes all dependencies."""
        scope = frame.scope
        keys: list[str] = []
        hops: list[str] = []
        nullable = False
        for number, token in enumerate(names):
            member = self.member(scope, token)
            self.deps.add((scope.object, member.key))
            keys.append(member.key)
            nullable = nullable or member.nullable
            if number == len(names) - 1:
                slot = Slot("field", tuple(keys), member.type, nullable, frame.root, tuple(hops))
                return slot, scope
            scope = self.hop(scope, member, token)
            hops.append(scope.object)
            if len(hops) > MAX_HOPS:
                raise refuse("E_PATH_DEPTH", (names[0].start, token.end), {"got": len(hops), "max": MAX_HOPS})
        raise AssertionError

    def hop(self, scope: Scope, member: Member, token: Token) -> Scope:
        """The scope behind a link."""
        span = (token.start, token.end)
        if member.type.name == "children" or member.type.name == "list":
            raise refuse("E_PATH_TOMANY", span, {"name": token.value})
        target = scope.target(member) if member.type.name == "ref" else None
        if target is None:
            words = TYPE_WORDS[member.type.name]
            raise refuse("E_PATH_NOT_LINK", span, {"name": token.value, "got": words[0], "got_zh": words[1]})
        return target

    def member(self, scope: Scope, token: Token) -> Member:
        """The member of a name, or an error that suggests near ones."""
        found = scope.member(token.value) or (scope.member(plain_name(token.value)) if token.braced else None)
        if found is not None:
            return found
        span = (token.start, token.end)
        upper = token.value.upper()
        if upper in NAMES and not token.braced and scope is self.frame.scope:
            raise refuse("E_FUNC_NO_CALL", span, {"name": upper}, f"{upper}()" if upper in ("TODAY", "NOW") else None)
        known = [name for item in scope.members() for name in (item.name, *item.labels)]
        raise self.unknown("E_UNKNOWN_FIELD", token.value, known, span, token.braced)

    def unknown(self, code: str, name: str, known: Iterable[str], span: Span, braced: bool = False) -> Refused:
        """An unknown name with did-you-mean and a fix where one name is near."""
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
        if not near:
            lower = {item.lower(): item for item in known}
            near = [lower[name.lower()]] if name.lower() in lower else []
        words = ", ".join(near)
        params = {
            "name": shown(name),
            "suggest": f" Did you mean {words}?" if near else "",
            "suggest_zh": f"您是否想用：{words}？" if near else "",
        }
        fix = near[0] if near else None
        if fix is not None and (braced or not fix.isidentifier()) and code == "E_UNKNOWN_FIELD":
            fix = "{" + fix + "}"
        return refuse(code, span, params, fix)

    def follow(self, frame: Frame, names: Sequence[Token], span: Span) -> Node:
        """The value at the end of a path."""
        slot, _scope = self.resolve(frame, names)
        if slot.type.name == "children":
            raise refuse("E_PATH_TOMANY", span, {"name": names[-1].value})
        if self.context == "measure" and not self.in_aggregate:
            raise refuse("E_MEASURE_FIELD", span, {"name": names[-1].value})
        return self.slot(frame, slot, span)

    def slot(self, frame: Frame, slot: Slot, span: Span) -> Node:
        """A reference to an input of ``frame``."""
        level = 1 if frame is not self.frame and self.frame.outer is frame else 0
        nul = slot.nullable and slot.type.name not in ("text", "bool", "list")
        t = slot.type
        if t.name == "number":
            t = replace(t, digits=max(1, min(t.digits, 22)), scale=max(0, min(t.scale, 16)))
        return SlotRef(t=t, nul=nul, pos=span, index=frame.index(slot), level=level)

    def environment(self, path: tuple[str, ...], span: Span, shown_name: str) -> Node:
        """A value of the environment; never in a stored field."""
        self.volatile = True
        if self.context == "computed":
            raise refuse("E_VOLATILE_STORED", span, {"name": shown_name})
        self.env[path] = None
        t, nul = ENV_TYPES[path]
        return EnvRef(t=t, nul=nul, pos=span, path=path)

    def user(self, names: Sequence[Token], span: Span) -> Node:
        """USER.something."""
        self.allowed("USER", PEOPLE, span)
        key = names[1].value
        if key not in USER_TYPES:
            raise self.unknown("E_UNKNOWN_FIELD", f"USER.{key}", [f"USER.{k}" for k in USER_TYPES], span)
        if len(names) > 2:
            words = TYPE_WORDS[USER_TYPES[key][0].name]
            where = {"name": f"USER.{key}", "got": words[0], "got_zh": words[1]}
            raise refuse("E_PATH_NOT_LINK", (names[2].start, span[1]), where)
        return self.environment(("USER", key), span, "USER")

    def allowed(self, name: str, contexts: Sequence[str], span: Span) -> None:
        """Refuses a function in a context that does not have what it asks for."""
        if contexts and self.context not in contexts:
            english = ", ".join(CONTEXT_WORDS[c][0] for c in contexts)
            chinese = "、".join(CONTEXT_WORDS[c][1] for c in contexts)
            params = {"name": name, "allowed": english, "allowed_zh": chinese}
            raise refuse("E_CONTEXT_FUNC", span, params)

    # -- the whole ---------------------------------------------------------------------------------

    def result(self, node: Node, expected: Type | None) -> Node:
        """The root node as a value of the expected type."""
        if expected is None and self.context in CONDITIONS:
            expected = BOOL
        if expected is None and self.context in ("title", "text"):
            return operators.to_text(self, node)
        if expected is None or (node.t.name == "list" and expected.name == "list"):
            return node
        if expected.name == "bool":
            return self.condition(node)
        if expected.name == "choice" and node.t.name in ("text", "choice"):
            for leaf in operators.text_leaves(node):
                operators.check_option(self, leaf, expected)
            return node
        found = convert(node, expected)
        if found is not None:
            return found
        hint = ("", "")
        if expected.name == "text":
            hint = ("Use TEXT(…, format) or join it with & ''.", "请用 TEXT(…, 格式) 或与 & '' 连接。")
        elif expected.name == "date" and node.t.name == "datetime":
            hint = ("Use DATEVALUE(…).", "请用 DATEVALUE(…)。")
        elif expected.name == "number" and node.t.name == "text":
            hint = ("Use VALUE(…).", "请用 VALUE(…)。")
        elif expected.name == "number" and node.t.name == "duration":
            hint = ("Use INUNIT(…, 'hour').", "请用 INUNIT(…, 'hour')。")
        raise self.type_error(node, expected.name, ("The result", "结果"), hint)
