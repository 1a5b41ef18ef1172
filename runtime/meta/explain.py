"""What jsonschema found, told to people in both languages; it never shows jsonschema's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from runtime.base.errors import Message, unknown
from runtime.meta.schemas import Schema, options_of

Path = tuple[Any, ...]

TYPE_NAMES = {
    "string": ("a text", "文本"),
    "boolean": ("true or false", "true 或 false"),
    "null": ("nothing", "空"),
    "object": ("a mapping of keys to values", "键值映射"),
    "array": ("a list", "列表"),
    "number": ("a number", "数字"),
    "integer": ("a whole number", "整数"),
}
KEY = Message("key", "键")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong at ``path``; ``key``: the key itself is, not its value."""

    code: str
    path: Path
    message: Message
    key: bool = False


class KindFault(ValidationError):
    """What the keyword ``x-kind`` found, with its own words."""

    said: Fault


def shown(value: Any) -> tuple[str, str]:
    """A value as a message may quote it, in both languages."""
    if isinstance(value, Mapping):
        keys = ", ".join(list(value)[:3])
        return f"a mapping ({keys})", f"键值映射（{keys}）"
    if isinstance(value, list):
        return f"a list of {len(value)}", f"{len(value)} 项的列表"
    if value is None:
        return "nothing", "空值"
    if isinstance(value, bool):
        return (str(value).lower(),) * 2
    text = str(value)
    text = text[:60] + "..." if len(text) > 60 else text
    return (repr(text), f"“{text}”") if isinstance(value, str) else (text, text)


def _expected(value: Any, en: str, zh: str) -> Message:
    found_en, found_zh = shown(value)
    return Message(f"must be {en}, found {found_en}", f"应为{zh}，实际为{found_zh}")


def _types(value: Any) -> tuple[str, str]:
    names = [TYPE_NAMES[one] for one in ([value] if isinstance(value, str) else value)]
    return " or ".join(one[0] for one in names), "或".join(one[1] for one in names)


def explain(errors: Iterator[ValidationError] | list[ValidationError], base: Path = ()) -> Iterator[Fault]:
    """The faults behind jsonschema's errors, each once."""
    seen: set[tuple[Path, str]] = set()
    for error in errors:
        for fault in _one(error, base):
            key = (fault.path, fault.message.en)
            if key not in seen:
                seen.add(key)
                yield fault


def _one(error: ValidationError, base: Path) -> Iterator[Fault]:
    path = base + tuple(error.relative_path)
    if isinstance(error, KindFault):
        yield Fault(error.said.code, path + error.said.path, error.said.message, error.said.key)
        return
    steps = list(error.relative_schema_path)
    if "propertyNames" in steps[:-1] and isinstance(error.instance, str):
        yield _name(error, path)
        return
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if keyword in ("anyOf", "oneOf"):
        yield from _choice(error, path, base)
    elif keyword == "required":
        for key in wanted:
            if key not in instance:
                yield Fault("missing", path, Message(f"the required key {key!r} is missing", f"缺少必需的键“{key}”"))
    elif keyword == "additionalProperties":
        known = options_of(error.schema) if isinstance(error.schema, Mapping) else {}
        for key in instance:
            if key not in known:
                yield unknown_key(KEY, key, known, path)
    else:
        yield Fault(keyword, path, _message(error, keyword))


def unknown_key(what: Message, key: str, known: Any, path: Path) -> Fault:
    """A key that nobody knows, with the nearest known one."""
    problem = unknown(what, key, known, "unknown_key")
    return Fault("unknown_key", (*path, key), problem.message, True)


def _name(error: ValidationError, path: Path) -> Fault:
    expects = error.schema.get("x-expects") if isinstance(error.schema, Mapping) else None
    name = str(error.instance)[:80]
    if expects:
        said = Message(
            f"{name!r} cannot be a name here: must be {expects['en']}", f"“{name}”不能用作名称：应为{expects['zh']}"
        )
    else:
        rule = error.validator_value
        said = Message(f"{name!r} cannot be a name here: must match {rule}", f"“{name}”不能用作名称：须符合 {rule}")
    return Fault("name", (*path, error.instance), said, True)


def _message(error: ValidationError, keyword: str) -> Message:
    """One sentence for a failed keyword."""
    schema: Schema = error.schema if isinstance(error.schema, Mapping) else {}
    value: Any = error.instance
    limit: Any = error.validator_value
    expects = schema.get("x-expects")
    if expects and keyword in (
        "type",
        "pattern",
        "enum",
        "const",
        "minItems",
        "maxItems",
        "contains",
        "maxContains",
    ):
        return _expected(value, expects["en"], expects["zh"])
    if keyword == "type":
        hint = " (write it in quotes)" if "string" in limit and not isinstance(value, (dict, list, type(None))) else ""
        hint_zh = "（请加引号）" if hint else ""
        en, zh = _types(limit)
        found_en, found_zh = shown(value)
        return Message(f"must be {en}, found {found_en}{hint}", f"应为{zh}，实际为{found_zh}{hint_zh}")
    if keyword == "enum":
        if isinstance(value, str):
            return unknown(Message("value", "值"), value, [str(one) for one in limit], "enum").message
        allowed = ", ".join(str(one) for one in limit)
        return _expected(value, f"one of {allowed}", f"以下之一：{allowed}")
    if keyword == "not":
        return Message(
            f"{shown(value)[0]} is reserved and cannot be used here", f"{shown(value)[1]}为保留名称，不能在此使用"
        )
    if keyword == "uniqueItems":
        return Message("the list holds the same entry twice", "列表中有重复项")
    words = BOUNDS.get(keyword)
    if words is None:
        return _expected(value, f"as the rule {keyword} says", f"符合规则 {keyword}")
    found = len(value) if keyword.endswith(("Length", "Items", "Properties")) else value
    return Message(words[0].format(limit=limit, found=found), words[1].format(limit=limit, found=found))


BOUNDS = {
    "const": ("must be {limit}, found {found}", "应为 {limit}，实际为 {found}"),
    "pattern": ("{found!r} does not match the pattern {limit}", "“{found}”不符合格式 {limit}"),
    "minLength": ("must have at least {limit} characters, has {found}", "至少 {limit} 个字符，实际 {found} 个"),
    "maxLength": ("must have at most {limit} characters, has {found}", "最多 {limit} 个字符，实际 {found} 个"),
    "minimum": ("must be at least {limit}, found {found}", "不能小于 {limit}，实际为 {found}"),
    "maximum": ("must be at most {limit}, found {found}", "不能大于 {limit}，实际为 {found}"),
    "exclusiveMinimum": ("must be more than {limit}, found {found}", "必须大于 {limit}，实际为 {found}"),
    "exclusiveMaximum": ("must be less than {limit}, found {found}", "必须小于 {limit}，实际为 {found}"),
    "minItems": ("must have at least {limit} entries, has {found}", "至少 {limit} 项，实际 {found} 项"),
    "maxItems": ("must have at most {limit} entries, has {found}", "最多 {limit} 项，实际 {found} 项"),
    "minProperties": ("must have at least {limit} keys, has {found}", "至少 {limit} 个键，实际 {found} 个"),
    "maxProperties": ("must have at most {limit} keys, has {found}", "最多 {limit} 个键，实际 {found} 个"),
}


def _choice(error: ValidationError, path: Path, base: Path) -> Iterator[Fault]:
    """``anyOf``: the faults of the branch that was meant, or what is expected altogether."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    meant = _meant(error.instance, branches)
    if meant is not None:
        yield from explain(branches[meant], path)
        return
    expects = error.schema.get("x-expects") if isinstance(error.schema, Mapping) else None
    if not expects:
        expects = _expects(branches)
    yield Fault("anyOf", path, _expected(error.instance, expects["en"], expects["zh"]))


def _expects(branches: Mapping[int, list[ValidationError]]) -> Mapping[str, str]:
    """What the branches want, from their types and values."""
    words: list[tuple[str, str]] = []
    for errors in branches.values():
        first = errors[0]
        wanted: Any = first.validator_value
        if first.validator == "type":
            words.append(_types(wanted))
        elif first.validator == "enum":
            text = ", ".join(str(one) for one in wanted)
            words.append((text, text))
    found = list(dict.fromkeys(words))
    if not found:
        return {"en": "something else", "zh": "其他内容"}
    return {"en": " or ".join(one[0] for one in found), "zh": "或".join(one[1] for one in found)}


def _meant(instance: Any, branches: Mapping[int, list[ValidationError]]) -> int | None:
    """The branch that was most likely meant, or None."""
    fitting = [number for number, errors in branches.items() if not _other_type(instance, errors)]
    if not isinstance(instance, Mapping):
        return fitting[0] if len(fitting) == 1 and len(branches) > 1 and isinstance(instance, list) else None
    best, most = None, (0, 0)
    for number in fitting:
        score = 2 * sum(1 for error in branches[number] for key in _keys(error) if key in instance)
        score -= sum(1 for error in branches[number] if error.validator == "required" and not error.path)
        weight = (score, max(map(_depth, branches[number])))
        if best is None or weight > most:
            best, most = number, weight
    return best if best is not None and (len(fitting) == 1 or max(most) > 0) else None


def _depth(error: ValidationError) -> int:
    """How far inside of the value a fault lies: the branch that was meant fits further than the others."""
    return len(error.relative_path) + max(map(_depth, error.context or ()), default=0)


def _other_type(instance: Any, errors: list[ValidationError]) -> bool:
    """True when a branch is for values of another sort."""
    return any(not error.path and error.validator in ("type", "enum", "const") for error in errors)


def _keys(error: ValidationError) -> list[str]:
    """The keys that the schema of a branch requires: they tell which branch was meant."""
    schema = error.parent.schema if error.parent is not None else {}
    number = error.schema_path[0] if error.schema_path else None
    options = schema.get("anyOf", schema.get("oneOf", ())) if isinstance(schema, Mapping) else ()
    if isinstance(number, int) and number < len(options) and isinstance(options[number], Mapping):
        return list(options[number].get("required", ()))
    return []
