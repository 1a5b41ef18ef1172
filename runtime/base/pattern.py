"""The portable subset of regular expressions: the same meaning in Python, PostgreSQL and browsers, and no
pattern whose matching time explodes. It checks and compiles; it never matches anything itself.

Allowed: literals, escaped signs, ``[...]`` classes, ``\\d \\w \\s`` (ASCII), ``. ^ $ | ( ) (?: ) ? * +`` and
``{m}``, ``{m,}``, ``{m,n}``. Refused: back-references, look-around, lazy or possessive quantifiers, named
groups, and repetitions that could share the same characters in too many ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from runtime.base.errors import Message

LONGEST = 200
MOST_COPIES = 1000
#: In how many ways neighbouring repetitions may share one run of characters.
MOST_WAYS = 64
LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
ESCAPES = {"t": 9, "n": 10, "r": 13, "f": 12, "v": 11}
ANY: Ranges = ((0, 9), (11, LAST))
EVERYTHING: Ranges = ((0, LAST),)
QUANTIFIER = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}")


class PatternError(ValueError):
    """A pattern outside of the subset; ``message`` says which part of it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.en)
        self.message = message


def refuse(en: str, zh: str) -> NoReturn:
    """Raise a PatternError from its two sentences."""
    raise PatternError(Message(en, zh))


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a pattern: one character out of ``chars``, or ``branches`` of parts; ``low`` to ``high``
    times (``high`` None: without end)."""

    chars: Ranges
    low: int = 1
    high: int | None = 1
    branches: tuple[tuple[Node, ...], ...] | None = None

    @property
    def ways(self) -> int:
        """How many different counts of repetition there are; 0 stands for no end."""
        return 0 if self.high is None else self.high - self.low + 1

    @property
    def nullable(self) -> bool:
        """True when it can match nothing."""
        return self.low == 0 or (self.branches is not None and any(empty(one) for one in self.branches))


def empty(parts: Iterable[Node]) -> bool:
    """True when a sequence can match nothing."""
    return all(part.nullable for part in parts)


def meet(a: Ranges, b: Ranges) -> bool:
    """True when two sets of characters have one in common."""
    return any(low <= high2 and low2 <= high for low, high in a for low2, high2 in b)


def first(parts: tuple[Node, ...]) -> Ranges:
    """The characters that a sequence can begin with (or more)."""
    found: Ranges = ()
    for part in parts:
        found += part.chars if part.branches is None else tuple(r for one in part.branches for r in first(one))
        if not part.nullable:
            break
    return found


class Reader:
    """Reads a pattern into nodes; refuses what is outside of the subset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        """The next character, '' at the end."""
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self) -> str:
        """The next character, eaten. Refuses the end."""
        found = self.peek()
        if not found:
            refuse("the pattern ends too early", "表达式不完整")
        self.at += 1
        return found

    def choice(self) -> tuple[tuple[Node, ...], ...]:
        """Alternatives up to the end or the closing parenthesis."""
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return tuple(branches)

    def sequence(self) -> tuple[Node, ...]:
        """Parts one after the other."""
        parts: list[Node] = []
        while (sign := self.peek()) and sign not in "|)":
            self.at += 1
            if sign == "^":
                if parts or self.depth:
                    refuse("^ may only stand at the beginning", "^ 只能出现在开头")
                continue
            if sign == "$":
                if self.depth or self.peek() not in ("", "|"):
                    refuse("$ may only stand at the end", "$ 只能出现在末尾")
                continue
            parts.append(self.quantified(self.atom(sign)))
        return tuple(parts)

    def atom(self, sign: str) -> Node:
        """One character, class or group."""
        if sign == "(":
            return self.group()
        if sign == "[":
            return Node(self.char_class())
        if sign == "\\":
            return Node(self.escape())
        if sign == ".":
            return Node(ANY)
        if sign in "*+?{}]":
            refuse(
                f"{sign!r} has nothing before it; write \\{sign} for the sign itself",
                f"“{sign}”前缺少内容；表示符号本身请写 \\{sign}",
            )
        return Node(((ord(sign), ord(sign)),))

    def group(self) -> Node:
        """What is between parentheses."""
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.peek() == "?":
            refuse("look-around, named groups and flags are not supported", "不支持环视、命名分组和标志")
        self.depth += 1
        if self.depth > 10:
            refuse("more than 10 levels of parentheses", "括号嵌套超过 10 层")
        branches = self.choice()
        if self.peek() != ")":
            refuse("a parenthesis is not closed", "括号未闭合")
        self.at += 1
        self.depth -= 1
        chars = tuple(r for branch in branches for part in branch for r in part.chars)
        return Node(chars, branches=branches)

    def escape(self) -> Ranges:
        """What stands after a backslash."""
        sign = self.take()
        if sign in CLASSES:
            return CLASSES[sign]
        if sign in ESCAPES:
            return ((ESCAPES[sign], ESCAPES[sign]),)
        if sign.isalnum() or sign == "_" or not sign.isascii():
            refuse(
                f"\\{sign} is not supported (allowed: \\d \\w \\s and escaped signs)",
                f"不支持 \\{sign}（可用 \\d \\w \\s 及转义符号）",
            )
        return ((ord(sign), ord(sign)),)

    def char_class(self) -> Ranges:
        """What is between brackets."""
        negative = self.peek() == "^"
        self.at += negative
        found: list[tuple[int, int]] = []
        while (sign := self.take()) != "]":
            if sign == "[":
                refuse("write \\[ inside of a class", "字符类中的 [ 请写作 \\[")
            if sign in "&-~|" and self.peek() == sign:
                refuse(f"{sign * 2} inside of a class is not portable", f"字符类中的 {sign * 2} 不可移植")
            low = self.escape() if sign == "\\" else ((ord(sign), ord(sign)),)
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                sign = self.take()
                high = self.escape() if sign == "\\" else ((ord(sign), ord(sign)),)
                if len(low) > 1 or len(high) > 1 or low[0][0] != low[0][1] or high[0][0] < low[0][0] or sign == "[":
                    refuse("a range in a class runs from the smaller to the larger character", "字符类的范围须由小到大")
                low = ((low[0][0], high[0][1]),)
            found.extend(low)
        if not found:
            refuse("a class is empty", "字符类为空")
        return EVERYTHING if negative else tuple(found)

    def quantified(self, node: Node) -> Node:
        """The node with the repetition that follows it."""
        sign = self.peek()
        if not sign or sign not in "?*+{":
            return node
        if sign == "{":
            found = QUANTIFIER.match(self.text, self.at)
            if not found:
                refuse(
                    "write repetitions as {2}, {2,} or {2,5}, and \\{ for the sign",
                    "重复次数应写作 {2}、{2,} 或 {2,5}；符号本身写 \\{",
                )
            low = int(found[1])
            high = low if not found[2] else int(found[3]) if found[3] else None
            self.at = found.end()
            if max(low, high or 0) > MOST_COPIES or (high is not None and high < low):
                refuse(
                    f"repetitions go from the smaller to the larger number, up to {MOST_COPIES}",
                    f"重复次数须由小到大，且不超过 {MOST_COPIES}",
                )
        else:
            low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
            self.at += 1
        if self.peek() and self.peek() in "?*+{":
            refuse("lazy, possessive and doubled quantifiers are not supported", "不支持懒惰、占有或叠加的量词")
        return Node(node.chars, low, high, node.branches)


#: Repetitions that may still give characters back: for each set of characters whether one of them has no
#: end (0 or 1), and in how many ways the others can be counted.
Live = dict[Ranges, tuple[int, int]]


def either(one: Live, other: Live) -> Live:
    """What is live after one of two ways through a pattern."""
    found = dict(one)
    for chars, (endless, ways) in other.items():
        there = found.get(chars, (0, 1))
        found[chars] = (max(there[0], endless), max(there[1], ways))
    return found


def walk(parts: tuple[Node, ...], live: Live, last: bool) -> Live:
    """Go through a sequence and refuse repetitions that share characters in too many ways.

    ``live`` are the repetitions before it that nothing definite has closed yet; ``last`` says that
    nothing follows the sequence.
    """
    for place, part in enumerate(parts):
        ending = last and place == len(parts) - 1
        if part.branches is None:
            if part.ways == 1:
                live = {chars: ways for chars, ways in live.items() if part.low == 0 or meet(chars, part.chars)}
            elif not (ending and part.chars == ANY and part.high is None):
                # (A final .* takes the rest and never has to give anything back.)
                live = taken(live, part.chars, part.ways)
            continue
        flat = all(inner.branches is None for branch in part.branches for inner in branch)
        if part.high == 1 or (part.low == part.high and part.low <= 8 and flat):
            for step in range(part.high):
                after: Live = dict(live) if part.low == 0 else {}
                for branch in part.branches:
                    after = either(after, walk(branch, live, ending and step == part.high - 1))
                live = after
                choices = len(part.branches) + (part.low == 0)
                if choices > 1:
                    live = taken(live, part.chars, choices)
            continue
        simple(part)
        live = taken(live, part.chars, part.ways)
    return live


def taken(live: Live, chars: Ranges, ways: int) -> Live:
    """``live`` with one more repetition (``ways`` 0: without end). Refuses too many ways."""
    endless, product = int(ways == 0), max(ways, 1)
    for other, (open_end, count) in live.items():
        if meet(other, chars):
            endless += open_end
            product *= count
    if endless > 1 or product > MOST_WAYS:
        refuse(
            "repetitions beside each other may take the same characters, which can take for ever; "
            "put something between them",
            "相邻的重复可能匹配相同字符，匹配会极慢；请在其间加入分隔内容",
        )
    there = live.get(chars, (0, 1))
    return {**live, chars: (max(there[0], int(ways == 0)), there[1] * max(ways, 1))}


def simple(part: Node) -> None:
    """Refuse a repeated group whose inside could be read in two ways."""
    branches = part.branches or ()
    for branch in branches:
        for inner in branch:
            if inner.ways != 1:
                refuse("a repetition inside of a repetition is not supported", "不支持嵌套的重复")
            if inner.branches is not None:
                simple(inner)
    if any(empty(branch) for branch in branches):
        refuse("a repeated group must not be empty", "重复的分组不能为空")
    starts = [first(branch) for branch in branches]
    if any(meet(a, b) for place, a in enumerate(starts) for b in starts[place + 1 :]):
        refuse("alternatives of a repeated group must begin differently", "重复分组的各分支须以不同字符开头")


def python_source(text: str) -> str:
    """The pattern for Python's ``re``: an end is the end, not the place before a last line feed."""
    return re.sub(r"(\\.)|(?<!\\)\$(?=\||$)", lambda found: found[1] or r"\Z", text, flags=re.DOTALL)


@lru_cache(maxsize=2000)
def portable(text: str) -> re.Pattern[str]:
    """``text`` compiled, when it is inside of the subset. Raises PatternError."""
    if len(text) > LONGEST:
        refuse(
            f"the pattern has {len(text)} characters, at most {LONGEST}",
            f"表达式共 {len(text)} 个字符，最多 {LONGEST} 个",
        )
    if re.search("[\0-\x1f\ud800-\udfff]", text):
        refuse("the pattern contains a control character", "表达式包含控制字符")
    reader = Reader(text)
    branches = reader.choice()
    if reader.at < len(text):
        refuse("a parenthesis is closed that was not opened", "存在多余的右括号")
    for branch in branches:
        walk(branch, {}, True)
    return re.compile(python_source(text), re.ASCII)
