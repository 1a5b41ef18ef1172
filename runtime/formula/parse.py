"""From tokens to a surface tree: which words belong together, nothing about what they mean.

Python's own parser settles precedence, but it is only ever shown placeholders made here, never text of
a user; limits are checked before it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.formula.diagnostics import Refused, refuse, shown
from runtime.formula.normalise import KEYWORD, NAME, NUMBER, OP, TEXT, Token, tokenise

MAX_DEPTH = 40
MAX_CHAIN = 120
MAX_ARGS = 64
MAX_LIST = 200

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Surface:
    """A node of the surface tree. ``kind`` is one of ``number text name path call unary binary compare
    logic cond list``; ``token`` carries the word; ``op`` the operator; ``parts`` the children.
    """

    kind: str
    span: Span
    parts: tuple[Surface, ...] = ()
    token: Token | None = None
    op: str = ""
    names: tuple[Token, ...] = ()
    ops: tuple[str, ...] = ()


OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.BitAnd: "&",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.USub: "-",
    ast.UAdd: "+",
}
SAME_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "&": 3}


def parse(source: str) -> Surface:
    """The surface tree of ``source``; raises Refused with a diagnostic."""
    tokens = tokenise(source)
    _Order(tokens, len(source)).check()
    text, starts = _emit(tokens)
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise _syntax(tokens, starts, (error.offset or 1) - 1) from None
    except (RecursionError, MemoryError, ValueError):
        raise refuse("E_LIMIT_DEPTH", (0, len(source)), {"max": MAX_DEPTH}) from None
    _depth(tree.body, len(source))
    return _Builder(tokens, starts).build(tree.body)


def _emit(tokens: list[Token]) -> tuple[str, list[int]]:
    """The placeholder text and where in it each token starts."""
    pieces: list[str] = []
    starts: list[int] = []
    place = 0
    for number, token in enumerate(tokens):
        piece = token.value if token.kind in (OP, KEYWORD) else f"v{number}"
        starts.append(place)
        pieces.append(piece)
        place += len(piece) + 1
    return " ".join(pieces), starts


class _Order:
    """Finds missing operators and missing values before Python's parser, to name the exact place."""

    def __init__(self, tokens: list[Token], length: int) -> None:
        self.tokens = tokens
        self.length = length

    def check(self) -> None:
        need_value = True
        previous: Token | None = None
        for token in self.tokens:
            if need_value:
                need_value = self._value(token, previous)
            else:
                need_value = self._operator(token, previous)
            previous = token
        if need_value:
            assert previous is not None
            raise _wrong(previous, "a value is missing after it.", "其后缺少值。")

    def _value(self, token: Token, previous: Token | None) -> bool:
        """True while a value is still needed after ``token``."""
        if token.kind in (NAME, NUMBER, TEXT):
            return False
        if token.kind == KEYWORD:
            if token.value == "not":
                return True
            if token.value == "in" and previous is not None and previous.value == "not":
                return True
        elif token.value in ("(", "[") or token.value in ("+", "-"):
            return True
        elif token.value in (")", "]") and previous is not None and previous.value in ("(", "["):
            return False
        if previous is None:
            raise _wrong(token, "a formula cannot begin with it.", "公式不能以此开头。")
        if previous.kind == OP and previous.value == ".":
            raise _wrong(token, "a field name must follow the point.", "点号后必须是字段名。")
        raise _wrong(token, "a value is missing before it.", "其前缺少值。")

    def _operator(self, token: Token, previous: Token | None) -> bool:
        assert previous is not None
        if token.kind == OP:
            if token.value in (")", "]"):
                return False
            if token.value == "(":
                if previous.kind == NAME and not previous.braced:
                    return True
                raise _wrong(token, "an operator or a comma is missing before it.", "其前缺少运算符或逗号。")
            if token.value == "[":
                raise _wrong(
                    token,
                    "square brackets only hold lists, as in x in ['a', 'b'].",
                    "方括号只用于列表，例如 x in ['a', 'b']。",
                )
            return True
        if token.kind == KEYWORD:
            return True
        raise _wrong(token, "an operator or a comma is missing before it.", "其前缺少运算符或逗号。")


def _wrong(token: Token, why: str, why_zh: str) -> Refused:
    params = {"found": shown(token.value), "why": why, "why_zh": why_zh}
    return refuse("E_SYNTAX", (token.start, token.end), params)


def _syntax(tokens: list[Token], starts: list[int], offset: int) -> Refused:
    index = max((i for i, start in enumerate(starts) if start <= offset), default=0)
    return _wrong(
        tokens[index],
        "these parts do not fit together; check brackets, commas and operators.",
        "各部分无法组合；请检查括号、逗号和运算符。",
    )


def _depth(root: ast.expr, length: int) -> None:
    """Refuses deep trees; a chain of one kind of operator counts as one level. Iterative on purpose."""
    stack: list[tuple[ast.AST, int, int]] = [(root, 1, 1)]
    while stack:
        node, depth, chain = stack.pop()
        if depth > MAX_DEPTH or chain > MAX_CHAIN:
            raise refuse("E_LIMIT_DEPTH", (0, length), {"max": MAX_DEPTH})
        own = SAME_LEVEL.get(OPERATORS.get(type(node.op), ""), 0) if isinstance(node, ast.BinOp) else 0
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr):
                continue
            same = own and isinstance(child, ast.BinOp) and own == SAME_LEVEL.get(OPERATORS.get(type(child.op), ""), 0)
            stack.append((child, depth if same else depth + 1, chain + 1))


class _Builder:
    def __init__(self, tokens: list[Token], starts: list[int]) -> None:
        self.tokens = tokens
        self.starts = {start: index for index, start in enumerate(starts)}
        self.ends = {
            start + len(token.value if token.kind in (OP, KEYWORD) else f"v{index}"): index
            for index, (token, start) in enumerate(zip(tokens, starts, strict=True))
        }

    def span(self, node: ast.expr) -> Span:
        assert node.end_col_offset is not None
        return self.tokens[self.starts[node.col_offset]].start, self.tokens[self.ends[node.end_col_offset]].end

    def build(self, node: ast.expr) -> Surface:
        span = self.span(node)
        match node:
            case ast.Name(id=word):
                return self._leaf(self.tokens[int(word[1:])], span)
            case ast.Attribute():
                return self._path(node, span)
            case ast.Call():
                return self._call(node, span)
            case ast.UnaryOp(op=operator, operand=operand) if type(operator) in OPERATORS:
                return Surface("unary", span, (self.build(operand),), op=OPERATORS[type(operator)])
            case ast.BinOp(left=left, op=binary, right=right) if type(binary) in OPERATORS:
                return Surface("binary", span, (self.build(left), self.build(right)), op=OPERATORS[type(binary)])
            case ast.BoolOp(op=logic, values=values):
                return Surface("logic", span, tuple(self.build(v) for v in values), op=OPERATORS[type(logic)])
            case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(o) in OPERATORS for o in ops):
                parts = tuple(self.build(part) for part in (left, *rest))
                return Surface("compare", span, parts, ops=tuple(OPERATORS[type(o)] for o in ops))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Surface("cond", span, (self.build(test), self.build(body), self.build(orelse)))
            case ast.List(elts=items):
                if len(items) > MAX_LIST:
                    raise refuse("E_LIMIT_LIST", span, {"got": len(items), "max": MAX_LIST})
                return Surface("list", span, tuple(self.build(item) for item in items))
            case _:
                token = self.tokens[self.starts[node.col_offset]]
                raise _wrong(token, "this combination is not part of formulas.", "公式不支持这种写法。")

    def _leaf(self, token: Token, span: Span) -> Surface:
        return Surface(token.kind, span, token=token)

    def _path(self, node: ast.Attribute, span: Span) -> Surface:
        names: list[Token] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            names.append(self.tokens[int(base.attr[1:])])
            base = base.value
        if not isinstance(base, ast.Name):
            token = self.tokens[self.starts[base.col_offset]]
            raise _wrong(token, "a point may only follow a field that links to a record.", "点号只能跟在关联字段之后。")
        first = self.tokens[int(base.id[1:])]
        if first.kind != NAME:
            raise _wrong(first, "a point may only follow a field that links to a record.", "点号只能跟在关联字段之后。")
        names.append(first)
        return Surface("path", span, names=tuple(reversed(names)))

    def _call(self, node: ast.Call, span: Span) -> Surface:
        if not isinstance(node.func, ast.Name):
            token = self.tokens[self.starts[node.func.col_offset]]
            raise _wrong(token, "only a function name may stand before the bracket.", "括号前只能是函数名。")
        token = self.tokens[int(node.func.id[1:])]
        if token.kind != NAME:
            raise _wrong(token, "only a function name may stand before the bracket.", "括号前只能是函数名。")
        if len(node.args) > MAX_ARGS:
            raise refuse("E_LIMIT_ARGS", span, {"name": token.value, "got": len(node.args), "max": MAX_ARGS})
        return Surface("call", span, tuple(self.build(arg) for arg in node.args), token=token)


def walk(surface: Surface) -> Iterator[Surface]:
    """The node and everything below it."""
    stack = [surface]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.parts)
