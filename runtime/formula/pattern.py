"""The pattern language of MATCHES: a small, portable part of regular expressions that cannot run away.

Python walks a pattern as a set of states, in time proportional to text times pattern; PostgreSQL gets an
equivalent expression made here. User text never reaches a regular-expression engine as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERN = 200
MAX_REPEAT = 100
MAX_STATES = 4_000
MAX_INPUT = 1_000
CLASSES = {"d": [("0", "9")], "w": [("A", "Z"), ("a", "z"), ("0", "9"), ("_", "_")], "s": [(" ", " "), ("\t", "\r")]}
SPECIAL = set("\\.^$|()?*+{}[]")


class BadPattern(ValueError):
    """A pattern outside of the language; the arguments are the reason in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Chars:
    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def has(self, ch: str) -> bool:
        return any(low <= ch <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True, slots=True)
class Anchor:
    end: bool


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    items: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    item: Part
    low: int
    high: int | None


Part = Chars | Anchor | Seq | Alt | Repeat
ANY = Chars((), negated=True)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def read(self) -> Part:
        part = self.alternatives(0)
        if self.place < len(self.text):
            raise BadPattern("a closing bracket ) closes nothing.", "右括号 ) 没有对应的左括号。")
        return part

    def alternatives(self, depth: int) -> Part:
        if depth > 10:
            raise BadPattern("groups are nested too deep.", "分组嵌套过深。")
        items = [self.sequence(depth)]
        while self.peek() == "|":
            self.place += 1
            items.append(self.sequence(depth))
        return items[0] if len(items) == 1 else Alt(tuple(items))

    def sequence(self, depth: int) -> Part:
        items: list[Part] = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.repeated(self.atom(depth)))
        return Seq(tuple(items))

    def repeated(self, item: Part) -> Part:
        bounds = self.quantifier()
        if bounds is None:
            return item
        if isinstance(item, Anchor):
            raise BadPattern("^ and $ cannot be repeated.", "^ 和 $ 不能重复。")
        if _repeats(item):
            raise BadPattern("a repetition inside a repetition is not allowed.", "不允许嵌套重复。")
        if self.peek() in ("?", "*", "+") and self.peek():
            raise BadPattern("two repetition signs in a row are not allowed.", "不允许连续两个重复符号。")
        return Repeat(item, *bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        ch = self.peek()
        if ch in simple:
            self.place += 1
            return simple[ch]
        if ch != "{":
            return None
        end = self.text.find("}", self.place)
        body = self.text[self.place + 1 : end] if end > 0 else ""
        low, comma, high = body.partition(",")
        if not low.isascii() or not low.isdigit() or (high and not (high.isascii() and high.isdigit())):
            raise BadPattern("braces hold a number or two, as in {2,5}.", "花括号内应为一个或两个数字，如 {2,5}。")
        self.place = end + 1
        first = int(low[:4])
        last = int(high[:4]) if high else (None if comma else first)
        if first > MAX_REPEAT or (last is not None and (last > MAX_REPEAT or last < first)):
            raise BadPattern(f"repetitions go up to {MAX_REPEAT}.", f"重复次数最多 {MAX_REPEAT}。")
        return first, last

    def atom(self, depth: int) -> Part:
        ch = self.peek()
        self.place += 1
        if ch == "(":
            if self.peek() == "?":
                raise BadPattern("groups with (? are not allowed.", "不允许 (? 形式的分组。")
            part = self.alternatives(depth + 1)
            if self.peek() != ")":
                raise BadPattern("a group has no closing bracket ).", "分组缺少右括号 )。")
            self.place += 1
            return part
        if ch == "[":
            return self.klass()
        if ch == "\\":
            return self.escape()
        if ch in ("^", "$"):
            return Anchor(ch == "$")
        if ch == ".":
            return ANY
        if ch in "?*+{":
            raise BadPattern(f"{ch} has nothing to repeat.", f"{ch} 前没有可重复的内容。")
        if ch in "]}":
            raise BadPattern(f"write \\{ch} for the sign {ch}.", f"符号 {ch} 请写作 \\{ch}。")
        return Chars(((ch, ch),))

    def escape(self) -> Chars:
        ch = self.peek()
        self.place += 1
        if ch in CLASSES:
            return Chars(tuple(CLASSES[ch]))
        if ch and not ch.isalnum():
            return Chars(((ch, ch),))
        raise BadPattern(f"\\{ch} is not known; there are \\d \\w \\s.", f"不支持 \\{ch}；可用 \\d \\w \\s。")

    def klass(self) -> Chars:
        negated = self.peek() == "^"
        self.place += negated
        ranges: list[tuple[str, str]] = []
        while self.peek() != "]" or not ranges:
            low = self.member()
            if len(low) > 1 or self.peek() != "-" or self.text[self.place + 1 : self.place + 2] in ("]", ""):
                ranges.extend(low)
                continue
            self.place += 1
            high = self.member()
            if len(high) > 1 or high[0][0] < low[0][0]:
                raise BadPattern("a range in [ ] runs backwards.", "[ ] 中的范围顺序颠倒。")
            ranges.append((low[0][0], high[0][0]))
        self.place += 1
        return Chars(tuple(ranges), negated)

    def member(self) -> list[tuple[str, str]]:
        ch = self.peek()
        if ch in ("", "]", "["):
            raise BadPattern("a set [ ] is empty or not closed.", "字符集 [ ] 为空或未闭合。")
        self.place += 1
        return list(self.escape().ranges) if ch == "\\" else [(ch, ch)]


def _repeats(part: Part) -> bool:
    match part:
        case Repeat():
            return True
        case Seq(items) | Alt(items):
            return any(_repeats(item) for item in items)
    return False


@dataclass(slots=True)
class _State:
    chars: Chars | None = None
    next: list[int] | None = None
    anchor: Anchor | None = None


class _Machine:
    """States with free moves; state 0 is the start, the last one made is the end."""

    def __init__(self, part: Part) -> None:
        self.states: list[_State] = []
        start = self.new()
        last = self.build(part, start)
        self.end = self.new()
        self.link(last, self.end)

    def new(self, chars: Chars | None = None, anchor: Anchor | None = None) -> int:
        if len(self.states) >= MAX_STATES:
            raise BadPattern("the pattern repeats too much.", "模式的重复过多。")
        self.states.append(_State(chars, [], anchor))
        return len(self.states) - 1

    def link(self, a: int, b: int) -> None:
        moves = self.states[a].next
        assert moves is not None
        moves.append(b)

    def build(self, part: Part, at: int) -> int:
        """Adds ``part`` after state ``at``; the state reached."""
        match part:
            case Chars() | Anchor():
                step = self.new(part if isinstance(part, Chars) else None, part if isinstance(part, Anchor) else None)
                after = self.new()
                self.link(at, step)
                self.link(step, after)
                return after
            case Seq(items):
                for item in items:
                    at = self.build(item, at)
                return at
            case Alt(items):
                end = self.new()
                for item in items:
                    first = self.new()
                    self.link(at, first)
                    self.link(self.build(item, first), end)
                return end
            case Repeat(item, low, high):
                return self.repeat(item, low, high, at)
        raise AssertionError

    def repeat(self, item: Part, low: int, high: int | None, at: int) -> int:
        for _ in range(low):
            at = self.build(item, at)
        end = self.new()
        if high is None:
            loop = self.new()
            self.link(at, loop)
            self.link(self.build(item, loop), loop)
            self.link(loop, end)
            return end
        self.link(at, end)
        for _ in range(high - low):
            at = self.build(item, at)
            self.link(at, end)
        return end

    def found(self, text: str) -> bool:
        states = self.states
        current: set[int] = set()
        for place in range(len(text) + 1):
            current = self.close(current | {0}, place == 0, place == len(text))
            if self.end in current:
                return True
            if place < len(text):
                ch = text[place]
                moved: set[int] = set()
                for state in current:
                    chars = states[state].chars
                    if chars is not None and chars.has(ch):
                        moved.update(states[state].next or ())
                current = moved
        return False

    def close(self, current: set[int], first: bool, last: bool) -> set[int]:
        seen = set(current)
        stack = list(current)
        while stack:
            state = self.states[stack.pop()]
            if state.chars is not None:
                continue
            if state.anchor is not None and not (last if state.anchor.end else first):
                continue
            for following in state.next or ():
                if following not in seen:
                    seen.add(following)
                    stack.append(following)
        return seen


@lru_cache(maxsize=500)
def machine(text: str) -> _Machine:
    """The machine of a pattern; raises BadPattern."""
    if len(text) > MAX_PATTERN:
        raise BadPattern(f"it is longer than {MAX_PATTERN} characters.", f"长度超过 {MAX_PATTERN} 个字符。")
    return _Machine(_Reader(text).read())


def matches(text: str, pattern: str) -> bool:
    """True when the pattern is found anywhere in the first 1,000 characters of ``text``."""
    return machine(pattern).found(text[:MAX_INPUT])


@lru_cache(maxsize=500)
def postgres(text: str) -> str:
    """The same pattern for PostgreSQL's engine, written from the parsed form."""
    machine(text)
    return "(?:" + _spell(_Reader(text).read()) + ")"


def _spell(part: Part) -> str:
    match part:
        case Chars(ranges, negated):
            if not ranges:
                return "."
            body = "".join(_sign(low) if low == high else f"{_sign(low)}-{_sign(high)}" for low, high in ranges)
            return f"[{'^' if negated else ''}{body}]"
        case Anchor(end):
            return r"\Z" if end else r"\A"
        case Seq(items):
            return "(?:" + "".join(_spell(item) for item in items) + ")"
        case Alt(items):
            return "(?:" + "|".join(_spell(item) for item in items) + ")"
        case Repeat(item, low, high):
            return f"(?:{_spell(item)}){{{low},{'' if high is None else high}}}"
    raise AssertionError


def _sign(ch: str) -> str:
    """One code point inside brackets, by its number: no sign can have a meaning there."""
    return f"\\U{ord(ch):08X}"
