"""Text of YAML 1.2 (core rules) or JSON into plain data, and where each part stands; it never builds objects.

Only ``true`` and ``false`` are booleans; ``no``, ``on``, ``12:30`` and ``2026-11-21`` stay text. Numbers with a
point are exact decimals. Keys are always text as written. Duplicate keys, tags and documents beyond the limits
are refused. Positions are found in a second reading, only when somebody asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from yaml import events
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError

from runtime.base.errors import Message

MOST_CHARACTERS = 2_000_000
MOST_NODES = 200_000
MOST_ALIASES = 100
MOST_DEPTH = 40
MOST_DIGITS = 40

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
NOT_FINITE = frozenset(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")) | {
    ".nan",
    ".NaN",
    ".NAN",
}
STARTS = frozenset("-+.0123456789~nNtf")

Path = tuple[Any, ...]


class Refused(Exception):
    """The text is not a document; ``line`` counts from 1."""

    def __init__(self, code: str, line: int | None, en: str, zh: str) -> None:
        super().__init__(en)
        self.code = code
        self.line = line
        self.message = Message(en, zh)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins: line and column from 1. ``style`` is '' for a plain text, else its quote."""

    line: int
    column: int
    style: str = ""


@dataclass(slots=True)
class Positions:
    """The places of all keys and values of one document, by path."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def key(self, path: Path) -> Place | None:
        """The key at ``path``, or the nearest thing around it."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values.get(path)

    def value(self, path: Path) -> Place | None:
        """The value at ``path``, or the nearest thing around it."""
        return self.values.get(path) or self.key(path)


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a text: its data and the line (from 0) at which it begins."""

    data: Any
    line: int
    positions: Positions | None = None


def plain(text: str, line: int) -> Any:
    """The value of an unquoted scalar. Raises Refused for numbers that cannot be kept exactly."""
    if text in NULLS:
        return None
    if text == "true":
        return True
    if text == "false":
        return False
    if not DECIMAL.fullmatch(text) and not BASED.fullmatch(text):
        if text in NOT_FINITE:
            raise Refused("number", line, f"{text} is not a number that can be kept", f"{text} 不是可保存的数字")
        return text
    if len(text) > MOST_DIGITS:
        raise Refused(
            "number", line, f"a number has at most {MOST_DIGITS} characters", f"数字最多 {MOST_DIGITS} 个字符"
        )
    if INTEGER.fullmatch(text):
        return int(text)
    return int(text, 0) if text[1:2] in ("o", "x") else Decimal(text)


class _Reader:
    """One pass over the parser's events with a stack of its own, so that no nesting can exhaust ours."""

    def __init__(self, text: str, places: bool) -> None:
        self.following: Callable[[], Any] = CParser(text).get_event
        self.places = places
        self.count = 0
        self.aliases = 0
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.known: dict[str, Any] = {}

    def documents(self) -> Iterator[Part]:
        following = self.following
        while True:
            event = following()
            kind = type(event)
            if kind is events.StreamEndEvent:
                return
            if kind is events.DocumentStartEvent:
                self.anchors = {}
                yield self.document(event.start_mark.line)

    def document(self, line: int) -> Part:
        """Everything up to the end of the document."""
        positions = Positions() if self.places else None
        top: list[Any] = []
        target: Any = top
        # one entry for each open container: (container, its key waiting for a value, anchor, count before, path)
        stack: list[tuple[Any, str | None, str | None, int, Path]] = []
        key: str | None = None
        path: Path = ()
        following = self.following
        while True:
            event = following()
            kind = type(event)
            if kind is events.DocumentEndEvent:
                return Part(top[0] if top else None, line, positions)
            if kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
                done = target
                target, key, anchor, before, path = stack.pop()
                if anchor is not None:
                    self.anchors[anchor] = (done, self.count - before)
                continue
            if kind is events.ScalarEvent and positions is None:
                key = self.quick(event, target, key)
                continue
            mark = event.start_mark
            if type(target) is dict and key is None:
                key = self.key(event, target, mark.line + 1)
                if positions is not None:
                    positions.keys[(*path, key)] = Place(mark.line + 1, mark.column + 1)
                continue
            here = path
            if positions is not None and target is not top:
                here = (*path, key if type(target) is dict else len(target))
            if kind is events.ScalarEvent:
                value: Any = self.scalar(event)
            elif kind is events.AliasEvent:
                value = self.alias(event)
            else:
                value = self.container(event, len(stack))
            if positions is not None:
                style = event.style or "" if kind is events.ScalarEvent else ""
                positions.values[here] = Place(mark.line + 1, mark.column + 1, style)
            if type(target) is dict:
                target[key] = value
            else:
                target.append(value)
            if kind is events.MappingStartEvent or kind is events.SequenceStartEvent:
                stack.append((target, None, event.anchor, self.count, path))
                target, path = value, here
            key = None

    def quick(self, event: Any, target: Any, key: str | None) -> str | None:
        """Take in a scalar where nobody asks for places: a key that now waits, or None."""
        if type(target) is list:
            target.append(self.scalar(event))
            return None
        if key is not None:
            target[key] = self.scalar(event)
            return None
        text: str = event.value
        if event.tag is not None or text in target or self.count >= MOST_NODES:
            return self.key(event, target, event.start_mark.line + 1)
        self.count += 1
        return text

    def counted(self, line: int, more: int = 1) -> None:
        self.count += more
        if self.count > MOST_NODES:
            raise Refused(
                "too_many_nodes", line, f"a file has at most {MOST_NODES:,} values", f"一个文件最多 {MOST_NODES:,} 个值"
            )

    def tagged(self, event: Any) -> None:
        if event.tag is not None:
            line = event.start_mark.line + 1
            raise Refused(
                "tag",
                line,
                f"the tag {event.tag[:60]!r} is not allowed: documents hold plain data only",
                f"不允许使用标签“{event.tag[:60]}”：文档只能包含普通数据",
            )

    def key(self, event: Any, target: dict[str, Any], line: int) -> str:
        if type(event) is not events.ScalarEvent:
            raise Refused("key", line, "a key must be a text", "键必须是文本")
        self.tagged(event)
        self.counted(line)
        key: str = event.value
        if key in target:
            raise Refused(
                "duplicate_key",
                line,
                f"the key {key[:80]!r} stands twice in one mapping",
                f"键“{key[:80]}”在同一映射中重复出现",
            )
        return key

    def scalar(self, event: Any) -> Any:
        if event.tag is not None:
            self.tagged(event)
        self.count += 1
        if self.count > MOST_NODES:
            self.counted(event.start_mark.line + 1, 0)
        text: str = event.value
        value: Any = text
        if not event.style and (text[:1] in STARTS or text in NULLS):
            if text in self.known:
                value = self.known[text]
            else:
                value = self.known[text] = plain(text, event.start_mark.line + 1)
        elif "\0" in text:
            line = event.start_mark.line + 1
            raise Refused("character", line, "must not contain the NUL character", "不能包含空字符（NUL）")
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        return value

    def alias(self, event: Any) -> Any:
        line = event.start_mark.line + 1
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise Refused(
                "too_many_aliases",
                line,
                f"a file has at most {MOST_ALIASES} aliases",
                f"一个文件最多 {MOST_ALIASES} 个别名",
            )
        if event.anchor not in self.anchors:
            raise Refused(
                "alias",
                line,
                f"the alias *{event.anchor} has no finished anchor before it",
                f"别名 *{event.anchor} 之前没有对应的锚点",
            )
        value, size = self.anchors[event.anchor]
        self.counted(line, size)
        return value

    def container(self, event: Any, depth: int) -> Any:
        line = event.start_mark.line + 1
        self.tagged(event)
        self.counted(line)
        if depth >= MOST_DEPTH:
            raise Refused("too_deep", line, f"nested deeper than {MOST_DEPTH} levels", f"嵌套超过 {MOST_DEPTH} 层")
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        return {} if type(event) is events.MappingStartEvent else []


def limited(text: str) -> None:
    """Raises Refused when the text is too large."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(
            "too_large",
            1,
            f"has {len(text):,} characters, a file has at most {MOST_CHARACTERS:,}",
            f"共 {len(text):,} 个字符，一个文件最多 {MOST_CHARACTERS:,} 个",
        )


def parse(text: str, *, places: bool = False) -> list[Part]:
    """The documents of a YAML text. Raises Refused with the line of the first fault."""
    limited(text)
    try:
        return list(_Reader(text, places).documents())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
        raise Refused("yaml", line, f"is not readable as YAML: {said}", f"无法按 YAML 读取：{said}") from None
    except (YAMLError, UnicodeError) as error:
        said = str(error).splitlines()[0]
        raise Refused("yaml", None, f"is not readable as YAML: {said}", f"无法按 YAML 读取：{said}") from None


TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')


def json_positions(text: str) -> Positions:
    """Where the keys and values of a JSON text stand; the text must be valid JSON."""
    found = Positions()
    lines = [0]
    lines.extend(match.end() for match in re.finditer("\n", text))
    line = 0
    stack: list[list[Any]] = []  # [is an object, key or index, a key comes next]
    for match in TOKEN.finditer(text):
        token, start = match.group(1), match.start(1)
        while line + 1 < len(lines) and lines[line + 1] <= start:
            line += 1
        place = Place(line + 1, start - lines[line] + 1, token[0] if token[0] == '"' else "")
        if token in "}]":
            stack.pop()
        elif token == ",":
            stack[-1][1], stack[-1][2] = (None, True) if stack[-1][0] else (stack[-1][1] + 1, False)
        elif token == ":":
            stack[-1][2] = False
        elif stack and stack[-1][2]:
            stack[-1][1] = json.loads(token)
            found.keys[tuple(level[1] for level in stack)] = place
        else:
            found.values[tuple(level[1] for level in stack)] = place
            if token in "{[":
                stack.append([token == "{", None if token == "{" else 0, token == "{"])
    return found


def parse_json(text: str, *, places: bool = False) -> list[Part]:
    """The one document of a JSON text. Raises Refused."""
    limited(text)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise Refused(
                "duplicate_key",
                None,
                f"the key {twice[:80]!r} stands twice in one mapping",
                f"键“{twice[:80]}”在同一映射中重复出现",
            )
        return made

    def number(digits: str) -> Any:
        found = plain(digits, 1)
        if isinstance(found, str):
            raise Refused(
                "number", None, f"{digits[:40]} is not a number that can be kept", f"{digits[:40]} 不是可保存的数字"
            )
        return found

    def constant(word: str) -> Any:
        raise Refused("number", None, f"{word} is not a number that can be kept", f"{word} 不是可保存的数字")

    if text.count("{") + text.count("[") + text.count(",") > MOST_NODES:
        raise Refused(
            "too_many_nodes", 1, f"a file has at most {MOST_NODES:,} values", f"一个文件最多 {MOST_NODES:,} 个值"
        )
    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_int=number, parse_constant=constant)
    except json.JSONDecodeError as error:
        said = f"{error.msg} at column {error.colno}"
        raise Refused("json", error.lineno, f"is not readable as JSON: {said}", f"无法按 JSON 读取：{said}") from None
    except RecursionError:
        raise Refused("too_deep", 1, f"nested deeper than {MOST_DEPTH} levels", f"嵌套超过 {MOST_DEPTH} 层") from None
    if depth_of(data) > MOST_DEPTH:
        raise Refused("too_deep", 1, f"nested deeper than {MOST_DEPTH} levels", f"嵌套超过 {MOST_DEPTH} 层")
    return [Part(data, 0, json_positions(text) if places else None)]


def depth_of(data: Any) -> int:
    """How deep containers are nested in each other."""
    level, depth = [data], 0
    while level:
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level, depth = inner, depth + 1
    return depth - 1
