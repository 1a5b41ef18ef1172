"""YAML 1.2 core rules, exact numbers, limits, places; and that canonical YAML reads back as it was."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.meta.dump import dump
from runtime.meta.yamltext import Refused, json_positions, parse, parse_json


def one(text: str) -> Any:
    return parse(text)[0].data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("1_000", "1_000"),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("+3", 3),
        ("1.10", Decimal("1.10")),
        ("1e3", Decimal("1e3")),
        (".5", Decimal("0.5")),
        ("1.2.0", "1.2.0"),
        ("0.1", Decimal("0.1")),
        ("12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        ("'42'", "42"),
        ('"true"', "true"),
        ("<<", "<<"),
        ("=a", "=a"),
        ("0b1", "0b1"),
        ("1,000", "1,000"),
    ],
)
def test_core_rules(written: str, value: Any) -> None:
    found = one(f"a: {written}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_texts_as_written() -> None:
    assert one("{no: 1, 2024: 2, true: 3, 1.50: 4}") == {"no": 1, "2024": 2, "true": 3, "1.50": 4}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_900_000,
        "{a: " * 400_000,
        "a: " + "[" + "x," * 900_000 + "]",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{y}: &{y} [{','.join(['*' + x] * 9)}]\n" for x, y in zip("abcdefghi", "bcdefghij", strict=True)),
        "a: " + "x" * 10_000_000,
        "- " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(1_500)),
        "a: &a [*a]",
        "a: !!python/name:os.system",
        "a: 1e999999999",
        "%TAG ! tag:x,2000:\n---\na: !x 1",
        "a: *missing",
        "a: '\\ud800",
        'a: "\\0"',
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    started = time.process_time()
    try:
        found = parse(text)
    except Refused as refused:
        assert refused.message.en
        assert refused.message.zh
    else:
        assert found[0].data == {"a": "1e999999999"}  # no number: it stays a text
    assert time.process_time() - started < 3  # alone on the machine all of them take less than a second


def test_places_of_keys_and_values() -> None:
    text = "object: a\nfields:\n  x: {type: text, default: |\n"
    found = parse("object: a\nfields:\n  名称: {type: text}\n  y:\n    - 1\n    - k: v\n", places=True)[0].positions
    assert text and found is not None
    assert (found.keys[("fields", "名称")].line, found.keys[("fields", "名称")].column) == (3, 3)
    assert (found.values[("fields", "名称", "type")].line, found.values[("fields", "名称", "type")].column) == (3, 14)
    assert found.values[("fields", "y", 1, "k")].line == 6
    nearest = found.value(("fields", "y", 7, "gone"))
    assert nearest is not None and nearest.line == 4


def test_places_in_json() -> None:
    found = json_positions('{"view": "v",\n "columns": ["a", {"field": 1.25}],\n "x": {}, "y": [[], 2]}')
    assert (found.values[("columns", 1, "field")].line, found.keys[("x",)].line) == (2, 3)
    assert found.values[("y", 1)].column == 21


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{", '{"a": NaN}', "[" * 100_000, '{"a": 1e9999}'])
def test_json_that_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_json(text)


def test_json_keeps_numbers_exact() -> None:
    assert parse_json('{"a": 0.10, "b": 12345678901234567890}')[0].data == {
        "a": Decimal("0.10"),
        "b": 12345678901234567890,
    }


TEXTS = st.one_of(
    st.text(max_size=30).filter(lambda text: "\0" not in text),
    st.sampled_from(
        [
            "true",
            "no",
            "1",
            "1.0",
            "~",
            "",
            " x",
            "x ",
            "a: b",
            "a #b",
            "#a",
            "- a",
            "-",
            "---",
            "...",
            "'",
            '"',
            "\n",
            "a\nb",
            "a\n\nb\n",
            "\ta",
            "=x",
            "[",
            "a,b",
            "a:b",
            "-a",
            "x:",
            "\u2028",
            "\x85",
            "\ufeff",
            "𠮷",
            "，",
            "0x1",
            ".inf",
            "? a",
            "|",
            ">",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20),
    st.decimals(min_value=-(10**12), max_value=10**12, places=5),
)
KEYS = st.one_of(
    st.sampled_from(["a", "no", "1", "true", "名称", "a b", "x:y", "-", "~", ""]),
    st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, (Decimal, int)) and isinstance(other, (Decimal, int)) and not isinstance(one, bool):
        return one == other and not isinstance(other, bool)
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_dump_reads_back_and_is_stable(data: dict[str, Any]) -> None:
    text = dump(data)
    again = one(text)
    assert same(data, again), text
    assert dump(again) == text


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_json_reads_like_yaml(data: dict[str, Any]) -> None:
    text = json.dumps(data, default=float, ensure_ascii=True)
    found = parse_json(text, places=True)[0]
    assert found.positions is not None
    assert set(found.data) == set(data)
    assert {path[0] for path in found.positions.keys if len(path) == 1} == set(data)
