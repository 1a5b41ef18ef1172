"""Documents as canonical YAML: one text for one content. It keeps no comments; who has the text keeps the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from runtime.meta.schemas import Schema, envelope, options_of, resolve
from runtime.meta.yamltext import BASED, DECIMAL, NOT_FINITE, NULLS

WIDTH = 120
STEP = "  "
FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`=~")
FLOW = frozenset(",[]{}:?")
SPACES = frozenset("\u3000\u00a0")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def dump(data: Mapping[str, Any], piece: str | None = None) -> str:
    """The YAML of a document: keys in the order of the piece's schema, then as written.

    ``dump(load(dump(x))) == dump(x)``. Mappings and lists stand on one line where they are small.
    """
    root: Schema = envelope(piece) if piece else {}
    ordered = arranged(data, root, root)
    lines: list[str] = []
    for key, value in ordered.items():
        lines.extend(_entry(_key(key, False), value, 0))
    return "\n".join(lines) + "\n" if lines else "{}\n"


def arranged(value: Any, schema: Any, root: Schema) -> Any:
    """``value`` with the keys of its mappings in the order of the schema, then as written."""
    schema = resolve(schema, root) if isinstance(schema, Mapping) else {}
    if isinstance(value, Mapping):
        known = options_of(schema)
        if not known:
            schema, known = _branch(schema, value, root)
        rest = schema.get("additionalProperties")
        if schema.get("x-kind", {}).get("at") == "any_key":
            return {key: arranged(one, known.get(key, rest), root) for key, one in value.items()}
        keys = [key for key in known if key in value] + [key for key in value if key not in known]
        return {key: arranged(value[key], known.get(key, rest), root) for key in keys}
    if isinstance(value, (list, tuple)):
        return [arranged(one, schema.get("items"), root) for one in value]
    return value


def _branch(schema: Schema, value: Mapping[str, Any], root: Schema) -> tuple[Schema, Mapping[str, Any]]:
    """The branch of ``anyOf`` whose required keys are there."""
    for one in schema.get("anyOf", ()):
        branch = resolve(one, root)
        required = branch.get("required", ())
        if options_of(branch) and all(key in value for key in required):
            return branch, options_of(branch)
    return schema, {}


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """``key: value`` at a depth, as lines."""
    pad = STEP * depth
    if _is_container(value) and value:
        inline = flow(value)
        if len(pad) + len(key) + 2 + len(inline) <= WIDTH and (depth > 0 or _simple(value)):
            yield f"{pad}{key}: {inline}"
            return
        yield f"{pad}{key}:"
        yield from _block(value, depth + 1)
    elif isinstance(value, str) and _literal(value):
        yield f"{pad}{key}: {'|' if value.endswith(chr(10)) else '|-'}"
        yield from _lines(value, depth + 1)
    else:
        yield f"{pad}{key}: {flow(value) if _is_container(value) else _scalar(value, False)}"


def _block(value: Any, depth: int) -> Iterator[str]:
    """The lines of a container in block style."""
    pad = STEP * depth
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entry(_key(key, False), one, depth)
        return
    for one in value:
        if not _is_container(one) or not one:
            if isinstance(one, str) and _literal(one):
                yield f"{pad}- {'|' if one.endswith(chr(10)) else '|-'}"
                yield from _lines(one, depth + 1)
            else:
                yield f"{pad}- {flow(one) if _is_container(one) else _scalar(one, False)}"
            continue
        inline = flow(one)
        if len(pad) + 2 + len(inline) <= WIDTH:
            yield f"{pad}- {inline}"
            continue
        inner = list(_block(one, depth + 1))
        yield f"{pad}- {inner[0][len(pad) + len(STEP) :]}"
        yield from inner[1:]


def _lines(text: str, depth: int) -> Iterator[str]:
    for line in text.removesuffix("\n").split("\n"):
        yield STEP * depth + line if line else ""


def _is_container(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _simple(value: Any) -> bool:
    """True for a container of scalars and empty containers only."""
    inner: Sequence[Any] = list(value.values()) if isinstance(value, Mapping) else value
    return all(not _is_container(one) or not one for one in inner)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key, True)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return _scalar(value, True)


def _key(key: Any, inside: bool) -> str:
    text = str(key)
    return _text(text, inside) if text != "=" else '"="'


def _scalar(value: Any, inside: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return format(value, "f") if isinstance(exponent, int) and -20 < exponent <= 0 else str(value)
    if isinstance(value, (int, float)):
        return repr(value)
    return _text(str(value), inside)


def _text(text: str, inside: bool) -> str:
    """A text, plain where that reads back as the same text."""
    if _plain(text, inside):
        return text
    if '"' in text and "'" not in text and all(one.isprintable() for one in text):
        return f"'{text}'"
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(one: str) -> str:
    if one in ESCAPES:
        return ESCAPES[one]
    if one.isprintable() or one in SPACES:
        return one
    code = ord(one)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


NOT_TEXT = re.compile(rf"(?:{DECIMAL.pattern}|{BASED.pattern})")


def _plain(text: str, inside: bool) -> bool:
    """True when the text needs no quotes."""
    if text in NULLS or text in ("true", "false") or text in NOT_FINITE or NOT_TEXT.fullmatch(text):
        return False
    if text != text.strip() or not text.isprintable() or text.startswith(("---", "...")):
        return False
    if text[0] in FIRST and not (text[0] == "-" and len(text) > 1 and text[1].isalnum()):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (inside and not FLOW.isdisjoint(text))


def _literal(text: str) -> bool:
    """True when a text of several lines can stand as a block after ``|``."""
    if "\n" not in text.removesuffix("\n") or text.endswith("\n\n") or text[0] in " \n\t":
        return False
    return all(one.isprintable() or one in "\n\u3000" for one in text) and not text.startswith("\ufeff")
